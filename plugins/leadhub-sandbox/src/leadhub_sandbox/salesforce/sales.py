"""Opportunities' contact roles: one primary each, gone with the contact or the opportunity, handed over in a merge."""

from leadhub_sandbox.salesforce.objects import CONTACT, OPPORTUNITY, OPPORTUNITY_CONTACT_ROLE
from leadhub_sandbox.salesforce.org import Org
from leadhub_sandbox.salesforce.schema import Row, SObject

_LINKS = {OPPORTUNITY.name: "OpportunityId", CONTACT.name: "ContactId"}


def _roles(org: Org, link: str, row_id: object) -> list[Row]:
    found = (org.store.get(OPPORTUNITY_CONTACT_ROLE, one) for one in org.store.holders(OPPORTUNITY_CONTACT_ROLE, link, row_id))
    return [row for row in found if row]


def keep_one_primary(org: Org, obj: SObject, saved: Row) -> None:
    """Take the primary mark from an opportunity's other roles when a saved one has it."""
    if obj is not OPPORTUNITY_CONTACT_ROLE or not saved["IsPrimary"]:
        return
    for other in _roles(org, "OpportunityId", saved["OpportunityId"]):
        if other["Id"] != saved["Id"] and other["IsPrimary"]:
            org.store.put(obj, other | {"IsPrimary": False} | org.stamps(str(saved["LastModifiedById"])))


def let_go(org: Org, obj: SObject, gone: Row, user_id: str) -> None:
    """Delete the roles of a deleted contact or opportunity."""
    if obj.name in _LINKS:
        for role in _roles(org, _LINKS[obj.name], gone["Id"]):
            org.store.put(OPPORTUNITY_CONTACT_ROLE, role | org.stamps(user_id) | {"IsDeleted": True})


def hand_over(org: Org, obj: SObject, loser_id: str, winner: Row, user_id: str) -> None:
    """Give the roles of a contact that loses a merge to the winner; of two in one opportunity the loser's goes."""
    if obj is not CONTACT:
        return
    held = {role["OpportunityId"] for role in _roles(org, "ContactId", winner["Id"])}
    for role in _roles(org, "ContactId", loser_id):
        if role["OpportunityId"] not in held:
            org.store.put(OPPORTUNITY_CONTACT_ROLE, role | {"ContactId": winner["Id"]} | org.stamps(user_id))
