"""What a CRM may answer instead of what was asked for, in each CRM's own form, and where its reads and its writes are."""

from typing import Any

HTML = b"<html><body>Sorry, something went wrong.</body></html>"
READS = {"salesforce": (r"/services/data/.*/query", ".*"), "hubspot": (r"/crm/objects/", ".*")}
"""The calls by which records are read: path and method."""
WRITES = {"salesforce": (r"/composite/sobjects(/Lead/LeadhubId__c)?$", "POST|PATCH"), "hubspot": (r"/batch/(create|update|upsert)", "POST")}

_SALESFORCE = {
    401: ("INVALID_SESSION_ID", "Session expired or invalid"),
    403: ("API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner"),
    404: ("NOT_FOUND", "The requested resource does not exist"),
    409: ("CONFLICT", "The request conflicts with another one"),
    429: ("TOO_MANY_REQUESTS", "Too many requests"),
    500: ("UNKNOWN_EXCEPTION", "An unexpected error occurred"),
    503: ("SERVER_UNAVAILABLE", "Server is too busy"),
}
_HUBSPOT = {
    401: ("INVALID_AUTHENTICATION", "Authentication credentials not found"),
    403: ("MISSING_SCOPES", "This app has not been granted all required scopes"),
    404: ("NOT_FOUND", "There is nothing under this address"),
    409: ("CONFLICT", "The request conflicts with another one"),
    429: ("RATE_LIMITS", "You have reached your secondly limit."),
    500: ("INTERNAL_ERROR", "internal error"),
    503: ("SERVICE_UNAVAILABLE", "The service is not available."),
}


KINDS = ("401", "403", "404", "409", "429", "500", "503", "HTML", "nothing", "half a JSON", "too late")


def answer(system: str, kind: str) -> dict[str, Any]:
    """Return the order of a fault: an HTTP status in the CRM's own words, a page of HTML, or an answer that gets lost after the call was carried out."""
    match kind:
        case "HTML":
            return {"kind": "html_503", "status": 200, "body": HTML, "content_type": "text/html"}
        case "nothing":
            return {"kind": "drop_after"}
        case "half a JSON":
            return {"kind": "truncate"}
        case "too late":
            return {"kind": "slow", "delay": 0.8}
        case _:
            code, message = (_SALESFORCE if system == "salesforce" else _HUBSPOT)[int(kind)]
            told: Any = [{"message": message, "errorCode": code}] if system == "salesforce" else {"message": message, "category": code}
            return {"kind": "html_503", "status": int(kind), "body": told, "content_type": "application/json;charset=UTF-8"}
