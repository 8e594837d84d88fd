"""What is known of one field while its round goes on: what each side shows, and the few ways in which the round moves. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from leadhub.core.agreement import agrees, compared
from leadhub.core.groups import Whole
from leadhub.core.policy import FieldPolicy, Policy
from leadhub.core.rounds import FieldRound, Taken
from leadhub.core.sides import FOUGHT, PERHAPS, Side
from leadhub.model.person import Base, Canonical, Cause, Value


class Facts:
    """One field's round in progress: the hub's value, and every side's base."""

    def __init__(self, name: str, key: str, canonical: Canonical, sides: Sequence[Side], policy: Policy, whole: Whole) -> None:
        self.name, self.policy, self.sides, self.whole = name, policy, sides, whole
        self.field: FieldPolicy = policy.fields[name]
        self.start = canonical
        self.old_bases = {s.id: s.link.base[key] for s in sides if key in s.link.base}
        self.round = FieldRound(name, canonical, dict(self.old_bases))
        self.judged: set[str] = set()
        self.open_question = False

    # ---- what sides are -----------------------------------------------------------------------------------------------------------

    def same(self, side: Side, one: Value, other: Value) -> bool:
        """Tell whether this side could not tell the two values apart."""
        return self._form(side, one) == self._form(side, other)

    def _form(self, side: Side, value: Value) -> str:
        return compared(self.field, side, value)

    def base(self, side: Side) -> Base | None:
        """Return what was last agreed with a side; None at first contact."""
        return self.round.bases.get(side.id)

    def edited(self, side: Side) -> bool:
        """Whether a side shows something else than was last agreed."""
        base = self.old_bases.get(side.id)
        if base is None or self.same(side, side.shown[self.name], base.value):
            return False
        return base.value is None or base.value not in side.also.get(self.name, ())

    def behind(self, side: Side) -> bool:
        """Whether a side has not seen the present version."""
        base = self.base(side)
        return base is not None and base.version < self.round.canonical.version

    def consistent(self, side: Side) -> bool:
        """Whether a side needs nothing of the present value."""
        return agrees(self.field, side, self.round.canonical.value)

    def _bounced(self, side: Side, base: Base) -> int:
        """How much our writes in a row were fought, this one included. A person's change fights nobody.

        Where nothing tells who it was, automations are known by this: what fights puts back what our write replaced, or has us write the same again.
        """
        if side.author(self.name).kind == "person" or base.how == "rewritten":
            return 0
        if base.how != "sent":
            return base.bounced
        written_back = self.field.strict and self.field.owner not in (None, side.system)
        fought = written_back or side.automated(self.name) or self.same(side, side.shown[self.name], base.over)
        return base.bounced + (FOUGHT if fought else PERHAPS)

    def _is_blank(self, value: Value) -> bool:
        """Whether a side says nothing: of consent, a plain no is as good as nothing."""
        return not value or (self.field.merge == "restrictive" and value == "false")

    # ---- small steps ---------------------------------------------------------------------------------------------------------------

    def _agree(self, side: Side) -> None:
        old = self.old_bases.get(side.id)
        bounced = 0 if old is None else self._bounced(side, old) if self.edited(side) else old.bounced
        stands = old is not None and old.how == "sent" and not self.edited(side)
        over = old.over if old is not None and stands else None
        self.round.bases[side.id] = Base(side.shown[self.name], self.round.canonical.version, "sent" if stands else "agreed", bounced, over)

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
