"""One HubSpot account as the sandbox's server sees it: paths, token, scopes and limits. The work is done by the handlers."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from leadhub_sandbox.clock import SandboxClock
from leadhub_sandbox.faults import Faults
from leadhub_sandbox.http import Request, Response, Router
from leadhub_sandbox.hubspot.account import Account
from leadhub_sandbox.hubspot.admin import Admin, run_automations
from leadhub_sandbox.hubspot.associations import AssociationHandlers
from leadhub_sandbox.hubspot.between import Between
from leadhub_sandbox.hubspot.deal_stages import follow_deals
from leadhub_sandbox.hubspot.describe import DescribeHandlers
from leadhub_sandbox.hubspot.desk import Desk, add_routes, open_desks
from leadhub_sandbox.hubspot.errors import ApiError, missing_scope
from leadhub_sandbox.hubspot.form_handlers import FormHandlers
from leadhub_sandbox.hubspot.limits import Limits
from leadhub_sandbox.hubspot.oauth import OAuthHandlers
from leadhub_sandbox.hubspot.objects import CONTACTS, LEADS, type_of
from leadhub_sandbox.hubspot.subscriptions import SubscriptionHandlers
from leadhub_sandbox.hubspot.trouble import HUBSPOT_KINDS
from leadhub_sandbox.hubspot.webhooks import Webhooks

# Two shapes of path for one store: /crm/v3/<api>/… and /crm/<api>/<date>/…
_OLD_PATH = re.compile(r"/crm/(v3|v4)/(objects|properties|pipelines|owners|associations)(/.*)?")
_DATED_PATH = re.compile(r"/crm/(objects|properties|pipelines|owners|associations)/(2026-03|2026-09)(/.*)?")
_LINKS = re.compile(r"/[^/]+/[^/]+/associations(/.*)?")  # below objects: one record's associations
_INFO_PATH = re.compile(r"/account-info/(v3|2026-03|2026-09)(/.*)")
# What the old versions have: 3 no associations as they are served here, 4 nothing but them and subscriptions.
_ONLY_IN = {
    "v3": ("objects", "properties", "pipelines", "owners", "account-info", "marketing", "submissions"),
    "v4": ("links", "associations", "communication-preferences"),
}
_SCOPES = {
    "owners": "crm.objects.owners.read",
    "communication-preferences": "communication_preferences.read_write",
    **dict.fromkeys(("marketing", "form-integrations", "submissions"), "forms"),
}
_OAUTH_PATH = re.compile(r"/oauth/(?:(v1)(/token)|(2026-03)(/token(?:/.*)?))")
_PREFERENCES_PATH = re.compile(r"/communication-preferences/(v4|2026-03|2026-09)(/.*)")
_FORMS_PATH = re.compile(r"/(marketing)/(v3)(/forms.*)|/(form-integrations)/(v1)(/.*)|/(submissions)/(v3)(/integration/secure/.*)")
_OPEN_SUBMIT_PATH = re.compile(r"/submissions/v3/integration/submit/([^/]+)/([^/]+)/?")


MAX_URL = 16_384
_WITH_BODY = ("POST", "PUT", "PATCH")


def _refuse_address(request: Request) -> Response:
    raise ApiError(414, "URI_TOO_LONG", f"The address has {len(request.raw_target)} bytes, more than {MAX_URL}.")


def _require_json(request: Request) -> None:
    """Raise ApiError 415 for a body that does not say that it is JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method in _WITH_BODY and request.body and kind != "application/json":
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", f"The body must be application/json, not {kind or 'without a Content-Type'}.")


def _bearer(request: Request) -> str:
    """Return the token that a request bears, or ""."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


class HubSpotService:
    """One seeded HubSpot account on a clock. `token` is its service key; beside it only the OAuth app's access tokens open it."""

    name = "hubspot"

    def __init__(self, seed: int, clock: SandboxClock) -> None:
        self.clock = clock
        self.faults = Faults(HUBSPOT_KINDS)
        self.account = Account(seed, clock)
        self._desks = open_desks(self.account)
        self._limits = Limits(self.account)
        self._forms = FormHandlers(self.account, self._desks[CONTACTS.name].writer)
        self._webhooks = Webhooks(self.account)
        self._admin = Admin(self.account, self._desks)
        self._between = Between(self._admin)
        self._router = Router()
        add_routes(self._router)
        self._route_descriptions(DescribeHandlers(self.account))
        self._route_subscriptions(SubscriptionHandlers(self.account))
        self._route_associations(AssociationHandlers(self.account))
        self._route_oauth(OAuthHandlers(self.account))
        self._route_forms()
        self._route_webhooks()
        self._route_between()

    @property
    def token(self) -> str:
        """The account's service key, for the Authorization header after "Bearer "."""
        return self.account.token

    def _route_descriptions(self, describe: DescribeHandlers) -> None:
        self._router.add("GET", "/{version}/owners", describe.list_owners)
        self._router.add("GET", "/{version}/owners/{owner_id}", describe.get_owner)
        self._router.add("GET", "/{version}/account-info/details", describe.account_details)
        self._router.add("GET", "/{version}/account-info/api-usage/daily/private-apps", self._limits.usage)

    def _route_subscriptions(self, subscriptions: SubscriptionHandlers) -> None:
        base = "/{version}/communication-preferences"
        self._router.add("GET", f"{base}/definitions", subscriptions.definitions)
        self._router.add("GET", f"{base}/statuses/{{address}}", subscriptions.statuses)
        self._router.add("POST", f"{base}/statuses/{{address}}", subscriptions.set_status)
        self._router.add("GET", f"{base}/statuses/{{address}}/unsubscribe-all", subscriptions.opted_out)
        self._router.add("POST", f"{base}/statuses/{{address}}/unsubscribe-all", subscriptions.opt_out)

    def _route_oauth(self, oauth: OAuthHandlers) -> None:
        self._router.add("POST", "/{version}/oauth/token", oauth.token)
        self._router.add("POST", "/{version}/oauth/token/introspect", oauth.introspect)
        self._router.add("POST", "/{version}/oauth/token/revoke", oauth.revoke)

    def _route_associations(self, links: AssociationHandlers) -> None:
        one = "/{version}/links/{kind}/{record_id}/associations"
        self._router.add("PUT", f"{one}/default/{{to_kind}}/{{to_id}}", links.put_default)
        self._router.add("GET", f"{one}/{{to_kind}}", links.tell)
        self._router.add("PUT", f"{one}/{{to_kind}}/{{to_id}}", links.put)
        self._router.add("DELETE", f"{one}/{{to_kind}}/{{to_id}}", links.delete)
        many = "/{version}/associations/{kind}/{to_kind}"
        self._router.add("POST", f"{many}/batch/read", links.batch_read)
        self._router.add("POST", f"{many}/batch/create", links.batch_create)
        self._router.add("POST", f"{many}/batch/archive", links.batch_archive)
        self._router.add("POST", f"{many}/batch/labels/archive", links.batch_archive_labels)
        self._router.add("POST", f"{many}/batch/associate/default", links.batch_default)
        self._router.add("GET", f"{many}/labels", links.list_labels)
        self._router.add("POST", f"{many}/labels", links.create_label)

    def _route_forms(self) -> None:
        self._router.add("GET", "/{version}/marketing/forms", self._forms.list)
        self._router.add("GET", "/{version}/marketing/forms/{form_id}", self._forms.get)
        self._router.add("GET", "/{version}/form-integrations/submissions/forms/{form_id}", self._forms.submissions)
        self._admin.add("POST", "forms", self._forms.define)
        self._router.add("POST", "/{version}/submissions/integration/secure/submit/{portal_id}/{form_id}", self._forms.submit)

    def _route_webhooks(self) -> None:
        self._admin.add("GET", "webhooks", self._webhooks.show)
        self._admin.add("POST", "webhooks", self._webhooks.subscribe)
        self._admin.add("DELETE", "webhooks", self._webhooks.unsubscribe)
        self._admin.add("POST", "deliver", self._webhooks.deliver)

    def _route_between(self) -> None:
        self._admin.add("POST", "between", self._between.order)
        self._admin.add("DELETE", "between", self._between.forget)

    def handle(self, request: Request) -> Response:
        """Answer HubSpot's own API: token, then limits, then path, scope and work."""
        self._forms.settle()
        if len(request.raw_target) > MAX_URL:
            return self._guarded(partial(_refuse_address, request))
        opened = _OPEN_SUBMIT_PATH.fullmatch(request.path)
        if _OAUTH_PATH.fullmatch(request.path):  # takes a form and no token, and counts against no limit
            response = self._guarded(lambda: self._work(request))
        elif opened and request.method == "POST":
            response = self._guarded(partial(self._submit_openly, request, *opened.groups()))
        else:
            response = self._answer(request)
        self._between.act(request)
        self._react()
        return response

    def _submit_openly(self, request: Request, portal_id: str, form_id: str) -> Response:
        _require_json(request)
        return self._forms.submit_openly(request, portal_id, form_id)

    def _answer(self, request: Request) -> Response:
        is_search = request.path.rstrip("/").endswith("/search")
        oauth = self._is_oauth(request)

        def answer() -> Response:
            self._require_token(request)
            if refused := self._limits.admit(is_search=is_search, oauth=oauth):
                return refused
            _require_json(request)
            return self._work(request)

        response = self._guarded(answer)
        response.headers |= self._limits.headers(is_search=is_search, oauth=oauth)
        return response

    def _guarded(self, answer: Callable[[], Response]) -> Response:
        try:
            return answer()
        except ApiError as error:
            return Response(error.status, error.body(self.account.correlation_id()))

    def _work(self, request: Request) -> Response:
        path = _canonical(request.path)
        handler, names, allowed = self._router.find(request.method, path)
        if handler is None:
            if allowed:
                raise ApiError(405, "METHOD_NOT_ALLOWED", f"{request.method} is not allowed here: {', '.join(allowed)}.")
            raise ApiError(404, "OBJECT_NOT_FOUND", f"There is no path {request.path}.")
        if "kind" not in names:
            self._require_scope(_SCOPES.get(path.split("/")[2]))
            return handler(request, **names)
        desk = self._desk(names.pop("kind"))
        self._require_scope(_scope_of(desk, request.method, path))
        if "to_kind" not in names:
            return handler(request, desk=desk, **names)
        end = self._desk(names.pop("to_kind"))
        self._require_scope(_scope_of(end, request.method, path))
        return handler(request, start=desk.type, end=end.type, **names)

    def _desk(self, kind: str) -> Desk:
        found = type_of(kind)
        if found is None:
            raise ApiError(400, "VALIDATION_ERROR", f"Unable to infer object type from: {kind}")
        if found is LEADS and not self.account.settings.lead_seats:
            raise missing_scope(LEADS.scope(reads=True))
        return self._desks[found.name]

    def _is_oauth(self, request: Request) -> bool:
        """Say whether a call bears a token of the OAuth app and not the service key."""
        return _bearer(request) in self.account.oauth.access

    def _require_token(self, request: Request) -> None:
        token = _bearer(request)
        expires = self.account.oauth.access.get(token)
        if token != self.token and expires is None:
            raise ApiError(401, "INVALID_AUTHENTICATION", "The request has no token that this account knows.")
        if expires is not None and expires <= self.account.now_ms():
            raise ApiError(401, "EXPIRED_AUTHENTICATION", "The OAuth token has expired.")
        if expires is None and self.account.settings.token_expired:
            raise ApiError(401, "INVALID_AUTHENTICATION", "The token has expired.")

    def _require_scope(self, scope: str | None) -> None:
        if scope is not None and scope not in self.account.settings.scopes:
            raise missing_scope(scope)

    def admin(self, request: Request) -> Response | None:
        """Answer HubSpot's admin paths; see HUBSPOT.md."""
        self._forms.settle()
        self._webhooks.collect()
        response = self._admin.answer(request)
        if request.method != "GET":
            self._forget()
            self._react()
        return response

    def _react(self) -> None:
        """Let the account's own rules act on what the last call wrote, and tell of it all, before anybody can call again."""
        follow_deals(self.account, self._desks)
        run_automations(self.account, self._desks)
        self._webhooks.collect()
        if self.account.settings.webhook_background:
            self._webhooks.deliver_behind()

    def _forget(self) -> None:
        for desk in self._desks.values():
            desk.search.forget()

    def snapshot(self) -> Any:
        """Return the account's whole state, limits counted so far included."""
        return {
            "account": self.account.dump(),
            "limits": self._limits.dump(),
            "forms": self._forms.dump(),
            "webhooks": self._webhooks.dump(),
            "between": self._between.dump(),
        }

    def restore(self, state: Any) -> None:
        """Put back a state that `snapshot` returned."""
        self.account.load(state["account"])
        self._limits.load(state["limits"])
        self._forms.load(state["forms"])
        self._webhooks.load(state["webhooks"])
        self._between.load(state["between"])
        self._forget()


def _canonical(path: str) -> str:
    """Return /VERSION/API/REST for a path in either shape. Raises ApiError 404 for any other path."""
    if match := _OLD_PATH.fullmatch(path):
        version, api, rest = match.groups()
    elif match := _DATED_PATH.fullmatch(path):
        api, version, rest = match.groups()
    elif match := _INFO_PATH.fullmatch(path):
        version, rest = match.groups()
        api = "account-info"
    elif match := _PREFERENCES_PATH.fullmatch(path):
        version, rest = match.groups()
        api = "communication-preferences"
    elif match := _OAUTH_PATH.fullmatch(path):
        version, rest = (part for part in match.groups() if part)
        api = "oauth"
    elif match := _FORMS_PATH.fullmatch(path):
        api, version, rest = (part for part in match.groups() if part)
    else:
        raise ApiError(404, "OBJECT_NOT_FOUND", f"There is no path {path}.")
    api = "links" if api == "objects" and _LINKS.fullmatch(rest or "") else api
    if api not in _ONLY_IN.get(version, (api,)):
        raise ApiError(404, "OBJECT_NOT_FOUND", f"There is no path {path}.")
    return f"/{version}/{api}{rest or ''}".rstrip("/")


def _scope_of(desk: Desk, method: str, path: str) -> str:
    """Return the scope that a call about one type of object needs."""
    reads = method == "GET" or path.endswith(("/search", "/batch/read"))
    if path.split("/")[2] in ("objects", "links", "associations"):
        return desk.type.scope(reads=reads)
    return f"{desk.type.schema_scope}.{'read' if reads else 'write'}"
