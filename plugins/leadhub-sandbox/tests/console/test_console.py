"""The console by HTTP: who may ask, what is escaped, what a form changes, and a refusal in the CRM's own words."""

import json
import re
from html import unescape
from typing import Any

import httpx
import pytest
from leadhub_sandbox import SandboxServer
from leadhub_sandbox.orders import Orders

EVIL = """<script>alert("x")</script>'&"""


def token(web: httpx.Client) -> str:
    """Return the token that the console's forms have."""
    found = re.search(r'name="token" value="([^"]+)"', web.get("/clock").text)
    assert found
    return unescape(found[1])


def send(web: httpx.Client, target: str, /, **form: Any) -> httpx.Response:
    """Send a form as a page of the console would."""
    return web.post(target, data={"token": token(web), **form})


def lead(salesforce: Orders, **fields: str) -> str:
    """Make a lead and return its id."""
    return str(salesforce.post("create", object="Lead", fields={"LastName": "Berg", "Company": "Acme", **fields})["id"])


def rows(salesforce: Orders, name: str = "Lead") -> dict[str, dict[str, Any]]:
    """Return the rows of an object by id."""
    return {row["Id"]: row for row in salesforce.get(f"records/{name}")}


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:80", "", "[", "0.0.0.0"])
def test_another_name_for_this_machine_is_not_answered(web: httpx.Client, host: str) -> None:
    """A page that had its name point to this machine reads nothing here."""
    answer = web.get("/", headers={"Host": host})
    assert (answer.status_code, "Salesforce" in answer.text) == (403, False)


def test_localhost_is_this_machine_too(web: httpx.Client) -> None:
    """Both names that a person types are answered, and a page may be asked for its head alone."""
    assert web.get("/", headers={"Host": "localhost:1234"}).status_code == 200
    assert web.head("/").content == b""


@pytest.mark.parametrize("path", ["/clock", "/salesforce/faults", "/salesforce/settings", "/salesforce/records/Lead", "/hubspot/journal/clear"])
def test_a_form_of_another_page_does_nothing(web: httpx.Client, path: str) -> None:
    """Without the token, with a wrong one, from another origin or as another type of body a form is refused."""
    form = {"advance": "60", "kind": "slow", "name": "page_size", "value": "1", "LastName": "X", "Company": "Y"}
    good = token(web)
    refused = [
        web.post(path, data=form),
        web.post(path, data=form | {"token": "guessed"}),
        web.post(path, data=form | {"token": "ä"}),
        web.post(path, data=form | {"token": good}, headers={"Origin": "https://evil.example"}),
        web.post(path, data=form | {"token": good}, headers={"Origin": "null"}),
        web.post(path, json=form | {"token": good}),
        web.put(path, data=form | {"token": good}),
    ]
    assert [answer.status_code for answer in refused] == [403, 403, 403, 403, 403, 403, 405]


def test_a_page_may_load_nothing_and_be_framed_by_nobody(web: httpx.Client) -> None:
    """The policy allows the console's own style alone; there is no script, and no address of another place."""
    answer = web.get("/")
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "<script" not in answer.text
    assert re.findall(r'(?:src|href)="([^"/][^"]*)"', answer.text) == ["#main"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nowhere", 404),
        ("/salesforce/records/Nothing", 404),
        ("/salesforce/records/Lead/00Qx", 404),
        ("/salesforce/journal/9", 404),
        ("/hubspot/records/contacts/x", 404),
        ("/salesforce/journal/x", 400),
        ("/salesforce/records/Lead?page=x", 400),
    ],
)
def test_a_page_that_is_not_there_is_told(web: httpx.Client, path: str, status: int) -> None:
    """A wrong address is told and harms nothing."""
    answer = web.get(path)
    assert answer.status_code == status
    assert status != 400 or answer.text.endswith("is a whole number, not 'x'.\n")
    assert web.get("/").status_code == 200


def test_what_comes_from_outside_stays_text_on_every_page(
    web: httpx.Client, servers: dict[str, SandboxServer], salesforce: Orders, hubspot: Orders
) -> None:
    """Names, values, search texts, settings, faults and calls with HTML in them are shown as they are written."""
    made = lead(salesforce, LastName=EVIL, Company=EVIL, Street=EVIL, Status=EVIL)
    contact = hubspot.post("create", properties={"lastname": EVIL, "company": EVIL})["id"]
    salesforce.post("faults", kind="slow", path=f"never {re.escape(EVIL)}")
    salesforce.post("settings", bulk_failure=EVIL)
    httpx.post(f"{servers['salesforce'].url}/{EVIL}", content=EVIL, headers={"X-Evil": "<script>1</script>"})
    paths = ["/", "/salesforce/records/Lead", f"/salesforce/records/Lead/{made}", "/salesforce/faults", "/salesforce/settings", "/salesforce/journal"]
    paths += ["/salesforce/journal/1", "/hubspot/records/contacts", f"/hubspot/records/contacts/{contact}", "/salesforce/objects"]
    shown = [web.get(path) for path in paths]
    shown.append(web.get("/salesforce/records/Lead", params={"q": EVIL, "show": EVIL, "done": EVIL}))
    shown.append(send(web, "/salesforce/faults", kind=EVIL, path=EVIL, method=EVIL, times="1", skip="0", delay=""))
    shown.append(send(web, f"/salesforce/records/Lead/{made}/edit", was="{}", Email=EVIL))
    assert [answer.status_code for answer in shown] == [200] * 11 + [400, 400]
    assert [answer.url for answer in shown if "<script" in answer.text] == []
    assert ["&lt;script&gt;alert" in answer.text for answer in shown] == [one not in ("/", "/salesforce/objects") for one in [*paths, "", "", ""]]
    assert "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#x27;&amp;" in shown[2].text


def test_the_overview_counts_and_tells_how_to_get_in(
    web: httpx.Client, servers: dict[str, SandboxServer], salesforce: Orders, hubspot: Orders
) -> None:
    """Records live and deleted, calls, faults that wait, addresses and secrets."""
    kept, deleted = lead(salesforce), lead(salesforce)
    salesforce.post("delete", id=deleted)
    hubspot.post("faults", kind="slow", times=3)
    httpx.get(f"{servers['salesforce'].url}/services/data")
    text = unescape(re.sub(r"<[^>]+>", " ", web.get("/").text))
    assert re.search(r"Leads\s+1 and 1 deleted", text), kept
    assert re.search(r"Calls so far\s+1 ", text)
    assert re.search(r"Faults waiting\s+3 ", text)
    secrets = servers["salesforce"].service, servers["hubspot"].service
    assert all(told in text for told in (secrets[0].client_secret, secrets[1].token, servers["hubspot"].url))


def test_a_list_is_searched_and_paged(web: httpx.Client, salesforce: Orders) -> None:
    """Fifty a page, the newest first; a search in any field; deleted ones where they are asked for."""
    ids = [lead(salesforce, LastName=f"Person {number:02}", City="Lund" if number == 3 else "Oslo") for number in range(60)]
    salesforce.post("delete", id=ids[5])

    def listed(**query: str) -> list[str]:
        return re.findall(r'href="/salesforce/records/Lead/(00Q\w+)"', web.get("/salesforce/records/Lead", params=query).text)

    live = [one for one in reversed(ids) if one != ids[5]]
    assert (listed(), listed(page="2"), listed(page="99")) == (live[:50], live[50:], live[50:])
    assert (listed(q="lUnD"), listed(q=ids[7]), listed(q="nowhere")) == ([ids[3]], [ids[7]], [])
    assert (listed(show="gone"), len(listed(show="all", page="2"))) == ([ids[5]], 10)


def test_only_what_was_changed_is_sent(web: httpx.Client, salesforce: Orders) -> None:
    """A save sends the fields that differ from what the form showed: what somebody else changed meanwhile stays."""
    made = lead(salesforce, City="Lund", Interests__c="Training;Hardware", Street="one\ntwo")
    shown = web.get(f"/salesforce/records/Lead/{made}").text
    found = re.search(r'name="was" value="([^"]*)"', shown)
    assert found
    was = unescape(found[1])
    salesforce.post("edit", id=made, fields={"City": "Oslo"})
    form = {"was": was, "City": "Lund", "Street": "one\r\ntwo", "Interests__c": ["Hardware", "Training"], "Company": "Other", "Score__c": "7.5"}
    answer = send(web, f"/salesforce/records/Lead/{made}/edit", **form)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/salesforce/records/Lead/{made}?done=edit")
    row = rows(salesforce)[made]
    assert (row["City"], row["Company"], row["Score__c"], row["Street"]) == ("Oslo", "Other", 7.5, "one\ntwo")
    again = send(web, f"/salesforce/records/Lead/{made}/edit", was=was, City="Lund", Interests__c=["Training", "Hardware"])
    assert again.headers["Location"].endswith("done=nothing")
    turned = send(web, f"/salesforce/records/Lead/{made}/edit", was=json.dumps({"Title": "a;b", "Interests__c": "Training;Hardware"}), Title="b;a")
    assert (turned.status_code, rows(salesforce)[made]["Title"], rows(salesforce)[made]["Interests__c"]) == (303, "b;a", None)


@pytest.mark.parametrize("was", ["", "null", "[1]", "{"])
def test_a_form_that_does_not_tell_what_it_showed_changes_nothing(web: httpx.Client, salesforce: Orders, was: str) -> None:
    """A form that somebody made by hand is told so."""
    made = lead(salesforce)
    assert send(web, f"/salesforce/records/Lead/{made}/edit", was=was, Company="Other").status_code == 400
    assert rows(salesforce)[made]["Company"] == "Acme"


def test_a_refusal_is_salesforces_own_and_what_was_typed_stays(web: httpx.Client, salesforce: Orders) -> None:
    """Code, message and field as the API words them; the form keeps what the person wrote."""
    made = lead(salesforce)
    answer = send(web, f"/salesforce/records/Lead/{made}/edit", was="{}", Email="not an address")
    assert "INVALID_EMAIL_ADDRESS: Email: invalid email address: not an address [Email]" in unescape(answer.text)
    assert 'value="not an address"' in answer.text
    converted = send(web, f"/salesforce/records/Lead/{made}/edit", was=json.dumps({"Status": "Open - Not Contacted"}), Status="Closed - Converted")
    assert "is a converted status: convert the lead to reach it" in converted.text


def test_a_refusal_is_hubspots_own(web: httpx.Client, hubspot: Orders) -> None:
    """A taken address is a conflict in HubSpot's words, on create and on edit; a wrong option is named."""
    hubspot.post("create", properties={"email": "ann@acme.example"})
    other = hubspot.post("create", properties={"email": "bob@acme.example"})["id"]
    assert "CONFLICT: Contact already exists." in send(web, "/hubspot/records/contacts", email="ann@acme.example").text
    wrong = send(web, f"/hubspot/records/contacts/{other}/edit", was="{}", hs_lead_status="NO_SUCH", email="nobody")
    assert "NO_SUCH was not one of the allowed options" in wrong.text
    assert "Email address nobody is invalid" in wrong.text


def test_what_cannot_be_done_with_a_record_is_not_done(web: httpx.Client, salesforce: Orders, hubspot: Orders) -> None:
    """An act that the page does not offer is refused, and one that is final needs its box ticked."""
    made, contact = lead(salesforce), hubspot.post("create", properties={"email": "ann@acme.example"})["id"]
    tried = [f"/salesforce/records/Lead/{made}/{act}" for act in ("purge", "undelete", "automate", "settings")]
    assert [send(web, path).status_code for path in [*tried, f"/hubspot/records/contacts/{contact}/purge"]] == [400] * 5
    assert (rows(salesforce)[made]["IsDeleted"], len(hubspot.get("records")["results"])) == (False, 1)
    assert send(web, f"/hubspot/records/contacts/{contact}/purge", sure="true").headers["Location"] == "/hubspot/records/contacts?done=purge"
    assert hubspot.get("records")["results"] == []


def test_who_is_no_person_is_neither_told_as_a_login_nor_offered_as_an_owner(web: httpx.Client, salesforce: Orders) -> None:
    """The Automated Process user has no password and can own nothing: the pages name it nowhere but in the list of users."""
    assert not [name for name in salesforce.get("account")["usernames"] if "autoproc" in name]
    shown = web.get(f"/salesforce/records/Lead/{lead(salesforce)}").text
    assert "Omar Haddad" in shown
    assert "Automated Process" not in shown
    assert "autoproc" not in web.get("/").text
    assert "Automated Process" in web.get("/salesforce/records/User").text


def test_records_are_made_and_go_through_every_state(web: httpx.Client, salesforce: Orders, hubspot: Orders) -> None:
    """Salesforce: made, deleted, brought back, purged. HubSpot: a contact with a lead about it, archived and restored."""
    made = send(web, "/salesforce/records/Account", Name="Acme", NumberOfEmployees="12").headers["Location"].partition("?")[0]
    for act in ("delete", "undelete", "delete"):
        assert send(web, f"{made}/{act}").headers["Location"] == f"{made}?done={act}"
    assert send(web, f"{made}/purge", sure="true").status_code == 303
    assert rows(salesforce, "Account") == {}
    contact = send(web, "/hubspot/records/contacts", email="ann@acme.example").headers["Location"].partition("?")[0]
    about = contact.rpartition("/")[2]
    sold = send(web, "/hubspot/records/leads", hs_lead_name="A lead", contact=about).headers["Location"].partition("?")[0]
    assert f'href="{contact}"' in web.get(sold).text
    for act, archived in (("archive", True), ("restore", False)):
        assert send(web, f"{contact}/{act}").status_code == 303
        assert hubspot.get("records")["results"][0]["archived"] is archived


def test_a_merge_leads_to_the_record_that_is_left(web: httpx.Client, hubspot: Orders) -> None:
    """HubSpot may make a new one of two; the old address of either leads to it."""
    first, second = (hubspot.post("create", properties={"email": f"{name}@acme.example"})["id"] for name in ("ann", "bob"))
    left = send(web, f"/hubspot/records/contacts/{first}/merge", other=second).headers["Location"].partition("?")[0]
    assert left.rpartition("/")[2] not in (first, second)
    assert [web.get(path).status_code for path in (left, f"/hubspot/records/contacts/{second}")] == [200, 200]
    assert "bob@acme.example" in web.get(left).text


def test_history_is_shown_where_there_is_one(web: httpx.Client, salesforce: Orders, hubspot: Orders) -> None:
    """Salesforce keeps what a setting names, HubSpot every value with who set it."""
    salesforce.post("settings", field_history={"Lead": ["Company"]})
    made = lead(salesforce)
    salesforce.post("edit", id=made, fields={"Company": "Other"}, user="omar")
    contact = hubspot.post("create", properties={"email": "ann@acme.example", "city": "Lund"})["id"]
    hubspot.post("edit", id=contact, properties={"city": "Oslo"})
    texts = [re.sub(r"<[^>]+>", " ", web.get(path).text) for path in (f"/salesforce/records/Lead/{made}", f"/hubspot/records/contacts/{contact}")]
    assert re.search(r"Company\s+Acme\s+Other\s+Omar Haddad", texts[0])
    assert re.search(r"city\s+Lund\s+Oslo\s+CRM_UI, jane@people.example", texts[1])


def test_the_clock_is_set_moved_and_released(web: httpx.Client, salesforce: Orders) -> None:
    """An instant without a zone is UTC; what is none is told."""
    assert send(web, "/clock", set="2026-11-16 10:00:00").status_code == 303
    assert send(web, "/clock", advance="3600").status_code == 303
    assert salesforce.get("clock") == {"now": "2026-11-16T11:00:00+00:00", "frozen": True}
    assert "stands still" in web.get("/clock").text
    assert [send(web, "/clock", **wrong).status_code for wrong in ({"set": "noon"}, {"advance": "soon"}, {"advance": "1e30"})] == [400] * 3
    send(web, "/clock", release="true")
    assert salesforce.get("clock")["frozen"] is False


def test_settings_are_json_and_are_refused_in_words(web: httpx.Client, salesforce: Orders, hubspot: Orders) -> None:
    """One by its line, several at once; what is no JSON, or no value of the setting, is told beside what was typed."""
    assert send(web, "/salesforce/settings", name="page_size", value="50").status_code == 303
    assert send(web, "/hubspot/settings", value='{"options": {"hs_lead_status": ["A"]}, "lead_seats": false}').status_code == 303
    assert (salesforce.get("settings")["page_size"], hubspot.get("settings")["lead_seats"]) == (50, False)
    assert "setting 'page_size' takes a int" in unescape(send(web, "/salesforce/settings", name="page_size", value='"x"').text)
    assert "this is no JSON" in send(web, "/salesforce/settings", name="page_size", value="fifty").text
    assert "one object of JSON" in send(web, "/salesforce/settings", value="[1]").text


def test_the_journal_is_listed_opened_and_cleared(web: httpx.Client, servers: dict[str, SandboxServer]) -> None:
    """A call with its time, status and fault, its headers and its body in readable form."""
    httpx.post(f"{servers['hubspot'].url}/crm/v3/objects/contacts", json={"properties": {"city": "Lund"}})
    assert re.search(r"POST.*/crm/v3/objects/contacts.*401", web.get("/hubspot/journal").text, re.DOTALL)
    assert '"city": "Lund"' in unescape(web.get("/hubspot/journal/1").text)
    send(web, "/hubspot/journal/clear")
    assert "No call has come yet" in web.get("/hubspot/journal").text


def test_a_fault_of_the_console_is_a_500_and_seen(web: httpx.Client, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """Whatever goes wrong in a page, the browser gets an answer without the inside, and the console goes on."""
    monkeypatch.setattr("leadhub_sandbox.console.records.overview", lambda frame: 1 / 0)
    answer = web.get("/")
    assert (answer.status_code, "division" in answer.text) == (500, False)
    assert "ZeroDivisionError" in capfd.readouterr().err
    assert web.get("/clock").status_code == 200
