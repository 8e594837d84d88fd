"""/updated and /deleted: the ids that changed or went between two instants, and how far the answer may be trusted."""

from datetime import timedelta
from typing import Any

from leadhub_sandbox.http import Request
from leadhub_sandbox.salesforce import times
from leadhub_sandbox.salesforce.errors import ApiError
from leadhub_sandbox.salesforce.org import Org
from leadhub_sandbox.salesforce.schema import SObject
from leadhub_sandbox.salesforce.store import BIN_DAYS

UPDATED_DAYS = 30


def updated(org: Org, obj: SObject, request: Request) -> dict[str, Any]:
    """Answer /sobjects/{name}/updated; raises INVALID_REPLICATION_DATE."""
    start, end = _window(org, request, UPDATED_DAYS)
    among = None if org.store.has_unseen(obj) else sorted(org.store.stamped(obj, start, end))
    found = [str(row["Id"]) for row in org.rows(obj, among=among) if start <= str(row["SystemModstamp"]) < end]
    return {"ids": found, "latestDateCovered": _covered(org, end)}


def deleted(org: Org, obj: SObject, request: Request) -> dict[str, Any]:
    """Answer /sobjects/{name}/deleted; raises INVALID_REPLICATION_DATE."""
    start, end = _window(org, request, BIN_DAYS)
    among = None if org.store.has_unseen(obj) or "IsDeleted" not in obj.fields else sorted(org.store.holding(obj, "IsDeleted", [True]))
    gone = [row for row in org.rows(obj, deleted=True, among=among) if row.get("IsDeleted") and start <= str(row["SystemModstamp"]) < end]
    return {
        "deletedRecords": [{"id": row["Id"], "deletedDate": row["SystemModstamp"]} for row in gone],
        "earliestDateAvailable": times.stamp(org.clock.now() - timedelta(days=BIN_DAYS)),
        "latestDateCovered": _covered(org, end),
    }


def _covered(org: Org, end: str) -> str:
    """Return the asked end, or the start of the oldest write that is still under way."""
    return min(end, org.now(), org.store.oldest_unseen() or end)


def _window(org: Org, request: Request, days: int) -> tuple[str, str]:
    try:
        start, end = (times.parse_instant(request.param(name) or "") for name in ("start", "end"))
    except ValueError:
        raise ApiError(400, "INVALID_REPLICATION_DATE", "start and end must be instants with an offset ('+' is sent as %2B)") from None
    first, last = times.stamp(start.replace(second=0)), times.stamp(end.replace(second=0))
    if first >= last:
        raise ApiError(400, "INVALID_REPLICATION_DATE", "startDate must be before endDate by a minute at least: seconds do not count")
    if start < org.clock.now() - timedelta(days=days):
        raise ApiError(400, "INVALID_REPLICATION_DATE", f"startDate cannot be more than {days} days ago")
    return first, last
