# ruff: noqa: ARG002 - an order's handler takes its request
"""The sender of webhooks: who subscribed to what, what waits to be sent, and the signed calls. It calls nobody beyond loopback."""

import base64
import hashlib
import hmac
import http.client
import json
import threading
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from leadhub_sandbox.http import Request, Response, Unlocked
from leadhub_sandbox.hubspot.account import Account
from leadhub_sandbox.hubspot.events import Happening, Topic
from leadhub_sandbox.hubspot.objects import CONTACTS, type_of
from leadhub_sandbox.hubspot.records import body_of
from leadhub_sandbox.local import loopback

MAX_EVENTS, MAX_RETRIES = 100, 10
KINDS = ("creation", "deletion", "restore", "merge", "privacyDeletion", "propertyChange")
_FLAGS = {"creation": "NEW", "deletion": "DELETED", "restore": "RESTORED", "privacyDeletion": "DELETED"}
# The codes that HubSpot decodes in an address before it signs it; all others stay as they are.
_DECODED = {
    "%3A": ":",
    "%2F": "/",
    "%3F": "?",
    "%40": "@",
    "%21": "!",
    "%24": "$",
    "%27": "'",
    "%28": "(",
    "%29": ")",
    "%2A": "*",
    "%2C": ",",
    "%3B": ";",
}


@dataclass(slots=True)
class Subscription:
    """One subscription of the app: `type` is contact.KIND or object.KIND; only a propertyChange has a property."""

    id: int
    type: str
    object_type_id: str
    property_name: str

    @property
    def kind(self) -> str:
        """The second half of the type."""
        return self.type.partition(".")[2]

    @property
    def topic(self) -> Topic:
        """What must happen for an event to be sent."""
        return self.object_type_id, self.kind, self.property_name


@dataclass(slots=True)
class Waiting:
    """One event that is to be sent at `due_ms` or later."""

    due_ms: int
    event: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One call that is to be made: whom it calls, the instant that it bears, and its events."""

    url: str
    ms: int
    events: list[dict[str, Any]]


class Webhooks:
    """The webhooks of the account's one app. Events are sent when `deliver` is ordered, or after each call when that is switched on."""

    def __init__(self, account: Account) -> None:
        self.app_id = 3_000_000 + account.seed
        self._account = account
        self._guard = threading.Lock()  # sending happens outside of the server's lock
        self._clear()

    def _clear(self) -> None:
        self._url = ""
        self._subscriptions: list[Subscription] = []
        self._waiting: list[Waiting] = []
        self._sent: list[dict[str, Any]] = []
        self._made = 0

    def subscribe(self, request: Request) -> Response:
        """Take {"url", "subscriptions": [{"eventType", "object"?, "propertyName"?}]} in place of what there was. Raises ValueError for a bad one."""
        order = body_of(request)
        loopback(str(order["url"]))
        made = [self._subscription(at + 1, one) for at, one in enumerate(order["subscriptions"])]
        self._url, self._subscriptions = str(order["url"]), made
        self._watch()
        return self.show(request)

    def _subscription(self, number: int, order: Mapping[str, Any]) -> Subscription:
        event_type, name = str(order["eventType"]), str(order.get("propertyName", ""))
        start, _, kind = event_type.partition(".")
        if start not in ("contact", "object") or kind not in KINDS:
            raise ValueError(f"eventType is contact. or object. and one of {', '.join(KINDS)}, not {event_type!r}")
        found = type_of(str(order.get("object", CONTACTS.name)))
        if found is None or (start == "contact" and found is not CONTACTS):
            raise ValueError(f"object is {' or '.join(self._account.objects)}, of an eventType of contact. contacts alone, not {order['object']!r}")
        if (kind == "propertyChange") is not (name in self._account.objects[found.name].schema.properties):
            raise ValueError(f"a propertyChange, and nothing else, needs propertyName, which is a property of {found.name}")
        return Subscription(number, event_type, found.type_id, name)

    def _watch(self) -> None:
        self._account.events.watched = frozenset(one.topic for one in self._subscriptions)

    def unsubscribe(self, request: Request) -> Response:
        """Forget the subscriptions, what waits and what was sent."""
        with self._guard:
            self._clear()
        self._watch()
        return Response(204)

    def show(self, request: Request) -> Response:
        """Tell the app's secret, its subscriptions, what waits and every call that was made."""
        state = self.dump()
        app = {"appId": self.app_id, "secret": self._account.oauth.client_secret}
        return Response(body=app | {name: state[name] for name in ("url", "subscriptions", "waiting", "sent")})

    def collect(self) -> None:
        """Make events of what has happened. One thing that two subscriptions fit has one eventId, which is therefore not unique."""
        for happening in self._account.events.take():
            self._made += 1
            number = zlib.crc32(f"{self._account.seed} event {self._made}".encode())
            events = [self._event(happening, number, one) for one in self._subscriptions if one.topic == happening.topic]
            with self._guard:
                self._waiting += [Waiting(happening.ms, event) for event in events]

    def _event(self, happening: Happening, number: int, subscription: Subscription) -> dict[str, Any]:
        named = {"eventId": number, "subscriptionId": subscription.id, "portalId": self._account.portal_id, "appId": self.app_id}
        told: dict[str, Any] = named | {"occurredAt": happening.ms, "subscriptionType": subscription.type, "attemptNumber": 0}
        told |= {"objectId": happening.record_id, **happening.detail}
        told |= {"changeSource": happening.source.kind, "sourceId": happening.source.id}
        if subscription.kind in _FLAGS:
            told["changeFlag"] = _FLAGS[subscription.kind]
        return told | ({"objectTypeId": subscription.object_type_id} if subscription.type.startswith("object.") else {})

    def deliver(self, request: Request) -> Response:
        """Send what is due. It is sent after the server's lock is free: the receiver may read from the account before it answers."""
        calls = self._take_due()
        return Unlocked(work=lambda: {"calls": [self._make(call) for call in calls], "waiting": len(self._waiting)})

    def deliver_behind(self) -> None:
        """Send what is due in a thread of its own."""
        calls = self._take_due()
        if calls:
            threading.Thread(target=lambda: [self._make(call) for call in calls], daemon=True).start()

    def _take_due(self) -> list[Call]:
        now, settings = self._account.now_ms(), self._account.settings
        with self._guard:
            due = [one.event for one in self._waiting if one.due_ms <= now]
            self._waiting = [one for one in self._waiting if one.due_ms > now]
        if settings.webhook_duplicates:
            due += [dict(event) for event in due]
        if settings.webhook_disorder:
            due = self._account.shuffled(due)
        return [Call(self._url, now, due[start : start + MAX_EVENTS]) for start in range(0, len(due), MAX_EVENTS)]

    def _make(self, call: Call) -> dict[str, Any]:
        """Make one call; what no 2xx answers in time waits for its next attempt, unless the app has left this target meanwhile."""
        body, settings = json.dumps(call.events).encode(), self._account.settings
        signed = signatures(self._account.oauth.client_secret, call.url, body, call.ms, v1_only=settings.webhook_v1_only)
        status, problem = _post(call.url, body, {"Content-Type": "application/json", **signed}, settings.webhook_timeout_seconds)
        told = {"events": len(call.events), "status": status, "problem": problem, "at": call.ms}
        with self._guard:
            self._sent.append(told)
            if (status is None or not 200 <= status < 300) and call.url == self._url:
                again = call.ms + int(settings.webhook_retry_seconds * 1000)
                retried = [{**one, "attemptNumber": one["attemptNumber"] + 1} for one in call.events if one["attemptNumber"] < MAX_RETRIES]
                self._waiting += [Waiting(again, one) for one in retried]
        return told

    def dump(self) -> dict[str, Any]:
        """Return everything as plain data."""
        with self._guard:
            waiting, sent = [asdict(one) for one in self._waiting], [dict(one) for one in self._sent]
        subscriptions = [asdict(one) for one in self._subscriptions]
        return {"url": self._url, "subscriptions": subscriptions, "waiting": waiting, "sent": sent, "made": self._made}

    def load(self, state: Mapping[str, Any]) -> None:
        """Put back what `dump` returned."""
        with self._guard:
            self._waiting, self._sent = [Waiting(**one) for one in state["waiting"]], [dict(one) for one in state["sent"]]
        self._url, self._made = state["url"], state["made"]
        self._subscriptions = [Subscription(**one) for one in state["subscriptions"]]
        self._watch()


def signatures(secret: str, url: str, body: bytes, ms: int, *, v1_only: bool = False) -> dict[str, str]:
    """Return the headers that prove a call: version 1 (all that private apps get), and version 3 with the instant that it signs."""
    first = hashlib.sha256(secret.encode() + body).hexdigest()
    headers = {"X-HubSpot-Signature": first, "X-HubSpot-Signature-Version": "v1"}
    if v1_only:
        return headers
    for code, sign in _DECODED.items():
        url = url.replace(code, sign).replace(code.lower(), sign)
    digest = hmac.new(secret.encode(), b"POST" + url.encode() + body + str(ms).encode(), hashlib.sha256).digest()
    return headers | {"X-HubSpot-Signature-v3": base64.b64encode(digest).decode(), "X-HubSpot-Request-Timestamp": str(ms)}


def _post(url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> tuple[int | None, str]:
    parts = loopback(url)
    host = "127.0.0.1" if parts.hostname == "localhost" else str(parts.hostname)
    connection = http.client.HTTPConnection(host, parts.port, timeout=timeout)
    try:
        connection.request("POST", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body, {"Host": parts.netloc, **headers})
        return connection.getresponse().status, ""
    except (OSError, http.client.HTTPException) as error:
        return None, type(error).__name__
    finally:
        connection.close()
