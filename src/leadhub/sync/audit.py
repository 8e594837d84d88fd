"""Audit: everything that the systems show against everything that leadhub holds. It changes nothing, in no system and in no record, person or link.

A sync hears of what changed; an audit believes nobody. It reads every adopted system from its beginning and compares by (id, hash), asks by id for
what did not come, and then looks at the ties between records, links and leads. `leadhub pull --anew` takes in what it found.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from leadhub.core.drafts import label
from leadhub.errors import LeadhubError
from leadhub.hub import Hub
from leadhub.model.record import Gone, Json, Page, Record
from leadhub.model.run import IntentState
from leadhub.store import RecordKey, Tied
from leadhub.sync import sweep
from leadhub.sync.behind import waiting_writes
from leadhub.sync.compare import Comparison
from leadhub.sync.drift import EXAMPLES, Drift, Example, Findings, Kind, Looked, explain, is_older
from leadhub.sync.pull import reading
from leadhub.sync.recover import find_out
from leadhub.sync.report import RunReport, run_report
from leadhub.sync.session import Session, open_session
from leadhub.values.people import TELLING

_RENEW = timedelta(minutes=1)
_PRESENT = (None, Gone.OUT_OF_SCOPE)


@dataclass(slots=True)
class Compared:
    """How one system's records compare: read, the same as stored, read by the next run anyway, and not to be asked for though they did not come."""

    read: int = 0
    same: int = 0
    waiting: int = 0
    unlisted: int = 0
    """Did not come, and are there when asked for by id."""
    unasked: int = 0
    """Did not come, and the system cannot be asked by id: rows of a list that is there no more."""


@dataclass(slots=True)
class AuditReport:
    """What an audit found. `names` are the persons of the examples, `unanswered` the writes of which nobody knows yet whether they happened."""

    run: RunReport
    systems: dict[str, Compared]
    drift: list[Drift]
    persons_waiting: int
    """For a write, and the next run looks at them."""
    unanswered: int
    not_compared: list[str] = field(default_factory=list)
    """What they send comes once: there is nothing to read again."""
    not_adopted: list[str] = field(default_factory=list)
    """Asked for, and met by no run yet."""
    persons: dict[RecordKey, tuple[str, str]] = field(default_factory=dict)
    """By the records of the examples, the person's id and name."""

    @property
    def total(self) -> int:
        """How many records are not as they should be."""
        return sum(one.count for one in self.drift)


def audit(hub: Hub, systems: Sequence[str] | None = None, *, allowed: Mapping[tuple[str, str], int] | None = None) -> AuditReport:
    """Compare every adopted system, or some of them, with what leadhub holds.

    Raises:
        LeaseHeld: another run works: while it does, nothing can be compared.
        ConfigError: a system answers as another organization than the one that was met before.
    """
    with open_session(hub, "audit", allowed=allowed) as session:
        asked = [name for name in (systems or session.rows) if name in session.counts]
        receiving = [name for name in asked if hub.systems[name].receives]
        unanswered = _unanswered(session)
        work = _Audit(session, [name for name in asked if name not in receiving], unanswered)
        work.compare()
        work.look_at_ties(asked)
        waiting = waiting_writes(session, work.findings, asked, unanswered)
        report = work.report(waiting, receiving)
        report.not_adopted = [name for name in report.run.not_adopted if systems is None or name in systems]
        session.noted["drift"] = _as_noted(report)
        return report


def _unanswered(session: Session) -> frozenset[RecordKey]:
    """Return the records of which an earlier run wrote, or meant to write, something and does not know yet whether it did; new ones by our key."""
    with session.hub.store.read() as tx:
        intents = tx.intents.open()
    creates = [i for i in intents if i.change.record_id is None and i.state is not IntentState.PLANNED]
    found = {RecordKey(i.change.system, i.change.object, i.change.record_id) for i in intents if i.change.record_id is not None}
    for system in dict.fromkeys(i.change.system for i in creates if i.change.system in session.careful):
        try:
            looked = list(find_out(session, system, [i for i in creates if i.change.system == system]))
        except LeadhubError as error:
            session.fail(system, error)
            continue
        found |= {RecordKey(system, i.change.object, outcome.record_id) for i, outcome in looked if outcome.record_id is not None}
    return frozenset(found)


def _as_noted(report: AuditReport) -> Json:
    """What the run's row keeps: figures and ids, nobody's name."""
    return [
        {"kind": one.kind, "system": one.system, "object": one.object, "count": one.count, "records": [e.key.id for e in one.examples]}
        for one in report.drift
    ]


class _Audit:
    """The systems that take part, and what was found so far."""

    def __init__(self, session: Session, names: Iterable[str], unanswered: Collection[RecordKey]) -> None:
        self.session, self.findings, self._unanswered = session, Findings(), unanswered
        self.names = [name for name in names if name in session.careful and name not in session.troubles]
        self.systems = {name: Compared() for name in self.names}
        self._comparison = Comparison(session.hub.store)
        self._looked: dict[tuple[str, str], Looked] = {}
        self._older: dict[str, dict[RecordKey, None]] = {name: {} for name in self.names}
        self._renewed = session.started

    # ---- records -----------------------------------------------------------------------------------------------------------------------

    def compare(self) -> None:
        """Read all, compare it, and ask for what did not come."""
        for item in reading(self.session, dict.fromkeys(self.names)):
            if item.page is not None:
                self._page(item.system, item.page)
            elif item.error is not None:
                self.session.fail(item.system, item.error)
            else:
                self._ask_for_the_rest(item.system)
            self._renew()

    def _page(self, system: str, page: Page, *, asked: bool = False) -> None:
        records: dict[str, dict[str, Record]] = {}
        for record in page.records:
            if self.session.hub.systems[system].reads(record.object):
                records.setdefault(record.object, {})[record.id] = record
        for name, some in records.items():
            hashes = {id_: self.session.hash_of(name, record.values, system) for id_, record in some.items() if record.gone is None}
            otherwise = [some[id_] for id_ in self._comparison.page(system, name, hashes)]
            self._explain(system, [*otherwise, *(record for record in some.values() if record.gone is not None)], asked=asked)
        counts = self.session.counts[system]
        counts.pulled = self._comparison.read[system]
        self.session.hub.progress("comparing", system, counts.pulled, None)

    def _explain(self, system: str, came: Sequence[Record], *, asked: bool = False) -> int:
        """Say of each of these records how it differs from what is stored; return how many do not.

        What was listed with an older time of change than is stored is left for later: its system was put back, or its listing lags.
        """
        same = 0
        with self.session.hub.store.read() as tx:
            stored = tx.records.get(RecordKey(system, record.object, record.id) for record in came)
        for record in came:
            key = RecordKey(system, record.object, record.id)
            held = stored.get(key)
            if not asked and self.session.careful[system].can_reread and is_older(held, record):
                self._older[system][key] = None
                continue
            there = held.raw_hash if held is not None and held.gone in _PRESENT else None
            if record.gone is None and there is not None and there == self.session.hash_of(record.object, record.values, system):
                same += 1
                continue
            known_as_gone = record.gone is not None and there is None
            if known_as_gone or not self._comparison.otherwise(key, there) or key in self._unanswered:
                continue
            found = explain(held, record, self.session.telling_of(record.object, system), self._look(system, record.object), asked=asked)
            if found is None:
                self._comparison.same[system] += 1
            elif found[0] == "waiting":
                self.findings.waiting[system] += 1
            else:
                self.findings.add(found[0], Example(key, found[1]))
        return same

    def _ask_for_the_rest(self, system: str) -> None:
        """Missing from a listing is not gone, and older is not put back: whatever did not come, or came older than it is stored, is asked for by its id."""
        if not sweep.read(self.session, system, list(self._older[system]), self._reread_older):
            return
        missing = [key for key in self._comparison.unheard(system) if self.session.hub.systems[system].reads(key.object)]
        if not self.session.careful[system].can_reread:
            self.systems[system].unasked = len(missing)
        elif missing:
            sweep.ask(self.session, system, missing, self._reread)

    def _reread(self, _session: Session, system: str, records: Sequence[Record]) -> None:
        self.systems[system].unlisted += self._explain(system, records, asked=True)
        self._renew()

    def _reread_older(self, _session: Session, system: str, records: Sequence[Record]) -> None:
        self._page(system, Page(tuple(records), None), asked=True)
        self._renew()

    def _look(self, system: str, name: str) -> Looked:
        """How the records of an object are looked at; found out where the first one differs."""
        key = system, name
        if key not in self._looked:
            mapping = self.session.hub.systems[system].object(name).mapping
            computed = {f.native for f in mapping.fields if not f.writable} | self._attested(system, name)
            with self.session.hub.store.read() as tx:
                run_id = tx.records.read_until(system)
                found = tx.runs.get(run_id) if run_id else ()
            until = found[0].started_at if found else None
            self._looked[key] = Looked(until, computed, {f.canonical: f.native for f in mapping.fields if f.canonical in TELLING and not f.member})
        return self._looked[key]

    def _attested(self, system: str, name: str) -> set[str]:
        """The fields that the live system says nobody can write; where it cannot say, the mapping alone is believed."""
        careful = self.session.careful[system]
        try:
            return {field.name for field in careful.describe(name).values() if not field.writable} if careful.can_describe else set()
        except LeadhubError as error:
            self.session.hub.log.warning("fields_not_told", system=system, error=str(error))
            return set()

    def _renew(self) -> None:
        """Keep the lease, now and then: an audit of many records takes longer than a lease lasts."""
        now = self.session.hub.clock.now()
        if now - self._renewed >= _RENEW:
            self._renewed = now
            self.session.renew()

    # ---- ties ----------------------------------------------------------------------------------------------------------------------------

    def look_at_ties(self, names: Sequence[str]) -> None:
        """Look at links, records and leads as the store has them."""
        policy, systems = self.session.hub.policy, [self.session.hub.systems[name] for name in names]
        objects = {target.key for system in systems for target in system.objects}
        with self.session.hub.store.read() as tx:
            ties: dict[Kind, Tied] = {
                "orphaned": tx.ties.orphaned(objects, EXAMPLES),
                "unlinked": tx.ties.unlinked(objects - policy.evidence, EXAMPLES),
                "many_to_one": tx.ties.crowded(objects - policy.evidence - policy.events, EXAMPLES),
                "hopping": tx.ties.moved(objects, EXAMPLES),
            }
        for kind, found in ties.items():
            self.findings.add_many(kind, found.counts, [Example(key) for key in found.examples])

    # ---- the end -------------------------------------------------------------------------------------------------------------------------

    def report(self, persons_waiting: int, not_compared: list[str]) -> AuditReport:
        """Put it together."""
        for name, compared in self.systems.items():
            of = self._comparison
            compared.read, compared.same, compared.waiting = of.read[name], of.same[name], self.findings.waiting[name]
        drift = self.findings.ordered()
        keys = [example.key for one in drift for example in one.examples]
        with self.session.hub.store.read() as tx:
            owners = tx.persons.person_of(keys)
            names = {a.person.id: label(a.person) for a in tx.persons.load(owners.values())}
            unanswered = len(tx.intents.open())
        persons = {key: (person, names[person]) for key, person in owners.items()}
        return AuditReport(run_report(self.session), self.systems, drift, persons_waiting, unanswered, not_compared, persons=persons)
