"""`leadhub config`: check offline and against the live systems, show, schema."""

import json
import tomllib
from shlex import quote

import pytest
from cli_world import World

from leadhub.cli.live import _order
from leadhub.lifecycle.loader import load_relation
from leadhub.plugins import Plugins

SECRETS = ("SALESFORCE_CLIENT_SECRET", "HUBSPOT_TOKEN")


def status(name: str) -> dict[str, object]:
    return {"ApiName": name, "MasterLabel": name, "SortOrder": 9, "IsDefault": False, "IsConverted": False}


def test_check_says_what_it_did_not_check(world: World) -> None:
    """Offline no system was asked, and nobody should think so."""
    ran = world.run("config", "check")
    assert ran.code == 0
    assert "Not checked, because no system was asked: picklists and their order, field lengths, required and read-only fields." in ran.lines
    assert ran.lines[-1] == f"Next: leadhub -C {world.folder} config check --live asks the systems themselves."


def test_what_only_a_connector_can_tell_is_told(world: World) -> None:
    """The files connector reads: nothing can be created there."""
    path = world.folder / "leadhub.toml"
    path.write_text(path.read_text() + '\n[system.fair]\nplugin = "files"\npath = "*.csv"\nrequired_defaults = { company = "-" }\n')
    ran = world.run("config", "check")
    assert ran.code == 1
    assert "M17 fair is only ever read: its connector (files) cannot write, so required_defaults says nothing." in ran.err


def test_doctor_warns_of_secrets_that_others_can_read(world: World) -> None:
    """A .env that was copied with the rights of its example is told, with the command that mends it."""
    env = world.folder / ".env"
    env.write_text("A=b\n")
    env.chmod(0o644)
    said = "warn  .env  it holds secrets, and others on this machine can read it"
    ran = world.run("doctor")
    assert said in ran.lines
    assert f"      next: chmod 600 {env}" in ran.lines
    env.chmod(0o600)
    assert said not in world.run("doctor").lines


def test_doctor_warns_of_a_secret_in_a_file_of_its_own_that_others_can_read(world: World) -> None:
    """A private key or another secret that leadhub.toml points at is told as .env is; a file that holds no secret may be anybody's to read."""
    secret, address = world.folder / "keys" / "salesforce's.txt", world.folder / "address.txt"
    secret.parent.mkdir()
    secret.write_text(world.salesforce.service.client_secret)
    address.write_text(world.salesforce.url)
    world.configure('"${SALESFORCE_CLIENT_SECRET}"', '"file:keys/salesforce\'s.txt"')
    world.configure(f'"{world.salesforce.url}"', '"file:address.txt"')
    address.chmod(0o644)
    secret.chmod(0o640)
    told = [line for line in world.run("doctor", "--offline").lines if "others on this machine" in line or "chmod" in line]
    assert told == [
        f"warn  {secret}  it holds a secret (system.salesforce.client_secret), and others on this machine can read it",
        f"      next: chmod 600 {quote(str(secret))}",
    ]
    secret.chmod(0o600)
    assert "others on this machine" not in world.run("doctor", "--offline").out


def test_warnings_are_told_and_stop_nothing(world: World) -> None:
    """M16 with its line, M26 for what only leadhub will know."""
    world.configure('create = "never"', 'mode = "read"')
    path = world.folder / "leadhub.toml"
    path.write_text(path.read_text() + '\n[fields.tier]\nsalesforce = { native = "Tier__c", values = { A = ["Gold", "Platinum"] } }\n')
    ran = world.run("config", "check")
    assert ran.code == 0, ran.err
    assert any('M16 tier: salesforce "Gold" and "Platinum" are all read as A' in line for line in ran.lines)
    assert "  M26 no system writes exit churned: it will exist only in leadhub." in ran.lines
    told = world.run("config", "check", "--output", "json").json["warnings"]
    assert len(told) == len([line for line in ran.lines if line.startswith("  ")])


def test_a_skipped_stage_is_in_no_row_of_the_mapping(world: World) -> None:
    """The page has one row less, and the laws hold without it."""
    assert any(line.startswith("sal ") for line in world.run("map", "show").lines)
    path = world.folder / "leadhub.toml"
    path.write_text(path.read_text() + '\n[stages]\nskip = ["sal"]\n')
    assert world.run("config", "check").code == 0
    shown = world.run("map", "show")
    assert not any(line.startswith("sal ") for line in shown.lines)
    assert any(line.startswith("mql ") for line in shown.lines)


def test_live_tells_each_difference_with_its_code_and_cure(world: World) -> None:
    """A new status with its records, a renamed one, a fixed field, too little room, and what Salesforce insists on and HubSpot often lacks."""
    settings = world.salesforce.service.org.settings
    statuses = [dict(s) for s in settings.statuses]
    statuses[1]["ApiName"] = "Called"
    world.admin("salesforce", "settings", statuses=[*statuses, status("Parked")])
    world.lead(LastName="Odd", Status="Parked")
    world.contact(email="ann@acme.example", firstname="A" * 41, lastname="Lee")
    for system in ("salesforce", "hubspot"):
        assert world.run("adopt", system).code == 0
    ran = world.run("config", "check", "--live")
    assert ran.code == 0
    assert any('M08 Status: nobody mapped "Parked" (1 record)' in line for line in ran.lines)
    assert f"      next: leadhub -C {world.folder} map add salesforce Status Parked --like OTHER" in ran.lines
    assert any('M09 Status: "Working - Contacted" would be written, but the live picklist lacks it' in line for line in ran.lines)
    assert any("map rename salesforce Status 'Working - Contacted' NEW" in line for line in ran.lines)
    assert any("M15 first_name: Lead FirstName holds 40 characters; hubspot has values up to 41." in line for line in ran.lines)
    assert any("M20 Lead Company is required; 100% of hubspot contacts have none" in line for line in ran.lines)
    world.configure(
        'on_create = { owner = "assignment_rules" }', 'on_create = { owner = "assignment_rules" }\nrequired_defaults = { Company = "[not provided]" }'
    )
    assert [line for line in world.run("config", "check", "--live").lines if "M20" in line] == []


@pytest.mark.parametrize("command", [("doctor",), ("config", "check", "--live")])
def test_a_header_that_can_mean_two_things_is_told_before_a_run_meets_it(world: World, command: tuple[str, ...]) -> None:
    """M22: the file, the header, what it may be, and the setting to write into which table; a file that is clear says nothing."""
    path = world.folder / "leadhub.toml"
    path.write_text(path.read_text() + '\n[system.fair]\nplugin = "files"\npath = "*.csv"\n')
    line = path.read_text().splitlines().index("[system.fair]") + 1
    (world.folder / "fair.csv").write_text("Nombre,Email\nAnn,ann@acme.example\n")
    ran = world.run(*command)
    assert ran.code == 1
    (told,) = (number for number, text in enumerate(ran.lines) if "M22" in text)
    assert 'fair  M22 fair.csv: "Nombre" may be ' in ran.lines[told]
    assert 'Set headers = { "Nombre" = "first_name" }' in ran.lines[told]
    assert f"next: write that into [system.fair] (leadhub.toml:{line}), or mend the file" in " ".join(ran.lines[told + 1 :])
    (world.folder / "fair.csv").write_text("Vorname,Nachname,Email\nAnn,Lee,ann@acme.example\n")
    assert "M22" not in world.run(*command).out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "other"), ""),
        (
            ("lead", "salesqualifiedlead", "marketingqualifiedlead"),
            '"salesqualifiedlead" comes before "marketingqualifiedlead" there, but after it in the funnel: 1 pair',
        ),
        (("customer", "lead", "subscriber"), '"customer" comes before "lead" there, but after it in the funnel: 3 pairs'),
    ],
)
def test_an_order_that_is_not_the_funnels_is_told(options: tuple[str, ...], said: str) -> None:
    """M13: HubSpot moves the stage forward in its own order only; the status field has no order and is not compared."""
    text = Plugins().presets()["hubspot-contact"]
    relation = load_relation(tomllib.loads(text), source="hubspot-contact.toml")
    told = [line for _, line, _ in _order(relation.field("lifecyclestage"), options)]
    assert [line.startswith("M13 lifecyclestage: ") and said in line for line in told] == [True] * bool(said)
    assert list(_order(relation.field("hs_lead_status"), ("OPEN_DEAL", "NEW"))) == []


def test_show_masks_secrets_and_names_their_source(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every setting, where it comes from, no secret; it needs none to be there."""
    ran = world.run("config", "show", "--output", "json")
    assert ran.code == 0
    shown = {row["key"]: row for row in ran.json["settings"]}
    assert shown["system.hubspot.token"]["value"] == "********"
    assert shown["system.hubspot.token"]["origin"].endswith("environment HUBSPOT_TOKEN")
    assert shown["defaults.trust"] == {"key": "defaults.trust", "value": "salesforce", "origin": "leadhub.toml:4"}
    assert world.hubspot.service.token not in world.run("config", "show").out
    for name in SECRETS:
        monkeypatch.delenv(name)
    assert "environment HUBSPOT_TOKEN (not set)" in world.run("config", "show").out


def test_schema_is_one_json_document(world: World) -> None:
    """It is read by editors: nothing else may be on stdout."""
    ran = world.run("config", "schema")
    assert ran.code == 0
    assert json.loads(ran.out)["title"] == "leadhub.toml"
