"""The commands beside the story: checks, the mapping, questions about a state, the sandbox, and the frame around all of them."""

import contextlib
import io
import json
import os
import pty
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

import pytest
from cli_world import HTTP, World, run

from leadhub.cli.program import hoisted

# ---- checks ----------------------------------------------------------------------------------------------------------------------------


def test_config_check_says_every_fault_with_its_line(world: World) -> None:
    """All faults at once, each with file and line; a secret that is not set is named, never guessed."""
    world.configure('trust = "salesforce"', 'trust = "salesfarce"')
    world.configure("${HUBSPOT_TOKEN}", "${NO_SUCH_TOKEN}")
    ran = world.run("config", "check")
    assert ran.code == 1
    assert 'leadhub.toml:4: M23 defaults.trust names "salesfarce", which is no system here. Did you mean "salesforce"?' in ran.err
    assert "the environment variable NO_SUCH_TOKEN is not set" in ran.err
    assert world.run("doctor").code == 1


def test_config_check_counts_the_laws_and_live_asks_the_systems(world: World) -> None:
    """Offline it calls nobody; with --live it compares the mapping with the picklists."""
    offline = world.run("config", "check")
    assert offline.code == 0
    assert offline.err == ""
    assert "law checks, no contradiction." in offline.out
    live = world.run("config", "check", "--live")
    assert live.code == 0
    assert 'ok    hubspot  contacts: every value of "lifecyclestage" and "hs_lead_status" is mapped, and every mapped value exists' in live.lines


def test_doctor_finds_what_differs_from_the_live_system(world: World) -> None:
    """A new status, a status that went away, a hidden field and a missing external id are each said with a cure; a refused login fails it."""
    settings = world.salesforce.service.org.settings
    statuses = [dict(s) for s in settings.statuses]
    statuses[1]["ApiName"] = "Called"
    world.admin("salesforce", "settings", statuses=statuses, hidden_fields={"Lead": ["Title", "LeadhubId__c"]})
    ran = world.run("doctor")
    assert ran.code == 1
    assert any('M08 Status: nobody mapped "Called" (0 records)' in line for line in ran.lines)
    assert any('"Working - Contacted" would be written, but the live picklist lacks it' in line for line in ran.lines)
    assert any('Lead: "Title" cannot be seen by this login' in line for line in ran.lines)
    assert any(line.startswith("fail  salesforce  Lead: Leads cannot be found by leadhub's key") for line in ran.lines)


def test_doctor_fails_a_system_that_refuses_the_login_and_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One system's trouble does not hide the others, and --output json carries the same findings."""
    monkeypatch.setenv("HUBSPOT_TOKEN", "revoked")
    ran = world.run("doctor", "--output", "json")
    assert ran.code == 1
    levels = {(f["subject"], f["level"]) for f in ran.json["findings"]}
    assert ("hubspot", "fail") in levels
    assert ("salesforce", "ok") in levels
    assert "revoked" not in ran.out


# ---- the mapping -----------------------------------------------------------------------------------------------------------------------


def test_map_show_counts_what_nobody_mapped_and_says_the_mend(world: World) -> None:
    """One page with a column per system; an unmapped value has its record count and where its row belongs."""
    world.admin("salesforce", "settings", statuses=[*world.salesforce.service.org.settings.statuses, _status("Parked")])
    world.lead(LastName="Odd", Status="Parked")
    world.lead(LastName="Odder", Status="Parked")
    assert world.run("adopt", "salesforce").code == 0
    ran = world.run("map", "show")
    assert "What is being done right now?" in ran.out
    command = f"leadhub -C {world.folder} map add"
    assert f'  salesforce Status "Parked": 2 records; {command} salesforce Status Parked --like OTHER' in ran.lines
    assert world.run("map", "show", "--output", "json").json["unmapped"][0]["value"] == "Parked"
    assert "In use now: 2 records." in world.run("map", "explain", "salesforce", "Parked").lines
    listed = [line.split() for line in world.run("review", "list").lines]
    assert ["2", "unmapped", "Status", "unmapped:salesforce:Status:Parked"] in [row[:4] for row in listed], "its records, not its question"
    assert "2 records show it now." in world.run("review", "show", "unmapped:salesforce:Status:Parked").lines


def _status(name: str) -> dict[str, object]:
    return {"ApiName": name, "MasterLabel": name, "SortOrder": 9, "IsDefault": False, "IsConverted": False}


def test_map_explain_says_what_a_value_rules_out(world: World) -> None:
    """The answer to "why is this left alone" is in the words of the mapping."""
    ran = world.run("map", "explain", "salesforce", "Open - Not Contacted")
    assert "  rules out: stage opportunity, customer or advocate; status attempting, connected, nurturing or in_deal;" in ran.out
    assert "No record shows it now." in world.run("map", "explain", "hubspot", "nonsense").lines
    assert world.run("map", "explain", "nobody", "x").code == 2


# ---- a question about a state ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def reentry(adopted: World) -> World:
    """Ann was closed in Salesforce; then somebody moved her forward in HubSpot."""
    adopted.configure(
        "[system.hubspot]", '[system.salesforce.field.Status]\nanswers = { "Closed - Not Converted" = "not for us" }\n\n[system.hubspot]'
    )
    lead = adopted.run("leads", "show", "ann@acme.example", "--output", "json").json
    ids = {link["system"]: link["record_id"] for link in lead["links"]}
    adopted.admin("salesforce", "edit", id=ids["salesforce"], fields={"Status": "Closed - Not Converted"})
    assert adopted.run("sync").code == 0
    adopted.admin("hubspot", "edit", id=ids["hubspot"], properties={"lifecyclestage": "salesqualifiedlead"})
    assert adopted.run("sync").code == 0
    return adopted


def test_a_question_about_a_state_is_answered_by_a_side_or_a_state(reentry: World) -> None:
    """What a side's value would make of the lead is shown, an impossible state is refused with the reason, and the sync applies the answer."""
    (item,) = reentry.run("review", "list", "--output", "json").json["items"]
    assert (item["kind"], item["field"]) == ("reentry", "state")
    impossible = reentry.run("review", "resolve", item["id"], "--value", "known/in_deal/open", "--yes")
    assert impossible.code == 2
    assert "No lead can be known/in_deal/open" in impossible.err
    assert reentry.run("review", "resolve", item["id"], "--close", "--yes").code == 2
    answer = reentry.run("review", "resolve", item["group"], "--value", "sql/attempting/open", "--yes")
    assert answer.code == 0
    assert answer.lines[0].startswith("Ann Lee: state ")
    assert answer.lines[0].endswith('→ "sql/attempting/open"')
    assert reentry.run("sync").code == 0
    assert reentry.run("review", "list").lines == ["No open questions."]
    lead = reentry.run("leads", "show", "ann@acme.example", "--output", "json").json["leads"][0]
    assert lead["state"] == {"stage": "sql", "status": "attempting", "exit": "open"}


def test_taking_a_sides_word_for_a_state(reentry: World) -> None:
    """`--take SYSTEM` takes the nearest state that its values allow; `--take hub --leave` settles it and writes to nobody."""
    (item,) = reentry.run("review", "list", "--output", "json").json["items"]
    taken = reentry.run("review", "resolve", item["id"], "--take", "hubspot", answers="n\n")
    assert "sql/" in taken.lines[0]
    assert reentry.run("review", "resolve", item["id"], "--take", "hub", "--leave", "--yes").code == 0
    after = reentry.run("sync")
    assert after.lines[0] == "Nothing to write: every side shows what it should."
    assert reentry.run("review", "list").lines == ["No open questions."]


def test_a_refusal_can_be_tried_again(adopted: World) -> None:
    """Closing a refusal says what that means, and the next sync makes the write that is possible by now."""
    adopted.admin("salesforce", "settings", validation_rules=[{"message": "not today", "when": {"LastName": "New"}}])
    adopted.contact(email="new@acme.example", firstname="Nia", lastname="New", company="N Ltd")
    assert adopted.run("sync").code == 3
    (item,) = adopted.run("review", "list", "--output", "json").json["items"]
    assert "not today" in adopted.run("review", "show", item["id"]).out
    adopted.admin("salesforce", "settings", validation_rules=[])
    closed = adopted.run("review", "resolve", item["id"], "--close", "--yes")
    assert closed.lines[0].startswith("The next sync tries again")
    assert adopted.run("sync").lines[0] == "Nothing is half done: 1 write made."


# ---- the frame -------------------------------------------------------------------------------------------------------------------------


def test_global_options_may_stand_anywhere() -> None:
    """People type `leadhub sync --output json`; what follows `--` is left alone."""
    assert hoisted(["sync", "--output", "json", "-q"]) == ["--output", "json", "-q", "sync"]
    assert hoisted(["adopt", "x", "--output=csv", "-C", "d", "--write-on"]) == ["--output=csv", "-C", "d", "adopt", "x", "--write-on"]
    assert hoisted(["map", "explain", "s", "--", "-q"]) == ["map", "explain", "s", "--", "-q"]


def test_plugins_are_listed_with_what_they_bring(world: World) -> None:
    """Installed plugins and a file in the deployment's own folder stand side by side."""
    (world.folder / "plugins").mkdir()
    example = Path(__file__).parents[2] / "config" / "plugins" / "webinar.py"
    (world.folder / "plugins" / "webinar.py").write_text(example.read_text())
    plugins = {p["plugin"]: p for p in world.run("plugins", "list", "--output", "json").json["plugins"]}
    assert plugins["webinar"]["connectors"] == ["webinar"]
    assert "salesforce-lead" in plugins["salesforce"]["presets"]


def test_ctrl_c_while_the_program_is_still_being_loaded_is_answered_in_words(tmp_path: Path) -> None:
    """The libraries take a second to load, and nobody is shown a traceback for the key that ends a command."""
    script = f"""
import os, signal, sys
class Pressed:
    def find_spec(self, name, *_):
        if name == "sqlalchemy":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Pressed())
from leadhub.cli.app import main
sys.exit(main(["-C", {str(tmp_path)!r}, "sync"]))
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (130, "")
    assert ran.stderr.startswith("Interrupted. What was in flight is journaled")
    assert "Traceback" not in ran.stderr


def test_the_program_starts_with_next_to_nothing_loaded() -> None:
    """What is imported before the first line of `main` is imported where nobody answers Ctrl-C."""
    ran = subprocess.run(
        [sys.executable, "-c", "import sys; import leadhub.cli.app; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    assert not {"typer", "httpx", "pydantic", "sqlalchemy", "structlog"} & set(ran.stdout.split())


def test_help_and_version_need_no_deployment(tmp_path: Path) -> None:
    """The program explains itself anywhere."""
    ran = subprocess.run([sys.executable, "-m", "leadhub.cli.app", "--help"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert ran.returncode == 0
    for command in ("demo", "init", "doctor", "adopt", "plan", "apply", "sync", "import", "sandbox", "leads", "review", "runs", "map"):
        assert f" {command} " in ran.stdout
    version = subprocess.run([sys.executable, "-m", "leadhub.cli.app", "--version"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert version.stdout.startswith("leadhub 0.")


def test_what_the_sandbox_prints_works_when_it_is_pasted(tmp_path: Path) -> None:
    """The variables, the project and the two orders: doctor finds both CRMs, each has its lead; Ctrl-C ends both and leaves nothing running."""
    child = subprocess.Popen(
        [sys.executable, "-m", "leadhub.cli.app", "sandbox", "--seed", "5"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    pasted: list[list[str]] = []
    try:
        while [words[:1] for words in pasted].count(["curl"]) < 2:
            line = child.stdout.readline()
            assert line, "the sandbox ended early"
            pasted.append(shlex.split(line, comments=True))
        (init,) = (words[1:] for words in pasted if words[:1] == ["leadhub"])
        orders = [(words[1], words[-1]) for words in pasted if words[:1] == ["curl"]]
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(tmp_path)
            for name, value in (words[1].split("=", 1) for words in pasted if words[:1] == ["export"]):
                patch.setenv(name, value)
            assert run(*init, "--no-input").code == 0
            assert run("-C", init[1], "doctor").code == 0
            for url, body in orders:
                assert HTTP.post(url, content=body, headers={"Content-Type": "application/json"}).is_success
            for system in ("salesforce", "hubspot"):
                assert "1 record" in run("-C", init[1], "adopt", system).out
    finally:
        os.kill(child.pid, signal.SIGINT)
        _, errors = child.communicate(timeout=20)
    assert child.returncode == 0
    assert "The sandbox has ended" in errors


def test_a_terminal_of_eighty_columns_breaks_no_line_that_is_pasted_and_ctrl_c_ends_the_sandbox_cleanly() -> None:
    """Each export and each order is one line, however long; Ctrl-C, which goes to all of a terminal's processes, ends it without a word of Python's."""
    pid, terminal = pty.fork()
    if pid == 0:
        environment = {**os.environ, "COLUMNS": "80", "LINES": "24", "TERM": "xterm"}
        os.execve(sys.executable, [sys.executable, "-m", "leadhub.cli.app", "sandbox"], environment)
    shown = ""
    with contextlib.suppress(OSError):  # how a terminal tells that nobody writes any more
        while data := os.read(terminal, 65_536).decode():
            if "Ctrl-C ends it" in data and "Ctrl-C ends it" not in shown:
                os.write(terminal, b"\x03")
            shown += data
    os.close(terminal)
    assert os.waitpid(pid, 0)[1] == 0
    assert "Fatal Python error" not in shown
    assert "The sandbox has ended" in shown
    pasted = [shlex.split(line, comments=True) for line in shown.splitlines() if line.startswith(("export ", "curl ", "leadhub "))]
    assert [len(words) for words in pasted] == [2, 2, 2, 2, 5, 4, 4]
    assert len(max((words[1] for words in pasted), key=len)) > 80 - len("export ")


def test_the_sandbox_starts_with_and_without_the_word_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """`leadhub sandbox` alone is `leadhub sandbox up`, with every option; the sandbox's own process is told the same."""
    started: list[list[str]] = []

    class NotStarted:
        def __init__(self, command: list[str], **_: object) -> None:
            started.append(command[1:])
            self.stdin = self.stdout = io.StringIO()

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            """Nothing runs."""

    monkeypatch.setattr("leadhub.cli.sandbox.subprocess.Popen", NotStarted)
    options = ("--seed", "5", "--seed-data", "3", "--console-port", "8123")
    codes = [run("sandbox", *options).code, run("sandbox", "up", *options).code, run("sandbox").code]
    assert (codes, started[0]) == ([1, 1, 1], started[1])
    assert {"--seed=5", "--seed-data=3", "--console-port=8123"} <= set(started[0])
    assert {"--seed=1", "--seed-data=0", "--console-port=0"} <= set(started[2])


def test_the_demo_is_handed_its_folder_and_returns_its_code(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`leadhub demo --keep DIR` is the demo's own business: folder in, exit code out."""
    import leadhub.demo

    seen: list[object] = []
    monkeypatch.setattr(leadhub.demo, "run", lambda keep, _console: seen.append(keep) or 7, raising=False)
    assert world.run("demo", "--keep", str(tmp_path)).code == 7
    assert seen == [tmp_path]


def test_json_lines_are_one_object_a_line(adopted: World) -> None:
    """Lists stream into other tools, a line each."""
    lines = adopted.run("leads", "list", "--output", "jsonl").out.splitlines()
    assert [json.loads(line)["email"] for line in lines] == ["ann@acme.example"]
