# ruff: noqa: ARG002 - the router calls every handler alike, with the request and the names in its path
"""The hands that are not leadhub's: people and workflows in HubSpot, its administrator, and the test that looks on.

These paths exist in the sandbox alone; they need no token and count against no limit.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from leadhub_sandbox.http import Request, Response
from leadhub_sandbox.hubspot.account import Account, Automation
from leadhub_sandbox.hubspot.contacts import body_of
from leadhub_sandbox.hubspot.errors import ApiError, invalid, not_found
from leadhub_sandbox.hubspot.store import Contact, Source
from leadhub_sandbox.hubspot.views import Views
from leadhub_sandbox.hubspot.writes import Writer

WORKFLOW = Source("AUTOMATION_PLATFORM", "enrollmentId:1", "Workflow")
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
        change = self._writer.prepare(contact, properties, self._source(order), "", by_api=False)
        return self._writer.commit(change)

    def _source(self, order: Mapping[str, Any]) -> Source:
        match order.get("source", "CRM_UI"):
            case "CRM_UI":
                return self._account.user(str(order.get("user", _PERSON)))
            case "AUTOMATION_PLATFORM":
                return WORKFLOW
            case other:
                raise invalid(f"source is CRM_UI or AUTOMATION_PLATFORM, not {other}.")

    def _merge(self, request: Request) -> Response:
        order = body_of(request)
        pair = self._live(order.get("primaryObjectId")), self._live(order.get("objectIdToMerge"))
        return self._whole(self._writer.merge(*pair, self._source(order)))

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
        values, problems = self._account.schema.check(order["set"], by_api=False)
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
                writer.commit(writer.prepare(contact, rule.changes, WORKFLOW, "", by_api=False))
            if rule.times <= 0:
                account.automations.remove(rule)
    account.written = []
