"""`leadhub apply FILE` as the one who runs it meets it: how much of the plan was made, what was not and why, then and later. The commands run once."""

import json
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cli_world import HTTP, World

from leadhub.cli.exits import ExitCode
from leadhub.clock import SystemClock
from leadhub.model.run import IntentState
from leadhub.store import open_store

Story = dict[str, Any]
"""What each command said, by the name of its step; under `world` the world, under `path` the plan file's."""

NAMES = ("Ann", "Bob", "Cid")


def _pair(world: World, name: str) -> tuple[str, str]:
    """One person in both CRMs."""
    email = f"{name.lower()}@{name.lower()}.example"
    lead = world.lead(FirstName=name, LastName="Lee", Email=email, Title="CTO")
    return lead, world.contact(email=email, firstname=name, lastname="Lee", company="Acme", jobtitle="CTO")


@pytest.fixture(scope="module")
def told(make_world: Callable[[], World]) -> Iterator[Story]:
    """Ann plans three titles under a name with a space and a quote; Bob approves; Cid is edited. Made, made again, then a second plan of three."""
    world = make_world()
    ids = {name: _pair(world, name) for name in NAMES}
    world.adopt()
    assert world.run("sync").code == 0
    world.configure("[defaults]\n", '[defaults]\napproval = "required"\n')
    path = world.folder / "Ann's plan"
    said: Story = {"world": world, "path": path, "ids": ids}

    def title(name: str, value: str, crm: str = "salesforce") -> None:
        field = {"fields": {"Title": value}} if crm == "salesforce" else {"properties": {"jobtitle": value}}
        world.admin(crm, "edit", id=ids[name][crm == "hubspot"], **field)

    with pytest.MonkeyPatch.context() as patch:

        def step(name: str, who: str, *args: str, answers: str | None = None) -> None:
            patch.setattr("pwd.getpwuid", lambda _uid: SimpleNamespace(pw_name=who))
            said[name] = world.run(*args, answers=answers)

        step("plan, none", "ann", "plan", "-o", str(world.folder / "none.plan"))
        step("none", "ann", "apply", str(world.folder / "none.plan"))
        step("none, json", "ann", "apply", str(world.folder / "none.plan"), "--output", "json")
        step("none, approve", "bob", "approve", str(world.folder / "none.plan"), "--yes")
        for name in NAMES:
            title(name, "CEO")
        step("plan", "ann", "plan", "-o", str(path))
        step("early", "ann", "apply", str(path), "--yes")
        step("own", "ann", "approve", str(path), "--yes")
        step("with pattern", "ann", "apply", str(path), "--pattern", "1")
        step("approve", "bob", "approve", str(path), "--yes")
        title("Cid", "Boss", "hubspot")
        step("first of it", "ann", "apply", str(path), "--limit", "1", "--yes")
        step("part", "ann", "apply", str(path), "--yes")
        step("again", "ann", "apply", str(path), "--yes", "--output", "json")
        step("approve again", "bob", "approve", str(path), "--withdraw")
        step("runs", "ann", "runs", "list", "--kind", "apply", "--output", "json")
        said["run"] = said["runs"].json["runs"][1]["run"]
        step("show", "ann", "runs", "show", said["run"])
        step("show json", "ann", "runs", "show", said["run"], "--output", "json")
        world.configure('approval = "required"\n', "")
        for name in NAMES[:2]:
            title(name, "Chair")
        all_of_it = str(world.folder / "all.plan")
        step("plan all", "ann", "plan", "-o", all_of_it)
        step("all", "ann", "apply", all_of_it, "--yes")
        step("all again", "ann", "apply", all_of_it)
        step("all again, json", "ann", "apply", all_of_it, "--output", "json")
        step("all, approve", "bob", "approve", all_of_it, "--yes")
        said["made by"] = said["all again, json"].json["made_before"][0]["run"]
        step("back", "ann", "revert", said["made by"], "--yes", "--output", "json")
        said["taken back by"] = said["back"].json["run"]
        step("taken back", "ann", "apply", all_of_it, "--yes")
        step("taken back, json", "ann", "apply", all_of_it, "--output", "json")
        yield said


def test_part_of_a_plan_ends_with_the_code_of_what_was_refused(told: Story) -> None:
    """The first line says how many of how many, and the code is that of refusals: a scheduler notices."""
    assert told["part"].code == ExitCode.REFUSED
    assert "Nothing is half done: 1 of 2 writes of the plan made, 1 left out." in told["part"].lines
    assert "1 write of the plan not made, and why" in told["part"].lines
    assert any('Cid Lee: jobtitle: jobtitle shows something else now: "Boss"' in line for line in told["part"].lines)


def test_nothing_of_a_plan_is_not_told_as_nothing_to_write(told: Story) -> None:
    """Where no item holds any more the code says so, on the screen and as data."""
    again = told["again"].json
    assert told["again"].code == ExitCode.REFUSED
    assert (again["status"], again["asked"], again["made"], len(again["not_applied"]), len(again["made_before"])) == ("partial", 1, 0, 1, 2)
    assert again["not_applied"][0]["reason"] == 'jobtitle shows something else now: "Boss"'
    assert told["run"] in {row["run"] for row in again["made_before"]}


def test_a_few_of_a_plan_are_the_first_that_are_left(told: Story) -> None:
    """What was made before is told and not asked for again; the rest of the plan is what is shown and counted."""
    assert "Nothing is half done: 1 write made." in told["first of it"].lines
    assert told["first of it"].code == ExitCode.OK
    assert told["part"].lines[0].startswith(f"2 writes of the plan in {told['path']}.")
    assert any(line.startswith("1 of its 3 writes was made before: run ") for line in told["part"].lines)


def test_a_later_reader_finds_what_was_left_out(told: Story) -> None:
    """`runs show` lists each item that was not made with its reason, and so does its JSON; the list of runs calls the run partial."""
    lines = told["show"].lines
    assert "1 write of the plan left out" in lines
    assert '  hubspot update Cid Lee: jobtitle "CTO" → "CEO"  (jobtitle shows something else now: "Boss")' in lines
    left = [w for w in told["show json"].json["writes"] if w["outcome"] == "left_out"]
    assert [(w["person"], w["reason"]) for w in left] == [("Cid Lee", 'jobtitle shows something else now: "Boss"')]
    assert [run["status"] for run in told["runs"].json["runs"]] == ["partial", "partial", "ok"]


def test_a_plan_of_which_nothing_is_left_asks_nothing(told: Story) -> None:
    """All of it was made: which run did it, when and by whom is said, nothing is asked or called, and the code is 0."""
    assert told["all"].code == ExitCode.OK
    again, data = told["all again"], told["all again, json"].json
    run = data["made_before"][0]["run"]
    assert again.code == told["all again, json"].code == ExitCode.OK
    assert again.lines[0].startswith(f"Everything in the plan in {told['world'].folder / 'all.plan'} was made before: run {run}, by ann, ")
    assert again.lines[0].endswith(" UTC: 3 writes. Nothing is left to do.")
    assert "Nobody is there to answer" not in again.err
    assert "hubspot" not in again.err, "no system was called"
    assert (data["run"], data["status"], data["asked"], data["made"], data["not_applied"]) == (None, "ok", 0, 0, [])
    assert len(data["made_before"]) == 3
    assert told["all, approve"].code == ExitCode.USAGE
    assert "so there is nothing to approve" in told["all, approve"].err


def test_a_plan_that_was_taken_back_is_not_told_as_made(told: Story) -> None:
    """Two of its writes no longer stand: each is told with the run that made it and the one that took it back, the code is 3, and a new plan is named."""
    ran, data = told["taken back"], told["taken back, json"].json
    made, back = told["made by"], told["taken back by"]
    why = f"made before, by run {made}, and taken back by run {back}"
    assert ran.code == told["taken back, json"].code == ExitCode.REFUSED
    said = " ".join(ran.out.split())
    assert f"run {made}, by ann, " in said
    assert f"of which 3 were taken back by run {back}." in said
    assert "3 writes of the plan not made, and why" in ran.lines
    assert said.count(why) == 3
    assert f"Next: leadhub -C {told['world'].folder} plan shows what would be written now." in said
    assert (data["status"], data["asked"], data["made"], data["made_before"]) == ("partial", 3, 0, [])
    assert [row["reason"] for row in data["not_applied"]] == [why] * 3


def test_a_plan_without_writes_is_nothing_to_do(told: Story) -> None:
    """It needs no approval and asks nobody: nothing is not a fault. A program gets its object, and whoever planned it is not sent to anybody."""
    kept = told["world"].folder / "none.plan"
    assert "0 writes kept in " in told["plan, none"].err
    assert "There is nothing to approve or to apply." in told["plan, none"].err
    assert "Next:" not in told["plan, none"].err
    assert (told["none"].code, told["none"].lines[0]) == (0, f"The plan in {kept} has no writes: there is nothing to do.")
    data = told["none, json"].json
    assert (told["none, json"].code, data["schema"], data["run"], data["asked"], data["made_before"]) == (0, "leadhub.run/1", None, 0, [])
    assert told["none, approve"].code == ExitCode.USAGE


def test_what_is_to_be_typed_next_names_the_file(told: Story) -> None:
    """The name that was given, quoted for the shell, wherever that file is meant: each of these lines can be pasted."""
    folder, name = told["world"].folder, shlex.quote(str(told["path"]))
    for step, command in {"plan": "approve", "early": "approve", "own": "approve", "approve": "apply"}.items():
        said = " ".join(f"{told[step].out} {told[step].err}".split())
        assert f"leadhub -C {folder} {command} {name}" in said, step
        assert " FILE" not in said, step
    assert f"plan --pattern ID -o {name}" in " ".join(told["with pattern"].err.split())
    assert shlex.split(name) == [str(told["path"])]


def test_two_at_once_and_a_kill_make_each_item_once(adopted: World) -> None:
    """A process applies a plan of two systems and hangs in the last call: another one is kept out (6). It is killed: the plan, applied again, has nothing left."""
    ids = {link["system"]: link["record_id"] for link in adopted.run("leads", "show", "ann@acme.example", "--output", "json").json["links"]}
    adopted.admin("hubspot", "edit", id=ids["hubspot"], properties={"jobtitle": "CEO"})
    adopted.admin("salesforce", "edit", id=ids["salesforce"], fields={"Phone": "+1 555 0199"})
    path = str(adopted.folder / "both.plan")
    assert "2 writes kept in " in adopted.run("plan", "-o", path).err
    slow = {"kind": "slow", "path": "composite/sobjects$", "method": "PATCH", "delay": 60}
    assert HTTP.post(f"{adopted.salesforce.url}/_sandbox/faults", json=slow).is_success
    command = [sys.executable, "-c", "from leadhub.cli.app import main; raise SystemExit(main())", "-C", str(adopted.folder), "apply", path, "--yes"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(300):
                if _sent(adopted) == 2 or process.poll() is not None:
                    break
                time.sleep(0.1)
            second = adopted.run("apply", path, "--yes")
        finally:
            process.kill()
    assert process.returncode == -signal.SIGKILL
    assert (second.code, second.out.splitlines()[0]) == (ExitCode.LEASE, f"1 write of the plan in {path}. What has changed since is left out.")
    assert any(line.startswith("1 of its 2 writes was made before: run ") for line in second.lines)
    found_out, after = adopted.run("apply", path, "--yes"), adopted.run("apply", path, "--yes", "--output", "json").json
    assert (after["run"], after["made"], after["not_applied"], len(after["made_before"])) == (None, 0, [], 2)
    (run,) = {row["run"] for row in after["made_before"]}
    assert found_out.code == ExitCode.OK
    assert "Nothing is half done: every write of the plan was made before." in found_out.lines
    assert f"1 write of the plan made before, by run {run}." in found_out.lines
    assert "not made" not in found_out.out
    assert adopted.run("plan", "--detailed-exitcode").code == 0


def _sent(world: World) -> int:
    """How many writes of the run that is at work were begun."""
    store = open_store(f"sqlite:///{world.folder / 'leadhub.db'}", SystemClock())
    with store.read() as tx:
        runs = tx.runs.list(1, kind="apply")
        found = sum(i.state in (IntentState.ACCEPTED, IntentState.SENT) for run in runs for i in tx.intents.of_run(run.id))
    store.close()
    return found


# ---- files that are no plan to be made here --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["apply", "approve"])
def test_a_file_that_cannot_be_used_says_what_it_is_and_what_helps(adopted_once: World, tmp_path: Path, command: str) -> None:
    """Each kind of wrong file: what it is in words, and a next step that fits it; nothing was written, and the code is 1."""
    newer = {"schema": "leadhub.plan/2", "run": "x"}
    foreign = {"schema": "leadhub.plan/1", "run": "f" * 20, "changes": []}
    cases: dict[str, tuple[str | None, str, str]] = {
        "missing": (None, "there is no such file", "plan -o FILE keeps one"),
        "empty": ("", "it is empty", "makes a new one"),
        "cut": (json.dumps(foreign)[:40], "it breaks off, or is no JSON", "makes a new one"),
        "newer": (json.dumps(newer), "it is of the form 'leadhub.plan/2', this leadhub reads leadhub.plan/1", "use it with the leadhub that made it"),
        "foreign": (json.dumps(foreign), "this deployment never wrote it", "leadhub -C FOLDER names the one that did"),
    }
    for name, (text, why, helps) in cases.items():
        path = tmp_path / name
        if text is not None:
            path.write_text(text)
        ran = adopted_once.run(command, str(path), "--yes")
        said = " ".join(ran.err.split())
        assert (ran.code, ran.out) == (ExitCode.FAILED, ""), name
        assert f"{path} cannot be applied: {why}" in said, name
        assert helps in said, name
        assert "Traceback" not in said, name
    ran = adopted_once.run(command, str(tmp_path), "--yes")
    assert (ran.code, f"{tmp_path} cannot be applied: Is a directory" in " ".join(ran.err.split())) == (ExitCode.FAILED, True)


def test_a_file_that_one_may_not_read_says_who_can_change_that(adopted_once: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`plan -o` makes a file its author's alone: whoever is to approve it learns what the author has to type."""
    path = tmp_path / "night.plan"
    path.write_text("{}")

    def denied(*_args: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("leadhub.sync.planfile.os.open", denied)
    ran = adopted_once.run("approve", str(path))
    said = " ".join(ran.err.split())
    assert ran.code == ExitCode.FAILED
    assert "you may not read it" in said
    assert f"Next: its owner hands it over: chgrp GROUP {path} && chmod 640 {path}" in said
