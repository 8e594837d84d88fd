"""What a run says at its end, as data: the counts in which every record pulled appears exactly once, and what a person has to do."""

from collections import Counter
from collections.abc import Collection
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from leadhub.core.guard import Refusal
from leadhub.errors import AccessDenied, LeadhubError
from leadhub.model.record import Identity, Usage
from leadhub.store import RecordKey, Transaction
from leadhub.sync.found_out import FoundOut, written_now
from leadhub.sync.graves import told_as
from leadhub.sync.pausing import paused
from leadhub.sync.session import Session, SystemCounts

COUNTS = ("synced", "pending", "conflict", "review", "quarantined", "rejected")
"""Each record pulled is in exactly one: the first that fits, from the right."""

_QUARANTINE = frozenset({"refused", "possible_duplicate"})


@dataclass(slots=True)
class RunReport:
    """One run in figures.

    `status`: ok, partial (a system left out, records refused for the first time, or items of a plan not made), blocked (by a guard), failed.
    """

    run: str
    kind: str
    status: str
    systems: dict[str, SystemCounts]
    identities: dict[str, Identity]
    records: dict[str, int]
    reviews_opened: int
    open_reviews: int
    standing: int
    seconds: float
    refusals: list[str] = field(default_factory=list)
    troubles: dict[str, str] = field(default_factory=dict)
    errors: dict[str, LeadhubError] = field(default_factory=dict)
    """Why systems were left out; `troubles` says it in words."""
    waiting: int = 0
    """Persons who wait for a write, or for being looked at again."""
    lost: list[str] = field(default_factory=list)
    locked: list[str] = field(default_factory=list)
    """Rows that somebody else held all the time, with their persons: the next run writes them."""
    not_planned: list[str] = field(default_factory=list)
    proposed: list[str] = field(default_factory=list)
    """Actions that nobody has allowed yet, with the line that does."""
    refused_first_time: int = 0
    left_out: int = 0
    """Items of the plan that was to be made which were not made, though nobody had made them before."""
    access_denied: bool = False
    not_adopted: list[str] = field(default_factory=list)
    nothing_adopted: bool = False
    """Whether none of the systems that have to be adopted is."""
    guards: list[Refusal] = field(default_factory=list)
    paused: dict[str, str] = field(default_factory=dict)
    """The systems that a person has paused: since when, by whom and why."""
    standing_patterns: list[tuple[str, str, str, str, int]] = field(default_factory=list)
    """System, field, value there, reason and count of the standing differences met in this run; largest first."""
    usage: dict[str, Usage] = field(default_factory=dict)
    """By system, how much of the daily allowance of calls is gone."""
    found_out: list[FoundOut] = field(default_factory=list)
    """What became of the writes that earlier runs had left open."""
    questions: dict[str, int] = field(default_factory=dict)
    """Open questions by what they are told as, most first."""

    @property
    def next_steps(self) -> list[str]:
        """What helps against the troubles, where they say so themselves."""
        return [error.next_step for error in self.errors.values() if error.next_step]

    def as_json(self) -> dict[str, Any]:
        """Return the object that `leadhub sync --output json` prints."""
        systems = {name: {k: v for k, v in asdict(c).items() if k != "rejected"} for name, c in self.systems.items()}
        kept = ("run", "status", "records", "reviews_opened", "standing", "seconds", "refusals", "troubles", "locked", "questions", "paused")
        return {
            "schema": "leadhub.run/1",
            **{k: getattr(self, k) for k in kept},
            "found_out": [one.as_json() for one in self.found_out],
            "lost": len(self.lost),
            "systems": systems,
        }


@dataclass(slots=True)
class AdoptionReport:
    """What first contact with a system found."""

    run: RunReport
    system: str
    identity: Identity | None
    records: int
    persons_shared: int
    persons_only_here: int
    persons_only_elsewhere: int
    several_here: int
    unsure: int
    patterns: list[tuple[str, str, str, int]]
    """Standing differences by field, value here, reason, with their counts; largest first."""


def run_report(session: Session) -> RunReport:
    """Count what the run did, and say what it needs."""
    usage = _usage(session)
    for name, spent in usage.items():
        session.counts[name].api_calls = spent.calls
    seconds = (session.hub.clock.now() - session.started).total_seconds()
    records = _count_records(session)
    with session.hub.store.read() as tx:
        pauses = [pause for name in session.counts if (pause := paused(tx, name)) is not None]
        questions = Counter[str]()
        for group in tx.reviews.groups():
            questions[told_as(group.kind, group.group)] += group.count
    status = "blocked" if session.refusals else "partial" if session.troubles or session.refused_first_time or session.left_out else "ok"
    if session.troubles and len(session.troubles) == len(session.counts):
        status = "failed"
    not_adopted = [name for name, system in session.hub.systems.items() if _is_new(session, name, is_target=system.is_target)]
    return RunReport(
        run=session.run_id,
        kind=session.kind,
        status=status,
        systems=session.counts,
        identities=session.identities,
        records=records,
        reviews_opened=session.reviews_opened,
        open_reviews=questions.total(),
        standing=sum(session.standing.values()),
        seconds=round(seconds, 3),
        refusals=[str(refusal) for refusal in session.refusals],
        troubles={name: str(error) for name, error in session.troubles.items()},
        errors=dict(session.troubles),
        waiting=len(_waiting(session)),
        lost=session.lost,
        locked=list(session.locked.values()),
        not_planned=session.not_planned,
        proposed=[text for texts in session.proposed.values() for text in texts],
        refused_first_time=session.refused_first_time,
        left_out=session.left_out,
        access_denied=any(isinstance(e, AccessDenied) for e in session.troubles.values()),
        not_adopted=not_adopted,
        nothing_adopted=bool(not_adopted) and all(name in not_adopted for name, system in session.hub.systems.items() if system.is_target),
        guards=list(session.refusals),
        paused={pause.system: str(pause) for pause in pauses},
        standing_patterns=[(*pattern, count) for pattern, count in session.standing.most_common()],
        usage=usage,
        questions=dict(questions.most_common()),
        found_out=[replace(one, written_now=written_now(one.again, session.made)) for one in session.found_out.values()],
    )


def _is_new(session: Session, name: str, *, is_target: bool) -> bool:
    """Whether a system was never adopted. A run that only looks notes nothing of one that it meets for the first time."""
    return session.rows[name].mode == "new" if name in session.rows else is_target


def _usage(session: Session) -> dict[str, Usage]:
    """The calls that every system counted. One that cannot count fails at the end of the run as at any other time."""
    usage = {}
    for name, careful in session.careful.items():
        try:
            usage[name] = careful.usage()
        except LeadhubError as error:
            session.fail(name, error)
    return usage


def _waiting(session: Session) -> set[str]:
    """The persons for whom this run could not write, and those whose records the next run looks at again."""
    waiting = set(session.pending)
    with session.hub.store.read() as tx:
        after: RecordKey | None = None
        while batch := tx.records.dirty(1000, after):
            waiting.update(tx.persons.person_of(batch).values())
            after = batch[-1]
    return waiting


def _count_records(session: Session) -> dict[str, int]:
    """Put every record pulled in one class. Nearly all are synced: only those of persons with something open are looked for one by one."""
    counts = Counter(dict.fromkeys(COUNTS, 0))
    if session.pulled:
        with session.hub.store.read() as tx:
            classes = _classes(tx, session.pending)
            links = tx.persons.records_of(classes)
            counts.update(classes[person] for key, person in links.items() if key in session.pulled)
            after: RecordKey | None = None
            while batch := tx.records.dirty(1000, after):
                linked = tx.persons.person_of(batch)
                counts["pending"] += sum(key in session.pulled and key not in linked for key in batch)
                after = batch[-1]
    counts["synced"] += len(session.pulled) - counts.total()
    counts["rejected"] += sum(c.rejected for c in session.counts.values())
    return dict(counts)


def _classes(tx: Transaction, pending: Collection[str]) -> dict[str, str]:
    """Return the class of the records of every person who is not done with."""
    classes = dict.fromkeys(pending, "pending")
    by_kind: dict[str, set[str]] = {}
    after = ""
    while batch := tx.reviews.open(after=after, limit=1000):
        for stored in batch:
            if stored.review.person_id is not None:
                by_kind.setdefault(stored.review.kind, set()).add(stored.review.person_id)
        after = batch[-1].review.id
    named = {kind: "conflict" if kind == "conflict" else "quarantined" if kind in _QUARANTINE else "review" for kind in by_kind}
    for kind in sorted(by_kind, key=lambda kind: COUNTS.index(named[kind])):
        classes |= dict.fromkeys(by_kind[kind], named[kind])
    return classes


def adoption_report(session: Session, system: str) -> AdoptionReport:
    """Compare the newcomer with everyone else."""
    shared = here = elsewhere = several = 0
    with session.hub.store.read() as tx:
        after = ""
        while ids := tx.persons.iter_ids(after):
            for aggregate in tx.persons.load(ids):
                mine = [link for link in aggregate.links if link.system == system]
                others = [link for link in aggregate.links if link.system != system]
                shared += bool(mine and others)
                here += bool(mine and not others)
                elsewhere += bool(others and not mine)
                several += len(mine) > 1
            after = ids[-1]
        unsure = len(tx.reviews.open(kind="duplicate", limit=100_000))
        records = tx.records.count(system)
    patterns = [(f, v, reason, n) for (name, f, v, reason), n in session.standing.most_common() if name == system]
    return AdoptionReport(run_report(session), system, session.identities.get(system), records, shared, here, elsewhere, several, unsure, patterns)
