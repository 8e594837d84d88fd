"""What outcomes make of intents, links and records. After a write the base is what was sent; an answer that shows something else is an edit."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from leadhub.core.agreement import field_of_key
from leadhub.core.drafts import label
from leadhub.core.normalize import Fields, is_echo, text_of
from leadhub.errors import DuplicateRefused, LeadhubError, RecordError, RowsLocked
from leadhub.model.person import Link, StateBase, StoredRecord
from leadhub.model.record import Json, NativeValue, ObjectMapping, Operation, Outcome, Result
from leadhub.model.run import WRITES, Intent, IntentState, PlannedChange, Review, ReviewKind
from leadhub.store import RecordKey, Settlement, Transaction
from leadhub.sync.found_out import FOUND_OUT
from leadhub.sync.session import Session

STATES = {
    Result.ACCEPTED: IntentState.ACCEPTED,
    Result.REFUSED: IntentState.REFUSED,
    Result.STALE: IntentState.STALE,
    Result.UNKNOWN: IntentState.NOT_APPLIED,  # by now it was looked for: a person has been asked, and nothing repeats it
}
_UPDATES = frozenset({Operation.UPDATE, Operation.CLEAR_THEN_SET})
_UNKNOWN = "it is not known whether this write happened"
_NOT_THERE = "looked, and it is not there"


def same_values(stored: Mapping[str, NativeValue], seen: Mapping[str, NativeValue]) -> bool:
    """Whether a record still shows what is stored, in every field that both know."""
    return all(text_of(stored[name]) == text_of(seen[name]) for name in stored if name in seen)


def answered(intent: Intent) -> datetime | None:
    """Return the stamp with which the system answered a create, as far as it told one; what was saved there later is not ours."""
    return datetime.fromisoformat(str(intent.detail["stamp"])) if isinstance(intent.detail, dict) else None


def in_doubt(intent: Intent) -> bool:
    """Whether a write was looked for and nobody can tell: no reason is stored for it, and a person is asked."""
    return intent.state is IntentState.NOT_APPLIED and intent.detail is None


def put_off(session: Session, intents: Sequence[Intent], why: str, run_id: str | None = None) -> None:
    """Give up intents that were never sent; their persons are looked at again in the next run."""
    if not intents:
        return
    with session.storing() as tx:
        tx.intents.record_outcomes(run_id or session.run_id, [Settlement(i.seq, IntentState.NOT_APPLIED, why) for i in intents], session.token)
        if run_id is not None:
            found = session.found_out[run_id]
            found.never_sent += len(intents)
            found.again += [i.change for i in intents]
            _keep_found_out(session, tx)
        aggregates = tx.persons.load({i.change.person_id for i in intents})
        tx.records.mark_dirty(RecordKey(link.system, link.object, link.record_id) for a in aggregates for link in a.links)
    session.pending.update(i.change.person_id for i in intents)


def _keep_found_out(session: Session, tx: Transaction) -> None:
    session.note(tx, FOUND_OUT, [one.kept() for one in session.found_out.values() if one.found])


class Settler:
    """Collects the outcomes of one batch and stores them in one transaction."""

    def __init__(self, session: Session, system: str, batch: Sequence[Intent], run_id: str) -> None:
        self.session, self.system, self.run_id = session, system, run_id
        self.by_key = {i.change.key: i for i in batch}
        self.outcomes: dict[int, tuple[Intent, Outcome]] = {}
        self.answers: set[int] = set()
        self.aside: list[Intent] = []
        self.postponed: dict[int, tuple[Intent, LeadhubError]] = {}
        self.again = False

    def take(self, outcome: Outcome, intent: Intent | None = None) -> None:
        """Note one outcome."""
        found = intent or self.by_key[outcome.key]
        self.answers |= set() if intent else {found.seq}  # what was looked up may show the stamp of somebody else's work
        self.outcomes[found.seq] = (found, outcome)

    def put_aside(self, intents: Sequence[Intent]) -> None:
        """Note intents that were overtaken before they were sent."""
        self.aside.extend(intents)

    def not_attempted(self, intents: Sequence[Intent], why: LeadhubError) -> None:
        """Note intents of a call that had no effect."""
        self.postponed |= {i.seq: (i, why) for i in intents}

    def left(self, sent: Sequence[Intent]) -> list[Intent]:
        """Return those sent for which no outcome came."""
        return [i for i in sent if i.seq not in self.outcomes]

    def unknown(self, sent: Sequence[Intent]) -> list[Intent]:
        """Return those sent whose outcome the connector does not know."""
        return [i for i in sent if i.seq in self.outcomes and self.outcomes[i.seq][1].result is Result.UNKNOWN]

    def store(self) -> None:
        """Store all of it."""
        session = self.session
        with session.storing() as tx:
            aggregates = {a.person.id: a for a in tx.persons.load({i.change.person_id for i, _ in self.outcomes.values()})}
            owners = tx.persons.person_of(RecordKey(self.system, i.change.object, o.record_id) for i, o in self.outcomes.values() if o.record_id)
            settlements, reviews = [], []
            for intent, outcome in self.outcomes.values():
                linked = {link.id: link for link in aggregates[intent.change.person_id].links}
                record = aggregates[intent.change.person_id].records
                review = self._review(intent, outcome, owners, record)
                reviews += [review] if review is not None else []
                settlements.append(self._settle(intent, outcome, linked, record, taken=review is not None))
            settlements += [Settlement(i.seq, IntentState.STALE, "changed since the plan; judged again") for i in self.aside]
            settlements += [Settlement(i.seq, IntentState.NOT_APPLIED, str(why)) for i, why in self.postponed.values()]
            tx.intents.record_outcomes(self.run_id, settlements, session.token)
            opened = tx.reviews.replace([], reviews, session.run_id)
            session.reviews_opened += opened
            session.refused_first_time += opened
            self._note_made()
            self._note_found_out(tx)
            self._close_refusals(tx, [i.change for i, o in self.outcomes.values() if o.result is Result.ACCEPTED])
            overtaken = [i for i, o in self.outcomes.values() if self._is_judged_anew(i, o)]
            postponed = [i for i, _ in self.postponed.values()]
            again = {a.person.id: a for a in tx.persons.load({i.change.person_id for i in (*self.aside, *postponed, *overtaken)})}
            tx.records.mark_dirty(RecordKey(link.system, link.object, link.record_id) for a in again.values() for link in a.links)
        session.pending.update(i.change.person_id for i in postponed)
        self._note_locked({person: label(aggregate.person) for person, aggregate in again.items()})

    def _note_made(self) -> None:
        """Keep what this run wrote or may have written; what an earlier one did was within its own limits."""
        for intent, outcome in self.outcomes.values() if self.run_id == self.session.run_id else ():
            if outcome.result is Result.ACCEPTED:
                self.session.made.append((intent.change, outcome.record_id or intent.change.record_id or ""))
            elif outcome.result is Result.UNKNOWN:
                self.session.made.append((intent.change, ""))

    def _note_found_out(self, tx: Transaction) -> None:
        """Keep what became of an earlier run's writes, with the outcomes themselves: who is killed now has said it."""
        found = self.session.found_out.get(self.run_id)
        if found is None:
            return
        for intent, outcome in self.outcomes.values():
            found.count(STATES[outcome.result])
            found.again += [intent.change] if outcome.result is Result.STALE else []
        _keep_found_out(self.session, tx)

    def _note_locked(self, names: Mapping[str, str]) -> None:
        """Keep which rows stayed locked, and forget those that a later pass of the run could write."""
        for intent, _ in self.outcomes.values():
            self.session.locked.pop(intent.change.key, None)
        for change in (i.change for i, why in self.postponed.values() if isinstance(why, RowsLocked)):
            row = f"{change.object} {change.record_id}" if change.record_id else f"a new {change.object}"
            self.session.locked[change.key] = f"{names[change.person_id]}: {self.system} {row}"

    def _close_refusals(self, tx: Transaction, accepted: Iterable[PlannedChange]) -> None:
        """Close what was asked about these fields: what else was refused of the person is not written by this."""
        for change in accepted if self.session.had_refusals else ():
            written = {"record", *change.values, *map(field_of_key, change.fields)}
            asked = [stored.review for kind in WRITES for stored in tx.reviews.open(kind=kind, person_id=change.person_id)]
            answered = [r.id for r in asked if self.system in r.values and written.issuperset(r.field.split(","))]
            tx.reviews.close(answered, self.session.run_id)

    # ---- one outcome ---------------------------------------------------------------------------------------------------------------

    def _settle(self, intent: Intent, outcome: Outcome, links: Mapping[str, Link], records: Mapping[str, StoredRecord], *, taken: bool) -> Settlement:
        counts = self.session.counts[self.system]
        change, state = intent.change, STATES[outcome.result]
        if outcome.result is not Result.ACCEPTED or taken:
            counts.refused += outcome.result is Result.REFUSED
            self.again |= self._is_judged_anew(intent, outcome)
            link = links.get(RecordKey(self.system, change.object, change.record_id or "").link_id)
            mapping = self.session.hub.systems[self.system].object(change.object).mapping
            half = _link_half_done(change, outcome, link, mapping, self.session.hub.fields) if link is not None else None
            return Settlement(intent.seq, state, str(outcome.error) if outcome.error else self._looked(change, outcome), half)
        created = change.operation is Operation.CREATE
        if self.run_id == self.session.run_id:  # what is found out of an earlier run stays that one's
            counts.created += created
            counts.updated += not created
        record_id = outcome.record_id or change.record_id or ""
        old = links.get(RecordKey(change.system, change.object, record_id).link_id)
        record, differs = self._record_after(change, outcome, record_id, records)
        self.again |= differs
        renamed = change.operation is Operation.CONVERT  # the record names others now: who else that makes known is found out
        told: Json = (
            {"stamp": outcome.stamp.isoformat()} if created and outcome.stamp and intent.seq in self.answers else self._looked(change, outcome)
        )
        return Settlement(intent.seq, state, told, _link_after(change, record_id, old, record.native), record, dirty=differs or renamed)

    def _is_judged_anew(self, intent: Intent, outcome: Outcome) -> bool:
        """Whether what the record shows now decides what becomes of its fields: it was not as planned, or it shows of itself what is known of the write."""
        return outcome.result is Result.STALE or (outcome.result is Result.UNKNOWN and self._is_seen(intent.change))

    def _is_seen(self, change: PlannedChange) -> bool:
        """Whether a system shows the record of an update, or that it is gone."""
        return change.operation in _UPDATES and self.session.careful[self.system].can_reread

    def _looked(self, change: PlannedChange, outcome: Outcome) -> str | None:
        """Say which run found out what became of an earlier one's write; where nobody can tell, nothing is said."""
        if self.run_id == self.session.run_id or outcome.result not in (Result.ACCEPTED, Result.STALE):
            return None
        shown = outcome.values or {}
        stands = all(text_of(shown[name]) == text_of(value) for name, value in change.values.items() if name in shown)
        found = (
            ("found it in place" if stands else "found that it was made, and undone there since") if outcome.result is Result.ACCEPTED else _NOT_THERE
        )
        return f"no answer came; run {self.session.run_id} {found}"

    def _record_after(
        self, change: PlannedChange, outcome: Outcome, record_id: str, records: Mapping[str, StoredRecord]
    ) -> tuple[StoredRecord, bool]:
        """The record as it must now be: what was sent over what was known, and what the answer shows over both."""
        key = RecordKey(change.system, change.object, record_id)
        known = records.get(key.link_id)
        target = self.session.hub.systems[change.system].object(change.object)
        # of a new record only what was sent is known: what the system put there by itself (an owner) is met when it is read
        blanks = dict.fromkeys(target.relation.names if target.relation else ())
        native = {**(blanks if known is None else known.native), **change.values}
        answered = {name: value for name, value in (outcome.values or {}).items() if name in native}
        by_native = {f.native: f for f in target.mapping.fields}
        fields, region = self.session.hub.fields, self.session.hub.region
        differs = any(not is_echo(by_native.get(n), change.values[n], v, fields, region) for n, v in answered.items() if n in change.values)
        native.update(answered)
        stamp = outcome.stamp or (known.stamp if known else None)
        hashed = self.session.hash_of(change.object, native, change.system)
        if known is None:
            return StoredRecord(key.system, key.object, key.id, native, stamp, hashed), differs
        if change.operation is Operation.CREATE:
            known = replace(known, gone=None, gone_to=None)  # else it may lie in its system's bin, where the write was found
        return replace(known, native=native, stamp=stamp, raw_hash=hashed), differs

    def _review(self, intent: Intent, outcome: Outcome, owners: Mapping[RecordKey, str], records: Mapping[str, StoredRecord]) -> Review | None:
        change = intent.change
        if outcome.result is Result.REFUSED:
            error = outcome.error or RecordError("refused without a reason")
            duplicate = isinstance(error, DuplicateRefused)
            field = ",".join(error.fields) or ",".join(sorted(change.values)) or "record"
            existing = error.existing_id if isinstance(error, DuplicateRefused) else None
            values = {change.system: change.record_id, **({"existing": existing} if existing else {})}
            return _about(change, "possible_duplicate" if duplicate else "refused", field, values, str(error), error.code)
        if outcome.result is Result.UNKNOWN:
            return self._unanswered(change, records)
        key = RecordKey(change.system, change.object, outcome.record_id or "")
        if change.operation is Operation.CREATE and owners.get(key, change.person_id) != change.person_id:
            values = {change.system: key.id, "other": owners[key]}
            return _about(change, "possible_duplicate", "record", values, "the record that answered to the create belongs to another person", "taken")
        return None

    def _unanswered(self, change: PlannedChange, records: Mapping[str, StoredRecord]) -> Review | None:
        """Ask about a write of which nobody can tell. Where the record is seen its fields are asked about, if need be; while it is gone there is nothing to answer."""
        values = {change.system: change.record_id}
        if change.record_id is None:
            return _about(change, "possible_duplicate", "record", values, _UNKNOWN, "unknown")
        record = records.get(RecordKey(change.system, change.object, change.record_id).link_id)
        if self._is_seen(change) or (record is not None and record.gone is not None):
            return None
        return _about(change, "unanswered", ",".join(sorted(change.values)) or "record", values, _UNKNOWN, "unknown")


def _about(change: PlannedChange, kind: ReviewKind, field: str, values: Mapping[str, str | None], note: str, code: str) -> Review:
    identity = hashlib.blake2b(f"{kind}|{change.system}|{change.person_id}|{field}".encode(), digest_size=6).hexdigest()
    return Review(identity, kind, f"{kind}:{change.system}:{code or field}", change.person_id, change.lead_id, field, values, note)


def _link_half_done(change: PlannedChange, outcome: Outcome, link: Link, mapping: ObjectMapping, fields: Fields) -> Link | None:
    """The link after a write that broke off: what we cleared ourselves is no edit, and a field that shows neither value is for a person.

    A base `unknown` makes the rule for fields ask, under every policy.
    """
    shown = outcome.values
    if shown is None or outcome.result not in (Result.STALE, Result.UNKNOWN):
        return None
    if outcome.result is Result.STALE:
        return link if link.state is None else replace(link, state=replace(link.state, values={**link.state.values, **dict.fromkeys(shown, "")}))
    base = dict(link.base)
    sent = {field_of_key(key): key for key in change.fields}
    for mapped in (f for f in mapping.fields if f.canonical in sent and f.native in change.values):
        key = sent[mapped.canonical]
        if is_echo(mapped, change.values[mapped.native], shown.get(mapped.native), fields):
            base[key] = change.fields[key]
        elif key in base and not is_echo(mapped, change.before.get(mapped.native), shown.get(mapped.native), fields):
            base[key] = replace(base[key], how="unknown")
    state = link.state
    written = {name: text_of(value) for name, value in change.values.items() if change.state is not None and name in change.state}
    if state is not None and any(text_of(shown.get(name)) not in (value, text_of(change.before.get(name))) for name, value in written.items()):
        state = replace(state, how="unknown")
    return replace(link, base=base, state=state)


def _link_after(change: PlannedChange, record_id: str, old: Link | None, native: Mapping[str, NativeValue]) -> Link:
    link = old or Link(change.system, change.object, record_id, change.person_id, change.lead_id)
    state = link.state
    if change.operation is Operation.CONVERT and state is not None:
        return replace(link, state=StateBase({name: text_of(native.get(name)) for name in state.values}, change.state_versions, how="sent"))
    if change.state is not None:
        versions = {**(state.versions if state else {}), **change.state_versions}
        silent = frozenset(n for n in (state.silent if state else frozenset(change.state)) if not change.state.get(n) and n not in change.values)
        over = {name: text_of(change.before.get(name)) for name in change.state if name in change.values}
        values = {**(state.values if state else {}), **change.state}
        state = StateBase(values, versions, silent, "sent", state.bounced if state else 0, over)
    return replace(link, base={**link.base, **change.fields}, state=state)
