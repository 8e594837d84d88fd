"""Revert, the shell's part: gathers what a run wrote, lets the pure rule say what can be taken back, and stores that as decisions with their writes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime

from leadhub.core import revert as rule
from leadhub.core import revert_people as people
from leadhub.core import revert_writes as writes
from leadhub.core.drafts import label
from leadhub.core.normalize import text_of
from leadhub.core.reconcile import reconcile
from leadhub.core.revert import Known, Setback, Skipped, Undo, Why, Written
from leadhub.core.revert_writes import Seen
from leadhub.core.sides import Side
from leadhub.errors import LeadhubError
from leadhub.model.person import Aggregate, Person
from leadhub.model.record import Gone, NativeValue, Operation, Record
from leadhub.model.run import Decision, Intent, IntentState, PlannedChange, RunRow
from leadhub.store import RecordKey, Transaction
from leadhub.sync import consent, pausing
from leadhub.sync.judge import sides_of
from leadhub.sync.outcomes import answered, in_doubt
from leadhub.sync.pull import store_reread
from leadhub.sync.session import Session

SLICE = 200
Part = frozenset[tuple[str, str]]
"""Some of a run's writes: by link id and native field, the field blank for a whole record."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A person of whom nothing is known but by an import, or nothing that tells who they are: their rows, by link id.

    `opted_out`: their addresses stay known as opted out.
    """

    person_id: str
    name: str
    links: tuple[str, ...]
    opted_out: bool


@dataclass(slots=True)
class Reverted:
    """What is taken back of a run, or would be: the writes, leadhub's own values by person, persons that go, and what stays and why."""

    run: RunRow
    changes: list[PlannedChange] = field(default_factory=list)
    setbacks: list[tuple[str, Setback]] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def count(self, why: Why) -> int:
        """Return how much is not taken back for this reason."""
        return sum(one.why == why for one in self.skipped)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do at all."""
        return not (self.changes or self.setbacks or self.dropped)

    @property
    def waits_for(self) -> frozenset[str]:
        """The systems in which something is taken back later, by the same revert."""
        return frozenset(one.where for one in self.skipped if one.why == "waits")


def take_back(session: Session, run: RunRow, part: Part | None = None, *, store: bool) -> Reverted:
    """Judge everything that a run did, against what every system shows now. All edits must have been heard.

    Args:
        session: a run of its own.
        run: the one to take back.
        part: those of its writes that are meant; None: all.
        store: whether leadhub's values are set back now and the writes journalled, to be made by `apply`.
    """
    journal = _intents(session, run.id)
    doubtful = {i.seq: shows for i in journal if in_doubt(i) and (shows := _shows(session, i.change)) is not None}
    intents = [replace(i, state=IntentState.ACCEPTED) for i in journal if i.state is IntentState.ACCEPTED or doubtful.get(i.seq)]
    found = Reverted(run, skipped=list(_unknown(journal, doubtful)) if part is None else [])
    records = _created(session, intents, found)
    work = _Work(session, run, part, records, found)
    with session.hub.store.read() as tx:
        edited = _edited(tx, run) if run.kind == "import" else []
    by_person: dict[str, list[Intent]] = {person_id: [] for person_id in edited}
    for intent in intents:
        by_person.setdefault(intent.change.person_id, []).append(intent)
    ids = list(by_person)
    for start in range(0, len(ids), SLICE):
        session.checkpoint()
        session.renew()
        with _transaction(session, store=store) as tx:
            aggregates = tx.persons.load(ids[start : start + SLICE])
            for aggregate in aggregates:
                work.person(tx, aggregate, by_person[aggregate.person.id], store=store)
        for gone in set(ids[start : start + SLICE]) - {a.person.id for a in aggregates}:
            found.skipped += [
                Skipped(i.change.name, i.change.system, "record", "leadhub knows nobody of this name any more") for i in by_person[gone]
            ]
    if store:
        _leave_out(session, found.dropped)
    return found


def settle_archived(session: Session, changes: Sequence[PlannedChange]) -> None:
    """Read what was archived once more: what is gone freezes its link, so that nothing is created in its place."""
    archived = [c for c in changes if c.operation is Operation.ARCHIVE and c.record_id is not None]
    for system, name in dict.fromkeys((c.system, c.object) for c in archived):
        careful = session.careful[system]
        if system in session.troubles or not careful.can_reread:
            continue
        ids = [c.record_id for c in archived if (c.system, c.object) == (system, name) and c.record_id is not None]
        for start in range(0, len(ids), careful.batch_size):
            some = ids[start : start + careful.batch_size]
            try:
                store_reread(session, system, list(careful.reread(name, some).values()))
            except LeadhubError as error:
                session.fail(system, error)
                break


def _transaction(session: Session, *, store: bool) -> AbstractContextManager[Transaction]:
    return session.storing() if store else session.hub.store.read()


def _waiting(session: Session, system: str) -> str | None:
    """Why a system cannot be written now though it could be at another time. A pause counts that came while this run was reading."""
    return session.waiting(system) or (f"{system} is paused" if pausing.why_not(session, system) else None)


def _intents(session: Session, run_id: str) -> list[Intent]:
    intents: list[Intent] = []
    with session.hub.store.read() as tx:
        while some := tx.intents.of_run(run_id, intents[-1].seq if intents else 0):
            intents.extend(some)
    return intents


def _shows(session: Session, change: PlannedChange) -> bool | None:
    """Whether a record shows a write of which nobody could tell when it was looked for; None where there is no record to look at now."""
    if change.record_id is None or not change.values:
        return None
    key = RecordKey(change.system, change.object, change.record_id)
    with session.hub.store.read() as tx:
        record = tx.records.get([key]).get(key)
    return None if record is None or record.gone is not None else all(text_of(record.native.get(n)) == text_of(v) for n, v in change.values.items())


def _unknown(journal: Sequence[Intent], shows: Mapping[int, bool]) -> Iterator[Skipped]:
    """Yield the writes of which nobody knows whether they were made: those that no system could be asked about yet, and those that stay unknown.

    `shows`: of which of these the record shows them now, as all that were made do.
    """
    for intent in journal:
        change, told = intent.change, ", ".join(sorted(intent.change.values)) or "record"
        if intent.state in (IntentState.SENT, IntentState.UNKNOWN):
            yield Skipped(change.name, change.system, told, "it waits: whether it was written is not known yet", "waits")
        elif in_doubt(intent) and not shows.get(intent.seq):
            looked = ", and the record does not show it now" if intent.seq in shows else ": look at it there"
            yield Skipped(change.name, change.system, told, f"nobody can tell whether it was written{looked}")


def _edited(tx: Transaction, run: RunRow) -> list[str]:
    """The persons of whom a run changed what leadhub holds."""
    persons: dict[str, None] = {}
    after = 0
    while some := tx.edits.of_run(run.id, after):
        persons.update(dict.fromkeys(stored.edit.person_id for stored in some))
        after = some[-1].seq
    return list(persons)


def _created(session: Session, intents: Sequence[Intent], found: Reverted) -> dict[str, Seen]:
    """The records that a run created, by our key. They are looked up in the system itself: the journal holds what was sent."""
    records: dict[str, Seen] = {}
    creates = [i for i in intents if i.change.operation is Operation.CREATE]
    for system, name in dict.fromkeys((i.change.system, i.change.object) for i in creates):
        mine = [i for i in creates if (i.change.system, i.change.object) == (system, name)]
        reason, why = _look_up(session, system, name, mine, records) or ("it is no longer there", "left")
        lost = [i for i in mine if i.change.key not in records]
        with session.hub.store.read() as tx:
            done = {i.seq for i in lost if writes.was_archived(i.run_id, i.change, tx.intents.of_person(i.change.person_id))}
        found.skipped += [Skipped(i.change.name, system, "record", *((rule.BEFORE, "done") if i.seq in done else (reason, why))) for i in lost]
    return records


def _look_up(session: Session, system: str, name: str, creates: Sequence[Intent], found: dict[str, Seen]) -> tuple[str, Why] | None:
    """Find the records that were created; return why that could not be done."""
    careful = session.careful.get(system)
    if careful is None or system in session.troubles:
        return f"it waits: {session.waiting(system)}", "waits"
    if not careful.can_find:
        return "the system cannot look up a record that leadhub created: delete it there by hand", "left"
    try:
        for start in range(0, len(creates), careful.batch_size):
            some = creates[start : start + careful.batch_size]
            records = {key: r for key, r in careful.find(name, [i.change.key for i in some]).items() if r.gone is None}
            savers = careful.modified(name, [r.id for r in records.values()]) if careful.can_tell_modifier and records else {}
            found.update({i.change.key: Seen(r, answered(i), savers.get(r.id)) for i in some if (r := records.get(i.change.key)) is not None})
    except LeadhubError as error:
        return str(error), "waits"
    return None


class _Work:
    """One revert, person by person."""

    def __init__(self, session: Session, run: RunRow, part: Part | None, records: Mapping[str, Seen], found: Reverted) -> None:
        self.session, self.run, self.part, self.records, self.found = session, run, part, records, found
        self.targets = session.hub.targets(session.books)
        self.now: datetime = session.hub.clock.now()
        self.waiting = {name: why for name in session.hub.systems if (why := _waiting(session, name))}
        self.kinds: dict[str, str] = {}
        """Of the runs that were met in somebody's history."""

    def person(self, tx: Transaction, aggregate: Aggregate, intents: Sequence[Intent], *, store: bool) -> None:
        """Judge one person; with `store` set the hub's values back and journal the writes."""
        written, made = rule.written_by(intents)
        here = {f"{c.system}/{c.object}/{self.records[c.key].record.id}" for c in made if c.key in self.records}
        written = [some for w in written if w.link not in here and (some := self._meant(w)).values]
        known = self._know(tx, aggregate, written)
        imported = self.run.kind == "import" and self.part is None
        undo = rule.take_back(self.run.id, known, written, self.session.hub.policy, self.targets, imported=imported)
        if imported and (self._made_here(tx, known) or not people.spare_identity(known, undo, self.run.counts, self.session.hub.policy)):
            self._drop(tx, known.aggregate, store=store)
            return
        archived = list(self._archives(known, made))
        self.found.skipped += undo.skipped
        if undo.setbacks or undo.restores or archived:
            self._act(tx, known, written, undo, archived, store=store)

    def _meant(self, written: Written) -> Written:
        if self.part is None:
            return written
        return written.only(frozenset(name for link, name in self.part if link == written.link))

    def _know(self, tx: Transaction, aggregate: Aggregate, written: Sequence[Written]) -> Known:
        old = {w.link: {name: w.before.get(name) for name in w.values} for w in written}
        records = {link_id: replace(r, native={**r.native, **old[link_id]}) if link_id in old else r for link_id, r in aggregate.records.items()}
        sides = {side.id: side for side in sides_of(self.session, aggregate, {})}
        for link_id, side in sides.items():
            if side.system in self.waiting:
                sides[link_id] = replace(side, writable=frozenset(), state_writable=frozenset())
        restored = {side.id: side for side in sides_of(self.session, replace(aggregate, records=records), {}) if side.id in old}
        history = [(stored.run_id, stored.edit) for stored in tx.edits.history(aggregate.person.id)]
        asked = frozenset((s.review.lead_id, s.review.field) for s in tx.reviews.open(person_id=aggregate.person.id))
        return Known(aggregate, sides, restored, history, asked, self.waiting, dict(self._barred(restored, old)))

    def _barred(self, restored: Mapping[str, Side], old: Mapping[str, Mapping[str, NativeValue]]) -> Iterator[tuple[tuple[str, str], str]]:
        """Yield where an owner cannot come back: the system gives nobody a record who does not work there any more."""
        for link_id, side in restored.items():
            target = self.targets[side.system, side.link.object]
            for mapped in (f for f in target.mapping.fields if f.type == "owner" and f.native in old[link_id]):
                owner = side.shown.get(mapped.canonical)
                if owner is not None and old[link_id][mapped.native] not in target.owners.ids.values():
                    yield (link_id, mapped.canonical), f"{owner}, who had it, is not active there any more"

    # ---- persons that an import made ----------------------------------------------------------------------------------------------------

    def _made_here(self, tx: Transaction, known: Known) -> bool:
        person_id = known.aggregate.person.id
        for run_id in {run for run, _ in known.history} - self.kinds.keys():
            self.kinds |= {run.id: run.kind for run in tx.runs.get(run_id)}
        reverts = {run_id for run_id, kind in self.kinds.items() if kind == "revert"}
        return people.known_from_it_alone(self.run.id, self.run.counts, known, tx.intents.of_person(person_id), reverts)

    def _drop(self, tx: Transaction, aggregate: Aggregate, *, store: bool) -> None:
        person, rows = aggregate.person, tuple(link.id for link in aggregate.links if link.system in self.run.counts)
        self.found.dropped.append(Dropped(person.id, label(person), rows, consent.has_opted_out(aggregate)))
        if store:
            consent.remember(tx, aggregate)
            tx.persons.save([Aggregate(Person(person.id), (), (), {})])
            tx.reviews.replace([person.id], [], self.session.run_id)

    # ---- records that the run created ---------------------------------------------------------------------------------------------------

    def _archives(self, known: Known, made: Sequence[PlannedChange]) -> Iterator[PlannedChange]:
        for change in made:
            seen = self.records.get(change.key)
            if self.part is not None and change.operation is not Operation.CREATE:
                continue
            if change.operation is Operation.ARCHIVE:
                self._skip(change, "leadhub archived it and cannot bring it back: restore it there by hand")
            elif change.operation is Operation.CONVERT:
                self._skip(
                    change, f"a conversion cannot be taken back: {change.object} {change.record_id} stays converted, with all that was made of it"
                )
            elif seen is not None and (self.part is None or (f"{change.system}/{change.object}/{seen.record.id}", "") in self.part):
                archived = writes.archive(self.run.id, known, change, seen)
                if isinstance(archived, str):
                    self._skip(change, archived)
                elif not can_archive(self.session, change.system):
                    self._skip(change, f"leadhub archives nothing in {change.system}: delete {seen.record.id} there by hand")
                elif change.system in self.waiting:
                    self._skip(change, f"it waits: {self.waiting[change.system]}", "waits")
                else:
                    yield archived

    def _skip(self, change: PlannedChange, reason: str, why: Why = "left") -> None:
        self.found.skipped.append(Skipped(change.name, change.system, "record", reason, why))

    # ---- values -------------------------------------------------------------------------------------------------------------------------

    def _act(self, tx: Transaction, known: Known, written: Sequence[Written], undo: Undo, archived: Sequence[PlannedChange], *, store: bool) -> None:
        hub, person = self.session.hub, known.aggregate.person
        decisions = [
            Decision(hub.clock.new_id(), person.id, s.lead_id, s.field, s.value, s.saw, hub.actor, self.now, leave=True) for s in undo.setbacks
        ]
        result = reconcile(person, known.aggregate.leads, list(known.sides.values()), decisions, hub.policy, self.now)
        judged = {link.id: link for link in result.links}
        links = tuple(judged.get(link.id, link) for link in known.aggregate.links)
        after = replace(known, aggregate=Aggregate(result.person, result.leads, links, known.aggregate.records))
        changes = [*writes.inverse(self.run.id, after, undo, written, hub.policy, self.targets), *archived]
        self.found.changes += changes
        self.found.setbacks += [(label(person), s) for s in undo.setbacks]
        if store:
            tx.persons.save([after.aggregate])
            tx.decisions.add(decisions)
            tx.decisions.mark_applied([d.id for d in decisions], self.session.run_id)
            tx.edits.append(self.session.run_id, result.edits)
            tx.records.mark_dirty(RecordKey(link.system, link.object, link.record_id) for link in links)
            tx.intents.plan(self.session.run_id, changes, self.session.token)


def can_archive(session: Session, system: str) -> bool:
    """Whether a connector takes `Operation.ARCHIVE`: it says so by a class attribute `archives`. What it does not say it is never asked for."""
    return bool(getattr(session.hub.systems[system].connector, "archives", False))


def _leave_out(session: Session, dropped: Sequence[Dropped]) -> None:
    """The rows of persons that go count as gone, until they are imported again."""
    rows: dict[str, list[Record]] = {}
    for one in dropped:
        for link_id in one.links:
            system, object_name, record_id = link_id.split("/", 2)
            rows.setdefault(system, []).append(Record(object_name, record_id, {}, gone=Gone.VANISHED))
    for system, records in rows.items():
        store_reread(session, system, records)
