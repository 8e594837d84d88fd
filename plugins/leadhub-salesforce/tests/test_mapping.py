"""The shipped field maps, held against what the live objects describe, and the words for salutations, ratings and sources."""

from typing import Any

import pytest
from leadhub_salesforce.mapping import CONTACT, LEAD, MAPPINGS, OPPORTUNITY

from leadhub import FieldMapping, ObjectMapping

BY_NAME: dict[str, ObjectMapping] = {mapping.object: mapping for mapping in MAPPINGS}
TYPES = {
    "text": {"string", "email", "phone", "url", "textarea", "picklist"},
    "boolean": {"boolean"},
    "integer": {"int"},
    "decimal": {"double", "currency"},
    "date": {"date"},
    "datetime": {"datetime"},
    "owner": {"reference"},
}
CHANNELS = {
    *("organic_search", "paid_search", "paid_social", "organic_social", "email", "referral", "referral_person", "direct", "event", "partner"),
    *("phone_in", "outbound", "purchased_list", "content", "direct_mail", "ai_assistant", "offline_other", "import", "unknown"),
}


def of(object_name: str, canonical: str) -> FieldMapping:
    return next(field for field in BY_NAME[object_name].fields if field.canonical == canonical)


@pytest.mark.parametrize("object_name", [LEAD, CONTACT])
def test_every_mapped_field_is_as_the_live_object_describes_it(org: Any, object_name: str) -> None:
    """Length, type and writability of each mapped field are the describe's; only what Salesforce demands is required."""
    connector = org.connector()
    described, kinds = connector.describe(object_name), connector._schema(object_name).fields
    for field in BY_NAME[object_name].fields:
        live = described[field.native]
        assert kinds[field.native].type in TYPES[field.type], field.native
        assert live.writable == field.writable, field.native
        if field.type == "text":
            assert live.max_length == field.max_length, field.native
        if field.canonical != "owner":  # never blank, but Salesforce gives a new lead one
            assert live.required == field.required, field.native
    assert {name for name, live in described.items() if live.required} <= {field.native for field in BY_NAME[object_name].fields}


@pytest.mark.parametrize("object_name", [LEAD, CONTACT])
def test_no_field_is_mapped_twice(object_name: str) -> None:
    """Each canonical field has one native field, and each native field one canonical."""
    fields = BY_NAME[object_name].fields
    assert len({f.canonical for f in fields}) == len({f.native for f in fields}) == len(fields)


def test_a_contact_speaks_of_the_person_alone() -> None:
    """No owner, source, company or state of a lead is read from or written to a Contact, and leadhub makes none."""
    contact = BY_NAME[CONTACT]
    assert {"owner", "source", "rating", "company", "industry", "employees"}.isdisjoint(f.canonical for f in contact.fields)
    assert (contact.state, contact.own_lead, contact.creates) == (None, False, False)
    assert BY_NAME[LEAD].same_person == {CONTACT: "ConvertedContactId", OPPORTUNITY: "ConvertedOpportunityId"}


def test_consent_and_owner_are_typed() -> None:
    """Opt-outs are booleans on both objects, an owner is an owner and never blank, a placeholder company is a blank."""
    for name in (LEAD, CONTACT):
        assert {of(name, field).type for field in ("email_opt_out", "do_not_call")} == {"boolean"}
    assert (of(LEAD, "owner").type, of(LEAD, "owner").required) == ("owner", True)
    assert of(LEAD, "company").missing == ("[not provided]",)


@pytest.mark.parametrize("canonical", ["salutation", "rating", "source"])
def test_every_listed_value_is_one_of_the_live_picklist(org: Any, canonical: str) -> None:
    """What leadhub may write into a picklist is what a standard org offers there."""
    mapped = of(LEAD, canonical)
    options = org.connector().describe(LEAD)[mapped.native].options
    assert {listed.native for listed in mapped.values} == set(options)


def test_every_channel_has_a_word_and_the_finest_one_is_written() -> None:
    """Each channel is written as the first value that stands for it, and "Other" only where no other does."""
    words = {channel: next(listed.native for listed in of(LEAD, "source").values if channel in listed.canonical) for channel in CHANNELS}
    assert words["organic_search"] == words["content"] == words["paid_social"] == "Web"
    assert words["referral_person"] == "Partner Referral"
    assert words["phone_in"] == "Phone Inquiry"
    assert words["purchased_list"] == "Purchased List"
    assert {channel for channel, word in words.items() if word == "Other"} == {
        *("organic_social", "email", "event", "outbound", "direct_mail", "ai_assistant", "offline_other", "import", "unknown")
    }
    assert set(next(listed for listed in of(LEAD, "source").values if listed.native == "Other").canonical) == CHANNELS


def test_what_is_read_alone_is_no_guess() -> None:
    """Web reads as organic search, the commonest, a rating as its own word, and Other as nothing known."""
    read = {listed.native: listed.canonical[0] for field in ("source", "rating", "salutation") for listed in of(LEAD, field).values}
    assert (read["Web"], read["Other"], read["Hot"], read["Mr."]) == ("organic_search", "unknown", "hot", "Mr.")
