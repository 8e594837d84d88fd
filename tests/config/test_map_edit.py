"""Changes of the mapping in a person's file: exactly what was meant, and every other line as it was."""

import tomllib
from typing import Any

import pytest

from leadhub.config.map_edit import meaning_of, with_row, with_value_renamed, without_value

ROW = {"value": "Nurture", "stage": ["<=sql"], "when": {"A B": "present"}, "writes": False}
STYLES = {
    "no field yet": 'version = 1\n[system.crm]\nplugin = "p"   # ours\n\n# ---- the other ----\n[system.other]\nplugin = "q"\n',
    "answers": 'version = 1\n[system.crm]\nplugin = "p"\n# asked\n[system.crm.field.Status.answers]\n"X" = "y" # said\n# end of it\n\n# next\n[system.other]\nplugin = "q"\n',
    "rows": 'version = 1\n[system.crm]\nplugin = "p"\n[[system.crm.field.Status.map]]\nvalue = "Old" # ours\nstage = ["mql"]\n\n# next\n[system.other]\nplugin = "q"\n',
    "list": 'version = 1\n[system.crm]\nplugin = "p"\n[system.crm.field.Status]\nmap = [\n  { value = "Old", stage = ["mql"] }, # ours\n]\n# end\n',
    "inline": 'version = 1\n[system.crm]\nplugin = "p"\nfield = { Status = { map = [{ value = "Old" }] } }\n',
    "dotted": 'version = 1\nsystem.crm.plugin = "p"\n',
    "windows": 'version = 1\r\n[system.crm]\r\nplugin = "p"',
}


def meant(text: str) -> Any:
    return tomllib.loads(text)["system"]["crm"].get("field", {}).get("Status", {})


def kept(before: str, after: str) -> bool:
    """Whether every comment of the text is still there, in its order."""
    rest = iter(after.splitlines())
    comments = [line.partition("#")[2] for line in before.splitlines() if "#" in line]
    return all(any(comment in line for line in rest) for comment in comments)


@pytest.mark.parametrize("style", STYLES)
def test_a_row_is_added_to_whatever_is_there(style: str) -> None:
    """The parsed file has the row more and nothing else changed; comments and line ends stay."""
    text = STYLES[style]
    changed = with_row(text, "crm", "Status", ROW)
    assert meant(changed)["map"] == [*meant(text).get("map", []), ROW]
    before, after = tomllib.loads(text), tomllib.loads(changed)
    before["system"].pop("crm")
    assert {**after["system"], "crm": None} == {**before["system"], "crm": None}
    assert kept(text, changed)
    assert ("\r\n" in text) == ("\r\n" in changed)


@pytest.mark.parametrize("style", ["no field yet", "answers", "rows"])
def test_a_row_stands_with_its_system_and_moves_no_other_line(style: str) -> None:
    """Lines are only added, and what introduces the next table stays with that."""
    text = STYLES[style]
    changed = with_row(text, "crm", "Status", ROW)
    rest = iter(changed.splitlines())
    assert all(line in rest for line in text.splitlines())
    assert changed.index("Nurture") < changed.index("[system.other]")
    assert changed.splitlines()[changed.splitlines().index("[system.other]") - 1].startswith("# ")


@pytest.mark.parametrize("style", ["rows", "list", "inline"])
def test_a_value_is_renamed_in_place_and_still_read(style: str) -> None:
    """The old name becomes an alias, twice if it is renamed twice."""
    text = STYLES[style]
    once = with_value_renamed(text, "crm", "Status", "Old", 'New "one"')
    assert meant(once)["map"] == [{**meant(text)["map"][0], "value": 'New "one"', "alias": ["Old"]}]
    assert kept(text, once)
    twice = with_value_renamed(once, "crm", "Status", 'New "one"', "Newer")
    assert meant(twice)["map"][0]["alias"] == ["Old", 'New "one"']
    assert kept(text, twice)


@pytest.mark.parametrize("style", STYLES)
def test_a_value_of_the_preset_is_dropped_once(style: str) -> None:
    """Dropping it again changes nothing; a second value joins the list."""
    text = STYLES[style]
    once = without_value(text, "crm", "Status", "Open")
    assert meant(once) == {**meant(text), "drop": ["Open"]}
    assert kept(text, once)
    assert without_value(once, "crm", "Status", "Open") == once
    assert meant(without_value(once, "crm", "Status", "Closed"))["drop"] == ["Open", "Closed"]


def test_what_a_value_means_goes_without_its_question_and_label() -> None:
    """The answer counts, where there is one."""
    row = {"value": "X", "label": "L", "stage": ["lead"], "exit": ["lost"], "ask": "?", "answers": {"later": {"exit": ["recycled"]}}, "writes": True}
    assert meaning_of(row, "later") == {"stage": ["lead"], "exit": ["recycled"]}
    assert meaning_of(row, None) == {"stage": ["lead"], "exit": ["lost"]}
