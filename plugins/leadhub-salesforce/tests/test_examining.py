"""What the connector says of its login: each right, field and setting that leadhub needs, and what to click where."""

from datetime import timedelta
from typing import Any

import pytest
from leadhub_salesforce.examining import Examiner, _key

from leadhub import Examines, Need

LEAD = Need("Lead", ("Email", "Title", "Status"), ("Email", "Title", "Status"), creates=True)


def found(org: Any, *needs: Need, **settings: Any) -> dict[tuple[str, str], tuple[str, str]]:
    """Return level and next step by subject and text."""
    org.our_clock.time = org.clock.now()
    return {(f.subject, f.text): (f.level, f.next_step) for f in org.connector(**settings).examine(needs or (LEAD,))}


def levels(told: dict[tuple[str, str], tuple[str, str]], level: str) -> list[str]:
    """Return the texts of one level."""
    return [text for (_, text), (of, _) in told.items() if of == level]


def test_a_login_with_all_rights_has_nothing_to_mend(org: Any) -> None:
    """Login, version, limits, clock, objects and statuses are well; what no permission lets leadhub read is noted as not proven, and nothing is written."""
    assert isinstance(org.connector(), Examines)
    told = found(org)
    assert levels(told, "warn") == levels(told, "fail") == []
    assert {subject for subject, _ in told} >= {
        "login",
        "API version",
        "limits",
        "clock",
        "Lead",
        "LeadStatus",
        "assignment rules",
        "duplicate rules",
    }
    assert all("not proven" in text for text in levels(told, "note"))
    assert {entry["method"] for entry in org.journal(part="/services/data")} == {"GET"}


def test_a_hidden_field_and_a_hidden_object_are_named_with_what_to_tick(org: Any) -> None:
    """Pitfall 15: the field, the object and the key's field are each told with the page of Setup on which the right is given."""
    org.admin("settings", hidden_fields={"Lead": ["Title", "LeadhubId__c"]}, hidden_objects=["Contact"])
    told = found(org, LEAD, Need("Contact", ("Email",)))
    assert told["Lead", "Title cannot be read by leadhub's user"][0] == "warn"
    assert "tick Read Access for Title" in told["Lead", "Title cannot be read by leadhub's user"][1]
    level, step = told["LeadhubId__c", "the field is not there, or hidden from leadhub's user"]
    assert (level, "Text, length 64, Unique, External ID" in step) == ("fail", True)
    (contact,) = [(level, step) for (subject, _), (level, step) in told.items() if subject == "Contact"]
    assert contact[0] == "warn"
    assert contact[1].endswith("Contact: tick Read")


def test_what_is_no_field_is_not_asked_for(org: Any) -> None:
    """The contact roles of an Opportunity are records of their own: nobody is sent to tick a right for a field that no org has."""
    told = found(org, Need("Opportunity", ("StageName", "CreatedDate", "ContactRoles")), opportunities=True)
    assert levels(told, "warn") == levels(told, "fail") == []
    assert ("Opportunity", "2 fields can be read, 0 of them written") in told


def test_a_field_that_is_no_key_is_told(org: Any) -> None:
    """A field that is not unique, or too short, carries no key: each fault is a sentence of its own."""
    told = found(org, external_id="Legacy_Id__c")
    assert told["Legacy_Id__c", "the field is not Unique"] == (
        "fail",
        "Setup > Object Manager > Lead > Fields & Relationships > Legacy_Id__c > Edit: tick Unique",
    )
    short = {"length": 20, "unique": True, "externalId": True, "createable": True, "updateable": False}
    assert [f.text for f in _key("Short__c", {"Short__c": short})] == [
        "the field holds 20 characters, and leadhub's key has 24",
        "leadhub's user may not write the field",
    ]
    assert list(_key("Good__c", {"Good__c": short | {"length": 40, "updateable": True}})) == []
    assert len([1 for subject, _ in told if subject == "Legacy_Id__c"]) == 1
    assert "Legacy_Id__c" not in {subject for subject, _ in found(org, Need("Lead", ("Email",)), external_id="Legacy_Id__c")}, (
        "needed for creates alone"
    )


@pytest.mark.parametrize(("version", "level"), [("66.0", "ok"), ("32.0", "warn"), ("30.0", None), ("69.0", "fail")])
def test_the_api_version_is_one_that_the_org_offers(org: Any, version: str, level: str | None) -> None:
    """Pitfall 20: an old version is told while it still answers; one that this org never had fails; a retired one answers nothing at all."""
    versions = [{"version": f"{number}.0"} for number in range(31, 69)]
    client = org.connector()._client
    client.versions = lambda: versions
    examiner = Examiner(client, org.settings(api_version=version), org.clock.now, timedelta(minutes=11))
    assert examiner._version().level == (level or "fail")


@pytest.mark.parametrize(("minutes", "level"), [(1, "ok"), (5, "warn"), (-5, "warn"), (12, "fail"), (-12, "fail")])
def test_clocks_that_differ_are_told(org: Any, minutes: int, level: str) -> None:
    """Two minutes are nothing, more is a warning, and more than a pull reaches back is a fault."""
    org.our_clock.time = org.clock.now() + timedelta(minutes=minutes)
    (clock,) = [f for f in org.connector().examine((LEAD,)) if f.subject == "clock"]
    assert clock.level == level
    assert ("ahead of" in clock.text) == (minutes > 1)


def test_the_reserve_of_calls_is_watched(org: Any) -> None:
    """Of 100 calls a tenth stays for others: with 90 gone nothing would be written, and that is said."""
    connector = org.connector()
    connector.check()
    org.admin("settings", daily_limit=100)
    client = connector._client
    client.limits = lambda: {"DailyApiRequests": {"Max": 100, "Remaining": 10}}
    (limits,) = [f for f in connector.examine(()) if f.subject == "limits"]
    assert (limits.level, limits.text.split(":")[0]) == ("warn", "90 of 100 API calls of today are used")


@pytest.mark.parametrize(
    ("rows", "level"),
    [
        ([], "warn"),
        ([{"PermissionsViewAllRecords": True, "PermissionsModifyAllRecords": False}], "ok"),
        ([{"PermissionsViewAllRecords": False, "PermissionsModifyAllRecords": True}], "note"),
    ],
)
def test_a_login_that_may_miss_records_is_told(org: Any, rows: list[dict[str, bool]], level: str) -> None:
    """What sharing hides is not read, silently: without View All that is a warning; Modify All is more than leadhub needs."""
    client = org.connector()._client
    client.query = lambda _soql: {"records": rows}
    examiner = Examiner(client, org.settings(), org.clock.now, timedelta(minutes=11))
    assert examiner._sight(LEAD, "005").level == level


@pytest.mark.parametrize(("names", "owner", "level"), [([], "assignment_rules", "warn"), ([], None, "ok"), (["Standard"], "assignment_rules", "ok")])
def test_assignment_rules_that_nobody_switched_on_are_told(org: Any, names: list[str], owner: str | None, level: str) -> None:
    """Creates that wait for a rule which is not active would all go to the default owner."""
    client = org.connector()._client
    client.query = lambda soql: {"records": [{"Name": name} for name in names] if "AssignmentRule" in soql else []}
    examiner = Examiner(client, org.settings(owner_on_create=owner), org.clock.now, timedelta(minutes=11))
    assert next(iter(examiner._rules(creates=True))).level == level


def test_limits_that_may_not_be_asked_for_are_read_from_the_headers(org: Any) -> None:
    """A user with the least rights may be refused the limits: what every answer's header says is enough, and the examination goes on."""
    org.admin("faults", kind="limit", path="/limits$", body=[{"message": "no right", "errorCode": "INSUFFICIENT_ACCESS"}])
    told = found(org)
    assert ("limits", "ok") in {(subject, level) for (subject, _), (level, _) in told.items()}
    assert "LeadStatus" in {subject for subject, _ in told}
