"""The one rule for fields: what becomes of one canonical field when all its sides are looked at together. Pure.

A side is *current* when its base stands for the present canonical version, *behind* when for an older one, *edited* when it shows something else
than its base. Only a side that is behind and inconsistent is ever written; whatever is left alone is a standing difference with its reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from leadhub.core.policy import FieldPolicy, Policy
from leadhub.core.sides import Side
from leadhub.model.person import Base, Canonical, Cause, Reason, Value
from leadhub.model.run import Decision

BOUNCES = 3
NEVER = Canonical(None, 0, "", "initial")
_OWN_WISH: frozenset[Reason] = frozenset({"fill", "preferred"})  # made behind by our own rule: its edit has seen all there was


@dataclass(frozen=True, slots=True)
class Taken:
    """One value that was offered: taken into the hub, or lost to another."""

    side: Side | None
    old: Value
    new: Value
    version: int
    cause: Cause
    taken: bool = True


@dataclass(slots=True)
class FieldRound:
    """The field after the round: the canonical value, every side's base by link id, the links to write, an open question, and what happened."""

    name: str
    canonical: Canonical
    bases: dict[str, Base]
    writes: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    question: dict[str, Value] | None = None
    note: str = ""
    taken: list[Taken] = field(default_factory=list)
    decided: list[str] = field(default_factory=list)


def reconcile_field(name: str, before: Canonical | None, sides: Sequence[Side], decisions: Sequence[Decision], policy: Policy) -> FieldRound:
    """Apply the rule to one field. `sides` are those of the person's primary links; the result does not depend on their order."""
    seen = sorted((s for s in sides if name in s.shown), key=lambda s: (policy.rank(s.system), s.id))
    rule = _Rule(name, before or NEVER, seen, policy)
    rule.decide(decisions)
    if not rule.open_question:
        rule.advance()
        rule.adopt_edits()
    if not rule.open_question:
        rule.meet()
        rule.refuse()
        rule.advance()
        rule.write()
    return rule.round


class _Rule:
    """One field's round in progress."""

    def __init__(self, name: str, canonical: Canonical, sides: Sequence[Side], policy: Policy) -> None:
        self.name, self.policy, self.sides = name, policy, sides
        self.field: FieldPolicy = policy.fields[name]
        self.start = canonical
        self.old_bases = {s.id: s.link.base[name] for s in sides if name in s.link.base}
        self.round = FieldRound(name, canonical, dict(self.old_bases))
        self.judged: set[str] = set()
        self.open_question = False

    # ---- what sides are -----------------------------------------------------------------------------------------------------------

    def same(self, side: Side, one: Value, other: Value) -> bool:
        """Tell whether this side could not tell the two values apart."""
        return self._form(side, one) == self._form(side, other)

    def _form(self, side: Side, value: Value) -> str:
        form = self.field.match(value or "")
        limit = side.limits.get(self.name)
        return form if limit is None or value is None or len(value) <= limit else self.field.match(value[:limit])

    def base(self, side: Side) -> Base | None:
        return self.round.bases.get(side.id)

    def edited(self, side: Side) -> bool:
        base = self.old_bases.get(side.id)
        return base is not None and not self.same(side, side.shown[self.name], base.value)

    def behind(self, side: Side) -> bool:
        base = self.base(side)
        return base is not None and base.version < self.round.canonical.version

    def consistent(self, side: Side) -> bool:
        return self.same(side, side.shown[self.name], self.round.canonical.value)

    def not_permitted(self, side: Side) -> Reason | None:
        """Say why this side's edit may not travel, or None."""
        base = self.old_bases.get(side.id)
        if base is not None and self._bounced(side, base) >= BOUNCES:
            return "rewritten"  # first: not even strict ownership writes against an automation for ever
        if self.field.owner is not None and side.system != self.field.owner:
            return "not_permitted"
        if not side.shown[self.name] and self.field.clear == "keep":
            return "cleared"
        return None

    def _bounced(self, side: Side, base: Base) -> int:
        """How many of our writes in a row were answered with a change, this one included. A person's change answers to nobody."""
        if side.author(self.name).kind == "person" or base.how == "rewritten":
            return 0
        return base.bounced + (base.how == "sent")

    # ---- the steps, in order -------------------------------------------------------------------------------------------------------

    def decide(self, decisions: Sequence[Decision]) -> None:
        """Take a person's latest decision if every side still shows what that person saw; otherwise the question stays open until it is answered anew.

        A decision that was overtaken is not consumed: were it dropped, the question would close by itself in the next round and nobody would be told.
        """
        fresh = [d for d in decisions if self._is_fresh(d)]
        if not fresh:
            moot = all(self.consistent(s) for s in self.sides)
            self.round.decided.extend(d.id for d in decisions if moot)
            if decisions and not moot:
                self._ask("a side changed after the decision")
            return
        decision = max(fresh, key=lambda d: (d.at, d.id))
        self.round.decided.extend(d.id for d in decisions)
        old = self.round.canonical
        self._set(decision.value, "decision", "decision", None)
        for side in self.sides:
            version = self.round.canonical.version if decision.leave or self.consistent(side) else old.version
            self.round.bases[side.id] = Base(side.shown[self.name], version, "decided")
            self.judged.add(side.id)

    def _is_fresh(self, decision: Decision) -> bool:
        return all(s.id in decision.saw and self.same(s, s.shown[self.name], decision.saw[s.id]) for s in self.sides)

    def advance(self) -> None:
        """Sides that already show the canonical value now stand for its present version: before the edits of the round, and after them."""
        for side in self.sides:
            base = self.base(side)
            if base is None or not self.consistent(side) or side.id in self.judged:
                continue
            if self.edited(side) and not self.round.canonical.version:
                continue  # there is nothing yet that a blank could agree with
            if base.version != self.round.canonical.version or self.edited(side):
                self._agree(side)
                self.judged.add(side.id)

    def adopt_edits(self) -> None:
        """Edits of current sides are later than everything the hub knows; edits of sides that were behind are concurrent with it."""
        edits = [s for s in self.sides if self.edited(s) and s.id not in self.judged and self.not_permitted(s) is None]
        causal = [s for s in edits if self._has_seen_all(s)]
        seen = {s.id for s in causal}
        if causal and all(self.same(s, s.shown[self.name], causal[0].shown[self.name]) for s in causal):
            self._take(causal[0], "edit")
            for side in causal:
                self._agree(side)
        rivals = [s for s in edits if not self.consistent(s)]
        for side in edits:
            if side.id not in seen and self.consistent(side):
                self._agree(side)
        if rivals:
            self._conflict(rivals, hub_is_party=not seen & {s.id for s in rivals})

    def _has_seen_all(self, side: Side) -> bool:
        """Current, or made behind by our own rule of first contact and by nothing later."""
        base = self.old_bases[side.id]
        return not self.behind(side) or (base.how in _OWN_WISH and base.version == self.round.canonical.version - 1)

    def _conflict(self, rivals: Sequence[Side], *, hub_is_party: bool) -> None:
        """Settle between edits that did not know of each other, by the field's policy."""
        hub = self.round.canonical
        if any(self.old_bases[s.id].how == "unknown" for s in rivals):
            self._ask("an edit met a write whose outcome nobody knows")
            return
        if self.field.prefer is None or (hub_is_party and hub.cause == "decision"):
            self._ask("two edits that did not know of each other")
            return
        parties: list[tuple[str, Side | None]] = [(s.system, s) for s in rivals]
        if hub_is_party:
            parties.append((hub.origin, None))
        by_preference = min(parties, key=lambda p: (p[0] != self.field.prefer, self.policy.rank(p[0]), p[1].id if p[1] else ""))
        winner = by_preference[1]
        if winner is not None:
            self._take(winner, "edit")
        for side in rivals:
            if self.consistent(side):
                self._agree(side)
                continue
            base = self.old_bases[side.id]
            version = min(base.version, self.round.canonical.version - 1)
            self.round.bases[side.id] = Base(side.shown[self.name], version, "lost", self._bounced(side, base))
            self.round.taken.append(Taken(side, self.round.canonical.value, side.shown[self.name], self.round.canonical.version, "edit", taken=False))

    def refuse(self) -> None:
        """Edits that may not travel become standing differences; under strict ownership the side is written back."""
        for side in self.sides:
            reason = self.not_permitted(side) if self.edited(side) and side.id not in self.judged else None
            if reason is None or self.consistent(side):
                continue
            version = self.round.canonical.version
            if reason == "not_permitted" and self.field.strict:
                version -= 1
                self.round.taken.append(Taken(side, self.round.canonical.value, side.shown[self.name], version, "edit", taken=False))
            self.round.bases[side.id] = Base(side.shown[self.name], version, reason, self._bounced(side, self.old_bases[side.id]))

    def meet(self) -> None:
        """First contact: links without a base. Nothing is written because of it, unless the rule of adoption says so."""
        new = [s for s in self.sides if self.base(s) is None]
        if not new:
            return
        if self.round.canonical.version == 0:
            self._first_value(new)
            # who was adopted before there was any value meets the first one like everybody else
            refused = self._refused_before()
            new = [s for s in self.sides if self.base(s) is None or (self.round.canonical.version and not self.edited(s) and s.id not in refused)]
        for side in new:
            self._prefer_over_first_contact(side)
        for side in new:
            self._meet_one(side)

    def _refused_before(self) -> set[str]:
        """Sides whose edit was refused before there was any value: it stands beside the first one too, or is written back where ownership is strict."""
        refused = {link_id: base for link_id, base in self.round.bases.items() if base.how == "not_permitted"}
        if not self.field.strict:
            self.round.bases.update({link_id: replace(base, version=self.round.canonical.version) for link_id, base in refused.items()})
        return set(refused)

    def _first_value(self, new: Sequence[Side]) -> None:
        offers = [s for s in new if s.shown[self.name] and (self.field.owner in (None, s.system))]
        prefers = {s.system for s in offers if self.policy.adopts(s.system) == "prefer"}
        if offers:
            best = min(offers, key=lambda s: (s.system != self.field.owner, s.system not in prefers, self.policy.rank(s.system), s.id))
            self._take(best, "adopted")

    def _prefer_over_first_contact(self, side: Side) -> None:
        hub, value = self.round.canonical, side.shown[self.name]
        preferred = self.policy.adopts(side.system) == "prefer" and hub.cause == "adopted" and hub.origin != side.system
        if not preferred or not value or self.consistent(side) or self.field.owner not in (None, side.system):
            return
        self._take(side, "adopted")
        for link_id, base in self.round.bases.items():
            if base.how in ("agreed", "adopted", "sent"):
                self.round.bases[link_id] = replace(base, version=min(base.version, hub.version), how="preferred")
            elif base.version == hub.version:
                self.round.bases[link_id] = replace(base, version=self.round.canonical.version)

    def _meet_one(self, side: Side) -> None:
        hub, value = self.round.canonical, side.shown[self.name]
        if self.consistent(side):
            self._agree(side)
        elif not value and hub.value and self.policy.adopts(side.system) == "fill":
            self.round.bases[side.id] = Base(value, hub.version - 1, "fill")
        elif hub.cause == "adopted" and hub.origin != side.system and self.policy.adopts(hub.origin) == "prefer":
            self.round.bases[side.id] = Base(value, hub.version - 1, "preferred")
        else:
            self.round.bases[side.id] = Base(value, hub.version, "adopted")

    def write(self) -> None:
        """A side is written only when it is behind and inconsistent, and may be written at all."""
        for side in self.sides:
            if not self.behind(side) or self.consistent(side) or not self.round.canonical.version:
                continue
            base = self.round.bases[side.id]
            if base.how == "sent" and side.id in self.old_bases and not self.edited(side):
                self.round.bases[side.id] = replace(base, bounced=0)
            (self.round.writes if self.name in side.writable else self.round.waiting).append(side.id)

    # ---- small steps ---------------------------------------------------------------------------------------------------------------

    def _agree(self, side: Side) -> None:
        old = self.old_bases.get(side.id)
        bounced = 0 if old is None else self._bounced(side, old) if self.edited(side) else old.bounced
        how: Reason = "sent" if old is not None and old.how == "sent" and not self.edited(side) else "agreed"
        self.round.bases[side.id] = Base(side.shown[self.name], self.round.canonical.version, how, bounced)

    def _take(self, side: Side, cause: Cause) -> None:
        self._set(side.shown[self.name], side.system, cause, side)

    def _set(self, value: Value, origin: str, cause: Cause, side: Side | None) -> None:
        old = self.round.canonical
        self.round.canonical = Canonical(value, old.version + 1, origin, cause)
        self.round.taken.append(Taken(side, old.value, value, old.version + 1, cause))

    def _ask(self, note: str) -> None:
        self.open_question = True
        self.round = replace(self.round, canonical=self.start, bases=dict(self.old_bases), taken=[], note=note)
        self.round.question = {"hub": self.start.value, **{s.id: s.shown[self.name] for s in self.sides}}


def standing(name: str, canonical: Canonical, bases: Mapping[str, Base], sides: Sequence[Side], policy: FieldPolicy) -> list[tuple[Side, Base]]:
    """Return the sides of one field that are current and show something else, each with the base that gives the reason."""
    hub = policy.match(canonical.value or "")
    current = [(s, bases[s.id]) for s in sides if name in s.shown and s.id in bases and bases[s.id].version >= canonical.version]
    return [(side, base) for side, base in current if policy.match(side.shown[name] or "") != hub]
