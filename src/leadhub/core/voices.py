"""What one record says about one lead: the reading behind the rule for state. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from leadhub.core.sides import FOUGHT, PERHAPS, PUT_BACK, Side
from leadhub.lifecycle.nearest import Reading, nearest_of
from leadhub.lifecycle.relation import Relation, Row
from leadhub.lifecycle.states import HAVING, StateSet, bit, stage_rank
from leadhub.model.person import Lead, Reason, StateBase, Versions
from leadhub.model.record import Author
from leadhub.model.state import FACETS, Facet, State


@dataclass(frozen=True)
class Voice:
    """One side's say about one lead, through some of its state fields. `leads` are all that the side speaks of, this one among them.

    `held`: one of the record's fields was edited and has come to speak of another lead; nothing of the record is judged until a person says.
    """

    side: Side
    relation: Relation
    lead_id: str
    leads: frozenset[str]
    held: bool = False
    evidence: bool = False
    """The record is a deal: it is never written, and of several of one lead the strongest speaks."""
    late: bool = False
    """The lead is met for the first time in this round, as old as the record is: what they differ in is no news to either."""

    @cached_property
    def id(self) -> str:
        """The link's id."""
        return self.side.id

    @cached_property
    def values(self) -> Mapping[str, str]:
        """The native state values as shown now."""
        return self.side.state or {}

    @cached_property
    def base(self) -> StateBase | None:
        """What was last agreed with this record, about whichever lead; None at first contact."""
        base = self.side.link.state
        return base if base is not None and all(name in base.values for name in self.relation.state_fields) else None

    @cached_property
    def versions(self) -> Versions:
        """The versions of its lead that the base stands for; none of a lead that the record did not speak of until now: it is behind there."""
        base = self.base
        return Versions() if base is None else base.versions.get(self.lead_id, Versions())

    @property
    def changed_lead(self) -> bool:
        """Whether these fields may have spoken of another lead when the record was last agreed with."""
        return self.base is not None and frozenset(self.base.versions) not in (self.leads, {self.lead_id})

    @cached_property
    def before(self) -> Mapping[str, str]:
        """The native values of the base."""
        base = self.base
        return base.values if base is not None else {}

    @cached_property
    def silent(self) -> frozenset[str]:
        """The fields that were blank at first sight and still are."""
        base = self.base
        if base is None:
            return frozenset(f.name for f in self.relation.fields if f.unset_first_silent and not self.values.get(f.name))
        return frozenset(name for name in base.silent if self.values.get(name, "") == base.values.get(name, ""))

    @cached_property
    def edited(self) -> frozenset[str]:
        """The state fields that say something else than at the last agreement."""
        if self.base is None:
            return frozenset()
        return frozenset(name for name in self.relation.state_fields if self._changed(name))

    def _changed(self, name: str) -> bool:
        if self.values.get(name, "") != self.before.get(name, ""):
            return True
        return self.relation.row(name, self.values) is not self.relation.row(name, self.before)

    def reading(self) -> Reading:
        """How the record is read in this round. A field that was silent is compared with nothing when it is edited."""
        if self.base is None or not self.edited:
            return Reading(self.relation, self.values, self.silent)
        return Reading(self.relation, self.values, self.base.silent, self.edited, self.before)

    def speaks_of(self, facet: Facet) -> bool:
        """Whether the values leave out any value of the facet."""
        return self.relation.speaks_of(self.values, facet, silent=self.silent)

    def consistent(self, state: State) -> bool:
        """Whether the values allow the state."""
        return bool(self.relation.allowed_set(self.values, self.silent) & bit(state))

    def seen(self, lead: Lead, versions: Versions) -> Versions:
        """Return `versions` with those of the facets that the values speak of, and no field contradicts, moved to the lead's.

        Who says nothing of status is current on status.
        """
        return versions.with_({facet: lead.versions.of(facet) for facet in agreed(self.relation, self.values, self.silent, lead.state)})

    def consistent_shape(self) -> bool:
        """Whether the record's own fields agree on any state at all."""
        return self.relation.has_common_state(self.values, silent=self.silent)

    def author(self) -> Author:
        """Who made the edit: a person only if a person set every edited field."""
        authors = [self.side.author(name) for name in sorted(self.edited)]
        return next((a for a in authors if a.kind != "person"), authors[0] if authors else Author("automation"))

    @cached_property
    def bounced(self) -> int:
        """How many of our writes in a row were fought by a change of a value that we had written, this one included; as for a plain field."""
        base = self.base
        if base is None or not self.edited:
            return 0 if base is None else base.bounced
        if base.how == "rewritten" or any(self.side.author(name).kind == "person" for name in self.edited):
            return 0
        if base.how != "sent":
            return base.bounced
        rewritten = self.edited & base.over.keys()
        fought = any(self.values.get(name, "") == base.over[name] for name in rewritten)
        return base.bounced + FOUGHT if fought else PERHAPS * bool(rewritten)

    def moves_stage_itself(self, state: State) -> bool:
        """Whether an edited ordered field rules out the stage: only such a field may lower it (G6)."""
        fields = (self.relation.field(name) for name in self.edited)
        return any(f.ordered and not _allows(f.row(self.values), "stage", state) for f in fields)

    def steps_back(self) -> bool:
        """Whether the edit itself goes back: every stage it allows is below every stage that the old value allowed; one that nobody mapped allowed all."""
        for name in self.edited:
            new, old = self.relation.row(name, self.values), self.relation.row(name, self.before)
            if new is not None and (old is None or _highest(new) < _lowest(old)):
                return True
        return False


def agreed(relation: Relation, values: Mapping[str, str], silent: frozenset[str], state: State) -> list[Facet]:
    """The facets that these values speak of (of status everyone does), and that none of the fields contradicts."""
    spoken = [f for f in FACETS if f == "status" or relation.speaks_of(values, f, silent=silent)]
    return [f for f in spoken if not relation.contradicts(values, f, state, silent=silent)]


def _allows(row: Row | None, facet: Facet, state: State) -> bool:
    return _allows_value(row, facet, state.facet(facet))


def _allows_value(row: Row | None, facet: Facet, value: str) -> bool:
    return row is None or row.reads.allows(facet, value)


def _highest(row: Row) -> int:
    return max((stage_rank(s) for s in row.reads.stages), default=0)


def _lowest(row: Row) -> int:
    return min((stage_rank(s) for s in row.reads.stages), default=0)


@dataclass(frozen=True, slots=True)
class Proposal:
    """Where one edited record would move the lead, on its own."""

    voice: Voice
    states: StateSet
    state: State
    current: frozenset[Facet]
    """The facets on which the side had seen the present version."""

    def changed(self, hub: State) -> tuple[Facet, ...]:
        """The facets in which the proposal differs from the hub."""
        return tuple(f for f in FACETS if self.state.facet(f) != hub.facet(f))

    def contradicts(self, facet: Facet, hub: State) -> bool:
        """Whether the edit rules out the hub's value of the facet."""
        return not self.states & HAVING[facet][hub.facet(facet)]

    def rules_out(self, facet: Facet, value: str) -> bool:
        """Whether an edited field itself says that the facet has not this value; what merely follows for want of a valid state is no say."""
        return any(not _allows_value(self.voice.relation.row(name, self.voice.values), facet, value) for name in self.voice.edited)

    def denies(self, facet: Facet, value: str) -> bool:
        """Whether the record as it was edited cannot stand beside the value, whether or not the edit is about that facet."""
        return self.rules_out(facet, value) or not self.states & HAVING[facet][value]

    @property
    def leaves(self) -> bool:
        """Whether the edit says that the lead is no longer open."""
        return self.rules_out("exit", "open")


def propose(voice: Voice, lead: Lead) -> Proposal:
    """Read one edited record on its own: the nearest state to the lead's that it allows (G3, G4, G7)."""
    states, rows = voice.reading().constraint(lead.state)
    seen = voice.versions
    current = frozenset(f for f in FACETS if seen.of(f) >= lead.versions.of(f))
    return Proposal(voice, states, nearest_of(states, lead.state, rows), current)


def clash(voice: Voice) -> str | None:
    """Why the edit of a record cannot be read at all, if so: it fits no lead, or was made when the record spoke of another one."""
    edited = voice.edited
    if voice.held:
        return "the record was edited while it spoke of another lead"
    if voice.base is not None and voice.base.how == "unknown":
        return "an edit met a write whose outcome nobody knows"
    if voice.base is not None and voice.base.how == "put_back":
        return PUT_BACK
    return "two fields of the record were edited to values that fit no lead" if _fits_nothing(voice, edited) else None


def _fits_nothing(voice: Voice, edited: frozenset[str]) -> bool:
    return len(edited) > 1 and not voice.relation.restricted_to(edited).has_common_state(voice.values, silent=voice.silent)


def merged_base(voice: Voice, versions: Versions, *, fields: frozenset[str] | None = None, how: Reason = "agreed") -> StateBase:
    """Return the link's base with this voice's fields (or some of them) as shown now, and these versions for its lead."""
    old = voice.side.link.state
    names = frozenset(voice.relation.names) if fields is None else fields
    shown = {name: voice.values.get(name, "") for name in voice.relation.names if name in names}
    if old is None:
        return StateBase(shown, {voice.lead_id: versions}, voice.silent, how)
    kept_silent = (old.silent - names) | (voice.silent & names)
    return replace(old, values={**old.values, **shown}, versions={**old.versions, voice.lead_id: versions}, silent=kept_silent, how=how)
