"""`leadhub map diff`: the mapping beside the live picklists, each difference with what settles it."""

from typing import Any

import pytest
from cli_world import World


def statuses(world: World, **renamed: str) -> list[dict[str, Any]]:
    """Return Salesforce's statuses, some under another name."""
    found = [dict(one) for one in world.salesforce.service.org.settings.statuses]
    for one in found:
        one["ApiName"] = renamed.get(one["ApiName"].split(" ")[0], one["ApiName"])
    return found


def differences(world: World, *args: str) -> list[dict[str, Any]]:
    """Return what the command found, as JSON."""
    ran = world.run("map", "diff", *args, "--output", "json")
    assert ran.code == 0, ran.err
    assert ran.json["schema"] == "leadhub.map_diff/1"
    found: list[dict[str, Any]] = ran.json["differences"]
    return found


def test_a_mapping_that_fits_says_so(world: World) -> None:
    """The presets fit the sandboxes; nobody has anything to do, and no record is read or written."""
    ran = world.run("map", "diff")
    assert ran.code == 0, ran.err
    assert ran.lines[-1] == "The mapping and the picklists of salesforce, hubspot agree."
    assert differences(world, "hubspot") == []


def test_a_value_that_the_org_renamed_is_followed_by_the_command_that_is_told(world: World) -> None:
    """The old name stands in the map alone, the new one there alone: one difference, one rename, and then they agree."""
    world.admin("salesforce", "settings", statuses=statuses(world, Working="Working - Reached"))
    (found,) = differences(world, "salesforce")
    assert (found["kind"], found["value"], found["field"]) == ("only in the map", "Working - Contacted", "Status")
    assert found["command"] == f"leadhub -C {world.folder} map rename salesforce Status 'Working - Contacted' 'Working - Reached'"
    assert world.run("map", "rename", "salesforce", "Status", "Working - Contacted", "Working - Reached", "--yes").code == 0
    assert differences(world) == []
    assert [line for line in world.run("doctor").lines if "M08" in line or "M09" in line] == []


def test_a_value_that_nobody_mapped_is_told_with_its_label_and_its_records(world: World) -> None:
    """What people see, how many records show it, and the command that maps it."""
    parked = {"ApiName": "Parked", "MasterLabel": "On hold", "SortOrder": 9, "IsDefault": False, "IsConverted": False}
    world.admin("salesforce", "settings", statuses=[*statuses(world), parked])
    world.lead(LastName="Odd", Status="Parked")
    assert world.run("adopt", "salesforce").code == 0
    (found,) = differences(world)
    assert {key: found[key] for key in ("kind", "value", "label", "records")} == {
        "kind": "only there",
        "value": "Parked",
        "label": "On hold",
        "records": 1,
    }
    assert found["command"].endswith("map add salesforce Status Parked --like OTHER")
    shown = world.run("map", "diff", "salesforce").lines
    assert '  only there       "Parked" ("On hold"), 1 record: nobody mapped it: it is left alone' in shown


def test_converted_values_labels_and_order_are_told(world: World) -> None:
    """M10, M11 and M13 beside each other: what no command settles says where it is settled."""
    path = world.folder / "leadhub.toml"
    row = 'value = "Working - Contacted", label = "In touch", stage = ["<=sql"], status = ["attempting", "connected", "nurturing"], exit = ["open"]'
    path.write_text(path.read_text() + f"\n[system.salesforce.field.Status]\nmap = [ {{ {row} }} ]\n")
    changed = statuses(world)
    for one in changed:
        one["IsConverted"] = one["IsConverted"] or one["ApiName"].startswith("Working")
    world.admin("salesforce", "settings", statuses=changed)
    stages = ["subscriber", "lead", "salesqualifiedlead", "marketingqualifiedlead", "opportunity", "customer", "evangelist", "other"]
    world.admin("hubspot", "settings", options={"lifecyclestage": stages})
    found = {one["kind"]: one for one in differences(world)}
    assert set(found) == {"label", "converted", "order"}
    assert found["label"]["text"].startswith('people see "Working", the row says "In touch"')
    assert found["converted"]["value"] == "Working - Contacted"
    assert '"salesqualifiedlead" before "marketingqualifiedlead"' in found["order"]["text"]
    assert {one["command"] for one in found.values()} == {""}


def test_a_value_that_is_gone_without_a_likely_new_name_leaves_the_name_open(world: World) -> None:
    """Nothing is guessed: the two values are told apart."""
    world.admin("salesforce", "settings", statuses=statuses(world, Working="Zzz"))
    commands = {one["kind"]: one["command"] for one in differences(world)}
    assert commands["only in the map"].endswith("map rename salesforce Status 'Working - Contacted' NEW")
    assert commands["only there"].endswith("map add salesforce Status Zzz --like OTHER")


@pytest.mark.parametrize("name", ["nobody"])
def test_a_system_that_is_not_there_is_refused(world: World, name: str) -> None:
    """With the names that there are."""
    ran = world.run("map", "diff", name)
    assert ran.code == 2
    assert "Systems: salesforce, hubspot." in ran.err
