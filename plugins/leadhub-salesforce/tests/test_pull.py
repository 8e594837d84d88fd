"""The pull: nothing changed is ever left out, whatever the stamps, the page sizes, and wherever a run breaks off."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from leadhub_salesforce import position, reading

from leadhub import FatalError, Gone, Record, Unavailable, UnknownOutcome

SETTLE = (position.OVERLAP + timedelta(minutes=1)).total_seconds()


def test_a_first_pull_brings_everything_and_a_second_nothing_old(org: Any, pulled: Any) -> None:
    """None means all leads; from the cursor on, only what changed since, give or take the overlap."""
    leads = {org.lead(LastName=f"L{n}") for n in range(5)}
    connector = org.connector()
    first, cursor = pulled(connector)
    assert set(first) == leads
    org.clock.advance(SETTLE)
    _, cursor = pulled(connector, cursor)
    org.clock.advance(SETTLE)
    changed = leads.pop()
    org.edit(changed, Title="CEO")
    again, _ = pulled(connector, cursor)
    assert set(again) == {changed}
    assert again[changed].values["Title"] == "CEO"


@pytest.mark.parametrize(("contacts", "calls"), [("none", 4), ("converted", 6), ("all", 6)])
def test_a_quiet_org_costs_the_same_however_many_leads_it_has(org: Any, pulled: Any, contacts: str, calls: int) -> None:
    """Once the overlap has passed, a pull reads no row and makes four calls, statuses, describe, /updated, one query, and two more for Contacts."""
    for n in range(10):
        org.lead(LastName=f"L{n}")
        org.converted(LastName=f"C{n}")
    connector = org.connector(contacts=contacts)
    _, cursor = pulled(connector)
    org.clock.advance(SETTLE)
    _, cursor = pulled(connector, cursor)
    org.clock.advance(SETTLE)
    org.forget()
    records, _ = pulled(connector, cursor)
    assert not records
    assert len(org.journal(part="/services/data")) == calls


def test_an_edit_of_this_very_second_is_seen(org: Any, pulled: Any) -> None:
    """No artificial lag: what was saved before the pull began is in it."""
    connector = org.connector()
    lead = org.lead()
    assert lead in pulled(connector)[0]


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("page", [1, 2, 3, 7])
def test_equal_stamps_over_many_pages_lose_and_repeat_nothing(org: Any, monkeypatch: pytest.MonkeyPatch, page: int, short: bool) -> None:
    """Seventeen leads saved within one second come once each, in pages of any size."""
    monkeypatch.setattr(reading, "PAGE", page)
    org.admin("settings", short_pages=short)
    leads = sorted(org.lead(LastName=f"L{n}") for n in range(17))
    org.turn_round()
    seen = [record.id for p in org.connector().pull(None) for record in p.records]
    assert sorted(seen) == leads
    assert len(seen) == len(set(seen))


def test_a_pull_has_one_end_and_one_describe_however_long_it_takes(org: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time that passes between pages neither moves the end nor costs calls: what is saved meanwhile is the next pull's."""
    monkeypatch.setattr(reading, "PAGE", 2)
    leads = {org.lead(LastName=f"L{n}") for n in range(6)}
    seen = set()
    for page in org.connector().pull(None):
        seen |= {record.id for record in page.records}
        org.clock.advance(30)
        org.lead(LastName="Meanwhile")
    assert seen == leads
    assert len(org.journal(part="Lead/describe")) == len(org.journal(part="Contact/describe")) == 1


def test_a_page_shorter_than_asked_is_not_the_end(org: Any) -> None:
    """Salesforce may answer fewer rows than a page holds; the pull goes on until it says done."""
    org.admin("settings", page_size=1)
    leads = sorted(org.lead(LastName=f"L{n}") for n in range(230))
    pages = list(org.connector().pull(None))
    assert sorted(r.id for p in pages for r in p.records) == leads
    assert len(pages) > 1


def test_a_lead_that_becomes_visible_late_is_still_found(org: Any, pulled: Any) -> None:
    """A transaction that ends ten minutes after it set its stamp is caught by the overlap, though all was pulled a moment before."""
    org.admin("settings", commit_skew=600)
    late = org.lead(LastName="Late")
    org.admin("settings", commit_skew=0)
    org.clock.advance(60)
    early = org.lead(LastName="Early")
    org.clock.advance(539)
    connector = org.connector()
    first, cursor = pulled(connector)
    assert set(first) == {early}
    org.clock.advance(1)
    second, _ = pulled(connector, cursor)
    assert late in second


def test_a_late_lead_is_found_though_a_pass_was_broken_off_in_between(org: Any, pulled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pass that is resumed hours later keeps the end it had: the overlap counts from when its pages were read."""
    monkeypatch.setattr(reading, "PAGE", 2)
    org.admin("settings", commit_skew=300)
    late = org.lead(LastName="Late")
    org.admin("settings", commit_skew=0)
    org.clock.advance(10)
    for n in range(5):
        org.lead(LastName=f"L{n}")
    broken = next(iter(org.connector().pull(None)))
    assert late not in {r.id for r in broken.records}
    org.clock.advance(3 * 3600)
    rest, _ = pulled(org.connector(), broken.cursor)
    assert late in rest


def test_an_edit_between_two_pages_is_read_in_its_newest_form(org: Any, monkeypatch: pytest.MonkeyPatch, pulled: Any) -> None:
    """A lead that moves behind the pull's end while the pull runs comes with the next one."""
    monkeypatch.setattr(reading, "PAGE", 2)
    leads = [org.lead(LastName=f"L{n}") for n in range(5)]
    connector = org.connector()
    pages = connector.pull(None)
    cursor = next(pages).cursor
    org.clock.advance(5)
    for lead in leads:
        org.edit(lead, Title="new")
    for page in pages:
        cursor = page.cursor
    again, _ = pulled(connector, cursor)
    assert {again[lead].values["Title"] for lead in leads} == {"new"}


def test_deleted_merged_and_converted_leads_are_told_apart(org: Any, pulled: Any) -> None:
    """A deleted lead is gone, a merged one names its winner, a converted one stays a record that points at what it became."""
    kept, dropped, winner, loser, won = (org.lead(LastName=name) for name in ("Kept", "Dropped", "Winner", "Loser", "Won"))
    org.admin("delete", id=dropped)
    org.admin("merge", winner=winner, losers=[loser])
    org.admin("convert", id=won, create_opportunity=True)
    records, _ = pulled(org.connector())
    assert (records[kept].gone, records[winner].gone) == (None, None)
    assert (records[dropped].gone, records[dropped].gone_to) == (Gone.DELETED, None)
    assert (records[loser].gone, records[loser].gone_to) == (Gone.MERGED, winner)
    converted = records[won]
    assert converted.gone is None
    assert converted.values["IsConverted"] is True
    assert converted.values["Status"] == "Closed - Converted"
    row = org.rows()[won]
    assert converted.refs == {"Contact": row["ConvertedContactId"], "Opportunity": row["ConvertedOpportunityId"]}
    assert records[kept].refs == {}


def test_a_lead_that_comes_back_from_the_bin_is_a_record_again(org: Any, pulled: Any) -> None:
    """Undeleting moves the stamp, and the same id is no longer gone."""
    lead = org.lead()
    org.admin("delete", id=lead)
    connector = org.connector()
    first, cursor = pulled(connector)
    assert first[lead].gone is Gone.DELETED
    org.clock.advance(SETTLE)
    org.admin("undelete", id=lead)
    second, _ = pulled(connector, cursor)
    assert second[lead].gone is None


def test_values_are_python_values_and_blank_is_none(org: Any, pulled: Any) -> None:
    """Dates and instants are parsed, numbers and booleans stay, a blank is None, stamps are aware and in UTC."""
    wanted = ("Email", "Phone", "Demo_Date__c", "Next_Call__c", "Score__c", "DoNotCall", "Interests__c")
    lead = org.lead(Email="A@acme.example", Demo_Date__c="2026-12-24", Next_Call__c="2026-12-01T09:30:00.000Z", Score__c=1.5)
    records, _ = pulled(org.connector(wanted))
    record = records[lead]
    assert record.values["Phone"] is None
    assert record.values["Demo_Date__c"] == date(2026, 12, 24)
    assert record.values["Next_Call__c"] == datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
    assert record.values["Score__c"] == 1.5
    assert record.values["DoNotCall"] is False
    assert record.stamp == record.created == datetime(2026, 11, 16, 10, tzinfo=UTC)
    assert set(record.values) >= set(wanted)


def test_a_hidden_or_unknown_field_is_absent_and_breaks_nothing(org: Any, pulled: Any) -> None:
    """A field that this login does not see is not known: no value, one warning that names it, and the pull goes on."""
    org.admin("settings", hidden_fields={"Lead": ["Phone"]})
    lead = org.lead()
    records, _ = pulled(org.connector(("Email", "Phone", "Nowhere__c")))
    assert "Email" in records[lead].values
    assert not {"Phone", "Nowhere__c"} & set(records[lead].values)
    ((event, fields),) = org.log.warnings
    assert event == "salesforce.fields_not_visible"
    assert fields["fields"] == ["Nowhere__c", "Phone"]


def test_a_field_hidden_in_the_middle_of_a_pull_breaks_nothing(org: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An administrator who hides a field between two pages does not stop the pull."""
    monkeypatch.setattr(reading, "PAGE", 2)
    leads = {org.lead(LastName=f"L{n}") for n in range(5)}
    pages = org.connector().pull(None)
    seen = {record.id for record in next(pages).records}
    org.admin("settings", hidden_fields={"Lead": ["Phone"]})
    rest = [record for page in pages for record in page.records]
    assert seen | {record.id for record in rest} == leads
    assert all("Phone" not in record.values for record in rest)


@pytest.mark.parametrize("kind", ["html_503", "drop_before", "truncate", "query_timeout"])
def test_a_failed_page_may_be_asked_for_again(org: Any, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """A `next` that failed moved nothing: called again, the pull loses and repeats no lead."""
    monkeypatch.setattr(reading, "PAGE", 2)
    leads = sorted(org.lead(LastName=f"L{n}") for n in range(5))
    pages = org.connector().pull(None)
    seen = [record.id for record in next(pages).records]
    org.admin("faults", kind=kind, path="queryAll")
    with pytest.raises((Unavailable, UnknownOutcome)):
        next(pages)
    seen += [record.id for page in pages for record in page.records]
    assert sorted(seen) == leads


@pytest.mark.parametrize(
    "cursor", ["text", 7, [], {}, {"watermark": "soon", "upper": None, "after": None}, {"watermark": 1, "upper": 2, "after": 3}, {"contacts": 1}]
)
def test_a_cursor_that_is_not_ours_is_refused(org: Any, cursor: Any) -> None:
    """A foreign or damaged cursor stops the system with a next step; it is never read as "everything"."""
    with pytest.raises(FatalError, match="cursor") as caught:
        org.connector().pull(cursor)
    assert caught.value.next_step


def test_an_empty_page_that_claims_more_is_no_end(org: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page without rows that is not the last is an error, neither an end nor an endless loop."""
    connector = org.connector()
    connector.check()
    monkeypatch.setattr(connector._client, "query", lambda soql, *, deleted=False: {"records": [], "totalSize": 0, "done": "LeadStatus" in soql})
    with pytest.raises(Unavailable):
        next(connector.pull(None))


class Mirror:
    """What a reader of pages believes, and the things that happen to it and to the org."""

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

    def live(self) -> list[str]:
        """Return the ids of the leads that are not deleted."""
        return sorted(i for i, row in self.org.rows().items() if not row["IsDeleted"])

    def save_late(self, n: int) -> None:
        """Create a lead that readers see only some minutes later."""
        self.org.admin("settings", commit_skew=60 * (n + 1))
        self.org.lead(LastName=f"late {n}")
        self.org.admin("settings", commit_skew=0)

    def happen(self, action: str, n: int) -> None:
        """Do one thing."""
        live = self.live()
        picked = live[n % len(live)] if live else ""
        whatever = {
            "create": lambda: self.org.lead(LastName=f"L{n}"),
            "late": lambda: self.save_late(n),
            "edit": lambda: picked and self.org.edit(picked, Title=f"T{n}"),
            "delete": lambda: picked and self.org.admin("delete", id=picked),
            "merge": lambda: len(live) > 1 and self.org.admin("merge", winner=live[0], losers=[live[-1]]),
            "tick": lambda: self.org.clock.advance(n),
            "long": lambda: self.org.clock.advance(300 * n),
            "pull": self.pull,
            "page": lambda: self.pull(1 + n % 3),
        }
        whatever[action]()


THINGS = ("create", "edit", "delete", "merge", "tick", "long", "pull", "page", "late")
STEPS = st.lists(st.tuples(st.sampled_from(THINGS), st.integers(0, 9)), max_size=25)


@given(steps=STEPS, size=st.integers(1, 4))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_mirror_kept_by_pulls_equals_the_org(new_org: Any, monkeypatch: pytest.MonkeyPatch, steps: list[tuple[str, int]], size: int) -> None:
    """Whatever happens in the org, wherever pulls break off, and however late writes become visible, one last pull makes the mirror whole."""
    monkeypatch.setattr(reading, "PAGE", size)
    org = new_org()
    mirror = Mirror(org)
    for action, n in steps:
        mirror.happen(action, n)
    org.clock.advance(600)
    mirror.pull()
    believed = {i: (r.values["LastName"], r.values["Title"], r.gone is not None, r.gone_to) for i, r in mirror.records.items()}
    assert believed == {i: (row["LastName"], row["Title"], row["IsDeleted"], row["MasterRecordId"]) for i, row in org.rows().items()}
