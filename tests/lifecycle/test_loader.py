"""The loader finds every fault at once, and says where it is, what is wrong and how to mend it."""

import tomllib
from typing import Any

import pytest

from leadhub.errors import ConfigError
from leadhub.lifecycle.checks import check_live
from leadhub.lifecycle.lines import line_finder
from leadhub.lifecycle.loader import load_relation, read_relation
from leadhub.lifecycle.problems import RelationProblems
from leadhub.lifecycle.relation import Relation
from leadhub.model.state import State

HEAD = 'system = "salesforce"\nobject = "Lead"\n[field.Status]\n'
SOUND = """map = [
 { value = "Open", stage = ["<=sql"], exit = ["open"] },
 { value = "Dead", stage = ["<=sql"], exit = ["disqualified"] },
]
hold = [ { stage = ["opportunity+"] }, { exit = ["recycled"] } ]
"""


def faults(body: str, **overrides: Any) -> dict[str, str]:
    """The faults of one field's table, by code; the last of each."""
    text = HEAD + body
    _, problems = read_relation(tomllib.loads(text), source="my.toml", line_of=line_finder(text), **overrides)
    return {problem.code: str(problem) for problem in problems}


def changed(config: str, answers: dict[str, dict[str, str]] | None = None, body: str = SOUND) -> Relation:
    """The sound preset with a deployment's changes."""
    overrides = tomllib.loads(config)["system"]["salesforce"]["field"] if config else None
    return load_relation(
        tomllib.loads(HEAD + body),
        source="preset",
        overrides=overrides,
        overrides_source="leadhub.toml",
        overrides_line_of=line_finder(config, "system", "salesforce"),
        answers=answers,
    )


def test_a_sound_preset_has_no_faults() -> None:
    """The table that the other tests break is sound."""
    assert faults(SOUND) == {}


def test_m01_names_the_likely_name_and_all_there_are() -> None:
    """An unknown name is told with file, line, the nearest name and the list."""
    found = faults(SOUND.replace('["<=sql"], exit = ["open"]', '["<=sql", "msq"], exit = ["open"]'))
    assert found["M01"] == (
        'my.toml:5: M01 salesforce.Status: stage "msq" is not a stage. Did you mean "mql"? '
        "Stages: known, lead, mql, sal, sql, opportunity, customer, advocate."
    )


def test_m01_asks_for_a_list() -> None:
    """A bare word where a list belongs is told with what to write."""
    found = faults(SOUND.replace('exit = ["open"] }', 'exit = "open" }'))
    assert 'exit = "open" is not a list. Write exit = ["open"].' in found["M01"]


def test_m02_names_both_lines() -> None:
    """A value that is mapped twice is told with both lines."""
    found = faults(SOUND.replace("]\nhold", ' { value = "Open", stage = ["lead"], writes = false },\n]\nhold'))
    assert found["M02"] == 'my.toml:7: M02 salesforce.Status: "Open" is mapped twice (lines 5 and 7). Keep one row, or give each a different "when".'


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ('{ A = "present" }', '{ A = "absent" }', False),
        ('{ A = "x" }', '{ A = "y" }', False),
        ('{ A = "x" }', '{ A = "absent" }', False),
        ('{ A = "x" }', '{ A = "present" }', True),
        ('{ A = "x" }', '{ B = "y" }', True),
    ],
)
def test_m02_lets_conditions_share_a_value_only_if_they_exclude_each_other(one: str, other: str, clash: bool) -> None:
    """Two rows of a value are sound if no record meets both conditions."""
    rows = "".join(f' {{ value = "Won", when = {when}, stage = ["customer"], writes = false }},\n' for when in (one, other))
    assert ("M02" in faults(SOUND.replace("]\nhold", rows + "]\nhold"))) is clash


def test_m03_groups_what_is_ambiguous() -> None:
    """Two values for the same states are told once, with the states in words."""
    row = ' { value = "Nurture", stage = ["lead", "mql"], status = ["nurturing"], exit = ["open"] },\n'
    assert faults(SOUND.replace("]\nhold", row + "]\nhold"))["M03"] == (
        "my.toml:7: M03 salesforce.Status: 2 values claim to be written for status nurturing, stages lead and mql: "
        '"Open" and "Nurture". Set writes = false on one, or narrow its writes.'
    )


def test_m04_groups_what_is_missing_and_offers_the_hold() -> None:
    """A gap is told in ranges of stages, with a hold that loads."""
    body = SOUND.replace('stage = ["<=sql"], exit = ["open"]', 'stage = ["<=mql"], exit = ["open"]')
    found = faults(body)["M04"]
    assert "nothing to write for stages sal and sql." in found
    assert 'hold = [{ stage = ["sal", "sql"], exit = ["open"] }] to leave salesforce as it is.' in found
    assert faults(body.replace("hold = [", 'hold = [ { stage = ["sal", "sql"], exit = ["open"] },')) == {}


def test_m05_says_why_a_value_fits_nothing() -> None:
    """A value that no valid lead has is told with the rule that forbids it."""
    found = faults(SOUND.replace("]\nhold", ' { value = "Hot", stage = ["lead"], status = ["in_deal"] },\n]\nhold'))
    assert found["M05"] == (
        'my.toml:7: M05 salesforce.Status: "Hot" fits no valid lead (status in_deal exists only at opportunity, not at lead). It would never be read.'
    )


def test_m06_names_what_is_written_and_not_read() -> None:
    """A value that would be written for what it rules out is told."""
    found = faults(
        SOUND.replace(
            'exit = ["disqualified"] }', 'exit = ["disqualified"], writes = { exit = ["disqualified", "lost"], stage = ["<=opportunity"] } }'
        )
    )
    assert '"Dead" would be written for stage opportunity and exit lost but does not allow it' in found["M06"]


def test_m07_names_the_row_and_the_states() -> None:
    """One document that both leaves alone and writes is told."""
    found = faults(SOUND.replace("hold = [", 'hold = [ { exit = ["disqualified"] },'))
    assert 'exit disqualified is both left alone and written by "Dead". Remove one' in found["M07"]
    assert found["M07"].startswith("my.toml:8: ")


def test_m11_refuses_to_write_what_only_a_conversion_reaches() -> None:
    """A converted value with writes is told offline, and one that the org calls converted is told live."""
    found = faults(SOUND.replace('exit = ["disqualified"] }', 'exit = ["disqualified"], converted = true }'))
    assert "it can only be reached by converting. Set writes = false." in found["M11"]
    relation = changed("")
    (problem,) = check_live(relation, converted_values={"Status": {"Dead"}}, source="salesforce")
    assert problem.code == "M11"
    assert problem.message.startswith('salesforce.Status "Dead" is a converted status in this org')
    assert check_live(relation, converted_values={"Status": {"Gone"}, "Other": {"Dead"}}, source="salesforce") == []


def test_unknown_keys_are_told_with_the_likely_one() -> None:
    """A misspelled key is not ignored."""
    assert (
        'unknown key "write" in the row of "Open". Did you mean "writes"?'
        in faults(SOUND.replace('exit = ["open"] }', 'exit = ["open"], write = false }'))["M24"]
    )
    assert 'unknown key "mapp"' in faults(SOUND + "mapp = []\n")["M24"]


def test_any_other_value_cannot_be_written() -> None:
    """The row of "*" reads what no other row names and is never a target."""
    assert '"*" stands for any other value and cannot be written' in faults(SOUND.replace('value = "Dead"', 'value = "*"'))["M06"]


def test_all_faults_are_raised_at_once() -> None:
    """One run shows everything, as one error with file and line for each."""
    text = HEAD + SOUND.replace('"disqualified"', '"disqualifed"').replace('"Open"', '"Open", colour = "red"')
    with pytest.raises(RelationProblems) as caught:
        load_relation(tomllib.loads(text), source="my.toml", line_of=line_finder(text))
    assert isinstance(caught.value, ConfigError)
    assert {problem.code for problem in caught.value.found} >= {"M01", "M24"}
    assert str(caught.value).startswith(f"{len(caught.value.found)} faults in the mapping of states:\n")
    assert all(line.startswith("my.toml") for line in caught.value.problems)


def test_a_row_of_the_deployment_replaces_the_preset_row_of_its_value() -> None:
    """Row by row, and faults name the deployment's file and line."""
    relation = changed('[[system.salesforce.field.Status.map]]\nvalue = "Open"\nstage = ["<=sql"]\nexit = ["open"]\nlabel = "Offen"\n')
    assert relation.fields[0].rows[0].label == "Offen"
    with pytest.raises(RelationProblems, match=r"leadhub.toml:2: M01 .*msq"):
        changed('[[system.salesforce.field.Status.map]]\nvalue = "Open"\nstage = ["msq"]\nexit = ["open"]\n')


def test_a_deployment_outweighs_the_preset_in_both_directions() -> None:
    """Its rows write what the preset left alone; its holds leave alone what the preset writes."""
    relation = changed('[[system.salesforce.field.Status.map]]\nvalue = "Later"\nexit = ["recycled"]\n')
    assert relation.preferred("Status", State("lead", "none", "recycled")) == "Later"
    relation = changed('[system.salesforce.field.Status]\nhold = [{ status = ["nurturing"] }]\n')
    assert relation.is_held("Status", State("lead", "nurturing", "open"))
    assert relation.preferred("Status", State("lead", "new", "open")) == "Open"


def test_drop_removes_a_value() -> None:
    """A dropped value is one that nobody mapped; an unknown one is told."""
    config = '[system.salesforce.field.Status]\ndrop = ["Dead"]\nhold = [{ exit = ["disqualified"] }]\n'
    assert changed(config).unmapped({"Status": "Dead"}) == ("Status",)
    with pytest.raises(RelationProblems, match=r'drop names "Deed", which the preset does not map\. Did you mean "Dead"\?'):
        changed(config.replace("Dead", "Deed"))


ASKED = """map = [
 { value = "Open", stage = ["<=sql"], exit = ["open"] },
 { value = "Closed", stage = ["<=sql"], exit = ["disqualified"], ask = "Which?", answers = { no = {}, later = { exit = ["recycled"], reason = "bad_timing" } } },
]
hold = [ { stage = ["opportunity+"] } ]
"""
RECYCLED, DISQUALIFIED = State("lead", "none", "recycled"), State("lead", "none", "disqualified")


@pytest.mark.parametrize(
    ("answer", "recycled", "disqualified", "unmapped"),
    [(None, None, None, ("Status",)), ("cannot tell", None, None, ("Status",)), ("no", None, "Closed", ()), ("later", "Closed", None, ())],
)
def test_an_answer_decides_what_an_asked_value_means(
    answer: str | None, recycled: str | None, disqualified: str | None, unmapped: tuple[str, ...]
) -> None:
    """Until answered the value is left alone like an unmapped one, and so is whatever its answers would have written."""
    relation = changed("", {"Status": {"Closed": answer}} if answer else None, ASKED)
    assert relation.unmapped({"Status": "Closed"}) == unmapped
    assert relation.preferred("Status", RECYCLED) == recycled
    assert relation.preferred("Status", DISQUALIFIED) == disqualified


def test_answers_stand_in_the_configuration_under_the_field() -> None:
    """`[system.X.field.F.answers]` answers; a wrong answer or value is told."""
    config = '[system.salesforce.field.Status.answers]\n"Closed" = "later"\n'
    assert changed(config, body=ASKED).preferred("Status", RECYCLED) == "Closed"
    with pytest.raises(
        RelationProblems,
        match='"latter" is no answer for "Closed". Did you mean "later"? Answers: "no", "later" or "cannot tell"'.replace("?", r"\?"),
    ):
        changed(config.replace('"later"', '"latter"'), body=ASKED)
    with pytest.raises(RelationProblems, match=r'nothing is asked of "Shut"\. Asked are: "Closed"'):
        changed(config.replace("Closed", "Shut"), body=ASKED)


def test_a_field_that_no_preset_knows_can_be_mapped_from_nothing() -> None:
    """An organization's own field is a table of its own."""
    config = (
        '[system.salesforce.field.Stage__c]\nmap = [{ value = "early", stage = ["<=sal"] }, { value = "late", stage = ["sql", "opportunity+"] }]\n'
    )
    relation = changed(config)
    assert relation.state_fields == ("Status", "Stage__c")
    assert relation.preferred("Stage__c", RECYCLED) == "early"


def test_ranges_and_aliases_of_stages() -> None:
    """`<=sql`, `opportunity+` and the CRM's names of stages are understood."""
    body = 'map = [\n { value = "a", stage = ["<=salesqualifiedlead"] },\n { value = "b", stage = ["opportunity+"] },\n]\n'
    low, high = changed("", body=body).fields[0].rows
    assert low.reads.stages == {"known", "lead", "mql", "sal", "sql"}
    assert high.reads.stages == {"opportunity", "customer", "advocate"}


def test_lines_are_found_only_under_the_right_field() -> None:
    """The same value in another field, in a comment or escaped does not mislead."""
    text = (
        '[field.A]\nmap = [\n { value = "x" },\n# { value = "y" },\n]\n[field."B c"]\nvalue = "x"\n[other]\nvalue = "x"\n[field.C]\nvalue = "q\\"x"\n'
    )
    find = line_finder(text)
    assert find("A", "value", "x") == (3,)
    assert find("A", "value", "y") == ()
    assert find("B c", "value", "x") == (7,)
    assert find("C", "value", 'q"x') == (11,)
    assert find("A", "map", "") == (2,)
