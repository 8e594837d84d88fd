"""The rule for state: what becomes of one lead's stage, status and exit when all records that speak of it are looked at together. Pure.

Reading a value is a constraint, not an assignment. Edits are read first, each on its own; if they fit together they are adopted together,
otherwise facet by facet: exit first, then stage, then status. Then every record that contradicts the result and has not seen it is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from leadhub.core.evidence import as_news, floor, noted, weight
from leadhub.core.policy import Policy
from leadhub.core.sides import BOUNCES
from leadhub.core.state_edits import Question, Verdict, settle
from leadhub.core.state_writes import StateWrite, left_standing, plan_writes, wants_conversion
from leadhub.core.voices import Proposal, Voice, clash, merged_base, propose
from leadhub.lifecycle.folding import folded
from leadhub.lifecycle.nearest import nearest_of
from leadhub.lifecycle.relation import Row
from leadhub.lifecycle.statechart import entry_defaults
from leadhub.lifecycle.states import ALL, HAVING, INDEX, INITIAL, StateSet, unpack
from leadhub.model.person import Lead, Reason, SetBy, StateBase, Value, Versions
from leadhub.model.record import Author
from leadhub.model.run import Decision, ReviewKind
from leadhub.model.state import FACETS, Facet, State


@dataclass(slots=True)
class StateRound:
    """The lead after the round: its state, each record's base by link id, the writes, the open questions and what happened."""

    lead: Lead
    bases: dict[str, StateBase] = field(default_factory=dict)
    writes: list[StateWrite] = field(default_factory=list)
    standing: list[tuple[str, str]] = field(default_factory=list)
    waiting: list[tuple[str, str]] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    refused: list[tuple[Voice, Reason]] = field(default_factory=list)
    lost: list[tuple[Voice, Facet, str]] = field(default_factory=list)
    """Edits that another edit beat: the record, the facet, and what it said of that. They are written over, and told once."""
    decided: list[str] = field(default_factory=list)
    conversions: list[Voice] = field(default_factory=list)
    """Records that nothing but a conversion would bring up with the lead."""


def reconcile_state(lead: Lead, voices: Sequence[Voice], decisions: Sequence[Decision], policy: Policy, now: datetime) -> StateRound:
    """Apply the rule to one lead. The result does not depend on the order of the voices."""
    quiet = noted(voices, lead)
    speaking = [as_news(v, lead) for v in voices if v.id not in quiet]
    heard = sorted((v for v in speaking if not v.held or (v.edited and v.changed_lead)), key=lambda v: (policy.rank(v.side.system), v.id))
    rule = _Rule(lead, heard, policy, now)
    if rule.decide(decisions):
        rule.hear_edits()
        rule.meet()
        rule.settle()
        rule.advance()
    outcome = rule.finish()
    outcome.bases.update({v.id: merged_base(v, outcome.lead.versions) for v in voices if v.id in quiet})
    return outcome


SETTLED = "state"
"""What a rule for standing differences calls stage, status and exit; its `hub` is one of them with its value: "stage mql"."""

Words = tuple[StateSet, tuple[Row, ...]]
"""The states that a newcomer's values allow, and the rows that say so."""


class _Rule:
    """One lead's round in progress."""

    def __init__(self, lead: Lead, voices: Sequence[Voice], policy: Policy, now: datetime) -> None:
        self.policy, self.now, self.voices = policy, now, voices
        self.start = lead.state
        self.round = StateRound(lead)
        self.versions: dict[str, Versions] = {v.id: v.versions for v in voices if v.base is not None}
        self.settled: set[str] = set()
        self.fighting: set[str] = set()
        """The records in which an automation puts back what we write: they are left alone."""
        self.frozen: set[Facet] = set()
        self.kept_fields: dict[str, frozenset[str]] = {}

    @property
    def lead(self) -> Lead:
        return self.round.lead

    # ---- decisions -----------------------------------------------------------------------------------------------------------------

    def decide(self, decisions: Sequence[Decision]) -> bool:
        """Take a person's latest decision if every record still shows what that person saw; return False if the question stays open instead.

        A decision that was overtaken is not consumed: were it dropped, the question would close by itself in the next round and nobody would be told.
        """
        fresh = [d for d in decisions if all(d.saw.get(v.id) == shown(v) for v in self.voices)]
        if not fresh:
            moot = all(v.consistent(self.lead.state) for v in self.voices)
            self.round.decided.extend(d.id for d in decisions if moot)
            if decisions and not moot:
                self._ask("conflict", FACETS, "a record changed after the decision", self.voices)
                return False
            return True
        decision = max(fresh, key=lambda d: (d.at, d.id))
        self.round.decided.extend(d.id for d in decisions)
        old = self.lead.versions
        self._move(
            folded(parse_state(decision.value), self.policy.skip),
            SetBy("decision", "decision", Author("person", decision.actor, decision.at)),
            raise_all=True,
        )
        for voice in self.voices:
            self.versions[voice.id] = self.lead.versions if decision.leave else old
            self.settled.add(voice.id)
        return True

    # ---- edits ---------------------------------------------------------------------------------------------------------------------

    def hear_edits(self) -> None:
        """Read every edit; adopt what fits, settle the rest facet by facet."""
        edited = [v for v in self.voices if v.base is not None and v.id not in self.settled and v.edited]
        self.fighting = {v.id for v in edited if v.bounced >= BOUNCES}
        self.settled |= self.fighting
        edited = [v for v in edited if v.id not in self.fighting]
        unreadable = next((why for voice in edited if (why := clash(voice)) is not None), None)
        if unreadable is not None:
            self._ask("conflict", FACETS, unreadable, edited)
            return
        proposals = [propose(voice, self.lead) for voice in edited]
        verdict = settle(self.lead, proposals, self.policy, self.now, floor(self.voices))
        frozen = any(len(q.facets) == len(FACETS) for q in verdict.questions)
        if verdict.state is not None and verdict.state != self.lead.state and not frozen:
            self._move(verdict.state, verdict.set_by, causes=verdict.causes)
        verdict.questions = [q for q in verdict.questions if not self._answered(q, proposals)]
        for question in verdict.questions:
            everything = len(question.facets) == len(FACETS)
            self._ask(question.kind, question.facets, question.note, [v for v in edited if everything or v.id in question.links])
        for proposal in proposals:
            if proposal.voice.id not in self._undecided() or (verdict.only_stage(proposal) and proposal.voice.moves_stage_itself(self.lead.state)):
                self._settle_base(proposal, verdict)

    def _answered(self, question: Question, proposals: Sequence[Proposal]) -> bool:
        """Whether what the other edits of the round came to is all that the asked one said."""
        asked = [p.voice for p in proposals if p.voice.id in question.links]
        return question.kind == "regress" and all(v.consistent(self.lead.state) for v in asked)

    def _settle_base(self, proposal: Proposal, verdict: Verdict) -> None:
        voice = proposal.voice
        left_alone = verdict.standing.get(voice.id, {})
        versions = voice.seen(self.lead, self.versions[voice.id])
        versions = versions.with_({f: self.lead.versions.of(f) for f in left_alone})
        if voice.id in verdict.late:
            versions = versions.with_({"stage": min(versions.stage, self.lead.versions.stage - 1)})
        if verdict.only_stage(proposal):  # the rest of the edit is judged; its stage is asked about again until it is answered
            ordered = frozenset(f.name for f in voice.relation.fields if f.ordered)
            self.kept_fields[voice.id] = frozenset(voice.relation.names) - ordered
        self.versions[voice.id] = versions
        self.settled.add(voice.id)
        self.round.refused.extend((voice, reason) for reason in sorted(set(left_alone.values())))
        self.round.lost.extend((voice, facet, proposal.state.facet(facet)) for facet in self._beaten(proposal) if facet not in left_alone)

    def _beaten(self, proposal: Proposal) -> list[Facet]:
        """The facets that an edit moved elsewhere than the round came to, where nobody is asked."""
        state, moved = self.lead.state, set(proposal.changed(self.start)) - self.frozen
        return [f for f in FACETS if f in moved and proposal.contradicts(f, state) and proposal.rules_out(f, state.facet(f))]

    # ---- first contact -------------------------------------------------------------------------------------------------------------

    def meet(self) -> None:
        """Records without a base: nothing is written because of them, and old disagreement stands; what only adds knowledge is taken."""
        self._meet_newcomers()
        for voice in self.voices:
            if voice.late and voice.id not in self.settled:
                self.versions[voice.id] = self.lead.versions

    def _meet_newcomers(self) -> None:
        new = sorted((v for v in self.voices if v.base is None and v.id not in self.versions), key=weight, reverse=True)
        if not new or self.round.questions:
            return
        if self.lead.versions == Versions():
            self._start(new)
        for voice in new:
            self._learn(voice)
            self.versions[voice.id] = self.lead.versions
        for voice in new:  # current on all that the newcomers together came to
            self.versions[voice.id] = self.lead.versions
        for voice in new:
            self._yield_to_preferred(voice)

    def settle(self) -> None:
        """Apply the rules for standing differences: a preferred system's word replaces what itself came from first contact, and the others are written."""
        if self.round.questions:
            return
        for voice in self.voices:
            old = voice.base is not None and voice.base.how == "adopted" and not voice.edited and voice.id not in self.settled
            preferred = self._preferred_fields(voice) if old else frozenset()
            if not preferred or voice.consistent(self.lead.state):
                continue
            speaking, free = replace(voice, relation=voice.relation.restricted_to(preferred)), self._never_edited()
            if any(self._take(voice, words, free) for words in self._words(speaking)):
                self.versions[voice.id] = self.lead.versions

    def _preferred_fields(self, voice: Voice) -> frozenset[str]:
        """The fields whose difference, as the disagreement report has it, a rule settles in favour of the record; what is kept says nothing."""
        differing = voice.relation.contradicted_fields(voice.values, self.lead.state, silent=voice.silent)
        rules = {
            name: self.policy.settled(SETTLED, voice.side.system, voice.values.get(name, ""), f"{facet} {self.lead.state.facet(facet)}")
            for name, facet in differing
        }
        agreeing = frozenset(voice.relation.state_fields) - rules.keys()
        preferred = frozenset(name for name, rule in rules.items() if rule and rule.rule == "prefer" and rule.system == voice.side.system)
        return preferred | agreeing if preferred else frozenset()

    def _start(self, new: Sequence[Voice]) -> None:
        """A lead that nobody has staged yet: start from `initial` and take what the records say together, the preferred ones first."""
        candidates, origin = ALL, ""
        rows: list[Row] = []
        for voice in sorted(new, key=lambda v: self.policy.adopts(v.side.system) != "prefer"):
            whole, *parts = self._words(voice)
            for states, said in [whole] if candidates & whole[0] else parts:
                if candidates & states:
                    candidates &= states
                    rows.extend(said)
                    origin = origin or voice.side.system
        state = nearest_of(candidates, INITIAL, rows)
        state = entry_defaults(INITIAL, state, unpack(candidates))
        self._move(state, SetBy(origin, "adopted"), raise_all=True)

    def _learn(self, voice: Voice) -> None:
        """Take a newcomer's word where it contradicts no record and no edit; under `prefer`, over what itself came from first contact."""
        if voice.consistent(self.lead.state):
            return
        free = self._never_edited()
        if voice.evidence:
            self._learn_of_deal(voice, free)
            return
        others = ALL
        for other in self.voices:
            if other.id in self.versions and other.id != voice.id:
                others &= self._left_by(other)
        whole, *parts = self._words(voice)
        over_first_contact = free if self.policy.adopts(voice.side.system) == "prefer" else 0
        if self._take(voice, whole, others & free) or self._take(voice, whole, over_first_contact):
            return
        for part in parts:
            if self._take(voice, part, others & free):
                others &= part[0]

    def _left_by(self, other: Voice) -> StateSet:
        """The states that a record leaves to a newcomer. One that stands apart from the lead's state has no say in it: what it contradicts stays."""
        state = self.lead.state
        if other.consistent(state):
            return other.relation.allowed_set(other.values, other.silent)
        apart = [f for f in FACETS if other.relation.contradicts(other.values, f, state, silent=other.silent)]
        left = ALL
        for facet in apart or FACETS:
            left &= HAVING[facet][state.facet(facet)]
        return left

    def _learn_of_deal(self, voice: Voice, free: StateSet) -> None:
        """Take the word of a deal over all that came from first contact. Whoever was current stays so: it is an old difference, and written to nobody."""
        before = self.lead.versions
        if self._take(voice, voice.reading().constraint(self.lead.state), free):
            for id_, seen in self.versions.items():
                self.versions[id_] = seen.with_({f: self.lead.versions.of(f) for f in FACETS if seen.of(f) == before.of(f)})

    def _words(self, voice: Voice) -> list[Words]:
        """What a newcomer says: all its fields together, and then field by field, for where one of them alone is contradicted."""
        names = voice.relation.state_fields
        fields = [replace(voice, relation=voice.relation.restricted_to({name})) for name in names] if len(names) > 1 else []
        return [one.reading().constraint(self.lead.state) for one in (voice, *fields)]

    def _take(self, voice: Voice, words: Words, limit: StateSet) -> bool:
        states, rows = words
        candidates = states & limit
        if not candidates:
            return False
        state = nearest_of(candidates, self.lead.state, rows)
        self._move(entry_defaults(self.lead.state, state, unpack(candidates)), SetBy(voice.side.system, "adopted"))
        return True

    def _never_edited(self) -> StateSet:
        """The states that keep every facet which an edit, a decision or a rule has set."""
        states = ALL
        for facet in FACETS:
            set_by = self.lead.set_by.get(facet)
            if set_by is not None and set_by.cause not in ("adopted", "initial"):
                states &= HAVING[facet][self.lead.state.facet(facet)]
        return states

    def _yield_to_preferred(self, voice: Voice) -> None:
        for facet in FACETS:
            set_by = self.lead.set_by.get(facet)
            if set_by is None or set_by.cause != "adopted" or set_by.origin == voice.side.system:
                continue
            if self.policy.adopts(set_by.origin) == "prefer" and voice.relation.contradicts(
                voice.values, facet, self.lead.state, silent=voice.silent
            ):
                self.versions[voice.id] = self.versions[voice.id].with_({facet: self.lead.versions.of(facet) - 1})

    # ---- the rest ------------------------------------------------------------------------------------------------------------------

    def advance(self) -> None:
        """Records that were not edited have now seen the present version of each facet in which they agree with the lead, whatever they differ in."""
        for voice in self.voices:
            heard = voice.id in self.versions and voice.id not in self._undecided()
            if heard and (not voice.edited or voice.id in self.settled):
                self.versions[voice.id] = voice.seen(self.lead, self.versions[voice.id])

    def _undecided(self) -> set[str]:
        return {link for q in self.round.questions for link in q.links} - set(self.kept_fields)

    def finish(self) -> StateRound:
        """Plan the writes, and give every record that was judged its base."""
        undecided = self._undecided()
        for voice in self.voices:
            if voice.id not in self.versions or voice.id in undecided:
                continue
            seen = self.lead.versions if voice.id in self.fighting else left_standing(voice, self.versions[voice.id], self.lead)
            base = merged_base(voice, seen, fields=self.kept_fields.get(voice.id), how=self._how(voice))
            before = len(self.round.writes)
            plan_writes(voice, seen, self.lead, frozenset(self.frozen), self.round.writes, self.round.standing, self.round.waiting)
            stood = voice.base is not None and voice.base.how == "sent" and not voice.edited and len(self.round.writes) > before
            self.round.bases[voice.id] = replace(base, bounced=0 if stood else voice.bounced)
            if wants_conversion(voice, seen, self.lead, frozenset(self.frozen)):
                self.round.conversions.append(voice)
        return self.round

    def _how(self, voice: Voice) -> Reason:
        refused = [reason for v, reason in self.round.refused if v.id == voice.id]
        if voice.id in self.fighting:
            return "rewritten"
        if refused:
            return refused[0]
        if voice.base is None:
            return "agreed" if voice.consistent(self.lead.state) else "adopted"
        if voice.edited or voice.id in self.settled:
            return "agreed"
        return "agreed" if voice.base.how in ("unknown", "put_back") else voice.base.how

    # ---- small steps ---------------------------------------------------------------------------------------------------------------

    def _move(self, state: State, set_by: SetBy, *, causes: dict[Facet, SetBy] | None = None, raise_all: bool = False) -> None:
        lead = self.lead
        moved = [f for f in FACETS if raise_all or state.facet(f) != lead.state.facet(f)]
        versions = lead.versions.with_({f: lead.versions.of(f) + 1 for f in moved})
        by = {**lead.set_by, **{f: (causes or {}).get(f, set_by) for f in moved}}
        closed = lead.closed_at if state.exit == lead.state.exit else (None if state.exit == "open" else self.now)
        reason = lead.exit_reason if state.exit != "open" else None
        self.round.lead = replace(lead, state=state, versions=versions, set_by=by, exit_reason=reason, closed_at=closed)

    def _ask(self, kind: ReviewKind, facets: Sequence[Facet] | frozenset[Facet], note: str, voices: Sequence[Voice]) -> None:
        self.round.questions.append(Question(kind, frozenset(facets), note, frozenset(v.id for v in voices)))
        self.frozen |= set(facets)


def shown(voice: Voice) -> Value:
    """Return what a record shows of the state as one text, for a decision to remember."""
    return "; ".join(f"{name}={voice.values.get(name, '')}" for name in voice.relation.state_fields)


def parse_state(text: Value) -> State:
    """Read `stage/status/exit`. Raises ValueError for anything else."""
    parts = (text or "").split("/")
    for state in INDEX:
        if [state.stage, state.status, state.exit] == parts:
            return state
    raise ValueError(f"{text!r} is no state; write stage/status/exit, for example mql/new/open")
