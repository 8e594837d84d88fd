"""convertLead() of the partner SOAP API: the envelope, and what it answers. There is no REST resource for it.

After the SOAP API Developer Guide, "convertLead()" and "SessionHeader": a call is an XML document in the partner WSDL's namespace, its elements in the
order of that WSDL. The session is the one that REST uses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import requests
from simple_salesforce.exceptions import SalesforceError, SalesforceExpiredSession

_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_PARTNER = "urn:partner.soap.sforce.com"
_DAILY = "REQUEST_LIMIT_EXCEEDED"


@dataclass(frozen=True, slots=True)
class Order:
    """One lead to be converted: into an account and a contact that are there, or into new ones where they are None. It gets an opportunity."""

    lead_id: str
    status: str
    account_id: str | None = None
    contact_id: str | None = None


@dataclass(frozen=True, slots=True)
class Converted:
    """What became of one order. `errors` are Salesforce's own, in the form of a save result; none where it was converted."""

    lead_id: str
    contact_id: str
    opportunity_id: str
    errors: tuple[dict[str, Any], ...]


def convert_leads(session: requests.Session, base_url: str, session_id: str, version: str, orders: Sequence[Order]) -> list[Converted]:
    """Make the call. Raises what simple-salesforce raises, so that it is told apart as REST's errors are; ValueError for an answer nobody can read."""
    parts = urlsplit(base_url)
    url = f"{parts.scheme}://{parts.netloc}/services/Soap/u/{version}"
    headers = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'}
    response = session.post(url, data=_envelope(session_id, orders).encode(), headers=headers)
    root = _read(response)
    fault = root.find(f".//{{{_ENVELOPE}}}Fault") if root is not None else None
    if root is None or fault is not None or response.status_code >= 300:
        raise _refused(url, response, fault)
    found = [_converted(node) for node in root.iter(f"{{{_PARTNER}}}result")]
    if len(found) != len(orders) or any(one.lead_id not in ("", order.lead_id) for one, order in zip(found, orders, strict=True)):
        raise ValueError(f"{len(found)} results to {len(orders)} conversions, or of other leads")
    return found


def _envelope(session_id: str, orders: Sequence[Order]) -> str:
    converts = "".join(f"<leadConverts>{_order(order)}</leadConverts>" for order in orders)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><env:Envelope xmlns:env="{_ENVELOPE}" xmlns="{_PARTNER}">'
        f"<env:Header><SessionHeader><sessionId>{escape(session_id)}</sessionId></SessionHeader></env:Header>"
        f"<env:Body><convertLead>{converts}</convertLead></env:Body></env:Envelope>"
    )


def _order(order: Order) -> str:
    """The elements of a LeadConvert, in the order of the WSDL; nobody is mailed, and no source is overwritten."""
    known = {"accountId": order.account_id, "contactId": order.contact_id, "convertedStatus": order.status, "doNotCreateOpportunity": "false"}
    rest = {"leadId": order.lead_id, "overwriteLeadSource": "false", "sendNotificationEmail": "false"}
    return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in {**known, **rest}.items() if text is not None)


def _read(response: requests.Response) -> ET.Element | None:
    """Return an answer's root; None for what is no XML, or has a document type, which no answer of SOAP has."""
    try:
        text = response.content.decode()  # SOAP answers in UTF-8; in another encoding a document type would not be seen
        if "<!DOCTYPE" in text:
            return None
        return ET.fromstring(text)  # noqa: S314 - without a document type there is nothing to expand or to fetch
    except (ET.ParseError, UnicodeDecodeError):
        return None


def _refused(url: str, response: requests.Response, fault: ET.Element | None) -> Exception:
    """Return the error of a call that was refused as a whole. A fault comes with status 500 whatever its cause; REST's statuses tell causes apart."""
    if fault is None and response.status_code < 300:
        return ValueError("the answer is no envelope of SOAP")
    if fault is None:
        return _error_of(url, response.status_code, None)
    code = (fault.findtext("faultcode") or "").rpartition(":")[2]
    content = [{"errorCode": code, "message": fault.findtext("faultstring") or ""}]
    if code == "INVALID_SESSION_ID":
        expired: Exception = SalesforceExpiredSession(url, 401, "convertLead", content)
        return expired
    return _error_of(url, 500 if code in ("Server", "UNKNOWN_EXCEPTION") else 403 if code == _DAILY else 400, content)


def _error_of(url: str, status: int, content: Any) -> Exception:
    error: Exception = SalesforceError(url, status, "convertLead", content)
    return error


def _converted(node: ET.Element) -> Converted:
    texts = {name: (node.findtext(f"{{{_PARTNER}}}{name}") or "") for name in ("leadId", "contactId", "opportunityId", "success")}
    errors = tuple(_error(error) for error in node.iter(f"{{{_PARTNER}}}errors")) if texts["success"] != "true" else ()
    if texts["success"] not in ("true", "false") or (texts["success"] == "false" and not errors):
        raise ValueError("a result says neither that the lead was converted nor why not")
    return Converted(texts["leadId"], texts["contactId"], texts["opportunityId"], errors)


def _error(node: ET.Element) -> dict[str, Any]:
    named = {name: node.findtext(f"{{{_PARTNER}}}{name}") or "" for name in ("statusCode", "message")}
    return {**named, "fields": [field.text for field in node.iter(f"{{{_PARTNER}}}fields")]}
