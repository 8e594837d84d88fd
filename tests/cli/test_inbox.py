"""`leadhub inbox`: what was received, and what became of it."""

import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from cli_world import Ran, run

from leadhub.clock import SystemClock
from leadhub.store import open_store

TOKEN = "t0ken-of-sixteen-letters"
SHOP = '[system.shop]\nplugin = "forms"\ntoken = "file:token.secret"\n'


@pytest.fixture
def folder(tmp_path: Path, _sqlite_template: Path) -> Path:
    """A deployment with a form to which three people posted."""
    (tmp_path / "token.secret").write_text(TOKEN)
    (tmp_path / "leadhub.toml").write_text(f'version = 1\n[system.website]\nplugin = "forms"\ntoken = "file:token.secret"\n{SHOP}')
    shutil.copy(_sqlite_template, tmp_path / "leadhub.db")
    store = open_store(f"sqlite:///{tmp_path / 'leadhub.db'}", SystemClock())
    posts = [("website", {"email": "ann@acme.example", "name": "Ann Berg"}), ("website", {"post": "carl@acme.example"}), ("shop", {"email": "x"})]
    with store.begin() as tx:
        for n, (source, body) in enumerate(posts):
            tx.inbox.keep(source, "application/json", json.dumps(body).encode(), fingerprint=str(n))
    store.close()
    return tmp_path


def leadhub(folder: Path, words: str) -> Ran:
    """Run one command of this deployment."""
    return run("-C", str(folder), *shlex.split(words))


def states(folder: Path) -> list[Any]:
    """The state of each delivery, oldest first."""
    return [row["state"] for row in reversed(leadhub(folder, "inbox list --output json").json["deliveries"])]


def test_deliveries_are_listed_with_what_became_of_them(folder: Path) -> None:
    """They wait; then a sync takes them in, or rejects them with its reason."""
    assert states(folder) == ["waiting", "waiting", "waiting"]
    assert leadhub(folder, "sync").code == 0
    assert states(folder) == ["taken", "rejected", "rejected"]
    shown = leadhub(folder, "inbox list --system website --state rejected")
    assert shown.code == 0
    assert "neither an e-mail address nor a phone number" in shown.out
    assert "shop" not in shown.out


def test_posts_to_a_form_that_is_not_there_any_more_are_told(folder: Path) -> None:
    """A form was renamed: sync, doctor and the list say what waits for the old name, and nothing once it is taken in."""
    toml = folder / "leadhub.toml"
    before = toml.read_text()
    toml.write_text(before.replace("[system.website]", "[system.contact]"))
    said = {words: leadhub(folder, words) for words in ("sync", "doctor", "inbox list")}
    for words, ran in said.items():
        assert "website" in ran.out + ran.err, words
        assert "leadhubinboxlist--statewaiting" in "".join((ran.out + ran.err).split()).replace(f"-C{folder}", ""), (
            f"{words}: lines may break anywhere"
        )
    assert '2 deliveries wait for "website"' in said["inbox list"].err
    assert "shop" not in said["inbox list"].err
    toml.write_text(before)
    assert leadhub(folder, "sync").err.count("wait for") == 0
    assert leadhub(folder, "inbox list").err == ""


def test_a_delivery_is_shown_as_it_came_and_as_it_is_read(folder: Path) -> None:
    """Before a run and after it."""
    shown = leadhub(folder, "inbox show 1")
    assert '{"email": "ann@acme.example", "name": "Ann Berg"}' in shown.lines
    assert "  last_name: Berg" in shown.lines
    assert "It waits for the next sync." in shown.lines
    data = leadhub(folder, "inbox show 2 --output json").json
    assert (data["schema"], data["state"], data["values"], data["raw"]) == ("leadhub.delivery/1", "waiting", {}, '{"post": "carl@acme.example"}')
    assert data["unreadable"].startswith("It has neither")


def test_a_body_cannot_steer_the_terminal(folder: Path) -> None:
    """Control characters are shown, not obeyed."""
    store = open_store(f"sqlite:///{folder / 'leadhub.db'}", SystemClock())
    with store.begin() as tx:
        tx.inbox.keep("website", "text/\x1b[31m", b"\x1b]0;evil\x07 \xff", fingerprint="evil")
    store.close()
    shown = leadhub(folder, "inbox show 4")
    assert "\x1b" not in shown.out
    assert "\\x1b]0;evil\\x07 \\xff" in shown.out


def test_rejected_deliveries_are_taken_in_after_the_form_is_mended(folder: Path) -> None:
    """The message of a sync that rejects, the setting, the replay: three steps and no lead lost."""
    leadhub(folder, "sync")
    toml = folder / "leadhub.toml"
    toml.write_text(toml.read_text().replace(SHOP, 'headers = { post = "email" }\n' + SHOP))
    done = leadhub(folder, "inbox replay --rejected --system website")
    assert (done.code, done.lines) == (0, ["1 delivery will be read again by the next sync."])
    leadhub(folder, "sync")
    assert states(folder) == ["taken", "taken", "rejected"]
    assert "carl@acme.example" in leadhub(folder, "leads list").out


def test_a_replay_of_what_waits_changes_nothing(folder: Path) -> None:
    """And says so."""
    done = leadhub(folder, "inbox replay 1 2")
    assert done.lines == ["0 deliveries will be read again by the next sync."]
    assert "2 deliveries waited for it anyway." in done.err
    assert leadhub(folder, "inbox replay 1 --output json").json == {"schema": "leadhub.replay/1", "replayed": 0}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("inbox show 99", "There is no delivery 99."),
        ("inbox replay 99", "There is no delivery 99."),
        ("inbox replay", "Name deliveries by their numbers, or all rejected ones by --rejected."),
        ("inbox replay 1 --rejected", "Name deliveries by their numbers, or all rejected ones by --rejected."),
        ("inbox list --state lost", '"lost" is no state of a delivery: waiting, taken, rejected are.'),
        ("inbox list --system nobody", 'There is no system "nobody"'),
    ],
)
def test_what_cannot_be_meant_is_refused(folder: Path, words: str, said: str) -> None:
    """With exit code 2 and the next step."""
    ended = leadhub(folder, words)
    assert ended.code == 2
    assert said in ended.err
    assert "Next: " in ended.err
