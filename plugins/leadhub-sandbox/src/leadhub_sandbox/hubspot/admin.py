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
from leadhub_sandbox.hubspot.contacts import body_of
from leadhub_sandbox.hubspot.errors import ApiError, invalid, not_found
from leadhub_sandbox.hubspot.schema import BY_HAND
from leadhub_sandbox.hubspot.store import Contact, Source
from leadhub_sandbox.hubspot.timestamps import parse_ms
from leadhub_sandbox.hubspot.views import Views
from leadhub_sandbox.hubspot.writes import Writer

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

    def __init__(self, account: Account, writer: Writer, views: Views) -> None:
        self._account = account
        self._writer = writer
        self._views = views
        self._routes: dict[tuple[str, str], Callable[[Request], Response]] = {
            ("POST", "edit"): self._edit,
            ("POST", "create"): self._create,
            ("POST", "merge"): self._merge,
            ("POST", "touch"): self._touch,
            ("POST", "owners"): self._owners,
            ("POST", "archive"): self._archive,
            ("POST", "restore"): self._restore,
            ("GET", "records"): self._records,
            ("GET", "settings"): self._settings,
            ("POST", "settings"): self._change_settings,
            ("POST", "automation"): self._add_automation,
            ("DELETE", "automation"): self._clear_automations,
            ("GET", "account"): self._who,
        }

    def answer(self, request: Request) -> Response | None:
        """Answer an admin path of HubSpot's, or None for one that is not."""
        route = self._routes.get((request.method, request.path.removeprefix("/_sandbox/").strip("/")))
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

    def _edit(self, request: Request) -> Response:
        order = body_of(request)
        contact = self._live(order.get("id"))
        self._write(contact, order)
        return self._whole(contact)

    def _create(self, request: Request) -> Response:
        return self._whole(self._write(None, body_of(request)), 201)

    def _write(self, contact: Contact | None, order: Mapping[str, Any]) -> Contact:
        properties = order.get("properties")
        unlocked = self._account.schema.properties if order.get("system") else BY_HAND
        change = self._writer.prepare(contact, properties, self._source(order), "", unlocked=unlocked)
        return self._writer.commit(change)

    def _source(self, order: Mapping[str, Any]) -> Source:
        name = order.get("source", "CRM_UI")
        if name == "CRM_UI":
            return self._account.user(str(order.get("user", _PERSON)))
        if name not in SOURCES:
            raise invalid(f"source is CRM_UI or {' or '.join(SOURCES)}, not {name}.")
        return SOURCES[name]

    def _merge(self, request: Request) -> Response:
        order = body_of(request)
        pair = self._live(order.get("primaryObjectId")), self._live(order.get("objectIdToMerge"))
        return self._whole(self._writer.merge(*pair, self._source(order)))

    def _touch(self, request: Request) -> Response:
        """Take {"ids"?: […], "at"?: instant}: these contacts, or all live ones, were last modified at this one instant, or now."""
        order = body_of(request)
        at = parse_ms(order["at"]) if "at" in order else self._account.now_ms()
        live = (contact for contact in self._account.store.after(0) if contact.archived_ms is None)
        self._writer.mass_touch([self._live(one) for one in order["ids"]] if "ids" in order else list(live), at)
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
        contact = self._live(body_of(request).get("id"))
        self._writer.archive(contact)
        return self._whole(contact)

    def _restore(self, request: Request) -> Response:
        contact = self._any(body_of(request).get("id"))
        self._writer.restore(contact)
        return self._whole(contact)

    def _records(self, request: Request) -> Response:
        listed = [self._views.read(contact, contact.values) for contact in self._account.store.after(0)]
        merged = {str(old): str(new) for old, new in self._account.store.merged.items()}
        return Response(body={"results": listed, "merged": merged})

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
        """Take {"property", "value"?, "set": {...}, "times"?: 1}: it acts right after the answer to the write that fires it."""
        order = body_of(request)
        values, problems = self._account.schema.check(order["set"], BY_HAND)
        if problems:
            raise invalid(problems[0]["message"])
        rule = Automation(str(order["property"]), order.get("value"), values, int(order.get("times", 1)))
        self._account.automations.append(rule)
        return Response(204)

    def _clear_automations(self, request: Request) -> Response:
        self._account.automations.clear()
        return Response(204)

    def _who(self, request: Request) -> Response:
        return Response(body={"portalId": self._account.portal_id, "token": self._account.token, "seed": self._account.seed})

    def _live(self, record_id: object) -> Contact:
        contact = self._any(record_id)
        if contact.archived_ms is not None:
            raise not_found("The contact is archived; restore it first.", [str(record_id)])
        return contact

    def _any(self, record_id: object) -> Contact:
        contact = self._account.store.get(str(record_id))
        if contact is None:
            raise not_found(f"There is no contact {record_id}.", [str(record_id)])
        return contact

    def _whole(self, contact: Contact, status: int = 200) -> Response:
        return Response(status, self._views.read(contact, contact.values))


def run_automations(account: Account, writer: Writer) -> None:
    """Fire the rules that the last call's writes match. What a rule writes fires no further rule."""
    written, account.written = account.written, []
    for number, names in written:
        contact = account.store.get(str(number))
        for rule in list(account.automations):
            if contact is None or rule.name not in names:
                continue
            if rule.value is not None and contact.values.get(rule.name, "") != rule.value:
                continue
            rule.times -= 1
            with suppress(ApiError):  # a workflow whose action is refused fails quietly; the caller never hears of it
                writer.commit(writer.prepare(contact, rule.changes, WORKFLOW, "", unlocked=BY_HAND))
            if rule.times <= 0:
                account.automations.remove(rule)
    account.written = []
