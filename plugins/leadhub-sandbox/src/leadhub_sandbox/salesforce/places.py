"""State and country picklists: with them on, a country and a state are texts and codes that must fit, else they are plain texts."""

from collections.abc import Mapping
from typing import Any

from leadhub_sandbox.salesforce.errors import ApiError
from leadhub_sandbox.salesforce.schema import Row, SObject

CODES = ("StateCode", "CountryCode")
Countries = Mapping[str, Mapping[str, Any]]


def settle_places(countries: Countries, obj: SObject, before: Row, given: Row) -> Row:
    """Return the names and codes that follow from what an address is given; nothing in an org of plain texts. Raises ApiError."""
    if not countries:
        return {}
    stems = [name.removesuffix("Address") for name, field in obj.fields.items() if field.type == "address"]
    settled: Row = {}
    for stem in stems:
        parts = [f"{stem}{part}" for part in ("Country", "CountryCode", "State", "StateCode")]
        if any(part in given for part in parts):
            settled |= _address(countries, stem, before, given)
    return settled


def _address(countries: Countries, stem: str, before: Row, given: Row) -> Row:
    names = {code: str(country["name"]) for code, country in countries.items()}
    code = _code(names, stem, "Country", before, given)
    if code is None and _given(stem, "State", given):
        raise _unfit("A country/territory must be specified before specifying a state value for field: State/Province", f"{stem}State")
    states: Mapping[str, str] = countries[code].get("states", {}) if code else {}
    state = _code(states, stem, "State", before, given)
    if state is not None and state not in states:
        raise _unfit("The existing country/territory doesn't recognize the state value for field: State/Province Code", f"{stem}StateCode")
    return {
        f"{stem}Country": names[code] if code else None,
        f"{stem}CountryCode": code,
        f"{stem}State": states[state] if state else None,
        f"{stem}StateCode": state,
    }


def _given(stem: str, part: str, given: Row) -> bool:
    return any(given.get(f"{stem}{part}{ending}") is not None for ending in ("", "Code"))


def _code(names: Mapping[str, str], stem: str, part: str, before: Row, given: Row) -> str | None:
    """Return the code that a name, a code or both give, or the one that was there."""
    name, code = given.get(f"{stem}{part}"), given.get(f"{stem}{part}Code")
    if name is None and code is None:
        touched = f"{stem}{part}" in given or f"{stem}{part}Code" in given
        return None if touched else _kept(before.get(f"{stem}{part}Code"))
    if code is not None and code not in names:
        text = f"{part} Code: bad value for restricted picklist field: {code}"
        raise ApiError(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", text, [f"{stem}{part}Code"])
    named = next((known for known, text in names.items() if text.lower() == str(name).lower()), None)
    if name is not None and (named is None or code not in (None, named)):
        kind, many = ("country", "countries") if part == "Country" else ("state", "states")
        text = f"There's a problem with this {kind}, even though it may appear correct. Please select a {kind} from the list of valid {many}."  # noqa: S608 - Salesforce's words, no SQL
        raise _unfit(f"{text}: {part}", f"{stem}{part}")
    return _kept(code) or named


def _kept(code: object) -> str | None:
    return str(code) if code is not None else None


def _unfit(text: str, field: str) -> ApiError:
    return ApiError(400, "FIELD_INTEGRITY_EXCEPTION", text, [field])
