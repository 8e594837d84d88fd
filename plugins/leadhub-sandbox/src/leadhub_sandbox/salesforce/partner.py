"""The two operations of the partner SOAP API that a lead sync can need: login(), and convertLead(), which no REST resource does.

After the SOAP API Developer Guide's pages on both calls and on SessionHeader, LoginScopeHeader and LimitInfoHeader.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from leadhub_sandbox.http import Request, Response
from leadhub_sandbox.salesforce import ids, lifecycle, soap
from leadhub_sandbox.salesforce.auth import Auth, OAuthError
from leadhub_sandbox.salesforce.errors import ApiError
from leadhub_sandbox.salesforce.objects import ACCOUNT, CONTACT, LEAD, ORGANIZATION, USER
from leadhub_sandbox.salesforce.org import Actor, Org
from leadhub_sandbox.salesforce.records import Records
from leadhub_sandbox.salesforce.rest import NEWEST, OLDEST
from leadhub_sandbox.salesforce.soap import PARTNER, Node, SoapFault
from leadhub_sandbox.salesforce.usage import Usage

LAST_LOGIN = 64
"""The last version whose login() answers."""
MAX_CONVERTS = 100
MAX_NAME = 80
_PATH = re.compile(r"/services/Soap/u/(\d+)\.0(?:/[0-9A-Za-z]+)?/?")
_HEAD = ("accountId", "contactId", "convertedStatus", "doNotCreateOpportunity", "leadId", "opportunityName")
_LEAD_CONVERT = (*_HEAD, "overwriteLeadSource", "ownerId", "sendNotificationEmail")


@dataclass(frozen=True, slots=True)
class Partner:
    """Answers POST /services/Soap/u/{version}."""

    org: Org
    auth: Auth
    records: Records
    usage: Usage

    def answer(self, request: Request) -> Response:
        """Return the operation's answer or a fault; whatever is refused as a whole has written nothing."""
        try:
            return self._answer(request)
        except SoapFault as fault:
            return fault.response()

    def _answer(self, request: Request) -> Response:
        path = _PATH.fullmatch(request.path)
        if path is None or not OLDEST <= int(path[1]) <= NEWEST:
            raise SoapFault("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL", "UnexpectedErrorFault")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "text/xml":
            raise soap.client_fault(f"Content type '{kind}' is not text/xml")
        if "soapaction" not in request.headers:
            raise soap.client_fault("SOAPAction HTTP header missing")
        headers, call = soap.read(request.body)
        if call.tag == f"{{{PARTNER}}}login":
            return self._login(request, int(path[1]), headers, call)
        if call.tag == f"{{{PARTNER}}}convertLead":
            return self._convert_leads(headers, call)
        raise soap.client_fault(f"No operation available for request {call.tag}, please check the WSDL for the service.")

    def _login(self, request: Request, version: int, headers: Mapping[str, ET.Element], call: ET.Element) -> Response:
        given = soap.fields(call, ("username", "password"), "login")
        if version > LAST_LOGIN:
            text = f"The SOAP Login operation is not available in the API version specified ({version}.0). "
            raise SoapFault("INVALID_OPERATION", text + "Refer to the documentation for supported versions.")
        if not self.org.settings.soap_login:
            text = "SOAP API login() is disabled by default in this org. Contact the org administrator to enable SOAP API login()."
            raise SoapFault("INVALID_OPERATION", text)
        scope = headers.get(f"{{{PARTNER}}}LoginScopeHeader")
        meant = soap.fields(scope, ("organizationId", "portalId"), "LoginScopeHeader").get("organizationId") if scope is not None else None
        try:
            user_id = self.auth.by_password(given.get("username") or "", given.get("password") or "")
        except OAuthError:
            user_id = None
        if user_id is None or (meant and ids.full(meant) != self.org.organization_id):
            text = "Invalid username, password, security token; or user locked out."
            raise SoapFault("INVALID_LOGIN", text, "LoginFault")
        return soap.answer("login", [("result", self._session(self.auth.instance(request), version, user_id))])

    def _session(self, here: str, version: int, user_id: str) -> list[Node]:
        org_id = self.org.organization_id
        return [
            ("metadataServerUrl", f"{here}/services/Soap/m/{version}.0/{org_id[:15]}"),
            ("passwordExpired", False),
            ("sandbox", self.org.settings.is_sandbox),
            ("serverUrl", f"{here}/services/Soap/u/{version}.0/{org_id[:15]}"),
            ("sessionId", self.auth.open(user_id)),
            ("userId", user_id),
            ("userInfo", self._user_info(user_id)),
        ]

    def _user_info(self, user_id: str) -> list[Node]:
        row = self.org.store.get(USER, user_id) or {}
        (organization,) = self.org.store.everything(ORGANIZATION)
        return [
            ("accessibilityMode", False),
            ("currencySymbol", "$"),
            ("orgAttachmentFileSizeLimit", 5_242_880),
            ("orgDefaultCurrencyIsoCode", "USD"),
            ("orgDisallowHtmlAttachments", False),
            ("orgHasPersonAccounts", False),
            ("organizationId", self.org.organization_id),
            ("organizationMultiCurrency", False),
            ("organizationName", organization["Name"]),
            ("profileId", None),
            ("roleId", None),
            ("sessionSecondsValid", int(self.org.settings.session_seconds)),
            ("userDefaultCurrencyIsoCode", None),
            ("userEmail", row["Email"]),
            ("userFullName", row["Name"]),
            ("userId", user_id),
            ("userLanguage", "en_US"),
            ("userLocale", "en_US"),
            ("userName", row["Username"]),
            ("userTimeZone", "GMT"),
            ("userType", row["UserType"]),
            ("userUiSkin", "Theme3"),
        ]

    def _convert_leads(self, headers: Mapping[str, ET.Element], call: ET.Element) -> Response:
        actor = self._actor(headers)
        if self.usage.full():
            raise SoapFault("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", "UnexpectedErrorFault")
        self.usage.add()
        orders = []
        for child in call:
            if child.tag != f"{{{PARTNER}}}leadConverts":
                raise soap.client_fault(f"Element {child.tag} invalid at this location in type {{{PARTNER}}}convertLead")
            orders.append(_order(soap.fields(child, _LEAD_CONVERT, "LeadConvert")))
        if len(orders) > MAX_CONVERTS:
            raise SoapFault("EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {MAX_CONVERTS} records into this call")
        results: list[Node] = [("result", self._convert(order, actor)) for order in orders]
        limit = f"<current>{self.usage.used()}</current><limit>{self.org.settings.daily_limit}</limit><type>API REQUESTS</type>"
        return soap.answer("convertLead", results, f'<LimitInfoHeader xmlns="{PARTNER}"><limitInfo>{limit}</limitInfo></LimitInfoHeader>')

    def _actor(self, headers: Mapping[str, ET.Element]) -> Actor:
        header = headers.get(f"{{{PARTNER}}}SessionHeader")
        session = soap.fields(header, ("sessionId",), "SessionHeader").get("sessionId") if header is not None else None
        try:
            return self.auth.owner_of(session or "")
        except ApiError as refusal:
            text = "Invalid Session ID found in SessionHeader: Illegal Session"
            raise SoapFault(refusal.code, text, "UnexpectedErrorFault") from None

    def _convert(self, order: Mapping[str, Any], actor: Actor) -> list[Node]:
        store = self.org.store
        mark = store.begin()
        try:
            made = lifecycle.convert(self.records, self._checked(order, actor), actor)
        except ApiError as refusal:
            store.rollback(mark)
            code, text = (
                ("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id") if refusal.code == "NOT_FOUND" else (refusal.code, refusal.message)
            )
            named: list[Node] = [("fields", name) for name in refusal.fields or ()]
            errors: Node = ("errors", [*named, ("message", text), ("statusCode", code)])
            return [("accountId", None), ("contactId", None), errors, ("leadId", None), ("opportunityId", None), ("success", False)]
        account, contact, opportunity = (made[f"Converted{name}Id"] for name in ("Account", "Contact", "Opportunity"))
        lead_id = ids.full(order["id"])
        return [("accountId", account), ("contactId", contact), ("leadId", lead_id), ("opportunityId", opportunity), ("success", True)]

    def _checked(self, order: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
        """Return the order with whole ids and the name that an opportunity gets; raises ApiError for what only the API can ask wrongly."""
        row_id = ids.wanted(order["id"], (LEAD.prefix,), "leadId")
        name = order["opportunity_name"]
        if name and not order["create_opportunity"]:
            raise ApiError(400, "INVALID_FIELD", "opportunityName must be blank if doNotCreateOpportunity is true", ["opportunityName"])
        if name and len(name) > MAX_NAME:
            raise ApiError(400, "STRING_TOO_LONG", f"opportunityName: data value too large: {name} (max length={MAX_NAME})", ["opportunityName"])
        lead = self.records.live(LEAD, row_id, actor)
        kinds = {"account_id": ACCOUNT, "contact_id": CONTACT, "owner_id": USER}
        known = {key: ids.wanted(order[key], (obj.prefix,), key) for key, obj in kinds.items() if order[key]}
        if "contact_id" in known and "account_id" not in known:
            raise ApiError(400, "REQUIRED_FIELD_MISSING", "contactId needs the accountId of its account", ["accountId"])
        if not known.get("owner_id") and not str(lead["OwnerId"]).startswith(USER.prefix):
            text = "Converted objects can only be owned by users.  If the lead is not owned by a user, you must specify a user for the Owner field."
            raise ApiError(400, "UNKNOWN_EXCEPTION", text)
        return {**order, "id": row_id, "opportunity_name": name or lead["Company"], **known}


def _order(given: Mapping[str, str | None]) -> dict[str, Any]:
    """Return a LeadConvert as an order to `lifecycle.convert`; raises SoapFault for a missing or unreadable part."""
    for name in ("convertedStatus", "leadId"):
        if not given.get(name):
            raise soap.client_fault(f"Required element {name} missing in type {{{PARTNER}}}LeadConvert")
    soap.boolean(given.get("sendNotificationEmail"), "sendNotificationEmail")
    return {
        "id": given["leadId"],
        "status": given["convertedStatus"],
        "account_id": given.get("accountId") or None,
        "contact_id": given.get("contactId") or None,
        "owner_id": given.get("ownerId") or None,
        "opportunity_name": given.get("opportunityName") or None,
        "create_opportunity": not soap.boolean(given.get("doNotCreateOpportunity"), "doNotCreateOpportunity"),
        "overwrite_lead_source": soap.boolean(given.get("overwriteLeadSource"), "overwriteLeadSource"),
    }
