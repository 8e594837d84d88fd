"""Questions that reconciling has for a person, and two of its rules that only ever ask: who comes back, and whose deal is gone. Pure."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from leadhub.core.evidence import orphaned
from leadhub.core.policy import Policy
from leadhub.core.sides import PUT_BACK, Side
from leadhub.core.states import shown
from leadhub.core.voices import Voice
from leadhub.model.person import Lead, Link, Value
from leadhub.model.run import Review, ReviewKind


def review(kind: ReviewKind, person_id: str, lead_id: str | None, name: str, values: Mapping[str, Value], note: str, sides: Sequence[Side]) -> Review:
    """Return a question with an id that stays the same for as long as the question does."""
    identity = hashlib.blake2b(f"{kind}|{person_id}|{lead_id}|{name}".encode(), digest_size=6).hexdigest()
    systems = "+".join(sorted({s.system for s in sides}))
    shape = "put back" if note == PUT_BACK else values.get("hub") if name == "state" else ""
    return Review(identity, kind, f"{kind}:{systems}:{name}" + (f":{shape}" if shape else ""), person_id, lead_id, name, values, note)


def about_returns(person_id: str, leads: Sequence[Lead], sides: Sequence[Side], policy: Policy, asked: Sequence[Review]) -> Iterator[Review]:
    """Who was disqualified and sends a form all the same: a person looks at it, and until then nothing moves (T8)."""
    events = [s for s in sides if (s.link.system, s.link.object) in policy.events and s.created is not None]
    for lead in leads:
        by = lead.set_by.get("exit")
        if lead.state.exit != "disqualified" or lead.closed_at is None:
            continue
        decided = by.author.at if by is not None and by.cause == "decision" else None
        since = max(lead.closed_at, decided or lead.closed_at)
        later = [s for s in events if s.link.lead_id == lead.id and s.created is not None and s.created > since]
        if later and not _is_asked("reentry", lead, asked):
            note = f"somebody who was disqualified came back by {later[-1].system}"
            yield review("reentry", person_id, lead.id, "state", {"hub": str(lead.state)}, note, later)


def about_deals(
    person_id: str, leads: Sequence[Lead], voices: Sequence[Voice], gone: Sequence[Link], policy: Policy, asked: Sequence[Review]
) -> Iterator[Review]:
    """A lead whose deal was deleted stays what it is until a person says (T5)."""
    deals = [(link, policy.relations[link.system, link.object]) for link in gone if (link.system, link.object) in policy.relations]
    for lead in leads if deals else ():
        mine = [v for v in voices if v.lead_id == lead.id]
        if orphaned(lead, deals, mine) and not _is_asked("regress", lead, asked):
            note = f"the deal that made the lead {lead.state.stage} was deleted"
            values: dict[str, Value] = {"hub": str(lead.state), **{v.id: shown(v) for v in mine}}
            yield review("regress", person_id, lead.id, "state", values, note, [v.side for v in mine])


def _is_asked(kind: ReviewKind, lead: Lead, asked: Sequence[Review]) -> bool:
    return any(one.kind == kind and one.lead_id == lead.id for one in asked)
