"""HubSpot's error answers in leadhub's errors. Pure: it makes no call and decides nothing but which error it is.

Bodies and statuses: HubSpot's "Error handling" and "Usage guidelines" pages.
"""

import json
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
    Unavailable,
    UnknownOutcome,
)

Body = Mapping[str, Any]
LOCK_SECONDS = 2.0  # HubSpot: after a 423 wait at least two seconds
_EXISTING_ID = re.compile(r"Existing ID:\s*(\d+)")
_HOLDER_ID = re.compile(r"(\d+) already has that value")
_WAIT = "nothing: the next run goes on; where it happens often, run leadhub when other apps of the account rest"
_NEVER_REACHED = frozenset({503, 521, 523})


@dataclass(frozen=True, slots=True)
class Detail:
    """What is wrong with one property, from either of HubSpot's two forms."""

    message: str
    code: str
    fields: tuple[str, ...]


def record_error(body: Body) -> RecordError:
    """Return why a record was refused, from one entry of a 207's errors or from the body of a 400, 404 or 409."""
    details = _details(body)
    message = "; ".join(dict.fromkeys(detail.message for detail in details)) or str(body.get("message") or "no reason given")
    category = str(body.get("category") or "")
    code = details[0].code if details else category
    fields = tuple(dict.fromkeys(name for detail in details for name in detail.fields))
    text = f"HubSpot refuses the record: {message}"
    if category == "CONFLICT" or code == "CONFLICTING_UNIQUE_VALUE":
        found = _EXISTING_ID.search(message) or _HOLDER_ID.search(message)
        return DuplicateRefused(text, existing_id=found[1] if found else None, code=code, fields=fields or ("email",))
    if category == "OBJECT_NOT_FOUND":
        return RecordGone(text, code=category)
    if category == "VALIDATION_ERROR" or details:
        return InvalidValue(text, code=code, fields=fields, next_step=_advice(code))
    return RecordError(text, code=code, fields=fields)


def _advice(code: str) -> str | None:
    return "leadhub doctor" if code in {"PROPERTY_DOESNT_EXIST", "INVALID_OPTION", "READ_ONLY_VALUE"} else None


def _details(body: Body) -> list[Detail]:
    """Return the properties complained of: from `errors`, and where there are none from the JSON inside the message."""
    listed = []
    for entry in _dicts(body.get("errors")):
        context = entry.get("context")
        names = context.get("propertyName") if isinstance(context, dict) else None
        listed.append(Detail(str(entry.get("message", "")), str(entry.get("code") or ""), tuple(map(str, names or ()))))
    if any(detail.fields for detail in listed):
        return listed
    return _inside(str(body.get("message") or "")) or listed


def _inside(message: str) -> list[Detail]:
    start = message.find("[{")
    if start < 0:
        return []
    try:
        parsed, _ = json.JSONDecoder().raw_decode(message[start:])
    except ValueError:
        return []
    return [
        Detail(str(entry.get("message", "")), str(entry.get("error") or ""), (str(entry["name"]),) if entry.get("name") else ())
        for entry in _dicts(parsed)
    ]


def _dicts(value: object) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


_APP = "check client_id and client_secret, or install the app anew and put its refresh token into the refresh_token setting"


def scopes_at(name: str, *, app: bool) -> str:
    """Return where a person gives a service key, or an OAuth app, a scope that it lacks."""
    if app:
        return f"HubSpot: the OAuth app's scopes: add {name}, install the app anew, and put its refresh token into the refresh_token setting"
    return f"HubSpot: Settings > Integrations > Service Keys > leadhub's key > scopes: tick {name}"


def call_error(call: str, status: int, body: Body | None, retry_after: str | None, *, write: bool, app: bool = False) -> Exception:
    """Return the error of a call that was refused as a whole. `call` names it ("POST /path"), `body` is None when it was no JSON object.

    A 5xx leaves a read harmless (Unavailable) and a write unknown, unless HubSpot itself says that the call was not taken (503, lock).
    """
    reason = str((body or {}).get("message") or "") or "no reason that can be read"
    if status == 429:
        return _rate_error(call, body or {}, _seconds(retry_after))
    if status in {401, 530}:  # 530: what HubSpot's front answers to a malformed token
        return AccessDenied(f"HubSpot refuses the token: {reason}", next_step=_APP if app else "put a valid service key into the token setting")
    if status == 403:
        who, lacks = "OAuth app" if app else "service key", ", ".join(_scopes(body or {}))
        needed = f" (needed: {lacks})" if lacks else ""
        return AccessDenied(f"The {who} lacks a right: {reason}{needed}", next_step=scopes_at(lacks or "what lacks", app=app))
    if status == 423:
        return Unavailable(f"{call}: the records are locked: {reason}", retry_after=max(_seconds(retry_after) or 0.0, LOCK_SECONDS))
    if status == 477:
        return Unavailable(f"{call}: HubSpot is moving this account: {reason}", retry_after=_seconds(retry_after))
    if status >= 500:
        taken = write and (status not in _NEVER_REACHED or body is None)
        text = f"{call}: HubSpot answered {status}: {reason}"
        return UnknownOutcome(text) if taken else Unavailable(text, retry_after=_seconds(retry_after))
    if 300 <= status < 400:
        return FatalError(f"{call}: answered with a redirect (HTTP {status}), which is not followed.", next_step="check base_url")
    return FatalError(f"{call}: HubSpot refuses the request (HTTP {status}): {reason}", next_step="check api_version and base_url")


def token_error(status: int, body: Body, retry_after: str | None) -> Exception:
    """Return the error of a refusal to lend an access token. It repeats nothing of what was sent: that was secrets."""
    if status < 400 or status == 429 or status >= 500:
        return Unavailable(f"HubSpot gives no access token just now (HTTP {status}).", retry_after=_seconds(retry_after))
    code = str(body.get("status") or body.get("category") or "")
    named = f", {code}" if re.fullmatch(r"[A-Z_]{3,40}", code) else ""
    return AccessDenied(
        f"HubSpot refuses the OAuth app (HTTP {status}{named}).",
        next_step=_APP,
    )


def _rate_error(call: str, body: Body, retry_after: float | None) -> Exception:
    policy = str(body.get("policyName") or "")
    if policy == "DAILY":
        next_step = "wait until midnight in the account's time zone, then leadhub sync"
        return QuotaExhausted("HubSpot's daily limit of calls is spent, by all apps of the account together.", next_step=next_step)
    reason = policy or str(body.get("message") or "no limit named")
    return RateLimited(f"{call}: HubSpot answered 429, too many calls: {reason}", retry_after=retry_after, next_step=_WAIT)


def _scopes(body: Body) -> list[str]:
    contexts = [entry.get("context") for entry in _dicts(body.get("errors"))]
    return [str(name) for context in contexts if isinstance(context, dict) for name in context.get("requiredGranularScopes") or ()]


def _seconds(text: str | None) -> float | None:
    """Return a Retry-After header in seconds; its form as a date is not used by HubSpot and counts as absent."""
    try:
        return max(float(text), 0.0) if text else None
    except ValueError:
        return None
