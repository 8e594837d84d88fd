"""A configuration that is wrong, or that names what is not there: file, line and mend are said, and no CRM is called."""

import re

import pytest
from bad_input_desk import Desk, as_on_the_page, told

SECTION = "The configuration"
WRONG = {
    "An unknown key": ("[defaults]", "surprise = 2\n[defaults]"),
    "An unknown key of a system": ("client_id =", 'clinet = "x"\nclient_id ='),
    "An unknown connector": ('plugin = "hubspot"', 'plugin = "hubspott"'),
    "A system that is not there": ('trust = "salesforce"', 'trust = "sales"'),
    "A secret in the file": ('token = "file:hubspot.secret"', 'token = "pat-eu1-0123456789-secret"'),
    "A secret's file is not there": ('token = "file:hubspot.secret"', 'token = "file:nowhere.secret"'),
    "A variable is not set": ('token = "file:hubspot.secret"', 'token = "${NOT_SET_ANYWHERE}"'),
    "It is no TOML": ("[defaults]", "[defaults"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_configuration_is_refused_before_anything_is_called(desk: Desk, case: str) -> None:
    """The message names file, line and mend; no CRM hears of the run; put right, the next sync is well."""
    calls = [len(server.journal) for server in desk.boxes.servers]
    desk.configure(*WRONG[case])
    ran = desk.run("sync")
    as_on_the_page(SECTION, case, told(ran, desk), ran.code)
    assert "secret" not in ran.err or "0123456789" not in ran.err
    assert [len(server.journal) for server in desk.boxes.servers] == calls
    desk.configure(*reversed(WRONG[case]))
    assert desk.kept() == desk.before
    assert desk.run("sync").code == 0


def test_without_a_configuration_there_is_a_way_to_one(desk: Desk) -> None:
    """A folder without leadhub.toml is told from one that is wrong."""
    (desk.folder / "leadhub.toml").unlink()
    ran = desk.run("sync")
    as_on_the_page(SECTION, "There is none", told(ran, desk), ran.code)


def test_a_configuration_that_is_no_utf_8_is_named_by_line(desk: Desk) -> None:
    """A byte that UTF-8 does not have is found in its line."""
    path = desk.folder / "leadhub.toml"
    path.write_bytes(path.read_bytes() + b"# M\xfcller\n")
    ran = desk.run("sync")
    as_on_the_page(SECTION, "It is no UTF-8", told(ran, desk), ran.code)


def test_a_system_that_is_not_there_is_named_with_those_that_are(desk: Desk) -> None:
    """A name on the command line that no system has is a fault of the command line."""
    ran = desk.run("adopt", "pipedrive")
    as_on_the_page(SECTION, "A command names a system that is not there", told(ran, desk), ran.code)
    assert desk.kept() == desk.before


@pytest.mark.parametrize(("system", "case"), [("salesforce", "A wrong secret, Salesforce"), ("hubspot", "A wrong secret, HubSpot")])
def test_a_wrong_secret_leaves_one_system_out(desk: Desk, system: str, case: str) -> None:
    """The other systems are read; the exit code is that of a refused login; the secret is not repeated; with the right one all is well."""
    path = desk.folder / f"{system}.secret"
    right, crms = path.read_text(), desk.crms()
    path.write_text("wrong-0123456789")
    ran = desk.run("sync")
    as_on_the_page(SECTION, case, told(ran, desk), ran.code)
    assert "0123456789" not in ran.out + ran.err
    assert (desk.kept(), desk.crms()) == (desk.before, crms)
    path.write_text(right)
    assert desk.run("sync").code == 0


def test_another_organization_is_refused_before_it_is_read(desk: Desk) -> None:
    """What is pinned and what answers are both named; nothing is read from it or written to it."""
    path, crms = desk.folder / "leadhub.toml", desk.crms()
    text = path.read_text()
    desk.edit("hubspot", jobtitle="Boss")
    crms = desk.crms()
    path.write_text(re.sub(r'org = "00D\w+"', 'org = "00D000000000000AAA"', text))
    ran = desk.run("sync")
    as_on_the_page(SECTION, "Another organization answers", told(ran, desk), ran.code)
    assert desk.crms() == crms
    path.write_text(text)
    assert desk.kept() == desk.before
    assert desk.run("sync").code == 0


def test_a_value_that_nobody_mapped_waits_and_everything_else_flows(desk: Desk) -> None:
    """The value is asked about once and written to nobody; another edit of the same person arrives; mapped, it flows."""
    known = ["NEW", "OPEN", "IN_PROGRESS", "OPEN_DEAL", "UNQUALIFIED", "ATTEMPTED_TO_CONTACT", "CONNECTED", "BAD_TIMING"]
    desk.boxes.order(desk.boxes.hubspot, "settings", {"options": {"hs_lead_status": [*known, "CALL_BACK"]}})
    desk.edit("hubspot", hs_lead_status="CALL_BACK", jobtitle="Boss")
    status = {row["Email"]: row["Status"] for row in desk.crm("salesforce")}
    assert desk.run("sync").code == 0
    assert {row["Email"]: row["Status"] for row in desk.crm("salesforce")} == status
    assert {row["Email"]: row["Title"] for row in desk.crm("salesforce")}["ann@acme.example"] == "Boss"
    (row,) = (row for row in desk.crm("hubspot") if row["properties"]["email"] == "ann@acme.example")
    assert row["properties"]["hs_lead_status"] == "CALL_BACK"
    ran = desk.run("review", "list")
    as_on_the_page(SECTION, "A value that nobody mapped", told(ran, desk), ran.code)
    assert desk.run("map", "add", "hubspot", "hs_lead_status", "CALL_BACK", "--like", "ATTEMPTED_TO_CONTACT", "--yes").code == 0
    assert desk.run("sync").code == 0
    assert desk.run("review", "list", "--output", "json").json["items"] == []
