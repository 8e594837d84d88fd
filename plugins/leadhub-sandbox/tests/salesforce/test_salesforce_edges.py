"""The further half of several behaviors: what the first tests of each left unshown (behaviors 1, 10, 26, 33, 35, 37, 39, 45, 46)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from leadhub_sandbox import SandboxClock

Make = Callable[..., str]
Read = Callable[[str], dict[str, Any]]
Soql = Callable[..., list[dict[str, Any]]]
Admin = Callable[..., Any]
Refusal = Callable[[httpx.Response], tuple[int, str]]


def test_a_refresh_token_that_is_not_rotated_stays_good(login: Callable[..., httpx.Response], web: httpx.Client, admin: Admin) -> None:
    """1: without rotation a refresh token opens session after session, also after all sessions ended, and brings no new refresh token."""
    first = login(grant_type="password", username="jane@acme.example", password="sandbox-passwordsandboxtoken").json()
    admin("settings", expire_tokens=True)
    for _ in range(2):
        again = login(grant_type="refresh_token", refresh_token=first["refresh_token"]).json()
        assert "refresh_token" not in again
        headers = {"Authorization": f"Bearer {again['access_token']}"}
        assert web.get("/services/oauth2/userinfo", headers=headers).json()["nickname"] == "jane"


def test_nobody_logs_in_by_an_alias(login: Callable[..., httpx.Response], refusal: Refusal) -> None:
    """1: the password grant takes user names; an alias or an id in its place is an invalid grant."""
    answer = login(grant_type="password", username="jane", password="sandbox-password")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_an_unknown_field_is_named_as_salesforce_names_it(api: httpx.Client, make_lead: Make) -> None:
    """10: an unknown field's message names field and object; several read-only fields are all in `fields`."""
    row_id = make_lead()
    (unknown,) = api.patch(f"/sobjects/Lead/{row_id}", json={"Nowhere__c": "x"}).json()
    assert unknown["message"] == "No such column 'Nowhere__c' on sobject of type Lead"
    (locked,) = api.patch(f"/sobjects/Lead/{row_id}", json={"Name": "x", "IsConverted": True, "Title": "y"}).json()
    assert locked["fields"] == ["Name", "IsConverted"]


def test_each_list_of_changes_reaches_as_far_back_as_salesforces(api: httpx.Client, refusal: Refusal) -> None:
    """26: /updated reaches back 30 days and /deleted 15, to the second, and /deleted tells the first day that it knows."""
    end = "2026-11-16T10:00:00Z"
    for path, first, too_early in (
        ("updated", "2026-10-17T10:01:00Z", "2026-10-17T09:59:00Z"),
        ("deleted", "2026-11-01T10:01:00Z", "2026-11-01T09:59:00Z"),
    ):
        answer = api.get(f"/sobjects/Lead/{path}", params={"start": first, "end": end})
        assert answer.status_code == 200
        assert answer.json()["latestDateCovered"] == "2026-11-16T10:00:00.000+0000"
        assert refusal(api.get(f"/sobjects/Lead/{path}", params={"start": too_early, "end": end})) == (400, "INVALID_REPLICATION_DATE")
    assert answer.json()["earliestDateAvailable"] == "2026-11-01T10:00:00.000+0000"


def test_a_collection_can_be_read_by_its_address(api: httpx.Client, make_lead: Make) -> None:
    """33: ids and fields may stand in the address; as many as 2,000 ids are answered, null for each that is not there."""
    row_id = make_lead(Title="CEO")
    (row,) = api.get("/composite/sobjects/Lead", params={"ids": row_id, "fields": "Title"}).json()
    assert (row["Id"], row["Title"]) == (row_id, "CEO")
    rows = api.post("/composite/sobjects/Lead", json={"ids": ["00Q000000000001"] * 1999 + [row_id], "fields": ["Id"]}).json()
    assert (len(rows), rows[0], rows[-1]["Id"]) == (2000, None, row_id)


def test_assignment_with_all_rules_off_can_still_move_a_lead(api: httpx.Client, make_lead: Make, lead: Read, soql: Soql, admin: Admin) -> None:
    """35: with no active rule the default owner of the org gets the lead, where one is set; a rule named by its id runs; an unknown id is refused."""
    users = {r["Alias"]: r["Id"] for r in soql("SELECT Id, Alias FROM User")}
    rule = admin("settings")["assignment_rule"] | {"active": False}
    row_id = make_lead()
    admin("settings", assignment_rule=rule)

    def owner_after(said: str) -> str:
        answer = api.patch(f"/sobjects/Lead/{row_id}", json={"OwnerId": users["jane"]}, headers={"Sforce-Auto-Assign": said})
        return lead(row_id)["OwnerId"] if answer.status_code == 204 else answer.json()[0]["errorCode"]

    assert owner_after("TRUE") == users["jane"]
    assert owner_after(rule["id"]) == rule["owner"]
    assert owner_after("01Q000000000001AAA") == "INVALID_CROSS_REFERENCE_KEY"
    admin("settings", assignment_rule=rule | {"default_owner": users["omar"]})
    assert owner_after("TRUE") == users["omar"]
    assert owner_after("FALSE") == users["jane"]


def test_a_condition_holds_where_salesforce_holds_it(api: httpx.Client, make_lead: Make, lead: Read, clock: SandboxClock) -> None:
    """37: a GET is 412 after a later change too; a change within the same second is not noticed; a DELETE ignores the header; there is no ETag."""
    row_id = make_lead()
    path = f"/sobjects/Lead/{row_id}"
    since = {"If-Unmodified-Since": api.get(path).headers["Last-Modified"]}
    api.patch(path, json={"Title": "the same second"})
    assert api.patch(path, json={"Title": "over it"}, headers=since).status_code == 204
    clock.advance(1)
    api.patch(path, json={"Title": "later"})
    answer = api.get(path, headers=since)
    assert (answer.status_code, "ETag" in answer.headers) == (412, False)
    assert "ETag" not in api.get(path).headers
    assert api.delete(path, headers=since).status_code == 204


def test_an_answer_can_send_elsewhere_or_come_late(api: httpx.Client, admin: Admin, soql: Soql) -> None:
    """39: a redirect has its address and did nothing; a slow call is answered after its delay, and happened."""
    order = {"LastName": "A", "Company": "B"}
    admin("faults", kind="redirect", method="POST")
    answer = api.post("/sobjects/Lead", json=order)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/elsewhere")
    assert soql("SELECT Id FROM Lead") == []
    admin("faults", kind="slow", method="POST", path="/sobjects/", delay=0.1)
    assert api.post("/sobjects/Lead", json=order).elapsed.total_seconds() >= 0.1
    assert len(soql("SELECT Id FROM Lead")) == 1


def test_only_a_queue_owns_leads_among_groups(api: httpx.Client, make_lead: Make, soql: Soql, refusal: Refusal) -> None:
    """45: a plain group is a Group with an id like a queue's, and owns nothing."""
    (group,) = soql("SELECT Id FROM Group WHERE Type = 'Regular'")
    answer = api.patch(f"/sobjects/Lead/{make_lead()}", json={"OwnerId": group["Id"]})
    assert refusal(answer) == (400, "INVALID_CROSS_REFERENCE_KEY")


SETTINGS: dict[str, Any] = {
    "duplicate_rules": [{"action": "alert", "fields": ["Email"]}],
    "misspelt_duplicate_key": True,
    "validate_conversions": False,
    "unshared": ["00Q000000000001AAA"],
    "trigger_errors": [{"cause": "x"}],
    "query_timeouts": {"Lead": 5},
    "concurrent_limit": 3,
    "long_call_seconds": 1.5,
    "soap_login": False,
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_snapshot_has_each_setting(web: httpx.Client, admin: Admin, name: str) -> None:
    """46: what a snapshot held is set again after it was put back."""
    before = web.get("/_sandbox/settings").json()[name]
    admin("settings", **{name: SETTINGS[name]})
    state = web.get("/_sandbox/snapshot").json()
    admin("settings", **{name: before})
    web.put("/_sandbox/snapshot", json=state)
    assert web.get("/_sandbox/settings").json()[name] == SETTINGS[name] != before
