"""Owners and authors: who there is, who changed a value, who saved a record last, and when nobody can know."""

from datetime import UTC, datetime
from typing import Any

import pytest
from leadhub_salesforce import people

from leadhub import Author, Owner, Unavailable, UnknownOutcome

TRACKED = {"Lead": ["Status", "OwnerId", "HasOptedOutOfEmail", "Description", "NumberOfEmployees", "Next_Call__c"], "Contact": ["HasOptedOutOfEmail"]}


@pytest.fixture
def tracked(org: Any) -> Any:
    """An org that keeps the history of what leadhub asks about."""
    org.admin("settings", field_history=TRACKED)
    return org


# ---- owners ----------------------------------------------------------------------------------------------------------------------------


def test_owners_are_people_and_queues(org: Any) -> None:
    """Everyone who can own a lead, by id, with e-mail and whether still active; queues are marked; processes, guests and other groups are not there."""
    org.admin("users", alias="site", first="Site", last="Guest", type="Guest")
    owners = {owner.name: owner for owner in org.connector().owners()}
    assert set(owners) == {"Leadhub Integration", "Jane Novak", "Omar Haddad", "Priya Raman", "Lena Fischer", "Inbound Leads"}
    assert owners["Jane Novak"] == Owner(org.user("jane"), "Jane Novak", "jane@acme.example", active=True)
    assert not owners["Lena Fischer"].active
    assert owners["Inbound Leads"].queue
    assert owners["Inbound Leads"].email is None
    assert len(org.journal(part="/query")) == 2


def test_owners_are_read_to_the_end(org: Any) -> None:
    """More users than fit a page are all there, each once; a page that fails is an error, not an end."""
    for n in range(7):
        org.admin("users", alias=f"u{n}", first="User", last=str(n))
    org.admin("settings", page_size=3)
    owners = list(org.connector().owners())
    assert len({owner.id for owner in owners}) == len(owners) == 13
    org.admin("faults", kind="html_503", path="/query/")
    with pytest.raises(Unavailable):
        list(org.connector().owners())


@pytest.mark.parametrize("where", [None, "", "https://elsewhere.example/query/01g-2000"])
def test_more_rows_without_a_place_are_no_end(org: Any, monkeypatch: pytest.MonkeyPatch, where: str | None) -> None:
    """An answer that is not the whole and does not say where the rest is, or names another host, is told as unreadable."""
    connector = org.connector()
    monkeypatch.setattr(connector._client, "query", lambda _: {"records": [], "done": False, "nextRecordsUrl": where})
    with pytest.raises(UnknownOutcome, match="not where"):
        list(connector.owners())


def test_an_owner_who_cannot_own_is_refused_alone(org: Any, update: Any, pushed: Any) -> None:
    """A write to an inactive owner is refused with Salesforce's word; the other changes of the batch are made."""
    first, second = org.lead(), org.lead()
    outcomes = pushed(org.connector(), update(first, "a", OwnerId=org.user("lena")), update(second, "b", OwnerId=org.user("omar")))
    assert outcomes["a"].error.code == "INACTIVE_OWNER_OR_USER"
    assert org.rows()[second]["OwnerId"] == org.user("omar")


# ---- authors ---------------------------------------------------------------------------------------------------------------------------


def test_a_persons_edit_is_a_persons(tracked: Any) -> None:
    """Name and time are the history's, by the id and the field that were asked for."""
    lead = tracked.lead()
    tracked.clock.advance(90)
    tracked.admin("edit", id=lead, fields={"Status": "Working - Contacted"}, user="omar")
    told = tracked.connector().authors("Lead", [lead[:15]], ["Status"])
    assert told == {(lead[:15], "Status"): Author("person", "Omar Haddad", datetime(2026, 11, 16, 10, 1, 30, tzinfo=UTC))}


def test_leadhubs_own_write_and_a_process_are_automation(tracked: Any, update: Any, pushed: Any) -> None:
    """What leadhub's user wrote and what a background process changed is nobody's decision."""
    connector, ours, theirs = tracked.connector(), tracked.lead(), tracked.lead()
    pushed(connector, update(ours, Status="Working - Contacted"))
    tracked.admin("automate", id=theirs, fields={"Status": "Working - Contacted"})
    told = connector.authors("Lead", [ours, theirs], ["Status"])
    assert {told[ours, "Status"].kind, told[theirs, "Status"].kind} == {"automation"}
    assert told[theirs, "Status"].name == "Automated Process"


def test_the_newest_change_counts(tracked: Any) -> None:
    """Of several changes the last one's author is told, though others came before within the same second."""
    lead = tracked.lead()
    for who, status in (("jane", "Working - Contacted"), ("omar", "Closed - Not Converted"), ("priya", "Working - Contacted")):
        tracked.admin("edit", id=lead, fields={"Status": status}, user=who)
    assert tracked.connector().authors("Lead", [lead], ["Status"])[lead, "Status"].name == "Priya Raman"


def test_an_owner_has_an_author(tracked: Any) -> None:
    """History knows OwnerId as Owner, in two rows; to a user and to a queue."""
    lead, second = tracked.lead(), tracked.lead()
    tracked.admin("edit", id=lead, fields={"OwnerId": tracked.user("omar")}, user="priya")
    queue = tracked.admin("queues", name="Partners")["id"]
    tracked.admin("edit", id=second, fields={"OwnerId": queue}, user="jane")
    told = tracked.connector().authors("Lead", [lead, second], ["OwnerId"])
    assert (told[lead, "OwnerId"].name, told[second, "OwnerId"].name) == ("Priya Raman", "Jane Novak")


@pytest.mark.parametrize(
    ("field", "value"),
    [("HasOptedOutOfEmail", True), ("Description", "A long story"), ("NumberOfEmployees", 12), ("Next_Call__c", "2026-12-01T09:30:00.000Z")],
)
def test_values_of_every_kind_are_recognized(tracked: Any, field: str, value: Any) -> None:
    """A checkbox, a long text, whose values history keeps not, a number and an instant."""
    lead = tracked.lead()
    tracked.edit(lead, **{field: value})
    assert tracked.connector().authors("Lead", [lead], [field])[lead, field].name == "Jane Novak"


def test_a_contacts_history_is_its_own(tracked: Any) -> None:
    """After conversion, consent is told by ContactHistory."""
    _, contact = tracked.converted()
    tracked.edit(contact, HasOptedOutOfEmail=True)
    assert tracked.connector().authors("Contact", [contact], ["HasOptedOutOfEmail"])[contact, "HasOptedOutOfEmail"].kind == "person"


def test_a_field_without_history_has_no_author(tracked: Any) -> None:
    """Untracked, unchanged, hidden and unknown fields are left out: who modified the record last proves nothing."""
    lead = tracked.lead()
    tracked.edit(lead, Phone="5")
    tracked.admin("settings", hidden_fields={"Lead": ["Description"]})
    assert tracked.connector().authors("Lead", [lead, "nonsense"], ["Phone", "Status", "Description", "Nowhere__c"]) == {}


def test_history_that_ended_before_the_present_value_tells_nothing(tracked: Any) -> None:
    """Tracking that was switched off leaves old rows: their author is not that of a value set since."""
    lead = tracked.lead()
    tracked.edit(lead, Status="Working - Contacted")
    tracked.admin("settings", field_history={})
    tracked.admin("edit", id=lead, fields={"Status": "Closed - Not Converted"}, user="omar")
    assert tracked.connector().authors("Lead", [lead], ["Status"]) == {}


def test_a_login_that_sees_no_history_is_told_nothing(tracked: Any) -> None:
    """An org that shows no LeadHistory answers no author, and no error."""
    lead = tracked.lead()
    tracked.edit(lead, Status="Working - Contacted")
    tracked.admin("settings", hidden_objects=["LeadHistory"])
    assert tracked.connector().authors("Lead", [lead], ["Status"]) == {}


def test_authors_cost_few_calls(tracked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One query for each 200 records, one read of their present values, one question of who leadhub is; history longer than a page is read on."""
    monkeypatch.setattr(people, "NAMES_AT_ONCE", 3)
    leads = [tracked.lead(LastName=f"L{n}") for n in range(5)]
    connector = tracked.connector()
    connector.describe("Lead")
    for lead in leads:
        tracked.edit(lead, Status="Working - Contacted")
    tracked.forget()
    assert len(connector.authors("Lead", leads, ["Status"])) == 5
    assert len(tracked.journal(part="/query")) == len(tracked.journal(part="/composite")) == 2
    assert len(tracked.journal(part="userinfo")) == 1
    for _ in range(3):
        for lead in leads:
            tracked.edit(lead, Status="Closed - Not Converted")
            tracked.edit(lead, Status="Working - Contacted")
    tracked.admin("settings", page_size=2)
    assert len(connector.authors("Lead", leads, ["Status"])) == 5


# ---- who saved last --------------------------------------------------------------------------------------------------------------------


def test_who_saved_last_is_told_without_any_history(org: Any) -> None:
    """In an org that tracks nothing the last person to save is named, with the time, by the id that was asked for."""
    lead = org.lead()
    org.clock.advance(90)
    org.admin("edit", id=lead, fields={"Status": "Working - Contacted"}, user="omar")
    told = org.connector().modified("Lead", [lead[:15], "nonsense"])
    assert told == {lead[:15]: Author("person", "Omar Haddad", datetime(2026, 11, 16, 10, 1, 30, tzinfo=UTC))}


def test_leadhub_saving_last_is_automation(org: Any, update: Any, pushed: Any) -> None:
    """leadhub's own user is named, as a program."""
    connector, lead = org.connector(), org.lead()
    pushed(connector, update(lead, Title="CEO"))
    assert connector.modified("Lead", [lead])[lead].kind == "automation"
    assert connector.modified("Lead", [lead])[lead].name == "Leadhub Integration"


def test_a_contact_has_one_who_saved_it_last(org: Any) -> None:
    """The same question, for the person whom a lead became."""
    _, contact = org.converted()
    org.admin("edit", id=contact, fields={"Title": "CEO"}, user="priya")
    assert org.connector().modified("Contact", [contact])[contact].name == "Priya Raman"


def test_of_a_record_that_is_gone_nothing_is_told(org: Any) -> None:
    """A deleted lead and one that never was are left out, and take no other's answer away."""
    lead, gone = org.lead(), org.lead()
    org.admin("delete", id=gone)
    assert set(org.connector().modified("Lead", [gone, lead, f"{lead[:14]}9"])) == {lead}


def test_a_user_out_of_sight_is_not_guessed(org: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where leadhub's user may not read the user who saved, nobody is named; without the stamps nothing is asked."""
    lead, connector = org.lead(), org.connector()
    monkeypatch.setattr(connector._client, "rows", lambda _: iter(()))
    assert connector.modified("Lead", [lead]) == {}
    org.admin("settings", hidden_fields={"Lead": ["LastModifiedById"]})
    assert org.connector().modified("Lead", [lead]) == {}


def test_who_saved_last_costs_few_calls(org: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One read for each 2,000 records, one query for the names that are not known yet, and one question of who leadhub is."""
    monkeypatch.setattr(people, "READ_AT_ONCE", 3)
    leads, connector = [org.lead(LastName=f"L{n}") for n in range(5)], org.connector()
    connector.describe("Lead")
    for expected in (1, 0):
        org.forget()
        assert len(connector.modified("Lead", leads)) == 5
        assert len(org.journal(part="/composite")) == 2
        assert (len(org.journal(part="/query")), len(org.journal(part="userinfo"))) == (expected, expected)
