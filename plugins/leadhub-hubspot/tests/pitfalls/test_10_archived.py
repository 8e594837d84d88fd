"""Pitfall 10: HubSpot tells of archived contacts in a list apart, of purged ones nowhere, and answers 404 for either."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from leadhub_hubspot import client as calling

from leadhub import AccessDenied, Gone, Page, Record

HOURS = 3600


def listed_pages(sandbox: Any) -> int:
    return sum(entry["method"] == "GET" for entry in sandbox.calls("/objects/2026-03/contacts"))


def mark_of(pages: list[Page]) -> Any:
    return json.loads(json.dumps(pages[-1].cursor))


def test_an_archived_contact_is_noticed_within_six_hours(sandbox: Any, records: Callable[..., dict[str, Record]]) -> None:
    """Pitfall 10: a contact archived by a person comes as deleted with the next look at the list of the archived, six hours after the last one."""
    one, two = sandbox.people(2)
    sandbox.advance(2 * HOURS)
    connector = sandbox.connector()
    mark = mark_of(list(connector.pull(None)))
    sandbox.forget_calls()
    sandbox.advance(2 * HOURS)
    sandbox.post("archive", id=one)
    sandbox.advance(2 * HOURS)
    early = list(connector.pull(mark))
    assert records(iter(early)) == {}
    assert listed_pages(sandbox) == 0
    sandbox.advance(2 * HOURS)
    late = list(connector.pull(mark_of(early)))
    assert {key: record.gone for key, record in records(iter(late)).items()} == {one: Gone.DELETED}
    assert two not in records(iter(late))
    sandbox.advance(2 * HOURS)
    assert records(connector.pull(mark_of(late))) == {}, "and it is told once"


def test_who_was_archived_long_ago_is_not_told_again(sandbox: Any, records: Callable[..., dict[str, Record]]) -> None:
    """Pitfall 10: of all who are in the list only those come that were archived since it was read last, an overlap included."""
    one, two = sandbox.people(2)
    sandbox.advance(2 * HOURS)
    mark = mark_of(list(sandbox.connector().pull(None)))
    seen = []
    for archived in (one, two):
        sandbox.post("archive", id=archived)
        sandbox.advance(7 * HOURS)
        pages = list(sandbox.connector().pull(mark))
        mark = mark_of(pages)
        seen.append(set(records(iter(pages))))
    assert seen == [{one}, {two}]


def test_a_sweep_resumes_after_every_page(sandbox: Any, records: Callable[..., dict[str, Record]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Pitfall 10: a look at the list of the archived that is stopped after a page goes on from there, and is not begun anew."""
    monkeypatch.setattr(calling, "LIST_LIMIT", 3)
    ids = sandbox.people(8)
    sandbox.advance(2 * HOURS)
    mark = mark_of(list(sandbox.connector().pull(None)))
    for one in ids[:7]:
        sandbox.post("archive", id=one)
    sandbox.advance(7 * HOURS)
    for stop in (1, 2):
        sandbox.forget_calls()
        stream = sandbox.connector().pull(mark)
        first = [next(stream) for _ in range(stop)]
        rest = list(sandbox.connector().pull(mark_of(first)))
        assert set(records(iter(first + rest))) == set(ids[:7])
        assert listed_pages(sandbox) == 3


def test_a_missing_scope_is_not_a_missing_contact(sandbox: Any) -> None:
    """Pitfall 10: a key that lost its right to read is told as such; no contact counts as gone for it."""
    [one] = sandbox.people(1)
    sandbox.post("settings", scopes=["crm.schemas.contacts.read"])
    with pytest.raises(AccessDenied, match=r"crm\.objects\.contacts\.read"):
        sandbox.connector().reread("contacts", [one])
