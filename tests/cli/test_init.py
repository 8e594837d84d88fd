"""`leadhub init`: few questions, good defaults, and a deployment that `config check` accepts."""

import os
import pty
import stat
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from cli_world import World, run

from leadhub.config.load import load

CREDENTIALS = {
    "SALESFORCE_LOGIN_URL": "https://acme.my.salesforce.com",
    "SALESFORCE_CLIENT_ID": "id",
    "SALESFORCE_CLIENT_SECRET": "s3cret",
    "HUBSPOT_TOKEN": "t0ken",
    "FORM_TOKEN": "a-form-token-of-some-length",
}


def test_the_answers_become_the_file(tmp_path: Path) -> None:
    """Six questions at most; secrets stay names of the environment, and the next commands are said."""
    new = tmp_path / "new"
    ran = run("init", str(new), answers="salesforce,hubspot,files\nhubspot\nassignment_rules\nnone\nde\nmaybe later\n")
    assert ran.code == 0
    assert ran.err.count("] ") == 6
    document = load(new, CREDENTIALS).document
    assert (document.defaults.trust, document.defaults.region) == ("hubspot", "DE")
    assert document.system["salesforce"].field["Status"]["answers"] == {"Closed - Not Converted": "maybe later"}
    assert list(document.system) == ["salesforce", "hubspot", "files"]
    assert [document.system[name].create for name in document.system] == ["always", "never", "never"]
    created = document.system["salesforce"].on_create
    assert created is not None
    assert created.owner == "assignment_rules"
    assert "s3cret" not in (new / "leadhub.toml").read_text()
    assert f"Next: leadhub -C {new} doctor" in ran.lines
    assert any(line.startswith(f"Then: leadhub -C {new} adopt salesforce") for line in ran.lines)


@pytest.mark.parametrize(
    "systems",
    [
        "salesforce",
        "salesforce,hubspot",
        "salesforce,files",
        "hubspot,files",
        "files",
        pytest.param("salesforce,hubspot,forms,files", marks=pytest.mark.skipif(find_spec("leadhub_forms") is None, reason="needs leadhub-forms")),
    ],
)
@pytest.mark.parametrize("closed", ["not for us", "cannot tell"])
def test_every_file_that_init_writes_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, systems: str, closed: str) -> None:
    """Whatever is chosen, `config check` has nothing to complain of once the secrets are set."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    creates = ["--create", "hubspot=ann@acme.example"] if "hubspot" in systems else []
    assert run("init", str(tmp_path), "--no-input", "--systems", systems, "--closed-means", closed, "--region", "us", *creates).code == 0
    checked = run("-C", str(tmp_path), "config", "check")
    assert (checked.code, checked.err) == (0, "")


def test_secrets_written_into_the_env_file_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """.env.example names every variable that the file reads; copied and filled in, it is all that is needed, and git ignores it."""
    for name in CREDENTIALS:
        monkeypatch.delenv(name, raising=False)
    assert run("init", str(tmp_path), "--no-input", "--systems", "salesforce,hubspot").code == 0
    before = run("-C", str(tmp_path), "config", "check")
    assert before.code == 1
    example = (tmp_path / ".env.example").read_text()
    names = [line.removesuffix("=") for line in example.splitlines() if line and not line.startswith("#")]
    assert all(f"{name} is not set" in before.err for name in names)
    (tmp_path / ".env").write_text("".join(f"{name}={CREDENTIALS[name]}\n" for name in names))
    assert run("-C", str(tmp_path), "config", "check").code == 0
    assert ".env" in (tmp_path / ".gitignore").read_text().splitlines()


def test_the_environment_outranks_the_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a scheduler sets is what counts."""
    (tmp_path / "leadhub.toml").write_text('version = 1\n[system.hub]\nplugin = "hubspot"\ntoken = "${HUBSPOT_TOKEN}"\n')
    (tmp_path / ".env").write_text('HUBSPOT_TOKEN="of the file"\n')
    monkeypatch.delenv("HUBSPOT_TOKEN", raising=False)
    assert load(tmp_path).document.system["hub"].settings["token"] == "of the file"
    monkeypatch.setenv("HUBSPOT_TOKEN", "of the environment")
    assert load(tmp_path).document.system["hub"].settings["token"] == "of the environment"


def test_a_form_gets_a_token_that_only_its_owner_can_read(tmp_path: Path) -> None:
    """The secret part of the address is made, written to .env with the rights of a secret, and never printed; two deployments have two."""
    tokens = set()
    for name in ("one", "two"):
        ran = run("init", str(tmp_path / name), "--no-input", "--systems", "forms,files")
        env = tmp_path / name / ".env"
        assert stat.S_IMODE(env.stat().st_mode) == 0o600
        token = env.read_text().splitlines()[-1].removeprefix("FORM_TOKEN=")
        assert len(token) == 32
        assert token not in ran.out + ran.err + (tmp_path / name / "leadhub.toml").read_text()
        tokens.add(token)
    assert len(tokens) == 2
    assert run("init", str(tmp_path / "three"), "--no-input", "--systems", "forms", "--no-form-token").code == 0
    assert not (tmp_path / "three" / ".env").exists()


def test_init_never_overwrites(world: World) -> None:
    """A file that is there stays as it is, and the message says how to look at it."""
    before = (world.folder / "leadhub.toml").read_text()
    ran = world.run("init", str(world.folder), "--no-input")
    assert ran.code == 1
    assert "exists already; nothing was written." in ran.err
    assert (world.folder / "leadhub.toml").read_text() == before


def test_what_else_is_there_is_left_alone(tmp_path: Path) -> None:
    """A .gitignore and a .env of the folder are somebody's."""
    (tmp_path / ".gitignore").write_text("mine\n")
    (tmp_path / ".env").write_text("FORM_TOKEN=mine\n")
    assert run("init", str(tmp_path), "--no-input", "--systems", "forms").code == 0
    assert (tmp_path / ".gitignore").read_text() == "mine\n"
    assert (tmp_path / ".env").read_text() == "FORM_TOKEN=mine\n"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--systems", "pipedrive"),
        ("--systems", ","),
        ("--trust", "files"),
        ("--closed-means", "hm"),
        ("--region", "Germany"),
        ("--create", "salesforce"),
        ("--create", "pipedrive=me"),
    ],
)
def test_init_refuses_what_it_does_not_know(tmp_path: Path, option: str, value: str) -> None:
    """A wrong answer is a usage error, and nothing is written."""
    assert run("init", str(tmp_path / "x"), "--no-input", option, value).code == 2
    assert not (tmp_path / "x").exists()


def test_on_a_real_terminal_return_takes_every_default(tmp_path: Path) -> None:
    """Somebody who only presses Return gets both CRMs, the first one trusted, nothing created, and the unanswered question left open."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-m", "leadhub.cli.app", "init", str(tmp_path / "new")])
    os.write(terminal, b"\n" * 8)
    said = b""
    try:
        while chunk := os.read(terminal, 4096):
            said += chunk
    except OSError:
        pass  # the terminal of a process that has ended
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0, said.decode()
    document = load(tmp_path / "new", CREDENTIALS).document
    assert list(document.system) == ["salesforce", "hubspot"]
    assert document.defaults.trust == "salesforce"
    assert {system.create for system in document.system.values()} == {"never"}
    assert "answers" not in document.system["salesforce"].field["Status"]
    assert b"Which systems? (salesforce, hubspot, forms, files) [salesforce,hubspot]" in said
