"""The journal of writes in dictionaries."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import islice

from leadhub.errors import StoreError
from leadhub.model.person import StoredRecord
from leadhub.model.run import Intent, IntentState, PlannedChange
from leadhub.store import RecordKey, Settlement, Tally
from leadhub.store.intents import NO_STAMPS, Intents, seen_at
from leadhub.testing.dict_store.json_values import json_in, json_out
from leadhub.testing.dict_store.persons import save_link
from leadhub.testing.dict_store.repository import DictRepository
from leadhub.testing.dict_store.tables import Tables, native_in, native_out, utc

_OPEN = frozenset({IntentState.PLANNED, IntentState.SENT, IntentState.UNKNOWN})
_Place = tuple[str, int]


class DictIntents(DictRepository, Intents):
    """Intents by (run, seq)."""

    def plan(self, run_id: str, changes: Iterable[PlannedChange], token: int) -> tuple[Intent, ...]:
        """See `Intents.plan`."""
        held = self.held
        held.writable()
        held.check_lease(token)
        last = held.last_intent.get(run_id, 0)
        intents = tuple(Intent(run_id, seq, change, IntentState.PLANNED, token) for seq, change in enumerate(changes, last + 1))
        for intent in intents:
            place = run_id, intent.seq
            held.put(held.intents, place, replace(intent, change=_own(intent.change)))
            held.put(held.open_intents, place, None)
        held.put(held.last_intent, run_id, last + len(intents))
        return intents

    def mark_sent(self, run_id: str, seqs: Iterable[int], token: int, stamps: Mapping[int, datetime] = NO_STAMPS) -> None:
        """See `Intents.mark_sent`."""
        self.record_outcomes(run_id, [Settlement(seq, IntentState.SENT, seen_at(stamps.get(seq))) for seq in seqs], token)

    def record_outcomes(self, run_id: str, settlements: Iterable[Settlement], token: int) -> None:
        """See `Intents.record_outcomes`."""
        held = self.held
        held.writable()
        held.check_lease(token)
        settled = tuple(settlements)
        if missing := sorted({one.seq for one in settled if (run_id, one.seq) not in held.intents}):
            raise StoreError(f"run {run_id} never planned the writes {missing}", next_step="report this: an outcome must follow its intent")
        for one in settled:
            _settle(held, (run_id, one.seq), one, token)
        for key, link in {RecordKey(link.system, link.object, link.record_id): link for one in settled if (link := one.link)}.items():
            save_link(held, key, link)
        answers = ((one.record, one.dirty) for one in settled if one.record)
        for key, (record, dirty) in {RecordKey(record.system, record.object, record.id): (record, dirty) for record, dirty in answers}.items():
            _answered(held, key, record, dirty=dirty)

    def open(self, *, before_run: str | None = None) -> tuple[Intent, ...]:
        """See `Intents.open`."""
        return tuple(_out(self.held.intents[place]) for place in sorted(self.held.open_intents) if place[0] != before_run)

    def of_run(self, run_id: str, after: int = 0, limit: int = 1000) -> tuple[Intent, ...]:
        """See `Intents.of_run`."""
        seqs = range(max(after, 0) + 1, self.held.last_intent.get(run_id, 0) + 1)
        return tuple(_out(self.held.intents[run_id, seq]) for seq in islice(seqs, limit))

    def of_person(self, person_id: str) -> tuple[Intent, ...]:
        """See `Intents.of_person`."""
        mine: list[_Place] = [place for place, intent in self.held.intents.items() if intent.change.person_id == person_id]
        return tuple(_out(self.held.intents[place]) for place in sorted(mine))

    def tally(self, run_ids: Collection[str]) -> tuple[Tally, ...]:
        """See `Intents.tally`."""
        counted = Counter(
            (run, intent.change.system, intent.change.operation, intent.state) for (run, _), intent in self.held.intents.items() if run in run_ids
        )
        return tuple(Tally(*key, n) for key, n in counted.items())


def _settle(held: Tables, place: _Place, settlement: Settlement, token: int) -> None:
    intent = held.intents[place]
    held.put(held.intents, place, Intent(intent.run_id, intent.seq, intent.change, settlement.state, token, json_in(settlement.detail)))
    if settlement.state in _OPEN:
        held.put(held.open_intents, place, None)
    else:
        held.drop(held.open_intents, place)


def _answered(held: Tables, key: RecordKey, record: StoredRecord, *, dirty: bool) -> None:
    """Store the record that a system answered with, unless a later one was observed meanwhile; what else is to be done about it stays to be done."""
    stamp = record.stamp and utc(record.stamp)
    stored = held.records.get(key)
    if stored and stored.stamp and stamp and stamp < stored.stamp:
        return
    created = record.created and utc(record.created)
    held.put(held.records, key, replace(record, native=native_in(record.native), stamp=stamp, raw_hash=bytes(record.raw_hash), created=created))
    held.drop(held.unsettled, key)
    if dirty and key not in held.dirty:
        held.put(held.dirty, key, None)


def _own(change: PlannedChange) -> PlannedChange:
    return replace(
        change,
        values=native_in(change.values),
        before=native_in(change.before),
        why=dict(change.why),
        fields=dict(change.fields),
        state=None if change.state is None else dict(change.state),
        state_versions=dict(change.state_versions),
    )


def _out(intent: Intent) -> Intent:
    values, before, detail = native_out(intent.change.values), native_out(intent.change.before), json_out(intent.detail)
    if values is intent.change.values and before is intent.change.before and detail is intent.detail:
        return intent
    return replace(intent, change=replace(intent.change, values=values, before=before), detail=detail)
