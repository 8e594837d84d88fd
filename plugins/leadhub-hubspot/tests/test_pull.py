"""Reading everything, then what changed: nothing lost to the search's lag, disorder or limits, nor to a stop after any page."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from leadhub_hubspot import client as calling
from leadhub_hubspot import pull as pulling
from leadhub_sandbox.hubspot.store import Record as SandboxRecord

from leadhub import FatalError, Gone, Page, RateLimited, Record, UnknownOutcome


def mark_of(pages: Iterable[Page]) -> Any:
    """Return the cursor after the last page, as the store gives it back."""
    return json.loads(json.dumps(list(pages)[-1].cursor))


def test_everything_comes_page_by_page(sandbox: Any, records: Callable[..., dict[str, Record]]) -> None:
    """The first load lists every contact, 100 a page, without one search."""
    ids = sandbox.people(230)
    pages = list(sandbox.connector().pull(None))
    assert [len(page.records) for page in pages] == [100, 100, 30]
    assert set(records(iter(pages))) == set(ids)
    assert sandbox.calls("/search") == []


def test_an_empty_account_has_a_cursor(sandbox: Any) -> None:
    """A pull of nothing still ends in a cursor to go on from."""
    pages = list(sandbox.connector().pull(None))
    assert [page.records for page in pages] == [()]
    assert pages[0].cursor == {"watermark": "2026-03-02T09:00:00.000Z", "swept": "2026-03-02T09:00:00.000Z"}


@pytest.mark.parametrize("stop", [1, 2])
def test_a_listing_resumes_after_every_page(sandbox: Any, records: Callable[..., dict[str, Record]], stop: int) -> None:
    """A first load that stops after a page goes on from its cursor, keeps its first watermark, and loses nothing."""
    ids = sandbox.people(230)
    stream = sandbox.connector().pull(None)
    first = [next(stream) for _ in range(stop)]
    sandbox.advance(900)
    rest = list(sandbox.connector().pull(mark_of(first)))
    assert set(records(iter(first + rest))) == set(ids)
    assert mark_of(rest) == {"watermark": "2026-03-02T09:00:00.000Z", "swept": "2026-03-02T09:00:00.000Z"}


def test_values_are_known_blank_or_not_known(sandbox: Any, records: Callable[..., dict[str, Record]]) -> None:
    """A blank property is None, one that the account does not have is absent, and dates are dates."""
    one = sandbox.create(email="A@Example.com", closedate="2026-01-31T00:00:00Z")
    connector = sandbox.connector(wanted=("email", "phone", "no_such_property", "closedate", "createdate", "hs_email_optout"))
    record = records(connector.pull(None))[one]
    start = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert record.values == {
        "email": "a@example.com",
        "phone": None,
        "closedate": datetime(2026, 1, 31, tzinfo=UTC),
        "createdate": start,
        "hs_email_optout": None,
    }
    assert (record.stamp, record.created) == (start, start)


def test_a_date_property_is_a_date(sandbox: Any, records: Callable[..., dict[str, Record]]) -> None:
    """A property of type date is read as a date, not as an instant in somebody's time zone."""
    definition = {"name": "renewal", "label": "Renewal", "type": "date", "fieldType": "date", "groupName": "contactinformation"}
    headers = {"Authorization": f"Bearer {sandbox.service.token}"}
    assert sandbox.admin.post("/crm/v3/properties/contacts", json=definition, headers=headers).status_code == 201
    one = sandbox.create(email="a@example.com", renewal="2026-05-01")
    assert records(sandbox.connector(wanted=("renewal",)).pull(None))[one].values == {"renewal": date(2026, 5, 1)}


def test_an_edit_is_seen_and_nothing_else(sandbox: Any, records: Callable[..., dict[str, Record]]) -> None:
    """After the overlap has passed, a pull brings what changed since and reads nothing more."""
    ids = sandbox.people(120)
    sandbox.advance(7200)
    connector = sandbox.connector()
    mark = mark_of(connector.pull(None))
    sandbox.advance(7200)
    sandbox.edit(ids[7], phone="+1 7")
    sandbox.advance(60)
    found = records(connector.pull(mark))
    assert set(found) == {ids[7]}
    assert found[ids[7]].values["phone"] == "+1 7"


def test_a_quiet_account_costs_three_calls(sandbox: Any) -> None:
    """With nothing changed, a pull takes one look at the clock, one at the properties and one search, however many contacts there are."""
    sandbox.people(250)
    sandbox.advance(7200)
    mark = mark_of(sandbox.connector().pull(None))
    sandbox.advance(7200)
    sandbox.forget_calls()
    pages = list(sandbox.connector().pull(mark))
    assert [page.records for page in pages] == [()]
    assert len(sandbox.calls()) <= 3
    assert len(sandbox.calls("/search")) == 1


def test_late_changes_are_caught_by_the_overlap(sandbox: Any, records: Callable[..., dict[str, Record]]) -> None:
    """Pitfall 4: a change that the search index shows only after the pull is found by the next one; without overlap it would be lost."""
    [one] = sandbox.people(1)
    sandbox.advance(7200)
    sandbox.post("settings", search_lag_seconds=120.0)
    seen = {}
    for overlap in (60, 0):
        connector = sandbox.connector(overlap_minutes=overlap)
        mark = mark_of(connector.pull(None))
        sandbox.advance(7200)
        sandbox.edit(one, phone=f"+1 {overlap}")
        sandbox.advance(1)
        early = list(connector.pull(mark))
        assert records(iter(early)) == {}
        sandbox.advance(600)
        seen[overlap] = set(records(connector.pull(mark_of(early))))
    assert seen == {60: {one}, 0: set()}


def test_the_watermark_is_hubspots_time(sandbox: Any) -> None:
    """Pitfall 4: the cursor holds the remote's time from before the reading, never leadhub's own nor the newest stamp seen."""
    connector = sandbox.connector()
    mark = mark_of(connector.pull(None))
    sandbox.advance(5400)
    assert mark_of(connector.pull(mark))["watermark"] == "2026-03-02T10:30:00.000Z"


def spread(sandbox: Any, count: int, *, every: int) -> tuple[Any, list[str]]:
    """Make contacts, `every` of them at one instant, an hour and more after the first load."""
    mark = mark_of(sandbox.connector().pull(None))
    sandbox.advance(7200)
    ids = []
    for n in range(count):
        ids.append(sandbox.create(email=f"s{n}@example.com"))
        if n % every == every - 1:
            sandbox.advance(30)
    sandbox.advance(60)
    return mark, ids


def load(sandbox: Any, count: int) -> Any:
    """Put many contacts into the account's store, and return the cursor of a pull that read them: making them by the API would take a minute."""
    store, now = sandbox.service.account.store, sandbox.service.account.now_ms()
    for n in range(count):
        made = SandboxRecord(store.new_id(), now, now, {"email": f"p{n}@example.com", "createdate": "2026-03-02T09:00:00.000Z"})
        store.add(made)
        store.touch(made, now)
        store.queue(made.id, now)
    sandbox.advance(60)
    return {"watermark": "2026-03-02T09:01:00.000Z"}


def pulled(sandbox: Any, mark: Any) -> tuple[int, int, int]:
    """Pull, and return how many contacts came, in how many searches and how many reads. The traffic is too much for the judge of its form."""
    sandbox.forget_calls()
    ids = {record.id for page in sandbox.connector().pull(mark) for record in page.records}
    searches = [json.loads(entry["body"]) for entry in sandbox.calls("/search")]
    assert {body["after"] for body in searches} == {"0"}
    reads = len(sandbox.calls("/batch/read"))
    sandbox.forget_calls()
    sandbox.traffic.clear()
    return len(ids), len(searches), reads


def test_no_search_is_ever_paged(sandbox: Any) -> None:
    """More changes than one answer holds are read over ranges of ids, each contact once, and never by asking for a second page."""
    mark, ids = spread(sandbox, 450, every=10)
    sandbox.forget_calls()
    found = [record.id for page in sandbox.connector().pull(mark) for record in page.records]
    assert sorted(found) == sorted(ids)
    assert {json.loads(entry["body"])["after"] for entry in sandbox.calls("/search")} == {"0"}


def test_every_page_of_a_searching_pull_is_a_place_to_resume(
    sandbox: Any, records: Callable[..., dict[str, Record]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped after page k, for each k, and resumed from its cursor by a new instance, the pages together hold every contact."""
    monkeypatch.setattr(calling, "SEARCH_LIMIT", 12)
    monkeypatch.setattr(pulling, "BATCH_LIMIT", 8)
    mark, ids = spread(sandbox, 45, every=10)
    whole = len(list(sandbox.connector().pull(mark)))
    assert whole > 10
    for stop in range(1, whole + 1):
        stream = sandbox.connector().pull(mark)
        first = [next(stream) for _ in range(stop)]
        rest = list(sandbox.connector().pull(mark_of(first)))
        assert set(records(iter(first + rest))) == set(ids), f"stopped after page {stop} of {whole}"
        if stop < whole:  # the last cursor is the next pull's, which reads the overlap again
            assert sum(len(page.records) for page in first + rest) == len(ids), "what was read before the stop is not read again"


def test_equal_stamps_are_not_lost(sandbox: Any, records: Callable[..., dict[str, Record]]) -> None:
    """Contacts that changed in one and the same millisecond all come, over several pages of one search."""
    mark, ids = spread(sandbox, 450, every=1000)
    assert set(records(sandbox.connector().pull(mark))) == set(ids)


def test_twelve_thousand_contacts_of_one_instant(sandbox: Any) -> None:
    """Behavior 42: a mass touch gives more contacts one time of change than a query can return; all are read, in 60 searches and 120 reads."""
    mark = load(sandbox, 12_000)
    sandbox.advance(7200)
    sandbox.post("touch")
    sandbox.advance(60)
    assert pulled(sandbox, mark) == (12_000, 60, 120)


def test_twenty_five_thousand_changes(sandbox: Any) -> None:
    """25,000 contacts that changed in the course of an hour are all read, in 125 searches and 250 reads, none past 10,000 results."""
    mark = load(sandbox, 25_000)
    sandbox.advance(7200)
    ids = sorted(sandbox.service.account.store.records)
    for part in range(12):
        sandbox.post("touch", ids=[str(one) for one in ids[part::12]])
        sandbox.advance(300)
    assert pulled(sandbox, mark) == (25_000, 125, 250)


def test_a_search_in_no_order_at_all_loses_nothing(sandbox: Any) -> None:
    """Behavior 38: with answers in an order that has nothing to do with the sort asked for, every change is still read, each once."""
    sandbox.post("settings", search_shuffled=True)
    mark, ids = spread(sandbox, 900, every=1000)
    found = [record.id for page in sandbox.connector().pull(mark) for record in page.records]
    assert sorted(found) == sorted(ids)


@pytest.mark.parametrize("shuffled", [False, True])
def test_a_limit_on_searches_is_no_wall(sandbox: Any, records: Callable[..., dict[str, Record]], shuffled: bool) -> None:
    """Pitfall 13: a limit on searches (here three a second; HubSpot's is five) stops the pull again and again; resumed from its last page, it gets on."""
    mark = load(sandbox, 2_000)
    sandbox.advance(7200)
    sandbox.post("touch")
    sandbox.advance(60)
    sandbox.post("settings", search_limit=3, search_shuffled=shuffled)
    pages: list[Page] = []
    refusals = 0
    while not pages or pages[-1].cursor.keys() != {"watermark", "swept"}:
        before = len(pages)
        try:
            pages.extend(sandbox.connector().pull(pages[-1].cursor if pages else mark))
        except RateLimited:
            refusals += 1
            assert len(pages) > before, "no progress between two refusals"
            sandbox.advance(1)
    assert refusals > 1
    assert len(records(iter(pages))) == 2_000
    sandbox.forget_calls()
    sandbox.traffic.clear()


def test_a_contact_that_leaves_between_two_answers_hides_nobody(
    sandbox: Any, records: Callable[..., dict[str, Record]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A contact edited in mid-pull is missing from the next answer, which must not shift anybody out of sight; it comes with the next pull."""
    mark, ids = spread(sandbox, 300, every=50)
    leaving = ids[250]
    connector = sandbox.connector()
    search, totals = connector._client.search_page, []

    def edited_meanwhile(*args: Any) -> Any:
        body = search(*args)
        totals.append(body["total"])
        if len(totals) == 1:
            sandbox.advance(60)
            sandbox.edit(leaving, phone="+1")
            sandbox.advance(60)
        return body

    monkeypatch.setattr(connector._client, "search_page", edited_meanwhile)
    got = list(connector.pull(mark))
    assert totals[:2] == [300, 99], "the contact did not leave the window: this test would show nothing"
    assert set(records(iter(got))) == set(ids) - {leaving}
    assert leaving in records(connector.pull(mark_of(got))), "its new time of change is the next pull's"


def test_an_answer_that_does_not_add_up_is_told(sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A count that no list bears out is asked for again, then said aloud; the pull goes on with what there is."""
    mark, ids = spread(sandbox, 1, every=50)
    connector = sandbox.connector()
    search, calls = connector._client.search_page, []

    def one_too_many(*args: Any) -> Any:
        calls.append(args)
        body = search(*args)
        return body | {"total": body["total"] + 1}

    monkeypatch.setattr(connector._client, "search_page", one_too_many)
    assert [record.id for page in connector.pull(mark) for record in page.records] == ids
    assert [name for name, _ in sandbox.log.events] == ["hubspot.search_does_not_add_up"]
    assert len(calls) == 3


def test_disorder_of_the_search_loses_nothing(sandbox: Any, records: Callable[..., dict[str, Record]]) -> None:
    """Pitfall 4: with the search's order off by up to an hour, all that changed is still read: no page and no watermark relies on it."""
    sandbox.post("settings", search_disorder_seconds=3600.0)
    mark, ids = spread(sandbox, 260, every=20)
    assert set(records(sandbox.connector().pull(mark))) == set(ids)


def test_merges_are_told(sandbox: Any, records: Callable[..., dict[str, Record]]) -> None:
    """Pitfall 1: a merge made by a person comes as gone records for both old ids, and as the survivor under its new id."""
    one, two = sandbox.people(2)
    connector = sandbox.connector()
    mark = mark_of(connector.pull(None))
    sandbox.advance(7200)
    survivor = str(sandbox.post("merge", primaryObjectId=one, objectIdToMerge=two)["id"])
    sandbox.advance(60)
    found = records(connector.pull(mark))
    assert {key: (record.gone, record.gone_to) for key, record in found.items()} == {
        survivor: (None, None),
        one: (Gone.MERGED, survivor),
        two: (Gone.MERGED, survivor),
    }


def test_a_contact_archived_between_search_and_read_comes_as_gone(sandbox: Any, records: Callable[..., dict[str, Record]]) -> None:
    """The search index still shows an archived contact for a while; its read says that it is gone, and that it was archived."""
    [one] = sandbox.people(1)
    connector = sandbox.connector()
    mark = mark_of(connector.pull(None))
    sandbox.post("settings", search_lag_seconds=30.0)
    sandbox.advance(60)
    sandbox.post("archive", id=one)
    assert records(connector.pull(mark))[one].gone is Gone.DELETED


@pytest.mark.parametrize(
    "cursor",
    [
        [],
        "x",
        {},
        {"watermark": "yesterday"},
        {"watermark": "2026-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
        {"watermark": "2026-01-01T00:00:00Z", "swept": "yesterday"},
        {"watermark": "2026-01-01T00:00:00Z", "sweep": "2026-01-01T00:00:00Z"},
        {"watermark": "2026-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z", "read_to": "7", "to": None},
        dict.fromkeys(("watermark", "until", "from", "to"), "2026-01-01T00:00:00Z") | {"after": "x"},
    ],
)
def test_a_foreign_cursor_is_refused(sandbox: Any, cursor: Any) -> None:
    """A cursor that this connector never wrote is named, and what to do about it."""
    with pytest.raises(FatalError, match=r"cursor") as caught:
        list(sandbox.connector().pull(cursor))
    assert caught.value.next_step == "leadhub adopt"


@pytest.mark.parametrize("kind", ["drop_before", "truncate"])
def test_a_broken_read_is_not_repeated_here(sandbox: Any, kind: str) -> None:
    """A read without an answer is raised after one call: repeating it is the one retry layer's business."""
    sandbox.fault(kind, "objects/2026-03/contacts$", times=9, method="GET")
    with pytest.raises(UnknownOutcome):
        list(sandbox.connector(wanted=()).pull(None))
    assert len([entry for entry in sandbox.calls("objects/2026-03/contacts") if entry["method"] == "GET"]) == 1


def test_the_overlap_is_an_hour_unless_set() -> None:
    """The default overlap is the hour that HubSpot's search has been seen to be off by."""
    from leadhub_hubspot.settings import Settings

    assert timedelta(minutes=Settings(token="t").overlap_minutes) == timedelta(hours=1)
