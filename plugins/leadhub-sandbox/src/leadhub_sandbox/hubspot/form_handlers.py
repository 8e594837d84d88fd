# ruff: noqa: ARG002 - the router calls every handler alike, with the request and the names in its path
"""The forms API, old and new: definitions, submissions, submitting, and the contact that follows some seconds later."""

import base64
import binascii
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from leadhub_sandbox.http import Request, Response
from leadhub_sandbox.hubspot.account import Account
from leadhub_sandbox.hubspot.errors import ApiError, invalid, not_found
from leadhub_sandbox.hubspot.forms import FORM_TYPES, Form, FormBook, Submission
from leadhub_sandbox.hubspot.limits import BURST_MS, rate_limit_body
from leadhub_sandbox.hubspot.numerals import whole
from leadhub_sandbox.hubspot.records import body_of
from leadhub_sandbox.hubspot.schema import STAGE, is_address
from leadhub_sandbox.hubspot.store import Record, Source
from leadhub_sandbox.hubspot.timestamps import iso
from leadhub_sandbox.hubspot.views import is_true, names_of, number_of
from leadhub_sandbox.hubspot.writes import Writer

PAGE, MAX_PAGE, MAX_SUBMISSIONS = 20, 100, 50
_CONVERSIONS = ("first_conversion_date", "first_conversion_event_name", "recent_conversion_date", "recent_conversion_event_name")


class FormHandlers:
    """The endpoints of forms. `settle` lets the contacts of earlier submissions appear; every call begins with it."""

    def __init__(self, account: Account, writer: Writer) -> None:
        self.book = FormBook(account.seed)
        self._account = account
        self._writer = writer
        self._submitted: deque[int] = deque()

    def list(self, request: Request, version: str) -> Response:
        """GET /marketing/v3/forms: of type hubspot alone unless formTypes asks for more."""
        types = names_of(request, "formTypes") or ["hubspot"]
        unknown = [name for name in types if name not in (*FORM_TYPES, "all")]
        if unknown:
            raise invalid(f"There is no form type {', '.join(unknown)}.", formTypes=unknown)
        found = self.book.listed(FORM_TYPES if "all" in types else types, archived=is_true(request, "archived"))
        limit, start = number_of(request.param("limit"), PAGE, MAX_PAGE), _offset(request)
        told = [form.describe(self._account.schema) for form in found[start : start + limit]]
        return Response(body={"results": told} | _paging(request, start + limit, len(found)))

    def get(self, request: Request, version: str, form_id: str) -> Response:
        """GET /marketing/v3/forms/{id}."""
        return Response(body=self._form(form_id).describe(self._account.schema))

    def submissions(self, request: Request, version: str, form_id: str) -> Response:
        """GET /form-integrations/v1/submissions/forms/{id}: newest first. There is no filter by time."""
        form = self._form(form_id)
        if form.type == "blog_comment":
            problem = {"message": "Submissions of blog comment forms cannot be read.", "errorType": "FORM_TYPE_NOT_ALLOWED"}
            raise ApiError(400, "VALIDATION_ERROR", "FORM_TYPE_NOT_ALLOWED", errors=[problem])
        limit, start = number_of(request.param("limit"), PAGE, MAX_SUBMISSIONS), _offset(request)
        found = self.book.newest_first(form.id)
        told = [
            {"conversionId": one.conversion_id, "submittedAt": one.submitted_ms, "values": one.values, "pageUrl": one.page_url}
            for one in found[start : start + limit]
        ]
        return Response(body={"results": told} | _paging(request, start + limit, len(found)))

    def submit_openly(self, request: Request, portal_id: str, form_id: str) -> Response:
        """POST /submissions/v3/integration/submit/{portal}/{form}: without a token, so with a limit of its own."""
        now, most = self._account.now_ms(), self._account.settings.form_limit
        while self._submitted and not now - BURST_MS < self._submitted[0] <= now:
            self._submitted.popleft()
        if len(self._submitted) >= most:
            told = rate_limit_body("You have reached your ten_secondly_rolling limit.", "TEN_SECONDLY_ROLLING", self._account.correlation_id())
            return Response(429, told)
        self._submitted.append(now)
        return self.submit(request, "v3", portal_id, form_id)

    def submit(self, request: Request, version: str, portal_id: str, form_id: str) -> Response:
        """POST …/secure/submit/{portal}/{form}: the same with a token, below the account's usual limits."""
        if portal_id != str(self._account.portal_id):
            raise not_found(f"There is no account {portal_id}.")
        form, body = self._form(form_id), body_of(request)
        values = _fields(body)
        if body.get("skipValidation") is not True:
            problems = _problems(form, values, self._account.blocks)
            if problems:
                raise ApiError(400, "VALIDATION_ERROR", "The request is not valid", errors=problems)
        context, now = body.get("context") or {}, self._account.now_ms()
        at = now if body.get("submittedAt") is None else whole(body["submittedAt"])
        if at is None or not isinstance(context, dict):
            raise invalid("submittedAt is epoch milliseconds, and context an object.")
        page = str(context.get("pageUri", "")), str(context.get("pageName", ""))
        self.book.submit(Submission(self.book.new_id("submission"), form.id, at, values, *page, now))
        return Response(body={"redirectUri": form.redirect_url} if form.redirect_url else {"inlineMessage": form.inline_message})

    def define(self, request: Request) -> Response:
        """Take an administrator's order for a form; see HUBSPOT.md."""
        form = self.book.define(body_of(request), self._account.schema, self._account.now_ms())
        return Response(201, form.describe(self._account.schema))

    def settle(self) -> None:
        """Write the contacts of the submissions whose delay is over, each as of the moment when it was."""
        delay = int(self._account.settings.form_delay_seconds * 1000)
        for submission in self.book.due(self._account.now_ms() - delay):
            with self._account.acting_at(submission.at + delay), suppress(ApiError):  # a form that makes no contact says so to nobody
                self._write(self.book.forms[submission.form_id], submission)

    def _write(self, form: Form, submission: Submission) -> None:
        account = self._account
        properties = account.schema.properties
        sent: dict[str, str] = {}
        for entry in submission.values:  # a name that comes twice is a multiple choice
            held = sent.get(entry["name"])
            sent[entry["name"]] = f"{held};{entry['value']}" if held and entry["value"] else entry["value"] or held or ""
        values, _ = account.schema.check({name: value for name, value in sent.items() if value})
        contact = account.store.find("email", values["email"]) if "email" in values else None
        if contact is not None:
            values.pop("email")  # it may be a secondary one, which must not become the primary
        if form.lifecycle_stage:
            values[STAGE] = form.lifecycle_stage
        values |= _conversion(contact, form, submission)
        source = Source("FORM", form.id, form.name)
        self._writer.commit(self._writer.prepare(contact, values, source, "", unlocked=properties))

    def _form(self, form_id: str) -> Form:
        form = self.book.forms.get(form_id)
        if form is None:
            raise not_found(f"There is no form {form_id}.", [form_id])
        return form

    def dump(self) -> dict[str, Any]:
        """Return the forms' state as plain data."""
        return self.book.dump() | {"submitted": [*self._submitted]}

    def load(self, state: dict[str, Any]) -> None:
        """Put back what `dump` returned."""
        self.book.load(state)
        self._submitted = deque(state["submitted"])


def _conversion(contact: Record | None, form: Form, submission: Submission) -> dict[str, str]:
    """Return what HubSpot notes of the submission on its contact; the first one stays the first."""
    title = f"{submission.page_name}: {form.name}" if submission.page_name else form.name
    noted = dict(zip(_CONVERSIONS, (iso(submission.submitted_ms), title) * 2, strict=True))
    return {name: value for name, value in noted.items() if name.startswith("recent") or contact is None or name not in contact.values}


def _fields(body: dict[str, Any]) -> list[dict[str, str]]:
    """Return the fields of a submission. Raises ApiError 400 unless they are a list of names with texts."""
    fields = body.get("fields")
    if not isinstance(fields, list) or not all(isinstance(entry, dict) and isinstance(entry.get("name"), str) for entry in fields):
        raise invalid("Invalid input JSON: fields must be a list of objects with a name and a value.")
    if not all(isinstance(entry.get("value"), str) for entry in fields):
        raise invalid("Invalid input JSON: every field needs a value, which is a string.")
    return [{"name": entry["name"], "value": entry["value"], "objectTypeId": str(entry.get("objectTypeId", "0-1"))} for entry in fields]


def _problems(form: Form, values: list[dict[str, str]], purged: Callable[[str], bool]) -> list[dict[str, str]]:
    wanted, told = form.wanted(), []
    given = {entry["name"]: entry["value"].strip() for entry in values}
    for name, value in given.items():
        if name not in wanted:
            told.append(_problem(name, f"Field '{name}' is not in the form definition", "FIELD_NOT_IN_FORM_DEFINITION"))
        elif name == "email" and value and not is_address(value):
            told.append(_problem(name, "Invalid email address", "INVALID_EMAIL"))
        elif name == "email" and (value.lower().rpartition("@")[2] in form.blocked_domains or purged(value.lower())):
            told.append(_problem(name, "The email address is blocked", "BLOCKED_EMAIL"))
    missing = [entry.name for entry in form.fields if entry.required and not given.get(entry.name)]
    return told + [_problem(name, f"Required field '{name}' is missing", "REQUIRED_FIELD") for name in missing]


def _problem(name: str, text: str, kind: str) -> dict[str, str]:
    return {"message": f"Error in 'fields.{name}'. {text}", "errorType": kind}


def _offset(request: Request) -> int:
    after = request.param("after")
    if not after:
        return 0
    try:
        number = whole(base64.urlsafe_b64decode(after).decode().removeprefix("at:"))
    except (binascii.Error, ValueError):
        number = None
    if number is None:
        raise invalid("after is not a cursor of this list.")
    return number


def _paging(request: Request, end: int, size: int) -> dict[str, Any]:
    if end >= size:
        return {}
    after = base64.urlsafe_b64encode(f"at:{end}".encode()).decode()
    query = {name: values for name, values in request.query.items() if name != "after"} | {"after": [after]}
    link = f"http://{request.headers.get('host', '')}{request.raw_target.partition('?')[0]}?{urlencode(query, doseq=True)}"
    return {"paging": {"next": {"after": after, "link": link}}}
