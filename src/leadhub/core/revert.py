"""Revert: what of a run can be taken back, and the writes that do it. Pure.

A run is taken back as an act made now, never by replaying anything: a record gets its old native values only where it still shows what the run wrote,
and leadhub's own value goes back only where nothing moved it since. Both are a decision: the next sync leaves them as they are, and does not redo
what was undone. Whoever did not get a write from the run (the system in which the value was edited) is left as it is, as a standing difference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import Literal

from leadhub.core.agreement import agrees, base_key
from leadhub.core.drafts import label
from leadhub.core.normalize import text_of
from leadhub.core.policy import Policy
from leadhub.core.reconcile import voices_of
from leadhub.core.sides import Side
from leadhub.core.states import parse_state, shown
from leadhub.core.targets import TargetObject
from leadhub.core.voices import Voice
from leadhub.lifecycle.states import is_valid
from leadhub.model.person import Aggregate, Base, Canonical, Lead, Link, Reason, Value, Versions
from leadhub.model.record import NativeValue, Operation
from leadhub.model.run import Edit, Intent, IntentState, PlannedChange
from leadhub.model.state import FACETS, Facet

BEFORE = "it was taken back already"
UNTOUCHED: frozenset[Reason] = frozenset({"sent", "agreed"})
"""How the base of a side came to be that still shows what leadhub holds."""


@dataclass(frozen=True, slots=True)
class Written:
    """All that one run wrote to one record: what stood there before its first write, what it sent last, and what that stood for."""

    link: str
    before: Mapping[str, NativeValue]
    values: Mapping[str, NativeValue]
    fields: Mapping[str, Base] = field(default_factory=dict)
    state: frozenset[str] = frozenset()
    versions: Mapping[str, Versions] = field(default_factory=dict)

    def only(self, names: frozenset[str]) -> "Written":
        """The same, of some native fields alone."""
        return replace(self, values={n: v for n, v in self.values.items() if n in names}, state=self.state & names)


@dataclass(frozen=True, slots=True)
class Known:
    """One person as leadhub knows them now, all edits heard.

    `sides` are by link id, as the records are; `restored`, as those that the run wrote would be with their old values. `history` has every edit
    with its run, oldest first; `asked` the fields with an open question, by lead and name. `waiting` tells by system why nothing can be written
    there now, though it can be later; `barred` by link id and canonical field why the old value cannot come back there.
    """

    aggregate: Aggregate
    sides: Mapping[str, Side]
    restored: Mapping[str, Side]
    history: Sequence[tuple[str, Edit]]
    asked: frozenset[tuple[str | None, str]] = frozenset()
    waiting: Mapping[str, str] = field(default_factory=dict)
    barred: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def link(self, link_id: str) -> Link | None:
        """Return a link of the person."""
        return next((link for link in self.aggregate.links if link.id == link_id), None)

    def lead(self, lead_id: str | None) -> Lead | None:
        """Return a lead of the person."""
        return next((lead for lead in self.aggregate.leads if lead.id == lead_id), None)


@dataclass(frozen=True, slots=True)
class Setback:
    """A value of leadhub's own that goes back, to be made a decision: `saw` is what each record shows now."""

    field: str
    lead_id: str | None
    old: Value
    value: Value
    saw: Mapping[str, Value]


Why = Literal["left", "waits", "done"]
"""Left as it is for good; to be taken back later by the same revert; or taken back before, by an earlier one."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something of a run that is not taken back now. `where` is a system, or "leadhub" for the value that leadhub holds; `shows` what stands there."""

    person: str
    where: str
    field: str
    reason: str
    why: Why = "left"
    shows: Value = None


@dataclass(slots=True)
class Undo:
    """What can be taken back for one person: leadhub's values, the native fields by link, and what stays as it is."""

    setbacks: list[Setback] = field(default_factory=list)
    restores: dict[str, set[str]] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)


def written_by(intents: Sequence[Intent]) -> tuple[list[Written], list[PlannedChange]]:
    """Return what a run wrote, by record, and what it created, archived or converted; of writes that were refused or put off nothing is said."""
    made = [i.change for i in intents if i.state is IntentState.ACCEPTED]
    found: dict[str, Written] = {}
    for change in (c for c in made if c.operation in (Operation.UPDATE, Operation.CLEAR_THEN_SET)):
        link = f"{change.system}/{change.object}/{change.record_id}"
        first = found.get(link, Written(link, {}, {}))
        found[link] = Written(
            link,
            {**change.before, **first.before},
            {**first.values, **change.values},
            {**first.fields, **change.fields},
            first.state | (frozenset(change.values) & frozenset(change.state or ())),
            {**first.versions, **change.state_versions},
        )
    return list(found.values()), [c for c in made if c.operation in (Operation.CREATE, Operation.ARCHIVE, Operation.CONVERT)]


def take_back(
    run_id: str, known: Known, written: Sequence[Written], policy: Policy, targets: Mapping[tuple[str, str], TargetObject], *, imported: bool = False
) -> Undo:
    """Return what can be taken back for one person: of each field the hub's value, and what the run wrote because of it.

    Of a run that `imported` a file, that is also what it changed in leadhub alone: it wrote to no system.
    """
    return _TakeBack(run_id, known, {w.link: w for w in written}, policy, targets).run(imported=imported)


class _TakeBack:
    """One person's part of a run, field by field and then lead by lead."""

    def __init__(
        self, run_id: str, known: Known, written: Mapping[str, Written], policy: Policy, targets: Mapping[tuple[str, str], TargetObject]
    ) -> None:
        self.run_id, self.known, self.written, self.policy, self.targets = run_id, known, written, policy, targets
        self.undo = Undo()
        self.name = label(known.aggregate.person)

    def run(self, *, imported: bool) -> Undo:
        """Judge everything that the run touched."""
        edited = [(e.lead_id, e.field) for run, e in self.known.history if imported and run == self.run_id and e.taken]
        for key in dict.fromkeys(
            [*(key for w in self.written.values() for key in w.fields), *(base_key(one[1], one[0]) for one in edited if one[1] not in FACETS)]
        ):
            self.field(key)
        spoken = [lead for w in self.written.values() if w.state for lead in w.versions]
        moved = [lead for lead, name in edited if name in FACETS and lead is not None]
        for lead_id in dict.fromkeys([*spoken, *moved]):
            self.state(lead_id)
        return self.undo

    # ---- plain fields -----------------------------------------------------------------------------------------------------------------

    def field(self, key: str) -> None:
        """One canonical field: where it still stands as the run left it, records and hub go back together."""
        name, lead_id = parts_of(key)
        mine = {link: w for link, w in self.written.items() if key in w.fields and self._native(link, name) in w.values}
        hub = self._canonical(key)
        edits = [(run, e) for run, e in self.known.history if e.taken and (e.lead_id, e.field) == (lead_id, name)]
        own = [e.version for run, e in edits if run == self.run_id]
        version = max([*(w.fields[key].version for w in mine.values()), *own], default=0)
        if hub is None or not version:
            return
        target = _value_before(edits, version)
        undone = hub.version > version and target is not None and edits[-1][1].cause == "decision" and hub.value == target.value
        if (lead_id, name) in self.known.asked:
            self._skip("leadhub", name, "a question about it is open: answer that")
        elif self.policy.fields[name].merge == "restrictive" and hub.value == "true":
            self._skip("leadhub", name, "an opt-out is not taken back: opting in is for the person to do", shows=hub.value)
        elif hub.version != version and not undone and not _brought_back(edits, version, hub.value):
            self._skip("leadhub", name, _moved_on(edits, version), shows=hub.value)
        else:
            self._put_back(key, mine, hub, target, undone=undone, own=bool(own))

    def _put_back(self, key: str, mine: Mapping[str, Written], hub: Canonical, target: "_Before | None", *, undone: bool, own: bool) -> None:
        name, lead_id = parts_of(key)
        sides = [link for link in mine if self._still_ours(link, key, hub, undone=undone)]
        lost = {link.partition("/")[0] for link in mine if self.known.link(link) is None}  # a record that took its place bears what this run wrote
        others = [s for s in self.known.sides.values() if s.id not in mine and s.system not in lost]
        if later := [s.system for s in others if own and not undone and self._was_sent(s, key, hub)]:
            self._skip("leadhub", name, f"a later run wrote it on to {', '.join(sorted(later))}: revert that one first")
            return
        for link in sides:
            self.undo.restores.setdefault(link, set()).add(self._native(link, name))
        told = any(target is not None and agrees(self.policy.fields[name], self.known.restored[link], target.value) for link in sides)
        if target is not None and not undone and ((told and not target.adopted) or (own and not mine)):
            saw = {s.id: s.shown[name] for s in self.known.sides.values() if name in s.shown}
            self.undo.setbacks.append(Setback(name, lead_id, hub.value, target.value, saw))

    def _still_ours(self, link_id: str, key: str, hub: Canonical, *, undone: bool) -> bool:
        """Whether a record still shows what the run wrote, and may be written; the reason why not is noted."""
        name, _ = parts_of(key)
        link, side = self.known.link(link_id), self.known.sides.get(link_id)
        system = link_id.partition("/")[0]
        if link is None or side is None or link_id not in self.known.restored:
            self._skip(system, name, "the record is gone, or belongs to somebody else by now")
            return False
        shows = side.shown.get(name)
        base, how = link.base.get(key), frozenset({"decided"}) if undone else UNTOUCHED
        if base is None or base.version != hub.version or base.how not in how:
            if name in side.shown and agrees(self.policy.fields[name], side, self.known.restored[link_id].shown.get(name)):
                self._skip(system, name, BEFORE, "done", shows=shows)
            else:
                self._skip(system, name, "it was changed there since", shows=shows)
        elif (link_id, name) in self.known.barred:
            self._skip(system, name, self.known.barred[link_id, name], shows=shows)
        elif name not in side.writable:
            self._skip(system, name, *self._unwritable(system), shows=shows)
        else:
            return True
        return False

    def _unwritable(self, system: str) -> tuple[str, Why]:
        why = self.known.waiting.get(system)
        return (f"it waits: {why}", "waits") if why is not None else ("leadhub may not write it there now", "left")

    def _was_sent(self, side: Side, key: str, hub: Canonical) -> bool:
        base = side.link.base.get(key)
        return base is not None and base.how == "sent" and base.version == hub.version

    def _canonical(self, key: str) -> Canonical | None:
        name, lead_id = parts_of(key)
        if lead_id is None:
            return self.known.aggregate.person.fields.get(name)
        lead = self.known.lead(lead_id)
        return lead.fields.get(name) if lead is not None else None

    def _native(self, link_id: str, canonical: str) -> str:
        system, object_name, _ = link_id.split("/", 2)
        target = self.targets.get((system, object_name))
        return next((f.native for f in target.mapping.fields if f.canonical == canonical and not f.member), "") if target is not None else ""

    # ---- state ------------------------------------------------------------------------------------------------------------------------

    def state(self, lead_id: str) -> None:
        """The state of one lead, and the native values that speak of it."""
        lead = self.known.lead(lead_id)
        mine = {link: w for link, w in self.written.items() if w.state and lead_id in w.versions}
        if lead is None:
            return
        if (lead_id, "state") in self.known.asked:
            self._skip("leadhub", "state", "a question about it is open: answer that")
            return
        sides = [link for link, w in mine.items() if self._shows_ours(link, w, lead)]
        if mine and not sides:
            return
        versions = {f: self._left_at(lead, f, mine[link]) for link in sides for f in self._ruled_out(link, lead)}
        if not mine:
            versions = {f: e.version for f in FACETS for run, e in self._edits(lead, f) if run == self.run_id and self._still_at(lead, f, e.version)}
        for link in sides:
            self.undo.restores.setdefault(link, set()).update(mine[link].state)
        value = self._state_before(lead, versions)
        if value is None or str(lead.state) == value:
            return
        if sides and not any(v.consistent(parse_state(value)) for link in sides for v in self._restored(link, lead)):
            return  # what stood there before did not say so either: the records go back and stand beside, the lead stays
        voices = [v for side in self.known.sides.values() for v in voices_of(side, self.known.aggregate.leads, self.policy) if v.lead_id == lead_id]
        self.undo.setbacks.append(Setback("state", lead_id, str(lead.state), value, {v.id: shown(v) for v in voices}))

    def _shows_ours(self, link_id: str, written: Written, lead: Lead) -> bool:
        side, link = self.known.sides.get(link_id), self.known.link(link_id)
        system, names = link_id.partition("/")[0], ", ".join(sorted(written.state))
        if side is None or link is None or side.state is None or link.state is None or link_id not in self.known.restored:
            self._skip(system, names, "the record is gone, or belongs to somebody else by now")
        elif any(side.state.get(name, "") != text_of(written.values[name]) for name in written.state):
            before = all(side.state.get(name, "") == text_of(written.before.get(name)) for name in written.state)
            shows = ", ".join(side.state.get(name, "") for name in sorted(written.state))
            self._skip(system, names, *((BEFORE, "done") if before else ("it was changed there since", "left")), shows=shows)
        elif not self._set_back(link, lead) and not all(
            self._still_at(lead, f, self._left_at(lead, f, written)) for f in self._ruled_out(link_id, lead)
        ):
            self._skip(system, names, "the lead moved on since")
        elif not written.state <= side.state_writable:
            self._skip(system, names, *self._unwritable(system))
        else:
            return True
        return False

    def _set_back(self, link: Link, lead: Lead) -> bool:
        """Whether an earlier try took the lead back and broke off before this record: it is current, and does not say so."""
        decided = all(lead.set_by.get(f) is not None and lead.set_by[f].cause == "decision" for f in FACETS)
        return decided and link.state is not None and link.state.versions.get(lead.id) == lead.versions

    def _ruled_out(self, link_id: str, lead: Lead) -> list[Facet]:
        """The facets of the lead that the record's old values rule out: those because of which it was written."""
        voices = self._restored(link_id, lead)
        return [f for f in FACETS if any(v.relation.contradicts(v.values, f, lead.state, silent=v.silent) for v in voices)]

    def _restored(self, link_id: str, lead: Lead) -> list[Voice]:
        return [v for v in voices_of(self.known.restored[link_id], self.known.aggregate.leads, self.policy) if v.lead_id == lead.id]

    def _edits(self, lead: Lead, facet: Facet) -> list[tuple[str, Edit]]:
        return [(run, e) for run, e in self.known.history if e.taken and not e.implied and (e.lead_id, e.field) == (lead.id, facet)]

    def _left_at(self, lead: Lead, facet: Facet, written: Written) -> int:
        """The version that a facet had when the run ended: a record of which it could not be made true stays behind it, written or not."""
        until = (e.version for run, e in self.known.history if run <= self.run_id and e.taken and (e.lead_id, e.field) == (lead.id, facet))
        return max([written.versions[lead.id].of(facet), *until])

    def _still_at(self, lead: Lead, facet: Facet, version: int) -> bool:
        """Whether a facet has the value that this version gave it: nothing moved it since, or a decision brought it back."""
        edits = self._edits(lead, facet)
        return lead.versions.of(facet) == version or (bool(edits) and _brought_back(edits, version, lead.state.facet(facet)))

    def _state_before(self, lead: Lead, versions: Mapping[Facet, int]) -> str | None:
        """The state before these versions: all that was moved together goes back together. None where there is no such state."""
        runs = {run for facet, version in versions.items() for run, e in self._edits(lead, facet) if e.version == version}
        state = lead.state
        for facet in FACETS:
            edits = self._edits(lead, facet)
            moved = [e.version for run, e in edits if run in runs]
            if not moved or not self._still_at(lead, facet, moved[-1]):
                continue
            before = _value_before(edits, moved[-1])
            if before is None or before.value is None or (before.adopted and self.run_id not in runs):
                return None
            state = state.replace_facet(facet, before.value)
        return str(state) if is_valid(state) else None

    def _skip(self, where: str, name: str, reason: str, why: Why = "left", *, shows: Value = None) -> None:
        self.undo.skipped.append(Skipped(self.name, where, name, reason, why, shows))


@dataclass(frozen=True, slots=True)
class _Before:
    """What the hub held before a run's edits of a field; None is a value too. `adopted`: first contact gave the present one, and no edit."""

    value: Value
    adopted: bool


def _value_before(edits: Sequence[tuple[str, Edit]], version: int) -> _Before | None:
    """What the hub held before the run that gave the field this version; None where the journal does not say."""
    run = next((r for r, e in reversed(edits) if e.version == version), None)
    first = next((e for r, e in edits if r == run and e.version <= version), None) if run is not None else None
    return _Before(first.old, first.cause == "adopted") if first is not None else None


def _brought_back(edits: Sequence[tuple[str, Edit]], version: int, value: Value) -> bool:
    """Whether a decision gave a field the value again that it had at this version: a later run was taken back before this one."""
    given = next((e for _, e in edits if e.version == version), None)
    return given is not None and edits[-1][1].cause == "decision" and given.new == value


def _moved_on(edits: Sequence[tuple[str, Edit]], version: int) -> str:
    later = [(run, e) for run, e in edits if e.version > version]
    if not later:
        return "it is not known what it was before"
    run, edit = later[-1]
    act = "a person's decision" if edit.cause == "decision" else f"an edit in {edit.origin}"
    by = f" ({edit.actor})" if edit.actor else ""
    at = f" at {edit.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if edit.at is not None else ""
    return f"it was changed since, by {act}{by}{at} (run {run})"


def parts_of(key: str) -> tuple[str, str | None]:
    """Return the canonical field and the lead that a key in a link's base names; no lead for a field of the person."""
    name, at, lead_id = key.partition("@")
    return name, lead_id if at else None
