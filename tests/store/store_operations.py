"""A clock that tests set, random operations on a store, and every question that can be asked of one: for tests that compare two kinds."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

from hypothesis import strategies as st

from leadhub.model.person import Aggregate, Base, Canonical, Lead, Link, Person, SetBy, StateBase, StoredRecord, Versions
from leadhub.model.record import Gone, Operation, Owner, Record, Reject
from leadhub.model.run import Approval, Decision, Edit, IntentState, PlannedChange, Review, RunRow
from leadhub.model.state import State
from leadhub.store import LeadQuery, MatchKey, RecordKey, Settlement, SystemRow, Transaction

Act = Callable[[Transaction], Any]
T0 = datetime(2026, 3, 1, 9, tzinfo=UTC)


class SetClock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.at = T0
        self.made = 0

    def now(self) -> datetime:
        """The time that was set."""
        return self.at

    def sleep(self, seconds: float) -> None:
        """Advance at once."""
        self.at += timedelta(seconds=seconds)

    def new_id(self) -> str:
        """Ids in order."""
        self.made += 1
        return f"{self.made:08d}"


KEYS = [RecordKey(*parts) for parts in product(("a", "b"), ("Contact", "Lead"), ("1", "2"))]
OBJECTS = sorted({key[:2] for key in KEYS})
PEOPLE = ["P1", "P2", "P3"]
LEADS = ["L1", "L2", "L3"]
RUNS = ["r1", "r2"]
QUESTIONS = ["q1", "q2", "q3", "q4"]
VALUES = list(product(("email", "phone"), ("k1", "k2")))
key = st.sampled_from(KEYS)
keys = st.lists(key, max_size=3)
system = st.sampled_from(["a", "b"])
people = st.lists(st.sampled_from(PEOPLE), unique=True, max_size=2)
run = st.sampled_from(RUNS)
questions = st.lists(st.sampled_from(QUESTIONS), max_size=3)
token = st.sampled_from([1, 1, 1, 1, 1, 2])
time = st.integers(0, 3).map(lambda minutes: T0 + timedelta(minutes=minutes))
maybe_time = st.none() | time
raw_hash = st.sampled_from([b"0", b"1"])
text = st.sampled_from([None, "x", "Ann", "A\x00", "é"])
native = st.dictionaries(st.sampled_from(["N", "M"]), st.sampled_from([None, "x", 1, True, 1.5, ["p", "q"], T0]), max_size=2)
gone = st.sampled_from([None, None, None, None, *Gone])
json = st.sampled_from([None, "cursor", 7, [1, {"a": None}], {"b": [True]}])


def observed(at: RecordKey, *parts: Any) -> StoredRecord:
    """A record as a system answered it."""
    return StoredRecord(*at, *parts)


record = st.tuples(
    st.builds(
        lambda at, values, stamp, left, created: Record(*at[1:], values, stamp, gone=left, created=created), key, native, maybe_time, gone, maybe_time
    ),
    raw_hash,
)
answer = st.builds(observed, key, native, maybe_time, raw_hash, gone, st.none(), maybe_time)
fields = st.dictionaries(
    st.sampled_from(["first_name", "company"]), st.builds(Canonical, text, st.integers(0, 2), system, st.just("edit")), max_size=2
)
base = st.dictionaries(st.sampled_from(["phone"]), st.builds(Base, text, st.integers(0, 1), st.just("sent")), max_size=1)
state = st.none() | st.builds(StateBase, st.just({"S": "n"}), st.just({"L1": Versions(1)}), st.frozensets(st.just("S")))
role = st.sampled_from(["primary", "secondary", "frozen"])


def link_of(at: RecordKey, person: str, lead: str | None, role: Any, agreed: Any, last: Any) -> Link:
    """A link of some record."""
    return Link(*at, person, lead, role, agreed, last)


owner_of_lead = st.none() | st.sampled_from(LEADS)
link = st.builds(link_of, key, st.sampled_from(PEOPLE), owner_of_lead, role, base, state)
lead = st.builds(
    lambda id_, person, cycle, stage, reason, opened, more: Lead(
        id_, person, cycle, State(stage, "new", "open"), Versions(1), {"stage": SetBy("a", "edit")}, reason, opened, None, more
    ),
    st.sampled_from(LEADS),
    st.sampled_from(PEOPLE),
    st.integers(1, 2),
    st.sampled_from(["lead", "customer"]),
    text,
    maybe_time,
    fields,
)
sets = st.dictionaries(st.just("email"), st.lists(st.sampled_from(["k1", "K2"]), max_size=2).map(tuple), max_size=1)
person = st.builds(Person, st.sampled_from(PEOPLE), fields, sets, st.none() | st.just("P3"))


def saving(persons: list[Person], leads: list[Lead], links: list[Link], due: dict[str, datetime], *, loaded: bool) -> Act:
    """Save persons with the leads and links that are theirs, made from what is loaded now, or from nothing."""

    def act(tx: Transaction) -> None:
        known = {one.person.id: one.records for one in tx.persons.load(PEOPLE)} if loaded else {}
        tx.persons.save(
            [
                Aggregate(
                    one, tuple(x for x in leads if x.person_id == one.id), tuple(x for x in links if x.person_id == one.id), known.get(one.id, {})
                )
                for one in persons
            ],
            due,
        )

    return act


change = st.builds(
    lambda at, operation, person, values, before, fields: PlannedChange("k", *at[:2], operation, at.id, person, None, values, before, {}, fields),
    key,
    st.sampled_from([Operation.UPDATE, Operation.CREATE]),
    st.sampled_from(PEOPLE),
    native,
    native,
    base,
)
settlement = st.builds(
    Settlement, st.sampled_from([1, 1, 1, 2, 2, 3]), st.sampled_from(IntentState), json, st.none() | link, st.none() | answer, st.booleans()
)
review = st.builds(
    lambda id_, kind, group, person, field, value: Review(id_, kind, group, person, None, field, {"hub": value}),
    st.sampled_from(QUESTIONS),
    st.sampled_from(["conflict", "merge"]),
    st.sampled_from(["g", "h", "\x00"]),
    st.none() | st.sampled_from(PEOPLE),
    st.sampled_from(["phone", "email"]),
    text,
)
kinds = st.none() | st.just(("conflict",))
decision = st.builds(
    lambda id_, person, value, at: Decision(id_, person, None, "phone", value, {"a": value}, "jo", at),
    st.sampled_from(QUESTIONS),
    st.sampled_from(PEOPLE),
    text,
    time,
)
edit = st.builds(
    lambda person, lead, field, new, at: Edit(person, lead, field, None, new, 1, "edit", "a", at=at),
    st.sampled_from(PEOPLE),
    owner_of_lead,
    st.sampled_from(["phone", "email"]),
    text,
    maybe_time,
)
match_keys = st.lists(
    st.builds(lambda value, surname: MatchKey(*value, surname), st.sampled_from(VALUES), st.sampled_from(["", "lee", "roe"])), max_size=3
)
started = st.builds(
    lambda id_, kind, at, counts, plan: RunRow(id_, kind, at, None, "running", {"n": counts}, "h", "jo", *plan),
    run,
    st.sampled_from(["sync", "plan"]),
    time,
    json,
    st.sampled_from([(), ("r1", "f00d")]),
)
approval = st.builds(
    lambda plan, actor, at, given, comment: Approval(plan, "f00d", actor, at, given, comment),
    run,
    st.sampled_from(["jo", "bo"]),
    time,
    st.booleans(),
    st.sampled_from(["", "A\x00"]),
)
rejects = st.lists(st.builds(Reject, system, st.integers(1, 3), st.just("raw"), st.sampled_from(["why", "no"])), max_size=2)
owners = st.lists(st.builds(Owner, st.sampled_from(["2", "1"]), st.just("Jo")), unique_by=lambda one: one.id, max_size=2)
mode = st.sampled_from(["read", "write", "paused"])
known_system = st.builds(SystemRow, system, st.just("files"), mode, identity=st.none() | st.just({"org": ["x"]}), adopted_at=maybe_time)
numbers = st.lists(st.integers(1, 3), max_size=2)
other = st.sampled_from(["i1", "i2"])


def _at_work(_process: str) -> bool:
    return False


def _is_p(process: str) -> bool:
    return process == "p"


ttl = st.sampled_from([timedelta(0), timedelta(hours=1)])


def acts(name: str, operation: str, *arguments: Any, **named: Any) -> st.SearchStrategy[Act]:
    """Calls of one operation of one group with drawn arguments."""

    def made(given: tuple[Any, ...], more: dict[str, Any]) -> Act:
        return lambda tx: getattr(getattr(tx, name), operation)(*given, **more)

    return st.builds(made, st.tuples(*arguments), st.fixed_dictionaries(named))


def unique(strategy: st.SearchStrategy[Any], by: Callable[[Any], Any]) -> st.SearchStrategy[Any]:
    """Lists in which nothing comes twice."""
    return st.lists(strategy, unique_by=by, max_size=3)


def populate(tx: Transaction) -> None:
    """Leave something behind for operations to meet: observed records, persons with leads and links, a planned write, an open question."""
    tx.records.ingest(
        "a", [(Record("Lead", "1", {"N": ["p"]}, T0), b"0"), (Record("Lead", "2", {}), b"0"), (Record("Contact", "1", {}, T0), b"1")], 1, "r1", 1
    )
    leads = [Lead(f"L{n}", f"P{n}", 1, State("lead", "new", "open"), Versions()) for n in (1, 2)]
    links = [Link("a", "Lead", "1", "P1", "L1"), Link("b", "Lead", "2", "P1", None, "frozen"), Link("a", "Contact", "1", "P2", "L2")]
    saving([Person("P1"), Person("P2"), Person("P3")], leads, links, {"P2": T0}, loaded=True)(tx)
    tx.intents.plan("r1", [PlannedChange("k", *KEYS[2][:2], Operation.UPDATE, "1", "P1", "L1", {"N": ["q"]}, {}, {})], 1)
    tx.reviews.replace([], [Review("q1", "conflict", "g", "P1", "L1", "phone", {"a": None})], "r1")
    tx.runs.start(RunRow("r1", "sync", T0, None, "running", {}, "h", "jo"))


# What comes more than once here is drawn more often.
ACT = st.one_of(
    *[
        acts(
            "records",
            "ingest",
            system,
            st.lists(record, min_size=1, max_size=3),
            json,
            run,
            token,
            how=st.sampled_from(["told", "listed", "delivered", "asked"]),
        )
        for _ in range(4)
    ],
    acts("records", "set_gone", st.dictionaries(key, gone, max_size=2)),
    acts("records", "mark_dirty", keys),
    acts("records", "mark_system_dirty", system),
    acts("records", "forget_cursor", system),
    acts("records", "clear_dirty", st.lists(answer, max_size=2)),
    st.builds(lambda chosen: lambda tx: tx.records.clear_dirty(tx.records.get(chosen).values()), keys),
    *[
        st.builds(
            saving,
            unique(person, lambda one: one.id),
            unique(lead, lambda one: one.id),
            unique(link, lambda one: one.id),
            st.dictionaries(st.sampled_from(PEOPLE), time),
            loaded=st.booleans(),
        )
        for _ in range(3)
    ],
    acts("keys", "replace", st.dictionaries(key, match_keys, max_size=2)),
    acts("keys", "mark_generic", st.dictionaries(st.sampled_from(VALUES), st.integers(1, 3), max_size=1)),
    acts("edits", "append", run, st.lists(edit, max_size=3)),
    acts("reviews", "replace", people, st.lists(review, max_size=3), run, kinds=kinds),
    acts("reviews", "close", questions, run),
    acts("decisions", "add", unique(decision, lambda one: one.id)),
    acts("decisions", "mark_applied", questions, run),
    acts("runs", "start", started),
    acts("runs", "keep_plan", run, st.sampled_from(["f00d", "beef"])),
    acts("runs", "note", run, st.fixed_dictionaries({"n": json})),
    acts("approvals", "add", approval),
    acts("runs", "finish", run, st.just("ok"), st.fixed_dictionaries({"n": json})),
    acts("intents", "plan", run, st.lists(change, max_size=2), token),
    acts("intents", "mark_sent", run, numbers, token),
    *[acts("intents", "record_outcomes", run, st.lists(settlement, max_size=2), token) for _ in range(2)],
    acts(
        "leases",
        "acquire",
        st.sampled_from(["sync", "other"]),
        st.just("me"),
        ttl,
        process=st.sampled_from(["", "p"]),
        gone=st.sampled_from([_at_work, _is_p]),
    ),
    acts("leases", "renew", token, ttl),
    acts("leases", "release", st.just(2)),
    acts("leases", "check", token),
    acts("rejects", "keep", run, rejects),
    acts("inbox", "keep", system, st.just("text"), raw_hash, fingerprint=st.sampled_from("xy"), key=st.none() | st.just("key")),
    acts("inbox", "settle", numbers, run),
    acts("inbox", "replay", numbers),
    acts("owners", "replace", system, owners),
    acts("systems", "save", known_system),
    acts("systems", "switch", system, mode),
    acts("installations", "name", other),
    acts("installations", "note", system, other, record.map(lambda seen: seen[0])),
    acts("installations", "take_over", system, other, st.just("jo")),
)


def everything(tx: Transaction) -> dict[str, Any]:
    """What a store answers to every question about all that `ACT` can have left behind."""
    return {**_records(tx), **_people(tx), **_journal(tx), **_rest(tx)}


def _records(tx: Transaction) -> dict[str, Any]:
    got = tx.records.get(KEYS)
    return {
        "get": got,
        "types": {at: {name: type(value) for name, value in one.native.items()} for at, one in got.items()},
        "slice": [tx.records.slice(one, after, 2) for one in "ab" for after in (None, RecordKey(one, "Contact", "2"))],
        "count": [(tx.records.count(one), tx.records.there(one, 2), tx.records.there(one, 9, KEYS[2])) for one in "ab"],
        "dirty": [tx.records.dirty(), tx.records.dirty(2), tx.records.dirty(3, KEYS[3]), tx.records.waiting(KEYS[2:])],
        "unsettled": [tx.records.unsettled(), tx.records.unsettled(1, KEYS[1])],
        "cursor": [(tx.records.cursor(one), tx.records.read_until(one)) for one in "ab"],
        "digests": [sorted(tuple(row) for rows in tx.records.digests(out_of_scope=far, size=2) for row in rows) for far in (True, False)],
        "total": tx.records.total(),
    }


def _people(tx: Transaction) -> dict[str, Any]:
    queries = [{}, {"email": "k1"}, {"email": "k2"}, {"id_prefix": "L1"}, {"id_prefix": "P2"}, {"name": "AN"}, {"stage": "lead"}, {"system": "a"}]
    return {
        "load": tx.persons.load(["P3", "P1", "nobody", "P2", "P1"]),
        "person of": tx.persons.person_of(KEYS),
        "records of": tx.persons.records_of(PEOPLE[1:]),
        "frozen": sorted(tx.persons.frozen(KEYS[1:])),
        "linked": [tx.persons.linked(one) for one in "ab"],
        "due": [tx.persons.due(T0 + timedelta(minutes=2)), tx.persons.due(T0 + timedelta(hours=9), 2)],
        "ids": [tx.persons.iter_ids(), tx.persons.iter_ids("P1", 1)],
        "counts": tx.persons.counts(),
        "search": [tx.leads.search(LeadQuery(**query)) for query in queries] + [tx.leads.search(LeadQuery(), after="L1", limit=1)],
        "keys": [tx.keys.of(KEYS), tx.keys.find(VALUES), tx.keys.surnames(VALUES), tx.keys.generic(VALUES)],
    }


def _journal(tx: Transaction) -> dict[str, Any]:
    return {
        "history": [tx.edits.history(one) for one in PEOPLE] + [tx.edits.history("P1", field="phone"), tx.edits.history("P2", lead_id="L1")],
        "edits": [tx.edits.of_run("r1"), tx.edits.of_run("r1", after=1, limit=1)],
        "runs": [tx.runs.list(), tx.runs.list(1, kind="plan"), tx.runs.get("r"), tx.runs.get("r2"), tx.runs.get("x")],
        "plans": [(tx.runs.of_plan(one), tx.approvals.of(one)) for one in RUNS],
        "intents": [tx.intents.of_run("r1"), tx.intents.of_run("r2", 1, 1), tx.intents.open(), tx.intents.open(before_run="r1")],
        "tally": [sorted(tx.intents.tally(some)) for some in ([], ["r1"], RUNS)],
        "of person": [tx.intents.of_person(one) for one in PEOPLE],
        "rejects": [tx.rejects.list(), tx.rejects.list("r1", 1)],
    }


def _rest(tx: Transaction) -> dict[str, Any]:
    states = (None, "waiting", "taken", "rejected")
    return {
        "reviews": [
            tx.reviews.open(),
            tx.reviews.open(kind="merge", limit=1),
            tx.reviews.open(group="g", person_id="P1"),
            tx.reviews.open(after="q1"),
        ],
        "all reviews": [tx.reviews.get("q"), tx.reviews.get("q2"), *(tx.reviews.of_person(one) for one in PEOPLE), tx.reviews.groups()],
        "decisions": [tx.decisions.pending(PEOPLE), tx.decisions.persons_pending(), *(tx.decisions.of_person(one) for one in PEOPLE)],
        "inbox": [tx.inbox.list(source, one, 2) for source in (None, "a") for one in states] + [tx.inbox.get(2), tx.inbox.count_waiting()],
        "waiting": [tx.inbox.waiting(one, 1) for one in "ab"],
        "owners": [tx.owners.of(one) for one in "ab"],
        "systems": [tx.systems.list(), tx.systems.get("a")],
        "installations": [tx.installations.mine(), *(tx.installations.others(one) for one in "ab")],
        "ties": [(ask(OBJECTS, 9), ask(OBJECTS[1:], 1)) for ask in (tx.ties.orphaned, tx.ties.unlinked, tx.ties.crowded, tx.ties.moved)],
    }
