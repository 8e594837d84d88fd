"""The forms of one account and what was submitted to them. Definitions and plain state; who may submit is decided elsewhere."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from leadhub_sandbox.hubspot.schema import Schema
from leadhub_sandbox.hubspot.timestamps import iso

CONTACT = "0-1"
FORM_TYPES = ("hubspot", "captured", "flow", "blog_comment")
# The field of a form that goes with a property's own field type; a plain line for any other.
_FIELD_TYPES = {
    "text": "single_line_text",
    "textarea": "multi_line_text",
    "phonenumber": "phone",
    "select": "dropdown",
    "radio": "radio",
    "checkbox": "multiple_checkboxes",
    "booleancheckbox": "single_checkbox",
    "number": "number",
    "date": "datepicker",
}
_CHOICES = ("dropdown", "radio", "multiple_checkboxes")


@dataclass(slots=True)
class FormField:
    """One field of a form: the property of contacts that it fills, and whether it must be filled."""

    name: str
    required: bool = False
    hidden: bool = False


@dataclass(slots=True)
class Form:
    """One form. `inline_message` is shown after a submission unless there is a page to go to."""

    id: str
    name: str
    type: str
    fields: list[FormField]
    created_ms: int
    inline_message: str = "Thanks for submitting the form."
    redirect_url: str = ""
    lifecycle_stage: str = ""
    blocked_domains: list[str] = field(default_factory=list)
    archived: bool = False

    def wanted(self) -> dict[str, FormField]:
        """Return the fields by name."""
        return {entry.name: entry for entry in self.fields}

    def describe(self, schema: Schema) -> dict[str, Any]:
        """Return the definition as the forms API gives it (field names: the models of HubSpot's own Python client)."""
        made = {"createdAt": iso(self.created_ms), "updatedAt": iso(self.created_ms), "archived": self.archived}
        groups = [{"groupType": "default_group", "richTextType": "text", "fields": [self._field(entry, schema)]} for entry in self.fields]
        configuration = {
            **dict.fromkeys(("createNewContactForNewEmail", "allowLinkToResetKnownValues", "notifyContactOwner", "recaptchaEnabled"), False),
            **dict.fromkeys(("editable", "prePopulateKnownValues", "cloneable", "archivable"), True),
            "language": "en",
            "notifyRecipients": [],
            "lifecycleStages": [{"objectTypeId": CONTACT, "value": self.lifecycle_stage}] if self.lifecycle_stage else [],
            "postSubmitAction": {"type": "redirect_url", "value": self.redirect_url}
            if self.redirect_url
            else {"type": "thank_you", "value": self.inline_message},
        }
        return {
            "id": self.id,
            "name": self.name,
            "formType": self.type,
            **made,
            "fieldGroups": groups,
            "configuration": configuration,
            "displayOptions": {"renderRawHtml": False, "theme": "default_style", "submitButtonText": "Submit", "style": _STYLE},
            "legalConsentOptions": {"type": "none"},
        }

    def _field(self, entry: FormField, schema: Schema) -> dict[str, Any]:
        known = schema.properties[entry.name]
        kind = "email" if entry.name == "email" else _FIELD_TYPES.get(known.field_type, "single_line_text")
        base = {"objectTypeId": CONTACT, "name": entry.name, "label": known.label, "required": entry.required}
        told: dict[str, Any] = base | {"hidden": entry.hidden, "fieldType": kind, "dependentFields": []}
        if kind == "email":
            told["validation"] = {"blockedEmailDomains": list(self.blocked_domains), "useDefaultBlockList": False}
        if kind == "phone":
            told |= {"useCountryCodeSelect": False, "validation": {"minAllowedDigits": 0, "maxAllowedDigits": 20}}
        if kind == "number":
            told["validation"] = {"minAllowedDigits": 0, "maxAllowedDigits": 20}
        if kind in _CHOICES:
            options = [
                {"label": option.label, "value": option.value, "displayOrder": at} for at, option in enumerate(known.options) if not option.hidden
            ]
            told |= {"options": options, "defaultValues": []}
        return told


@dataclass(slots=True)
class Submission:
    """One submission as it came: `values` may hold a name more than once. `at` is when it came in, `submitted_ms` what it says of itself."""

    conversion_id: str
    form_id: str
    submitted_ms: int
    values: list[dict[str, str]]
    page_url: str
    page_name: str
    at: int


class FormBook:
    """All forms of an account, their submissions, and those that have not yet reached their contact."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.forms: dict[str, Form] = {}
        self.submissions: list[Submission] = []
        self.waiting: list[Submission] = []
        self._define_default()

    def _define_default(self) -> None:
        fields = [FormField("email", required=True), *(FormField(name) for name in ("firstname", "lastname", "company", "message"))]
        made = Form(self.new_id("form"), "Contact us", "hubspot", fields, 1_767_603_600_000)
        self.forms[made.id] = made

    def new_id(self, what: str) -> str:
        """Return the id of the next form or submission: the seed and the number of them decide."""
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.seed} {what} {len(self.forms)} {len(self.submissions)}"))

    def define(self, order: Mapping[str, Any], schema: Schema, now_ms: int) -> Form:
        """Add a form, or replace the one with the order's id. Raises ValueError for a type or a field that there is not."""
        kind, wanted = str(order.get("formType", "hubspot")), order["fields"]
        if kind not in FORM_TYPES:
            raise ValueError(f"formType is one of {', '.join(FORM_TYPES)}, not {kind!r}")
        fields = [FormField(str(entry["name"]), bool(entry.get("required")), bool(entry.get("hidden"))) for entry in wanted]
        unknown = [entry.name for entry in fields if entry.name not in schema.properties]
        if unknown:
            raise ValueError(f"contacts have no property {', '.join(unknown)}")
        made = Form(str(order.get("id") or self.new_id("form")), str(order["name"]), kind, fields, now_ms)
        made.inline_message = str(order.get("inlineMessage", made.inline_message))
        made.redirect_url, made.lifecycle_stage = str(order.get("redirectUrl", "")), str(order.get("lifecycleStage", ""))
        made.blocked_domains, made.archived = [str(one).lower() for one in order.get("blockedEmailDomains", [])], bool(order.get("archived"))
        self.forms[made.id] = made
        return made

    def listed(self, types: Iterable[str], *, archived: bool) -> list[Form]:
        """Return the forms of these types, in order of creation."""
        return [form for form in self.forms.values() if form.type in types and form.archived is archived]

    def newest_first(self, form_id: str) -> list[Submission]:
        """Return a form's submissions, newest first; those of one and the same millisecond come in no order to rely on."""
        mine = (one for one in self.submissions if one.form_id == form_id)
        return sorted(mine, key=lambda one: (-one.submitted_ms, one.conversion_id))

    def submit(self, submission: Submission) -> None:
        """Keep a submission; its contact is still to be written."""
        self.submissions.append(submission)
        self.waiting.append(submission)

    def due(self, until_ms: int) -> list[Submission]:
        """Return, and forget as waiting, what came in until then."""
        ready = [one for one in self.waiting if one.at <= until_ms]
        self.waiting = [one for one in self.waiting if one.at > until_ms]
        return ready

    def dump(self) -> dict[str, Any]:
        """Return everything as plain data."""
        waiting = [one.conversion_id for one in self.waiting]
        return {"forms": [asdict(one) for one in self.forms.values()], "submissions": [asdict(one) for one in self.submissions], "waiting": waiting}

    def load(self, state: Mapping[str, Any]) -> None:
        """Put back what `dump` returned."""
        forms = [{**one, "fields": [FormField(**entry) for entry in one["fields"]]} for one in state["forms"]]
        self.forms = {one["id"]: Form(**one) for one in forms}
        self.submissions = [Submission(**one) for one in state["submissions"]]
        self.waiting = [one for one in self.submissions if one.conversion_id in set(state["waiting"])]


_STYLE = {
    "fontFamily": "arial, helvetica, sans-serif",
    "backgroundWidth": "100%",
    "labelTextColor": "#33475b",
    "labelTextSize": "14px",
    "helpTextColor": "#7C98B6",
    "helpTextSize": "11px",
    "legalConsentTextColor": "#33475b",
    "legalConsentTextSize": "14px",
    "submitColor": "#ff7a59",
    "submitAlignment": "left",
    "submitFontColor": "#ffffff",
    "submitSize": "12px",
}
