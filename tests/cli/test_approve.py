"""`leadhub approve`, and what `plan`, `apply`, `sync` and `runs show` say where a second person is asked for. The commands run once."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cli_world import World

Story = dict[str, Any]


@pytest.fixture(scope="module")
def told(make_world: Callable[[], World]) -> Iterator[Story]:
    """Ann plans an opt-out and a title, Bob approves, Ann applies; the deployment asks for that."""
    world = make_world()
    leads = {}
    for name in ("Ivy", "Joe"):
        mail = f"{name.lower()}@{name.lower()}.example"
        leads[name] = world.lead(FirstName=name, LastName="Lee", Email=mail, Title="CTO")
        world.contact(email=mail, firstname=name, lastname="Lee", company="Acme", jobtitle="CTO")
    world.adopt()
    assert world.run("sync").code == 0
    world.configure("[defaults]\n", '[defaults]\napproval = "required"\n')
    world.admin("salesforce", "edit", id=leads["Ivy"], fields={"HasOptedOutOfEmail": True})
    world.admin("salesforce", "edit", id=leads["Joe"], fields={"Title": "CEO"})
    path = str(world.folder / "night.plan")
    said: Story = {"world": world, "path": path}
    with pytest.MonkeyPatch.context() as patch:

        def step(name: str, who: str, *args: str, answers: str | None = None) -> None:
            patch.setattr("pwd.getpwuid", lambda _uid: SimpleNamespace(pw_name=who))
            patch.setenv("USER", "somebody-else")
            patch.setenv("LOGNAME", "somebody-else")
            said[name] = world.run(*args, answers=answers)

        step("sync", "ann", "sync")
        step("apply", "ann", "apply", "--yes")
        step("plan", "ann", "plan", "-o", path)
        step("too early", "ann", "apply", path, "--yes")
        step("own", "ann", "approve", path, "--yes")
        step("no", "bob", "approve", path, answers="n\n")
        step("yes", "bob", "approve", path, "--comment", "as agreed", answers="y\n")
        step("withdrawn", "bob", "approve", path, "--withdraw")
        step("again", "bob", "approve", path, "--comment", "after all", "--yes", "--output", "json")
        step("made", "ann", "apply", path, answers="y\n")
        step("runs", "ann", "runs", "list", "--kind", "apply", "--output", "json")
        run = said["runs"].json["runs"][0]["run"]
        step("show", "ann", "runs", "show", run)
        step("show json", "ann", "runs", "show", run, "--output", "json")
        step("plan run", "ann", "runs", "show", said["again"].json["run"])
        step("pull", "ann", "pull")
        yield said


def test_what_would_write_unapproved_says_what_to_do_instead(told: Story) -> None:
    """`sync` and `apply` without a file end with the code of a guard, before anything is done, and name the three commands."""
    for name in ("sync", "apply"):
        assert told[name].code == 5
        assert 'leadhub.toml says approval = "required"' in told[name].err
        assert "plan -o FILE; then somebody else: " in told[name].err
        assert "Nothing was read or written." in told[name].err
        assert not told[name].out
    assert told["pull"].code == 0


def test_a_plan_that_is_kept_names_the_next_person(told: Story) -> None:
    """After the plan comes the approval, then the apply."""
    said = told["plan"].err.replace("\n", " ")
    assert "Next: somebody else looks at it: " in said
    assert said.index(f"approve {told['path']}") < said.index(f"apply {told['path']}")


def test_nobody_approves_what_they_planned(told: Story) -> None:
    """Whoever the environment says they are: the user's number counts."""
    assert told["too early"].code == 5
    assert "The plan of ann (run " in told["too early"].err
    assert told["own"].code == 5
    assert "ann planned this, and so cannot approve it" in told["own"].err


def test_who_approves_sees_what_it_is(told: Story) -> None:
    """Who planned it, every pattern, what leadhub cannot take back, by name, and a question that says so too. A no records nothing."""
    lines = told["yes"].lines
    assert any(line.startswith("Planned by ann, ") for line in lines)
    assert "1 write that leadhub cannot take back:" in lines
    assert any("Ivy Lee: update hs_email_optout" in line for line in lines)
    assert "Approve these 2 writes? leadhub cannot take 1 of them back." in told["yes"].err
    assert any(line.startswith("Approved by bob, ") for line in lines[-3:])
    assert told["no"].lines[-1] == "Nothing was recorded."
    assert told["withdrawn"].lines[-1].startswith("Withdrawn by bob, ")
    assert {k: v for k, v in told["again"].json.items() if k in {"schema", "actor", "given", "comment"}} == {
        "schema": "leadhub.approval/1",
        "actor": "bob",
        "given": True,
        "comment": "after all",
    }


def test_the_journal_says_who_planned_approved_and_applied(told: Story) -> None:
    """On the screen and as data, from the run that wrote and from the one that planned."""
    assert told["made"].code == 0
    assert "Make these 2 writes? leadhub cannot take 1 of them back." in told["made"].err
    assert any("; approved by bob, " in line and line.endswith(': "after all".') for line in told["made"].lines)
    (head, planned, *_) = told["show"].lines
    assert head.endswith("by ann")
    assert planned.startswith("Planned by ann, ")
    assert planned.endswith(': "after all".')
    data = told["show json"].json
    assert (data["actor"], data["plan"]["planned_by"], [(a["actor"], a["comment"]) for a in data["plan"]["approvals"]]) == (
        "ann",
        "ann",
        [("bob", "after all")],
    )
    assert any(line.startswith("Applied by ann, ") and data["run"] in line for line in told["plan run"].lines)


def test_the_page_shows_what_is_said(told: Story) -> None:
    """Every line that the page on reviewing plans quotes is one that the program prints, but for times and ids."""
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "review-a-plan.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    quoted = [_plain(line) for language, block in blocks if not language for line in block.splitlines()]
    said = _plain("\n".join(f"{ran.out}\n{ran.err}" for name, ran in told.items() if name not in {"world", "path"}))
    assert len(quoted) == 6
    assert [line for line in quoted if line not in said] == []


def _plain(text: str) -> str:
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "TIME", re.sub(r"\b[0-9a-f]{20}\b", "RUN", text))
