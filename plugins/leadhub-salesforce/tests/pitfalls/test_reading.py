"""Pitfalls of reading: records that are gone in different ways, watermarks, drift of the schema, quotas, cursors that expire."""

from datetime import timedelta
from typing import Any

import pytest
from leadhub_salesforce import position, reading
from leadhub_salesforce.errors import ReadRefused
from leadhub_salesforce.mapping import CONTACT, LEAD

from leadhub import FatalError, Gone, Result

SETTLE = (position.OVERLAP + timedelta(minutes=2)).total_seconds()


# ---- 4 -----------------------------------------------------------------------------------------------------------------------------------------


def test_what_became_of_a_record_is_told_apart(org: Any) -> None:
    """Pitfall 4: a merged lead names its winner, a converted one its contact, a deleted one is deleted, and what cannot be seen has only vanished."""
    winner, loser, dropped, purged = (org.lead(LastName=name) for name in ("Winner", "Loser", "Dropped", "Purged"))
    won, contact = org.converted(LastName="Won")
    org.admin("merge", winner=winner, losers=[loser])
    org.admin("delete", id=dropped)
    org.admin("delete", id=purged)
    org.admin("purge", id=purged)
    seen = org.connector().reread(LEAD, [winner, loser, dropped, purged, won])
    assert {lead: (record.gone, record.gone_to) for lead, record in seen.items()} == {
        winner: (None, None),
        loser: (Gone.MERGED, winner),
        dropped: (Gone.DELETED, None),
        purged: (Gone.VANISHED, None),
        won: (None, None),
    }
    assert seen[won].refs["Contact"] == contact


def test_what_is_no_longer_shared_is_not_deleted(org: Any, pulled: Any, update: Any, pushed: Any) -> None:
    """Pitfall 4: leads and contacts that sharing hides have vanished, in any number: no reading calls one deleted, and a write to one is "gone"."""
    leads = [org.lead(LastName=f"L{n}") for n in range(5)]
    won, contact = org.converted(LastName="Won")
    connector = org.connector()
    _, cursor = pulled(connector)
    org.admin("settings", unshared=[*leads, won, contact])
    org.clock.advance(60)
    org.edit(leads[0], Title="hidden")
    seen = {**connector.reread(LEAD, [*leads, won]), **connector.reread(CONTACT, [contact])}
    assert {record.gone for record in seen.values()} == {Gone.VANISHED}
    assert not [record for record in pulled(connector, cursor)[0].values() if record.gone]
    assert pushed(connector, update(leads[0], Title="CTO"))["k1"].result is Result.REFUSED
    org.admin("settings", unshared=[])
    assert {record.gone for record in connector.reread(LEAD, leads).values()} == {None}
    assert leads[0] in pulled(connector, cursor)[0]


def test_an_object_that_is_hidden_stops_the_system(org: Any) -> None:
    """Pitfall 4: where leadhub's user loses the Lead object as such, the read fails with a next step: it is no org without leads."""
    lead = org.lead()
    connector = org.connector()
    connector.reread(LEAD, [lead])
    org.admin("settings", hidden_objects=["Lead"])
    for ask in (lambda: next(org.connector().pull(None)), lambda: connector.reread(LEAD, [lead])):
        with pytest.raises(FatalError) as caught:
            ask()
        assert caught.value.next_step


# ---- 5 -----------------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("object_name", [LEAD, CONTACT])
def test_a_transaction_that_takes_an_hour_is_not_lost(org: Any, pulled: Any, object_name: str) -> None:
    """Pitfall 5: a batch job commits an hour after it stamped its rows: until then Salesforce vouches for no more than its begin, and no pull goes past it."""
    known = org.contact(LastName="Known")
    org.clock.advance(SETTLE)
    connector = org.connector(contacts="all")
    _, cursor = pulled(connector)
    org.clock.advance(SETTLE)
    org.admin("settings", commit_skew=3600)
    late = org.lead(LastName="Late") if object_name == LEAD else org.contact(LastName="Late")
    org.admin("settings", commit_skew=0)
    for _ in range(4):
        org.clock.advance(840)
        records, cursor = pulled(connector, cursor)
        assert late not in records
    org.clock.advance(840)
    records, cursor = pulled(connector, cursor)
    assert late in records
    assert known not in records
    org.clock.advance(SETTLE)
    _, cursor = pulled(connector, cursor)
    org.clock.advance(SETTLE)
    assert not pulled(connector, cursor)[0]


def test_a_pass_that_is_resumed_keeps_what_was_vouched_for(org: Any, pulled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pitfall 5: a pass that breaks off ends later with what Salesforce vouched for when its pages were read."""
    monkeypatch.setattr(reading, "PAGE", 2)
    org.admin("settings", commit_skew=3600)
    late = org.lead(LastName="Late")
    org.admin("settings", commit_skew=0)
    org.clock.advance(1800)
    for n in range(5):
        org.lead(LastName=f"L{n}")
    broken = next(iter(org.connector().pull(None)))
    org.clock.advance(3600)
    assert late in pulled(org.connector(), broken.cursor)[0]


@pytest.mark.parametrize("code", ["EXCEEDED_ID_LIMIT", "INVALID_REPLICATION_DATE", "OPERATION_TOO_LARGE"])
def test_without_that_word_the_overlap_stays(org: Any, pulled: Any, code: str) -> None:
    """Pitfall 5: an org that refuses to tell how far it vouches is read as before: up to its own clock, with eleven minutes of overlap."""
    lead = org.lead()
    body = [{"errorCode": code, "message": "no"}]
    org.admin("faults", kind="slow", path="/updated", status=400, body=body, delay=0, after_commit=False)
    assert lead in pulled(org.connector())[0]


def test_a_cursor_of_before_is_understood(org: Any, pulled: Any) -> None:
    """Pitfall 5: a cursor that was stored without that word goes on where it stood."""
    org.lead(LastName="Old")
    connector = org.connector()
    _, cursor = pulled(connector)
    old = {name: value for name, value in cursor.items() if name != "covered"}
    del old["contacts"]["covered"]
    org.clock.advance(SETTLE)
    new = org.lead(LastName="New")
    assert new in pulled(connector, old)[0]


# ---- 15 ----------------------------------------------------------------------------------------------------------------------------------------


def test_a_field_that_disappears_is_reported_and_not_read_as_blank(org: Any, pulled: Any) -> None:
    """Pitfall 15: SELECTs are built from a describe made in that run: a hidden field is absent, never None, is named in the log, and breaks nothing."""
    lead = org.lead(Phone="123")
    connector = org.connector()
    assert pulled(connector)[0][lead].values["Phone"] == "123"
    assert not org.log.warnings
    org.admin("settings", hidden_fields={"Lead": ["Phone", "Title"]})
    again = pulled(connector)[0][lead].values
    assert not {"Phone", "Title"} & again.keys()
    assert again["LastName"] == "Novak"
    ((event, told),) = org.log.warnings
    assert (event, told["object"], told["fields"]) == ("salesforce.fields_not_visible", "Lead", ["Phone", "Title"])


# ---- 19 ----------------------------------------------------------------------------------------------------------------------------------------


def test_a_slow_reader_needs_no_locator(org: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pitfall 19: pages are asked for by stamp and id: all locators and sessions end between two pages, days pass, and nothing is lost or repeated."""
    monkeypatch.setattr(reading, "PAGE", 3)
    leads = sorted(org.lead(LastName=f"L{n}") for n in range(10))
    seen: list[str] = []
    for page in org.connector().pull(None):
        seen += [record.id for record in page.records]
        org.admin("settings", expire_cursors=True, expire_tokens=True)
        org.clock.advance(3 * 86_400)
    assert sorted(seen) == leads


def test_a_locator_that_expired_is_asked_for_anew(org: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pitfall 19: where Salesforce's own pages are read (owners), an expired locator is an error with a next step, never the end of the list."""
    org.admin("settings", page_size=2)
    owners = org.connector().owners()
    assert next(owners) != next(owners)
    org.admin("settings", expire_cursors=True)
    with pytest.raises(ReadRefused, match="INVALID_QUERY_LOCATOR") as caught:
        list(owners)
    assert caught.value.next_step
