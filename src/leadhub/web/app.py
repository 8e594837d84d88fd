"""The application: its addresses, and one log line a request in which no token and no name of a person stands."""

from time import perf_counter

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from leadhub.errors import StoreError
from leadhub.hub import Hub
from leadhub.web.doors import Doors
from leadhub.web.reception import Reception, refusal

_ALWAYS = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))


def make_app(hub: Hub, doors: Doors) -> ASGIApp:
    """Return the application of a deployment.

    POST /in/SYSTEM/TOKEN, with or without a slash behind it: a delivery. GET /healthz: 200 while the store can be read, else 503.
    """
    health, reception = _Health(hub), Reception(hub, doors)
    routes = [
        Route("/healthz", health.answer, methods=["GET"]),
        *(Route(path, reception.answer, methods=["POST", "OPTIONS"]) for path in ("/in/{system}/{token}", "/in/{system}/{token}/")),
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: refusal, 500: _fault})
    app.router.redirect_slashes = False  # behind a proxy a redirect would name the wrong scheme, and many a sender drops the body on the way
    return _Logged(app, hub)


class _Health:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def answer(self, _request: Request) -> Response:
        try:
            await run_in_threadpool(self._look)
        except StoreError:
            return JSONResponse({"status": "the store cannot be read"}, 503)
        return JSONResponse({"status": "ok"})

    def _look(self) -> None:
        with self._hub.store.read() as tx:
            tx.systems.list()


def _fault(_request: Request, _error: Exception) -> Response:
    return JSONResponse({"error": "leadhub itself failed; nothing was kept. Its log says more."}, 500)


class _Logged:
    """Gives every request an id, and logs what came of it."""

    def __init__(self, app: ASGIApp, hub: Hub) -> None:
        self._app, self._hub = app, hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id, began, status = self._hub.clock.new_id(), perf_counter(), 500
        scope["state"] = {}

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *_ALWAYS, (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            told = {"delivery": scope["state"]["delivery"]} if "delivery" in scope["state"] else {}
            spent = round((perf_counter() - began) * 1000, 1)
            self._hub.log.info("request", method=scope["method"], path=_path(scope), status=status, ms=spent, request=request_id, **told)


def _path(scope: Scope) -> str:
    """Return the path as it may be logged: of an unknown one nothing, for it may hold a token in the wrong place."""
    if scope["path"] == "/healthz":
        return "/healthz"
    system = scope["state"].get("system")
    return f"/in/{system}/…" if system else "(unknown)"
