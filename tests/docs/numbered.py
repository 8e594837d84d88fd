"""Pages made of tests that name a number in their docstring: what the sandboxes imitate, and what happens in each known pitfall."""

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SANDBOX = ROOT / "plugins/leadhub-sandbox"
SYSTEMS = {"salesforce": "Salesforce", "hubspot": "HubSpot"}
NUMBERS = r"(\d+(?:(?:, | and | to )\d+)*)"
BARE, NAMED, PITFALL = (
    re.compile(rf"{NUMBERS}: "),
    re.compile(rf"Behaviors? {NUMBERS}: "),
    re.compile(rf"Pitfalls? {NUMBERS}(?: of (?P<system>Salesforce|HubSpot))?: "),
)


@dataclass(frozen=True)
class Numbered:
    """One test: where it stands, the numbers that it names, and what it says of them."""

    where: str
    name: str
    numbers: tuple[int, ...]
    sentence: str
    of: str | None = None
    """The system, where the docstring names it."""

    @property
    def link(self) -> str:
        """The test, as a link from a page of the reference."""
        return f"[{self.name.removeprefix('test_').replace('_', ' ')}](../../{self.where})"


def collect(folder: Path, opening: re.Pattern[str]) -> Iterator[Numbered]:
    """Yield the tests below a folder whose docstring opens with numbers."""
    for path in sorted(folder.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
                continue
            text = re.sub(r"\s+", " ", ast.get_docstring(node) or "")
            if found := opening.match(text):
                yield Numbered(
                    str(path.relative_to(ROOT)), node.name, tuple(_numbers(found[1])), _begun(text[found.end() :]), found.groupdict().get("system")
                )


def _begun(sentence: str) -> str:
    """Return a sentence with a capital letter, but for a name that has it inside."""
    first = sentence.split(" ", 1)[0]
    return sentence if first[1:] != first[1:].lower() or first == "leadhub" else sentence[:1].upper() + sentence[1:]


def _numbers(text: str) -> Iterator[int]:
    """Yield the numbers of "3", "3, 4 and 9" or "3 to 5"."""
    for part in re.split(r", | and ", text):
        first, _, last = part.partition(" to ")
        yield from range(int(first), int(last or first) + 1)


def behaviors() -> dict[str, dict[str, dict[str, Any]]]:
    """Return the numbered behaviors of both sandboxes."""
    return tomllib.loads((SANDBOX / "behaviors.toml").read_text(encoding="utf-8"))


def pitfalls() -> dict[str, dict[str, str]]:
    """Return the numbered pitfalls of both APIs."""
    return tomllib.loads((ROOT / "docs/pitfalls.toml").read_text(encoding="utf-8"))


def behavior_tests(system: str) -> list[Numbered]:
    """Return the tests of one sandbox, those by which others witness it last."""
    opening = BARE if system == "salesforce" else NAMED
    return [test for folder in (system, "witnesses") for test in collect(SANDBOX / "tests" / folder, opening)]


def pitfall_tests(system: str) -> list[Numbered]:
    """Return the tests of one API's pitfalls: the connector's own, and those of the whole whose file or docstring names the system."""
    whole = [test for test in collect(ROOT / "tests", PITFALL) if system in test.where or test.of == SYSTEMS[system]]
    return [*collect(ROOT / f"plugins/leadhub-{system}/tests", PITFALL), *whole]


def coverage_page(note: str) -> str:
    """What the sandboxes imitate, with the tests that show it."""
    text = (
        f"# What the sandboxes imitate\n\n{note}\n"
        "Each behavior has a number, by which its tests name it. Where sources are silent, or accounts differ, a knob chooses; the READMEs of"
        " [Salesforce](../../plugins/leadhub-sandbox/README.md) and [HubSpot](../../plugins/leadhub-sandbox/HUBSPOT.md) tell what each does.\n"
    )
    for system, name in SYSTEMS.items():
        listed, tests = behaviors()[system], behavior_tests(system)
        covered = [number for number in listed if any(int(number) in test.numbers for test in tests)]
        text += f"\n## {name}\n\n{len(covered)} of {len(listed)} have a test, {sum(bool(test.numbers) for test in tests)} tests in all.\n\n"
        text += "| number | behavior | tests | knobs | open, and the choice | missing |\n|---|---|---|---|---|---|\n"
        for number, of in listed.items():
            mine = "<br>".join(test.link for test in tests if int(number) in test.numbers)
            knobs = ", ".join(f"`{knob}`" for knob in of.get("knobs", ()))
            text += f"| {number} | {of['title']} | {mine} | {knobs} | {of.get('open', '')} | {of.get('missing', '')} |\n"
    return text


def pitfall_page(note: str) -> str:
    """The known pitfalls, and what happens now."""
    text = (
        f"# Pitfalls of the two APIs, and what happens now\n\n{note}\n"
        "What has cost other integrations leads, edits or nights, each with the fault that causes it in a test.\n"
    )
    for system, name in SYSTEMS.items():
        tests = pitfall_tests(system)
        text += f"\n## {name}\n\n| number | pitfall | what happens now | tests |\n|---|---|---|---|\n"
        for number, title in pitfalls()[system].items():
            mine = [test for test in tests if int(number) in test.numbers]
            text += f"| {number} | {title} | {'<br>'.join(test.sentence for test in mine)} | {'<br>'.join(test.link for test in mine)} |\n"
    return text
