"""The example deployment under config/: it loads, it is what the demo runs on, and nobody in it is real."""

import re
import shutil
from importlib.resources import files
from pathlib import Path

import pytest

from leadhub.config import load, pin
from leadhub.errors import ConfigError
from leadhub.hub import open_hub
from leadhub.store import LeadQuery
from leadhub.sync.run import take_in

EXAMPLE = Path(__file__).parents[2] / "config"
DEMO = files("leadhub.demo") / "files"
ENVIRONMENT = {
    "SALESFORCE_LOGIN_URL": "http://127.0.0.1:1",
    "SALESFORCE_CLIENT_ID": "id",
    "SALESFORCE_CLIENT_SECRET": "secret",
    "HUBSPOT_BASE_URL": "http://127.0.0.1:1",
    "HUBSPOT_TOKEN": "token",
    "WEBSITE_TOKEN": "0123456789abcdef",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the example, with every name that it needs in the environment."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return shutil.copytree(EXAMPLE, tmp_path / "deployment", ignore=shutil.ignore_patterns("*.db*", "__pycache__"))


@pytest.mark.parametrize("name", ["leadhub.toml", "inbox/tradeshow-2026-11-12.csv", "inbox/messe-2026-11-18.csv"])
def test_the_demo_runs_on_the_example(name: str) -> None:
    """There is one example: what the package brings for the demo and what lies under config/ are the same text."""
    assert (DEMO / name).read_bytes() == (EXAMPLE / name).read_bytes()


def test_the_example_opens(folder: Path) -> None:
    """Plugins, presets, settings and the laws of the mapping accept it, with the org's answer in force."""
    hub = open_hub(folder)
    hub.store.close()
    assert list(hub.systems) == ["tradeshow", "messe", "website", "salesforce", "hubspot"]
    assert hub.policy.trust == "salesforce"
    status = hub.systems["salesforce"].object("Lead").relation
    assert status is not None
    assert status.unmapped({"Status": "Closed - Not Converted"}) == ()
    assert [hub.systems[name].doc.create_cap for name in ("salesforce", "hubspot")] == [200, 200]


def test_without_secrets_everything_but_the_systems_themselves_is_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opened offline, a deployment shows what it holds; only a connection asks for what is missing, by name."""
    monkeypatch.delenv("HUBSPOT_TOKEN")
    with pytest.raises(ConfigError, match="HUBSPOT_TOKEN is not set"):
        open_hub(folder)
    hub = open_hub(folder, offline=True)
    try:
        assert take_in(hub, "tradeshow").status == "ok"
        assert hub.systems["salesforce"].settings is not None
        with pytest.raises(ConfigError, match="HUBSPOT_TOKEN is not set"):
            hub.connect(hub.systems["hubspot"])
    finally:
        hub.store.close()


@pytest.mark.parametrize("missing", ENVIRONMENT)
def test_a_missing_secret_is_named_with_its_line(folder: Path, missing: str) -> None:
    """Whoever forgot a variable learns which, and where it is asked for."""
    names = {name: value for name, value in ENVIRONMENT.items() if name != missing}
    line = next(n for n, text in enumerate((folder / "leadhub.toml").read_text(encoding="utf-8").splitlines(), 1) if f"${{{missing}}}" in text)
    with pytest.raises(ConfigError, match=rf"leadhub\.toml:{line}: the environment variable {missing} is not set"):
        load(folder, names)


def test_the_trade_show_list_is_taken_in(folder: Path) -> None:
    """The sample file has good rows, and two that are kept with number and reason."""
    hub = open_hub(folder)
    report = take_in(hub, "tradeshow")
    with hub.store.read() as tx:
        people, rejects = tx.persons.counts().persons, tx.rejects.list(report.run)
    hub.store.close()
    assert report.status == "ok"
    assert people == report.systems["tradeshow"].pulled - len(rejects) == 16
    assert [reject.row for reject in rejects] == [12, 17]


def test_the_german_list_is_taken_in(folder: Path) -> None:
    """Semicolons, cp1252 and German headers are read; numbers get the country of the settings, and what cannot be taken in is kept."""
    hub = open_hub(folder)
    report = take_in(hub, "messe")
    with hub.store.read() as tx:
        found, rejects = tx.leads.search(LeadQuery(name="Müller"), limit=5), tx.rejects.list(report.run)
        (kaethe,) = tx.persons.load([row.lead.person_id for row in found])
    hub.store.close()
    shown = {name: kaethe.person.fields[name].value for name in ("first_name", "company", "phone", "postal_code")}
    assert shown == {"first_name": "Käthe", "company": "Bäckerei Müller GmbH", "phone": "+493023125101", "postal_code": "10115"}
    assert [reject.row for reject in rejects] == [5]


def test_the_connector_in_a_single_file_needs_only_its_comment_taken_off(folder: Path) -> None:
    """What the example says about `[system.webinar]` is true, and the sample export is read."""
    path = folder / "leadhub.toml"
    for system in ("salesforce", "hubspot"):
        pin(path, system, f"org of {system}")  # as after the first runs: a pin must not land in the commented table
    before = path.read_text(encoding="utf-8")
    after = re.sub(r"^# (\[system\.webinar\]|plugin = \"webinar\"|path = \"inbox/webinar\.json\")$", r"\1", before, flags=re.MULTILINE)
    assert after.count("\n") == before.count("\n")
    path.write_text(after, encoding="utf-8")
    hub = open_hub(folder)
    report = take_in(hub, "webinar")
    hub.store.close()
    assert report.systems["webinar"].pulled == 2
    assert {name: system.doc.org for name, system in hub.systems.items() if system.doc.org} == {
        "salesforce": "org of salesforce",
        "hubspot": "org of hubspot",
    }


def test_everybody_is_invented() -> None:
    """Every address of the samples is on a domain that can never exist."""
    paths = [*EXAMPLE.rglob("*.csv"), *EXAMPLE.rglob("*.json"), EXAMPLE / "leadhub.toml"]
    text = "".join(path.read_text(encoding="cp1252" if path.name.startswith("messe") else "utf-8") for path in paths)
    domains = re.findall(r"@([\w.-]+\w)", text)
    assert len(domains) > 15
    assert all(domain.endswith(".example") for domain in domains)
