"""`leadhub doctor --prove`: refuses production, makes nothing without a yes, tries each row that the page names, and leaves nothing behind."""

import re
from pathlib import Path
from typing import Any

import pytest
from cli_world import HTTP, World

from leadhub.plugins import Plugins

PAGE = Path(__file__).parents[2] / "docs" / "unproven.md"


def records(world: World, crm: str) -> list[dict[str, Any]]:
    """Return what lives in a CRM."""
    path = {"salesforce": "records/Lead", "hubspot": "records"}[crm]
    answer = HTTP.get(f"{getattr(world, crm).url}/_sandbox/{path}").json()
    rows = answer if crm == "salesforce" else answer["results"]
    return [row for row in rows if not (row.get("IsDeleted") or row.get("archived"))]


def proofs(world: World, crm: str) -> tuple[int, dict[str, tuple[str, str]]]:
    """Run it with a yes and return the exit code, and verdict and what was seen by row."""
    ran = world.run("doctor", "--prove", crm, "--yes", "--output", "json")
    assert ran.out, ran.err
    return ran.code, {row["row"]: (row["verdict"], row["seen"]) for row in ran.json["proofs"]}


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_everything_is_proven_against_the_sandbox_and_nothing_is_left(world: World, crm: str) -> None:
    """The sandboxes are what leadhub was built on: each row is proven there, and the records are gone afterwards."""
    code, told = proofs(world, crm)
    assert {row: seen for row, (verdict, seen) in told.items() if verdict != "proven"} == {}
    assert code == 0
    assert [row for row in told if row != "The test records are removed"] == [trial.row for trial in Plugins().connectors()[crm].trials]  # type: ignore[attr-defined]
    assert records(world, crm) == []


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_without_a_yes_it_says_what_it_would_make_and_makes_nothing(world: World, crm: str) -> None:
    """Each row with what is done for it, and the command that does it."""
    ran = world.run("doctor", "--prove", crm)
    assert ran.code == 0, ran.err
    assert ran.lines[-1] == f"Next: leadhub -C {world.folder} doctor --prove {crm} --yes"
    for trial in Plugins().connectors()[crm].trials:  # type: ignore[attr-defined]
        assert f"  {trial.row}" in ran.lines
        assert f"      {trial.does}" in ran.lines
    assert records(world, crm) == []
    assert [e for e in getattr(world, crm).journal if e["method"] in {"PATCH", "DELETE"} or "/batch/" in e["path"]] == []


@pytest.mark.parametrize(("crm", "settings"), [("salesforce", {"is_sandbox": False}), ("hubspot", {"account_type": "STANDARD"})])
def test_production_is_refused_even_with_a_yes(world: World, crm: str, settings: dict[str, Any]) -> None:
    """No option gets round it."""
    world.admin(crm, "settings", **settings)
    ran = world.run("doctor", "--prove", crm, "--yes")
    assert ran.code == 1
    assert f"{crm} is PRODUCTION" in ran.err
    assert f"a system of its own: leadhub -C {world.folder} connect {crm} --name {crm}-test" in ran.err
    assert records(world, crm) == []


def test_what_differs_is_told_and_the_records_are_removed_all_the_same(world: World) -> None:
    """An account in which a stage moves backward, or the scope for opt-outs lacks, is no account that leadhub was built on: exit 1, and one row not tried."""
    scopes = [scope for scope in world.hubspot.service.account.settings.scopes if not scope.startswith("communication")]
    world.admin("hubspot", "settings", scopes=scopes, search_lag_seconds=100_000)
    code, told = proofs(world, "hubspot")
    assert code == 1
    assert told["A new HubSpot contact shows in the search within a minute"][0] == "differs"
    (opted_out,) = [verdict for row, (verdict, _) in told.items() if row.startswith("HubSpot's subscription")]
    assert opted_out == "could not be tried"
    assert told["The test records are removed"][0] == "proven"
    assert records(world, "hubspot") == []


@pytest.mark.parametrize(("crm", "path"), [("salesforce", "composite/sobjects/Lead/LeadhubId__c"), ("hubspot", "batch/upsert")])
def test_records_whose_create_was_not_answered_are_removed_too(world: World, crm: str, path: str) -> None:
    """The answer is lost after the records were made: every row that needs them could not be tried, and the marked records are found and removed."""
    assert HTTP.post(f"{getattr(world, crm).url}/_sandbox/faults", json={"kind": "drop_after", "path": f".*{path}"}).is_success
    _, told = proofs(world, crm)
    assert "could not be tried" in {verdict for verdict, _ in told.values()}
    assert told["The test records are removed"][0] == "proven"
    assert records(world, crm) == []


def test_an_org_without_a_rule_cannot_prove_what_the_header_does(world: World) -> None:
    """No rule moves the lead, so its owner stays in any case: that proves nothing, and is said."""
    world.admin("salesforce", "settings", assignment_rule={"id": None, "active": False, "owner": None})
    _, told = proofs(world, "salesforce")
    (verdict,) = [verdict for row, (verdict, _) in told.items() if row.startswith("`Sforce-Auto-Assign")]
    assert verdict == "could not be tried"


def test_the_page_names_the_rows_that_are_tried() -> None:
    """docs/unproven.md and the trials of the two connectors name the same rows."""
    named: dict[str, set[str]] = {"salesforce": set(), "hubspot": set()}
    for row, systems in re.findall(r"^\| (.+?) \| .+? \| ([a-z, ]*?) ?\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE):
        for system in filter(None, systems.split(", ")):
            named[system].add(row)
    connectors = Plugins().connectors()
    assert named == {name: {trial.row for trial in connectors[name].trials} for name in named}  # type: ignore[attr-defined]
