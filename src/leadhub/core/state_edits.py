"""Settling edits of a lead's state: together where they fit together, otherwise exit first, then stage, then status. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from leadhub.core.policy import Policy
from leadhub.core.voices import Proposal
from leadhub.lifecycle.nearest import nearest_of
from leadhub.lifecycle.statechart import entry_defaults
from leadhub.lifecycle.states import ALL, HAVING, StateSet, bit, stage_rank, unpack
from leadhub.model.person import Cause, Lead, Reason, SetBy
from leadhub.model.run import ReviewKind
from leadhub.model.state import FACETS, Exit, Facet, Stage, State, Status

CUSTOMER = stage_rank("customer")
REENTRY_WINDOW = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Question:
    """Something that only a person can settle about a lead, and the facets that wait for it."""

    kind: ReviewKind
    facets: frozenset[Facet]
    note: str
    links: frozenset[str]


@dataclass(slots=True)
class Verdict:
    """What the edits come to: the state to adopt (None: none of them moves it), who set each facet, open questions, and what is left standing."""

    state: State | None = None
    set_by: SetBy = field(default_factory=lambda: SetBy("", "edit"))
    causes: dict[Facet, SetBy] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)
    standing: dict[str, dict[Facet, Reason]] = field(default_factory=dict)
    late: set[str] = field(default_factory=set)
    """Records whose stage met another edit: they stay behind on it, so that the next round judges them as this one did."""

    def ask(self, kind: ReviewKind, facets: Sequence[Facet], note: str, proposals: Sequence[Proposal]) -> None:
        """Add a question about these facets; nothing of these edits is adopted until it is answered."""
        self.questions.append(Question(kind, frozenset(facets), note, frozenset(p.voice.id for p in proposals)))

    def only_stage(self, proposal: Proposal) -> bool:
        """Whether a person is asked about this edit, and about no more of it than the stage."""
        asked = [q for q in self.questions if proposal.voice.id in q.links]
        return bool(asked) and all(q.facets == {"stage"} for q in asked + [q for q in self.questions if len(q.facets) == len(FACETS)])

    def leave(self, proposal: Proposal, facet: Facet, reason: Reason) -> None:
        """Leave one facet of an edit standing on its side."""
        self.standing.setdefault(proposal.voice.id, {})[facet] = reason


def settle(lead: Lead, proposals: Sequence[Proposal], policy: Policy, now: datetime, floor: StateSet = ALL) -> Verdict:
    """Settle all edits of a round. Edits that the lead's state already allows take part only in so far as they say that the lead has left.

    `floor` holds the states that the lead's deals allow.
    """
    verdict = Verdict()
    moving = [p for p in proposals if not p.states & bit(lead.state)]
    if not moving:
        return verdict
    together = _together(lead, proposals, moving)
    if together is not None and _permitted(lead, together, proposals, moving, now, floor):
        _adopt(verdict, lead, together, moving, _joint_set(proposals))
        return verdict
    _Settlement(lead, proposals, moving, policy, now, verdict, floor).run()
    return verdict


def _joint_set(proposals: Sequence[Proposal]) -> StateSet:
    states = ALL
    for proposal in proposals:
        states &= proposal.states
    return states


def _together(lead: Lead, proposals: Sequence[Proposal], moving: Sequence[Proposal]) -> State | None:
    """The nearest state that all edits allow, if adopting it contradicts nothing that any of them had not seen."""
    states = _joint_set(proposals)
    leaving = {p.voice.id for p in proposals if p.leaves}
    advancing = {p.voice.id for p in moving if stage_rank(p.state.stage) > stage_rank(lead.state.stage)}
    if not states or any(one != other for one in leaving for other in advancing):
        return None
    rows = [row for p in proposals for row in p.voice.reading().constraint(lead.state)[1]]
    state = nearest_of(states, lead.state, rows)
    if state.stage != lead.state.stage and not any(p.state.stage != lead.state.stage for p in proposals):
        return None  # none of them moves the stage: that they meet only at another one is no reason to move it
    for facet in FACETS:
        if state.facet(facet) == lead.state.facet(facet):
            continue
        if not any(facet in p.current for p in moving if _says(p, facet, lead.state) or len(moving) == 1):
            return None
    return state


def _says(proposal: Proposal, facet: Facet, old: State) -> bool:
    """Whether the edit speaks against the facet's value. A return from an exit must be said; a stage that knows no exits does not say it."""
    return proposal.rules_out(facet, old.exit) if facet == "exit" else proposal.contradicts(facet, old)


def _permitted(lead: Lead, state: State, proposals: Sequence[Proposal], moving: Sequence[Proposal], now: datetime, floor: StateSet) -> bool:
    """Whether the move asks nobody: no lowering but by a person in an ordered field, nothing inside an exit, no return after the window."""
    old = lead.state
    if stage_rank(state.stage) < stage_rank(old.stage):
        if any(p.rules_out("stage", state.stage) for p in proposals) or not floor & HAVING["stage"][state.stage]:
            return False
        lowering = [p for p in moving if p.contradicts("stage", old)]
        if stage_rank(old.stage) >= CUSTOMER or not all(p.voice.moves_stage_itself(old) and p.voice.author().kind == "person" for p in lowering):
            return False
    if old.exit != "open" and state.stage != old.stage and (state.exit == old.exit or not any(p.rules_out("exit", old.exit) for p in moving)):
        return False
    if stage_rank(old.stage) >= CUSTOMER and state.exit not in ("open", "churned"):
        return False
    return not (old.exit != "open" and state.exit == "open" and _out_for_long(lead, now))


def _out_for_long(lead: Lead, now: datetime) -> bool:
    return lead.closed_at is not None and now - lead.closed_at > REENTRY_WINDOW


def _adopt(verdict: Verdict, lead: Lead, state: State, moving: Sequence[Proposal], allowed: StateSet) -> None:
    entered = entry_defaults(lead.state, state, unpack(allowed))
    verdict.state = entered
    for facet in FACETS:
        source = next((p for p in moving if p.contradicts(facet, lead.state)), moving[0])
        lowers = facet == "stage" and stage_rank(entered.stage) < stage_rank(lead.state.stage)
        by_rule = facet == "status" and entered != state
        cause: Cause = "rule" if by_rule else "lowering" if lowers else "edit"
        verdict.causes[facet] = SetBy(source.voice.side.system, cause, source.voice.author())
    verdict.set_by = verdict.causes["exit"]


class _Settlement:
    """Edits that do not fit together, or that the present state has overtaken: facet by facet."""

    def __init__(
        self,
        lead: Lead,
        proposals: Sequence[Proposal],
        moving: Sequence[Proposal],
        policy: Policy,
        now: datetime,
        verdict: Verdict,
        floor: StateSet,
    ) -> None:
        self.lead, self.old, self.proposals, self.moving = lead, lead.state, proposals, moving
        self.policy, self.now, self.verdict, self.floor = policy, now, verdict, floor
        self.winners: dict[Facet, Proposal] = {}

    def run(self) -> None:
        """Decide exit, stage and status in this order, then compose them."""
        exit_ = self.exit()
        if exit_ is None:
            return
        stage = self.stage(exit_)
        status = self.status(stage, exit_)
        self.compose(State(stage, status, exit_))

    def exit(self) -> Exit | None:
        """The exit after the round; None if a person must say."""
        old = self.old.exit
        wishes = [p for p in self.moving if p.state.exit != old and p.rules_out("exit", old)]
        leaving = [p for p in self.proposals if p.leaves and p.state.exit != "open"]
        exits = {p.state.exit for p in leaving}
        if len(exits) > 1 or (old != "open" and any(x != old for x in exits) and not all("exit" in p.current for p in wishes if p.leaves)):
            self.verdict.ask("conflict", FACETS, "two different exits", leaving)
            return None
        reopening = [p for p in wishes if p.state.exit == "open"]
        if not exits:
            return self._reopen(reopening)
        taken = next(iter(exits))
        furthest = max([stage_rank(self.old.stage), *(stage_rank(p.state.stage) for p in self.moving)])
        if furthest >= CUSTOMER and taken != "churned":
            self.verdict.ask("conflict", FACETS, "an exit meets a customer", self.moving)
            return None
        if taken != old:
            self.winners["exit"] = next(p for p in leaving if p.state.exit == taken)
        return taken

    def _reopen(self, reopening: Sequence[Proposal]) -> Exit | None:
        seen = [p for p in reopening if "exit" in p.current]
        if not seen:
            return self.old.exit
        if _out_for_long(self.lead, self.now):
            self.verdict.ask("reentry", FACETS, "the lead has been out for longer than the re-entry window", seen)
            return None
        self.winners["exit"] = seen[0]
        return "open"

    def stage(self, exit_: Exit) -> Stage:
        """The stage after the round: the furthest, unless the lead leaves or has left."""
        movers = [p for p in self.moving if p.contradicts("stage", self.old) and p.state.stage != self.old.stage]
        forward = [p for p in movers if stage_rank(p.state.stage) > stage_rank(self.old.stage)]
        back = [p for p in movers if p not in forward]
        if exit_ != "open":
            return self._stage_of_the_exited(exit_, forward, back)
        stage = self.old.stage
        if forward:
            best = max(forward, key=lambda p: stage_rank(p.state.stage))
            self.winners["stage"], stage = best, best.state.stage
        for proposal in back:
            others = [p for p in self.proposals if p is not proposal and p.denies("stage", proposal.state.stage)]
            stage = self._back(proposal, stage, alone=all(p in back and p.voice.author().kind != "person" and p.voice.steps_back() for p in others))
        return stage

    def _stage_of_the_exited(self, exit_: Exit, forward: Sequence[Proposal], back: Sequence[Proposal]) -> Stage:
        own = self.winners.get("exit")
        if own is not None and own.state.stage != self.old.stage and own.contradicts("stage", self.old):
            self.verdict.leave(own, "stage", "exit")
        for proposal in (p for p in (*forward, *back) if p is not own):
            if exit_ == self.old.exit and proposal in forward and "exit" not in self.winners:
                self.verdict.ask("reentry", FACETS, "a closed lead moves forward", [proposal])
            else:
                self.verdict.leave(proposal, "stage", "exit")
        return self.old.stage

    def _back(self, proposal: Proposal, stage: Stage, *, alone: bool) -> Stage:
        """A move back: by a person, the only edit, in the ordered field, it is accepted; otherwise it stands, or a person is asked."""
        voice = proposal.voice
        person = voice.author().kind == "person"
        concurrent = not alone or "stage" not in proposal.current
        if stage_rank(self.old.stage) >= CUSTOMER:
            self.verdict.ask("regress", ("stage",), "a customer would be moved back", [proposal])
        elif not voice.moves_stage_itself(self.old):
            self.verdict.ask("regress", FACETS, "a field that does not hold the stage would lower it", [proposal])
        elif concurrent and not voice.steps_back():
            self.verdict.late.add(voice.id)  # it moved forward, only less far than the lead already is: it will be written
        elif not concurrent and person and not self.floor & HAVING["stage"][proposal.state.stage]:
            self.verdict.late.add(voice.id)
            self.verdict.ask("regress", ("stage",), "moved back while there is a deal", [proposal])
        elif not concurrent and person:
            self.winners["stage"] = proposal
            return proposal.state.stage
        elif person:
            self.verdict.late.add(voice.id)
            self.verdict.ask("regress", ("stage",), "moved back while the lead moved elsewhere", [proposal])
        else:
            self.verdict.leave(proposal, "stage", "regress")
        return stage

    def status(self, stage: Stage, exit_: Exit) -> Status:
        """The working status after the round: the exit's own, else the trusted system's of those that the stage has room for."""
        own = self.winners.get("exit")
        if own is not None:
            return own.state.status
        if exit_ != "open":
            return self.old.status
        wishes = [p for p in self.moving if self._wants_status(p) and p.state.exit == exit_ and bit(State(stage, p.state.status, exit_))]
        rivals: list[tuple[tuple[int, int, str], Proposal | None]] = [(self.policy.rank(p.voice.side.system), p) for p in wishes]
        if wishes and not any("status" in p.current for p in wishes):
            set_by = self.lead.set_by.get("status")
            if set_by is not None and set_by.cause == "decision":
                self.verdict.ask("conflict", ("status",), "an edit that had not seen the decision", wishes)
                return self.old.status
            if set_by is not None:
                rivals.append((self.policy.rank(set_by.origin), None))
        if not rivals:
            return self.old.status
        winner = min(rivals, key=lambda r: r[0])[1]
        if winner is None:
            return self.old.status
        self.winners["status"] = winner
        return winner.state.status

    def _wants_status(self, proposal: Proposal) -> bool:
        """Whether the edit itself moves the status, and is not waiting for a person as a whole."""
        old, waits = self.old, any(proposal.voice.id in q.links for q in self.verdict.questions)
        if waits and not proposal.voice.moves_stage_itself(old):
            return False
        return proposal.rules_out("status", old.status) and proposal.state.status != old.status

    def compose(self, state: State) -> None:
        """Make a valid state of the three facets, changing the status alone if need be; otherwise ask."""
        asked = {link for q in self.verdict.questions for link in q.links if q.kind != "regress"}
        if any(p.voice.id in asked for p in self.winners.values()):
            return
        shape = HAVING["stage"][state.stage] & HAVING["exit"][state.exit]
        if not shape:
            self.verdict.ask("conflict", FACETS, "the edits fit no lead together", self.moving)
            return
        state = nearest_of(shape, state, [])
        movers = list(self.winners.values())
        if state == self.old or not movers:
            return
        allowed = ALL
        for proposal in movers:
            allowed &= proposal.states
        said = bit(state) if "status" in self.winners else allowed or shape  # an entry default yields to a status that somebody chose
        _adopt(self.verdict, self.lead, state, movers, said)
        for facet, proposal in self.winners.items():
            lowers = facet == "stage" and stage_rank(state.stage) < stage_rank(self.old.stage)
            self.verdict.causes[facet] = SetBy(proposal.voice.side.system, "lowering" if lowers else "edit", proposal.voice.author())
