"""Contacts: which are read and at what cost, what a conversion leaves to be written, and that a Contact never stops a Lead."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from leadhub_salesforce import position, reading

from leadhub import Change, FatalError, Gone, InvalidValue, Operation, Record, Result, StaleRecord, Unavailable, UnknownOutcome

SETTLE = (position.OVERLAP + timedelta(minutes=1)).total_seconds()


def contacts_in(records: dict[str, Record]) -> set[str]:
    return {record.id for record in records.values() if record.object == "Contact"}


@pytest.mark.parametrize(("which", "found"), [("converted", {"mine"}), ("all", {"mine", "other"}), ("none", set())])
def test_the_setting_chooses_which_contacts_are_read(*, org: Any, pulled: Any, which: str, found: set[str]) -> None:
    """Those that converted leads became, all of the org's, or none; Leads come in any case."""
    lead, mine = org.converted(Email="ann@acme.example")
    ids = {"mine": mine, "other": org.contact()}
    records, _ = pulled(org.connector(contacts=which))
    assert contacts_in(records) == {ids[name] for name in found}
    assert records[lead].values["ConvertedContactId"] == mine


def test_a_contact_is_a_record_with_a_persons_values(org: Any, pulled: Any) -> None:
    """Its values come under the Contact's own names, with stamp and creation, and nothing of its lead."""
    _, contact = org.converted(Email="ann@acme.example", HasOptedOutOfEmail=True)
    record = pulled(org.connector())[0][contact]
    assert (record.object, record.values["Email"], record.values["HasOptedOutOfEmail"]) == ("Contact", "ann@acme.example", True)
    assert record.values["Department"] is None
    assert record.stamp == record.created
    assert not {"Status", "Company", "OwnerId"} & set(record.values)


def test_an_edited_contact_comes_alone(org: Any, pulled: Any) -> None:
    """After the overlap only the contact that a person edited is in the next pull."""
    org.converted(LastName="Quiet")
    _, contact = org.converted(LastName="Busy")
    _, cursor = pulled(org.connector())
    org.clock.advance(SETTLE)
    _, cursor = pulled(org.connector(), cursor)
    org.clock.advance(SETTLE)
    org.edit(contact, Phone="5")
    records, _ = pulled(org.connector(), cursor)
    assert set(records) == {contact}
    assert records[contact].values["Phone"] == "5"


def test_a_contact_that_was_long_there_comes_with_its_lead(org: Any, pulled: Any) -> None:
    """A lead converted into an old contact, which does not change by it, brings that contact: one call more, and none without conversions."""
    old = org.contact(LastName="Old")
    lead = org.lead(LastName="New")
    _, cursor = pulled(org.connector())
    org.clock.advance(SETTLE)
    org.admin("convert", id=lead, contact_id=old)
    org.forget()
    records, cursor = pulled(org.connector(), cursor)
    assert records[old].values["LastName"] == "Old"
    assert len(org.journal(part="composite/sobjects/Contact")) == 1
    org.clock.advance(SETTLE)
    _, cursor = pulled(org.connector(), cursor)
    org.clock.advance(SETTLE)
    org.edit(org.lead(), Title="x")
    org.forget()
    pulled(org.connector(), cursor)
    assert not org.journal(part="composite/sobjects/Contact")


def test_an_old_contact_comes_with_its_lead_though_the_first_pass_is_not_over(org: Any, pulled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A first pass over the contacts that broke off behind the old contact's stamp does not lose it."""
    monkeypatch.setattr(reading, "PAGE", 1)
    old, lead = org.contact(LastName="Old"), org.lead(LastName="New")
    org.clock.advance(SETTLE)
    for n in range(3):
        org.clock.advance(60)
        org.converted(LastName=f"L{n}")
    pages = list(org.connector().pull(None))
    broken = next(page for page in pages if page.records and page.records[0].object == "Contact")
    org.clock.advance(SETTLE)
    org.admin("convert", id=lead, contact_id=old)
    assert old in pulled(org.connector(), broken.cursor)[0]


def test_a_first_load_reads_no_contact_twice(org: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first pass over the contacts finds all of them, so none is asked for by id: one query for each page of 2,000."""
    monkeypatch.setattr(reading, "PAGE", 2)
    contacts = [org.converted(LastName=f"L{n}")[1] for n in range(5)]
    seen = [record.id for page in org.connector().pull(None) for record in page.records if record.object == "Contact"]
    assert sorted(seen) == sorted(contacts)
    assert not org.journal(part="composite/sobjects/Contact")
    assert len([call for call in org.journal(part="queryAll") if "FROM+Contact" in call["target"].replace("%20", "+")]) == 3


@pytest.mark.parametrize("settled", [0, 1])
def test_a_deleted_and_a_merged_contact_are_told(org: Any, pulled: Any, settled: int) -> None:
    """A contact in the bin is gone; one that lost a merge names the winner, which comes along though no lead points at it.

    So it is whether the contact comes by its own change (the leads lie behind the overlap) or with its lead.
    """
    _, dropped = org.converted(LastName="Dropped")
    _, loser = org.converted(LastName="Loser")
    winner = org.contact(LastName="Winner")
    cursor = None
    for _ in range(1 + settled):
        _, cursor = pulled(org.connector(), cursor)
        org.clock.advance(SETTLE)
    org.admin("delete", id=dropped)
    org.admin("merge", object="Contact", winner=winner, losers=[loser])
    records, _ = pulled(org.connector(), cursor)
    assert records[dropped].gone is Gone.DELETED
    assert (records[loser].gone, records[loser].gone_to) == (Gone.MERGED, winner)
    assert records[winner].gone is None


def test_a_chain_of_merges_leads_to_the_last_winner(org: Any, pulled: Any) -> None:
    """Where the winner lost the next merge, both steps and the contact that is left are told."""
    _, first = org.converted()
    second, last = org.contact(LastName="Second"), org.contact(LastName="Last")
    org.admin("merge", object="Contact", winner=second, losers=[first])
    org.admin("merge", object="Contact", winner=last, losers=[second])
    records, _ = pulled(org.connector())
    assert [records[i].gone_to for i in (first, second, last)] == [second, last, None]


@pytest.mark.parametrize("change", [("none", "converted"), ("converted", "all"), ("all", "converted")])
def test_another_choice_of_contacts_reads_them_anew(org: Any, pulled: Any, change: tuple[str, str]) -> None:
    """Whoever widens the setting later gets the contacts of all times, and the leads do not start over."""
    before, after = change
    lead, mine = org.converted()
    org.contact()
    _, cursor = pulled(org.connector(contacts=before))
    org.clock.advance(SETTLE)
    _, cursor = pulled(org.connector(contacts=before), cursor)
    org.clock.advance(SETTLE)
    records, _ = pulled(org.connector(contacts=after), cursor)
    assert mine in records
    assert lead not in records


def test_a_cursor_from_before_contacts_were_read_goes_on(org: Any, pulled: Any) -> None:
    """A cursor without a word on contacts resumes the leads and reads the contacts from the beginning."""
    lead, contact = org.converted()
    org.clock.advance(SETTLE)
    old = {"watermark": org.clock.now().isoformat(), "upper": None, "after": None}
    org.clock.advance(SETTLE)
    records, _ = pulled(org.connector(), old)
    assert contact in records
    assert lead not in records


def test_a_login_without_contacts_still_reads_leads(org: Any, pulled: Any) -> None:
    """An org that shows no Contacts stops nothing: leads come, one warning names what is missing, and a later permission reads them all."""
    lead, contact = org.converted()
    org.admin("settings", hidden_objects=["Contact"])
    connector = org.connector()
    records, cursor = pulled(connector)
    assert set(records) == {lead}
    ((event, told),) = org.log.warnings
    assert (event, told["object"]) == ("salesforce.fields_not_visible", "Contact")
    assert connector.describe("Contact") == {}
    with pytest.raises(FatalError, match="out of sight") as caught:
        connector.reread("Contact", [contact])
    assert caught.value.next_step
    org.admin("settings", hidden_objects=[])
    assert contact in pulled(org.connector(), cursor)[0]


def test_a_hidden_link_to_contacts_stops_nothing(org: Any, pulled: Any) -> None:
    """Without ConvertedContactId nobody can tell which contacts are meant, so none is read; all of them still can be."""
    lead, contact = org.converted()
    org.admin("settings", hidden_fields={"Lead": ["ConvertedContactId"]})
    assert set(pulled(org.connector())[0]) == {lead}
    assert set(pulled(org.connector(contacts="all"))[0]) == {lead, contact}


@pytest.mark.parametrize("kind", ["html_503", "drop_before", "truncate", "query_timeout"])
@pytest.mark.parametrize("path", ["queryAll", "composite/sobjects/Contact"])
def test_a_failed_contact_page_may_be_asked_for_again(*, org: Any, pulled: Any, kind: str, path: str) -> None:
    """Wherever reading the contacts breaks off, the same `next` made again goes on without a loss."""
    old, lead = org.contact(LastName="Old"), org.lead()
    _, edited = org.converted(LastName="Edited")
    _, cursor = pulled(org.connector())
    org.clock.advance(SETTLE)
    org.edit(edited, Phone="5")
    org.admin("convert", id=lead, contact_id=old)
    pages = org.connector().pull(cursor)
    org.admin("faults", kind=kind, path=path, skip=1 if path == "queryAll" else 0)
    seen: list[Record] = []
    with pytest.raises((Unavailable, UnknownOutcome)):
        seen.extend(record for page in pages for record in page.records)
    seen += [record for page in pages for record in page.records]
    assert {lead, old, edited} <= {record.id for record in seen}


# ---- writing ---------------------------------------------------------------------------------------------------------------------------


def test_after_a_conversion_the_contact_is_written_and_the_lead_left_alone(org: Any, update: Any, pushed: Any) -> None:
    """Edge case 5: the Contact takes the edit in one call; a Lead that was converted a moment ago is stale, not refused."""
    lead, contact = org.converted(Phone="1")
    connector = org.connector()
    done = pushed(connector, update(contact, "c", "Contact", Phone="2", Department="Sales", HasOptedOutOfEmail=True))["c"]
    assert (done.result, done.record_id) == (Result.ACCEPTED, contact)
    (call,) = org.journal("PATCH")
    assert json.loads(call["body"])["records"][0]["attributes"] == {"type": "Contact"}
    row = org.rows("Contact")[contact]
    assert (row["Phone"], row["Department"], row["HasOptedOutOfEmail"]) == ("2", "Sales", True)
    late = pushed(connector, update(lead, "l", Phone="2"))["l"]
    assert late.result is Result.STALE
    assert isinstance(late.error, StaleRecord)


def test_one_bad_contact_leaves_the_others_alone(org: Any, update: Any, pushed: Any) -> None:
    """A value that is too long is refused for its record, with Salesforce's word and field; the others are written."""
    good, bad = org.contact(), org.contact()
    outcomes = pushed(org.connector(), update(good, "g", "Contact", Title="CEO"), update(bad, "b", "Contact", Department="x" * 81))
    assert outcomes["g"].result is Result.ACCEPTED
    assert (outcomes["b"].error.code, outcomes["b"].error.fields) == ("STRING_TOO_LONG", ("Department",))


def test_no_contact_is_made_or_deleted(org: Any, pushed: Any) -> None:
    """A create or an archive of a Contact is refused with the reason, before anything is sent."""
    create = Change("k1", "Contact", Operation.CREATE, None, {"LastName": "X"})
    archive = Change("k2", "Contact", Operation.ARCHIVE, org.contact(), {})
    outcomes = pushed(org.connector(), create, archive)
    assert {o.result for o in outcomes.values()} == {Result.REFUSED}
    assert "converting" in str(outcomes["k1"].error)
    assert not org.journal("POST", "composite")
    assert not org.journal("PATCH")
    assert not org.journal("DELETE")


@pytest.mark.parametrize(("field", "code"), [("Company", "INVALID_FIELD"), ("Name", "INVALID_FIELD_FOR_INSERT_UPDATE"), ("Status", "INVALID_FIELD")])
def test_what_a_contact_has_not_is_refused_by_its_name(*, org: Any, update: Any, pushed: Any, field: str, code: str) -> None:
    """The message says Contact, not Lead."""
    error = pushed(org.connector(), update(org.contact(), "c", "Contact", **{field: "x"}))["c"].error
    assert error.code == code
    assert f"Contact.{field}" in str(error)


@pytest.mark.parametrize("object_name", ["Lead", "Contact"])
@pytest.mark.parametrize("field", ["HasOptedOutOfEmail", "DoNotCall"])
def test_a_blank_never_takes_an_opt_out_back(*, org: Any, update: Any, pushed: Any, object_name: str, field: str) -> None:
    """Salesforce stores null in a checkbox as false; leadhub refuses it, and the opt-out stands."""
    record = org.lead(**{field: True}) if object_name == "Lead" else org.contact(**{field: True})
    outcome = pushed(org.connector(), update(record, "k", object_name, **{field: None}))["k"]
    assert isinstance(outcome.error, InvalidValue)
    assert "never blank" in str(outcome.error)
    assert org.rows(object_name)[record][field] is True


def test_contacts_are_reread_and_found(org: Any) -> None:
    """Reread tells live, deleted, merged and vanished contacts apart; a key is found where the org copies the lead's on conversion."""
    org.admin("settings", lead_field_mapping={"LeadhubId__c": "LeadhubId__c"})
    _, live = org.converted(LeadhubId__c="k1")
    dropped, winner, loser = (org.contact(LastName=f"L{n}") for n in range(3))
    org.admin("delete", id=dropped)
    org.admin("merge", object="Contact", winner=winner, losers=[loser])
    connector = org.connector()
    nowhere = live[:3] + "XX0000000000"
    got = connector.reread("Contact", [live[:15], dropped, loser, nowhere])
    assert got[live[:15]].id == live
    assert (got[dropped].gone, got[nowhere].gone) == (Gone.DELETED, Gone.VANISHED)
    assert (got[loser].gone, got[loser].gone_to) == (Gone.MERGED, winner)
    assert {key: record.id for key, record in connector.find("Contact", ["k1", "k2"]).items()} == {"k1": live}


def test_without_a_key_field_no_contact_carries_one(org: Any) -> None:
    """leadhub makes no contacts, so an org without the field on Contact has none of ours: an answer, not an error."""
    org.admin("settings", hidden_fields={"Contact": ["LeadhubId__c"]})
    assert org.connector().find("Contact", ["k1"]) == {}


# ---- a mirror kept by pulls ------------------------------------------------------------------------------------------------------------


class Mirror:
    """What a reader of pages believes of contacts, and the things that happen to it and to the org."""

    def __init__(self, org: Any) -> None:
        self.org = org
        self.records: dict[str, Record] = {}
        self.cursor: Any = None

    def pull(self, pages: int | None = None) -> None:
        """Read some pages, or all, with a connector that knows nothing but the cursor."""
        for count, page in enumerate(self.org.connector().pull(self.cursor), 1):
            self.records |= {record.id: record for record in page.records}
            self.cursor = page.cursor
            if count == pages:
                return

    def pick(self, name: str, n: int) -> str:
        """Return the id of a live record, or nothing."""
        live = sorted(i for i, row in self.org.rows(name).items() if not row["IsDeleted"] and not row.get("IsConverted"))
        return str(live[n % len(live)]) if live else ""

    def convert(self, n: int, *, late: bool, old: bool) -> None:
        """Convert a lead, into an old contact if asked and if there is one, and perhaps in a transaction that is seen minutes later."""
        lead, contact = self.pick("Lead", n), self.pick("Contact", n) if old else ""
        self.org.admin("settings", commit_skew=60 * (n + 1) if late else 0)
        if lead:
            self.org.admin("convert", id=lead, **({"contact_id": contact} if contact else {}))
        self.org.admin("settings", commit_skew=0)

    def happen(self, action: str, n: int) -> None:
        """Do one thing."""
        whatever = {
            "lead": lambda: self.org.lead(LastName=f"L{n}"),
            "contact": lambda: self.org.contact(LastName=f"C{n}"),
            "convert": lambda: self.convert(n, late=False, old=False),
            "reuse": lambda: self.convert(n, late=False, old=True),
            "late": lambda: self.convert(n, late=True, old=n % 2 == 0),
            "edit": lambda: (contact := self.pick("Contact", n)) and self.org.edit(contact, Title=f"T{n}"),
            "drop": lambda: (contact := self.pick("Contact", n)) and self.org.admin("delete", id=contact),
            "tick": lambda: self.org.clock.advance(n),
            "long": lambda: self.org.clock.advance(300 * n),
            "pull": self.pull,
            "page": lambda: self.pull(1 + n % 3),
        }
        whatever[action]()


THINGS = ("lead", "contact", "convert", "reuse", "late", "edit", "drop", "tick", "long", "pull", "page")
STEPS = st.lists(st.tuples(st.sampled_from(THINGS), st.integers(0, 9)), max_size=25)


@given(steps=STEPS, size=st.integers(1, 3))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_contact_of_a_converted_lead_is_known(new_org: Any, monkeypatch: pytest.MonkeyPatch, steps: list[tuple[str, int]], size: int) -> None:
    """Whatever happens, wherever pulls break off: after one last pull each contact that a converted lead points at is known as it is."""
    monkeypatch.setattr(reading, "PAGE", size)
    org = new_org()
    for n in range(2):
        org.lead(LastName=f"first {n}")
    mirror = Mirror(org)
    for action, n in steps:
        mirror.happen(action, n)
    org.clock.advance(600)
    mirror.pull()
    contacts = org.rows("Contact")
    meant = {row["ConvertedContactId"] for row in org.rows().values() if row["IsConverted"]}
    believed = {i: (r.values["Title"], r.gone is not None) for i, r in mirror.records.items() if i in meant}
    assert believed == {i: (contacts[i]["Title"], contacts[i]["IsDeleted"]) for i in meant}
