"""HubSpot's own setting that moves contacts forward by their deals: a deal makes an opportunity of them, a won one a customer."""

from collections.abc import Mapping
from contextlib import suppress

from leadhub_sandbox.hubspot.account import Account
from leadhub_sandbox.hubspot.desk import Desk
from leadhub_sandbox.hubspot.errors import ApiError
from leadhub_sandbox.hubspot.objects import CONTACTS, DEALS
from leadhub_sandbox.hubspot.schema import STAGE
from leadhub_sandbox.hubspot.store import Source

_SYNC = Source("AUTOMATION_PLATFORM", "LifecycleStageSync", "Lifecycle stage sync")


def follow_deals(account: Account, desks: Mapping[str, Desk]) -> None:
    """Move the contacts of the deals that the last call made, closed or associated; never backward, and right after its answer."""
    moved, account.moved_deals = account.moved_deals, []
    if not account.settings.deals_move_contacts:
        return
    contacts = desks[CONTACTS.name]
    for number in moved:
        deal = desks[DEALS.name].objects.store.records.get(number)
        if deal is None or deal.archived_ms is not None or deal.values.get("hs_is_closed_lost") == "true":
            continue
        stage = "customer" if deal.values.get("hs_is_closed_won") == "true" else "opportunity"
        for _, contact_id in account.links.of((DEALS.name, number), CONTACTS.name):
            contact = contacts.objects.store.records.get(contact_id)
            schema = contacts.objects.schema
            if contact is None or contact.archived_ms is not None:
                continue
            if schema.stage_rank(stage) > schema.stage_rank(contact.values.get(STAGE, "")):
                with suppress(ApiError):  # what an administrator forbids does not happen, and nobody is told
                    contacts.writer.commit(contacts.writer.prepare(contact, {STAGE: stage}, _SYNC, ""))
