"""The store: the only SQLAlchemy. It keeps what leadhub knows, in SQLite or PostgreSQL, and decides nothing about values.

    store = open_store("sqlite:///leadhub.db", clock)
    with store.begin() as tx:                                   # one commit; an exception takes everything back
        token = tx.leases.acquire("sync", owner, ttl)
        tx.records.ingest("sfdc", [(record, raw_hash)], cursor, run_id, token)
    with store.read() as tx:                                    # one consistent view; writing in it is refused
        aggregates = tx.persons.load(ids)

A transaction groups its operations by idea: `systems`, `records`, `keys`, `persons`, `leads`, `edits`, `reviews`, `decisions`, `runs`,
`approvals`, `intents`, `leases`, `rejects`, `inbox`, `owners`, `ties`, `installations`. Each takes and gives the model's dataclasses and the rows
named below; no SQLAlchemy type leaves the package.
"""

from leadhub.store.engine import open_store, upgrade
from leadhub.store.rows import (
    IngestResult,
    LeadQuery,
    LeadSummary,
    MatchKey,
    Mode,
    OtherInstallation,
    RecordKey,
    ReviewGroup,
    Seen,
    Settlement,
    StoreCounts,
    StoredEdit,
    StoredReject,
    StoredReview,
    SystemRow,
    Tally,
    Tied,
)
from leadhub.store.store import Store, Transaction

__all__ = [
    "IngestResult",
    "LeadQuery",
    "LeadSummary",
    "MatchKey",
    "Mode",
    "OtherInstallation",
    "RecordKey",
    "ReviewGroup",
    "Seen",
    "Settlement",
    "Store",
    "StoreCounts",
    "StoredEdit",
    "StoredReject",
    "StoredReview",
    "SystemRow",
    "Tally",
    "Tied",
    "Transaction",
    "open_store",
    "upgrade",
]
