"""Takes one delivery: looks at it, keeps it durably, and only then says that it is here."""

import asyncio
import hashlib
from collections.abc import Mapping
from email.message import Message

from anyio import CapacityLimiter, to_thread
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from leadhub.errors import StoreError
from leadhub.hub import Hub
from leadhub.model.delivery import Delivery, Door
from leadhub.store.inbox import Kept
from leadhub.web.doors import Doors, Entrance
from leadhub.web.reopening import Reopening

READ_SECONDS = 30
"""How long a sender may take over one body: a connection that says nothing must not be held for good."""

BUSY_SECONDS = 10
"""When a sender may try again after the store could not take its delivery."""

KEY_HEADERS = ("idempotency-key", "x-delivery-id")
LONGEST_KEY = 255


class Reception:
    """Answers POST /in/SYSTEM/TOKEN."""

    def __init__(self, hub: Hub, doors: Doors) -> None:
        self._hub = hub
        self._doors = Reopening(hub, doors)
        self._one = CapacityLimiter(1)  # SQLite takes one writer at a time: here they wait in turn, without its time-out

    async def answer(self, request: Request) -> Response:
        """Answer a delivery, or a browser's question whether a script may make one."""
        doors = await self._doors.doors()
        entrance = doors.find(request.path_params["system"], request.path_params["token"])
        if entrance is None:
            raise HTTPException(404, "There is nothing here that takes a delivery. Check the address: /in/SYSTEM/TOKEN.")
        request.state.system = entrance.system
        allowed = _cors(entrance.door, request.headers.get("origin", ""))
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=allowed)
        try:
            response = await self._take(request, entrance)
        except HTTPException as error:
            error.headers = {**(error.headers or {}), **allowed}  # else a script would be told nothing of what went wrong
            raise
        response.headers.update(allowed)
        return response

    async def _take(self, request: Request, entrance: Entrance) -> Response:
        door = entrance.door
        if wait := entrance.bucket.wait(self._hub.clock.now()):
            raise HTTPException(429, "Too many at once. Send it again a little later.", {"Retry-After": str(int(wait) + 1)})
        content_type = request.headers.get("content-type", "")
        if media_type(content_type) not in door.content_types:
            raise HTTPException(415, f"The Content-Type has to be one of: {', '.join(sorted(door.content_types))}.")
        body = await _body(request, door.max_bytes)
        delivery = Delivery("", content_type, body, self._hub.clock.now())
        if objection := entrance.connector.turn_away(delivery):
            raise HTTPException(415, objection)
        kept = await self._keep(entrance.system, delivery, _key(request.headers))
        request.state.delivery = kept.id
        if kept.clash:
            raise HTTPException(422, "This idempotency key came before with another body. Nothing was kept; a new delivery needs a key of its own.")
        if door.thanks_url is not None and wants_page(request.headers):
            return RedirectResponse(door.thanks_url, 303)
        return JSONResponse({"received": kept.id}, 202)

    async def _keep(self, system: str, delivery: Delivery, key: str | None) -> Kept:
        try:
            return await to_thread.run_sync(self._store, system, delivery, key, limiter=self._one)
        except StoreError as error:
            self._hub.log.warning("a delivery could not be kept; its sender was told", system=system, error=str(error), next=error.next_step)
            told = "It could not be kept just now, and nothing of it was. Send it again a little later."
            raise HTTPException(503, told, {"Retry-After": str(BUSY_SECONDS)}) from None

    def _store(self, system: str, delivery: Delivery, key: str | None) -> Kept:
        with self._hub.store.begin() as tx:
            return tx.inbox.keep(system, delivery.content_type, delivery.body, fingerprint=fingerprint(delivery), key=key)


async def _body(request: Request, most: int) -> bytes:
    """Return the body. Raises HTTPException where it is too large, or comes too slowly."""
    too_large = HTTPException(413, f"It is larger than the {most:,} bytes that are taken here.")
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(READ_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise too_large
    except TimeoutError:
        raise HTTPException(408, f"It did not arrive within {READ_SECONDS} seconds.") from None
    except ClientDisconnect:
        raise HTTPException(400, "The connection broke off before the end of the body; nothing was kept.") from None
    return bytes(body)


def media_type(content_type: str) -> str:
    """Return the media type of a Content-Type header in lower case, without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def fingerprint(delivery: Delivery) -> str:
    """Return what is equal for two deliveries that say the same: a browser draws a new multipart boundary each time that a button is pressed."""
    header = Message()
    header["Content-Type"] = delivery.content_type
    boundary = header.get_boundary("")
    body = delivery.body.replace(boundary.encode(errors="surrogateescape"), b"") if boundary else delivery.body
    return hashlib.sha256(media_type(delivery.content_type).encode() + b"\0" + body).hexdigest()


def _key(headers: Mapping[str, str]) -> str | None:
    """Return the sender's own name for the delivery. Raises HTTPException where it is too long."""
    key = next((headers[name].strip() for name in KEY_HEADERS if headers.get(name, "").strip()), None)
    if key is not None and len(key) > LONGEST_KEY:
        raise HTTPException(400, f"An idempotency key has at most {LONGEST_KEY} characters.")
    return key


def _cors(door: Door, origin: str) -> dict[str, str]:
    """Return the headers that let a page's script post and read the answer, where the page is of a site that may.

    Source: the WHATWG's Fetch standard, "CORS protocol".
    """
    if not door.origins:
        return {}
    if origin.lower() not in door.origins:
        return {"Vary": "Origin"}
    allowed = {"Methods": "POST", "Headers": "Content-Type, Idempotency-Key, X-Delivery-Id"}
    return {"Vary": "Origin", "Access-Control-Allow-Origin": origin, **{f"Access-Control-Allow-{name}": value for name, value in allowed.items()}}


def wants_page(headers: Mapping[str, str]) -> bool:
    """Say whether a person's browser waits for a page: it names HTML in Accept, which scripts and programs do not."""
    return "text/html" in headers.get("accept", "")


def refusal(request: Request, error: Exception) -> Response:
    """Answer what cannot be taken: a sentence for a person, an object for a program."""
    assert isinstance(error, HTTPException)
    if wants_page(request.headers):
        return PlainTextResponse(error.detail, error.status_code, error.headers)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)
