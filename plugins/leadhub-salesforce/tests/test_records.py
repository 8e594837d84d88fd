"""Check, describe, reread and find; settings, ids and what the package gives to the core."""

import string
from datetime import UTC, datetime
from typing import Any

import leadhub_salesforce
import pytest
from hypothesis import given
from hypothesis import strategies as st
from leadhub_salesforce.connector import SalesforceConnector
from leadhub_salesforce.mapping import MAPPINGS
from leadhub_salesforce.schema import Field
from leadhub_salesforce.settings import Settings
from leadhub_salesforce.values import full_id, is_id, parse_time, soql_time
from pydantic import ValidationError

from leadhub import AccessDenied, Attributes, Describes, Directory, FatalError, Finds, Gone, LastModified, Meters, Rereads, Target, UnknownOutcome


def test_check_says_which_org_and_as_whom(org: Any) -> None:
    """The 18-character org id, production or not, and leadhub's own user."""
    identity = org.connector().check()
    assert (len(identity.org), identity.org[:3]) == (18, "00D")
    assert (identity.name, identity.user, identity.production) == ("Acme Example", "leadhub@acme.example", False)
    assert identity.user_id.startswith("005")
    org.admin("settings", is_sandbox=False)
    assert org.connector().check().production is True


@pytest.mark.parametrize("answer", [{}, {"records": None}, [], "text", None])
def test_an_answer_of_another_shape_never_passes_for_an_empty_one(org: Any, monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    """An answer without records is not "no records": it is told as unreadable."""
    connector = org.connector()
    monkeypatch.setattr(connector._client, "_call", lambda *_, **__: answer)
    for call in (lambda: connector.find("Lead", ["k1"]), lambda: connector.describe("Lead"), connector.check, lambda: next(connector.pull(None))):
        with pytest.raises(UnknownOutcome):
            call()


def test_an_org_that_does_not_show_itself_is_access_denied(org: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the Organization row nobody can tell production from a sandbox, so nothing goes on."""
    connector = org.connector()
    monkeypatch.setattr(connector._client, "query", lambda _: {"records": [], "done": True})
    with pytest.raises(AccessDenied, match="Organization"):
        connector.check()


def test_describe_tells_what_the_live_org_has(org: Any) -> None:
    """Writable, required, lengths, active options by value, and the statuses that only a conversion sets."""
    fields = org.connector().describe("Lead")
    assert (fields["LastName"].required, fields["LastName"].max_length, fields["LastName"].writable) == (True, 80, True)
    assert (fields["Email"].required, fields["Name"].writable, fields["IsConverted"].writable) == (False, False, False)
    assert fields["Status"].options is not None
    assert "Working - Contacted" in fields["Status"].options
    assert "Working" not in fields["Status"].options
    assert fields["Status"].converted == ("Closed - Converted",)
    assert fields["Email"].options is None
    assert fields["DoNotCall"].required is False


def test_inactive_picklist_values_are_no_options() -> None:
    """A value that an administrator has switched off is not offered, and a field with a default of its own is not required."""
    entries = [{"value": "Hot", "label": "On fire", "active": True}, {"value": "Cold", "label": "Cold", "active": False}]
    row = {"name": "Rating", "label": "Rating", "type": "picklist", "createable": True, "updateable": False, "nillable": False}
    field = Field.parse(row | {"defaultedOnCreate": True, "length": 255, "picklistValues": entries})
    assert (field.options, field.required) == (("Hot",), False)
    assert Field.parse(row).required is True


def test_describe_is_asked_anew_and_leaves_out_what_is_hidden(org: Any) -> None:
    """A field hidden since is not there, without a wait; another object is refused by name."""
    connector = org.connector()
    assert "Phone" in connector.describe("Lead")
    org.admin("settings", hidden_fields={"Lead": ["Phone"]})
    assert "Phone" not in connector.describe("Lead")
    with pytest.raises(FatalError, match="Account"):
        connector.describe("Account")


def test_reread_gives_each_record_by_the_id_asked_for(org: Any) -> None:
    """Live, deleted, merged, converted, vanished and impossible ids, short and long, each tell what became of them."""
    live, dropped, winner, loser, won, purged = (org.lead(LastName=f"L{n}") for n in range(6))
    for lead in (dropped, purged):
        org.admin("delete", id=lead)
    org.admin("purge", id=purged)
    org.admin("merge", winner=winner, losers=[loser])
    org.admin("convert", id=won)
    got = org.connector().reread("Lead", [live, live[:15], dropped, loser, won, purged, "nonsense"])
    assert got[live].values["LastName"] == "L0"
    assert got[live[:15]].id == live
    assert got[dropped].gone is Gone.DELETED
    assert (got[loser].gone, got[loser].gone_to) == (Gone.MERGED, winner)
    assert got[won].gone is None
    assert got[won].refs["Contact"].startswith("003")
    assert got[purged].gone is got["nonsense"].gone is Gone.VANISHED


def test_reread_takes_many_ids_in_few_calls(org: Any, create: Any, pushed: Any) -> None:
    """Up to 2,000 live leads are one call; hundreds of vanished ones are looked for in the bin, 200 a call."""
    connector = org.connector()
    leads = [o.record_id for o in pushed(connector, *(create(f"k{n}") for n in range(200))).values()]
    nowhere = [full_id(f"00QXX{n:010d}") for n in range(250)]
    org.forget()
    got = connector.reread("Lead", [*leads, *nowhere])
    assert len(got) == 450
    assert sum(record.gone is None for record in got.values()) == 200
    assert sum(record.gone is Gone.VANISHED for record in got.values()) == 250
    assert len(org.journal(part="composite")) == 1
    assert len(org.journal(part="queryAll")) == 2


def test_reread_survives_a_field_that_was_just_hidden(org: Any) -> None:
    """The check before a write does not fail because an administrator hid a field a moment ago."""
    connector, lead = org.connector(), org.lead()
    connector.reread("Lead", [lead])
    org.admin("settings", hidden_fields={"Lead": ["Phone"]})
    assert "Phone" not in connector.reread("Lead", [lead])[lead].values


def test_find_gives_live_leads_by_our_key_at_once(org: Any, create: Any, pushed: Any) -> None:
    """Found right after the write, by the key as it was asked for; unknown and deleted keys are absent; quotes in a key do no harm."""
    connector = org.connector()
    keys = [f"Key-{n}" for n in range(199)] + ["it's \\ 'odd'"]
    outcomes = pushed(connector, *(create(key) for key in keys))
    org.admin("delete", id=outcomes["Key-3"].record_id)
    found = connector.find("Lead", [*keys, "unknown", *(f"none-{n}" for n in range(50))])
    assert set(found) == set(keys) - {"Key-3"}
    assert all(found[key].id == outcomes[key].record_id for key in found)
    assert connector.find("Lead", []) == {}


def test_find_reads_on_when_the_answer_is_not_the_whole(org: Any, create: Any, pushed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that is not done is no "not there": the rest is asked for, or a create would be made twice."""
    connector = org.connector()
    pushed(connector, *(create(f"k{n}") for n in range(5)))
    query = connector._client.query

    def short(soql: str, *, deleted: bool = False) -> Any:
        answer = query(soql, deleted=deleted)
        rows = answer["records"]
        return answer | {"records": rows[:2], "done": len(rows) <= 2} if "LeadhubId__c IN" in soql else answer

    monkeypatch.setattr(connector._client, "query", short)
    assert set(connector.find("Lead", [f"k{n}" for n in range(5)])) == {f"k{n}" for n in range(5)}


def test_the_connector_has_the_capabilities_it_is_meant_to_have(org: Any) -> None:
    """Capabilities are types: Salesforce's connector has all of them."""
    connector = org.connector()
    for protocol in (Target, Rereads, Finds, Describes, Meters, Attributes, LastModified, Directory):
        assert isinstance(connector, protocol)


def test_the_plugin_registers_its_connector_and_its_presets() -> None:
    """The hooks give the connector class and every TOML file of the package by its stem."""
    assert tuple(leadhub_salesforce.register_connectors()) == (SalesforceConnector,)
    presets = leadhub_salesforce.register_presets()
    assert MAPPINGS[0].state in presets
    assert all(not name.endswith(".toml") and text.strip() for name, text in presets.items())


GOOD = {"login_url": "https://acme.my.salesforce.com", "client_id": "id", "client_secret": "s"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"login_url": "http://acme.my.salesforce.com"},
        {"login_url": "http://127.0.0.1.evil.example"},
        {"login_url": "ftp://127.0.0.1"},
        {"login_url": "https://"},
        {"login_url": "https://acme.my.salesforce.com/services"},
        {"login_url": "https://user@acme.my.salesforce.com"},
        {"client_id": ""},
        {"api_version": "66"},
        {"api_version": "../66.0"},
        {"external_id": "Id = '1' OR Id"},
        {"owner_on_create": "jane"},
        {"owner_on_create": "00Q000000000001"},
        {"contacts": "some"},
        {"password": "x"},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    """Plain http beyond loopback, odd addresses, versions, field names and owners are refused when the configuration is read."""
    Settings.model_validate(GOOD)
    with pytest.raises(ValidationError):
        Settings.model_validate(GOOD | wrong)


def test_settings_are_normalized_and_keep_the_secret() -> None:
    """A trailing slash goes, false means no external id, a short owner id becomes the long one, and the secret shows nowhere."""
    made = Settings.model_validate(GOOD | {"login_url": GOOD["login_url"] + "/", "external_id": False, "owner_on_create": "005000000000001"})
    assert (made.login_url, made.external_id) == ("https://acme.my.salesforce.com", None)
    assert made.owner_on_create == full_id("005000000000001")
    assert "client_secret=SecretStr('**********')" in repr(made)


@pytest.mark.parametrize(
    ("short", "long"),
    [("001D000000IRFma", "001D000000IRFmaIAH"), ("005D0000001KyEI", "005D0000001KyEIIA0"), ("00QXXXXXXXXXXXX", "00QXXXXXXXXXXXX255")],
)
def test_short_ids_get_the_suffix_that_salesforce_gives(short: str, long: str) -> None:
    """Fifteen characters become the eighteen that the API answers; eighteen stay as they are."""
    assert full_id(short) == full_id(long) == long


@given(st.text(alphabet=string.ascii_letters + string.digits, min_size=15, max_size=15))
def test_long_ids_differ_whenever_short_ones_do_even_without_case(short: str) -> None:
    """The suffix tells ids apart that differ in case alone."""
    other = short.swapcase()
    assert is_id(full_id(short))
    assert (full_id(short).lower() == full_id(other).lower()) == (short == other)


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis wants naive bounds
def test_instants_survive_the_way_to_the_second(instant: datetime) -> None:
    """A stamp written as a SOQL literal and read back is the same second."""
    assert parse_time(soql_time(instant)) == instant.replace(microsecond=0)
    assert parse_time(instant.strftime("%Y-%m-%dT%H:%M:%S.000+0000")) == instant.replace(microsecond=0)
