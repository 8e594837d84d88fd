"""The pages on connecting a CRM: their commands work one after the other against the sandbox, their blocks are what leadhub reads, their lists are whole."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from leadhub_hubspot.examining import ON_REQUEST, OPT_OUTS, SCOPES, WRITE, WRITE_LEADS
from leadhub_salesforce.mapping import MAPPINGS
from leadhub_salesforce.settings import Settings
from leadhub_sandbox import SandboxServer, start_hubspot, start_salesforce

from leadhub import config
from leadhub.cli.recipes import RECIPES

FOLDER = Path(__file__).parents[2] / "docs" / "how-to"


def page(crm: str) -> str:
    """Return the page's text."""
    return (FOLDER / f"connect-{crm}.md").read_text(encoding="utf-8")


def block(crm: str, mark: str) -> str:
    """Return the block below a mark of the page."""
    found = re.search(rf"<!-- {mark} -->\n```\w+\n(.*?)```\n<!-- end -->", page(crm), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture(params=["salesforce", "hubspot"])
def crm(request: pytest.FixtureRequest) -> str:
    """One of the two."""
    return str(request.param)


@pytest.fixture
def server(crm: str) -> Iterator[SandboxServer]:
    """That CRM on this machine."""
    started = start_salesforce(1) if crm == "salesforce" else start_hubspot(1)
    yield started
    started.stop()


def environment(crm: str, server: SandboxServer) -> dict[str, str]:
    """Return the variables that the page names."""
    service = server.service
    if crm == "hubspot":
        return {"HUBSPOT_TOKEN": service.token}  # type: ignore[attr-defined]
    return {
        "SALESFORCE_LOGIN_URL": server.url,
        "SALESFORCE_CLIENT_ID": service.client_id,  # type: ignore[attr-defined]
        "SALESFORCE_CLIENT_SECRET": service.client_secret,  # type: ignore[attr-defined]
    }


def test_the_commands_of_the_page_connect_an_empty_folder(crm: str, server: SandboxServer, tmp_path: Path) -> None:
    """From nothing to a system that doctor finds well, by the lines of the page; the address of the sandbox is all that is added."""
    environ = {**os.environ, **environment(crm, server), "NO_COLOR": "1"}
    said = []
    for line in block(crm, "connect").splitlines():
        words = line.split("#")[0].split()[1:]
        if crm == "hubspot" and words[0] == "init":
            words += ["--hubspot-url", server.url]
        if crm == "hubspot" and "connect" in words:
            words += ["--url", server.url]
        done = subprocess.run(
            [sys.executable, "-m", "leadhub.cli.app", *words], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        said.append(done.stdout)
    assert f"[system.{crm}] already; it stays as it is." in said[1]
    assert "0 failed" in said[2]
    assert said[3].strip() == f"The mapping and the picklists of {crm} agree."


def test_the_block_of_the_page_is_read_as_it_stands(crm: str, server: SandboxServer, tmp_path: Path) -> None:
    """It is a whole table: nothing has to be added but the version."""
    (tmp_path / "leadhub.toml").write_text(f"version = 1\n\n{block(crm, 'block')}", encoding="utf-8")
    loaded = config.load(tmp_path, environment(crm, server))
    assert loaded.document.system[crm].create == "never"
    assert {asked.variable for asked in RECIPES[crm].asked} == set(re.findall(r"\$\{(\w+)\}", block(crm, "block")))


def test_the_block_for_a_private_key_is_read_as_it_stands(tmp_path: Path) -> None:
    """A key made as the page says, named as the page says, is a whole login."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "salesforce.pem").write_bytes(pem)
    (tmp_path / "leadhub.toml").write_text(f"version = 1\n\n{block('salesforce', 'jwt-block')}", encoding="utf-8")
    loaded = config.load(tmp_path, {"SALESFORCE_LOGIN_URL": "https://acme.my.salesforce.com", "SALESFORCE_CLIENT_ID": "3MVG9"})
    settings = Settings.model_validate(loaded.document.system["salesforce"].settings)
    assert settings.private_key is not None
    assert settings.private_key.get_secret_value().strip() == pem.decode().strip()
    assert settings.client_secret is None


def test_the_list_of_fields_is_the_one_that_is_mapped() -> None:
    """Every field of each object that leadhub reads or writes is in the permission listing of the page."""
    lists = {
        name: re.search(rf"^Fields of {name}\b[^:]*: (.*?)\n\n", page("salesforce"), re.DOTALL | re.MULTILINE)
        for name in ("Lead", "Contact", "Opportunity")
    }
    for mapping in MAPPINGS:
        found = lists[mapping.object]
        assert found is not None
        listed = set(re.findall(r"`(\w+)`", found[1]))
        assert {mapped.native for mapped in mapping.fields} <= listed


def test_the_scopes_are_those_that_doctor_tries() -> None:
    """No scope more, and none less."""
    listed = set(re.findall(r"`((?:crm|communication)[\w.]+)`", page("hubspot")))
    assert listed == {
        *(scope.name for scope in (*SCOPES, *ON_REQUEST.values())),
        WRITE,
        WRITE_LEADS,
        OPT_OUTS.name,
        "communication_preferences.write",
    }


def test_every_recipe_has_its_page(crm: str) -> None:
    """`connect` sends people to a page that is there."""
    assert (FOLDER.parents[1] / RECIPES[crm].guide).is_file()
