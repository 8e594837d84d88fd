"""What an account's administrator or a test can change: switches, limits, scopes. Plain data, no behavior."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

SCOPES = (
    "crm.objects.contacts.read",
    "crm.objects.contacts.write",
    "crm.schemas.contacts.read",
    "crm.schemas.contacts.write",
    "crm.objects.deals.read",
    "crm.objects.deals.write",
    "crm.schemas.deals.read",
    "crm.schemas.deals.write",
    "crm.objects.leads.read",
    "crm.objects.leads.write",
    "crm.objects.owners.read",
    "communication_preferences.read_write",
    "forms",
)
# Calls in ten seconds, in a day, searches in a second, and calls of an OAuth app in ten seconds, by kind of account (HubSpot's usage guidelines); "generous" slows no test.
ACCOUNT_LIMITS = {
    "generous": (10_000, 1_000_000, 1_000, 10_000),
    "starter": (100, 250_000, 5, 110),
    "professional": (190, 625_000, 5, 110),
    "enterprise": (190, 1_000_000, 5, 110),
}


@dataclass(slots=True)
class Settings:
    """The switches of one account; HUBSPOT.md lists them. The limits are generous so that tests are not slowed."""

    lifecycle_on_create: bool = True
    cleared_reads_as: str = "null"  # or "empty"
    noop_bumps_modified: bool = True
    conflict_names_id: bool = True
    merge_makes_new_id: bool = True
    merge_values: str = "primary"  # whose value wins where both have one; or "latest"
    write_through_merged: bool = True
    required_from_2026_09: list[str] = field(default_factory=list)  # "lastname", or "deals.amount"
    conditional_from_2026_09: list[dict[str, Any]] = field(default_factory=list)  # {"property", "values": […], "requires": […]}
    blocked_emails: str = "unknown"  # purged before any contact had them; or "all" that were purged, or "none"
    deal_requires: list[str] = field(default_factory=lambda: ["dealname", "dealstage"])
    closing_dates_deals: bool = True
    deals_move_contacts: bool = True
    lead_seats: bool = True  # a seat of Sales Hub Professional or more; without one there is no Leads object
    search_lag_seconds: float = 5.0
    search_disorder_seconds: float = 0.0
    search_shuffled: bool = False
    search_truncates_ms: bool = False  # what came after "since" within its millisecond is found too
    account_limits: str = "generous"  # sets the four limits below in one go
    burst_limit: int = ACCOUNT_LIMITS["generous"][0]
    daily_limit: int = ACCOUNT_LIMITS["generous"][1]
    search_limit: int = ACCOUNT_LIMITS["generous"][2]
    oauth_burst_limit: int = ACCOUNT_LIMITS["generous"][3]
    form_limit: int = 50  # submissions without a token in 10 seconds
    form_delay_seconds: float = 5.0
    webhook_duplicates: bool = False
    webhook_disorder: bool = False
    webhook_retry_seconds: float = 8640.0  # ten of them make the 24 hours that HubSpot keeps trying
    webhook_timeout_seconds: float = 5.0
    webhook_v1_only: bool = False
    webhook_background: bool = False
    retry_after: bool = True
    token_expired: bool = False
    scopes: list[str] = field(default_factory=lambda: list(SCOPES))
    account_type: str = "DEVELOPER_TEST"
    ui_domain: str = "app.hubspot.com"
    time_zone: str = "US/Eastern"
    utc_offset_hours: int = -5  # fixed: no time-zone database is assumed, so there is no daylight saving

    def change(self, order: Mapping[str, Any]) -> None:
        """Set the named ones. Raises ValueError for an unknown name or a value of another kind; then nothing is set."""
        known = {entry.name for entry in fields(self)}
        for name, value in order.items():
            if name not in known:
                raise ValueError(f"unknown setting {name!r}; known: {', '.join(sorted(known))}, options")
            _require_kind(name, getattr(self, name), value)
        for rule in order.get("conditional_from_2026_09", []):
            if not isinstance(rule, dict) or rule.keys() != {"property", "values", "requires"}:
                raise ValueError(f"a rule of conditional_from_2026_09 has property, values and requires, not {rule!r}")
        if "account_limits" in order:
            kind = order["account_limits"]
            if kind not in ACCOUNT_LIMITS:
                raise ValueError(f"account_limits is one of {', '.join(ACCOUNT_LIMITS)}, not {kind!r}")
            self.burst_limit, self.daily_limit, self.search_limit, self.oauth_burst_limit = ACCOUNT_LIMITS[kind]
        for name, value in order.items():
            setattr(self, name, value)


def _require_kind(name: str, present: object, value: object) -> None:
    if isinstance(value, int | float) and value < 0 and name != "utc_offset_hours":
        raise ValueError(f"setting {name!r} is at least 0, not {value!r}")
    if isinstance(present, float) and isinstance(value, int) and not isinstance(value, bool):
        return
    if type(value) is not type(present):
        raise ValueError(f"setting {name!r} takes a {type(present).__name__}, not {value!r}")
