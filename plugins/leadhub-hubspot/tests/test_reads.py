"""Single reads: who answers, what the fields are, records by id and by key, and who set a value."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from leadhub_hubspot import client as calling
from leadhub_hubspot import history

from leadhub import AccessDenied, Attributes, Change, ConfigError, Describes, Directory, FatalError, Finds, Gone, Meters, Rereads, Target


def test_every_capability_is_there(sandbox: Any) -> None:
    """The connector offers all that leadhub asks of a target: re-reading, finding, describing, authors, metering, owners."""
    connector = sandbox.connector()
    for capability in (Target, Rereads, Finds, Describes, Attributes, Meters, Directory):
        assert isinstance(connector, capability)


@pytest.mark.parametrize(
    ("kind", "production"),
    [("STANDARD", True), ("DEVELOPER_TEST", False), ("SANDBOX", False), ("APP_DEVELOPER", False), ("SOMETHING_NEW", True)],
)
def test_check_names_the_account(sandbox: Any, kind: str, production: bool) -> None:
    """The check names portal and user, and takes an account type that it does not know for production."""
    sandbox.post("settings", account_type=kind)
    identity = sandbox.connector().check()
    assert (identity.org, identity.production, identity.user) == (str(sandbox.service.account.portal_id), production, "service key")
    assert kind in identity.name


def test_check_warns_of_what_would_stop_creates(sandbox: Any) -> None:
    """A missing external-id property or owner does not stop reading: the check warns, and says what to do."""
    sandbox.connector(external_id="no_such_property").check()
    sandbox.connector(owner_on_create="nobody@example.com").check()
    assert [name for name, _ in sandbox.log.events] == ["hubspot.creates_will_fail"] * 2


@pytest.mark.parametrize("path", ["account-info", "properties"])
def test_a_refused_token_is_access_denied(sandbox: Any, path: str) -> None:
    """Pitfall 14: an expired key is AccessDenied at whichever call, and no error or log shows it."""
    sandbox.post("settings", token_expired=True)
    connector = sandbox.connector()
    with pytest.raises(AccessDenied) as caught:
        connector.check() if path == "account-info" else connector.describe("contacts")
    chain = [caught.value, caught.value.__cause__]
    shown = " ".join(f"{error} {error!r} {vars(error)}" for error in chain if error is not None) + str(sandbox.log.events)
    assert sandbox.service.token not in shown


def test_describe_tells_the_live_fields(sandbox: Any) -> None:
    """Options come in the account's order without hidden ones, and fields that HubSpot computes are read-only."""
    stages = [
        {"value": "lead", "displayOrder": 1},
        {"value": "51439524", "label": "Trial", "displayOrder": 0},
        {"value": "old", "displayOrder": 2, "hidden": True},
        {"value": "other", "displayOrder": -1},
    ]
    sandbox.post("settings", options={"lifecyclestage": stages})
    fields = sandbox.connector().describe("contacts")
    assert fields["lifecyclestage"].options == ("51439524", "lead", "other")
    assert (fields["email"].writable, fields["createdate"].writable, fields["num_associated_deals"].writable) == (True, False, False)
    assert fields["email"].options is None
    assert fields["jobtitle"].label


def test_describe_is_always_fresh(sandbox: Any) -> None:
    """Pitfall 16: a second describe asks again: options change while leadhub runs."""
    connector = sandbox.connector()
    connector.describe("contacts")
    sandbox.post("settings", options={"hs_lead_status": ["NEW", "WARM"]})
    assert connector.describe("contacts")["hs_lead_status"].options == ("NEW", "WARM")


def test_reread_tells_the_four_fates(sandbox: Any) -> None:
    """Pitfall 10: by the id asked for: the contact as it is now, or gone as merged, deleted or vanished; also over more than one batch."""
    ids = sandbox.people(130)
    one, two, three = ids[:3]
    sandbox.edit(ids[120], phone="+1 120")
    sandbox.post("archive", id=three)
    survivor = str(sandbox.post("merge", primaryObjectId=one, objectIdToMerge=two)["id"])
    found = sandbox.connector().reread("contacts", [*ids, "999999999"])
    assert set(found) == {*ids, "999999999"}
    assert [(found[key].gone, found[key].gone_to) for key in (one, two)] == [(Gone.MERGED, survivor)] * 2
    assert (found[three].gone, found["999999999"].gone) == (Gone.DELETED, Gone.VANISHED)
    assert found[ids[120]].values["phone"] == "+1 120"
    assert len(sandbox.calls("batch/read")) == 4, "two batches, and one look among the archived for each"


def test_a_merge_that_the_survivor_does_not_list_is_found(sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the survivor's own list of merged ids is not to be had, one read by the old id tells who took its place."""
    one, two = sandbox.people(2)
    survivor = str(sandbox.post("merge", primaryObjectId=one, objectIdToMerge=two)["id"])
    monkeypatch.setattr("leadhub_hubspot.reader.merged_ids", lambda result: [])
    found = sandbox.connector().reread("contacts", [one, two])
    assert {key: record.gone_to for key, record in found.items()} == {one: survivor, two: survivor}


def test_a_merge_that_keeps_the_primary_id(sandbox: Any) -> None:
    """Pitfall 1: in accounts whose merges keep the primary's id, only the other id is gone."""
    sandbox.post("settings", merge_makes_new_id=False)
    one, two = sandbox.people(2)
    sandbox.post("merge", primaryObjectId=one, objectIdToMerge=two)
    found = sandbox.connector().reread("contacts", [one, two])
    assert (found[one].gone, found[two].gone, found[two].gone_to) == (None, Gone.MERGED, one)


def test_a_fresh_write_is_reread_at_once(sandbox: Any) -> None:
    """A read by id does not wait for the search index."""
    sandbox.post("settings", search_lag_seconds=3600.0)
    [one] = sandbox.people(1)
    sandbox.edit(one, phone="+1")
    assert sandbox.connector().reread("contacts", [one])[one].values["phone"] == "+1"


def test_find_takes_no_search(sandbox: Any, change: Callable[..., Change]) -> None:
    """Contacts are found by key without the search, more than a batch of them, and keys that nobody carries are left out."""
    connector = sandbox.connector()
    made = {f"k{n}": f"f{n}@example.com" for n in range(130)}
    for start in (0, 100):
        chosen = list(made.items())[start : start + 100]
        list(connector.push([change(key, email=email) for key, email in chosen]))
    found = connector.find("contacts", [*made, "nobody"])
    assert {key: record.values["email"] for key, record in found.items()} == made
    assert sandbox.calls("/search") == []


def test_find_without_external_id_refuses_to_answer(sandbox: Any) -> None:
    """Without a property that carries the key, "not found" would be a guess that doubles contacts."""
    with pytest.raises(FatalError, match=r"cannot be looked for"):
        sandbox.connector(external_id=None).find("contacts", ["k1"])


def test_authors_tell_people_from_programs(sandbox: Any, change: Callable[..., Change]) -> None:
    """Who set the present value: a person by name, or automation for a workflow and for leadhub itself; blanks without history are left out."""
    start = sandbox.service.clock.now()
    one = sandbox.create(email="a@example.com", lifecyclestage="lead")
    sandbox.advance(10)
    sandbox.edit(one, by="AUTOMATION_PLATFORM", hs_lead_status="NEW")
    sandbox.advance(10)
    sandbox.edit(one, lifecyclestage="customer")
    connector = sandbox.connector()
    list(connector.push([change("k", one, phone="+1")]))
    found = connector.authors("contacts", [one], ["lifecyclestage", "hs_lead_status", "phone", "company"])
    assert {name: author.kind for (_, name), author in found.items()} == {
        "lifecyclestage": "person",
        "hs_lead_status": "automation",
        "phone": "automation",
    }
    stage = found[one, "lifecyclestage"]
    assert (stage.name, stage.at) == ("jane@example.com", start + timedelta(seconds=20))


def test_authors_read_fifty_at_a_time(sandbox: Any) -> None:
    """With history HubSpot takes 50 contacts a call."""
    ids = sandbox.people(120)
    found = sandbox.connector().authors("contacts", ids, ["email"])
    assert len(found) == 120
    assert len(sandbox.calls("batch/read")) == 3


@pytest.mark.parametrize(
    ("source", "kind"), [("CRM_UI", "person"), ("MOBILE_IOS", "person"), ("IMPORT", "automation"), ("NEVER_HEARD_OF", "automation")]
)
def test_an_unknown_source_is_automation(source: str, kind: str) -> None:
    """Only sources in the table are people; the newest version counts whatever order the list is in."""
    versions = [
        {"value": "a", "timestamp": "2026-01-01T00:00:00Z", "sourceType": "API" if kind == "person" else "CRM_UI"},
        {"value": "b", "timestamp": "2026-01-02T00:00:00Z", "sourceType": source, "updatedByUserId": 9001},
    ]
    author = history.author(versions)
    assert (author.kind, author.name) == (kind, "user 9001")


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ({"sourceType": "CRM_UI", "updatedByUserId": 9001}, "person"),
        ({"sourceType": "CRM_UI", "sourceId": "userId:9001"}, "person"),
        ({"sourceType": "CRM_UI", "sourceId": ""}, "automation"),
        ({"sourceType": "IMPORT", "updatedByUserId": 9001}, "automation"),
    ],
)
def test_a_person_is_named_by_a_user(version: dict[str, Any], kind: str) -> None:
    """HubSpot's pages as a source are a person only with a user behind them, and a user behind an import is none."""
    assert history.author([version | {"timestamp": "2026-01-01T00:00:00Z", "value": "a"}]).kind == kind


def test_leadhubs_own_writes_are_known(sandbox: Any, change: Callable[..., Change]) -> None:
    """Whoever wrote leadhub's key is leadhub: its writes bear its name, on contacts that it did not create too, and another app's do not."""
    connector = sandbox.connector()
    [made] = connector.push([change("k", email="a@example.com", phone="+1")])
    other = sandbox.create(email="b@example.com", city="Lund")
    list(connector.push([change("u", other, phone="+2")]))
    sandbox.edit(other, by="INTEGRATION", jobtitle="CTO")
    sandbox.edit(other, by="IMPORT", company="Acme")
    found = connector.authors("contacts", [str(made.record_id), other], ["phone", "jobtitle", "company", "city"])
    names = {(record_id, name): (author.kind, author.name) for (record_id, name), author in found.items()}
    assert names[str(made.record_id), "phone"] == names[other, "phone"] == ("automation", "leadhub")
    assert names[other, "jobtitle"] == ("automation", "Another app")
    assert names[other, "company"] == ("automation", "contacts.csv")
    assert names[other, "city"][0] == "person"


def test_authors_of_nothing_cost_nothing(sandbox: Any) -> None:
    """Fields that this account does not have are not asked for."""
    one = sandbox.create(email="a@example.com")
    assert sandbox.connector().authors("contacts", [one], ["no_such_property"]) == {}
    assert sandbox.calls("batch/read") == []


def test_owners_are_told_with_those_who_left(sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every user who can own a contact, then the archived ones as inactive, over as many pages as there are."""
    monkeypatch.setattr(calling, "OWNERS_LIMIT", 2)
    new = sandbox.post("owners", email="eve@owners.example", firstName="Eve")
    sandbox.post("owners", id="7001", archived=True)
    told = [(owner.id, owner.name, owner.email, owner.active) for owner in sandbox.connector().owners()]
    assert told == [
        ("7002", "Ben Okafor", "ben.okafor@owners.example", True),
        ("7003", "Chloe Martin", "chloe.martin@owners.example", True),
        (new["id"], "Eve", "eve@owners.example", True),
        ("7001", "Ana Lopez", "ana.lopez@owners.example", False),
        ("7004", "Dirk Vos", "dirk.vos@owners.example", False),
    ]
    assert len(sandbox.calls("/owners/2026-03")) == 3


def test_owners_need_their_scope(sandbox: Any) -> None:
    """A key that may not read owners says which right it lacks."""
    sandbox.post("settings", scopes=["crm.objects.contacts.read", "crm.schemas.contacts.read"])
    with pytest.raises(AccessDenied, match=r"crm\.objects\.owners\.read"):
        list(sandbox.connector().owners())


def test_wanted_properties_that_are_not_there_are_named_once(sandbox: Any) -> None:
    """A property that the deployment names and the account does not have is left out of the reading, and told in one warning."""
    one = sandbox.create(email="a@example.com", city="Lund")
    connector = sandbox.connector(wanted=("email", "tier__c", "city", "segment"))
    for _ in range(2):
        pages = list(connector.pull(None))
    assert pages[0].records[0].values == {"email": "a@example.com", "city": "Lund"}
    assert pages[0].records[0].id == one
    assert [(name, fields["names"]) for name, fields in sandbox.log.events] == [("hubspot.properties_left_out", ["tier__c", "segment"])]


def test_usage_repeats_the_daily_allowance(sandbox: Any) -> None:
    """The calls of this instance, and the account's own count of the day."""
    sandbox.post("settings", daily_limit=500)
    connector = sandbox.connector()
    assert connector.usage().limit is None
    connector.check()
    usage = connector.usage()
    assert (usage.calls, usage.used, usage.limit) == (2, 2, 500)
    assert usage.calls == len(sandbox.calls())


def test_another_object_is_refused(sandbox: Any) -> None:
    """Only contacts are known; anything else is a fault of the configuration."""
    with pytest.raises(ConfigError, match=r"not deals"):
        sandbox.connector().reread("deals", ["1"])
