"""All that answers for one type of object, and which path goes to which of it."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from leadhub_sandbox.http import Request, Response, Router
from leadhub_sandbox.hubspot.account import Account
from leadhub_sandbox.hubspot.batch import BatchHandlers
from leadhub_sandbox.hubspot.contact_rules import ContactRules
from leadhub_sandbox.hubspot.definitions import DefinitionHandlers
from leadhub_sandbox.hubspot.objects import CONTACTS, DEALS, LEADS, Objects
from leadhub_sandbox.hubspot.pipeline_rules import DealRules, LeadRules
from leadhub_sandbox.hubspot.records import RecordHandlers
from leadhub_sandbox.hubspot.rules import Rules
from leadhub_sandbox.hubspot.search import Search
from leadhub_sandbox.hubspot.views import Views
from leadhub_sandbox.hubspot.writes import Writer

_RULES: dict[str, type[Rules]] = {CONTACTS.name: ContactRules, DEALS.name: DealRules, LEADS.name: LeadRules}
# Method, path, and who answers it among the handlers of the type.
_RECORDS = (
    ("GET", "", "one.list"),
    ("POST", "", "one.create"),
    ("POST", "/search", "search.handle"),
    ("POST", "/merge", "one.merge"),
    ("POST", "/gdpr-delete", "one.purge"),
    *(("POST", f"/batch/{verb}", f"many.{verb}") for verb in ("read", "create", "update", "upsert", "archive")),
    ("GET", "/{record_id}", "one.get"),
    ("PATCH", "/{record_id}", "one.update"),
    ("DELETE", "/{record_id}", "one.archive"),
)
_DEFINITIONS = (
    ("GET", "properties/{kind}", "definitions.list_properties"),
    ("POST", "properties/{kind}", "definitions.create_property"),
    ("GET", "properties/{kind}/{name}", "definitions.get_property"),
    ("PATCH", "properties/{kind}/{name}", "definitions.update_property"),
    ("DELETE", "properties/{kind}/{name}", "definitions.archive_property"),
    ("GET", "pipelines/{kind}", "definitions.list_pipelines"),
    ("GET", "pipelines/{kind}/{pipeline_id}", "definitions.get_pipeline"),
    ("GET", "pipelines/{kind}/{pipeline_id}/stages", "definitions.list_stages"),
)


class Desk:
    """All that answers for one type of object."""

    def __init__(self, account: Account, objects: Objects) -> None:
        self.type = objects.type
        self.objects = objects
        self.views = Views(account, objects)
        self.writer = Writer(account, objects, _RULES[objects.type.name](account, objects))
        self.one = RecordHandlers(account, objects, self.writer, self.views)
        self.many = BatchHandlers(account, objects, self.writer, self.views)
        self.search = Search(account, objects, self.views)
        self.definitions = DefinitionHandlers(objects)


def open_desks(account: Account) -> dict[str, Desk]:
    """Return a desk for every type that the account has, by the type's name."""
    return {name: Desk(account, objects) for name, objects in account.objects.items()}


def add_routes(router: Router) -> None:
    """Register the paths that name a type; their handlers take the type's desk."""
    for method, rest, answers in _RECORDS:
        router.add(method, f"/{{version}}/objects/{{kind}}{rest}", _at_desk(answers))
    for method, rest, answers in _DEFINITIONS:
        router.add(method, f"/{{version}}/{rest}", _at_desk(answers))


def _at_desk(answers: str) -> Callable[..., Response]:
    chosen = attrgetter(answers)

    def handle(request: Request, desk: Desk, **names: Any) -> Response:
        response: Response = chosen(desk)(request, **names)
        return response

    return handle
