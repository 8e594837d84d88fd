"""The one rule for fields: what becomes of one canonical field when all its sides are looked at together. Pure.

A side is *current* when its base stands for the present canonical version, *behind* when for an older one, *edited* when it shows something else
than its base. Only a side that is behind and inconsistent is ever written; whatever is left alone is a standing difference with its reason.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from leadhub.core.agreement import base_key
from leadhub.core.groups import ALONE, Whole
from leadhub.core.joins import JOINS, join
from leadhub.core.meeting import Meeting
from leadhub.core.policy import Policy
from leadhub.core.rounds import FieldRound, Taken
from leadhub.core.sides import BOUNCES, PUT_BACK, Side
from leadhub.model.person import Base, Canonical, Reason, Value
from leadhub.model.run import Decision

NEVER = Canonical(None, 0, "", "initial")
_OWN_WISH: frozenset[Reason] = frozenset({"fill", "preferred"})  # made behind by our own rule: its edit has seen all there was


def reconcile_field(
    name: str,
    before: Canonical | None,
    sides: Sequence[Side],
    decisions: Sequence[Decision],
    policy: Policy,
    *,
    lead_id: str | None = None,
    whole: Whole = ALONE,
) -> FieldRound:
    """Apply the rule to one field, of the person or of one lead. `sides` are primary links' records; the result does not depend on their order."""
    seen = sorted((s for s in sides if name in s.shown), key=lambda s: (policy.rank(s.system), s.id))
    rule = _Rule(name, base_key(name, lead_id), before or NEVER, seen, policy, whole)
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


class _Rule(Meeting):
    """One field's round in progress."""

    def not_permitted(self, side: Side) -> Reason | None:
        """Say why this side's edit may not travel, or None."""
        base = self.old_bases.get(side.id)
        if base is not None and self._bounced(side, base) >= BOUNCES:
            return "rewritten"  # first: not even strict ownership writes against an automation for ever
        if self.field.owner is not None and side.system != self.field.owner:
            return "not_permitted"
        if base is not None and base.how == "put_back":
            return None  # nobody typed it: it is asked about, blank or not
        if not side.shown[self.name] and self.field.clear == "keep" and self.field.merge != "restrictive":
            return "cleared"  # a consent that was emptied says no more and no less than a plain no
        return self._beaten(side.shown[self.name])

    def _adds(self, side: Side) -> bool:
        hub = self.round.canonical.value
        return self.field.merge == "union" and join("union", [hub, side.shown[self.name]]) != hub

    def _confirms(self, side: Side) -> bool:
        """Whether somebody opted out by an act while leadhub knew of an opt-out from first contact alone: that one stood, this one travels."""
        hub, opted_out = self.round.canonical, side.shown[self.name] == "true" and self.edited(side)
        return self.field.merge == "restrictive" and opted_out and hub.value == "true" and hub.cause == "adopted"

    def _beaten(self, value: Value) -> Reason | None:
        """Say why a value cannot move the hub's by the field's merge class; a consent that is widened is no such case: it is asked."""
        hub, merge = self.start.value, self.field.merge
        if merge == "first" and hub:
            return "frozen"
        if merge in ("max", "union") and join(merge, [hub, value]) == hub:
            return "not_permitted"
        return None

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
        self.round.decided_by = decision.actor
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
            if base is None or not self.consistent(side) or (side.id in self.judged and base.how != "agreed"):
                continue  # who agreed before the edits may agree with what came of them, too
            if self.edited(side) and (not self.round.canonical.version or self._adds(side) or self._confirms(side)):
                continue  # there is nothing yet that a blank could agree with; and who has more than the hub has something to say
            if base.version != self.round.canonical.version or self.edited(side):
                self._agree(side)
                self.judged.add(side.id)

    def adopt_edits(self) -> None:
        """Edits of current sides are later than everything the hub knows; edits of sides that were behind are concurrent with it."""
        edits = [s for s in self.sides if self.edited(s) and s.id not in self.judged and self.not_permitted(s) is None]
        edits = self._give_way(edits)
        if self.field.merge in JOINS:
            self._join(edits)
            return
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
            self._conflict(rivals, seen)

    def _give_way(self, edits: Sequence[Side]) -> list[Side]:
        """Take out the edits that lose because another side's edit of the same group wins; ask where nobody is trusted."""
        if self.whole.ask and edits:
            self._ask("two sides edited what belongs together")
            return []
        for side in edits:
            if side.id in self.whole.losing:
                self._lose(side)
                self.judged.add(side.id)
        return [s for s in edits if s.id not in self.whole.losing]

    def _join(self, edits: Sequence[Side]) -> None:
        """Take what all edits come to together. Consent that was withdrawn is not given back by an edit alone: that is asked."""
        widened = self.field.merge == "restrictive" and self.start.value == "true"
        if widened and any(s.shown[self.name] != "true" for s in edits if self.old_bases[s.id].how != "put_back"):
            self._ask("consent that was withdrawn is given again")
            return
        value = join(self.field.merge, [self.round.canonical.value, *(s.shown[self.name] for s in edits)])
        confirming = [s for s in edits if self._confirms(s)]
        if edits and (value != self.round.canonical.value or confirming):
            giving = next((s for s in confirming or edits if s.shown[self.name] == value), edits[0])
            self._set(value, giving.system, "edit", giving)
        for side in edits:
            if self.consistent(side):
                self._agree(side)
            else:
                self._lose(side)

    def _has_seen_all(self, side: Side) -> bool:
        """Current, or made behind by our own rule of first contact and by nothing later."""
        base = self.old_bases[side.id]
        if base.how == "put_back":
            return False  # it is older than what it would replace
        return not self.behind(side) or (base.how in _OWN_WISH and base.version == self.round.canonical.version - 1)

    def _conflict(self, rivals: Sequence[Side], seen: Collection[str]) -> None:
        """Settle between edits that did not know of each other, by the field's policy. `seen` are the sides whose edits had seen all that the hub knew."""
        hub, hub_is_party = self.round.canonical, not any(s.id in seen for s in rivals)
        if any(self.old_bases[s.id].how == "unknown" for s in rivals):
            self._ask("an edit met a write whose outcome nobody knows")
            return
        if any(self.old_bases[s.id].how == "put_back" for s in rivals):
            self._ask(PUT_BACK)
            return
        decided = "decision" in (hub.cause, self.start.cause)  # an edit of this round may have come between: who had not seen the decision is asked
        if self.field.prefer is None or (decided and not all(s.id in seen for s in rivals)):
            self._ask("two edits that did not know of each other")
            return
        parties: list[tuple[str, Side | None]] = [(s.system, s) for s in rivals]
        if hub_is_party:
            parties.append((hub.origin, None))
        by_preference = min(parties, key=lambda p: (p[0] != self.field.prefer, self.policy.rank(p[0]), p[1].id if p[1] else ""))
        winner = by_preference[1]
        if winner is not None:
            self._take(winner, "edit")
            if hub_is_party and hub.cause == "edit":
                version = self.round.canonical.version
                self.round.taken.append(Taken(None, self.round.canonical.value, hub.value, version, "edit", taken=False, origin=hub.origin))
        for side in rivals:
            if self.consistent(side):
                self._agree(side)
                continue
            self._lose(side)

    def _lose(self, side: Side) -> None:
        """Let a side's edit lose: it is written like any side that is behind, and its value is listed once."""
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

    def write(self) -> None:
        """A side is written only when it is behind and inconsistent, and may be written at all."""
        for side in self.sides:
            if not self.behind(side) or self.consistent(side) or not self.round.canonical.version:
                continue
            base = self.round.bases[side.id]
            if base.how == "sent" and side.id in self.old_bases and not self.edited(side):
                self.round.bases[side.id] = replace(base, bounced=0)
            (self.round.writes if self.name in side.writable else self.round.waiting).append(side.id)
