"""What people are shown of a mapping, and what a preset carries for others to read."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

from leadhub.lifecycle.explain import explain, not_mapped
from leadhub.lifecycle.presets import preset_texts
from leadhub.lifecycle.relation import Relation
from leadhub.lifecycle.rows import ROW_KEYS
from leadhub.lifecycle.show import page, render

FORBIDDEN = re.compile(r"\b(relation|lens|facet|hippocratic|held|69)\b", re.IGNORECASE)


def line(text: str, start: str) -> str:
    """The first line that starts so, single-spaced."""
    return next(re.sub(r" {2,}", " | ", found) for found in text.splitlines() if found.startswith(start))


def test_the_page_has_three_blocks_and_a_column_for_each_system(hubspot: Relation, salesforce: Relation) -> None:
    """Stars, `says nothing` and `left alone` stand where they belong."""
    text = render(page([hubspot, salesforce]))
    assert line(text, "How far") == "How far has the lead come? | hubspot contacts | salesforce Lead"
    assert line(text, "mql") == "mql | marketingqualifiedlead * | says nothing"
    assert line(text, "customer") == "customer | customer | left alone"
    assert line(text, "attempting") == "attempting | ATTEMPTED_TO_CONTACT | Working - Contacted *"
    assert line(text, "recycled") == "recycled | BAD_TIMING | left alone"
    assert line(text, "lost") == "lost | (blank) * | Closed - Not Converted *"
    assert 'hubspot hs_lead_status "IN_PROGRESS": read as statuses assigned, attempting and connected and exit open' in text
    assert "reached only by converting" in text
    assert 'Ignored:\n  hubspot lifecyclestage "other": rules nothing out' in text


def test_unmapped_values_come_with_their_count_and_what_to_do(salesforce: Relation) -> None:
    """The most frequent first, each with the command that maps it, ready for a shell."""
    text = render(page([salesforce], {("salesforce", "Status", "Parked"): 1, ("salesforce", "Status", "Working - Kim's"): 412}))
    first, second = [x for x in text.splitlines() if "map add" in x]
    assert first == "  salesforce Status \"Working - Kim's\": 412 records; leadhub map add salesforce Status 'Working - Kim'\"'\"'s' --like OTHER"
    assert '"Parked": 1 record; leadhub map add salesforce Status Parked --like OTHER' in second


def test_questions_are_shown_until_answered(load: Callable[[str], Relation]) -> None:
    """An unanswered value stands under its question and is not shown as written."""
    text = render(page([load("salesforce-lead")]))
    assert '"Closed - Not Converted": Does it mean: not for us, maybe later, or cannot tell?' in text
    assert line(text, "disqualified") == "disqualified | left alone"


def test_a_value_is_explained_in_plain_words(hubspot: Relation, salesforce: Relation) -> None:
    """What it rules out, when it is written, and what is special about it."""
    (timing,) = explain([hubspot], "hubspot", "BAD_TIMING")
    assert timing.rules_out == ("stage customer or advocate", "exit open, disqualified, lost or churned")
    assert timing.written_for == "exit recycled"
    (progress,) = explain([hubspot], "hubspot", "IN_PROGRESS")
    assert progress.written_for is None
    assert "leadhub never writes it" in str(progress)
    assert len(explain([hubspot], "hubspot", "")) == 2
    assert [e.when for e in explain([salesforce], "salesforce", "Closed - Converted")] == [{}, {"ConvertedOpportunityId": "absent"}]
    assert explain([hubspot], "hubspot", "nothing like it") == ()
    assert "It is left alone" in not_mapped([hubspot], "hubspot", "CONECTED")
    assert 'Did you mean "CONNECTED"?' in not_mapped([hubspot], "hubspot", "CONECTED")
    assert not_mapped([hubspot], "hubspott", "x") == 'No mapping names the system "hubspott". Systems: "hubspot".'


def test_people_never_meet_the_words_of_the_code(presets: dict[str, Relation]) -> None:
    """Neither the page nor an explanation of any value uses the model's own vocabulary."""
    for relation in presets.values():
        shown = [render(page([relation]))]
        shown += [str(e) for field in relation.fields for row in field.rows for e in explain([relation], relation.system, row.value)]
        assert not FORBIDDEN.search("\n".join(shown))


def test_every_key_of_every_preset_is_kept(load: Callable[[str], Relation], preset_paths: dict[str, Path]) -> None:
    """Nothing that a preset says is lost on the way: carried keys arrive, and no row uses a key that is not documented."""
    carried = 0
    readme = (preset_paths["zoho-lead"].parent / "README.md").read_text()
    for name, path in preset_paths.items():
        document = tomllib.loads(path.read_text())
        relation = load(name)
        for field, table in document["field"].items():
            of = relation.field(field)
            assert (of.create, of.required, of.unset) == (table.get("create"), table.get("required", False), table.get("unset"))
            assert of.ordered == (table.get("kind") == "ordered")
            assert len(of.rows) == len(table["map"])
            for raw, row in zip(table["map"], of.rows, strict=True):
                assert (row.value, row.label, row.reason, dict(row.when)) == (raw["value"], raw.get("label"), raw.get("reason"), raw.get("when", {}))
                assert (dict(row.carries), row.alias) == (raw.get("carries", {}), tuple(raw.get("alias", ())))
                assert row.source_line
                carried += len(row.carries)
    assert carried > 10
    assert all(f"`{key}" in readme for key in ROW_KEYS | {"rating", "consent", "statecode", "type"})


def test_presets_are_package_data() -> None:
    """The core's presets are found through their package, as an installed copy finds them."""
    texts = preset_texts()
    assert "zoho-lead" in texts
    assert all(tomllib.loads(text)["system"] for text in texts.values())
    assert {"salesforce-lead", "hubspot-contact"}.isdisjoint(texts)


def test_aliases_and_capitals_are_read_like_the_value(load: Callable[[str], Relation]) -> None:
    """Headings in the plural, or in other capitals where the preset says so."""
    funnel, babu = load("lead-prospect-customer"), load("salesbabu")
    assert funnel.row("stage", {"stage": "Leads"}) is funnel.row("stage", {"stage": "Lead"})
    assert funnel.row("stage", {"stage": "leads"}) is None
    assert babu.row("stage", {"stage": "LEAD NURTURING"}) is babu.row("stage", {"stage": "Lead nurturing"})
