"""`leadhub serve`: what it refuses to do, and what it says of each sync. That it serves is shown in tests/web."""

import importlib.util
import json
import shlex
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import structlog
from cli_world import run

from leadhub.cli.serve import tell
from leadhub.sync.schedule import Ended

FORM = '[system.website]\nplugin = "forms"\ntoken_hash = "' + "0" * 64 + '"\n'


def deployment(folder: Path, text: str = FORM) -> Path:
    """Write a leadhub.toml."""
    (folder / "leadhub.toml").write_text(f"version = 1\n{text}")
    return folder


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("--host 0.0.0.0", 2, "put a reverse proxy with TLS before it"),
        ("--host leadhub.example", 2, "serve --host leadhub.example --public"),
        ("--every 0m", 2, '"0m" is no interval: write 90s, 15m, 4h, 1d or never.'),
        ("--port 70000", 2, "65535"),
    ],
)
def test_what_it_will_not_do(tmp_path: Path, words: str, code: int, said: str) -> None:
    """An address that others reach is listened on by name alone."""
    ended = run("-C", str(deployment(tmp_path)), "serve", *shlex.split(words))
    assert ended.code == code
    assert said in ended.err


def test_a_server_with_nothing_to_do_is_refused(tmp_path: Path) -> None:
    """No form and no sync."""
    ended = run("-C", str(deployment(tmp_path, "")), "serve", "--every", "never")
    assert ended.code == 1
    assert "No system here receives anything" in ended.err
    assert "docs/how-to/receive-a-form.md" in ended.err


def test_a_missing_web_server_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install."""
    find = importlib.util.find_spec
    monkeypatch.setattr("leadhub.cli.serve.find_spec", lambda name: None if name == "uvicorn" else find(name))
    ended = run("-C", str(deployment(tmp_path)), "serve")
    assert ended.code == 2
    assert "Next: pip install 'leadhub[web]'" in ended.err


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    """With another to name."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = run("-C", str(deployment(tmp_path)), "serve", "--port", str(taken.getsockname()[1]))
    assert ended.code == 1
    assert "cannot be listened on" in ended.err


REPORT = {
    "run": "r1",
    "status": "ok",
    "seconds": 1.5,
    "records": {"rejected": 2},
    "systems": {name: {"pulled": 3, "created": 1, "updated": 0, "refused": 0} for name in ("a", "b")},
}


@pytest.mark.parametrize(
    ("ended", "line"),
    [
        (
            Ended(0, json.dumps(REPORT), ""),
            {
                "event": "sync ended",
                "log_level": "info",
                "run": "r1",
                "status": "ok",
                "pulled": 6,
                "created": 2,
                "updated": 0,
                "refused": 0,
                "rejected": 2,
                "seconds": 1.5,
            },
        ),
        (Ended(6, "", "Error: the lease is held"), {"event": "sync skipped: another run works", "log_level": "info"}),
        (Ended(130, "", "Interrupted."), {"event": "sync interrupted; the next one goes on from there", "log_level": "info"}),
        (Ended(-15, "", ""), {"event": "sync interrupted; the next one goes on from there", "log_level": "info"}),
        (Ended(1, "", "Error: no\nNext: mend it\n"), {"event": "sync did not do all", "log_level": "warning", "said": "Error: no Next: mend it"}),
        (Ended(5, "[]", "x"), {"event": "sync did not do all", "log_level": "warning", "said": "x"}),
    ],
)
def test_each_sync_is_one_line(ended: Ended, line: dict[str, Any]) -> None:
    """What came of it; one that another run kept away is skipped, not a failure."""
    with structlog.testing.capture_logs() as captured:
        tell(structlog.get_logger(), ended)
    assert captured == [{**line, "code": ended.code}]


@pytest.mark.parametrize(("settings", "command"), [("", "sync"), ('[defaults]\napproval = "required"\n', "pull")])
def test_where_plans_are_approved_it_reads_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: str, command: str) -> None:
    """Every so often `sync`, or `pull` where nothing may be written unapproved; which of them is said."""
    commands: list[str] = []

    class Noted:
        """A schedule that only remembers what it would run."""

        def __init__(self, command: Sequence[str], *_more: object) -> None:
            commands.append(command[-1])

        def start(self) -> None:
            """Do nothing."""

        stop = start

    monkeypatch.setattr("leadhub.cli.serve.Schedule", Noted)
    monkeypatch.setattr("leadhub.web.run", lambda *_args: None)
    ended = run("-C", str(deployment(tmp_path, settings + FORM)), "serve", "--port", "0")
    assert (ended.code, commands) == (0, [command])
    assert f"leadhub {command} runs now, and then every 15m." in ended.err
    assert ("Nothing is written" in ended.err) == (command == "pull")
