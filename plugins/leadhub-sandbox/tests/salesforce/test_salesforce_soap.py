"""The partner SOAP API: login and the conversion of leads (behaviors 2, 27)."""

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest
from leadhub_sandbox import SandboxServer

PARTNER = "urn:partner.soap.sforce.com"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
JANE = "<p:username>jane@acme.example</p:username><p:password>sandbox-password</p:password>"
Make = Callable[..., str]
Read = Callable[[str], dict[str, Any]]
Soql = Callable[..., list[dict[str, Any]]]
Admin = Callable[..., Any]
Ask = Callable[..., httpx.Response]


@pytest.fixture
def ask(web: httpx.Client) -> Ask:
    """Send a body and, where given, headers to the partner endpoint, with `p` bound to its namespace."""

    def send(body: str, header: str = "", version: str = "62.0", **headers: str) -> httpx.Response:
        above = f"<e:Header>{header}</e:Header>" if header else ""
        text = f'<e:Envelope xmlns:e="{ENVELOPE}" xmlns:p="{PARTNER}">{above}<e:Body>{body}</e:Body></e:Envelope>'
        given = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'} | headers
        return web.post(f"/services/Soap/u/{version}", content=text, headers=given)

    return send


@pytest.fixture
def convert(ask: Ask, login: Callable[..., httpx.Response]) -> Callable[..., dict[str, str | None]]:
    """Convert a lead with the integration user's OAuth token and return the result's parts by name, errors as their code."""
    token = login().json()["access_token"]

    def send(lead_id: str, version: str = "68.0", **more: str) -> dict[str, str | None]:
        values = {"convertedStatus": "Closed - Converted", "leadId": lead_id} | more
        parts = "".join(f"<p:{n}>{values[n]}</p:{n}>" for n in sorted(values))
        header = f"<p:SessionHeader><p:sessionId>{token}</p:sessionId></p:SessionHeader>"
        answer = ask(f"<p:convertLead><p:leadConverts>{parts}</p:leadConverts></p:convertLead>", header, version)
        assert answer.status_code == 200, answer.text
        (result,) = ET.fromstring(answer.content).iter(f"{{{PARTNER}}}result")
        found = {child.tag.removeprefix(f"{{{PARTNER}}}"): child for child in result}
        codes = {"errors": found["errors"].findtext(f"{{{PARTNER}}}statusCode")} if "errors" in found else {}
        return {name: child.text for name, child in found.items()} | codes

    return send


def _fault(answer: httpx.Response) -> str:
    """Return the fault's code; its status is 500 and its text begins with the code where the code is Salesforce's own."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "text/xml;charset=UTF-8")
    (fault,) = ET.fromstring(answer.content).iter(f"{{{ENVELOPE}}}Fault")
    code, text = fault.findtext("faultcode") or "", fault.findtext("faultstring") or ""
    assert code.startswith("soapenv:") or text.startswith(f"{code.removeprefix('sf:')}: ")
    return code


def test_login_opens_a_session_that_rest_takes(ask: Ask, web: httpx.Client, server: SandboxServer) -> None:
    """2: login gives a session id that the REST API takes, this server's own address with version and org, and who the user is."""
    answer = ask(f"<p:login>{JANE}</p:login>", version="64.0")
    assert answer.status_code == 200
    found = {e.tag.removeprefix(f"{{{PARTNER}}}"): e.text or "" for e in ET.fromstring(answer.content).iter()}
    assert found["serverUrl"] == f"{server.url}/services/Soap/u/64.0/{found['organizationId'][:15]}"
    assert (found["userName"], found["userFullName"], found["passwordExpired"]) == ("jane@acme.example", "Jane Novak", "false")
    info = web.get("/services/oauth2/userinfo", headers={"Authorization": f"Bearer {found['sessionId']}"}).json()
    assert (info["user_id"], info["organization_id"]) == (found["userId"], found["organizationId"])


def test_logins_name_the_orgs_own_instance(
    ask: Ask, login: Callable[..., httpx.Response], admin: Admin, web: httpx.Client, server: SandboxServer
) -> None:
    """2: by a setting, tokens and login name another address of this machine as the org's instance; one elsewhere is refused."""
    admin("settings", instance_url="http://localhost:4711/")
    assert login().json()["instance_url"] == "http://localhost:4711"
    assert "http://localhost:4711/services/Soap/u/62.0/" in ask(f"<p:login>{JANE}</p:login>").text
    assert web.post("/_sandbox/settings", json={"instance_url": "https://acme.my.salesforce.com"}).status_code == 400
    admin("settings", instance_url="")
    assert login().json()["instance_url"] == server.url


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("jane@acme.example", "wrong"),
        ("nobody@acme.example", "sandbox-password"),
        ("lena@acme.example", "sandbox-password"),
        ("autoproc@acme.example", "sandbox-password"),
        ("jane", "sandbox-password"),
        ("", ""),
    ],
)
def test_a_wrong_login_is_one_fault_whatever_was_wrong(ask: Ask, name: str, password: str) -> None:
    """2: a wrong password, an unknown or inactive user, an alias in place of the user name: INVALID_LOGIN, which does not tell them apart."""
    assert _fault(ask(f"<p:login><p:username>{name}</p:username><p:password>{password}</p:password></p:login>")) == "sf:INVALID_LOGIN"


def test_a_login_can_name_its_org(ask: Ask, soql: Soql) -> None:
    """2: LoginScopeHeader with this org's id is taken in both lengths, with another's the login is refused."""
    (org,) = soql("SELECT Id FROM Organization")
    scope = "<p:LoginScopeHeader><p:organizationId>{}</p:organizationId></p:LoginScopeHeader>"
    for given in (org["Id"], org["Id"][:15]):
        assert ask(f"<p:login>{JANE}</p:login>", scope.format(given)).status_code == 200
    assert _fault(ask(f"<p:login>{JANE}</p:login>", scope.format("00D000000000001"))) == "sf:INVALID_LOGIN"


def test_login_is_over_where_salesforce_ended_it(ask: Ask, admin: Admin) -> None:
    """2: from v65 on, and in an org that has it switched off, login is INVALID_OPERATION; a version there never was is unsupported."""
    assert _fault(ask(f"<p:login>{JANE}</p:login>", version="65.0")) == "sf:INVALID_OPERATION"
    for version in ("30.0", "69.0", "64", "x"):
        assert _fault(ask(f"<p:login>{JANE}</p:login>", version=version)) == "sf:UNSUPPORTED_API_VERSION"
    admin("settings", soap_login=False)
    assert _fault(ask(f"<p:login>{JANE}</p:login>")) == "sf:INVALID_OPERATION"


@pytest.mark.parametrize(
    "body",
    [
        "<login><username>jane@acme.example</username></login>",
        "<p:login><username>jane@acme.example</username></p:login>",
        "<p:login><p:password>sandbox-password</p:password><p:username>jane@acme.example</p:username></p:login>",
        "<p:login><p:username>a</p:username><p:username>b</p:username></p:login>",
        "<p:logout/>",
        "",
        "<p:login/><p:login/>",
        "<p:login>",
    ],
)
def test_an_envelope_that_is_not_the_wsdls_is_a_fault(ask: Ask, body: str) -> None:
    """2: another namespace, another order, a repeated, unknown or missing element is the sender's fault, never read in good will."""
    assert _fault(ask(body)) == "soapenv:Client"


def test_entities_and_other_envelopes_are_refused(web: httpx.Client, ask: Ask) -> None:
    """2: a document type is refused before anything in it is expanded; SOAP 1.2, another content type and a missing SOAPAction are too."""
    entity = '<!DOCTYPE x [<!ENTITY a "jane@acme.example">]>'
    call = f'<e:Envelope xmlns:e="{ENVELOPE}" xmlns:p="{PARTNER}"><e:Body><p:login><p:username>&a;</p:username></p:login></e:Body></e:Envelope>'
    headers = {"Content-Type": "text/xml", "SOAPAction": "login"}
    for text in (entity + call, (entity + call).encode("utf-16")):
        answer = web.post("/services/Soap/u/62.0", content=text, headers=headers)
        assert _fault(answer) == "soapenv:Client"
        assert "document type" in answer.text
    newer = f'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:p="{PARTNER}"><e:Body/></e:Envelope>'
    assert _fault(web.post("/services/Soap/u/62.0", content=newer, headers=headers)) == "soapenv:VersionMismatch"
    assert _fault(ask(f"<p:login>{JANE}</p:login>", **{"Content-Type": "application/json"})) == "soapenv:Client"
    plain = f'<e:Envelope xmlns:e="{ENVELOPE}" xmlns:p="{PARTNER}"><e:Body><p:login>{JANE}</p:login></e:Body></e:Envelope>'
    assert _fault(web.post("/services/Soap/u/62.0", content=plain, headers={"Content-Type": "text/xml"})) == "soapenv:Client"


@pytest.mark.parametrize("version", ["40.0", "68.0"])
def test_convert_lead_works_in_every_version(convert: Callable[..., Any], make_lead: Make, lead: Read, soql: Soql, version: str) -> None:
    """27: convertLead takes an OAuth token in old and newest versions, tells the three ids, and leaves the lead converted."""
    row_id = make_lead(Email="ann@acme.example")
    done = convert(row_id[:15], version, opportunityName="Big deal")
    row = lead(row_id)
    assert (done["success"], done["leadId"], row["IsConverted"], row["Status"]) == ("true", row_id, True, "Closed - Converted")
    assert done["accountId"] == row["ConvertedAccountId"]
    assert done["contactId"] == row["ConvertedContactId"]
    (deal,) = soql("SELECT Id, Name, AccountId FROM Opportunity")
    assert (deal["Id"], deal["Name"], deal["AccountId"]) == (done["opportunityId"], "Big deal", done["accountId"])


def test_convert_lead_can_do_without_an_opportunity(convert: Callable[..., Any], make_lead: Make, soql: Soql) -> None:
    """27: with doNotCreateOpportunity none is made and its id is nil; without a name an opportunity has the company's."""
    done = convert(make_lead(), doNotCreateOpportunity="true", overwriteLeadSource="false", sendNotificationEmail="0")
    assert (done["success"], done["opportunityId"]) == ("true", None)
    assert convert(make_lead(), doNotCreateOpportunity="true", opportunityName="x")["success"] == "false"
    assert soql("SELECT Id FROM Opportunity") == []
    convert(make_lead(Company="Fjord"))
    assert [r["Name"] for r in soql("SELECT Name FROM Opportunity")] == ["Fjord"]


def test_convert_lead_fills_what_exists_and_overwrites_nothing(*, convert: Callable[..., Any], make_lead: Make, soql: Soql, admin: Admin) -> None:
    """27: an account and a contact that exist are filled where they are empty; only overwriteLeadSource replaces a value, the lead source."""
    account = admin("create", object="Account", fields={"Name": "Old", "Phone": "1"})["id"]
    contact = admin("create", object="Contact", fields={"LastName": "Old", "AccountId": account, "LeadSource": "Other"})["id"]
    other = admin("create", object="Account", fields={"Name": "Else"})["id"]
    row_id = make_lead(Phone="2", Website="https://acme.example", Title="CEO", LeadSource="Web")
    assert convert(row_id, contactId=contact)["errors"] == "REQUIRED_FIELD_MISSING"
    assert convert(row_id, accountId=other, contactId=contact)["errors"] == "INVALID_CROSS_REFERENCE_KEY"
    done = convert(row_id, accountId=account, contactId=contact)
    assert (done["accountId"], done["contactId"]) == (account, contact)
    read = "SELECT LastName, Title, Phone, LeadSource, Account.Name, Account.Phone, Account.Website FROM Contact"
    (row,) = soql(read)
    assert (row["LastName"], row["Title"], row["Phone"], row["LeadSource"]) == ("Old", "CEO", "2", "Other")
    assert (row["Account"]["Name"], row["Account"]["Phone"], row["Account"]["Website"]) == ("Old", "1", "https://acme.example")
    convert(make_lead(LeadSource="Web"), accountId=account, contactId=contact, overwriteLeadSource="true")
    assert soql(read)[0]["LeadSource"] == "Web"


def test_convert_lead_refuses_each_lead_for_itself(convert: Callable[..., Any], make_lead: Make, lead: Read, web: httpx.Client) -> None:
    """27: a status that is not a converted one, a label, a converted, deleted or unknown lead and a wrong id each fail in their result."""
    row_id = make_lead()
    for status in ("Working - Contacted", "Converted", "nonsense"):
        assert convert(row_id, convertedStatus=status)["errors"] == "INVALID_STATUS"
    assert lead(row_id)["IsConverted"] is False
    assert web.get("/_sandbox/records/Account").json() == []
    assert convert(row_id)["success"] == "true"
    again = convert(row_id)
    assert (again["success"], again["errors"], again["leadId"]) == ("false", "CANNOT_UPDATE_CONVERTED_LEAD", None)
    assert convert("00Q000000000001")["errors"] == "INVALID_CROSS_REFERENCE_KEY"
    assert convert("003000000000001")["errors"] == "MALFORMED_ID"


def test_a_queues_lead_needs_an_owner(convert: Callable[..., Any], make_lead: Make, soql: Soql) -> None:
    """27: a queue owns no account: the call names an active user, who owns what is made, or fails."""
    queue = soql("SELECT Id FROM Group WHERE Type = 'Queue'")[0]["Id"]
    jane, lena = (soql(f"SELECT Id FROM User WHERE Username = '{n}@acme.example'")[0]["Id"] for n in ("jane", "lena"))
    row_id = make_lead(OwnerId=queue)
    assert convert(row_id)["errors"] == "UNKNOWN_EXCEPTION"
    assert convert(row_id, ownerId=lena)["errors"] == "INACTIVE_OWNER_OR_USER"
    assert convert(row_id, ownerId=jane)["success"] == "true"
    owners = [soql(f"SELECT OwnerId FROM {name}")[0]["OwnerId"] for name in ("Account", "Contact", "Opportunity")]
    assert owners == [jane] * 3


def test_convert_lead_needs_a_session(ask: Ask, admin: Admin, login: Callable[..., httpx.Response]) -> None:
    """27: without SessionHeader, with a wrong or an ended session the call is an INVALID_SESSION_ID fault, in Authorization it does not count."""
    token = login().json()["access_token"]
    call = "<p:convertLead/>"
    header = "<p:SessionHeader><p:sessionId>{}</p:sessionId></p:SessionHeader>"
    assert ask(call, header.format(token)).status_code == 200
    assert _fault(ask(call)) == _fault(ask(call, header.format("x"))) == "sf:INVALID_SESSION_ID"
    assert _fault(ask(call, Authorization=f"Bearer {token}")) == "sf:INVALID_SESSION_ID"
    admin("settings", expire_tokens=True)
    assert _fault(ask(call, header.format(token))) == "sf:INVALID_SESSION_ID"


def test_convert_lead_is_one_call_of_the_day(ask: Ask, admin: Admin, api: httpx.Client, login: Callable[..., httpx.Response]) -> None:
    """5, 27: a convertLead call counts once, tells the count in its header, and is refused at the limit."""
    header = f"<p:SessionHeader><p:sessionId>{login().json()['access_token']}</p:sessionId></p:SessionHeader>"
    answer = ask("<p:convertLead/>", header)
    assert "<current>1</current><limit>100000</limit><type>API REQUESTS</type>" in answer.text
    assert api.get("/limits").headers["Sforce-Limit-Info"] == "api-usage=2/100000"
    admin("settings", daily_limit=2)
    assert _fault(ask("<p:convertLead/>", header)) == "sf:REQUEST_LIMIT_EXCEEDED"


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ("<p:leadId>00Q000000000001</p:leadId><p:convertedStatus>x</p:convertedStatus>", "soapenv:Client"),
        ("<p:leadId>00Q000000000001</p:leadId>", "soapenv:Client"),
        ("<p:convertedStatus>x</p:convertedStatus><p:doNotCreateOpportunity>yes</p:doNotCreateOpportunity>", "soapenv:Client"),
        ("<convertedStatus>x</convertedStatus>", "soapenv:Client"),
    ],
)
def test_a_lead_convert_has_the_wsdls_elements(ask: Ask, login: Callable[..., httpx.Response], parts: str, code: str) -> None:
    """27: out of order, incomplete, no boolean, without the namespace: the call is a fault and converts nothing."""
    header = f"<p:SessionHeader><p:sessionId>{login().json()['access_token']}</p:sessionId></p:SessionHeader>"
    assert _fault(ask(f"<p:convertLead><p:leadConverts>{parts}</p:leadConverts></p:convertLead>", header)) == code


def test_at_most_a_hundred_leads_are_converted_a_call(ask: Ask, login: Callable[..., httpx.Response]) -> None:
    """27: 101 leads in one call are refused as a whole."""
    header = f"<p:SessionHeader><p:sessionId>{login().json()['access_token']}</p:sessionId></p:SessionHeader>"
    one = "<p:leadConverts><p:convertedStatus>x</p:convertedStatus><p:leadId>00Q000000000001</p:leadId></p:leadConverts>"
    assert ask(f"<p:convertLead>{one * 100}</p:convertLead>", header).text.count("<result>") == 100
    assert _fault(ask(f"<p:convertLead>{one * 101}</p:convertLead>", header)) == "sf:EXCEEDED_ID_LIMIT"
