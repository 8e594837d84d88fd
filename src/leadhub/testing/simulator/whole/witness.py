"""Who knew what when: the witness sees every edit and every write, and what the engine committed, and says what must not have happened.

Each edit is a *node*. Who types over a cell has seen what the cell shows, and all that was seen by whoever typed that; so each node has a history. The
hub, too, has seen what it took, and what a rule or a person let it set aside. A value may only take the place of one that is in its history.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple, cast

from leadhub.core.agreement import field_of_key
from leadhub.core.normalize import display_of, text_of
from leadhub.hub import Hub
from leadhub.model.person import Aggregate, Base, Canonical, Cause, Link, StoredRecord, Value
from leadhub.model.record import FieldMapping, NativeValue
from leadhub.model.run import Decision, Edit
from leadhub.store import RecordKey, Transaction
from leadhub.testing.simulator.shell import Finding
from leadhub.testing.simulator.whole.crm import Place, Row, Who
from leadhub.testing.simulator.whole.store import Saved

JUDGED = ("email", "company", "job_title", "last_name")
"""The plain fields whose provenance is judged. Consent is a ratchet, and has an oracle of its own."""
NEVER = Canonical(None, 0, "", "initial")
WINDOW = 12
"""So many points may lie between the last look at a row and the write: no system takes a batch "only if unchanged"."""
STANDS = frozenset({"adopted", "cleared", "not_permitted", "decided", "rewritten", "frozen", "preferred", "unknown"})


class Spot(NamedTuple):
    """One canonical field of one person."""

    person: str
    name: str


class Witness:
    """Judges the plain fields of a whole schedule."""

    def __init__(self, hub: Hub, points: Callable[[], int]) -> None:
        self.hub, self.points = hub, points
        self.findings: list[Finding] = []
        self.cell: dict[Place, int] = {}
        self.knows: dict[Place, set[int]] = defaultdict(set)
        self.history: dict[int, set[int]] = {}
        self.form_of: dict[int, str] = {}
        self.shown: dict[tuple[Place, str], int] = {}
        self.raced: set[int] = set()
        self.initial: set[int] = set()
        self.at: dict[Spot, int] = {}
        self.seen: dict[Spot, set[int]] = defaultdict(set)
        self.aside: dict[Spot, set[int]] = defaultdict(set)
        """What stands beside the hub's value for a reason: the next value takes its place too."""
        self.values: dict[Spot, Canonical] = {}
        self.bases: dict[tuple[str, str], Base] = {}
        self.person_of: dict[RecordKey, str] = {}
        self.writing: dict[str, str] = {}
        """By key of a planned create, whose it is."""
        self.reverting = False
        """Whether a run is being taken back: what stood there before may stand there again, beside the hub's value."""
        self.mapped = {
            (name, o.mapping.object, f.native): f
            for name, system in hub.systems.items()
            for o in system.objects
            for f in o.mapping.fields
            if f.canonical in JUDGED and not f.member
        }
        self.unsettled: dict[Place, str] = {}
        """What stood where leadhub wrote, until it has noted what came of the write."""
        self.left_blank: dict[Place, int] = {}
        """What leadhub left blank in a row that it made, for nothing was known of it then."""
        self.adopted: dict[str, datetime] = {}
        """By system, when leadhub had met it: a record made later is news and no old disagreement."""

    def find(self, oracle: str, detail: str, *nodes: int) -> None:
        """Write down a finding; one that follows from an edit which lay unread when its record was marked current is told as a race."""
        self.findings.append(Finding(oracle, detail, any(self.history.get(n, set()) & self.raced for n in nodes)))

    def behind(self, place: Place) -> list[int]:
        """The edit behind the value that the hub holds for a cell, as far as it is judged."""
        mapped, person = self.mapped.get(place[:2] + place[3:]), self.person_of.get(RecordKey(*place[:3]))
        return [] if mapped is None or person is None else [node for node in [self.at.get(Spot(person, mapped.canonical))] if node is not None]

    # ---- forms ---------------------------------------------------------------------------------------------------------------------

    def form(self, mapped: FieldMapping, value: NativeValue) -> str:
        """The form in which a value of this native field is compared."""
        return self.canonical_form(mapped, display_of(mapped, value, self.hub.fields))

    def canonical_form(self, mapped: FieldMapping, value: Value) -> str:
        """The form of a value in canonical terms, cut to what the native field holds."""
        return self.hub.fields[mapped.canonical].kind.match((value or "")[: mapped.max_length], None)

    # ---- what people and automations do --------------------------------------------------------------------------------------------

    def began(self, crm: str, row: Row, values: Mapping[str, NativeValue]) -> None:
        """Take down what a row shows from the start."""
        for name in row.values:
            mapped = self.mapped.get((crm, row.object, name))
            if mapped is not None:
                self.initial.add(self._type(Place(crm, row.object, row.id, name), self.form(mapped, values.get(name))))

    def made(self, crm: str, row: Row) -> None:
        """What leadhub did not put into a row that it made is blank there."""
        for name in row.values:
            place, mapped = Place(crm, row.object, row.id, name), self.mapped.get((crm, row.object, name))
            if mapped is not None and place not in self.cell:
                self.left_blank[place] = self._type(place, self.form(mapped, None))
                self.initial.add(self.left_blank[place])

    def edited(self, place: Place, old: NativeValue, new: NativeValue, who: Who) -> None:  # noqa: ARG002 - by whom does not matter: an automation's edit is no less to be lost
        """A value typed over what the cell showed."""
        mapped = self.mapped.get((place.crm, place.object, place.name))
        if mapped is None or (place in self.cell and self.form(mapped, old) == self.form(mapped, new)):
            return
        node = self._type(place, self.form(mapped, new))
        if self.unsettled.get(place) == self.form_of[node]:
            self.raced.add(node)  # put back before the write was noted: nobody who compares values can tell this from a write that was never made

    def _type(self, place: Place, form: str) -> int:
        node = len(self.history) + 1
        self.history[node] = self.knows[place] | {node}
        self.knows[place] = set(self.history[node])
        self.form_of[node] = form
        self._show(place, node)
        return node

    def _show(self, place: Place, node: int) -> None:
        self.cell[place] = node
        self.shown[place, self.form_of[node]] = node

    def merged(self, crm: str, winner: Row, loser: Row) -> None:
        """Whoever merges two rows has both before their eyes."""
        for name in winner.values:
            one, other = (Place(crm, row.object, row.id, name) for row in (winner, loser))
            self.knows[one] |= self.knows[other]
            if one in self.cell:
                self.history[self.cell[one]] |= self.knows[other]

    def copied(self, crm: str, old: Row, new: Row, names: Mapping[str, str]) -> None:
        """A converted lead's values stand in its contact: nobody typed them anew."""
        for name, to in names.items():
            place, copy = Place(crm, old.object, old.id, name), Place(crm, new.object, new.id, to)
            if place in self.cell:
                self.knows[copy] = set(self.knows[place])
                self._show(copy, self.cell[place])

    # ---- what the engine writes ----------------------------------------------------------------------------------------------------

    def wrote(self, row: Row, place: Place, old: NativeValue, new: NativeValue) -> None:
        """A write is lawful if the hub's value has seen what it replaces."""
        mapped = self.mapped.get((place.crm, place.object, place.name))
        if mapped is None:
            return
        person = self.person_of.get(RecordKey(place.crm, place.object, place.id)) or self.writing.get(row.key or "")
        spot = Spot(person or "?", mapped.canonical)
        node = self.at.get(spot)
        if node is None:  # a placeholder for what nobody knows
            self._type(place, self.form(mapped, new))
            return
        self.unsettled[place] = self.form(mapped, old)
        blind = row.looked != row.revision and self.points() - row.looked_at <= WINDOW
        if place in self.cell and not blind:
            self._check_write(mapped, place, old, new, spot)
        if self.form(mapped, old) != self.form(mapped, new) or place not in self.cell:
            self.knows[place] |= self.seen[spot]
            back = self.shown.get((place, self.form(mapped, new))) if self.reverting else None
            self.cell[place] = back or node
            self.shown[place, self.form(mapped, new)] = back or node

    def _check_write(self, mapped: FieldMapping, place: Place, old: NativeValue, new: NativeValue, spot: Spot) -> None:
        there, hub = self.cell[place], self.values[spot]
        back = self.reverting and (place, self.form(mapped, new)) in self.shown
        if self.form(mapped, new) != self.canonical_form(mapped, hub.value) and not back:
            self.find("stale write", f"{new!r} is written to {place}, and the hub holds {hub.value!r}", there)
        elif self.form(mapped, old) == self.form(mapped, new):
            self.find("echo", f"{place} already shows {old!r}, and {new!r} is written", there)
        elif there not in self.seen[spot] and not any(self.form_of[n][: mapped.max_length] == self.form_of[there] for n in self.seen[spot]):
            self.find("provenance", f"{new!r} is written over {old!r} at {place}, which nobody had seen", there, self.at[spot])

    # ---- what the engine commits ---------------------------------------------------------------------------------------------------

    def committed(self, saved: Saved, tx: Transaction) -> None:
        """Explain every change of the hub and of every base."""
        self.writing |= {change.key: change.person_id for change in saved.planned if change.record_id is None}
        links = {link.id: link for a in saved.aggregates for link in a.links} | {s.link.id: s.link for s in saved.settled if s.link}
        keys = {RecordKey(link.system, link.object, link.record_id): link for link in links.values()}
        self.person_of |= {key: link.person_id for key, link in keys.items()}
        records = tx.records.get(keys)
        edits: dict[tuple[str, str], list[Edit]] = defaultdict(list)
        for edit in saved.edits:
            edits[edit.person_id, edit.field].append(edit)
        for aggregate in saved.aggregates:
            decisions = [d for d in tx.decisions.of_person(aggregate.person.id) if d.id in saved.decided] if saved.decided else []
            self._judge_person(aggregate, records, edits, decisions)
        for link in (s.link for s in saved.settled if s.link):
            self._judge_bases(link, records)
            at = (link.system, link.object, link.record_id)
            self.unsettled = {place: form for place, form in self.unsettled.items() if place[:3] != at}

    def _judge_person(
        self,
        aggregate: Aggregate,
        records: Mapping[RecordKey, StoredRecord],
        edits: Mapping[tuple[str, str], list[Edit]],
        decisions: Iterable[Decision],
    ) -> None:
        person = aggregate.person
        for name in JUDGED:
            spot, after = Spot(person.id, name), person.fields.get(name)
            for edit in edits.get((person.id, name), []):
                if edit.taken:
                    self._judge_move(spot, edit, aggregate.links, records, [d for d in decisions if d.field == name])
                else:
                    self._judge_loss(spot, edit, aggregate.links, records)
            if after is not None and after != self.values.get(spot, after):
                self.find("journal", f"{name} became {after.value!r} without an edit in the journal")
            if after is not None:
                self.values[spot] = after
        for link in aggregate.links:
            self._judge_bases(link, records)

    def _sources(self, spot: Spot, system: str, value: Value, links: Iterable[Link], records: Mapping[RecordKey, StoredRecord]) -> list[int]:
        """The nodes behind what records of a system were seen to show."""
        found = []
        for link in links:
            record = records.get(RecordKey(link.system, link.object, link.record_id))
            if record is None or link.system != system:
                continue
            for place, mapped in self._cells(link, spot.name):
                form = self.form(mapped, record.native.get(place.name))
                if form == self.canonical_form(mapped, value) and (place, form) in self.shown:
                    found.append(self.shown[place, form])
        return found

    def _cells(self, link: Link, name: str) -> Iterable[tuple[Place, FieldMapping]]:
        for (system, object_name, native), mapped in self.mapped.items():
            if (system, object_name) == (link.system, link.object) and mapped.canonical == name:
                yield Place(system, object_name, link.record_id, native), mapped

    def _judge_move(
        self, spot: Spot, edit: Edit, links: Iterable[Link], records: Mapping[RecordKey, StoredRecord], decisions: list[Decision]
    ) -> None:
        before, after = self.values.get(spot), Canonical(edit.new, edit.version, edit.origin, cast(Cause, edit.cause))
        if after.cause == "decision":
            self._judge_decision(spot, after, links, records, decisions)
            return
        nodes = self._sources(spot, after.origin, after.value, links, records)
        if not nodes:
            self.find("invention", f"{spot.name} = {after.value!r} is shown by no record of {after.origin}")
            nodes = [self._hub_node(spot, after)]
        old = self.at.get(spot)
        lawful = [n for n in nodes if old is None or old in self.history[n]]
        node = (lawful or nodes)[0]
        if not lawful and old is not None:
            self._judge_rival(spot, before, after, node, old)
        self.at[spot], self.values[spot] = node, after
        self.seen[spot] |= self.aside.pop(spot, set())
        for n in nodes:
            self.seen[spot] |= self.history[n]

    def _judge_rival(self, spot: Spot, before: Canonical | None, after: Canonical, node: int, old: int) -> None:
        """A value that had not seen the hub's took its place: only a rule may say so."""
        policy = self.hub.policy.fields[spot.name]
        if after.cause == "adopted":
            lawful = before is None or not before.version or self.hub.policy.adopts(after.origin) == "prefer"
        else:
            lawful = policy.prefer is not None and (after.origin == policy.prefer or (before is not None and before.origin != policy.prefer))
            lawful = lawful and before is not None and before.cause != "decision"
        same = self.form_of[node] == self.form_of.get(old)
        if not lawful and not same:
            self.find(
                "provenance",
                f"{spot.name} = {after.value!r} of {after.origin} took the place of {before.value if before else None!r} unseen",
                node,
                old,
            )

    def _hub_node(self, spot: Spot, after: Canonical) -> int:
        node = len(self.history) + 1
        self.history[node] = set(self.seen[spot]) | {node}
        self.form_of[node] = self.hub.fields[spot.name].kind.match(after.value or "", None)
        return node

    def _judge_decision(
        self, spot: Spot, after: Canonical, links: Iterable[Link], records: Mapping[RecordKey, StoredRecord], decisions: list[Decision]
    ) -> None:
        told = [d for d in decisions if d.value == after.value]
        if not told:
            self.find("decision", f"{spot.name} = {after.value!r} was decided by nobody")
        node = self._hub_node(spot, after)
        for link in links:
            record = records.get(RecordKey(link.system, link.object, link.record_id))
            for place, mapped in self._cells(link, spot.name) if record is not None and link.role == "primary" and record.gone is None else ():
                form = self.form(mapped, record.native.get(place.name)) if record is not None else ""
                saw = [d for d in told if link.id in d.saw and self.canonical_form(mapped, d.saw[link.id]) == form]
                if told and not saw and link.id in {id_ for d in told for id_ in d.saw}:
                    self.find("decision", f"{spot.name}: decided although {link.id} shows {form!r}, which nobody had seen")
                if (place, form) in self.shown:
                    self.history[node] |= self.history[self.shown[place, form]]
        self.at[spot], self.values[spot] = node, after
        self.seen[spot] |= self.history[node] | self.aside.pop(spot, set())

    def _judge_loss(self, spot: Spot, edit: Edit, links: Iterable[Link], records: Mapping[RecordKey, StoredRecord]) -> None:
        """A value lost: by a rule that is configured, against one that it had not seen, and the journal says so."""
        policy = self.hub.policy.fields[spot.name]
        strict = policy.owner is not None and policy.strict and edit.origin != policy.owner
        for node in self._sources(spot, edit.origin, edit.new, links, records):
            old = self.at.get(spot)
            if not strict and policy.prefer is None:
                self.find("needless loss", f"{spot.name} = {edit.new!r} of {edit.origin} lost without a rule", node)
            elif not strict and old is not None and old in self.history[node] and old not in self.raced:
                self.find("needless loss", f"{spot.name} = {edit.new!r} of {edit.origin} lost to what its typist had seen", node, old)
            self.seen[spot] |= self.history[node]

    def _judge_bases(self, link: Link, records: Mapping[RecordKey, StoredRecord]) -> None:
        record = records.get(RecordKey(link.system, link.object, link.record_id))
        for key, base in link.base.items():
            old, name = self.bases.get((link.id, key)), field_of_key(key)
            self.bases[link.id, key] = base
            spot = Spot(link.person_id, name)
            hub = self.values.get(spot, NEVER)
            if base == old or name not in JUDGED or record is None or link.role != "primary":
                continue
            for place, mapped in self._cells(link, name):
                node = self.shown.get((place, self.form(mapped, record.native.get(place.name))))
                if node is None or place not in self.cell:
                    continue
                self.initial |= {node} if old is None else set()
                if base.version >= hub.version:
                    self._judge_base(spot, place, mapped, node, base)
                elif self._given_up(spot, node, base, fresh=_is_later(record, self.adopted.get(link.system))):
                    self.seen[spot] |= self.history[node]
                    self.knows[place] |= self.seen[spot]  # by the same rule whoever types there before the write has seen what was to come
                    self.history[self.cell[place]] |= self.seen[spot] if node in self.history[self.cell[place]] else set()

    def _given_up(self, spot: Spot, node: int, base: Base, *, fresh: bool) -> bool:
        """Whether a rule of first contact lets the hub's value take the place of what stood there from the start."""
        rules = {self.hub.policy.adopts(name) for name in self.hub.systems}
        if node not in self.initial:
            return False
        return (base.how == "fill" and not self.form_of[node] and (fresh or "fill" in rules)) or (
            base.how in ("preferred", "adopted") and self.hub.policy.adopts(self.values[spot].origin) == "prefer"
        )

    def _judge_base(self, spot: Spot, place: Place, mapped: FieldMapping, node: int, base: Base) -> None:
        """A side is marked current: it agrees, or stands beside the hub's value for a reason. What it shows beyond its base is still to be judged."""
        form, hub, there = self.form_of[node], self.values.get(spot, NEVER), self.cell[place]
        if form != self.canonical_form(mapped, base.value):
            return
        if form == self.canonical_form(mapped, hub.value):
            self.seen[spot] |= self.history[node]
            self.history[there] |= self.seen[spot] if node in self.history[there] else set()
        else:
            if base.how == "adopted" and hub.cause != "adopted" and self.left_blank.get(place) == node:
                self.find("liveness", f"{place} was left blank by leadhub itself, and {hub.value!r} is not to reach it", node)
            if base.how not in STANDS:
                self.find("standing", f"{place} shows {form!r} beside {hub.value!r}, and is marked current ({base.how})", node)
            if there != node and self.at.get(spot) not in self.history[there]:
                self.raced.add(there)
            self.aside[spot] |= self.history[node]
        self.knows[place] |= self.seen[spot]

    # ---- in the end ----------------------------------------------------------------------------------------------------------------

    def ended(self, aggregates: Iterable[Aggregate], excused: Callable[[Link, str], bool]) -> None:
        """Nothing moves any more: every cell shows the hub's value, stands for a reason, or is asked about."""
        for aggregate in aggregates:
            for link in aggregate.links:
                record = aggregate.records.get(link.id)
                if link.role != "primary" or record is None or record.gone is not None:
                    continue
                for name in JUDGED:
                    hub = aggregate.person.fields.get(name)
                    for place, mapped in self._cells(link, name) if hub is not None else ():
                        self._check_end(link, place, mapped, hub, excused)

    def _check_end(self, link: Link, place: Place, mapped: FieldMapping, hub: Canonical | None, excused: Callable[[Link, str], bool]) -> None:
        node, base = self.cell.get(place), link.base.get(mapped.canonical)
        if hub is None or node is None or self.form_of[node] == self.canonical_form(mapped, hub.value) or excused(link, mapped.canonical):
            return
        spot = Spot(link.person_id, mapped.canonical)
        if base is None or base.version < hub.version:
            self.find("liveness", f"{place} shows {self.form_of[node]!r} beside {hub.value!r}, and nothing is said of it", node)
        elif text_of(base.value) and self.form_of[node] != self.canonical_form(mapped, base.value):
            self.find(
                "conservation", f"{place} shows {self.form_of[node]!r}, which was never judged; the hub holds {hub.value!r}", node, self.at[spot]
            )


def _is_later(record: StoredRecord, than: datetime | None) -> bool:
    return than is not None and record.created is not None and record.created > than
