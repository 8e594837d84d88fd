"""The faults that HubSpot has in words of its own, for the sandbox's fault injection. Data only."""

from typing import Any

from leadhub_sandbox.hubspot.limits import rate_limit_body

_ID = "00000000-0000-4000-8000-000000000000"


def _error(message: str, category: str) -> dict[str, Any]:
    return {"status": "error", "message": message, "correlationId": _ID, "category": category}


def _page(title: str) -> bytes:
    return f"<html><head><title>{title}</title></head><body>{title}</body></html>".encode()


HUBSPOT_KINDS: dict[str, dict[str, Any]] = {
    "locked": {"status": 423, "body": _error("The records are locked; wait two seconds.", "LOCKED")},
    "migrating": {
        "status": 477,
        "body": _error("The account is being moved to another data center.", "MIGRATION_IN_PROGRESS"),
        "headers": {"Retry-After": "600"},
    },
    "internal": {"status": 500, "body": _error("internal error", "INTERNAL_ERROR")},
    "unavailable": {"status": 503, "body": _error("The service is not available.", "SERVICE_UNAVAILABLE")},
    "bad_gateway": {"status": 502, "body": _page("502 Bad Gateway"), "content_type": "text/html"},
    "gateway_timeout": {"status": 504, "body": _page("504 Gateway Time-out"), "content_type": "text/html"},
    "timeout_524": {"status": 524, "body": _page("524: A timeout occurred"), "content_type": "text/html"},
    "malformed_token_530": {"status": 530, "body": _page("530"), "content_type": "text/html"},
    "too_many": {
        "status": 429,
        "body": rate_limit_body("You have reached your ten_secondly_rolling limit.", "TEN_SECONDLY_ROLLING", _ID),
        "headers": {"Retry-After": "1"},
    },
    "daily_limit": {"status": 429, "body": rate_limit_body("You have reached your daily limit.", "DAILY", _ID)},
}
