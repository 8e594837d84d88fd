"""Finds one person by id or e-mail. Reads the store alone."""

from leadhub.cli.exits import UsageFault
from leadhub.hub import Hub
from leadhub.insight.known import Known, know
from leadhub.store import LeadQuery
from leadhub.values.fields import FIELDS


def find(hub: Hub, who: str) -> Known:
    """Return the person with this e-mail address, now or formerly, or whose id or lead's id begins so. Raises UsageFault where that is nobody, or several."""
    query = LeadQuery(email=address_match(who)) if "@" in who else LeadQuery(id_prefix=who)
    with hub.store.read() as tx:
        found = tx.leads.search(query, limit=50)
        ids = list(dict.fromkeys(summary.lead.person_id for summary in found))
        if len(ids) == 1:
            return know(hub, tx, ids[0])
    if not ids:
        raise UsageFault(f'Nobody is known by "{who}".', next_step="leadhub leads list --search NAME finds people by name or company")
    several = "; ".join(f"{s.lead.person_id} {s.name or s.email or ''}".strip() for s in found[:8])
    raise UsageFault(f'"{who}" names {len(ids)} persons: {several}.', next_step="use one of these ids")


def address_match(address: str) -> str:
    """Return an e-mail address in the form in which addresses are compared."""
    return FIELDS["email"].kind.match(address, None)
