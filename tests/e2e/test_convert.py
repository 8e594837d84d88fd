"""The action `convert`, from the proposal to what a crash leaves behind: W13, edge case 6, over HTTP from end to end."""

import io
from contextlib import redirect_stdout
from typing import Any

import pytest
from sandbox_world import World

from leadhub.cli.app import main
from leadhub.model.record import Operation
from leadhub.sync import apply as applying
from leadhub.sync import planfile
from leadhub.sync.acts import apply_plan, preview_revert
from leadhub.sync.run import plan

ALLOW = 'allow = ["convert"]'
SOAP = "/services/Soap/.*"


def _opportunity_elsewhere(world: World, *, allow: bool) -> tuple[str, str]:
    """One person in both CRMs at mql, then set to opportunity in HubSpot by a person; return lead and contact."""
    world.configure(salesforce=f"opportunities = true\n{ALLOW if allow else ''}")
    lead, contact = world.pair(hs={"lifecyclestage": "marketingqualifiedlead", "hs_lead_status": "NEW"})
    world.begin()
    world.hs_edit(contact, lifecyclestage="opportunity", hs_lead_status="OPEN_DEAL")
    world.mark()
    return lead, contact


def _conversions(world: World) -> int:
    return sum("/Soap/" in call["path"] for call in world.calls("salesforce"))


def _at_rest(world: World) -> None:
    world.mark()
    assert world.sync().status == "ok"
    assert not world.written()
    assert not _conversions(world)


def test_w13_the_plan_proposes_the_conversion_and_nothing_makes_it(world: World) -> None:
    """W13, 6: the hub is at opportunity, S still Open: Status is not written; every plan proposes the conversion by the Lead's id and says what allows it."""
    lead, _ = _opportunity_elsewhere(world, allow=False)
    for _ in range(2):
        report, changes = plan(world.hub)
        assert not changes
        assert [text for text in report.proposed if f"convert Lead {lead}" in text and 'allow = ["convert"] in [system.salesforce]' in text]
        world.sync()
    assert not [w for w in world.written() if w.system == "salesforce"]
    assert not _conversions(world)
    assert world.sf(lead)["Status"] == "Open - Not Contacted"
    assert world.lead().state.stage == "opportunity"


def test_w13_where_it_is_allowed_the_lead_is_converted(world: World) -> None:
    """W13 with allow = ["convert"]: planned as a stage move that nobody takes back, made once; Contact and opportunity are the person's from then on."""
    lead, contact = _opportunity_elsewhere(world, allow=True)
    report, (change,) = plan(world.hub)
    assert (change.operation, change.record_id, change.stage_move) == (Operation.CONVERT, lead, True)
    assert not report.proposed
    world.mark()
    assert world.sync().status == "ok"
    assert _conversions(world) == 1
    row = world.sf(lead)
    assert row["IsConverted"]
    _at_rest(world)
    linked = {(link.object, link.record_id) for link in world.person().links if link.system == "salesforce"}
    assert linked == {("Lead", lead), ("Contact", row["ConvertedContactId"]), ("Opportunity", row["ConvertedOpportunityId"])}
    assert world.state() == "opportunity/in_deal/open"
    assert world.hs(contact)["lifecyclestage"] == "opportunity"
    assert not world.reviews()


def test_a_lead_of_a_queue_is_proposed_until_a_user_owns_it(world: World) -> None:
    """W13: Salesforce would refuse it: nothing is tried, each plan says why, and once a user owns the lead it is converted."""
    lead, _ = _opportunity_elsewhere(world, allow=True)
    user = world.sf(lead)["OwnerId"]
    queues: list[dict[str, Any]] = world.boxes.http.get(f"{world.boxes.salesforce.url}/_sandbox/records/Group").json()
    world.sf_edit(lead, OwnerId=queues[0]["Id"])
    report = world.sync()
    assert (report.status, _conversions(world)) == ("ok", 0)
    assert [text for text in report.proposed if f"convert Lead {lead}" in text and "give it to a user in salesforce" in text]
    world.sf_edit(lead, OwnerId=user)
    world.sync()
    assert world.sf(lead)["IsConverted"]


def test_a_proposal_ends_when_somebody_converts_by_hand(world: World) -> None:
    """A person converts the Lead in Salesforce: nothing is proposed any more."""
    lead, _ = _opportunity_elsewhere(world, allow=False)
    assert plan(world.hub)[0].proposed
    world.sf_convert(lead)
    assert not plan(world.hub)[0].proposed
    world.sync()
    _at_rest(world)


def test_old_disagreement_is_no_reason_to_convert(world: World) -> None:
    """HubSpot said opportunity before leadhub came: a standing difference, and nothing is converted or proposed."""
    world.configure(salesforce=ALLOW)
    lead, _ = world.pair(hs={"lifecyclestage": "opportunity"})
    world.begin()
    report, changes = plan(world.hub)
    assert not changes
    assert not report.proposed
    _at_rest(world)
    assert not world.sf(lead)["IsConverted"]


@pytest.mark.parametrize(("kind", "calls"), [("drop_after", 1), ("drop_before", 2)])
def test_a_lost_answer_is_found_out_by_reading(*, world: World, kind: str, calls: int) -> None:
    """Nobody knows whether it happened: the lead is read. Converted: taken for done, never asked twice; not converted: asked again."""
    lead, _ = _opportunity_elsewhere(world, allow=True)
    world.fault("salesforce", kind, SOAP)
    world.sync()
    world.sync()
    assert world.sf(lead)["IsConverted"]
    assert _conversions(world) == calls
    _at_rest(world)


def test_a_lead_converted_in_between_is_not_converted_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody converts the Lead after it was planned and before it is sent: the re-read sees it, and the run agrees with what is there."""
    lead, _ = _opportunity_elsewhere(world, allow=True)
    asked = applying._look

    def meanwhile(batch: Any, careful: Any) -> Any:
        if batch[0].change.system == "salesforce" and not world.sf(lead)["IsConverted"]:
            world.sf_convert(lead)
        return asked(batch, careful)

    monkeypatch.setattr(applying, "_look", meanwhile)
    assert world.sync().status == "ok"
    assert not _conversions(world)
    monkeypatch.undo()
    _at_rest(world)


def test_a_revert_says_beforehand_that_a_conversion_stays(world: World) -> None:
    """What the run wrote elsewhere can go back; the conversion is listed as what cannot."""
    lead, _ = _opportunity_elsewhere(world, allow=True)
    run = world.sync().run
    world.sync()
    with world.hub.store.read() as tx:
        row = next(one for one in tx.runs.list(limit=10) if one.id == run)
    _, found = preview_revert(world.hub, row)
    assert [s.reason for s in found.skipped if lead in s.reason and "cannot be taken back" in s.reason]
    assert world.sf(lead)["IsConverted"]


def test_leads_why_says_that_a_conversion_is_waited_for(world: World) -> None:
    """Neither "no value for this" nor "is converted" would be true: what is missing is the permission, or the conversion by hand."""
    _opportunity_elsewhere(world, allow=False)
    world.sync()
    told = _why(world, "stage")
    assert 'it waits for a conversion, which is made by hand there, or with allow = ["convert"] in [system.salesforce]' in told


def test_leads_why_says_why_a_conversion_was_refused(world: World) -> None:
    """Salesforce refuses it: the refusal is told where the person asks, with the question that holds it."""
    lead, _ = _opportunity_elsewhere(world, allow=True)
    world.settings("salesforce", validation_rules=[{"object": "Account", "when": {"Name": "Acme"}, "message": "No Acme here."}])
    world.sync()
    assert not world.sf(lead)["IsConverted"]
    told = _why(world, "stage")
    assert "it was refused" in told
    assert "No Acme here." in told


def _why(world: World, name: str) -> str:
    out = io.StringIO()
    with redirect_stdout(out):
        assert main(["-C", str(world.folder), "leads", "why", "ann@acme.example", name]) == 0
    return " ".join(out.getvalue().split())


def test_a_conversion_of_a_plan_is_made_of_the_lead_that_was_looked_at(world: World) -> None:
    """A conversion sets no field, so what counts is what the lead showed: edited since, it is refused with what it shows now."""
    lead, _ = _opportunity_elsewhere(world, allow=True)
    report, changes = plan(world.hub)
    path = world.folder / "convert.plan"
    planfile.write(path, world.hub, report, changes)
    assert planfile.read(path, world.hub).items[0].before == {"Status": "Open - Not Contacted"}
    world.sf_edit(lead, Status="Working - Contacted")
    _, refused = apply_plan(world.hub, planfile.read(path, world.hub))
    assert [r.reason for r in refused] == ['Status shows something else now: "Working - Contacted"']
    assert not _conversions(world)
