"""Deals: read where the deployment wants them, with their contacts and their flags, and never written."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from leadhub import Change, ConfigError, Gone, Operation, Page, Record

HOURS = 3600
Drain = Callable[..., dict[str, Record]]


def mark_of(pages: Iterable[Page]) -> Any:
    """Return the cursor after the last page, as the store gives it back."""
    return json.loads(json.dumps(list(pages)[-1].cursor))


def test_a_deal_comes_with_its_stage_its_flags_and_its_contacts(sandbox: Any, records: Drain) -> None:
    """Listed, searched and read by id it says the same: stage, closed, won, when it was made, and whom it is associated with."""
    one, two = sandbox.people(2)
    deal = sandbox.deal(one, two, dealstage="closedwon")
    connector = sandbox.connector(deals=True)
    first = list(connector.pull(None))
    record = records(iter(first))[deal]
    assert (record.object, record.gone) == ("deals", None)
    assert {name: value for name, value in record.values.items() if name != "createdate"} == {
        "dealstage": "closedwon",
        "hs_is_closed": "true",
        "hs_is_closed_won": "true",
        "associations.contacts": [one, two],
    }
    assert record.created == record.stamp
    sandbox.advance(60)
    assert records(connector.pull(mark_of(first)))[deal] == record
    assert connector.reread("deals", [deal])[deal] == record


def test_a_deal_of_nobody_has_no_contacts(sandbox: Any, records: Drain) -> None:
    """HubSpot tells of a record without associations as of an error; to leadhub it is a deal of nobody."""
    deal, other = sandbox.deal(), sandbox.deal(*sandbox.people(1))
    found = records(sandbox.connector(deals=True).pull(None))
    assert found[deal].values["associations.contacts"] == []
    assert len(found[other].values["associations.contacts"]) == 1


def test_the_stage_of_a_pipeline_of_ones_own_tells_whether_it_is_won_by_its_flags(sandbox: Any, records: Drain) -> None:
    """A stage that no preset can name comes by its id, and with HubSpot's own word on whether it is closed, and won."""
    stages = [{"id": "51439524", "label": "Signed", "metadata": {"isClosed": "true", "probability": "1.0"}}]
    sandbox.post("pipelines", object="deals", id="77", label="Renewals", stages=stages)
    deal = sandbox.deal(pipeline="77", dealstage="51439524")
    connector = sandbox.connector(deals=True)
    values = records(connector.pull(None))[deal].values
    assert (values["dealstage"], values["hs_is_closed"], values["hs_is_closed_won"]) == ("51439524", "true", "true")
    described = connector.describe("deals")["dealstage"]
    assert described.labels["51439524"] == "Signed"
    assert described.options is not None
    assert {"closedwon", "51439524"} <= set(described.options)


def test_an_edit_of_a_deal_is_seen_and_nothing_else(sandbox: Any, records: Drain) -> None:
    """A pull goes on from where the last one ended, in deals as in contacts; a contact that is associated later is a change of the deal."""
    one, two = sandbox.people(2)
    deals = [sandbox.deal(one) for _ in range(3)]
    sandbox.advance(2 * HOURS)
    connector = sandbox.connector(deals=True)
    mark = mark_of(connector.pull(None))
    sandbox.advance(2 * HOURS)
    sandbox.edit(deals[1], of="deals", dealstage="closedlost")
    sandbox.advance(60)
    pages = list(connector.pull(mark))
    found = records(iter(pages))
    assert found.keys() == {deals[1]}
    assert found[deals[1]].values["hs_is_closed_won"] == "false"
    sandbox.advance(4 * HOURS)
    mark = mark_of(connector.pull(mark_of(pages)))
    sandbox.associate(deals[2], two)
    sandbox.advance(60)
    found = {id_: record for id_, record in records(connector.pull(mark)).items() if record.object == "deals"}
    assert {id_: record.values["associations.contacts"] for id_, record in found.items()} == {deals[2]: [one, two]}


@pytest.mark.parametrize("stop", [1, 2, 3, 4])
def test_a_pull_resumes_after_every_page(sandbox: Any, records: Drain, stop: int) -> None:
    """Stopped among the contacts or among the deals, it goes on there, and loses none of either."""
    people = sandbox.people(101)
    deals = [sandbox.deal(people[0]) for _ in range(101)]
    stream = sandbox.connector(deals=True).pull(None)
    first = [next(stream) for _ in range(stop)]
    sandbox.forget_calls()
    rest = list(sandbox.connector(deals=True).pull(mark_of(first)))
    found = records(iter(first + rest))
    assert found.keys() == {*people, *deals}
    listed = [entry for entry in sandbox.calls("/deals") if entry["method"] == "GET"]
    assert len(listed) == (4 - max(stop, 2)), "no page of deals is listed twice"


def test_an_archived_deal_is_noticed_within_six_hours(sandbox: Any, records: Drain) -> None:
    """Pitfall 10: deals have a list of the archived of their own, which is asked as often as that of the contacts."""
    deal = sandbox.deal()
    connector = sandbox.connector(deals=True)
    mark = mark_of(connector.pull(None))
    sandbox.advance(2 * HOURS)
    sandbox.post("archive", object="deals", id=deal)
    early = list(connector.pull(mark))
    sandbox.advance(5 * HOURS)
    late = records(connector.pull(mark_of(early)))
    assert {id_: record.gone for id_, record in late.items()} == {deal: Gone.DELETED}
    assert connector.reread("deals", [deal, "1"])[deal].gone is Gone.DELETED


def test_switched_on_later_all_deals_are_read_and_no_contact_twice(sandbox: Any, records: Drain) -> None:
    """A cursor from before the setting goes on where it was in contacts, and begins with the deals; switched off again it is what it was."""
    deal = sandbox.deal(*sandbox.people(1))
    sandbox.advance(2 * HOURS)
    mark = mark_of(sandbox.connector().pull(None))
    assert "deals" not in mark
    sandbox.advance(2 * HOURS)
    pages = list(sandbox.connector(deals=True).pull(mark))
    assert records(iter(pages)).keys() == {deal}
    sandbox.advance(2 * HOURS)
    pages = list(sandbox.connector(deals=True).pull(mark_of(pages)))
    assert not records(iter(pages))
    assert "deals" not in mark_of(sandbox.connector().pull(mark_of(pages)))


def test_a_quiet_pull_with_deals_costs_one_search_more_and_none_without(sandbox: Any) -> None:
    """The clock is asked once for both, and the properties of deals never; without the setting nobody asks for a deal."""
    sandbox.deal(*sandbox.people(1))
    sandbox.advance(2 * HOURS)
    asked = {}
    for deals in (False, True):
        connector = sandbox.connector(deals=deals)
        mark = mark_of(connector.pull(None))
        sandbox.advance(2 * HOURS)
        sandbox.forget_calls()
        list(connector.pull(mark))
        asked[deals] = sorted(entry["path"] for entry in sandbox.calls())
    assert asked[True] == sorted([*asked[False], "/crm/objects/2026-03/deals/search"])
    assert not [path for path in asked[False] if "deals" in path]


def test_a_key_that_may_not_read_deals_reads_the_contacts(sandbox: Any, records: Drain) -> None:
    """Without the scope contacts are kept in sync all the same, and what is left out is told; with it again all deals come."""
    (one,) = sandbox.people(1)
    deal = sandbox.deal(one)
    scopes = sandbox.service.account.settings.scopes
    sandbox.post("settings", scopes=[name for name in scopes if name != "crm.objects.deals.read"])
    pages = list(sandbox.connector(deals=True).pull(None))
    assert records(iter(pages)).keys() == {one}
    assert [(name, told["object"]) for name, told in sandbox.log.events] == [("hubspot.left_out", "deals")]
    sandbox.post("settings", scopes=scopes)
    assert deal in records(sandbox.connector(deals=True).pull(mark_of(pages)))


def test_deals_need_no_scope_but_their_own(sandbox: Any, records: Drain) -> None:
    """Without the scope of their schema they are read and described all the same; only what their stages are called is not known."""
    deal = sandbox.deal()
    scopes = [name for name in sandbox.service.account.settings.scopes if name != "crm.schemas.deals.read"]
    sandbox.post("settings", scopes=scopes)
    connector = sandbox.connector(deals=True)
    assert deal in records(connector.pull(None))
    described = connector.describe("deals")
    assert {"dealstage", "hs_is_closed", "hs_is_closed_won"} <= described.keys()
    assert described["dealstage"].options is None


@pytest.mark.parametrize("operation", [Operation.UPDATE, Operation.CREATE, Operation.ARCHIVE])
def test_no_deal_is_ever_written(sandbox: Any, operation: Operation) -> None:
    """Winning, losing, reopening or making one is nobody's but a person's."""
    deal = sandbox.deal()
    connector = sandbox.connector(deals=True)
    change = Change("k", "deals", operation, None if operation is Operation.CREATE else deal, {"dealstage": "closedwon"})
    with pytest.raises(ConfigError, match="writes HubSpot's contacts, not deals"):
        list(connector.push([change]))
    assert not sandbox.calls()
    assert connector.find("deals", ["k"]) == connector.authors("deals", [deal], ["dealstage"]) == {}


def test_without_the_setting_no_deal_is_known(sandbox: Any) -> None:
    """The connector says what it does not read."""
    with pytest.raises(ConfigError, match="not deals"):
        sandbox.connector().reread("deals", ["1"])
