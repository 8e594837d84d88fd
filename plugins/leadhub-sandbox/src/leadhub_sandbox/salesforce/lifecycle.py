"""Conversion and merge: what a person does in Salesforce's pages, and no REST resource does."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from leadhub_sandbox.salesforce.errors import ApiError
from leadhub_sandbox.salesforce.history import note_event
from leadhub_sandbox.salesforce.objects import ACCOUNT, CONTACT, LEAD, OPPORTUNITY
from leadhub_sandbox.salesforce.org import Actor
from leadhub_sandbox.salesforce.records import Records
from leadhub_sandbox.salesforce.schema import Row, SObject

_NAME = ("LastName", "FirstName", "Salutation", "Title")
_REACH = ("Email", "EmailBouncedReason", "EmailBouncedDate", "HasOptedOutOfEmail", "HasOptedOutOfFax", "DoNotCall", "Phone", "MobilePhone", "Fax")
_PERSON = (*_NAME, *_REACH, "LeadSource", "Description")
_ADDRESS = ("Street", "City", "State", "PostalCode", "Country")
_COMPANY = ("Phone", "Website", "Industry", "Rating", "AnnualRevenue", "NumberOfEmployees")


def convert(records: Records, order: Mapping[str, Any], actor: Actor) -> dict[str, str | None]:
    """Convert a lead: {"id", "status"?, "create_opportunity"? (true), "account_id"?, "contact_id"?, "opportunity_name"?}.

    Returns the ids of the account, the contact and the opportunity (None without one). Raises ApiError: the lead is converted already, or
    the status does not mean converted.
    """
    lead = records.live(LEAD, order["id"])
    if lead["IsConverted"]:
        raise ApiError(400, "CANNOT_UPDATE_CONVERTED_LEAD", "lead has already been converted", [])
    converted = records.org.statuses(converted=True)
    status = order.get("status") or next(iter(converted), None)
    if status not in converted:
        raise ApiError(400, "INVALID_STATUS", f"invalid convertedStatus: {status}", ["Status"])
    owner = lead["OwnerId"] if str(lead["OwnerId"]).startswith("005") else actor.user_id
    account_id = order.get("account_id") or _account(records, lead, owner, actor)
    contact_id = order.get("contact_id") or _contact(records, lead, owner, account_id, actor)
    opportunity_id = _opportunity(records, lead, order, account_id, actor) if order.get("create_opportunity", True) else None
    links = {"ConvertedAccountId": account_id, "ConvertedContactId": contact_id, "ConvertedOpportunityId": opportunity_id}
    done: Row = {"IsConverted": True, "ConvertedDate": records.org.now()[:10], "Status": status, "OwnerId": owner}
    records.update(LEAD, order["id"], done | links, Actor(actor.user_id, system=True))
    note_event(records.org, LEAD, str(lead["Id"]), "leadConverted", actor.user_id)
    return links


def _account(records: Records, lead: Row, owner: object, actor: Actor) -> str:
    values = {"Name": lead["Company"], "OwnerId": owner} | {n: lead[n] for n in _COMPANY}
    return records.create(ACCOUNT, values | {f"Billing{n}": lead[n] for n in _ADDRESS}, actor)


def _contact(records: Records, lead: Row, owner: object, account_id: str, actor: Actor) -> str:
    values = {"AccountId": account_id, "OwnerId": owner} | {n: lead[n] for n in _PERSON} | {f"Mailing{n}": lead[n] for n in _ADDRESS}
    values |= {on_contact: lead[on_lead] for on_lead, on_contact in records.org.settings.lead_field_mapping.items()}
    contact_id = records.create(CONTACT, values, Actor(actor.user_id, system=True))
    note_event(records.org, CONTACT, contact_id, "contactCreatedFromLead", actor.user_id)
    return contact_id


def _opportunity(records: Records, lead: Row, order: Mapping[str, Any], account_id: str, actor: Actor) -> str:
    close = (records.org.clock.now() + timedelta(days=30)).date().isoformat()
    values = {"Name": order.get("opportunity_name") or f"{lead['Company']}-", "StageName": "Prospecting", "CloseDate": close}
    return records.create(OPPORTUNITY, values | {"AccountId": account_id, "LeadSource": lead["LeadSource"]}, actor)


def merge(records: Records, obj: SObject, order: Mapping[str, Any], actor: Actor) -> None:
    """Merge {"winner", "losers": [...], "fields"?: values that the winner takes}: losers go to the bin with MasterRecordId set."""
    winner = records.live(obj, order["winner"])
    if "MasterRecordId" not in obj.fields:
        raise ApiError(400, "INVALID_TYPE_FOR_OPERATION", f"entity type cannot be merged: {obj.name}", [])
    for loser in order["losers"]:
        records.delete(obj, loser, actor, master_id=str(winner["Id"]))
    records.update(obj, order["winner"], order.get("fields", {}), actor)
    note_event(records.org, obj, str(winner["Id"]), f"{obj.name.lower()}Merged", actor.user_id)
