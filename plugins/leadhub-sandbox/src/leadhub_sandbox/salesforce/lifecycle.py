"""Conversion and merge: what a person does in Salesforce's pages, and no REST resource does."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from leadhub_sandbox.salesforce import ids, sales
from leadhub_sandbox.salesforce.duplicates import DuplicateHeader
from leadhub_sandbox.salesforce.errors import ApiError
from leadhub_sandbox.salesforce.history import note_event
from leadhub_sandbox.salesforce.objects import ACCOUNT, CONTACT, LEAD, OPPORTUNITY, OPPORTUNITY_CONTACT_ROLE
from leadhub_sandbox.salesforce.org import Actor
from leadhub_sandbox.salesforce.records import Records
from leadhub_sandbox.salesforce.schema import Row, SObject

_NAME = ("LastName", "FirstName", "Salutation", "Title")
_REACH = ("Email", "EmailBouncedReason", "EmailBouncedDate", "HasOptedOutOfEmail", "HasOptedOutOfFax", "DoNotCall", "Phone", "MobilePhone", "Fax")
_PERSONAL = (*_NAME, *_REACH, "LeadSource", "Description")
_ADDRESS = ("Street", "City", "State", "PostalCode", "Country")
_COMPANY = ("Phone", "Website", "Industry", "Rating", "AnnualRevenue", "NumberOfEmployees")


def convert(records: Records, order: Mapping[str, Any], actor: Actor) -> dict[str, str | None]:
    """Convert a lead: {"id", "status"?, "create_opportunity"? (true), "account_id"?, "contact_id"?, "opportunity_name"?, "owner_id"?,
    "overwrite_lead_source"?}.

    Returns the ids of the account, the contact and the opportunity (None without one). An account or a contact that exists is filled where it
    is empty. Raises ApiError: the lead is converted already, the status does not mean converted, or what is named does not fit.
    """
    lead = records.live(LEAD, order["id"], actor)
    if lead["IsConverted"]:
        raise ApiError(400, "CANNOT_UPDATE_CONVERTED_LEAD", "lead has already been converted", [])
    converted = records.org.statuses(converted=True)
    status = order.get("status") or next(iter(converted), None)
    if status not in converted:
        raise ApiError(400, "INVALID_STATUS", f"invalid convertedStatus: {status}", ["Status"])
    system = _converting(records, lead, actor)
    owner = order.get("owner_id") or (lead["OwnerId"] if str(lead["OwnerId"]).startswith("005") else actor.user_id)
    account_id = _into(records, ACCOUNT, _named_account(records, order, actor), _account(lead, owner), system)
    contact_id = _contact(records, order, _person(records, lead, owner, account_id), system)
    opportunity_id = _opportunity(records, lead, order, account_id, owner, system) if order.get("create_opportunity", True) else None
    if opportunity_id:
        role = {"OpportunityId": opportunity_id, "ContactId": contact_id, "IsPrimary": True}
        records.create(OPPORTUNITY_CONTACT_ROLE, role, system)
    links = {"ConvertedAccountId": account_id, "ConvertedContactId": contact_id, "ConvertedOpportunityId": opportunity_id}
    done: Row = {"IsConverted": True, "ConvertedDate": records.org.now()[:10], "Status": status, "OwnerId": owner}
    records.update(LEAD, order["id"], done | links, system)
    note_event(records.org, LEAD, str(lead["Id"]), "leadConverted", actor.user_id)
    return links


def _converting(records: Records, lead: Row, actor: Actor) -> Actor:
    """Return who writes during a conversion: with validation required every rule is asked, and an alert of duplicates blocks like a block."""
    said = DuplicateHeader(ignoring=str(lead["Id"]))
    return replace(actor, system=True, duplicates=said, checked=records.org.settings.validate_conversions)


def _into(records: Records, obj: SObject, row_id: str | None, found: Row, actor: Actor, overwritten: tuple[str, ...] = ()) -> str:
    """Make a record, or fill the empty fields (and the overwritten ones) of one that is there; return its id."""
    if not row_id:
        return records.create(obj, found, actor)
    there = records.live(obj, row_id, actor)
    filled = {name: value for name, value in found.items() if value is not None and (there[name] is None or name in overwritten)}
    if filled:
        records.update(obj, row_id, filled, actor)
    return str(there["Id"])


def _money(lead: Row) -> Row:
    """Return the lead's currency, which what comes of it keeps, in an org that has several."""
    return {"CurrencyIsoCode": lead["CurrencyIsoCode"]} if lead["CurrencyIsoCode"] else {}


def _account(lead: Row, owner: object) -> Row:
    values = {"Name": lead["Company"], "OwnerId": owner} | _money(lead) | {n: lead[n] for n in _COMPANY}
    return values | {f"Billing{n}": lead[n] for n in _ADDRESS}


def _person(records: Records, lead: Row, owner: object, account_id: str) -> Row:
    values = {"AccountId": account_id, "OwnerId": owner} | _money(lead) | {n: lead[n] for n in _PERSONAL} | {f"Mailing{n}": lead[n] for n in _ADDRESS}
    return values | {on_contact: lead[on_lead] for on_lead, on_contact in records.org.settings.lead_field_mapping.items()}


def _named_account(records: Records, order: Mapping[str, Any], actor: Actor) -> str | None:
    """Return the account that a lead goes into: the one named, or that of the contact named; raises unless the two belong together."""
    account: str | None = ids.full(order.get("account_id"))
    held = records.live(CONTACT, order["contact_id"], actor)["AccountId"] if order.get("contact_id") else None
    if account and held and held != account:
        raise ApiError(400, "INVALID_CROSS_REFERENCE_KEY", "the contact does not belong to the account", ["contactId"])
    return account or (str(held) if held else None)


def _contact(records: Records, order: Mapping[str, Any], found: Row, actor: Actor) -> str:
    if given := order.get("contact_id"):
        return _into(records, CONTACT, given, found, actor, ("LeadSource",) if order.get("overwrite_lead_source") else ())
    contact_id = _into(records, CONTACT, None, found, actor)
    note_event(records.org, CONTACT, contact_id, "contactCreatedFromLead", actor.user_id)
    return contact_id


def _opportunity(records: Records, lead: Row, order: Mapping[str, Any], account_id: str, owner: object, actor: Actor) -> str:
    close = (records.org.clock.now() + timedelta(days=30)).date().isoformat()
    values = {"Name": order.get("opportunity_name") or f"{lead['Company']}-", "StageName": "Prospecting", "CloseDate": close}
    values |= _money(lead) | {"AccountId": account_id, "LeadSource": lead["LeadSource"], "OwnerId": owner}
    return records.create(OPPORTUNITY, values, actor)


def merge(records: Records, obj: SObject, order: Mapping[str, Any], actor: Actor) -> None:
    """Merge {"winner", "losers": [...], "fields"?: values that the winner takes}: losers go to the bin with MasterRecordId set."""
    winner = records.live(obj, order["winner"])
    if "MasterRecordId" not in obj.fields:
        raise ApiError(400, "INVALID_TYPE_FOR_OPERATION", f"entity type cannot be merged: {obj.name}", [])
    for loser in order["losers"]:
        sales.hand_over(records.org, obj, str(records.live(obj, loser)["Id"]), winner, actor.user_id)
        records.delete(obj, loser, actor, master_id=str(winner["Id"]))
    records.update(obj, order["winner"], order.get("fields", {}), replace(actor, duplicates=None))
    note_event(records.org, obj, str(winner["Id"]), f"{obj.name.lower()}Merged", actor.user_id)
