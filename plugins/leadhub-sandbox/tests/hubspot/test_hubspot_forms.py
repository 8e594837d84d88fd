"""Forms: their definitions, what was submitted to them, submitting, and the contact that follows."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from leadhub_sandbox.clock import SandboxClock
from leadhub_sandbox.hubspot import HubSpotService

V3 = "/crm/v3/objects/contacts"
FORMS = "/marketing/v3/forms"
Create = Callable[..., dict[str, Any]]
Settings = Callable[..., None]
Submit = Callable[..., httpx.Response]
EMAIL = {"name": "email", "required": True}
NO_TOKEN = {"Authorization": "none"}


@pytest.fixture
def default_form(hub: httpx.Client) -> str:
    """The form that a fresh account has."""
    form: str = hub.get(FORMS).json()["results"][0]["id"]
    return form


@pytest.fixture
def submit(hub: httpx.Client, service: HubSpotService, default_form: str) -> Submit:
    """Submit fields to a form as a browser does, without a token that the account knows."""

    def submit(
        form: str = default_form, portal: int = service.account.portal_id, more: dict[str, Any] | None = None, **fields: str
    ) -> httpx.Response:
        listed = [{"objectTypeId": "0-1", "name": name, "value": value} for name, value in fields.items()]
        path = f"/submissions/v3/integration/submit/{portal}/{form}"
        return hub.post(path, json={"fields": listed} | (more or {}), headers=NO_TOKEN)

    return submit


def _form(hub: httpx.Client, name: str, *fields: dict[str, Any], **more: Any) -> str:
    answer = hub.post("/_sandbox/forms", json={"name": name, "fields": list(fields) or [EMAIL], **more})
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


def _submissions(hub: httpx.Client, form: str, **query: Any) -> dict[str, Any]:
    answer = hub.get(f"/form-integrations/v1/submissions/forms/{form}", params=query)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def _by_email(hub: httpx.Client, address: str, **query: str) -> httpx.Response:
    return hub.get(f"{V3}/{address}", params={"idProperty": "email", **query})


def test_forms_are_listed_by_type(hub: httpx.Client) -> None:
    """Behavior 49: without formTypes only forms of type hubspot are listed; a type that there is not is 400."""
    for kind in ("captured", "flow", "blog_comment"):
        _form(hub, kind, formType=kind)
    names = [
        [form["name"] for form in hub.get(FORMS, params=query).json()["results"]]
        for query in ({}, {"formTypes": "captured"}, {"formTypes": ["hubspot", "flow"]}, {"formTypes": "hubspot,captured,flow,blog_comment"})
    ]
    assert names == [["Contact us"], ["captured"], ["Contact us", "flow"], ["Contact us", "captured", "flow", "blog_comment"]]
    assert hub.get(FORMS, params={"formTypes": "popup"}).status_code == 400


def test_forms_come_in_pages(hub: httpx.Client) -> None:
    """Behavior 49: forms are paged with an opaque cursor and a link, twenty unless asked otherwise; archived ones are apart."""
    made = [_form(hub, f"F{at}") for at in range(24)]
    _form(hub, "old", archived=True)
    first = hub.get(FORMS).json()
    assert len(first["results"]) == 20
    assert not first["paging"]["next"]["after"].isdigit()
    rest = hub.get(first["paging"]["next"]["link"]).json()
    assert [form["id"] for form in rest["results"]] == made[-5:]
    assert "paging" not in rest
    assert [form["name"] for form in hub.get(FORMS, params={"archived": "true"}).json()["results"]] == ["old"]
    assert (hub.get(f"{FORMS}/{made[0]}").json()["name"], hub.get(f"{FORMS}/nope").status_code) == ("F0", 404)


def test_a_definition_satisfies_the_clients_models(hub: httpx.Client) -> None:
    """Behaviors 49 and 55: every part of a definition is what HubSpot's own client takes, fields and choices included."""
    models = pytest.importorskip("hubspot.marketing.forms", reason="hubspot-api-client is not installed")
    client = models.ApiClient(models.Configuration())
    fields = [EMAIL, {"name": "lastname"}, {"name": "phone"}, {"name": "hs_lead_status"}, {"name": "message", "hidden": True}]
    told = hub.get(f"{FORMS}/{_form(hub, 'All', *fields, lifecycleStage='lead')}").json()
    kinds = ["EmailField", "SingleLineTextField", "PhoneField", "RadioField", "MultiLineTextField"]
    parts = [(group["fields"][0], kind) for group, kind in zip(told["fieldGroups"], kinds, strict=True)]
    parts += [(told["configuration"], "HubSpotFormConfiguration"), (told["displayOptions"], "FormDisplayOptions")]
    parts += [(told["legalConsentOptions"], "LegalConsentOptionsNone")]
    for part, model in parts:
        client.deserialize(SimpleNamespace(data=json.dumps(part)), model)
    assert parts[3][0]["options"][0]["value"] == "NEW"
    assert told["configuration"]["lifecycleStages"] == [{"objectTypeId": "0-1", "value": "lead"}]


def test_submissions_are_newest_first(hub: httpx.Client, submit: Submit, default_form: str, clock: SandboxClock) -> None:
    """Behavior 49: submissions carry a conversionId of their own and whole milliseconds, newest first, also when one came late."""
    for at in range(3):
        submit(email=f"p{at}@x.example", message="Hi", more={"context": {"pageUri": "https://x.example/contact", "pageName": "Contact"}})
        clock.advance(0.5)
    submit(email="late@x.example", more={"submittedAt": 1_772_442_000_250})
    told = _submissions(hub, default_form)["results"]
    sent = [entry["values"][0]["value"].partition("@")[0] for entry in told]
    assert sent == ["p2", "p1", "late", "p0"]
    assert [entry["submittedAt"] for entry in told] == [1_772_442_001_000, 1_772_442_000_500, 1_772_442_000_250, 1_772_442_000_000]
    assert len({entry["conversionId"] for entry in told}) == 4
    assert told[0]["pageUrl"] == "https://x.example/contact"
    assert told[0]["values"][1] == {"name": "message", "value": "Hi", "objectTypeId": "0-1"}


def test_submissions_come_fifty_at_most_and_without_a_filter_of_time(
    hub: httpx.Client, submit: Submit, default_form: str, settings: Settings
) -> None:
    """Behavior 49: more than 50 a page is 400, pages go on by a cursor, and a bound on the time changes nothing."""
    settings(form_limit=1000)
    for at in range(60):
        submit(email=f"p{at}@x.example")
    assert hub.get(f"/form-integrations/v1/submissions/forms/{default_form}?limit=51").status_code == 400
    first = _submissions(hub, default_form, limit=50, since=9_999_999_999_999, submittedAt__gte=9_999_999_999_999)
    rest = _submissions(hub, default_form, limit=50, after=first["paging"]["next"]["after"])
    ids = [entry["conversionId"] for entry in (*first["results"], *rest["results"])]
    assert (len(first["results"]), len(rest["results"]), len(set(ids)), "paging" in rest) == (50, 10, 60, False)


def test_comments_cannot_be_read(hub: httpx.Client) -> None:
    """Behavior 49: the submissions of a blog's comment form are 400 FORM_TYPE_NOT_ALLOWED, those of an unknown form 404."""
    answer = hub.get(f"/form-integrations/v1/submissions/forms/{_form(hub, 'Comments', formType='blog_comment')}")
    assert (answer.status_code, "FORM_TYPE_NOT_ALLOWED" in answer.text) == (400, True)
    assert hub.get("/form-integrations/v1/submissions/forms/nope").status_code == 404


def test_reading_forms_takes_a_token_and_the_scope(hub: httpx.Client, settings: Settings) -> None:
    """Behaviors 3 and 49: forms have a scope of their own, and none of it is open."""
    assert hub.get(FORMS, headers=NO_TOKEN).status_code == 401
    settings(scopes=["crm.objects.contacts.read"])
    answers = [hub.get(path) for path in (FORMS, "/form-integrations/v1/submissions/forms/x")]
    assert [(one.status_code, one.json()["errors"][0]["context"]["requiredGranularScopes"]) for one in answers] == [(403, ["forms"])] * 2


def test_a_submission_makes_its_contact_later(hub: httpx.Client, submit: Submit, settings: Settings, clock: SandboxClock) -> None:
    """Behavior 50: the submission is there at once, the contact only after the delay, and it is as old as the end of the delay."""
    settings(form_delay_seconds=30)
    answer = submit(email="Ada@x.example", firstname="Ada", more={"context": {"pageName": "Contact"}})
    assert (answer.status_code, answer.json()) == (200, {"inlineMessage": "Thanks for submitting the form."})
    clock.advance(29)
    assert _by_email(hub, "ada@x.example").status_code == 404
    clock.advance(600)
    made = _by_email(hub, "ada@x.example", properties="firstname,recent_conversion_event_name", propertiesWithHistory="firstname").json()
    assert (made["createdAt"], made["updatedAt"]) == ("2026-03-02T09:00:30.000Z",) * 2
    assert (made["properties"]["firstname"], made["properties"]["recent_conversion_event_name"]) == ("Ada", "Contact: Contact us")
    [version] = made["propertiesWithHistory"]["firstname"]
    assert (version["sourceType"], version["sourceLabel"], version["timestamp"]) == ("FORM", "Contact us", "2026-03-02T09:00:30.000Z")


def test_a_submission_updates_whom_it_knows(hub: httpx.Client, submit: Submit, create: Create, clock: SandboxClock) -> None:
    """Behavior 50: a known address updates its contact, a secondary one too, and blanks wipe nothing."""
    made = create(email="a@x.example", company="Acme", lastname="Berg")["id"]
    hub.post("/_sandbox/edit", json={"id": made, "properties": {"hs_additional_emails": "b@x.example"}})
    submit(email="B@x.example", company="New Acme", lastname="")
    clock.advance(60)
    told = hub.get(f"{V3}/{made}?properties=company").json()["properties"]
    assert (told["email"], told["company"], told["lastname"]) == ("a@x.example", "New Acme", "Berg")
    assert len(hub.get(V3).json()["results"]) == 1


def test_a_form_moves_the_stage_forward_only(hub: httpx.Client, submit: Submit, create: Create, clock: SandboxClock) -> None:
    """Behaviors 21 and 50: a form that sets a stage never moves a contact back."""
    form = _form(hub, "Demo", EMAIL, lifecycleStage="marketingqualifiedlead")
    for stage in ("lead", "customer"):
        create(email=f"{stage}@x.example", lifecyclestage=stage)
        submit(form, email=f"{stage}@x.example")
    clock.advance(60)
    told = {stage: _by_email(hub, f"{stage}@x.example", properties="lifecyclestage").json() for stage in ("lead", "customer")}
    stages = {stage: contact["properties"]["lifecyclestage"] for stage, contact in told.items()}
    assert stages == {"lead": "marketingqualifiedlead", "customer": "customer"}


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"firstname": "Ada"}, "REQUIRED_FIELD"),
        ({"email": "  "}, "REQUIRED_FIELD"),
        ({"email": "nobody"}, "INVALID_EMAIL"),
        ({"email": "a@blocked.example"}, "BLOCKED_EMAIL"),
        ({"email": "a@x.example", "city": "Lund"}, "FIELD_NOT_IN_FORM_DEFINITION"),
    ],
)
def test_a_wrong_submission_is_refused(hub: httpx.Client, submit: Submit, fields: dict[str, str], kind: str) -> None:
    """Behavior 50: a missing required field and a wrong one are 400 with an entry in errors, and nothing is kept."""
    form = _form(hub, "Strict", EMAIL, {"name": "firstname"}, blockedEmailDomains=["blocked.example"])
    answer = submit(form, **fields)
    assert (answer.status_code, [entry["errorType"] for entry in answer.json()["errors"]]) == (400, [kind])
    assert _submissions(hub, form)["results"] == []
    assert submit(form, more={"skipValidation": True}, **fields).status_code == 200


def test_a_purged_address_that_is_blocked_makes_no_contact(
    hub: httpx.Client, submit: Submit, create: Create, settings: Settings, clock: SandboxClock
) -> None:
    """Behaviors 33 and 50: a form refuses an address that a privacy deletion blocked; one that comes in all the same makes no contact."""
    hub.post(f"{V3}/gdpr-delete", json={"objectId": "never@x.example", "idProperty": "email"})
    hub.post(f"{V3}/gdpr-delete", json={"objectId": create(email="once@x.example")["id"]})
    refused = submit(email="Never@x.example")
    assert (refused.status_code, [entry["errorType"] for entry in refused.json()["errors"]]) == (400, ["BLOCKED_EMAIL"])
    assert submit(email="never@x.example", more={"skipValidation": True}).status_code == 200
    assert submit(email="once@x.example").status_code == 200
    clock.advance(60)
    assert [_by_email(hub, f"{name}@x.example").status_code for name in ("never", "once")] == [404, 200]
    settings(blocked_emails="none")
    assert submit(email="never@x.example").status_code == 200
    clock.advance(60)
    assert _by_email(hub, "never@x.example").status_code == 200


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"fields": 5}', b'{"fields": [{"name": "email"}]}', b'{"fields": [{"name": 5, "value": "x"}]}'])
def test_awkward_submissions_are_refused_in_words(hub: httpx.Client, service: HubSpotService, default_form: str, body: bytes) -> None:
    """Behavior 50: whatever a browser sends is answered, and so is a wrong account or form."""
    base = "/submissions/v3/integration/submit"
    answer = hub.post(f"{base}/{service.account.portal_id}/{default_form}", content=body, headers=NO_TOKEN | {"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["status"]) == (400, "error")
    assert hub.post(f"{base}/1/{default_form}", json={"fields": []}).status_code == 404
    assert hub.post(f"{base}/{service.account.portal_id}/nope", json={"fields": []}).status_code == 404


def test_submitting_has_a_limit_of_its_own(hub: httpx.Client, submit: Submit, clock: SandboxClock) -> None:
    """Behaviors 43 and 50: without a token 50 submissions pass in ten seconds, which are counted by themselves."""
    assert [submit(email=f"p{at}@x.example").status_code for at in range(51)] == [200] * 50 + [429]
    assert hub.get(V3).status_code == 200
    clock.advance(10)
    assert submit(email="x@x.example").status_code == 200


def test_the_secure_way_takes_a_token(hub: httpx.Client, service: HubSpotService, default_form: str) -> None:
    """Behavior 50: below secure/submit the same is accepted with the Bearer token alone, and the usual limits count it."""
    path = f"/submissions/v3/integration/secure/submit/{service.account.portal_id}/{default_form}"
    body = {"fields": [{"objectTypeId": "0-1", "name": "email", "value": "a@x.example"}]}
    assert hub.post(path, json=body, headers=NO_TOKEN).status_code == 401
    answer = hub.post(path, json=body)
    assert (answer.status_code, "X-HubSpot-RateLimit-Remaining" in answer.headers) == (200, True)


def test_a_page_to_go_to(hub: httpx.Client, submit: Submit) -> None:
    """Behavior 50: a form that leads on to a page answers with its address."""
    form = _form(hub, "Go", redirectUrl="https://x.example/thanks")
    assert submit(form, email="a@x.example").json() == {"redirectUri": "https://x.example/thanks"}


def test_a_snapshot_keeps_forms(hub: httpx.Client, submit: Submit, default_form: str, clock: SandboxClock) -> None:
    """Behaviors 49, 50 and 54: forms, submissions, the contacts still to come and the count of the limit come back."""
    _form(hub, "Second")
    submit(email="a@x.example")
    before = _submissions(hub, default_form)
    state = hub.get("/_sandbox/snapshot").json()
    submit(email="b@x.example")
    _form(hub, "Third")
    assert hub.put("/_sandbox/snapshot", json=state).status_code == 204
    assert hub.get("/_sandbox/snapshot").json()["forms"] == state["forms"]
    assert _submissions(hub, default_form) == before
    assert len(hub.get(FORMS).json()["results"]) == 2
    clock.advance(60)
    assert _by_email(hub, "a@x.example").status_code == 200


@pytest.mark.parametrize("order", [{"name": "x"}, {"name": "x", "fields": [{"name": "no_such"}]}, {"name": "x", "fields": [], "formType": "popup"}])
def test_bad_forms_are_refused(hub: httpx.Client, order: dict[str, Any]) -> None:
    """Behavior 49: an administrator's order for a form that cannot be is 400 and says what is wrong."""
    answer = hub.post("/_sandbox/forms", json=order)
    assert (answer.status_code, bool(answer.json()["error"])) == (400, True)
