"""The field mapping against the account that it speaks of."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from leadhub_hubspot.mapping import MAPPINGS, OPT_OUT

from leadhub import Change, FieldMapping, Record, Result

FIELDS = {mapped.native: mapped for mapped in MAPPINGS[0].fields}
TYPES = {"boolean": {"bool"}, "datetime": {"datetime"}, "owner": {"enumeration"}, "multi": {"enumeration"}, "decimal": {"number", "string"}}


@pytest.fixture
def properties(sandbox: Any) -> Mapping[str, Mapping[str, Any]]:
    """The account's own description of its properties, by name."""
    headers = {"Authorization": f"Bearer {sandbox.service.token}"}
    listed = sandbox.admin.get("/crm/v3/properties/contacts", headers=headers).json()["results"]
    return {entry["name"]: entry for entry in listed}


@pytest.mark.parametrize("mapped", FIELDS.values(), ids=lambda mapped: mapped.native)
def test_each_mapped_property_is_what_the_mapping_says(properties: Mapping[str, Mapping[str, Any]], mapped: FieldMapping) -> None:
    """A mapped property exists, has the type that leadhub reads it as, and is written only where HubSpot lets the API write it."""
    entry = properties[mapped.native]
    assert entry["type"] in TYPES.get(mapped.type, {"string", "enumeration"})
    read_only = entry["modificationMetadata"]["readOnlyValue"] or entry["calculated"]
    assert not (mapped.writable and read_only) or mapped.native == OPT_OUT


def test_each_canonical_field_has_one_property() -> None:
    """Besides members of a set, no canonical field is read from two properties, and no property into two fields."""
    plain = [mapped.canonical for mapped in FIELDS.values() if not mapped.member]
    assert len(plain) == len(set(plain))
    assert len(FIELDS) == len(MAPPINGS[0].fields)


@pytest.mark.parametrize("native", ["hs_language", "hs_timezone", "hs_analytics_source"])
def test_the_accounts_options_are_known(properties: Mapping[str, Mapping[str, Any]], native: str) -> None:
    """Every option that is not the canonical value itself has its mapping: a code with a region, a time zone, a channel."""
    listed = {value.native for value in FIELDS[native].values}
    odd = [option["value"] for option in properties[native]["options"] if not (native == "hs_language" and len(option["value"]) == 2)]
    assert odd
    assert set(odd) <= listed


def test_a_value_mapping_is_told_apart() -> None:
    """No native value is listed twice in one field."""
    for mapped in FIELDS.values():
        natives = [value.native for value in mapped.values]
        assert len(natives) == len(set(natives)), mapped.native


def test_written_values_are_read_back(sandbox: Any, change: Callable[..., Change]) -> None:
    """What leadhub sends for the wider fields HubSpot takes, and shows as it was sent."""
    sent = {
        "mobilephone": "+49 151 5550100",
        "website": "https://acme.example",
        "address": "Main Street 1\nFloor 2",
        "country": "Germany",
        "hs_language": "de-at",
        "hs_timezone": "europe_slash_berlin",
        "annualrevenue": "250000",
        "hubspot_owner_id": "7002",
        "message": "Call me",
    }
    [made] = sandbox.connector().push([change("k", email="a@example.com", **sent)])
    assert made.result is Result.ACCEPTED
    found = sandbox.connector(wanted=tuple(sent)).reread("contacts", [str(made.record_id)])
    assert found[str(made.record_id)].values == sent


def test_further_addresses_come_along(sandbox: Any, records: Callable[..., dict[str, Record]]) -> None:
    """A contact's secondary addresses are read, as the one text that HubSpot keeps them in."""
    one = sandbox.create(email="a@example.com", hs_additional_emails="b@example.com;c@example.com")
    found = records(sandbox.connector(wanted=("email", "hs_additional_emails")).pull(None))
    assert found[one].values == {"email": "a@example.com", "hs_additional_emails": "b@example.com;c@example.com"}
