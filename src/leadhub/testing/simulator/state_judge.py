"""What must not happen to a lead's state: exits lost, stages lowered by nobody, writes over what allows the state or what nobody mapped."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from leadhub.core.policy import Policy
from leadhub.core.reconcile import voices_of
from leadhub.core.state_writes import StateWrite
from leadhub.core.states import shown as shown_by
from leadhub.core.voices import Voice
from leadhub.lifecycle.relation import Row
from leadhub.lifecycle.states import bit, is_valid, stage_rank
from leadhub.model.person import Lead, Value, Versions
from leadhub.model.state import FACETS, Facet, State
from leadhub.testing.simulator.shell import Finding, Moment
from leadhub.testing.simulator.state_memory import Knowledge, Typed
from leadhub.testing.simulator.state_rows import agreed, contradicts, goes_back, lowers, no_room, ordered, teaches, waits_for, write_faults
from leadhub.testing.simulator.world import Setup, Site

CUSTOMER = stage_rank("customer")


class StateJudge:
    """Judges one schedule over the state, by what each edit had seen."""

    def __init__(self, setup: Setup, policy: Policy) -> None:
        self.setup, self.policy = setup, policy
        self.findings: list[Finding] = []
        self.edits: list[Typed] = []
        self.known: dict[int, Knowledge] = {}
        self.states: dict[str, State] = {}
        self.held: set[str] = set()
        self.spoke: set[tuple[int, str]] = set()
        self.spoken: dict[int, set[str]] = defaultdict(set)
        self.hub_knows: dict[str, set[int]] = defaultdict(set)
        self.setters: dict[tuple[str, Facet], set[int]] = {}
        self.lowered: dict[str, bool] = {}
        self.events = 0

    def start(self, site: Site) -> None:
        """Take notice of a record."""
        self.known[site.index] = Knowledge()

    def find(self, oracle: str, detail: str, edits: Iterable[Typed] = ()) -> None:
        """Write down a finding; a race is told by construction."""
        self.findings.append(Finding(oracle, detail, any(e.raced for e in edits)))

    # ---- what people do ------------------------------------------------------------------------------------------------------------

    def edited(self, site: Site, name: str, old: Value, new: Value, who: str) -> None:
        """A value chosen by somebody who saw what the record showed."""
        saw = {facet: frozenset(known) for facet, known in self.known[site.index].reflects.items()}
        edit = Typed(len(self.edits), site, name, old or "", new or "", who, saw, site.revision)
        self.edits.append(edit)
        for known in self.known[site.index].reflects.values():
            known.add(edit.id)

    def wrote(self, site: Site, name: str, old: Value, new: Value, *, blind: bool) -> None:  # noqa: ARG002 - as every judge
        """After a write the record shows what the hub knows, as far as its values speak of it and none of them contradicts it."""
        for edit in self.edits:  # made after the last look: whoever marks the record current now does not know of it
            edit.raced = edit.raced or (blind and edit.site is site and site.stored is not None and edit.revision > site.stored.revision)
        if site.relation is None or name not in site.relation.state_fields:
            return
        values, silent = {**(site.state or {}), name: new or ""}, (site.link.state.silent if site.link.state else frozenset()) - {name}
        for lead in self.spoken[site.index]:
            self._show(site, agreed(site.relation, values, silent, self.states[lead]), {lead})

    def undone(self, site: Site, name: str) -> None:
        """Nobody who compares values can tell this edit from a write that was never made."""
        for edit in self.edits:
            edit.raced = edit.raced or (edit.site is site and edit.name == name and not edit.done)

    def _show(self, site: Site, facets: Iterable[Facet], leads: Iterable[str]) -> None:
        for facet in facets:
            self.known[site.index].reflects[facet].update(*(self.hub_knows[lead] for lead in leads))

    # ---- what the engine does ------------------------------------------------------------------------------------------------------

    def judged(self, moment: Moment) -> None:
        """Explain every move of a lead, every edit's fate, and every write."""
        asked = {r.lead_id for r in moment.result.reviews}
        after = {lead.id: lead for lead in moment.result.leads}
        read: dict[str, list[tuple[Voice, list[Typed]]]] = {lead.id: [] for lead in moment.leads}
        voices = self._voices(moment)
        self.states.update({lead.id: lead.state for lead in moment.result.leads})
        self.held = {v.id for v in voices if v.changed_lead and v.edited}
        for voice in voices:
            read[voice.lead_id].append((voice, self._read(moment, voice)))
        for site in moment.sites:
            self.spoke |= {(site.index, name) for name, value in (moment.seen[site.index].state or {}).items() if value}
        for lead in moment.leads:
            self._check_move(moment, lead, after[lead.id], read[lead.id])
        for voice in voices:
            self._check_writes(moment, voice, after[voice.lead_id])
        for lead in moment.leads:
            for voice, edits in read[lead.id]:
                if edits and lead.id not in asked and voice.id not in self.held:
                    self._check_fate(moment, voice, edits, lead, after[lead.id])
            self._check_reviews(moment, lead, read[lead.id])
        self._learn(moment, voices, after, read, asked)

    def _voices(self, moment: Moment) -> list[Voice]:
        found = []
        for site in moment.sites:
            side = site.side(moment.seen[site.index])
            side = type(side)(moment.links[site.index], side.shown, side.state, side.writable, side.state_writable, side.limits, side.authors)
            found.extend(voices_of(side, moment.leads, self.policy))
        return found

    def _site(self, moment: Moment, voice: Voice) -> Site:
        return next(s for s in moment.sites if s.link.id == voice.id)

    def _read(self, moment: Moment, voice: Voice) -> list[Typed]:
        """The edits of this record that are read for the first time; those that were taken back by their own authors are none."""
        site = self._site(moment, voice)
        revision = moment.seen[site.index].revision
        mine = [e for e in self.edits if e.site is site and e.revision <= revision and not e.done and e.name in voice.relation.state_fields]
        if moment.links[site.index].state is None:
            return []
        latest = {e.name: e for e in mine}
        return [e for e in latest.values() if e.name in voice.edited]

    # ---- moves ---------------------------------------------------------------------------------------------------------------------

    def _check_move(self, moment: Moment, before: Lead, after: Lead, read: Sequence[tuple[Voice, list[Typed]]]) -> None:
        old, new = before.state, after.state
        if not is_valid(new):
            self.find("invention", f"{new} is no state")
        if old == new and before.versions == after.versions:
            return
        if self._just_decided(before, after):
            self._decided(moment, before, after)
            return
        moved = [f for f in FACETS if after.versions.of(f) != before.versions.of(f)]
        adopted = [f for f in moved if after.set_by[f].cause == "adopted"]
        if adopted:
            self._check_first(moment, before, after)
        if new.exit != old.exit and "exit" not in adopted:
            self._check_exit(before, new, read)
        if new.stage != old.stage and "stage" not in adopted:
            self._check_stage(before, new, read)
        if new.status != old.status and new.exit == old.exit and new.stage == old.stage and "status" not in adopted:
            self._justify("status", old, new, read)
        for facet in moved:
            found = self._excluding(facet, old, new, read)
            self.setters[before.id, facet] = {e.id for e in found} or {e.id for _, edits in read for e in edits}
            if facet in adopted:
                self.setters[before.id, facet] = {self._event(before.id)}

    def _excluding(self, facet: Facet, old: State, new: State, read: Sequence[tuple[Voice, list[Typed]]]) -> list[Typed]:
        found = []
        for voice, edits in read:
            for edit in edits:
                row = voice.relation.row(edit.name, voice.values)
                if row is not None and not row.reads.allows(facet, old.facet(facet)) and row.reads.allows(facet, new.facet(facet)):
                    found.append(edit)
        return found

    def _joint(self, new: State, read: Sequence[tuple[Voice, list[Typed]]]) -> bool:
        """Whether several edits have the state in common: what they imply together needs no one to say it alone."""
        edited = [voice for voice, edits in read if edits]
        return len(edited) > 1 and all(voice.consistent(new) for voice in edited)

    def _justify(self, facet: Facet, old: State, new: State, read: Sequence[tuple[Voice, list[Typed]]]) -> list[Typed]:
        found = self._excluding(facet, old, new, read)
        if not found and self._joint(new, read):
            return [e for _, edits in read for e in edits]
        if not found:
            self.find("invention", f"{facet} went from {old} to {new}, which no edit says")
        return found

    def _check_exit(self, before: Lead, new: State, read: Sequence[tuple[Voice, list[Typed]]]) -> None:
        setters = self.setters.get((before.id, "exit"), set())
        found = self._justify("exit", before.state, new, read)
        if found and before.state.exit != "open" and not any(setters <= e.saw["exit"] for e in found):
            self.find("exit lost", f"{before.state} became {new} by an edit that had not seen the exit", found)

    def _check_stage(self, before: Lead, new: State, read: Sequence[tuple[Voice, list[Typed]]]) -> None:
        old = before.state
        setters = self.setters.get((before.id, "stage"), set())
        found = self._justify("stage", old, new, read)
        lower = stage_rank(new.stage) < stage_rank(old.stage)
        self.lowered[before.id] = lower
        if lower and stage_rank(old.stage) >= CUSTOMER:
            self.find("lowered", f"a customer became {new} without a decision", found)
        elif lower and not any(e.who == "person" and ordered(e, read) and setters <= e.saw["stage"] for e in found):
            self.find("lowered", f"{old} became {new} although nobody who had seen it said so", found)
        if not lower and old.exit != "open" and new.exit == old.exit:
            self.find("closed lead moved", f"{old} became {new}", found)

    def _check_first(self, moment: Moment, before: Lead, after: Lead) -> None:
        news = [v for v in self._voices(moment) if v.lead_id == before.id and v.side.link.state is None]
        if not news:
            self.find("first contact", f"{before.state} became {after.state} as if by first contact, and nobody is new")
        elif before.set_by and not any(teaches(v, before.state, after.state) for v in news):
            self.find("first contact", f"{before.state} became {after.state}, which no newcomer allows")

    def _decided(self, moment: Moment, before: Lead, after: Lead) -> None:
        fresh = [d for d in moment.decisions if d.lead_id == before.id and d.field == "state" and d.value == str(after.state)]
        if not fresh:
            self.find("decision", f"{after.state} was decided by nobody")
        shown = {v.id: shown_by(v) for v in self._voices(moment) if v.lead_id == before.id}
        if fresh and not any(all(d.saw.get(link) == text for link, text in shown.items()) for d in fresh):
            self.find("decision", f"{after.state} was taken although the records show {shown}, which nobody had seen")
        for decision in fresh:
            if decision.id not in moment.result.decided:
                self.find("decision", "applied and not consumed")
        self.lowered[before.id] = True
        for known in self.known.values():
            known.stands = None  # a person may decide what the hub holds already, and have it written
        event = self._event(before.id)
        if any(d.leave for d in fresh):
            for site in moment.sites:
                self._show(site, FACETS, {before.id})
        for facet in FACETS:
            self.setters[before.id, facet] = {event}

    def _event(self, lead: str) -> int:
        """Something that moved the hub and is no edit, as an edit to be seen."""
        self.events -= 1
        self.hub_knows[lead].add(self.events)
        return self.events

    # ---- what became of an edit ----------------------------------------------------------------------------------------------------

    def _check_fate(self, moment: Moment, voice: Voice, edits: Sequence[Typed], before: Lead, after: Lead) -> None:
        new = after.state
        rows = {e.name: voice.relation.row(e.name, voice.values) for e in edits}
        edits = [e for e in edits if (row := rows[e.name]) is not None and not row.reads.states & bit(new)]
        if not edits or self._just_decided(before, after):
            return
        result = moment.result
        names = {e.name for e in edits}
        writes = [s for w in result.writes if w.side.id == voice.id for s in w.state if s.field in names]
        for write in writes:
            edit = next(e for e in edits if e.name == write.field)
            self._check_overwrite(voice, write, edit, before, after)
        stands = [s for s in result.standing if s.link == voice.id and s.field in names]
        waits = any(w == voice.id for w, _ in result.waiting)
        if not writes and not stands and not waits:
            self.find("conservation", f"{edits[0].old!r} became {edits[0].new!r} at {voice.id}, the lead is {new}, and nobody is told", edits)
        if stands and not writes:
            self._check_stand(voice, edits, before, new)

    def _just_decided(self, before: Lead, after: Lead) -> bool:
        return any(s.cause == "decision" for f, s in after.set_by.items() if after.versions.of(f) != before.versions.of(f))

    def _check_overwrite(self, voice: Voice, write: StateWrite, edit: Typed, before: Lead, after: Lead) -> None:
        """An edit is written over in the round in which it is read: only a rule may do that, and only to a concurrent edit."""
        row = voice.relation.row(edit.name, voice.values)
        if row is None:
            return
        new = after.state
        what = f"{edit.new!r} at {voice.id} is written over with {write.value!r}; the lead was {before.state}, is {new}"
        if row.reads.exits.isdisjoint({"open"}) and new.exit == "open":
            setters = self.setters.get((after.id, "exit"), set())
            if after.set_by.get("exit") is None or after.set_by["exit"].cause != "decision":
                self.find("exit lost", f"{what} ({sorted(setters)})", [edit])
        if write.facet == "stage":
            self._check_stage_overwrite(voice, row, edit, after, what)
        if write.facet == "status" and self._seen_all(edit, after.id, "status") and not self._same_round(edit):
            self.find("provenance", f"{what}: the edit was later", [edit])

    def _seen_all(self, edit: Typed, lead: str, facet: Facet) -> bool:
        setters = self.setters.get((lead, facet), set())
        own = {e.id for e in self.edits if e.site is edit.site}
        return setters <= edit.saw[facet] and not (setters and setters <= own)  # who contradicts the own record is not overruled by another

    def _same_round(self, edit: Typed) -> bool:
        return any(not e.done and e.site is not edit.site for e in self.edits)

    def _check_stage_overwrite(self, voice: Voice, row: Row, edit: Typed, after: Lead, what: str) -> None:
        highest = max(map(stage_rank, row.reads.stages))
        is_ordered = voice.relation.field(edit.name).ordered
        if is_ordered and highest > stage_rank(after.state.stage):
            self.find("stage lost", what, [edit])
        elif is_ordered and edit.who == "person" and self._seen_all(edit, after.id, "stage") and not self._same_round(edit):
            self.find("provenance", f"{what}: the edit was later", [edit])

    def _check_stand(self, voice: Voice, edits: Sequence[Typed], before: Lead, new: State) -> None:
        fine = before.state.exit != "open" or new.exit != "open" or any(e.who != "person" for e in edits) or not voice.consistent_shape()
        fine = fine or all(no_room(voice.relation.row(e.name, voice.values), new) for e in edits)
        regress = any(lowers(voice, e, before.state) for e in edits)
        if not fine and not regress:
            self.find("standing", f"{[(e.old, e.new) for e in edits]} at {voice.id} was left standing beside {new}", edits)

    def _check_reviews(self, moment: Moment, lead: Lead, read: Sequence[tuple[Voice, list[Typed]]]) -> None:
        edits = [e for _, found in read for e in found]
        for review in moment.result.reviews:
            decided = any(d.lead_id == lead.id for d in moment.decisions)
            uncertain = any(v.changed_lead or (v.base is not None and v.base.how == "unknown") for v, _ in read)
            if review.lead_id != lead.id or decided or uncertain:
                continue
            if not edits:
                self.find("needless question", f"{review.kind} about {lead.state} without an edit: {review.note}")
            elif review.kind == "conflict" and not self._disagree(lead, read):
                self.find("needless question", f"{review.kind} about {lead.state}: {review.note}, and nobody disagrees", edits)
            elif review.kind == "regress" and not any(lowers(v, e, lead.state) for v, found in read for e in found):
                self.find("needless question", f"{review.kind} about {lead.state}: {review.note}, and nobody lowers it", edits)
            elif review.kind == "reentry" and lead.state.exit == "open":
                self.find("needless question", f"{review.kind} about {lead.state}, which is open", edits)

    def _disagree(self, lead: Lead, read: Sequence[tuple[Voice, list[Typed]]]) -> bool:
        """Whether two records were edited, or one without having seen the hub, or one in two fields, or a customer leaves."""
        edited = [(voice, found) for voice, found in read if found]
        behind = any(not self._seen_all(e, lead.id, f) for _, found in edited for e in found for f in FACETS)
        return len(edited) > 1 or behind or any(len(found) > 1 for _, found in edited) or stage_rank(lead.state.stage) >= CUSTOMER - 1

    def _check_writes(self, moment: Moment, voice: Voice, after: Lead) -> None:
        site = self._site(moment, voice)
        for write in (s for w in moment.result.writes if w.side.id == voice.id for s in w.state if s.voice.lead_id == voice.lead_id):
            where = f"{write.before!r} at {voice.id} with {write.value!r} for {after.state}"
            for oracle, why in write_faults(voice, write, after.state):
                self.find(oracle, f"writes {where}{why}")
            if (site.index, write.field) not in self.spoke:
                self.find("silent", f"writes {where}, which has been blank since first sight and says nothing")
            if goes_back(write, voice) and not self.lowered.get(voice.lead_id, False):
                self.find("lowered", f"writes {where} although nobody lowered it")
            if self.known[site.index].stands == (voice.lead_id, after.state, tuple(sorted(voice.values.items()))):
                self.find("standing", f"writes {where}, which was left standing beside the same state")

    # ---- who knows what ------------------------------------------------------------------------------------------------------------

    def _learn(
        self,
        moment: Moment,
        voices: Sequence[Voice],
        after: Mapping[str, Lead],
        read: Mapping[str, Sequence[tuple[Voice, list[Typed]]]],
        asked: set[str | None],
    ) -> None:
        for lead_id, found in read.items():
            if lead_id not in asked:
                for voice in (v for v, _ in found if v.id not in self.held):
                    self._done(moment, voice)
        for site in moment.sites:
            mine = [v for v in voices if v.id == site.link.id]
            known, self.spoken[site.index] = self.known[site.index], {v.lead_id for v in mine}
            waits = any(link == site.link.id for link, _ in moment.result.waiting)
            stands = any(s.link == site.link.id for s in moment.result.standing) and not waits  # as a whole: nothing of it is still to come
            written = any(w.side.id == site.link.id and w.state for w in moment.result.writes)
            known.stands = None
            if not mine or any(v.lead_id in asked and v.edited for v in mine):
                continue
            if stands and not written:
                known.stands = (mine[0].lead_id, after[mine[0].lead_id].state, tuple(sorted(mine[0].values.items()))) if len(mine) == 1 else None
            self._reflect(moment, site, mine, after, stands=stands and not written)
            self._meet_others(moment, site, after)

    def _meet_others(self, moment: Moment, site: Site, after: Mapping[str, Lead]) -> None:
        """A record that comes to speak of another lead by first contact alone (its own, or that lead's) has met that one too."""
        unstaged = {lead.id for lead in moment.leads if lead.versions == Versions()}
        edited = any(v.edited for v in self._voices(moment) if v.id == site.link.id)
        for voice in voices_of(site.side(moment.seen[site.index]), list(after.values()), self.policy):
            new = moment.links[site.index].state is None or (voice.lead_id in unstaged and not edited)
            if new and voice.lead_id not in self.spoken[site.index]:
                self._show(site, FACETS, {voice.lead_id})

    def _done(self, moment: Moment, voice: Voice) -> None:
        site = self._site(moment, voice)
        for edit in self.edits:
            if edit.site is site and edit.revision <= moment.seen[site.index].revision and edit.name in voice.relation.names:
                edit.done = True
                self.hub_knows[voice.lead_id].add(edit.id)

    def _reflect(self, moment: Moment, site: Site, mine: Sequence[Voice], after: Mapping[str, Lead], *, stands: bool) -> None:
        """Facet by facet: who looks at a value that agrees with the lead in its stage has the stage before their eyes, whatever else is still to be written."""
        for voice in mine:
            lead = after[voice.lead_id]
            if moment.links[site.index].state is None:  # current on everything, by rule, but where another is preferred
                shown = {f for f in FACETS if not (self._preferred(lead, f, site) and contradicts(voice, f, lead.state))}
            else:
                shown = {f for f in FACETS if (f == "status" or voice.speaks_of(f)) and (stands or not contradicts(voice, f, lead.state))}
            if any(self.hub_knows[lead.id] - self.known[site.index].reflects[f] for f in shown):
                for edit in self.edits:
                    edit.raced = edit.raced or (edit.site is site and edit.revision > moment.seen[site.index].revision)
            self._show(site, shown, {lead.id})

    def _preferred(self, lead: Lead, facet: Facet, site: Site) -> bool:
        by = lead.set_by.get(facet)
        return by is not None and by.cause == "adopted" and by.origin != site.system and self.setup.adoption.get(by.origin) == "prefer"

    def ended(self, moment: Moment) -> None:
        """Nothing moves any more: every record allows its lead's state, or stands, waits or is asked about for a reason."""
        result = moment.result
        asked = {r.lead_id for r in result.reviews}
        for voice in self._voices(moment):
            lead = next(lead for lead in result.leads if lead.id == voice.lead_id)
            if voice.leads & asked or voice.consistent(lead.state) or voice.relation.is_frozen(voice.values):
                continue
            site = self._site(moment, voice)
            stands = any(s.link == voice.id for s in result.standing)
            waits = [name for link, name in result.waiting if link == voice.id]
            shown = f"{dict(voice.values)} at {voice.id} beside {lead.state}"
            if not stands and not waits:
                self.find("conservation", f"{shown} is listed nowhere", [e for e in self.edits if e.site is site])
            for name in waits:
                value = waits_for(voice, name, lead.state) if site.setup.writable else None
                if value is not None:
                    self.find("liveness", f"{shown} waits although {value!r} could be written to {name}", [e for e in self.edits if e.site is site])
