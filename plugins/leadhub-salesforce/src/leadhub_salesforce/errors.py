"""What Salesforce's refusals mean for leadhub: by HTTP status and error code to an error typed by recovery. Pure.

Codes and statuses: Salesforce's REST API Developer Guide, "Status Codes and Error Responses", and SOAP API, "StatusCode".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leadhub import (
    AccessDenied,
    DuplicateRefused,
    FatalError,
    InvalidValue,
    QuotaExhausted,
    RateLimited,
    RecordError,
    RecordGone,
    RetryableError,
    RowsLocked,
    StaleRecord,
    Unavailable,
    UnknownOutcome,
)

Trouble = FatalError | RecordError | RetryableError | UnknownOutcome

LOCKED = "UNABLE_TO_LOCK_ROW"
NOT_TAKEN = frozenset({LOCKED, "SERVER_UNAVAILABLE"})
"""Codes that say the row, or the call, was not taken and may be sent again as it is."""

CHANGED = "PRECONDITION_FAILED"
"""leadhub's word for an answer 412: Salesforce's own is not in its documentation."""

RECORD_KINDS: Mapping[str, type[RecordError]] = {
    "CANNOT_UPDATE_CONVERTED_LEAD": StaleRecord,
    CHANGED: StaleRecord,
    "ENTITY_IS_DELETED": RecordGone,
    "NOT_FOUND": RecordGone,
    "INACTIVE_OWNER_OR_USER": InvalidValue,
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": InvalidValue,
    "FIELD_INTEGRITY_EXCEPTION": InvalidValue,
    "INVALID_CROSS_REFERENCE_KEY": InvalidValue,
    "INVALID_EMAIL_ADDRESS": InvalidValue,
    "INVALID_FIELD": InvalidValue,
    "INVALID_FIELD_FOR_INSERT_UPDATE": InvalidValue,
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": InvalidValue,
    "INVALID_STATUS": InvalidValue,
    "INVALID_TYPE_ON_FIELD_IN_RECORD": InvalidValue,
    "JSON_PARSER_ERROR": InvalidValue,
    "MALFORMED_ID": InvalidValue,
    "NUMBER_OUTSIDE_VALID_RANGE": InvalidValue,
    "OP_WITH_INVALID_USER_TYPE_EXCEPTION": InvalidValue,
    "REQUIRED_FIELD_MISSING": InvalidValue,
    "STRING_TOO_LONG": InvalidValue,
}
"""Per-record codes; what is missing here is a RecordError without a kind of its own (triggers, sharing, rights on one record)."""

DUPLICATE_CODES = frozenset({"DUPLICATES_DETECTED", "DUPLICATE_VALUE", "DUPLICATE_EXTERNAL_ID"})
_EXISTING = re.compile(r"record with id: ([A-Za-z0-9]{15,18})")


class ReadRefused(FatalError):
    """Salesforce refuses a question as such. `code` is its own word: this plugin asks once more when a field has just been hidden."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message, next_step="leadhub doctor")
        self.code = code


@dataclass(frozen=True, slots=True)
class Complaint:
    """One error as Salesforce words it."""

    code: str
    message: str
    fields: tuple[str, ...] = ()
    matches: tuple[tuple[str, str], ...] = ()
    """What a duplicate rule found: object and id, Leads first, the surest first. A collection does not tell it."""

    @classmethod
    def parse(cls, content: Any) -> "Complaint":
        """Read the first error of an answer: REST's list, a save result's entry (`statusCode`), OAuth's object, or a page of HTML."""
        first = content[0] if isinstance(content, list) and content else content
        if not isinstance(first, Mapping):
            return cls("", "the answer is no error of the API's own (an empty or HTML page, as its network edge sends)")
        code = first.get("errorCode") or first.get("statusCode") or first.get("error") or ""
        message = first.get("message") or first.get("error_description") or ""
        fields = tuple(str(name) for name in first.get("fields") or ())
        return cls(str(code), str(message), fields, _matches(first.get("duplicateResult") or first.get("duplicateResut")))


def _matches(told: Any) -> tuple[tuple[str, str], ...]:
    """Return the records that a duplicate rule names. Some releases misspell the key; a record out of sight has no id."""
    found: dict[tuple[str, str], float] = {}
    for result in (told.get("matchResults") or ()) if isinstance(told, Mapping) else ():
        for match in result.get("matchRecords") or ():
            record = match.get("record") or {}
            kind = (record.get("attributes") or {}).get("type") or result.get("entityType") or ""
            if record_id := record.get("Id"):
                key = (str(kind), str(record_id))
                found[key] = max(found.get(key, 0.0), float(match.get("matchConfidence") or 0))
    return tuple(sorted(found, key=lambda key: (key[0] != "Lead", -found[key], key)))


def from_answer(status: int, content: Any, what: str, *, write: bool, retry_after: float | None = None) -> Trouble:
    """Return the error that an HTTP answer of 300 and up stands for. `what` names the call for a person; `write`: it would have changed data."""
    complaint = Complaint.parse(content)
    said = f"{what}: Salesforce answered {status} {complaint.code or '(no code)'}: {complaint.message}"
    if complaint.code == "REQUEST_LIMIT_EXCEEDED":
        if "concurrent" in complaint.message.lower():
            return RateLimited(said, retry_after=retry_after)
        return QuotaExhausted(said, next_step="wait until the 24-hour window has moved on, or raise the org's API allowance")
    if status == 401:
        return AccessDenied(said, next_step="check client_id, client_secret and the app's run-as user, then: leadhub doctor")
    if status == 403:
        return AccessDenied(said, next_step="give leadhub's Salesforce user the permissions that the plugin's README lists")
    if status in (420, 429):
        return RateLimited(said, retry_after=retry_after)
    if status == 406 or complaint.code in NOT_TAKEN or (complaint.code == "QUERY_TIMEOUT" and not write):
        return Unavailable(said, retry_after=retry_after)
    if status >= 500:
        return UnknownOutcome(said) if write else Unavailable(said, retry_after=retry_after)
    return _permanent(status, complaint, said, write=write)


def as_result(status: int, content: Any) -> dict[str, Any] | None:
    """Return the refusal of a single row as a collection would tell it; None where the answer is about the call and not about the row."""
    complaint = Complaint.parse(content)
    if status == 412:
        return {"success": False, "errors": [{"statusCode": CHANGED, "message": "the record was saved after it was read"}]}
    of_the_row = {400: bool(complaint.code), 403: complaint.code.startswith("INSUFFICIENT_ACCESS"), 404: complaint.code in RECORD_KINDS}
    return {"success": False, "errors": content} if of_the_row.get(status) else None


def _permanent(status: int, complaint: Complaint, said: str, *, write: bool) -> Trouble:
    if status == 410:
        return FatalError(said, next_step="set api_version to one that the org still offers, such as 66.0")
    if write and status == 300:
        return DuplicateRefused(said, code=complaint.code)
    if write and status == 400 and complaint.code:
        return for_record(complaint)
    return ReadRefused(said, code=complaint.code)


def graver(one: Unavailable | None, other: Unavailable) -> Unavailable:
    """Return what stands for rows that were not taken: a lock stops nothing but its row, so anything else among them goes before it."""
    return other if one is None or isinstance(one, RowsLocked) else one


def for_record(complaint: Complaint) -> RecordError | Unavailable:
    """Return the error that one record's complaint stands for.

    A locked row is `RowsLocked`, not a refusal: Salesforce rolled that row back and nothing is wrong with it, so the same change may be sent
    again. A foreign key error that names no field is about the record's own id: the row is gone for good.
    """
    said = f"Salesforce refuses the record ({complaint.code}): {complaint.message}"
    if complaint.code == LOCKED:
        return RowsLocked(f"The record is locked in Salesforce ({complaint.code}): {complaint.message}")
    if complaint.code in NOT_TAKEN:
        return Unavailable(said)
    if complaint.code in DUPLICATE_CODES:
        found = _EXISTING.search(complaint.message)
        existing = found[1] if found else complaint.matches[0][1] if complaint.matches else None
        if complaint.matches:
            said += f" It may be {', or '.join(f'{kind} {record_id}' for kind, record_id in complaint.matches)}."
        return DuplicateRefused(said, existing_id=existing, code=complaint.code, fields=complaint.fields)
    if complaint.code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST":
        said += " The field has no such active value, or the record's type leaves it out."
    if complaint.code == "INVALID_CROSS_REFERENCE_KEY" and not complaint.fields:
        return RecordGone(said, code=complaint.code)
    kind = RECORD_KINDS.get(complaint.code, RecordError)
    return kind(said, code=complaint.code, fields=complaint.fields)
