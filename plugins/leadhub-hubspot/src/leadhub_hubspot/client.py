"""The only module that talks to HubSpot: httpx for the hot paths, hubspot-api-client for what is rare. It never retries.

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

from leadhub import ConfigError, Context, FatalError, Unavailable, UnknownOutcome, Usage
from leadhub_hubspot.paths import BY_VERSION
from leadhub_hubspot.refusals import call_error
from leadhub_hubspot.settings import Settings

LIST_LIMIT = 100
BATCH_LIMIT = 100
HISTORY_LIMIT = 50  # inputs of a batch read with propertiesWithHistory
SEARCH_LIMIT = 200
OWNERS_LIMIT = 100
SDK_TIMEOUT = (10.0, 60.0)  # the SDK has none of its own
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
    """What HubSpot says of one contact property. `options` are the visible ones' internal values in the account's own order."""

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
    properties: Mapping[str, Property] | None = None
    owners: dict[str, str] = field(default_factory=dict)


class Client:
    """One service key's calls to one account. One instance per thread."""

    def __init__(self, context: Context, settings: Settings) -> None:
        self._settings = settings
        self._clock = context.clock
        self._paths = BY_VERSION[settings.api_version]
        self._http = context.http(settings.base_url, token=settings.token.get_secret_value())
        self._open = ExitStack()
        self._open.callback(self._http.close)
        finalize(self, self._open.close)  # the contract has no close: the connections end with whoever used them
        self._meter = _Meter()
        self._cache = _Cache()
        self._sdk_apis: dict[str, Any] = {}

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

    def list_page(self, properties: Sequence[str], after: str | None, *, limit: int = LIST_LIMIT) -> Json:
        """Return one page of the list of all live contacts, in HubSpot's own order."""
        query = {"limit": str(limit), "archived": "false", "properties": ",".join(properties)}
        if after is not None:
            query["after"] = after
        return self._object(self._call("GET", self._paths.contacts, params=query, write=False), write=False, needs="results")

    def search_page(self, filters: Sequence[Filter], sort: str) -> Json:
        """Return the first page of ids, up to 200, and in `total` how many there are. All five fields are sent, and `sorts` as text: the one form that everything HubSpot publishes accepts."""
        body = {
            "filterGroups": [{"filters": list(filters)}],
            "sorts": [sort],
            "properties": ["hs_object_id"],
            "limit": SEARCH_LIMIT,
            "after": "0",
        }
        return self._object(self._call("POST", self._paths.search, body=body, write=False), write=False, needs="results")

    def subscriptions(self) -> Json:
        """Return the account's types of subscription: the cheapest reading that needs the scope for opt-outs."""
        return self._object(self._call("GET", self._paths.subscriptions, write=False), write=False)

    def batch_read(
        self,
        ids: Sequence[str],
        properties: Sequence[str],
        *,
        history: Sequence[str] = (),
        id_property: str | None = None,
        archived: bool = False,
    ) -> BatchAnswer:
        """Return up to 100 contacts (50 with history) by id or by a unique property. What is not there is told in `errors`."""
        body: Json = {
            "properties": list(properties),
            "propertiesWithHistory": list(history),
            "inputs": [{"id": record_id} for record_id in ids],
        }
        if id_property is not None:
            body["idProperty"] = id_property
        params = {"archived": "true" if archived else "false"}
        response = self._call("POST", self._paths.batch("read"), body=body, params=params, write=False)
        return _batch(self._object(response, write=False, needs="results"))

    # ---- writes --------------------------------------------------------------------------------------------------------------------------

    def batch_write(self, verb: str, inputs: Sequence[Json]) -> BatchAnswer:
        """Create, update or upsert up to 100 contacts.

        A 4xx that speaks of the records comes back as `refusal`. Raises UnknownOutcome when the answer is lost or cannot be read.
        """
        response = self._call("POST", self._paths.batch(verb), body={"inputs": list(inputs)}, write=True, allow=_OF_RECORDS)
        body = self._object(response, write=True, needs=None if response.status_code in _OF_RECORDS else "results")
        return BatchAnswer(refusal=body) if response.status_code in _OF_RECORDS else _batch(body)

    def batch_archive(self, ids: Sequence[str]) -> Json | None:
        """Archive up to 100 contacts; ids that do not exist are no error to HubSpot. Returns the body of a refusal, if any."""
        body = {"inputs": [{"id": record_id} for record_id in ids]}
        response = self._call("POST", self._paths.batch("archive"), body=body, write=True, allow=_OF_RECORDS)
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
        self._meter.calls += 1
        response = self._http.request(method, path, json=body, params=params)
        self._meter.hear(response.headers)
        if response.is_success or (response.status_code in allow and _speaks_of_records(response)):
            return response
        raise call_error(label or f"{method} {path}", response.status_code, _json(response), response.headers.get("Retry-After"), write=write)

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

    # ---- hubspot-api-client: properties and owners ---------------------------------------------------------------------------------------

    def properties(self, *, fresh: bool = False) -> Mapping[str, Property]:
        """Return every contact property that this key can see, by name; asked once per instance unless `fresh`."""
        if self._cache.properties is None or fresh:
            answer = self._sdk("properties", "core_api", "get_all", "contacts")
            self._cache.properties = {entry.name: _property(entry) for entry in answer.results if not entry.archived}
        return self._cache.properties

    def owner_id(self, owner: str) -> str:
        """Return an owner's id for an id or an e-mail address. Raises ConfigError when the account has no such owner."""
        if "@" not in owner:
            return owner
        if owner not in self._cache.owners:
            found = self._sdk("owners", "owners_api", "get_page", email=owner, limit=1).results
            if not found:
                raise ConfigError(f"No owner in HubSpot has the e-mail address {owner} (setting owner_on_create).")
            self._cache.owners[owner] = str(found[0].id)
        return self._cache.owners[owner]

    def first_owner(self) -> Any:
        """Return one page of one owner: the cheapest reading that needs the scope for owners."""
        return self._sdk("owners", "owners_api", "get_page", limit=1)

    def owners(self, *, archived: bool) -> Iterator[Any]:
        """Yield the owners whose users are active, or those whose users have left, as hubspot-api-client gives them."""
        after: dict[str, str] = {}
        while True:
            page = self._sdk("owners", "owners_api", "get_page", limit=OWNERS_LIMIT, archived=archived, **after)
            yield from page.results
            if page.paging is None or page.paging.next is None:
                return
            after = {"after": page.paging.next.after}

    def _sdk(self, package: str, api_name: str, method: str, *args: object, **kwargs: object) -> Any:
        """Make one reading call through hubspot-api-client."""
        self._meter.calls += 1
        try:
            api = self._sdk_api(package, api_name)
            answer = getattr(api, method)(*args, _request_timeout=SDK_TIMEOUT, **kwargs)
            self._meter.hear(api.api_client.last_response.getheaders())
        except Exception as error:  # they have no common base: a class per package, urllib3's, AttributeError for a TLS failure
            raise translate_sdk(f"GET {package}", error) from error
        return answer

    def _sdk_api(self, package: str, api_name: str) -> Any:
        """Return the SDK's API object, made once: each new one is a new connection pool."""
        if package not in self._sdk_apis:
            from hubspot import HubSpot
            from urllib3 import Retry

            sdk = HubSpot(
                access_token=self._settings.token.get_secret_value(),
                host=self._settings.base_url,
                retry=Retry(0, redirect=False, respect_retry_after_header=False),  # without this a GET is quietly made up to four times
            )
            self._sdk_apis[package] = getattr(getattr(sdk.crm, package), api_name)
            self._open.callback(self._sdk_apis[package].api_client.rest_client.pool_manager.clear)
        return self._sdk_apis[package]


def translate_sdk(call: str, error: Exception) -> Exception:
    """Return leadhub's error for anything that hubspot-api-client raises; its calls here only read, so repeating is always safe."""
    from urllib3.exceptions import HTTPError

    status = getattr(error, "status", None)
    if isinstance(status, int) and status >= 300:
        headers: Mapping[str, str] = getattr(error, "headers", None) or {}
        body = _parsed(str(getattr(error, "body", "") or ""))
        return call_error(call, status, body, headers.get("Retry-After"), write=False)
    if isinstance(error, HTTPError):
        return Unavailable(f"{call}: HubSpot cannot be reached ({type(error).__name__}).")
    return FatalError(f"{call}: hubspot-api-client cannot read HubSpot's answer ({type(error).__name__}).", next_step="leadhub doctor")


def _property(entry: Any) -> Property:
    metadata = entry.modification_metadata
    read_only = bool(entry.calculated) or bool(metadata and metadata.read_only_value)
    shown = [option for option in entry.options or () if not option.hidden]
    shown.sort(key=lambda option: (option.display_order is None or option.display_order < 0, option.display_order or 0))
    options = tuple(str(option.value) for option in shown) if entry.options else None  # none listed: kept elsewhere (externalOptions)
    labels = {str(option.value): str(option.label) for option in shown}
    return Property(entry.name, entry.label, entry.type, not read_only, bool(entry.has_unique_value), options, labels)


def _batch(body: Json) -> BatchAnswer:
    return BatchAnswer(results=body["results"], errors=body.get("errors") or ())


def _speaks_of_records(response: httpx.Response) -> bool:
    """Tell a refusal of records from a wrong path: a 404 speaks of records only when it names them."""
    body = _json(response)
    if body is None:
        return False
    return response.status_code != 404 or bool((body.get("context") or {}).get("ids"))


def _json(response: httpx.Response) -> Json | None:
    return _parsed(response.content)


def _parsed(content: str | bytes) -> Json | None:
    import json

    try:
        body = json.loads(content)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
