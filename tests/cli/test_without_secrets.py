"""What reads the store alone needs no system's secrets; what needs them says which."""

import sqlite3

import pytest
from cli_world import World

SECRETS = ("SALESFORCE_CLIENT_ID", "SALESFORCE_CLIENT_SECRET", "HUBSPOT_TOKEN")
LOCAL = (
    "leads list",
    "leads show ann@acme.example",
    "leads why ann@acme.example",
    "review list",
    "runs list",
    "map show",
    "map explain salesforce Qualified",
    "plugins list",
    "db check",
    "db upgrade",
)


def test_local_commands_need_no_secrets(adopted: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every secret unset they say the same as before."""
    before = {words: adopted.run(*words.split()).out for words in LOCAL}
    for name in SECRETS:
        monkeypatch.delenv(name)
    for words in LOCAL:
        ran = adopted.run(*words.split())
        assert (words, ran.code, ran.err) == (words, 0, "")
        assert ran.out == before[words]


@pytest.mark.parametrize("words", ["config check", "sync", "plan", "adopt salesforce"])
def test_everything_else_names_what_is_missing(adopted: World, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """All of them at once, each with its line."""
    for name in SECRETS:
        monkeypatch.delenv(name)
    ran = adopted.run(*words.split())
    assert ran.code == 1
    assert all(f"the environment variable {name} is not set" in ran.err for name in SECRETS)


@pytest.mark.parametrize("token", ["pat-s3cret\n\x07more", "pat-s3cr\u00e9t"])
def test_a_broken_token_is_never_printed(adopted: World, monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    """Neither the error nor the log repeats any of it."""
    monkeypatch.setenv("HUBSPOT_TOKEN", token)
    ran = adopted.run("-vv", "--debug", "sync")
    assert ran.code in {1, 4}
    assert "s3cr" not in ran.out + ran.err
    assert "Traceback" not in ran.err


def test_another_organization_is_refused_by_doctor_too(adopted: World) -> None:
    """The line `org` is gone and the store knows another one: the finding fails and says how to begin anew."""
    path = adopted.folder / "leadhub.toml"
    lines = path.read_text().splitlines(keepends=True)
    assert sum(line.startswith("org = ") for line in lines) == 2
    path.write_text("".join(line for line in lines if not line.startswith("org = ")))
    store = sqlite3.connect(adopted.folder / "leadhub.db")
    store.execute("UPDATE system SET org = '00D000000000001AAA' WHERE name = 'salesforce'")
    store.commit()
    store.close()
    ran = adopted.run("doctor")
    assert ran.code == 1
    assert "but this deployment was begun with 00D000000000001AAA" in ran.out
    assert "leadhub init DIR" in ran.out
