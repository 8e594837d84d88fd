"""What leadhub's key may and may not do in this account: each scope tried by the cheapest reading that needs it. Writes nothing.

A scope to write cannot be tried without writing, and HubSpot tells a service key's scopes nowhere that is documented: it is told as not proven.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from leadhub import AccessDenied, Finding, Level, Need, allowance_finding, clock_finding
from leadhub_hubspot.client import Client
from leadhub_hubspot.mapping import DEALS, LEADS
from leadhub_hubspot.refusals import scopes_at
from leadhub_hubspot.settings import Settings

WRITE, WRITE_LEADS = "crm.objects.contacts.write", "crm.objects.leads.write"

UNSUPPORTED_FROM = {"v3": date(2027, 9, 1), "2026-03": date(2027, 9, 30), "2026-09": date(2028, 3, 31)}
"""HubSpot's changelog: versions 1 to 3 become unsupported in September 2027, a dated version 18 months after it came."""

NOTICE = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Scope:
    """A scope, what leadhub does with it, how bad its lack is, and a reading that needs it."""

    name: str
    purpose: str
    without: Level
    read: Callable[[Client], object]
    otherwise: str = ""
    """What else a refusal may mean."""


SCOPES = (
    Scope("crm.objects.contacts.read", "contacts are read by it", "fail", lambda client: client.list_page((), None, limit=1)),
    Scope("crm.schemas.contacts.read", "properties and their options are read by it", "fail", lambda client: client.properties(fresh=True)),
    Scope("crm.objects.owners.read", "owners are matched by it: without it they are left alone", "warn", lambda client: client.first_owner()),
)
ON_REQUEST: Mapping[str, Scope] = {
    "deals": Scope(
        "crm.objects.deals.read",
        "deals are read by it (deals = true): without it they are left out",
        "warn",
        lambda client: client.list_page((), None, of=DEALS, limit=1),
    ),
    "leads": Scope(
        "crm.objects.leads.read",
        "the Leads object is read by it (leads = true): without it it is left out",
        "warn",
        lambda client: client.list_page((), None, of=LEADS, limit=1),
        otherwise=", or the account has no seat for the Leads object (Sales Hub Professional or Enterprise)",
    ),
}
"""Scopes that are needed where a setting says so, by its name."""

OPT_OUTS = Scope(
    "communication_preferences.read_write",
    "opt-outs are passed on by it: without it each one is refused and says so",
    "note",
    lambda client: client.subscriptions(),
    otherwise=", or has communication_preferences.write alone, which is enough and cannot be tried",
)


class Examiner:
    """Asks one account what leadhub's key may do. `now` is this machine's clock."""

    def __init__(self, client: Client, settings: Settings, now: Callable[[], datetime]) -> None:
        self._client, self._settings, self._now = client, settings, now
        self._who = "app" if client.is_app else "key"

    def examine(self, needs: Sequence[Need]) -> Iterator[Finding]:
        """Yield what was found, the login first."""
        account, theirs = self._client.account()
        kind = account.get("accountType") or "of no known type"
        yield Finding(
            "ok", "login", f"the {self._who} is good for the account {account.get('portalId')}, {kind}, at {account.get('uiDomain') or 'HubSpot'}"
        )
        yield self._version()
        yield clock_finding(self._now(), theirs, timedelta(minutes=self._settings.overlap_minutes))
        for scope in (*SCOPES, *(scope for setting, scope in ON_REQUEST.items() if getattr(self._settings, setting))):
            yield self._tried(scope)
        if any(need.writes for need in needs):
            yield self._tried(OPT_OUTS)
            how = "not proven: only a write shows it. leadhub doctor --prove SYSTEM tries it in a test account, else the first apply does"
            yield Finding("note", WRITE, how, self._where(WRITE))
            if self._settings.leads:
                yield Finding("note", WRITE_LEADS, "not proven: only a write shows it", self._where(WRITE_LEADS))
            yield from self._key(creates=any(need.creates for need in needs))
        usage = self._client.usage()
        if usage.used is None or not usage.limit:
            yield Finding("note", "limits", "the account does not tell how many API calls of today are left")
        else:
            yield allowance_finding(usage.used, usage.limit)

    def _tried(self, scope: Scope) -> Finding:
        try:
            scope.read(self._client)
        except AccessDenied:
            lacks = f"the {self._who} lacks this scope{scope.otherwise}; {scope.purpose}"
            return Finding(scope.without, scope.name, lacks, self._where(scope.name))
        return Finding("ok", scope.name, f"there; {scope.purpose}")

    def _where(self, name: str) -> str:
        return scopes_at(name, app=self._client.is_app)

    def _version(self) -> Finding:
        version = self._settings.api_version
        ends = UNSUPPORTED_FROM[version]
        told = f"{version} is supported until {ends:%B %Y}"
        if self._now().date() + NOTICE < ends:
            return Finding("ok", "API version", told)
        newest = max(UNSUPPORTED_FROM, key=lambda name: UNSUPPORTED_FROM[name])
        step = f'api_version = "{newest}"' if newest != version else "a newer leadhub-hubspot"
        return Finding("warn", "API version", told, step)

    def _key(self, *, creates: bool) -> Iterator[Finding]:
        """Whether the property that carries leadhub's key can be written; that it is there, with unique values, is asked by `find`."""
        name, known = self._settings.external_id, None
        with suppress(AccessDenied):  # told already, by the scope's name
            known = self._client.properties().get(name) if name is not None else None
        if creates and known is not None and known.unique and not known.writable:
            step = f"HubSpot: Settings > Properties > Contact properties > {name}: it has to be editable"
            yield Finding("fail", name or "", "the property is read-only: leadhub's key cannot be written into it", step)
