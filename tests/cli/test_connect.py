"""`leadhub connect`: every answer is tried, secrets are neither shown nor kept unasked, and what is missing is told with where to click."""

import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest
from cli_world import Ran, World, run
from dotenv import dotenv_values

import leadhub.cli.connect
from leadhub.cli.env_file import keep

SECRET = "SALESFORCE_CLIENT_SECRET"


@pytest.fixture
def empty(world: World, tmp_path: Path) -> Path:
    """A folder with a leadhub.toml in which nothing is connected yet."""
    (tmp_path / "leadhub.toml").write_text("# mine\nversion = 1\n")
    return tmp_path


def connect(world: World, folder: Path, *args: str, crm: str = "salesforce", answers: str | None = None) -> Ran:
    """Run it against that world's sandbox."""
    return run("-C", str(folder), "connect", crm, "--url", getattr(world, crm).url, *args, answers=answers)


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_with_all_in_the_environment_it_ends_with_a_system_that_doctor_finds_well(world: World, empty: Path, crm: str) -> None:
    """No question is asked: the login is tried, its rights are told, the table is added, and doctor looks at it. Nothing is written to the CRM."""
    before = len(getattr(world, crm).journal)
    ran = connect(world, empty, "--add", crm=crm)
    assert ran.code == 0, ran.out + ran.err
    assert any(line.startswith("ok    answers  ") and ", sandbox, as " in line for line in ran.lines)
    table = tomllib.loads((empty / "leadhub.toml").read_text())["system"][crm]
    assert table["create"] == "never"
    assert (empty / "leadhub.toml").read_text().startswith("# mine\n")
    assert not (empty / ".env").exists()
    assert any(line.startswith(f"ok    {crm}  answers: ") for line in ran.lines)
    methods = {entry["method"] for entry in getattr(world, crm).journal[before:] if "token" not in entry["path"]}
    assert methods <= {"GET", "POST"}
    assert [
        entry
        for entry in getattr(world, crm).journal[before:]
        if entry["method"] == "POST" and "token" not in entry["path"] and "read" not in entry["path"]
    ] == []
    again = connect(world, empty, "--add", crm=crm)
    assert again.code == 0
    assert f"leadhub.toml has a [system.{crm}] already; it stays as it is." in again.lines


def test_a_secret_is_asked_for_unseen_and_kept_only_on_a_yes(world: World, empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With no: the lines to set, without the secret. With yes: .env of mode 600. Neither output shows it."""
    secret = world.salesforce.service.client_secret
    monkeypatch.delenv(SECRET)
    asked: list[bool] = []

    def typed(_cli: object, _question: str, *, secret: bool) -> str:
        asked.append(secret)
        return world.salesforce.service.client_secret

    monkeypatch.setattr(leadhub.cli.connect, "ask", typed)
    refused = connect(world, empty, "--no-add", answers="n\n")
    assert asked == [True]
    assert refused.code == 0, refused.err
    assert f"  export {SECRET}=…" in refused.lines
    assert not (empty / ".env").exists()
    (empty / ".env").write_text("OTHER=1\n")
    ran = connect(world, empty, "--add", answers="y\n")
    assert ran.code == 0, ran.out + ran.err
    assert dotenv_values(empty / ".env", interpolate=False) == {"OTHER": "1", SECRET: secret}
    assert stat.S_IMODE((empty / ".env").stat().st_mode) == 0o600
    assert "${SALESFORCE_CLIENT_SECRET}" in (empty / "leadhub.toml").read_text()
    assert secret not in refused.out + refused.err + ran.out + ran.err + (empty / "leadhub.toml").read_text()


def test_what_is_refused_says_what_to_look_at(world: World, empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong secret: the CRM's words, the places to look, exit 4, and nothing added."""
    monkeypatch.setenv(SECRET, "wrong-s3cret")
    ran = connect(world, empty, "--add")
    assert ran.code == 4
    assert "invalid_client" in ran.err
    assert any("client credentials flow enabled" in line for line in ran.lines)
    assert "wrong-s3cret" not in ran.out + ran.err
    assert "system" not in tomllib.loads((empty / "leadhub.toml").read_text())


def test_what_is_missing_is_told_with_where_to_click(world: World, empty: Path) -> None:
    """Rights and the key's field: the same sentences as doctor's, before anything is configured; the exit code says that something fails."""
    world.admin("salesforce", "settings", hidden_fields={"Lead": ["Title", "LeadhubId__c"]})
    ran = connect(world, empty, "--no-add")
    assert ran.code == 1
    assert "warn  Lead  Title cannot be read by leadhub's user" in ran.lines
    assert any("Fields & Relationships > New: Text, length 64, Unique, External ID, named LeadhubId__c" in line for line in ran.lines)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("acme.my.salesforce.com", "must start with https://"),
        ("http://127.0.0.1:9", "cannot be reached"),
    ],
)
def test_a_wrong_address_is_told_before_anything_else_is_asked(world: World, empty: Path, url: str, said: str) -> None:
    """Its form, and whether anybody answers there."""
    ran = run("-C", str(empty), "connect", "salesforce", "--url", url)
    assert ran.code in {1, 2}
    assert said in ran.err


@pytest.mark.parametrize(("crm", "setting"), [("salesforce", "login_url"), ("hubspot", "base_url")])
def test_the_address_of_a_table_that_is_there_is_where_the_secret_goes(
    world: World, empty: Path, monkeypatch: pytest.MonkeyPatch, crm: str, setting: str
) -> None:
    """The key of a sandbox is never sent to the real API: what leadhub.toml says counts where --url says nothing, as it is or by a reference."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # nothing leaves this machine, whatever address is taken
    monkeypatch.setenv("SANDBOX_URL", getattr(world, crm).url)
    names = {"salesforce": ("client_id", "client_secret"), "hubspot": ("token",)}[crm]
    login = "".join(f'{name} = "${{{crm.upper()}_{name.upper()}}}"\n' for name in names)
    for address in (getattr(world, crm).url, "${SANDBOX_URL}"):
        (empty / "leadhub.toml").write_text(f'version = 1\n[system.{crm}]\nplugin = "{crm}"\ncreate = "never"\n{setting} = "{address}"\n{login}')
        ran = run("-C", str(empty), "connect", crm, "--no-add")
        assert ran.code == 0, ran.out + ran.err
        assert f"ok    {setting}  {getattr(world, crm).url}" in ran.lines
        assert any(line.startswith("ok    answers  ") and ", sandbox, as " in line for line in ran.lines)


def test_an_address_that_the_table_only_points_at_is_not_guessed(world: World, empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reference to nothing ends it before the key goes anywhere; --url outranks it."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    (empty / "leadhub.toml").write_text('version = 1\n[system.hubspot]\nplugin = "hubspot"\nbase_url = "${NOT_SET}"\n')
    ran = run("-C", str(empty), "connect", "hubspot", "--no-add")
    assert ran.code == 2
    assert "leadhub.toml:4: the environment variable NOT_SET is not set (system.hubspot.base_url)" in ran.err
    assert any(line.startswith("ok    answers  ") for line in connect(world, empty, "--no-add", crm="hubspot").lines)


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_a_dead_address_is_told_with_what_a_person_does_next(empty: Path, world: World, crm: str) -> None:
    """No run is at work that would try again: the address is to be checked, and the same command typed again."""
    ran = run("-C", str(empty), "connect", crm, "--url", "http://127.0.0.1:9")
    assert ran.code == 1
    assert "Next: make sure that the system is up and its address right, then the same command" in ran.err


def test_nobody_there_and_nothing_known_names_the_variable(world: World, empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script learns what to set; an unknown CRM is told with the known ones."""
    monkeypatch.delenv("HUBSPOT_TOKEN")
    ran = connect(world, empty, crm="hubspot")
    assert ran.code == 2
    assert "Next: set HUBSPOT_TOKEN in the environment" in ran.err
    assert "it knows salesforce, hubspot" in run("-C", str(empty), "connect", "dynamics").err


def test_without_a_deployment_the_block_is_shown(world: World, tmp_path: Path) -> None:
    """Nothing is made: init does that; the table is there to be copied."""
    ran = connect(world, tmp_path, crm="hubspot")
    assert ran.code == 0, ran.err
    assert [line for line in ran.lines if line == 'token = "${HUBSPOT_TOKEN}"']
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", ["plain", "with space # and = sign", "quote ' and \\ back", 'double " one', "${NOT_A_NAME}"])
def test_the_env_file_says_what_was_put_into_it(tmp_path: Path, value: str) -> None:
    """Whatever characters a secret has; a name that is there already is replaced, and other lines stay."""
    path = tmp_path / ".env"
    path.write_text("# mine\nA=1\nNAME=old\n")
    keep(path, {"NAME": value, "NEW": "x"})
    assert dotenv_values(path, interpolate=False) == {"A": "1", "NAME": value, "NEW": "x"}
    assert path.read_text().startswith("# mine\n")


def test_the_recipes_name_what_the_plugins_need() -> None:
    """Every setting that has no default is asked for, under its own name."""
    from leadhub.cli.recipes import RECIPES
    from leadhub.plugins import Plugins

    connectors: dict[str, Any] = dict(Plugins().connectors())
    for name, recipe in RECIPES.items():
        fields = connectors[name].settings_model.model_fields
        needed = {key for key, field in fields.items() if field.is_required()}
        assert needed <= {asked.key for asked in recipe.asked} <= set(fields)
        assert recipe.address in fields
