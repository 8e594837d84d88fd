# ruff: noqa: ARG002 - the router calls every handler alike, with the request and the names in its path
"""The hands that are not leadhub's: people and workflows in HubSpot, its administrator, and the test that looks on.

These paths exist in the sandbox alone; they need no token and count against no limit.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from leadhub_sandbox.http import Request, Response
from leadhub_sandbox.hubspot.account import Account, Automation
from leadhub_sandbox.hubspot.catalog import archive_owner, new_owner
from leadhub_sandbox.hubspot.desk import Desk
from leadhub_sandbox.hubspot.errors import ApiError, invalid, not_found
from leadhub_sandbox.hubspot.objects import CONTACTS
from leadhub_sandbox.hubspot.pipelines import Pipeline
from leadhub_sandbox.hubspot.records import body_of, purge
from leadhub_sandbox.hubspot.schema import BY_HAND
from leadhub_sandbox.hubspot.store import Record, Source
from leadhub_sandbox.hubspot.timestamps import parse_ms
from leadhub_sandbox.hubspot.writes import Change, Claims

WORKFLOW = Source("AUTOMATION_PLATFORM", "enrollmentId:1", "Workflow")
# Who else changes contacts, by HubSpot's sourceType; an import bears the id of the user who ran it.
SOURCES = {
    source.kind: source
    for source in (
        WORKFLOW,
        Source("INTEGRATION", "1234567", "Another app"),
        Source("IMPORT", "importId:1", "contacts.csv", 9001),
        Source("FORM", "formId:1", "Contact us"),
        Source("CALCULATED", "calculated", "Calculated"),
    )
}
_PERSON = "jane@people.example"


class Admin:
    """The admin API of one account."""

    def __init__(self, account: Account, desks: Mapping[str, Desk]) -> None:
        self._account = account
        self._desks = desks
        self._routes: dict[tuple[str, str], Callable[[Request], Response]] = {
            ("POST", "edit"): self._edit,
            ("POST", "create"): self._create,
            ("POST", "create_many"): self._create_many,
            ("POST", "merge"): self._merge,
            ("POST", "touch"): self._touch,
            ("POST", "owners"): self._owners,
            ("POST", "pipelines"): self._pipelines,
            ("POST", "archive"): self._archive,
            ("POST", "restore"): self._restore,
            ("POST", "purge"): self._purge,
            ("GET", "records"): self._records,
            ("GET", "describe"): self._describe_all,
            ("GET", "settings"): self._settings,
            ("POST", "settings"): self._change_settings,
            ("POST", "automation"): self._add_automation,
            ("DELETE", "automation"): self._clear_automations,
            ("GET", "account"): self._who,
        }

    def add(self, method: str, name: str, order: Callable[[Request], Response]) -> None:
        """Let another part of the account take an order."""
        self._routes[method, name] = order

    def answer(self, request: Request) -> Response | None:
        """Answer an admin path of HubSpot's, or None for one that is not."""
        path = request.path.removeprefix("/_sandbox/").strip("/")
        route = self._routes.get((request.method, path)) or (self._named(path) if request.method == "GET" else None)
        if route is None:
            return None
        try:
            return route(request)
        except ApiError as error:
            return Response(error.status, error.body(self._account.correlation_id()))
        except KeyError as error:
            return Response(400, {"error": f"the order lacks {error}; see HUBSPOT.md"})
        except (AttributeError, TypeError, ValueError) as error:
            return Response(400, {"error": f"{error}; see HUBSPOT.md"})

    def _named(self, path: str) -> Callable[[Request], Response] | None:
        """Return what tells of the object, or of the record, that a path names."""
        match path.split("/"):
            case ["describe", kind]:
                return lambda _: self._describe(self._desk({"object": kind}))
            case ["records", kind, record_id]:
                return lambda _: self._record(self._desk({"object": kind}), record_id)
            case _:
                return None

    def _edit(self, request: Request) -> Response:
        return _whole(*self.edit(body_of(request)))

    def edit(self, order: Mapping[str, Any]) -> tuple[Desk, Record]:
        """Let somebody change a live record, as the order says. Raises ApiError for what HubSpot refuses, KeyError for what the order lacks."""
        desk, change = self.check_edit(order)
        return desk, desk.writer.commit(change)

    def check_edit(self, order: Mapping[str, Any]) -> tuple[Desk, Change]:
        """Check such a change without making it; it raises the same."""
        desk = self._desk(order)
        return desk, self._prepared(desk, _live(desk, order.get("id")), order.get("properties"), order)

    def _create(self, request: Request) -> Response:
        order = body_of(request)
        desk = self._desk(order)
        return _whole(desk, desk.writer.commit(self._prepared(desk, None, order.get("properties"), order)), 201)

    def _create_many(self, request: Request) -> Response:
        """Take {"records": [properties, …], …} and all that `create` takes beside: all of them are made, or none."""
        order, claims = body_of(request), Claims()
        desk = self._desk(order)
        changes = [self._prepared(desk, None, properties, order, claims) for properties in order["records"]]
        return Response(201, {"ids": [str(desk.writer.commit(change).id) for change in changes]})

    def _prepared(self, desk: Desk, record: Record | None, properties: object, order: Mapping[str, Any], claims: Claims | None = None) -> Change:
        unlocked = desk.objects.schema.properties if order.get("system") else BY_HAND
        source, associations = self._source(order), order.get("associations")
        return desk.writer.prepare(record, properties, source, "", claims, unlocked=unlocked, associations=associations)

    def _desk(self, order: Mapping[str, Any]) -> Desk:
        """Return the desk of the object that an order names: contacts, unless it says otherwise."""
        name = str(order.get("object", CONTACTS.name))
        if name not in self._desks:
            raise invalid(f"object is {' or '.join(self._desks)}, not {name}.")
        return self._desks[name]

    def _source(self, order: Mapping[str, Any]) -> Source:
        name = order.get("source", "CRM_UI")
        if name == "CRM_UI":
            return self._account.user(str(order.get("user", _PERSON)))
        if name not in SOURCES:
            raise invalid(f"source is CRM_UI or {' or '.join(SOURCES)}, not {name}.")
        return SOURCES[name]

    def _merge(self, request: Request) -> Response:
        order, desk = body_of(request), self._desks[CONTACTS.name]
        pair = _live(desk, order.get("primaryObjectId")), _live(desk, order.get("objectIdToMerge"))
        return _whole(desk, desk.writer.merge(*pair, self._source(order)))

    def _touch(self, request: Request) -> Response:
        """Take {"object"?, "ids"?: […], "at"?: instant}: these records, or all live ones, were last modified at this one instant, or now."""
        order = body_of(request)
        desk = self._desk(order)
        at = parse_ms(order["at"]) if "at" in order else self._account.now_ms()
        live = (record for record in desk.objects.store.after(0) if record.archived_ms is None)
        desk.writer.mass_touch([_live(desk, one) for one in order["ids"]] if "ids" in order else list(live), at)
        return Response(204)

    def _owners(self, request: Request) -> Response:
        """Take {"email", "firstName"?, "lastName"?} for a new owner, or {"id", "archived": true} for one whose user leaves."""
        order, owners = body_of(request), [dict(owner) for owner in self._account.owners]
        if order.get("archived"):
            chosen = next((owner for owner in owners if owner["id"] == order["id"]), None)
            if chosen is None:
                raise not_found(f"There is no owner {order['id']}.", [str(order["id"])])
            archive_owner(chosen)
        else:
            chosen = new_owner(len(owners), str(order["email"]), str(order.get("firstName", "")), str(order.get("lastName", "")))
            owners.append(chosen)
        self._account.change_owners(owners)
        return Response(body=chosen)

    def _archive(self, request: Request) -> Response:
        order = body_of(request)
        desk = self._desk(order)
        record = _live(desk, order.get("id"))
        desk.writer.archive(record, self._source(order))
        return _whole(desk, record)

    def _restore(self, request: Request) -> Response:
        order = body_of(request)
        desk = self._desk(order)
        record = _any(desk, order.get("id"))
        desk.writer.restore(record, self._source(order))
        return _whole(desk, record)

    def _purge(self, request: Request) -> Response:
        """Take {"id"} or {"email"}: a person deletes this contact for good, for its privacy."""
        order, desk = body_of(request), self._desks[CONTACTS.name]
        named = str(order["email"] if "email" in order else order["id"])
        purge(self._account, desk.objects, desk.writer, named, self._source(order), by_email="email" in order)
        return Response(204)

    def _pipelines(self, request: Request) -> Response:
        """Take {"object", "id", "label", "stages": [{"id"?, "label", "metadata"?}]}: a new pipeline, or another form of one."""
        order = body_of(request)
        objects = self._desk(order).objects
        if not objects.type.pipeline:
            raise invalid(f"{objects.type.name} have no pipelines of their own.")
        made = Pipeline.load(order)
        kept = {entry.id: entry for entry in objects.pipelines} | {made.id: made}
        objects.set_pipelines(kept.values())
        return Response(body=made.describe(list(kept).index(made.id)))

    def _records(self, request: Request) -> Response:
        """Tell every contact as `results`, every record of the other types under the type's name, which are associated, and which addresses were purged."""
        told = {desk.type.name: [_view(desk, record) for record in desk.objects.store.after(0)] for desk in self._desks.values()}
        merged = {str(old): str(new) for old, new in self._account.store.merged.items()}
        ends = [{"from": start, "to": end} for start, end in self._account.links.pairs()]
        return Response(body={"results": told.pop(CONTACTS.name), "merged": merged, "associations": ends, "purged": self._account.purged, **told})

    def _record(self, desk: Desk, record_id: str) -> Response:
        """Tell one record with every value, the history of each, and what it is associated with."""
        record = _any(desk, record_id)
        return Response(body=desk.views.read(record, record.values, record.history, self._desks))

    def _describe_all(self, request: Request) -> Response:
        """Tell which objects there are."""
        kinds = [desk.type for desk in self._desks.values()]
        return Response(body=[{"name": kind.name, "singular": kind.singular, "mergeable": kind.merges} for kind in kinds])

    def _describe(self, desk: Desk) -> Response:
        """Tell an object's properties, with all options of each, and whether a person in HubSpot's pages may write it."""
        found = [
            {**entry.describe(), "options": [option.describe() for option in entry.options], "byHand": not entry.read_only or entry.name in BY_HAND}
            for entry in desk.objects.schema.properties.values()
        ]
        return Response(body={"name": desk.type.name, "singular": desk.type.singular, "properties": found})

    def _settings(self, request: Request) -> Response:
        settings = self._account.settings
        return Response(body={name: getattr(settings, name) for name in settings.__slots__})

    def _change_settings(self, request: Request) -> Response:
        order = body_of(request)
        options = order.pop("options", {})
        self._account.settings.change(order)
        for name, choices in options.items():
            self._account.schema.set_options(name, choices)
        return self._settings(request)

    def _add_automation(self, request: Request) -> Response:
        """Take {"object"?, "property", "value"?, "set": {...}, "times"?: 1}: it acts right after the answer to the write that fires it."""
        order = body_of(request)
        desk = self._desk(order)
        values, problems = desk.objects.schema.check(order["set"], BY_HAND)
        if problems:
            raise invalid(problems[0]["message"])
        rule = Automation(desk.type.name, str(order["property"]), order.get("value"), values, int(order.get("times", 1)))
        self._account.automations.append(rule)
        return Response(204)

    def _clear_automations(self, request: Request) -> Response:
        self._account.automations.clear()
        return Response(204)

    def _who(self, request: Request) -> Response:
        app = self._account.oauth
        oauth = {"clientId": app.client_id, "clientSecret": app.client_secret, "refreshToken": app.refresh_token}
        known = {"portalId": self._account.portal_id, "token": self._account.token, "seed": self._account.seed}
        return Response(body=known | {"oauth": oauth})


def _live(desk: Desk, record_id: object) -> Record:
    record = _any(desk, record_id)
    if record.archived_ms is not None:
        raise not_found(f"The {desk.type.singular} is archived; restore it first.", [str(record_id)])
    return record


def _any(desk: Desk, record_id: object) -> Record:
    record = desk.objects.store.get(str(record_id))
    if record is None:
        raise not_found(f"There is no {desk.type.singular} {record_id}.", [str(record_id)])
    return record


def _view(desk: Desk, record: Record) -> dict[str, Any]:
    return desk.views.read(record, record.values)


def _whole(desk: Desk, record: Record, status: int = 200) -> Response:
    return Response(status, _view(desk, record))


def run_automations(account: Account, desks: Mapping[str, Desk]) -> None:
    """Fire the rules that the last call's writes match. What a rule writes fires no further rule."""
    written, account.written = account.written, []
    for kind, number, names in written:
        desk = desks[kind]
        record = desk.objects.store.get(str(number))
        for rule in list(account.automations):
            if record is None or rule.object != kind or rule.name not in names:
                continue
            if rule.value is not None and record.values.get(rule.name, "") != rule.value:
                continue
            rule.times -= 1
            with suppress(ApiError):  # a workflow whose action is refused fails quietly; the caller never hears of it
                desk.writer.commit(desk.writer.prepare(record, rule.changes, WORKFLOW, "", unlocked=BY_HAND))
            if rule.times <= 0:
                account.automations.remove(rule)
    account.written = []
