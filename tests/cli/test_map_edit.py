"""`leadhub map add` and `map rename`: what changes is shown, checked and asked before it is written, and the next run goes by it."""

import tomllib

import pytest
from cli_world import World


def status(name: str) -> dict[str, object]:
    return {"ApiName": name, "MasterLabel": name, "SortOrder": 9, "IsDefault": False, "IsConverted": False}


@pytest.fixture
def parked(world: World) -> World:
    """Salesforce has a Status that nobody mapped, and two Leads that show it."""
    world.admin("salesforce", "settings", statuses=[*world.salesforce.service.org.settings.statuses, status("Parked")])
    world.lead(LastName="Odd", Status="Parked")
    world.lead(LastName="Odder", Status="Parked")
    assert world.run("adopt", "salesforce").code == 0
    return world


def text(world: World) -> str:
    return (world.folder / "leadhub.toml").read_text()


def rows(world: World) -> list[dict[str, object]]:
    found: list[dict[str, object]] = tomllib.loads(text(world))["system"]["salesforce"]["field"]["Status"]["map"]
    return found


def test_a_value_is_mapped_like_another(parked: World) -> None:
    """The difference, the meaning and the records concerned are shown; afterwards the value is no longer unmapped, and is never written."""
    before = text(parked)
    ran = parked.run("map", "add", "salesforce", "Status", "Parked", "--like", "Working - Contacted", answers="y\n")
    assert ran.code == 0, ran.err
    assert '+value = "Parked"' in ran.lines
    assert '2 records of salesforce show "Parked" now.' in ran.lines
    assert "  leadhub never writes it" in ran.lines
    (row,) = rows(parked)
    assert (row["value"], row["writes"], row["status"]) == ("Parked", False, ["attempting", "connected", "nurturing"])
    assert all(line in text(parked).splitlines() for line in before.splitlines())
    assert "Nobody mapped" not in parked.run("map", "show").out
    assert parked.run("config", "check").code == 0


@pytest.mark.parametrize("answer", ["\n", "n\n"])
def test_without_a_yes_nothing_is_written(parked: World, answer: str) -> None:
    """Looking costs nothing."""
    before = text(parked)
    ran = parked.run("map", "add", "salesforce", "Status", "Parked", "--status", "nurturing", answers=answer)
    assert ran.code == 0
    assert ran.lines[-1] == "Nothing was written."
    assert text(parked) == before
    alone = parked.run("map", "add", "salesforce", "Status", "Parked", "--status", "nurturing")
    assert alone.code == 2
    assert "pass --yes if this is meant" in alone.err
    assert text(parked) == before


def test_a_change_that_contradicts_the_mapping_is_refused(parked: World) -> None:
    """Two values may not be written for one state: the message names both, and the file stays."""
    before = text(parked)
    ran = parked.run(
        "map", "add", "salesforce", "Status", "Parked", "--stage", "<=sql", "--status", "nurturing", "--exit", "open", "--writes", "--yes"
    )
    assert ran.code == 1
    assert "M03 salesforce.Status: 2 values claim to be written for" in ran.err
    assert '"Parked"' in ran.err
    assert text(parked) == before


def test_a_value_that_may_be_written_is(parked: World) -> None:
    """A recycled lead had no word in Salesforce; with --writes the new value is it."""
    ran = parked.run(
        "map", "add", "salesforce", "Status", "Parked", "--stage", "<=opportunity", "--exit", "recycled", "--writes", "--yes", "--output", "json"
    )
    assert ran.code == 0, ran.err
    assert (ran.json["schema"], ran.json["records"], ran.json["written"]) == ("leadhub.map_change/1", {"Parked": 2}, True)
    assert "  leadhub writes it for: exit recycled" in parked.run("map", "explain", "salesforce", "Parked").lines


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["pipedrive", "Status", "Parked", "--like", "x"], 'There is no system "pipedrive"'),
        (["salesforce", "Statsu", "Parked", "--like", "x"], 'salesforce has no state field "Statsu". Did you mean "Status"?'),
        (["salesforce", "Status", "Parked"], 'What does "Parked" mean?'),
        (["salesforce", "Status", "Parked", "--like", "Open", "--status", "new"], 'What does "Parked" mean?'),
        (["salesforce", "Status", "Parked", "--like", "Working"], 'nobody mapped "Working". Did you mean "Working - Contacted"?'),
        (["salesforce", "Status", "Parked", "--like", "Closed - Not Converted"], '"Closed - Not Converted" itself waits for an answer'),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(world: World, args: list[str], said: str) -> None:
    """Each with the nearest thing that could be."""
    ran = world.run("map", "add", *args, "--yes")
    assert ran.code == 2
    assert said in ran.err


def test_a_misspelled_stage_is_the_loaders_error(world: World) -> None:
    """The words are those of every other fault of the mapping."""
    ran = world.run("map", "add", "salesforce", "Status", "Parked", "--stage", "msq", "--yes")
    assert ran.code == 1
    assert 'M01 salesforce.Status: stage "msq" is not a stage. Did you mean "mql"?' in ran.err


def test_a_value_is_mapped_once(parked: World) -> None:
    """A second row of one value would never be read."""
    add = ("map", "add", "salesforce", "Status", "Parked", "--like", "Working - Contacted", "--yes")
    assert parked.run(*add).code == 0
    again = parked.run(*add)
    assert again.code == 2
    assert 'leadhub.toml maps "Parked" of Status already.' in again.err


def test_a_renamed_value_is_followed(world: World) -> None:
    """A preset's value gets its new name, means what it meant, is written under it, and old records are still read."""
    world.lead(LastName="Odd", Status="Open - Not Contacted")
    assert world.run("adopt", "salesforce").code == 0
    ran = world.run("map", "rename", "salesforce", "Status", "Open - Not Contacted", "Fresh", "--yes")
    assert ran.code == 0, ran.err
    assert '1 record of salesforce shows "Open - Not Contacted" now.' in ran.lines
    assert '0 records of salesforce show "Fresh" now.' in ran.lines
    (row,) = rows(world)
    assert (row["value"], row["alias"]) == ("Fresh", ["Open - Not Contacted"])
    explained = world.run("map", "explain", "salesforce", "Fresh")
    assert "  leadhub writes it for: statuses none, new and assigned, stages known to sql" in explained.lines
    assert world.run("map", "explain", "salesforce", "Open - Not Contacted").out == explained.out
    twice = world.run("map", "rename", "salesforce", "Status", "Fresh", "Fresher", "--yes")
    assert twice.code == 0, twice.err
    assert rows(world)[0]["alias"] == ["Open - Not Contacted", "Fresh"]


def test_an_answered_question_goes_along_with_a_rename(world: World) -> None:
    """What the value means here was answered once and is not asked again."""
    path = world.folder / "leadhub.toml"
    path.write_text(text(world) + '\n[system.salesforce.field.Status.answers]\n"Closed - Not Converted" = "maybe later"\n')
    ran = world.run("map", "rename", "salesforce", "Status", "Closed - Not Converted", "Later", "--yes")
    assert ran.code == 0, ran.err
    assert tomllib.loads(text(world))["system"]["salesforce"]["field"]["Status"]["answers"] == {"Later": "maybe later"}
    assert "Waiting for an answer" not in world.run("map", "show").out
    assert any(line.startswith("  leadhub writes it for: exit recycled") for line in world.run("map", "explain", "salesforce", "Later").lines)


@pytest.mark.parametrize(
    ("old", "new", "said"), [("Nothing", "X", "nobody mapped"), ("Open - Not Contacted", "Working - Contacted", "is mapped already")]
)
def test_a_rename_needs_a_value_and_a_free_name(world: World, old: str, new: str, said: str) -> None:
    """Neither end may be wrong."""
    ran = world.run("map", "rename", "salesforce", "Status", old, new, "--yes")
    assert ran.code == 2
    assert said in ran.err
