"""What first contact with a system found: who its records are, beside everyone else's. From the store alone."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from leadhub.hub import Hub
from leadhub.hub.systems import Books
from leadhub.identity.keys import Key, keys_of
from leadhub.model.person import Aggregate, Link
from leadhub.model.record import Gone
from leadhub.store import RecordKey, Transaction

OTHERWISE = "otherwise"
"""The evidence where no key is shared any more: an earlier match, one record that names the other, a person's decision."""


@dataclass(frozen=True, slots=True)
class FirstContact:
    """Records of one system and the persons behind them. Each of the first three counts of persons leaves out the others."""

    system: str
    in_scope: int
    out_of_scope: int
    gone: int
    """Records that were deleted, merged away or lost sight of."""
    shared: int
    only_here: int
    only_elsewhere: int
    several_here: int
    """Persons with more than one record here."""
    unsure: int
    """Open questions whether a record of this system is somebody else's too."""
    evidence: Mapping[str, int]
    """Of the shared persons, by the strongest key that links them: e-mail, phone and name, or `OTHERWISE`."""

    @property
    def persons(self) -> int:
        """Everybody with a record here."""
        return self.shared + self.only_here


def first_contact(hub: Hub, tx: Transaction, system: str) -> FirstContact:
    """Compare one system with all others."""
    records, persons, evidence = _records(tx, system), Counter[str](), Counter[str]()
    books, after = hub.books(tx), ""
    while ids := tx.persons.iter_ids(after, 500):
        for aggregate in tx.persons.load(ids):
            mine = [link for link in aggregate.links if link.system == system and link.role != "frozen"]
            others = [link for link in aggregate.links if link.system != system and link.role != "frozen"]
            persons["several"] += len(mine) > 1
            if mine and others:
                evidence[_evidence(hub, books, aggregate, mine, others)] += 1
            elif mine or others:
                persons["here" if mine else "elsewhere"] += 1
        after = ids[-1]
    return FirstContact(
        system=system,
        in_scope=records[""],
        out_of_scope=records[Gone.OUT_OF_SCOPE],
        gone=records.total() - records[""] - records[Gone.OUT_OF_SCOPE],
        shared=evidence.total(),
        only_here=persons["here"],
        only_elsewhere=persons["elsewhere"],
        several_here=persons["several"],
        unsure=_unsure(tx, system),
        evidence=dict(evidence.most_common()),
    )


def _records(tx: Transaction, system: str) -> Counter[str]:
    """How many records are there, by why they are gone; blank for those that are not."""
    counts: Counter[str] = Counter()
    after: RecordKey | None = None
    while batch := tx.records.slice(system, after, 1000):
        counts.update("" if record.gone is None else record.gone.value for record in batch)
        after = RecordKey(system, batch[-1].object, batch[-1].id)
    return counts


def _evidence(hub: Hub, books: Books, aggregate: Aggregate, mine: list[Link], others: list[Link]) -> str:
    here, there = (_keys(hub, books, aggregate, links) for links in (mine, others))
    kinds = {key.kind for key in here & there}
    return min(kinds, key=lambda kind: (kind != "email", kind), default=OTHERWISE)


def _keys(hub: Hub, books: Books, aggregate: Aggregate, links: list[Link]) -> set[Key]:
    records = (aggregate.records.get(link.id) for link in links if link.system in hub.systems)
    return {key for record in records if record is not None for key in keys_of(hub.shown(record, books))}


def _unsure(tx: Transaction, system: str) -> int:
    count, after = 0, ""
    while batch := tx.reviews.open(kind="duplicate", after=after):
        count += sum(any(where.partition("/")[0] == system for where in stored.review.values) for stored in batch)
        after = batch[-1].review.id
    return count
