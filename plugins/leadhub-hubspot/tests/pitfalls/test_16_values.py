"""Pitfalls 16 to 19 and 21: options, dates, blanks, lengths, and what forms bring in."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from leadhub_hubspot import pull as pulling
from leadhub_hubspot.values import from_wire, to_wire

from leadhub import Change, InvalidValue, Record, Result

STAGES = [{"value": "lead", "displayOrder": 0}, {"value": "51439524", "label": "Trial", "displayOrder": 1}, {"value": "customer", "displayOrder": 2}]


def test_a_numeric_stage_is_a_name(sandbox: Any, change: Callable[..., Change], records: Callable[..., dict[str, Record]]) -> None:
    """Pitfall 16: a custom stage, whose internal name is a number, is described, read and written as the text that it is, in the account's order."""
    sandbox.post("settings", options={"lifecyclestage": STAGES})
    one = sandbox.create(email="a@example.com", lifecyclestage="lead")
    connector = sandbox.connector()
    assert connector.describe("contacts")["lifecyclestage"].options == ("lead", "51439524", "customer")
    [outcome] = connector.push([change("k", one, lifecyclestage="51439524")])
    assert (outcome.result, outcome.values) == (Result.ACCEPTED, {"lifecyclestage": "51439524"})
    assert records(connector.pull(None))[one].values["lifecyclestage"] == "51439524"


def test_a_stage_that_is_gone_is_refused_and_the_options_are_read_anew(sandbox: Any, change: Callable[..., Change]) -> None:
    """Pitfall 16: a stage that somebody deleted meanwhile refuses its record alone, never guessed at; the next write looks at the properties again."""
    one, two = sandbox.people(2)
    connector = sandbox.connector()
    connector.describe("contacts")
    sandbox.post("settings", options={"lifecyclestage": STAGES})
    outcomes = {o.key: o for o in connector.push([change("a", one, lifecyclestage="salesqualifiedlead"), change("b", two, phone="1")])}
    assert isinstance(outcomes["a"].error, InvalidValue)
    assert (outcomes["a"].error.code, outcomes["b"].result) == ("INVALID_OPTION", Result.ACCEPTED)
    reads = len(sandbox.calls("properties/2026-03/contacts"))
    list(connector.push([change("c", one, lifecyclestage="51439524")]))
    assert len(sandbox.calls("properties/2026-03/contacts")) == reads + 1
    list(connector.push([change("d", one, phone="1")]))
    assert len(sandbox.calls("properties/2026-03/contacts")) == reads + 1, "and only then"


@pytest.mark.parametrize(
    ("wire", "kind", "value"),
    [
        ("2026-05-01", "date", date(2026, 5, 1)),
        ("1777593600000", "date", date(2026, 5, 1)),
        (1777593600000, "date", date(2026, 5, 1)),
        ("2026-05-01T00:00:00Z", "datetime", datetime(2026, 5, 1, tzinfo=UTC)),
        ("2026-05-01T02:00:00+02:00", "datetime", datetime(2026, 5, 1, tzinfo=UTC)),
        ("1777593600000", "datetime", datetime(2026, 5, 1, tzinfo=UTC)),
        (1777593600000, "datetime", datetime(2026, 5, 1, tzinfo=UTC)),
        ("2026-05-01T00:00:00.5Z", "datetime", datetime(2026, 5, 1, 0, 0, 0, 500_000, tzinfo=UTC)),
    ],
)
def test_dates_are_compared_as_dates(wire: Any, kind: str, value: Any) -> None:
    """Pitfall 17: a date or an instant in any of HubSpot's forms, milliseconds included, is one value in UTC, and no midnight moves it by a day."""
    assert from_wire(wire, kind) == value
    assert from_wire(to_wire(value), kind) == value


def test_a_date_comes_back_as_it_was_sent(sandbox: Any, change: Callable[..., Change]) -> None:
    """Pitfall 17: a date written in one form and answered in another is no difference."""
    [one] = sandbox.people(1)
    wanted = datetime(2026, 5, 1, tzinfo=UTC)
    [outcome] = sandbox.connector().push([change("k", one, closedate=wanted)])
    assert outcome.values == {"closedate": wanted}


@pytest.mark.parametrize("reads_as", ["null", "empty"])
def test_absent_null_and_empty_are_three_things(
    sandbox: Any, change: Callable[..., Change], records: Callable[..., dict[str, Record]], reads_as: str
) -> None:
    """Pitfall 18: a property that the account lacks is not known, null and "" are known to be blank; only None in a change clears, by an empty text."""
    sandbox.post("settings", cleared_reads_as=reads_as)
    [one] = sandbox.people(1, phone="+1", company="Acme")
    connector = sandbox.connector(wanted=("phone", "company", "jobtitle", "no_such_property"))
    list(connector.push([change("k", one, phone=None)]))
    assert '"phone":""' in sandbox.calls("batch/update")[0]["body"].replace(" ", "")
    assert "company" not in sandbox.calls("batch/update")[0]["body"]
    assert records(connector.pull(None))[one].values == {"phone": None, "company": "Acme", "jobtitle": None}


def test_very_many_properties_are_read_by_a_body(sandbox: Any, records: Callable[..., dict[str, Record]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Pitfall 19: where the names of the wanted properties would make an address too long, ids are listed and the values read in batches, all of them."""
    ids = sandbox.people(130, phone="+1")
    sandbox.post("merge", primaryObjectId=ids[0], objectIdToMerge=ids[1])
    short = {key: (record.values, record.gone) for key, record in records(sandbox.connector().pull(None)).items()}
    monkeypatch.setattr(pulling, "LONGEST_QUERY", 20)
    sandbox.forget_calls()
    long = {key: (record.values, record.gone) for key, record in records(sandbox.connector().pull(None)).items()}
    assert long == short
    assert len(sandbox.calls("batch/read")) == 2


def test_a_search_names_no_property_but_the_id(sandbox: Any) -> None:
    """Pitfall 19: however many properties are wanted, a search asks for ids alone, and its body stays far below 3,000 characters."""
    wanted = tuple(f"property_number_{n}" for n in range(2_000))
    list(sandbox.connector(wanted=wanted).pull({"watermark": "2026-03-02T09:00:00.000Z"}))
    assert max(len(entry["body"]) for entry in sandbox.calls("/search")) < 500


def test_a_text_that_is_too_long_refuses_its_record_alone(sandbox: Any, change: Callable[..., Change]) -> None:
    """Pitfall 19: a value beyond HubSpot's 65,536 characters is refused for its record, with the reason; its neighbor is written."""
    one, two = sandbox.people(2)
    outcomes = {o.key: o for o in sandbox.connector().push([change("a", one, message="x" * 65_537), change("b", two, phone="1")])}
    assert (outcomes["a"].result, outcomes["b"].result) == (Result.REFUSED, Result.ACCEPTED)


def test_what_a_form_made_comes_as_a_contact(sandbox: Any, records: Callable[..., dict[str, Record]]) -> None:
    """Pitfall 21: HubSpot's form submissions are not read, only the contact that each one makes or changes, late as that may be; it comes once."""
    connector = sandbox.connector()
    mark = list(connector.pull(None))[-1].cursor
    sandbox.advance(7200)
    one = str(sandbox.post("create", properties={"email": "form@example.com"}, source="FORM")["id"])
    sandbox.advance(60)
    found = [record.id for page in connector.pull(mark) for record in page.records]
    assert found == [one]
    assert not [entry for entry in sandbox.calls() if "form" in entry["path"]]
