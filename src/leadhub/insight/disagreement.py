"""Standing differences: what a system shows and leadhub leaves alone, by pattern. From the store alone, at any time."""

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from leadhub.core.policy import Adoption
from leadhub.core.states import SETTLED
from leadhub.hub import Hub
from leadhub.insight.known import Known, everyone
from leadhub.model.person import Lead, Reason, Value
from leadhub.store import Transaction
from leadhub.values.kinds import BOOLEAN

EXAMPLES = 20
"""Of a pattern this many leads are kept to be looked at."""

BLANK_THERE, BLANK_HERE, DIFFERENT = "blank there", "blank here", "different"


@dataclass(frozen=True, slots=True)
class Difference:
    """One record that shows something else than leadhub holds, and is left alone. `there` is what it shows, `here` what leadhub holds.

    Of a state field `here` is the facet that the value rules out, with the lead's value of it: `stage sql`. `origin` is the system that leadhub's
    value came from. `rule` is what the configuration says of it now; None where no rule for old differences is about it. `edited`: leadhub's value was
    edited or decided since it was first seen, so no rule takes another one for it. `fixed`: the system does not let the field be written.
    """

    system: str
    field: str
    there: Value
    here: Value
    reason: Reason
    person_id: str
    name: str
    record_id: str
    origin: str
    rule: Adoption | None
    edited: bool = False
    fixed: bool = False
    state: bool = False


@dataclass(slots=True)
class Pattern:
    """Differences that are alike. Where `folded`, the values differ from lead to lead, and `there` and `here` only say in what way."""

    system: str
    field: str
    there: Value
    here: Value
    reason: Reason
    rule: Adoption | None
    folded: bool
    state: bool
    count: int = 0
    edited: int = 0
    """How many of them differ from what was edited or decided since."""
    origins: Counter[str] = dataclasses.field(default_factory=Counter)
    """The systems that leadhub's values came from."""
    examples: list[Difference] = dataclasses.field(default_factory=list)

    @property
    def kind(self) -> str:
        """What the differences have in common, in a word; blank where the values themselves say it."""
        return "" if not self.folded else BLANK_THERE if self.there is None else BLANK_HERE if self.here is None else DIFFERENT


@dataclass(frozen=True, slots=True)
class Disagreement:
    """All patterns, largest first, and how many records were compared with what leadhub holds.

    `facts` counts differences in fields that the system which shows them lets nobody write: each keeps its own date of creation.
    """

    patterns: tuple[Pattern, ...]
    compared: int
    facts: Mapping[str, int]

    @property
    def total(self) -> int:
        """How many differences there are."""
        return sum(pattern.count for pattern in self.patterns)


_Alike = tuple[str, str, Value, Value, Reason, Adoption | None]
"""What the differences of a pattern have in common."""


def disagreement(hub: Hub, tx: Transaction, *, system: str | None = None, name: str | None = None) -> Disagreement:
    """Return the standing differences by pattern; of one system or one field where named.

    What a person is asked about, and what changed since the last run, is none: it is not settled yet.
    """
    asked = _asked(tx)
    found: dict[_Alike, Pattern] = {}
    facts, compared = Counter[str](), 0
    for known in everyone(hub, tx):
        compared += sum(system in {None, side.system} for side in known.sides)
        for one in _of_person(known, asked):
            if system not in {None, one.system} or name not in {None, one.field}:
                continue
            if one.fixed:
                facts[one.field] += 1
            else:
                _add(hub, found, one)
    patterns = sorted(found.values(), key=lambda p: (-p.count, p.system, p.field, p.there or "", p.here or "", p.reason))
    return Disagreement(tuple(patterns), compared, dict(facts))


def differences(hub: Hub, tx: Transaction) -> Iterator[Difference]:
    """Yield every standing difference, person by person."""
    asked = _asked(tx)
    for known in everyone(hub, tx):
        yield from _of_person(known, asked)


def _asked(tx: Transaction) -> frozenset[tuple[str | None, str | None, str]]:
    """What open questions are about, by person, lead and field."""
    about: set[tuple[str | None, str | None, str]] = set()
    after = ""
    while batch := tx.reviews.open(after=after):
        about.update((s.review.person_id, s.review.lead_id, s.review.field) for s in batch)
        after = batch[-1].review.id
    return frozenset(about)


def _of_person(known: Known, asked: frozenset[tuple[str | None, str | None, str]]) -> Iterator[Difference]:
    person = known.aggregate.person.id
    for view in known.views():
        if not view.stands or view.canonical is None or view.base is None:
            continue
        if (person, None if view.lead is None else view.lead.id, view.field) not in asked:
            yield Difference(
                system=view.side.system,
                field=view.field,
                there=view.shown,
                here=view.held,
                reason=view.base.how,
                person_id=person,
                name=known.name,
                record_id=view.side.link.record_id,
                origin=view.canonical.origin,
                rule=_rule(known, view.side.system, view.field, view.shown, view.held) if view.base.how == "adopted" else None,
                edited=view.canonical.cause != "adopted",
                fixed=view.field in view.side.readonly,
            )
    for lead in known.aggregate.leads:
        if (person, lead.id, SETTLED) not in asked:
            yield from _of_lead(known, lead)


def _of_lead(known: Known, lead: Lead) -> Iterator[Difference]:
    for voice in known.voices(lead):
        if voice.base is None or voice.edited or voice.held:
            continue
        for name, facet in voice.relation.contradicted_fields(voice.values, lead.state, silent=voice.silent):
            if voice.versions.of(facet) < lead.versions.of(facet):
                continue
            there, here, set_by = voice.values.get(name) or None, f"{facet} {lead.state.facet(facet)}", lead.set_by.get(facet)
            yield Difference(
                system=voice.side.system,
                field=name,
                there=there,
                here=here,
                reason=voice.base.how,
                person_id=known.aggregate.person.id,
                name=known.name,
                record_id=voice.side.link.record_id,
                origin="" if set_by is None else set_by.origin,
                rule=_rule(known, voice.side.system, SETTLED, there, here) if voice.base.how == "adopted" else None,
                edited=set_by is not None and set_by.cause not in {"adopted", "initial"},
                state=True,
            )


def _rule(known: Known, system: str, name: str, there: Value, here: Value) -> Adoption:
    policy = known.hub.policy
    settled = policy.settled(name, system, there, here)
    return policy.adopts(system) if settled is None else settled.rule


def _add(hub: Hub, found: dict[_Alike, Pattern], one: Difference) -> None:
    """Values of a plain field are too many to make patterns of: only whether one is blank counts. A yes or no is told as it is."""
    folded = not one.state and hub.fields[one.field].kind is not BOOLEAN
    there = (None if one.there is None else DIFFERENT) if folded else one.there
    here = (None if one.here is None else DIFFERENT) if folded else one.here
    key = (one.system, one.field, there, here, one.reason, one.rule)
    pattern = found.setdefault(key, Pattern(*key, folded=folded, state=one.state))
    pattern.count += 1
    pattern.edited += one.edited
    pattern.origins[one.origin] += 1
    if len(pattern.examples) < EXAMPLES:
        pattern.examples.append(one)
