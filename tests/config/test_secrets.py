"""A secret that stands in leadhub.toml is refused (M19), by the name of its key or by its shape, and is never repeated."""

from pathlib import Path

import pytest

from leadhub import config
from leadhub.errors import ConfigError

HUBSPOT = "pat-na1-0f1e2d3c-1111-2222-3333-444455556666"


def load(folder: Path, text: str) -> config.Deployment:
    (folder / "leadhub.toml").write_text(text, encoding="utf-8")
    return config.load(folder, {"T": "x", "EMPTY": "-"})


@pytest.mark.parametrize(
    ("line", "variable"),
    [
        ('token = "short"', "CRM_TOKEN"),
        ('client_secret = "hunter2"', "CRM_CLIENT_SECRET"),
        ('Password = "hunter2"', "CRM_PASSWORD"),
        ('api_key = "hunter2"', "CRM_API_KEY"),
        ('private_key = "hunter2"', "CRM_PRIVATE_KEY"),
        (f'login = "{HUBSPOT}"', "CRM_LOGIN"),
        ('session = "00D000000000001!AQ0AQHunter2"', "CRM_SESSION"),
        ('pat = "ghp_0123456789abcdefABCDEF"', "CRM_PAT"),
        ('jwt = "eyJhbGciOi.eyJzdWIi.c2ln"', "CRM_JWT"),
        ('address = "https://me:hunter2@crm.example/"', "CRM_ADDRESS"),
        ('what = "Zm9vYmFyMTIzNDU2Nzg5MDEyMzQ1Njc4OTA"', "CRM_WHAT"),
        ('nested = { token = "hunter2" }', "CRM_NESTED_TOKEN"),
        (f'token = "{HUBSPOT}ab${{EMPTY}}"', "CRM_TOKEN"),
        ('password = "${EMPTY}hunter2"', "CRM_PASSWORD"),
        ('address = "https://me:hunter2${EMPTY}@crm.example/"', "CRM_ADDRESS"),
    ],
)
def test_a_literal_secret_is_refused_and_not_repeated(tmp_path: Path, line: str, variable: str) -> None:
    """The message says where it stands and what to write instead; the value is in no part of it."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, f'version = 1\n[system.crm]\nplugin = "p"\n{line}\n')
    (found,) = caught.value.problems
    assert found.startswith("leadhub.toml:4: M19 system.crm.")
    assert f'Write "${{{variable}}}" and set {variable} in the environment' in found
    value = line.rsplit(' = "', maxsplit=1)[-1].rstrip('" }')
    assert value not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('store = "postgresql+psycopg://me:hunter2@db/leads"', "store"),
        ('on_failure = "https://hooks.slack.com/services/T0/B0/hunter2"', "on_failure"),
        ('on_failure = "curl -d oops https://hooks.slack.com/services/T000/B000/hunter2"', "on_failure"),
        ('on_failure = "curl -u me:hunter2 https://ops.example"', "on_failure"),
        ("on_failure = \"curl -H 'Authorization: Bearer hunter2hunter2' https://ops.example\"", "on_failure"),
        ('on_failure = "https://ops.example/hook?token=hunter2"', "on_failure"),
        ('on_failure = "https://discord.com/api/webhooks/11/aB3hunter2aB3aB3aB3aB3aB3aB3aB3aB3aB3"', "on_failure"),
        ('on_failure = "notify --key xoxb-hunter2hunter2"', "on_failure"),
    ],
)
def test_the_files_own_keys_are_looked_at_too(tmp_path: Path, line: str, key: str) -> None:
    """The address of the database, and of whom to tell of a failure."""
    with pytest.raises(ConfigError, match=f"M19 {key} looks like a secret") as caught:
        load(tmp_path, f"version = 1\n{line}\n")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        'token = "${T}"',
        'token = "Bearer ${T}"',
        'password = "${T}-${T}"',
        'token = "file:secret.txt"',
        'token = ""',
        'token_hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
        'client_id = "3MVG9zzzzABCabc0123456789ABCabc0123456789ABCabc0123456789ABCabc0123456789ABCabc012345"',
        'org = "00D000000000001AAA"',
        'key = "Lead ID"',
        'path = "inbox/TradeShow-Export-2026-from-HubSpot-Berlin.csv"',
        'login_url = "https://acme.my.salesforce.com"',
        'headers = { "API Token" = "ignore" }',
        'owner_map = { "0123456789abcdefABCDEF0123456789abcdef" = "ann@acme.example" }',
        'field = { Status = { answers = { "password" = "not for us" } } }',
    ],
)
def test_what_is_no_secret_passes(tmp_path: Path, line: str) -> None:
    """References, hashes, ids, paths, addresses, and the words of people's own fields."""
    (tmp_path / "secret.txt").write_text("x")
    assert load(tmp_path, f'version = 1\n[system.crm]\nplugin = "p"\n{line}\n').document.system["crm"].plugin == "p"


@pytest.mark.parametrize(
    "line",
    [
        'on_failure = "https://hc.example/ping/0f1e2d3c-1111-2222-3333-444455556666"',
        'on_failure = "mail -s leadhub ops@acme.example"',
        "on_failure = \"curl -H 'Authorization: Bearer ${T}' https://ops.example\"",
        'on_failure = "https://hooks.slack.com/${T}"',
        'on_failure = "/opt/scripts/risk-management-notify --to=ops"',
        'store = "postgresql+psycopg://me:${T}@db/leads"',
    ],
)
def test_commands_and_addresses_without_a_secret_pass(tmp_path: Path, line: str) -> None:
    """A command may be long and an address have a path; secrets are pointed at in the middle of them."""
    assert load(tmp_path, f"version = 1\n{line}\n").document.version == 1
