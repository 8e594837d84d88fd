"""`leadhub doctor`: which parts it asks, and what each finding says."""

import pytest
from cli_world import World
from leadhub_salesforce.connector import SalesforceConnector

from leadhub import AccessDenied, Finding


def calls(world: World) -> int:
    """Count the calls that reached either CRM."""
    return len(world.salesforce.journal) + len(world.hubspot.journal)


def test_offline_no_system_is_asked_and_live_is_the_word_for_the_default(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """--offline needs neither network nor secrets; without it, and with --live, the systems answer; both at once are refused."""
    before = calls(world)
    with monkeypatch.context() as patch:
        patch.delenv("HUBSPOT_TOKEN")
        ran = world.run("doctor", "--offline")
    assert ran.code == 0, ran.err + ran.out
    assert calls(world) == before
    assert [line.split()[:2] for line in ran.lines[:3]] == [["ok", "leadhub.toml"], ["ok", "store"], ["ok", "lease"]]
    assert any("no system was asked" in line for line in ran.lines)
    subjects = {words: {f["subject"] for f in world.run("doctor", *words, "--output", "json").json["findings"]} for words in ((), ("--live",))}
    assert subjects[()] == subjects[("--live",)] >= {"salesforce", "hubspot"}
    assert world.run("doctor", "--live", "--offline").code == 2


def test_a_label_that_drifted_is_told_and_may_be_confirmed(world: World) -> None:
    """M10: people see another word than when the value was mapped; with the new label in its row doctor is silent again, as for a value without one."""
    path = world.folder / "leadhub.toml"
    row = 'value = "Working - Contacted", label = "In touch", stage = ["<=sql"], status = ["attempting", "connected", "nurturing"], exit = ["open"]'
    path.write_text(path.read_text() + f"\n[system.salesforce.field.Status]\nmap = [ {{ {row} }} ]\n")
    statuses = [dict(s) for s in world.salesforce.service.org.settings.statuses]
    (label,) = [s["MasterLabel"] for s in statuses if s["ApiName"] == "Working - Contacted"]
    told = [line for line in world.run("doctor").lines if "M10" in line]
    assert len(told) == 1
    assert f'M10 Status: "Working - Contacted" is labelled "{label}" there; when it was mapped its label was "In touch"' in told[0]
    world.configure('label = "In touch"', f'label = "{label}"')
    ran = world.run("doctor")
    assert ran.code == 0
    assert [line for line in ran.lines if "M10" in line] == []


def test_a_value_that_waits_for_an_answer_is_a_warning(world: World) -> None:
    """A preset asks what a value means: until leadhub.toml says so doctor calls it open, counts who shows it and names the key to write, offline too."""
    world.lead(FirstName="Ann", LastName="Lee", Email="ann@acme.example", Status="Closed - Not Converted")
    world.adopt()
    open_still = (
        'Status: what "Closed - Not Converted" means is not answered (1 record): records that show it are left alone. Does it mean: not for us,'
    )
    key = 'next: answers = { "Closed - Not Converted" = "…" } below [system.salesforce.field.Status] in leadhub.toml'
    for args in ((), ("--offline",)):
        said = " ".join(world.run("doctor", *args).out.split())
        assert f"warn salesforce {open_still}" in said
        assert key in said
        assert 'every value of "Status"' not in said
    config = world.folder / "leadhub.toml"
    config.write_text(config.read_text() + '\n[system.salesforce.field.Status]\nanswers = { "Closed - Not Converted" = "not for us" }\n')
    said = " ".join(world.run("doctor").out.split())
    assert "is not answered" not in said
    assert 'every value of "Status"' in said


def test_what_only_leadhub_knows_is_noted(world: World) -> None:
    """M26: no fault and no warning: the value exists in leadhub alone."""
    world.configure('create = "never"', 'mode = "read"')
    told = [f for f in world.run("doctor", "--offline", "--output", "json").json["findings"] if f["text"].startswith("M26")]
    assert {f["level"] for f in told} == {"note"}
    assert "M26 no system writes exit churned: it will exist only in leadhub." in {f["text"] for f in told}


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (AccessDenied("no right to ask", next_step="ask"), "its rights cannot be read: no right to ask"),
        (["no finding"], "the connector told a finding that is none"),
        ([Finding("bad", "x", "y")], "the connector told a finding that is none"),  # type: ignore[arg-type]
    ],
)
def test_a_connector_that_cannot_examine_its_login_fails_alone(world: World, monkeypatch: pytest.MonkeyPatch, told: object, said: str) -> None:
    """What it raises, and what is no finding, is a failed check of that system; the other is still told."""

    def examine(_self: object, _needs: object) -> object:
        if isinstance(told, Exception):
            raise told
        return told

    monkeypatch.setattr(SalesforceConnector, "examine", examine)
    ran = world.run("doctor")
    assert ran.code == 1
    assert any(line.startswith("fail  salesforce") and said in line for line in ran.lines)
    assert any(line.startswith("ok    hubspot  crm.objects.contacts.read: there") for line in ran.lines)


def test_rights_that_lack_are_told_under_the_systems_name(world: World) -> None:
    """Salesforce's page of Setup and HubSpot's scope are in the same list as everything else, and as findings in the data."""
    world.admin("salesforce", "settings", hidden_fields={"Lead": ["Title"]})
    world.admin("hubspot", "settings", scopes=[s for s in world.hubspot.service.account.settings.scopes if s != "crm.objects.owners.read"])
    found = world.run("doctor", "--output", "json").json["findings"]
    told = {(f["subject"], f["text"]): f for f in found}
    assert "tick Read Access for Title" in told["salesforce", "Lead: Title cannot be read by leadhub's user"]["next"]
    (scope,) = [f for f in found if f["text"].startswith("crm.objects.owners.read: the key lacks this scope")]
    assert (scope["subject"], scope["level"]) == ("hubspot", "warn")


def told_of(world: World, **wanted: str) -> dict[str, str]:
    """Read all that can be read, as the logins stand now, and return level by text of what is told of each system."""
    for old, new in wanted.items():
        world.configure(f'plugin = "{old}"', f'plugin = "{old}"\n{new}')
    return {f["text"]: f["level"] for f in world.run("doctor", "--output", "json").json["findings"] if f["subject"] in ("salesforce", "hubspot")}


def test_nothing_is_called_well_that_was_not_tried(world: World) -> None:
    """leadhub's key is looked for where leadhub makes records; a picklist that cannot be seen or has a value that waits for an answer (Lead), and an object that cannot be read, get no "ok"."""
    lacking = {"crm.objects.deals.read", "crm.schemas.deals.read", "crm.objects.leads.read"}
    world.admin("hubspot", "settings", scopes=[s for s in world.hubspot.service.account.settings.scopes if s not in lacking])
    world.admin("salesforce", "settings", hidden_fields={"Opportunity": ["StageName"]})
    told = told_of(world, salesforce="opportunities = true", hubspot="deals = true\nleads = true")
    well = {text for text, level in told.items() if level == "ok"}
    assert {text for text in well if "can be found by leadhub's key" in text} == {
        "Lead: records can be found by leadhub's key in LeadhubId__c",
        "contacts: records can be found by leadhub's key in leadhub_id",
    }
    assert {text.split(":")[0] for text in well if "is mapped" in text} == {"contacts"}
    assert {text.split(":")[0] for text in well if "are there for this login" in text} == {"Lead", "Contact", "contacts"}


def test_a_scope_that_lacks_for_what_is_read_on_request_is_told_once(world: World) -> None:
    """By the scope's name, and as a warning: what may not be read is left out, and the contacts go on."""
    world.admin("hubspot", "settings", scopes=[s for s in world.hubspot.service.account.settings.scopes if s != "crm.objects.leads.read"])
    told = told_of(world, hubspot="leads = true")
    assert [(level, text.split(":")[0]) for text, level in told.items() if "crm.objects.leads.read" in text] == [("warn", "crm.objects.leads.read")]
    assert "fail" not in told.values()
