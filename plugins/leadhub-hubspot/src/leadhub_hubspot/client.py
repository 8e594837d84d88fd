"""The only module that talks to HubSpot. It never retries, but for a call that was refused for an access token which has a successor.

Every error leaves it as one of leadhub's. It knows paths and bodies, and nothing of records or of what a write means.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote
from weakref import finalize

import httpx

from leadhub import ConfigError, Context, Unavailable, UnknownOutcome, Usage
from leadhub_hubspot.mapping import CONTACTS
from leadhub_hubspot.paths import BY_VERSION
from leadhub_hubspot.refusals import call_error, token_error
from leadhub_hubspot.settings import Settings
from leadhub_hubspot.tokens import App, Lent

LIST_LIMIT = 100
BATCH_LIMIT = 100
HISTORY_LIMIT = 50  # inputs of a batch read with propertiesWithHistory
SEARCH_LIMIT = 200
OWNERS_LIMIT = 100
_OF_RECORDS = frozenset({400, 404, 409, 422})  # refusals of a batch that speak of its records
_OF_AN_ADDRESS = frozenset({400, 403, 404, 422})  # refusals of an opt-out; a missing scope stops opt-outs and nothing else

Json = dict[str, Any]
Filter = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """What a batch came to: records, errors of single records, or `refusal`, the body that refused it as a whole."""

    results: Sequence[Json] = ()
    errors: Sequence[Json] = ()
    refusal: Json | None = None


@dataclass(frozen=True, slots=True)
class Property:
    """What HubSpot says of one property. `options` are the visible ones' internal values in the account's own order."""

    name: str
    label: str
    type: str
    writable: bool
    unique: bool
    options: tuple[str, ...] | None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Meter:
    """Calls made, and the daily allowance as last heard (no answer of a search tells it, nor any to an OAuth app)."""

    calls: int = 0
    limit: int | None = None
    remaining: int | None = None

    def hear(self, headers: Mapping[str, str]) -> None:
        limit, remaining = headers.get("X-HubSpot-RateLimit-Daily", ""), headers.get("X-HubSpot-RateLimit-Daily-Remaining", "")
        if limit.isdigit() and remaining.isdigit():
            self.limit, self.remaining = int(limit), int(remaining)


@dataclass(slots=True)
class _Cache:
    properties: dict[str, Mapping[str, Property]] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)


class Client:
    """The calls to one account, with a service key or as an OAuth app. One instance per thread."""

    def __init__(self, context: Context, settings: Settings) -> None:
        self._settings = settings
        self._clock = context.clock
        self._paths = BY_VERSION[settings.api_version]
        self._http = context.http(settings.base_url, token=None if settings.token is None else settings.token.get_secret_value())
        self._open = ExitStack()
        self._open.callback(self._http.close)
        finalize(self, self._open.close)  # the contract has no close: the connections end with whoever used them
        self._app = App(settings, self._lend, context.clock.now) if settings.token is None else None
        self._meter = _Meter()
        self._cache = _Cache()

    @property
    def is_app(self) -> bool:
        """Whether these calls are an OAuth app's."""
        return self._app is not None

    def usage(self) -> Usage:
        """Return the calls of this instance, and the account's daily allowance as the last answer told it."""
        meter = self._meter
        used = None if meter.limit is None or meter.remaining is None else meter.limit - meter.remaining
        return Usage(calls=meter.calls, used=used, limit=meter.limit)

    # ---- reads ---------------------------------------------------------------------------------------------------------------------------

    def account(self) -> tuple[Json, datetime]:
        """Return the account's details and HubSpot's own time (its Date header, whole seconds, cut off)."""
        response = self._call("GET", self._paths.account, write=False)
        return self._object(response, write=False), self._date(response)

    def list_page(
        self, properties: Sequence[str], after: str | None, *, of: str = CONTACTS, archived: bool = False, limit: int | None = None
    ) -> Json:
        """Return one page of the list of all live records of one type, or of all archived ones, in HubSpot's own order."""
        query = {"limit": str(limit or LIST_LIMIT), "archived": "true" if archived else "false"}
        query |= {"properties": ",".join(properties)} if properties else {}
        if after is not None:
            query["after"] = after
        return self._object(self._call("GET", self._paths.records(of), params=query, write=False), write=False, needs="results")

    def search_page(self, filters: Sequence[Filter], sort: str, of: str = CONTACTS) -> Json:
        """Return the first page of ids, up to 200, and in `total` how many there are. All five fields are sent, and `sorts` as text: the one form that everything HubSpot publishes accepts."""
        body = {
            "filterGroups": [{"filters": list(filters)}],
            "sorts": [sort],
            "properties": ["hs_object_id"],
            "limit": SEARCH_LIMIT,
            "after": "0",
        }
        return self._object(self._call("POST", self._paths.search(of), body=body, write=False), write=False, needs="results")

    def subscriptions(self) -> Json:
        """Return the account's types of subscription: the cheapest reading that needs the scope for opt-outs."""
        return self._object(self._call("GET", self._paths.subscriptions, write=False), write=False)

    def batch_read(
        self,
        ids: Sequence[str],
        properties: Sequence[str],
        *,
        of: str = CONTACTS,
        history: Sequence[str] = (),
        id_property: str | None = None,
        archived: bool = False,
    ) -> BatchAnswer:
        """Return up to 100 records of one type (50 with history) by id or by a unique property. What is not there is told in `errors`."""
        body: Json = {
            "properties": list(properties),
            "propertiesWithHistory": list(history),
            "inputs": [{"id": record_id} for record_id in ids],
        }
        if id_property is not None:
            body["idProperty"] = id_property
        params = {"archived": "true" if archived else "false"}
        response = self._call("POST", self._paths.batch(of, "read"), body=body, params=params, write=False)
        return _batch(self._object(response, write=False, needs="results"))

    def associated(self, of: str, to: str, ids: Sequence[str], *, primary: bool = False) -> dict[str, list[str]]:
        """Return which records of the type `to` up to 1,000 records are associated with, by id, in HubSpot's own order; `primary`: those by that alone."""
        body = {"inputs": [{"id": record_id} for record_id in ids]}
        answer = self._object(self._call("POST", self._paths.associated(of, to), body=body, write=False), write=False, needs="results")
        for error in answer.get("errors") or ():
            if error.get("category") != "OBJECT_NOT_FOUND":  # how HubSpot says that a record has none
                raise Unavailable(f"HubSpot does not tell which {to} some {of} are associated with: {error.get('message')}")
        told = {
            str(result["from"]["id"]): [str(end["toObjectId"]) for end in result.get("to") or () if not primary or _is_primary(end)]
            for result in answer["results"]
        }
        return {record_id: told.get(record_id, []) for record_id in ids}

    # ---- writes --------------------------------------------------------------------------------------------------------------------------

    def batch_write(self, verb: str, inputs: Sequence[Json], of: str = CONTACTS) -> BatchAnswer:
        """Create, update or upsert up to 100 records of one type.

        A 4xx that speaks of the records comes back as `refusal`. Raises UnknownOutcome when the answer is lost or cannot be read.
        """
        response = self._call("POST", self._paths.batch(of, verb), body={"inputs": list(inputs)}, write=True, allow=_OF_RECORDS)
        body = self._object(response, write=True, needs=None if response.status_code in _OF_RECORDS else "results")
        return BatchAnswer(refusal=body) if response.status_code in _OF_RECORDS else _batch(body)

    def batch_archive(self, ids: Sequence[str]) -> Json | None:
        """Archive up to 100 contacts; ids that do not exist are no error to HubSpot. Returns the body of a refusal, if any."""
        body = {"inputs": [{"id": record_id} for record_id in ids]}
        response = self._call("POST", self._paths.batch(CONTACTS, "archive"), body=body, write=True, allow=_OF_RECORDS)
        return self._object(response, write=True) if response.status_code in _OF_RECORDS else None

    def opt_out(self, address: str) -> Json | None:
        """Unsubscribe an e-mail address from everything; a second time changes nothing. Returns the body of a refusal, if any."""
        response = self._call(
            "POST",
            self._paths.opt_out(quote(address, safe="")),
            params={"channel": "EMAIL"},
            write=True,
            allow=_OF_AN_ADDRESS,
            label="POST " + self._paths.opt_out("…"),
        )
        body = self._object(response, write=True)
        return body if response.status_code in _OF_AN_ADDRESS or body.get("errors") else None

    # ---- the one way out -----------------------------------------------------------------------------------------------------------------

    def _call(
        self,
        method: str,
        path: str,
        *,
        write: bool,
        body: Json | None = None,
        params: Mapping[str, str] | None = None,
        allow: frozenset[int] = frozenset(),
        label: str | None = None,
    ) -> httpx.Response:
        """Make one call. `label` names it in errors where the path itself tells of a person."""
        token = None if self._app is None else self._app.token()
        response = self._send(method, path, body, params, token)
        if response.status_code == 401 and self._app is not None and token is not None and self._app.refused(token):
            response = self._send(method, path, body, params, self._app.token())  # a call without a good token did nothing
        if response.is_success or (response.status_code in allow and _speaks_of_records(response)):
            return response
        called, wait = label or f"{method} {path}", response.headers.get("Retry-After")
        raise call_error(called, response.status_code, _json(response), wait, write=write, app=self.is_app)

    def _send(self, method: str, path: str, body: Json | None, params: Mapping[str, str] | None, token: str | None) -> httpx.Response:
        self._meter.calls += 1
        headers = None if token is None else {"Authorization": f"Bearer {token}"}
        response = self._http.request(method, path, json=body, params=params, headers=headers)
        self._meter.hear(response.headers)
        return response

    def _lend(self) -> Lent:
        """Ask for an access token. What HubSpot says of a refusal is told by its code alone: its text may repeat what was sent."""
        settings = self._settings
        assert settings.client_secret is not None
        assert settings.refresh_token is not None
        form = {"grant_type": "refresh_token", "client_id": settings.client_id or ""}
        form |= {"client_secret": settings.client_secret.get_secret_value(), "refresh_token": settings.refresh_token.get_secret_value()}
        response = self._http.post(self._paths.oauth, data=form)
        body = _json(response) or {}
        token, seconds = body.get("access_token"), body.get("expires_in")
        if response.is_success and isinstance(token, str) and isinstance(seconds, int | float):
            return Lent(token, float(seconds))
        raise token_error(response.status_code, body, response.headers.get("Retry-After"))

    @staticmethod
    def _object(response: httpx.Response, *, write: bool, needs: str | None = None) -> Json:
        """Return the body as an object that holds `needs`. An answer that cannot be read leaves open what happened."""
        body = _json(response)
        if body is None or (needs and not isinstance(body.get(needs), list)):
            what = "the write may have happened" if write else "nothing was changed"
            raise UnknownOutcome(f"{response.request.method} {response.request.url.path}: the answer cannot be read; {what}.")
        return body

    def _date(self, response: httpx.Response) -> datetime:
        try:
            return parsedate_to_datetime(response.headers.get("Date", ""))
        except ValueError:
            return self._clock.now()  # a proxy that strips Date: our clock, and the overlap covers what it is off by

    # ---- properties and owners -----------------------------------------------------------------------------------------------------------

    def properties(self, *, of: str = CONTACTS, fresh: bool = False) -> Mapping[str, Property]:
        """Return every property of one type that this key can see, by name; asked once per instance unless `fresh`."""
        if of not in self._cache.properties or fresh:
            answer = self._object(self._call("GET", self._paths.properties_of(of), write=False), write=False, needs="results")
            self._cache.properties[of] = {entry["name"]: _property(entry) for entry in answer["results"] if not entry.get("archived")}
        return self._cache.properties[of]

    def stages(self, of: str) -> dict[str, str]:
        """Return the stages of all pipelines of one type, label by id, in the account's own order."""
        answer = self._object(self._call("GET", self._paths.pipelines_of(of), write=False), write=False, needs="results")
        return {str(stage["id"]): str(stage.get("label") or stage["id"]) for pipeline in answer["results"] for stage in pipeline.get("stages") or ()}

    def forget_properties(self) -> None:
        """Let the properties be asked for anew: a refusal said that they are not what they were."""
        self._cache.properties.clear()

    def owner_id(self, owner: str) -> str:
        """Return an owner's id for an id or an e-mail address. Raises ConfigError when the account has no such owner."""
        if "@" not in owner:
            return owner
        if owner not in self._cache.owners:
            found = self._owners_page({"email": owner, "limit": "1"})["results"]
            if not found:
                raise ConfigError(f"No owner in HubSpot has the e-mail address {owner} (setting owner_on_create).")
            self._cache.owners[owner] = str(found[0]["id"])
        return self._cache.owners[owner]

    def first_owner(self) -> Json:
        """Return one page of one owner: the cheapest reading that needs the scope for owners."""
        return self._owners_page({"limit": "1"})

    def owners(self, *, archived: bool) -> Iterator[Json]:
        """Yield the owners whose users are active, or those whose users have left, as HubSpot tells them."""
        query = {"limit": str(OWNERS_LIMIT), "archived": "true" if archived else "false"}
        while True:
            page = self._owners_page(query)
            yield from page["results"]
            after = next_page(page)
            if after is None:
                return
            query["after"] = after

    def _owners_page(self, query: Mapping[str, str]) -> Json:
        response = self._call("GET", self._paths.owners, params=query, write=False)
        return self._object(response, write=False, needs="results")


def next_page(body: Json) -> str | None:
    """Return HubSpot's own mark of the page that follows, if any does."""
    after = ((body.get("paging") or {}).get("next") or {}).get("after")
    return None if after is None else str(after)


def _is_primary(end: Json) -> bool:
    return any(kind.get("label") == "Primary" and kind.get("category") == "HUBSPOT_DEFINED" for kind in end.get("associationTypes") or ())


def _property(entry: Json) -> Property:
    read_only = bool(entry.get("calculated")) or bool((entry.get("modificationMetadata") or {}).get("readOnlyValue"))
    listed = entry.get("options") or []
    shown = [option for option in listed if not option.get("hidden")]
    shown.sort(key=lambda option: (option.get("displayOrder") is None or option["displayOrder"] < 0, option.get("displayOrder") or 0))
    options = tuple(str(option["value"]) for option in shown) if listed else None  # none listed: kept elsewhere (externalOptions)
    labels = {str(option["value"]): str(option.get("label") or option["value"]) for option in shown}
    label, kind = str(entry.get("label") or entry["name"]), str(entry.get("type") or "string")
    return Property(entry["name"], label, kind, not read_only, bool(entry.get("hasUniqueValue")), options, labels)


def _batch(body: Json) -> BatchAnswer:
    return BatchAnswer(results=body["results"], errors=body.get("errors") or ())


def _speaks_of_records(response: httpx.Response) -> bool:
    """Tell a refusal of records from a wrong path: a 404 speaks of records only when it names them."""
    body = _json(response)
    if body is None:
        return False
    return response.status_code != 404 or bool((body.get("context") or {}).get("ids"))


def _json(response: httpx.Response) -> Json | None:
    try:
        body = response.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
