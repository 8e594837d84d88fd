"""`leadhub pause` and `leadhub resume`, as a person types them in the night."""

import re
from types import SimpleNamespace

import pytest
from cli_world import World


def _edit(world: World) -> None:
    links = world.run("leads", "show", "ann@acme.example", "--output", "json").json["links"]
    record = next(link["record_id"] for link in links if link["system"] == "hubspot")
    world.admin("hubspot", "edit", id=record, properties={"jobtitle": "CEO"})


def test_a_pause_is_told_wherever_one_looks_and_resume_lifts_it(adopted: World) -> None:
    """pause, sync, doctor, runs show and leads why say who paused it and why, with the command that lifts it; after that the write is made."""
    ran = adopted.run("pause", "salesforce", "--reason", "wrong mapping")
    assert ran.code == 0
    assert ": wrong mapping" in ran.lines[0]
    folder = str(adopted.folder)
    again = adopted.run("pause", "salesforce")
    assert "Nothing was changed" in again.out
    _edit(adopted)
    synced = adopted.run("sync")
    assert synced.code == 0
    assert f"wrong mapping. It is read; nothing is written to it, and what waits is kept: leadhub -C {folder} resume salesforce" in " ".join(
        synced.out.split()
    )
    assert "1 not started (salesforce is paused since" in synced.out
    assert adopted.run("sync", "--output", "json").json["paused"].keys() == {"salesforce"}
    doctor = adopted.run("doctor", "--offline")
    assert "warn  pause  salesforce is paused since" in doctor.out
    assert f"next: leadhub -C {folder} resume salesforce" in doctor.out
    (run,) = adopted.run("runs", "list", "--kind", "pause", "--output", "json").json["runs"]
    assert "It paused salesforce: wrong mapping" in adopted.run("runs", "show", run["run"]).out
    assert "salesforce is paused" in adopted.run("leads", "why", "ann@acme.example").out
    _plan_says_so(adopted)
    assert adopted.run("resume", "salesforce").code == 0
    assert "1 write made" in adopted.run("sync").out
    assert "is not paused" in adopted.run("resume", "salesforce").out


def _plan_says_so(world: World) -> None:
    """A plan shows what waits, and sends nobody to a command that would write none of it; kept in a file, with a pattern, and as data as well."""
    kept = str(world.folder / "paused.plan")
    step = f"leadhub -C {world.folder} resume salesforce"
    for args in (("plan",), ("plan", "-o", kept), ("plan", "--pattern", "1"), ("plan", "--backfill", "job_title")):
        ran = world.run(*args)
        said = " ".join(f"{ran.out} {ran.err}".split())
        assert "CEO" in said or args[1:] == ("-o", kept) or "--backfill" in args
        assert ("wrong mapping. What is planned there waits" in said) is ("--backfill" not in args), args
        assert (step in said) is ("--backfill" not in args), args
        assert said.count("Next:") == said.count(f"Next: {step}, then leadhub") == ("-o" in args), args
        assert "asks once and writes" not in said, args
    applied = world.run("apply")
    assert (applied.code, applied.err.count("Nobody is there"), applied.out.count(step)) == (0, 0, 1), "nobody is asked about what nobody would write"
    (pause,) = world.run("plan", "--output", "json").json["paused"].items()
    assert (pause[0], pause[1]["next"], ": wrong mapping" in pause[1]["why"]) == ("salesforce", step, True)


def test_what_is_not_written_anyway_cannot_be_paused(world: World) -> None:
    """A system that is not adopted, or that was never switched on, says so, with the next command."""
    ran = world.run("pause", "hubspot")
    assert (ran.code, "hubspot is not adopted" in ran.err) == (2, True)
    assert world.run("adopt", "hubspot").code == 0
    ran = world.run("pause", "hubspot")
    assert (ran.code, "writing was never switched on" in ran.err) == (2, True)


def test_write_on_does_not_lift_a_pause(adopted: World) -> None:
    """Only `resume` lifts it: the switch of first contact says so."""
    adopted.run("pause", "hubspot")
    ran = adopted.run("adopt", "hubspot", "--write-on", "--yes")
    assert ran.code == 2
    assert f"leadhub -C {adopted.folder} resume hubspot" in ran.err


def test_a_revert_of_what_went_to_a_paused_system_says_how_it_goes_on(adopted: World) -> None:
    """Nothing is taken back and no success is told: exit code 5, who paused it, and the command; after it the same revert goes through."""
    _edit(adopted)
    run = adopted.run("sync", "--output", "json").json["run"]
    adopted.run("pause", "salesforce", "--reason", "wrong titles")
    ran = adopted.run("revert", run, "--yes")
    assert ran.code == 5
    assert "Nothing of it can be taken back now." in ran.out
    assert "it waits: salesforce is paused" in ran.out
    assert ": wrong titles. Nothing was taken back." in ran.err
    assert "resume salesforce, then the same command again" in ran.err
    adopted.run("resume", "salesforce")
    ran = adopted.run("revert", run, "--yes")
    assert (ran.code, "1 write made" in ran.out) == (0, True)


def test_a_pause_is_given_another_reason(adopted: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever finds out more says so: since when and by whom it is paused stays, who said what and when is kept, and what it replaced is told."""
    adopted.run("pause", "salesforce")
    first = adopted.run("pause", "salesforce", "--reason", "wrong mapping")
    assert first.lines[0].startswith("salesforce is paused since ")
    assert ": wrong mapping (said by " in first.lines[0]
    assert first.lines[1] == "It had no reason so far."
    monkeypatch.setattr("pwd.getpwuid", lambda _number: SimpleNamespace(pw_name="kim"))
    second = adopted.run("pause", "salesforce", "--reason", "wrong owners")
    told = re.fullmatch(r"salesforce is paused since (.+) UTC by (\w+): wrong owners \(said by kim, (.+) UTC\)", second.lines[0])
    assert told is not None
    assert told[2] != "kim"
    assert second.lines[1] == "It replaces: wrong mapping"
    for same in (("--reason", "wrong owners"), ()):
        assert "Nothing was changed." in adopted.run("pause", "salesforce", *same).out
    assert ": wrong owners (said by kim" in adopted.run("doctor", "--offline").out
    runs = adopted.run("runs", "list", "--kind", "pause", "--output", "json").json["runs"]
    assert len(runs) == 3
    assert (
        'It gave the pause of salesforce another reason: wrong owners; it replaces "wrong mapping".'
        in adopted.run("runs", "show", runs[0]["run"]).out
    )
    assert adopted.run("resume", "salesforce").code == 0
    adopted.run("pause", "salesforce", "--reason", "anew")
    assert "said by" not in adopted.run("doctor", "--offline").out
