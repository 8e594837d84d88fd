"""What a test can set about the org, through POST /_sandbox/settings."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from leadhub_sandbox.local import loopback
from leadhub_sandbox.salesforce.duplicates import check_rules
from leadhub_sandbox.salesforce.objects import OBJECTS

MOST_TRACKED = 20
TRIGGER_EVENTS = ("Insert", "Update", "Delete")
STATUSES: list[dict[str, Any]] = [
    {"ApiName": "Open - Not Contacted", "MasterLabel": "Open", "SortOrder": 1, "IsDefault": True, "IsConverted": False},
    {"ApiName": "Working - Contacted", "MasterLabel": "Working", "SortOrder": 3, "IsDefault": False, "IsConverted": False},
    {"ApiName": "Closed - Converted", "MasterLabel": "Converted", "SortOrder": 4, "IsDefault": False, "IsConverted": True},
    {"ApiName": "Closed - Not Converted", "MasterLabel": "Closed", "SortOrder": 7, "IsDefault": False, "IsConverted": False},
]
CURRENCY = ("IsoCode", "ConversionRate", "IsActive", "IsCorporate")
_STAGES = (
    ("Prospecting", 10, "Pipeline"),
    ("Qualification", 10, "Pipeline"),
    ("Needs Analysis", 20, "Pipeline"),
    ("Value Proposition", 50, "Pipeline"),
    ("Id. Decision Makers", 60, "Pipeline"),
    ("Perception Analysis", 70, "Pipeline"),
    ("Proposal/Price Quote", 75, "Pipeline"),
    ("Negotiation/Review", 90, "Pipeline"),
    ("Closed Won", 100, "Closed"),
    ("Closed Lost", 0, "Omitted"),
)
STAGES: list[dict[str, Any]] = [
    {
        "ApiName": name,
        "MasterLabel": name,
        "SortOrder": order,
        "IsClosed": name.startswith("Closed"),
        "IsWon": name == "Closed Won",
        "DefaultProbability": float(chance),
        "ForecastCategory": forecast,
    }
    for order, (name, chance, forecast) in enumerate(_STAGES, 1)
]


@dataclass(slots=True)
class Settings:
    """The knobs. Times are seconds on the sandbox's clock; `hidden_fields` and `automations` are described in the README."""

    statuses: list[dict[str, Any]] = field(default_factory=lambda: [dict(s) for s in STATUSES])
    stages: list[dict[str, Any]] = field(default_factory=lambda: [dict(s) for s in STAGES])
    record_types: list[dict[str, Any]] = field(default_factory=list)
    currencies: list[dict[str, Any]] = field(default_factory=list)
    countries: dict[str, dict[str, Any]] = field(default_factory=dict)
    assignment_rule: dict[str, Any] = field(default_factory=dict)
    daily_limit: int = 100_000
    hidden_fields: dict[str, list[str]] = field(default_factory=dict)
    hidden_objects: list[str] = field(default_factory=list)
    unshared: list[str] = field(default_factory=list)
    no_delete: list[str] = field(default_factory=list)
    field_history: dict[str, list[str]] = field(default_factory=dict)
    lead_field_mapping: dict[str, str] = field(default_factory=dict)
    page_size: int = 2000
    short_pages: bool = False
    session_seconds: float = 7200.0
    cursor_seconds: float = 2 * 86_400.0
    rotate_refresh_tokens: bool = False
    soap_login: bool = True
    instance_url: str = ""
    view_edit_converted: bool = False
    is_sandbox: bool = True
    commit_skew: float = 0.0
    locked_records: list[str] = field(default_factory=list)
    automations: list[dict[str, Any]] = field(default_factory=list)
    trigger_errors: list[dict[str, Any]] = field(default_factory=list)
    concurrent_limit: int = 25
    long_call_seconds: float = 20.0
    query_timeouts: dict[str, int] = field(default_factory=dict)
    validation_rules: list[dict[str, Any]] = field(default_factory=list)
    duplicate_rules: list[dict[str, Any]] = field(default_factory=list)
    misspelt_duplicate_key: bool = False
    validate_conversions: bool = True
    jwt_keys: dict[str, dict[str, str]] = field(default_factory=dict)
    daily_query_jobs: int = 10_000
    bulk_polls: int = 2
    bulk_seconds: float = 0.0
    bulk_page_size: int = 50_000
    bulk_failure: str = ""
    bulk_auto_assign: bool = True

    def update(self, order: Mapping[str, Any]) -> None:
        """Set what the order names; raises ValueError for an unknown name or a value of another type."""
        known = {f.name: getattr(self, f.name) for f in fields(self)}
        for name, value in order.items():
            if name not in known:
                raise ValueError(f"unknown setting {name!r}; known: {', '.join(sorted(known))}, expire_tokens, expire_cursors")
            _check_kind(name, known[name], value)
        for name, example in (("statuses", STATUSES[0]), ("stages", STAGES[0]), ("currencies", CURRENCY)):
            for entry in order.get(name, ()):
                if set(entry) != set(example):
                    raise ValueError(f"each of {name} has exactly the keys {', '.join(example)}, not {entry!r}")
        if order.get("instance_url"):
            loopback(order["instance_url"])
        _check_features(order)
        _check_history(order.get("field_history", {}))
        _check_keys(order, "automations", "set")
        _check_keys(order, "validation_rules", "message")
        _check_keys(order, "trigger_errors", "cause")
        _check_triggers(order)
        check_rules(order.get("duplicate_rules", []))
        if order.get("assignment_rule", {}).get("active") and "owner" not in order["assignment_rule"]:
            raise ValueError("an active assignment_rule needs an owner")
        for name, value in order.items():
            setattr(self, name, value)

    def as_json(self) -> dict[str, Any]:
        """Return the settings as POST /_sandbox/settings takes them."""
        return asdict(self)


def _check_kind(name: str, present: object, value: object) -> None:
    """Check that a value is of the kind of the present one, and no number below 0."""
    kind = (int, float) if isinstance(present, float) else type(present)
    if not isinstance(value, kind):
        raise ValueError(f"setting {name!r} takes a {type(present).__name__}, not {value!r}")  # noqa: TRY004 - the admin API answers ValueError with 400
    if isinstance(value, int | float) and value < 0:
        raise ValueError(f"setting {name!r} is at least 0, not {value!r}")


def _check_triggers(order: Mapping[str, Any]) -> None:
    for rule in order.get("trigger_errors", ()):
        if set(rule.get("on", ())) - set(TRIGGER_EVENTS):
            raise ValueError(f"a trigger error is on {', '.join(TRIGGER_EVENTS)}, not {rule['on']!r}")


def _check_features(order: Mapping[str, Any]) -> None:
    """Check record types, currencies and countries: what they name must be there."""
    for kind in order.get("record_types", ()):
        known = OBJECTS.get(kind.get("object", ""))
        if known is None or "RecordTypeId" not in known.fields or not kind.get("name"):
            raise ValueError(f"a record type needs an object with RecordTypeId and a name, not {kind!r}")
        if unknown := set(kind.get("values", {})) - set(known.fields):
            raise ValueError(f"record type {kind['name']}: {known.name} has no field {min(unknown)}")
    if order.get("currencies") and sum(1 for c in order["currencies"] if c["IsCorporate"] and c["IsActive"]) != 1:
        raise ValueError("exactly one currency must be active and IsCorporate")
    for code, country in order.get("countries", {}).items():
        if not isinstance(country, dict) or "name" not in country or not isinstance(country.get("states", {}), dict):
            raise ValueError(f"countries has {{code: {{'name', 'states': {{code: name}}}}}}, not {code!r}: {country!r}")


def _check_history(wanted: Mapping[str, list[str]]) -> None:
    """Check what is to be tracked: at most 20 fields an object, as in Salesforce."""
    for name, tracked in wanted.items():
        if f"{name}History" not in OBJECTS:
            raise ValueError(f"{name} keeps no field history; Lead and Contact do")
        unknown = [one for one in tracked if one not in OBJECTS[name].fields]
        if unknown or len(tracked) > MOST_TRACKED:
            raise ValueError(f"field_history of {name} takes up to {MOST_TRACKED} of its fields; not among them: {', '.join(unknown) or 'none'}")


def _check_keys(order: Mapping[str, Any], name: str, key: str) -> None:
    for rule in order.get(name, ()):
        if not isinstance(rule, dict) or key not in rule:
            raise ValueError(f"each of {name} needs the key {key!r}, not {rule!r}")
