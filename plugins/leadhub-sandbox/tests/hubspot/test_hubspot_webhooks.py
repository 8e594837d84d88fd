"""Webhooks: what is told, how it is signed, and what happens when nobody takes it. Every call goes to a receiver on loopback."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from leadhub_sandbox.clock import SandboxClock
from leadhub_sandbox.hubspot.webhooks import signatures

V3 = "/crm/v3/objects/contacts"
Create = Callable[..., dict[str, Any]]
Settings = Callable[..., None]
ALL = ("contact.creation", "contact.deletion", "contact.restore", "contact.merge", "contact.privacyDeletion")


@dataclass
class Receiver:
    """Who is told: it keeps each call and answers `status`, after `before` if that is set."""

    url: str = ""
    status: int = 204
    before: Callable[[], object] | None = None
    calls: list[tuple[dict[str, str], str]] = field(default_factory=list)

    def events(self) -> list[dict[str, Any]]:
        """Return every event of every call."""
        return [event for _, body in self.calls for event in json.loads(body)]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that listens."""
    known = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            known.calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
            if known.before:
                known.before()
            self.send_response(known.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    known.url = f"http://127.0.0.1:{server.server_address[1]}/hooks?team=a%40b"
    yield known
    server.shutdown()
    server.server_close()


@pytest.fixture
def watch(hub: httpx.Client, receiver: Receiver) -> Callable[..., dict[str, Any]]:
    """Subscribe the receiver to types, by name or in full, and to properties of contacts by name."""

    def watch(*types: str | dict[str, str], properties: tuple[str, ...] = ()) -> dict[str, Any]:
        listed = [{"eventType": one} if isinstance(one, str) else one for one in types]
        listed += [{"eventType": "contact.propertyChange", "propertyName": name} for name in properties]
        answer = hub.post("/_sandbox/webhooks", json={"url": receiver.url, "subscriptions": listed})
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    return watch


def _deliver(hub: httpx.Client) -> dict[str, Any]:
    answer = hub.post("/_sandbox/deliver", json={})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_every_kind_of_event(hub: httpx.Client, create: Create, watch: Callable[..., Any], receiver: Receiver, clock: SandboxClock) -> None:
    """Behavior 51: creation, change, archiving, restoring, merge and privacy deletion are told in order with HubSpot's fields."""
    watch(*ALL, properties=("city",))
    pair = [int(create(email=f"{name}@x.example")["id"]) for name in "ab"]
    clock.advance(5)
    hub.patch(f"{V3}/{pair[0]}", json={"properties": {"city": "Lund", "company": "Acme"}})
    hub.delete(f"{V3}/{pair[1]}")
    hub.post("/_sandbox/restore", json={"id": str(pair[1])})
    survivor = int(hub.post(f"{V3}/merge", json={"primaryObjectId": str(pair[0]), "objectIdToMerge": str(pair[1])}).json()["id"])
    assert hub.post(f"{V3}/gdpr-delete", json={"objectId": str(survivor)}).status_code == 204
    assert receiver.calls == []
    _deliver(hub)
    told = receiver.events()
    kinds = [event["subscriptionType"].removeprefix("contact.") for event in told]
    assert kinds == ["creation", "creation", "propertyChange", "deletion", "restore", "merge", "privacyDeletion"]
    change = told[2]
    assert (change["propertyName"], change["propertyValue"], change["objectId"]) == ("city", "Lund", pair[0])
    assert (change["occurredAt"], change["attemptNumber"], change["changeSource"]) == (1_772_442_005_000, 0, "INTEGRATION")
    assert (change["portalId"], change["subscriptionId"], bool(change["appId"]), bool(change["sourceId"])) == (40_000_007, 6, True, True)
    merge = told[5]
    assert (merge["primaryObjectId"], merge["mergedObjectIds"], merge["newObjectId"]) == (pair[0], [pair[1]], survivor)
    assert [event["changeSource"] for event in told[3:]] == ["INTEGRATION", "CRM_UI", "INTEGRATION", "INTEGRATION"]
    assert {event["objectId"] for event in told[5:]} == {survivor}
    assert all(isinstance(event["eventId"], int) for event in told)


def test_nothing_is_told_of_what_nobody_subscribed_to(hub: httpx.Client, create: Create, watch: Callable[..., Any], receiver: Receiver) -> None:
    """Behavior 51: other properties, equal values and form submissions make no event, and neither does anything after unsubscribing."""
    watch(properties=("city",))
    made = create(email="a@x.example", city="Lund")["id"]
    hub.patch(f"{V3}/{made}", json={"properties": {"city": "Lund", "company": "Acme"}})
    form = hub.get("/marketing/v3/forms").json()["results"][0]["id"]
    body = {"fields": [{"name": "email", "value": "b@x.example"}]}
    assert hub.post(f"/submissions/v3/integration/submit/40000007/{form}", json=body).status_code == 200
    _deliver(hub)
    assert [event["propertyValue"] for event in receiver.events()] == ["Lund"]
    hub.delete("/_sandbox/webhooks")
    hub.patch(f"{V3}/{made}", json={"properties": {"city": "Oslo"}})
    assert _deliver(hub) == {"calls": [], "waiting": 0}


def test_the_object_form_of_a_subscription(hub: httpx.Client, create: Create, watch: Callable[..., Any], receiver: Receiver) -> None:
    """Behavior 51: object.* names the type of object beside; two subscriptions that fit share the eventId, so it is not unique."""
    watch("object.creation", "contact.creation")
    create(email="a@x.example")
    _deliver(hub)
    told = receiver.events()
    assert [(event["subscriptionType"], event.get("objectTypeId")) for event in told] == [("object.creation", "0-1"), ("contact.creation", None)]
    assert len({event["eventId"] for event in told}) == 1


def test_deals_and_leads_are_told_of_too(hub: httpx.Client, create: Create, watch: Callable[..., Any], receiver: Receiver) -> None:
    """Behavior 51: object.* of deals and leads, what HubSpot itself does with them among it; a contact's subscription hears nothing of them."""
    watch(
        {"eventType": "object.creation", "object": "deals"},
        {"eventType": "object.propertyChange", "object": "0-3", "propertyName": "hs_is_closed_won"},
        {"eventType": "object.deletion", "object": "leads"},
        "contact.creation",
        properties=("lifecyclestage",),
    )
    contact = int(create(email="a@x.example")["id"])

    def about(number: int) -> list[dict[str, Any]]:
        return [{"to": {"id": str(contact)}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": number}]}]

    won = {"properties": {"dealname": "D", "dealstage": "closedwon"}, "associations": about(3)}
    deal = int(hub.post("/crm/v3/objects/deals", json=won).json()["id"])
    lead = int(hub.post("/crm/v3/objects/leads", json={"properties": {"hs_lead_name": "L"}, "associations": about(578)}).json()["id"])
    hub.delete(f"/crm/v4/objects/leads/{lead}/associations/contacts/{contact}")
    _deliver(hub)
    told = [(event["subscriptionType"], event.get("objectTypeId"), event["objectId"], event.get("propertyValue")) for event in receiver.events()]
    assert told == [
        ("contact.creation", None, contact, None),
        ("contact.propertyChange", None, contact, "lead"),
        ("object.creation", "0-3", deal, None),
        ("object.propertyChange", "0-3", deal, "true"),
        ("contact.propertyChange", None, contact, "customer"),
        ("object.deletion", "0-136", lead, None),
    ]


def test_the_published_signature() -> None:
    """Behavior 51: version 3 gives the value that HubSpot's Python client publishes for a known call."""
    body = b"{'example_field':'example_value'}"
    told = signatures("yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy", "https://www.example.com/webhook_uri", body, 1_693_657_560_000)
    assert told["X-HubSpot-Signature-v3"] == "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y="


def test_calls_are_signed(hub: httpx.Client, create: Create, watch: Callable[..., Any], receiver: Receiver, settings: Settings) -> None:
    """Behavior 51: HubSpot's own client takes both signatures, the address percent-decoded; a private app's calls have version 1 alone."""
    signature = pytest.importorskip("hubspot.utils.signature", reason="hubspot-api-client is not installed").Signature
    secret = watch("contact.creation")["secret"]
    create(email="å@x.example")
    _deliver(hub)
    headers, body = receiver.calls[0]
    uri = receiver.url.replace("%40", "@")
    stamp = headers["x-hubspot-request-timestamp"]
    assert headers["x-hubspot-signature-v3"] == signature.get_signature(secret, body, "v3", uri, "POST", stamp)
    assert (headers["x-hubspot-signature"], headers["x-hubspot-signature-version"]) == (signature.get_signature(secret, body, "v1"), "v1")
    assert stamp == "1772442000000"
    settings(webhook_v1_only=True)
    create(email="b@x.example")
    _deliver(hub)
    assert "x-hubspot-signature" in receiver.calls[1][0]
    assert "x-hubspot-signature-v3" not in receiver.calls[1][0]


def test_a_call_has_a_hundred_events_at_most(hub: httpx.Client, watch: Callable[..., Any], receiver: Receiver) -> None:
    """Behavior 51: what happened at once to many is split into arrays of at most 100."""
    watch("contact.creation")
    hub.post("/_sandbox/create_many", json={"records": [{"lastname": f"P{at}"} for at in range(230)]})
    assert [call["events"] for call in _deliver(hub)["calls"]] == [100, 100, 30]
    assert [len(json.loads(body)) for _, body in receiver.calls] == [100, 100, 30]


def test_what_is_not_taken_comes_again(hub: httpx.Client, create: Create, watch: Callable[..., Any], receiver: Receiver, clock: SandboxClock) -> None:
    """Behavior 51: an answer that is no 2xx is tried again, ten times within a day, each time with the next attemptNumber; then no more."""
    watch("contact.creation")
    create(email="a@x.example")
    receiver.status = 500
    assert _deliver(hub)["waiting"] == 1
    assert _deliver(hub)["calls"] == []
    for _ in range(12):
        clock.advance(8640)
        _deliver(hub)
    assert [event["attemptNumber"] for event in receiver.events()] == list(range(11))
    assert len({event["eventId"] for event in receiver.events()}) == 1
    assert _deliver(hub) == {"calls": [], "waiting": 0}


def test_a_target_that_was_left_is_not_tried_again(
    hub: httpx.Client, create: Create, watch: Callable[..., Any], receiver: Receiver, clock: SandboxClock
) -> None:
    """Behavior 51: who unsubscribes while a call is under way and refuses it is not called again."""
    watch("contact.creation")
    create(email="a@x.example")
    receiver.status = 500
    with httpx.Client(base_url=hub.base_url) as other:
        receiver.before = lambda: other.delete("/_sandbox/webhooks")
        _deliver(hub)
    clock.advance(8640)
    assert _deliver(hub) == {"calls": [], "waiting": 0}


def test_who_answers_too_late_is_told_again(
    hub: httpx.Client, create: Create, watch: Callable[..., Any], receiver: Receiver, settings: Settings, clock: SandboxClock
) -> None:
    """Behavior 51: a receiver that takes longer than HubSpot waits gets the same event again, and so does one that is not there."""
    settings(webhook_timeout_seconds=0.1, webhook_retry_seconds=60)
    watch("contact.creation")
    create(email="a@x.example")
    receiver.before = lambda: time.sleep(0.3)
    [call] = _deliver(hub)["calls"]
    assert (call["status"], call["problem"]) == (None, "TimeoutError")
    receiver.before = None
    clock.advance(60)
    assert _deliver(hub)["calls"][0]["status"] == 204
    assert [event["attemptNumber"] for event in receiver.events()] == [0, 1]


def test_a_receiver_may_read_before_it_answers(hub: httpx.Client, create: Create, watch: Callable[..., Any], receiver: Receiver) -> None:
    """Behavior 51: an event is a hint to read the record: the account answers while its own call is still open."""
    watch("contact.creation")
    made = create(email="a@x.example")["id"]
    seen: list[int] = []
    with httpx.Client(base_url=hub.base_url, headers=hub.headers, timeout=4) as other:
        receiver.before = lambda: seen.append(other.get(f"{V3}/{made}").status_code)
        _deliver(hub)
    assert seen == [200]


def test_duplicates_and_disorder(hub: httpx.Client, watch: Callable[..., Any], receiver: Receiver, settings: Settings) -> None:
    """Behavior 51: by switches, events come twice and in no order; none is lost."""
    watch("contact.creation")
    settings(webhook_duplicates=True, webhook_disorder=True)
    ids = [int(one) for one in hub.post("/_sandbox/create_many", json={"records": [{"lastname": f"P{at}"} for at in range(20)]}).json()["ids"]]
    _deliver(hub)
    told = [event["objectId"] for event in receiver.events()]
    assert told != sorted(told)
    assert sorted(told) == sorted(ids * 2)


def test_events_can_be_sent_by_themselves(
    hub: httpx.Client, create: Create, watch: Callable[..., Any], receiver: Receiver, settings: Settings
) -> None:
    """Behavior 51: with the switch on, what is due is sent after each call without an order."""
    came = threading.Event()
    receiver.before = came.set
    watch("contact.creation")
    settings(webhook_background=True)
    create(email="a@x.example")
    assert came.wait(5)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/x",
        "http://10.0.0.1/x",
        "https://127.0.0.1/x",
        "file:///etc/passwd",
        "http://127.0.0.1@hooks.example/",
        "http://localhost.example/",
        "http://127.0.0.1:99999/",
    ],
)
def test_only_this_machine_is_called(hub: httpx.Client, url: str) -> None:
    """Behavior 51: a target beyond loopback is refused when it is ordered."""
    answer = hub.post("/_sandbox/webhooks", json={"url": url, "subscriptions": []})
    assert (answer.status_code, "127.0.0.1" in answer.json()["error"]) == (400, True)


@pytest.mark.parametrize(
    "subscription",
    [
        {"eventType": "contact.propertyChange"},
        {"eventType": "contact.propertyChange", "propertyName": "no_such"},
        {"eventType": "contact.creation", "propertyName": "city"},
        {"eventType": "form.submission"},
        {"eventType": "contact.submission"},
        {"eventType": "contact.creation", "object": "deals"},
        {"eventType": "object.creation", "object": "unicorns"},
        {"eventType": "object.propertyChange", "object": "deals", "propertyName": "city"},
    ],
)
def test_odd_subscriptions_are_refused(hub: httpx.Client, subscription: dict[str, str]) -> None:
    """Behavior 51: there is no event for a form's submission, and a change has a property that there is."""
    answer = hub.post("/_sandbox/webhooks", json={"url": "http://127.0.0.1:9/", "subscriptions": [subscription]})
    assert answer.status_code == 400


def test_a_snapshot_keeps_what_is_to_be_sent(hub: httpx.Client, create: Create, watch: Callable[..., Any], receiver: Receiver) -> None:
    """Behaviors 51 and 54: subscriptions, and events that wait, come back with a snapshot."""
    watch("contact.creation")
    create(email="a@x.example")
    state = hub.get("/_sandbox/snapshot").json()
    hub.delete("/_sandbox/webhooks")
    assert hub.put("/_sandbox/snapshot", json=state).status_code == 204
    create(email="b@x.example")
    _deliver(hub)
    assert len(receiver.events()) == 2
    shown = hub.get("/_sandbox/webhooks").json()
    assert (shown["url"], len(shown["sent"]), shown["waiting"]) == (receiver.url, 1, [])
