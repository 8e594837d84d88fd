"""A rule that a command writes into leadhub.toml: the file is a person's, and stays so."""

import tomllib

import pytest

from leadhub.cli.rules import with_field_options, with_settle

TEXT = """version = 1

[fields.phone]
owner = "x"

# about phones
[[settle]]
field = "phone"   # all of them
rule = "keep"

# a thought on its own

# about titles
# in two lines
[[settle]]
field = "job_title"
# HubSpot's are older
rule = "fill"
system = "hubspot"
# the end
"""
NEW = {"field": "country", "rule": "keep", "system": "hubspot"}
SAME = {"field": "job_title", "rule": "prefer", "system": "hubspot"}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_rule_is_added_above_the_comment_of_the_first(end: str) -> None:
    """The new rule is the first; not one line of the file is another one, and its line ends are those of the file."""
    text = TEXT.replace("\n", end)
    changed = with_settle(text, NEW)
    added = '[[settle]]\nfield = "country"\nrule = "keep"\nsystem = "hubspot"\n\n'.replace("\n", end)
    assert changed == text.replace("# about phones", f"{added}# about phones")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_rule_about_the_same_comes_first_with_its_own_comments(end: str) -> None:
    """What a person wrote above it and in it says why it is there; the others keep theirs, and none is lost."""
    changed = with_settle(TEXT.replace("\n", end), SAME)
    assert changed.count(end) == changed.count("\n")
    plain = changed.replace("\r\n", "\n")
    moved = '# about titles\n# in two lines\n[[settle]]\nfield = "job_title"\n# HubSpot\'s are older\nrule = "prefer"\nsystem = "hubspot"\n\n'
    assert moved + '# about phones\n[[settle]]\nfield = "phone"   # all of them\n' in plain
    assert sorted(line for line in plain.splitlines() if "#" in line) == sorted(line for line in TEXT.splitlines() if "#" in line)
    assert [rule["field"] for rule in tomllib.loads(changed)["settle"]] == ["job_title", "phone"]


def test_the_first_rule_is_changed_where_it_stands() -> None:
    """Only the word of the rule is another one."""
    assert with_settle(TEXT, {"field": "phone", "rule": "prefer"}) == TEXT.replace('rule = "keep"', 'rule = "prefer"')


@pytest.mark.parametrize(
    "text",
    [
        'version = 1\nsettle = [{ field = "phone", rule = "keep" }]\n\n[fields.x]\nowner = "a"\n',
        'version = 1\nsettle = [\n  { field = "phone", rule = "keep" },  # all of them\n]\n',
        "version = 1\r\nsettle = []\r\n",
        'version = 1\n[fields.x]\nowner = """\n[[settle]]\n"""\n[[settle]]\nfield = "phone"\nrule = "keep"\n',
    ],
    ids=["inline", "inline in lines", "empty", "in a text"],
)
def test_however_the_rules_are_written_one_more_is_said(text: str) -> None:
    """Rules in a list, and a text that looks like a rule: the file says what it said, with the rule before all others."""
    before, after = tomllib.loads(text), tomllib.loads(changed := with_settle(text, NEW))
    assert after.pop("settle") == [NEW, *before.pop("settle")]
    assert after == before
    assert ("# all of them" in text) == ("# all of them" in changed)
    assert changed.count("\r") == ("\r" in text) * changed.count("\n")


@pytest.mark.parametrize("text", ["version = 1\r\n[fields.phone]\r\nclear = 'keep'\r\n", "version = 1\r\n"])
def test_the_options_of_a_field_have_the_line_ends_of_the_file(text: str) -> None:
    """An editor that shows line ends shows one kind."""
    changed = with_field_options(text, "phone", {"owner": "crm"})
    assert changed.count("\r\n") == changed.count("\n")
    assert tomllib.loads(changed)["fields"]["phone"]["owner"] == "crm"
