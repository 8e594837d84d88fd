"""`python -m leadhub_sandbox` as a process of its own."""

import json
import os
import pty
import signal
import socket
import subprocess
import sys

import httpx
import pytest
from leadhub_sandbox.people import people


def _start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "leadhub_sandbox", *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_it_tells_where_it_listens_and_ends_on_a_signal() -> None:
    """One line of JSON gives address and credentials that work; SIGTERM ends it with exit code 0 and nothing on standard error."""
    with _start("--only", "salesforce", "--seed", "3") as process:
        assert process.stdout
        told = json.loads(process.stdout.readline())["salesforce"]
        form = {"grant_type": "client_credentials", "client_id": told["client_id"], "client_secret": told["client_secret"]}
        assert httpx.post(f"{told['url']}/services/oauth2/token", data=form).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=10) == ("", "")
    assert process.returncode == 0


def test_it_ends_with_its_parent() -> None:
    """With --exit-with-stdin the closing of standard input ends it, so a dead parent leaves no orphan."""
    with _start("--only", "salesforce", "--exit-with-stdin") as process:
        assert process.stdout
        assert process.stdout.readline()
        _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")


def test_a_signal_ends_it_cleanly_while_it_waits_for_the_end_of_its_input() -> None:
    """With --exit-with-stdin a signal still ends it with exit code 0 and nothing on standard error."""
    with _start("--only", "salesforce", "--exit-with-stdin") as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == ""  # its input stays open meanwhile
        assert process.wait(timeout=10) == 0


def test_a_taken_port_is_told() -> None:
    """A port that is in use is an exit code of 1 and a line that says what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with _start("--only", "salesforce", "--salesforce-port", str(taken.getsockname()[1])) as process:
            _, errors = process.communicate(timeout=10)
        assert process.returncode == 1
        assert "Choose another port" in errors


def test_both_crms_start_in_one_process() -> None:
    """Without --only both CRMs answer, on one clock."""
    pytest.importorskip("leadhub_sandbox.hubspot", reason="the HubSpot half is not installed")
    with _start() as process:
        assert process.stdout
        told = json.loads(process.stdout.readline())
        httpx.post(f"{told['salesforce']['url']}/_sandbox/clock", json={"set": "2026-11-16T10:00:00+00:00"})
        assert httpx.get(f"{told['hubspot']['url']}/_sandbox/health").json()["now"] == "2026-11-16T10:00:00+00:00"
        assert told["hubspot"]["token"]
        process.terminate()
        process.communicate(timeout=10)


def test_people_are_in_both_and_the_console_shows_them() -> None:
    """`up --seed-data N`: the same N people are leads there and contacts here, the same again for the same seed, and the console is told too."""
    with _start("up", "--seed-data", "12") as process:
        assert process.stdout
        told = {name: entry["url"] for name, entry in json.loads(process.stdout.readline()).items()}
        leads = httpx.get(f"{told['salesforce']}/_sandbox/records/Lead").json()
        contacts = httpx.get(f"{told['hubspot']}/_sandbox/records").json()["results"]
        assert "12" in httpx.get(told["console"]).text
        process.terminate()
        process.communicate(timeout=10)
    emails = [row["Email"] for row in leads]
    assert emails == [record["properties"]["email"] for record in contacts] == [person.lead["Email"] for person in people(1, 12)]
    assert len(set(emails)) == 12
    assert len({row["Status"] for row in leads}) > 1
    assert people(1, 12) == people(1, 20)[:12] != people(2, 12)


def test_a_terminal_is_told_in_lines() -> None:
    """A person at a terminal reads addresses and secrets, a line each."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "leadhub_sandbox", "--only", "salesforce"]
    with (
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.PIPE) as process,
        os.fdopen(ours, encoding="utf-8") as told,
    ):
        os.close(theirs)
        lines = [told.readline().split() for _ in range(4)]
        process.terminate()
        assert process.wait(timeout=10) == 0
    assert [words[0] for words in lines] == ["Salesforce", "client", "client", "Console"]
    assert lines[3][1].startswith("http://127.0.0.1:")


@pytest.mark.parametrize("wrong", [["--seed-data", "-1"], ["--seed-data", "many"], ["down"]])
def test_a_wrong_word_is_told(wrong: list[str]) -> None:
    """What cannot be meant ends with 2 and a line."""
    with _start(*wrong) as process:
        assert process.communicate(timeout=10)[1].splitlines()[-1].startswith("leadhub-sandbox: error:")
    assert process.returncode == 2
