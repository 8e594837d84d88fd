"""What of a plan still holds: of every item either the fresh change that equals it, or what has changed since. The journal keeps both."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from leadhub.core.cutting import UPDATES, with_companions
from leadhub.core.normalize import text_of
from leadhub.model.record import NativeValue
from leadhub.model.run import Intent, IntentState, PlannedChange
from leadhub.store import RecordKey, Settlement, Transaction
from leadhub.sync.planfile import Item, PlanFile
from leadhub.sync.session import Session
from leadhub.sync.taken_back import Reverts

_BEGUN = frozenset({IntentState.ACCEPTED, IntentState.SENT, IntentState.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Refused:
    """An item that is not made, and why; `made_by` is the run that made it before, where that is the reason, `taken_back` are those that took that back."""

    item: Item
    reason: str
    made_by: str | None = None
    taken_back: tuple[str, ...] = ()

    @property
    def stands(self) -> bool:
        """Whether it is in place all the same, for it was made before."""
        return self.made_by is not None and not self.taken_back


@dataclass(slots=True)
class Chosen:
    """The fresh changes that are to be made, and the items that have none."""

    changes: list[PlannedChange] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def choose(session: Session, plan: PlanFile, fresh: Sequence[PlannedChange]) -> Chosen:
    """Return the fresh changes that equal an item of the plan, cut to its fields, and say of every other item what has changed since."""
    chosen = Chosen()
    by_record = {_place(change): change for change in fresh}
    with session.hub.store.read() as tx:
        before = made_before(tx, plan)
    for item in plan.items:
        now = _of_it(session, item, by_record.get(_place(item)))
        if begun := before.get(item.key):
            chosen.refused.append(begun)
        elif why := _barred(session, plan, item):
            chosen.refused.append(Refused(item, why))
        elif now is None or Item.of(now, session.hub) != item:
            chosen.refused.append(Refused(item, _since(session, plan, item, now)))
        elif item.operation not in UPDATES and plan.config_hash != session.hub.deployment.hash:
            what = "made" if item.record_id is None else "converted"
            reason = f"{session.hub.deployment.path.name} changed since, and what comes of a record that is {what} depends on it"
            chosen.refused.append(Refused(item, reason))
        else:
            chosen.changes.append(now)
    return chosen


def made_before(tx: Transaction, plan: PlanFile) -> dict[str, Refused]:
    """Return, by their keys, the items of a plan that an earlier run made, or sent without an answer so far. No item is made twice, also after a revert."""
    if plan.hash is None:
        return {}
    items, runs, reverts = {item.key: item for item in plan.items}, tx.runs.of_plan(plan.run), Reverts(tx)
    begun = ((run, i) for run in runs for i in _journal(tx, run.id) if i.state in _BEGUN and i.change.key in items)
    return {i.change.key: _made(items[i.change.key], i, reverts.of_write(run, i.change)) for run, i in begun}


def _made(item: Item, intent: Intent, taken_back: tuple[str, ...]) -> Refused:
    if intent.state is not IntentState.ACCEPTED:
        return Refused(item, f"run {intent.run_id} sent it, and whether it was made is not known yet")
    made = f"made before, by run {intent.run_id}"
    if taken_back:
        made += f", and taken back by {'run' if len(taken_back) == 1 else 'runs'} {' and '.join(taken_back)}"
    return Refused(item, made, intent.run_id, taken_back)


def _journal(tx: Transaction, run_id: str) -> Iterator[Intent]:
    after = 0
    while some := tx.intents.of_run(run_id, after):
        yield from some
        after = some[-1].seq


def leave_out(session: Session, tx: Transaction, refused: Sequence[Refused]) -> None:
    """Keep in the run's journal what it does not make, and why. What was made before, and stands, is in that of the run that made it."""
    left = [one for one in refused if not one.stands]
    intents = tx.intents.plan(session.run_id, [one.item.as_change() for one in left], session.token)
    settled = [Settlement(i.seq, IntentState.LEFT_OUT, one.reason) for i, one in zip(intents, left, strict=True)]
    tx.intents.record_outcomes(session.run_id, settled, session.token)


def not_made(session: Session) -> list[Refused]:
    """Return the items of this run that were begun, or about to be, and were not made after all: overtaken at the last moment, refused, or put off.

    Of what was overtaken the journal keeps the reason too: it is left out like what was found out before.
    """
    with session.hub.store.read() as tx:
        found = [i for i in _journal(tx, session.run_id) if i.state not in (IntentState.ACCEPTED, IntentState.LEFT_OUT)]
    refused = [Refused(Item.of(i.change, session.hub), _why(session, i)) for i in found]
    overtaken = [(i, one.reason) for i, one in zip(found, refused, strict=True) if i.state is IntentState.STALE]
    with session.storing() as tx:
        tx.intents.record_outcomes(session.run_id, [Settlement(i.seq, IntentState.LEFT_OUT, why) for i, why in overtaken], session.token)
    return refused


def _why(session: Session, intent: Intent) -> str:
    told = intent.detail if isinstance(intent.detail, str) else ""
    match intent.state:
        case IntentState.STALE:
            item = Item.of(intent.change, session.hub)
            there = _shows_since(session, item, item.record_id) if item.record_id is not None else ""
            return there or f"{told or 'the call had no effect'}: the next sync looks at it again"
        case IntentState.REFUSED:
            return f"{intent.change.system} refused it{f': {told}' if told else ''}"
        case _:
            return told or "whether it was made is not known"


def _place(change: PlannedChange | Item) -> tuple[str, str, str | None, str, str]:
    return change.system, change.object, change.record_id, change.person_id, "" if change.record_id else change.key


def _of_it(session: Session, item: Item, fresh: PlannedChange | None) -> PlannedChange | None:
    """What leadhub would write of an item's fields by now, with what goes together with them; None where it would write none of them."""
    if fresh is None:
        return None
    target = session.hub.systems[fresh.system].object(fresh.object)
    now = with_companions(fresh, item.values, target, session.hub.policy)
    return now if now.values or not item.values else None


def _barred(session: Session, plan: PlanFile, item: Item) -> str:
    """Why nothing is written to the item's system at all; blank where it may be."""
    if item.system not in session.hub.systems:
        return f"there is no system {item.system} in {session.hub.deployment.path.name} any more"
    if not session.hub.systems[item.system].reads(item.object):
        return f"{session.hub.deployment.path.name} changed since, and {item.object} of {item.system} is not read any more"
    if item.system in session.troubles:
        return f"{item.system} was left out of this run"
    if session.rows[item.system].mode == "paused":
        return f"{item.system} is paused"
    if not session.may_write(item.system):
        return f"writing to {item.system} is off"
    identity = session.identities.get(item.system)
    if identity is not None and plan.orgs.get(item.system) not in (None, identity.org):
        return f"{item.system} answers as organization {identity.org}, the plan was made for {plan.orgs[item.system]}"
    return ""


def _since(session: Session, plan: PlanFile, item: Item, now: PlannedChange | None) -> str:
    """What has changed since an item was planned. `now` is what leadhub would write to the record by now, if anything."""
    if there := _created_since(session, item) if item.record_id is None else _shows_since(session, item, item.record_id):
        return there
    if now is not None:
        return _differs(item, now, Item.of(now, session.hub).reversible)
    if plan.config_hash != session.hub.deployment.hash:
        return f"{session.hub.deployment.path.name} changed since, and under it this is not written"
    return "leadhub would not write this any more: its value moved on, or a question about it is open"


def _differs(item: Item, now: PlannedChange, back: str) -> str:
    """How what leadhub would write by now differs from an item."""
    if other := next((name for name, value in now.values.items() if name in item.values and text_of(value) != text_of(item.values[name])), None):
        return f'leadhub would write another value by now: {other} "{text_of(now.values[other])}"'
    if joined := next((name for name in now.values if name not in item.values), None):
        return f'{joined} belongs to it and is written with it by now: "{text_of(now.values[joined])}"'
    if gone := next((name for name in item.values if name not in now.values), None):
        return f"leadhub would not write {gone} any more: its value moved on, or a question about it is open"
    if item.reversible != back:
        return f"it was planned as {item.reversible}, and is {back} by now"
    return "it would be written in another way by now"


def _created_since(session: Session, item: Item) -> str:
    with session.hub.store.read() as tx:
        known = tx.persons.load([item.person_id])
    if any((link.system, link.object) == (item.system, item.object) for a in known for link in a.links):
        return "there is a record of this lead by now"
    left = any(record.gone is None for a in known for record in a.records.values())
    return "" if left else "no record of this lead is left from which it could be made"


def _shows_since(session: Session, item: Item, record_id: str) -> str:
    """How a record differs from what the plan saw; blank where it does not."""
    key = RecordKey(item.system, item.object, record_id)
    with session.hub.store.read() as tx:
        record = tx.records.get([key]).get(key)
    if record is None or record.gone is not None:
        return f"the record is {'not known' if record is None or record.gone is None else record.gone.value.replace('_', ' ')}"
    converted = session.hub.systems[item.system].object(item.object).mapping.converted
    if converted is not None and record.native.get(converted) is True:
        return "the record is converted"
    shows = {name: record.native.get(name) for name in item.values or item.before}
    if item.values and _texts(shows) == _texts(item.values):
        return "it shows this already"
    moved = next((name for name in shows if text_of(shows[name]) != text_of(item.before.get(name))), None)
    return f'{moved} shows something else now: "{text_of(shows[moved])}"' if moved is not None else ""


def _texts(values: Mapping[str, NativeValue]) -> dict[str, str]:
    return {name: text_of(value) for name, value in values.items()}
