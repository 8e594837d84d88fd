"""Deals as evidence for the state of a lead: which of several speaks, when one is news, and what becomes of the lead whose deal is gone. Pure.

The strongest deal of a lead speaks for all of them: a won one, else an open one, else a lost one. What the others show is noted and moves nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from leadhub.core.voices import Voice
from leadhub.lifecycle.relation import Relation
from leadhub.lifecycle.states import ALL, HAVING, StateSet, bit, stage_rank
from leadhub.model.person import Lead, Link, StateBase, Versions

CUSTOMER = stage_rank("customer")
_WON = HAVING["stage"]["customer"]
_OPEN = HAVING["exit"]["open"]


def weight(voice: Voice) -> int:
    """How much a record's word weighs where leads are met for the first time: a won deal, an open one, a lost one, a converted record, any other."""
    if not voice.evidence:
        return int(voice.relation.is_frozen(voice.values))
    states = voice.relation.allowed_set(voice.values)
    return 0 if states == ALL else 4 if states & _WON else 3 if states & _OPEN else 2


def noted(voices: Sequence[Voice], lead: Lead) -> frozenset[str]:
    """Return the deals, by link id, that do not speak in this round: a stronger one of the lead does, or it is a further deal of a customer."""
    deals = [v for v in voices if v.evidence]
    most = max((weight(v) for v in deals), default=0)
    return frozenset(v.id for v in deals if weight(v) < most or _is_further(v, lead))


def _is_further(deal: Voice, lead: Lead) -> bool:
    """Whether somebody who is a customer already has one deal more, that was not what made them one: it takes nothing back (G6)."""
    stage = HAVING["stage"][lead.state.stage]
    if stage_rank(lead.state.stage) < CUSTOMER or deal.relation.allowed_set(deal.values) & stage:
        return False
    return deal.base is None or not deal.relation.allowed_set(deal.before) & stage


def as_news(voice: Voice, lead: Lead) -> Voice:
    """A deal made after leadhub began to read them is no old disagreement with a lead that is known: it is heard like an edit that was seen at once."""
    if not (voice.evidence and voice.side.fresh and voice.side.link.state is None) or lead.versions == Versions():
        return voice
    base = StateBase(dict.fromkeys(voice.relation.names, ""), {lead.id: lead.versions})
    return replace(voice, side=replace(voice.side, link=replace(voice.side.link, state=base)))


def floor(voices: Iterable[Voice]) -> StateSet:
    """Return the states that the deals allow which are there: nobody sets a lead back below them without being asked."""
    states = ALL
    for voice in voices:
        if voice.evidence:
            states &= voice.relation.allowed_set(voice.values)
    return states


def orphaned(lead: Lead, gone: Iterable[tuple[Link, Relation]], voices: Iterable[Voice]) -> bool:
    """Whether the deal that a lead's stage goes by was deleted, nobody has moved the stage since, and no other deal stands for it (T5)."""
    if lead.state.exit != "open" or any(v.evidence and v.consistent(lead.state) for v in voices):
        return False
    return any(_stood_for(link.state, relation, lead) for link, relation in gone if link.lead_id == lead.id)


def _stood_for(base: StateBase | None, relation: Relation, lead: Lead) -> bool:
    if base is None or base.versions.get(lead.id, Versions()).stage < lead.versions.stage:
        return False
    states = relation.allowed_set(base.values)
    return states != ALL and bool(states & bit(lead.state))
