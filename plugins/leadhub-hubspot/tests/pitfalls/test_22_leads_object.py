"""Pitfall 22: the Leads object: several leads per contact, a seat, stages by id in pipelines, and moves by HubSpot itself."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from leadhub import Change, ConfigError, FatalError, Gone, InvalidValue, Operation, Page, Record, Result

HOURS = 3600
Drain = Callable[..., dict[str, Record]]


def mark_of(pages: Iterable[Page]) -> Any:
    return json.loads(json.dumps(list(pages)[-1].cursor))


def moved(record_id: str, stage: str, key: str = "k") -> Change:
    return Change(key, "leads", Operation.UPDATE, record_id, {"hs_pipeline_stage": stage})


def test_each_lead_of_a_contact_comes_with_its_stage_and_its_contact(sandbox: Any, records: Drain) -> None:
    """Pitfall 22: two leads of one contact are two records, each with its stage by id and the one contact that it is primarily about."""
    one, other = sandbox.people(2)
    first, second = sandbox.lead(one), sandbox.lead(one, hs_pipeline_stage="attempting-stage-id", hs_lead_label="HOT")
    sandbox.associate(first, other, of="leads")
    connector = sandbox.connector(leads=True)
    found = records(connector.pull(None))
    assert {id_: found[id_].values["hs_pipeline_stage"] for id_ in (first, second)} == {first: "new-stage-id", second: "attempting-stage-id"}
    assert {found[id_].values["associations.contacts"] for id_ in (first, second)} == {one}
    assert (found[second].object, found[second].values["hs_lead_label"]) == ("leads", "HOT")
    assert connector.reread("leads", [second])[second] == found[second]


def test_a_move_by_hubspot_itself_is_seen_and_ascribed_to_nobody(sandbox: Any, records: Drain) -> None:
    """Pitfall 22: New becomes Attempting because somebody called: an edit like any other, made by automation."""
    (one,) = sandbox.people(1)
    leads = [sandbox.lead(one) for _ in range(2)]
    sandbox.advance(2 * HOURS)
    connector = sandbox.connector(leads=True)
    mark = mark_of(connector.pull(None))
    sandbox.advance(2 * HOURS)
    sandbox.edit(leads[1], of="leads", by="AUTOMATION_PLATFORM", hs_pipeline_stage="attempting-stage-id")
    sandbox.advance(60)
    found = records(connector.pull(mark))
    assert {id_: record.values["hs_pipeline_stage"] for id_, record in found.items()} == {leads[1]: "attempting-stage-id"}
    assert connector.authors("leads", leads, ["hs_pipeline_stage"])[leads[1], "hs_pipeline_stage"].kind == "automation"
    sandbox.edit(leads[1], of="leads", hs_pipeline_stage="connected-stage-id")
    assert connector.authors("leads", leads, ["hs_pipeline_stage"])[leads[1], "hs_pipeline_stage"].kind == "person"


def test_stages_are_those_of_the_pipelines(sandbox: Any) -> None:
    """Pitfall 22: the property itself lists no options: what stages there are, of every pipeline, is asked of the pipelines."""
    sandbox.post("pipelines", object="leads", id="88", label="Partners", stages=[{"id": "900", "label": "Warm"}])
    described = sandbox.connector(leads=True).describe("leads")["hs_pipeline_stage"]
    assert described.options is not None
    assert {"new-stage-id", "900"} <= set(described.options)
    assert described.labels["900"] == "Warm"


def test_a_stage_is_written_by_its_id_and_a_wrong_one_stops_nobody(sandbox: Any) -> None:
    """Pitfall 22: stages are written in one batch, each for itself: one that the lead's pipeline does not have is refused, and no other."""
    one, two = (sandbox.lead(contact) for contact in sandbox.people(2))
    outcomes = {o.key: o for o in sandbox.connector(leads=True).push([moved(one, "connected-stage-id", "good"), moved(two, "900", "bad")])}
    assert outcomes["good"].result is Result.ACCEPTED
    assert outcomes["good"].values == {"hs_pipeline_stage": "connected-stage-id"}
    assert outcomes["good"].stamp is not None
    assert outcomes["bad"].result is Result.REFUSED
    assert isinstance(outcomes["bad"].error, InvalidValue)
    assert len(sandbox.calls("leads/batch/update")) <= 3


@pytest.mark.parametrize("operation", [Operation.CREATE, Operation.ARCHIVE, Operation.CLEAR_THEN_SET])
def test_leads_are_neither_made_nor_removed(sandbox: Any, operation: Operation) -> None:
    """Pitfall 22: a lead of the object is a salesperson's: leadhub moves it, and nothing else."""
    mine = sandbox.lead(*sandbox.people(1))
    connector = sandbox.connector(leads=True)
    change = Change("k", "leads", operation, None if operation is Operation.CREATE else mine, {"hs_pipeline_stage": "new-stage-id"})
    with pytest.raises(FatalError, match="only updates"):
        list(connector.push([change]))
    assert connector.find("leads", ["k"]) == {}
    assert not [entry for entry in sandbox.calls() if "leads/batch" in entry["path"]]


def test_a_lead_that_lost_its_contact_is_gone(sandbox: Any, records: Drain) -> None:
    """Pitfall 22: HubSpot deletes a lead whose last primary association is taken away: the list of the archived tells of it."""
    (one,) = sandbox.people(1)
    mine = sandbox.lead(one)
    connector = sandbox.connector(leads=True)
    mark = mark_of(connector.pull(None))
    sandbox.advance(7 * HOURS)
    sandbox.part(mine, one, of="leads")
    sandbox.advance(60)
    assert records(connector.pull(mark))[mine].gone is Gone.DELETED


def test_without_a_seat_the_contacts_go_on_and_it_is_told(sandbox: Any, records: Drain) -> None:
    """Pitfall 22: an account without the seat answers 403 to everything about leads: the contacts are read, and doctor says what lacks."""
    (one,) = sandbox.people(1)
    sandbox.post("settings", lead_seats=False)
    connector = sandbox.connector(leads=True)
    pages = list(connector.pull(None))
    assert records(iter(pages)).keys() == {one}
    assert [(name, told["object"]) for name, told in sandbox.log.events] == [("hubspot.left_out", "leads")]
    finding = next(one for one in connector.examine(()) if one.subject == "crm.objects.leads.read")
    assert finding.level == "warn"
    assert "or the account has no seat for the Leads object" in finding.text


def test_without_the_setting_nothing_is_asked_of_it(sandbox: Any) -> None:
    """Pitfall 22: the Leads object is opt-in: by default it is neither read nor written, and costs no call."""
    sandbox.lead(*sandbox.people(1))
    connector = sandbox.connector()
    connector.check()
    mark = mark_of(connector.pull(None))
    sandbox.advance(60)
    list(connector.pull(mark))
    assert not [entry for entry in sandbox.calls() if "leads" in entry["path"] or "0-136" in entry["path"]]
    with pytest.raises(ConfigError, match="not leads"):
        list(connector.push([moved("1", "new-stage-id")]))


def test_a_cursor_of_contacts_and_deals_goes_on_with_leads_added(sandbox: Any, records: Drain) -> None:
    """Pitfall 22: switched on later, all leads are read and nothing else twice."""
    (one,) = sandbox.people(1)
    sandbox.deal(one)
    mine = sandbox.lead(one)
    sandbox.advance(2 * HOURS)
    mark = mark_of(sandbox.connector(deals=True).pull(None))
    sandbox.advance(2 * HOURS)
    assert records(sandbox.connector(deals=True, leads=True).pull(mark)).keys() == {mine}
