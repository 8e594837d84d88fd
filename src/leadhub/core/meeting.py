"""First contact of a field: sides without a base, and the rules for differences that are older than the adoption. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from leadhub.core.facts import Facts
from leadhub.core.joins import JOINS, join
from leadhub.core.policy import Settle
from leadhub.core.sides import Side
from leadhub.model.person import Base


class Meeting(Facts):
    """The part of a field's round that is about first contact."""

    def meet(self) -> None:
        """First contact: links without a base. Nothing is written because of it, unless the rule of adoption or of settling says so."""
        new = [s for s in self.sides if self.base(s) is None]
        if self.field.merge in JOINS:
            self._join_newcomers(new)
        elif new and self.round.canonical.version == 0:
            news = self._first_value(new)
            # who was adopted before there was any value meets the first one like everybody else, unless it is news: that travels
            refused = self._refused_before()
            met = [s for s in self.sides if self.round.canonical.version and not self.edited(s) and s.id not in refused and not news]
            new = [s for s in self.sides if self.base(s) is None or s in met]
        for side in new:
            self._refine(side)
            self._prefer_over_first_contact(side)
        for side in new:
            self._meet_one(side)
        self._settle()

    def _refused_before(self) -> set[str]:
        """Sides whose edit was refused before there was any value: it stands beside the first one too, or is written back where ownership is strict."""
        refused = {link_id: base for link_id, base in self.round.bases.items() if base.how == "not_permitted"}
        if not self.field.strict:
            self.round.bases.update({link_id: replace(base, version=self.round.canonical.version) for link_id, base in refused.items()})
        return set(refused)

    def _first_value(self, new: Sequence[Side]) -> bool:
        """Give the field its first value; return whether it came from a record that is news itself.

        Where the first value stands for good it is the oldest one, and a coarse word ("Web") only where nobody has a finer one.
        """
        offering = self.whole.offering
        offers = [s for s in new if s.shown[self.name] and (offering is None or s.id in offering) and self.field.owner in (None, s.system)]
        if not offers:
            return False
        prefers = {s.system for s in offers if self._prefers(s)}
        first = self.field.merge == "first"
        best = min(
            offers,
            key=lambda s: (
                s.system != self.field.owner,
                s.system not in prefers,
                (self.name in s.also, _age(s)) if first else (False, ""),
                self.policy.rank(s.system),
                s.id,
            ),
        )
        self._take(best, "edit" if best.fresh else "adopted")
        return best.fresh

    def _join_newcomers(self, new: Sequence[Side]) -> None:
        """Let newcomers add to what is known; the sides that are there stay as they are, unless a newcomer is news."""
        hub = self.round.canonical
        value = join(self.field.merge, [hub.value, *(s.shown[self.name] for s in new if self.field.owner in (None, s.system))])
        if not value or value == hub.value:
            return
        giving = [s for s in new if s.shown[self.name] and join(self.field.merge, [hub.value, s.shown[self.name]]) != hub.value]
        # a list that says no more e-mails says it now; so does a record that is known, whether or not it ever said the contrary
        news = [s for s in giving if s.fresh or (self.field.merge == "restrictive" and (s.told or s.link.base))]
        best = (news or giving)[0]
        self._set(value, best.system, "edit" if news else "adopted", best)
        if not news:
            self._stay_current(hub.version)

    def _prefers(self, side: Side) -> bool:
        rule = self.policy.settled(self.name, side.system, side.shown[self.name], self.round.canonical.value)
        if rule is not None:
            return rule.rule == "prefer" and rule.system == side.system
        return self.policy.adopts(side.system) == "prefer"

    def _refine(self, side: Side) -> None:
        """Take a newcomer's word for what the hub holds only from a coarse one ("Web"): nothing differs, and more is known."""
        hub, value = self.round.canonical, side.shown[self.name]
        coarse = [s for s in self.sides if s.system == hub.origin and value in s.also.get(self.name, ())]
        if hub.cause == "adopted" and coarse and value != hub.value and self.name not in side.also:
            self._take(side, "adopted")
            self._stay_current(hub.version)

    def _stay_current(self, version: int) -> None:
        """Let the sides that stood for this version stand for the present one, agreeing or not: what first contact adds is written to nobody."""
        for link_id, base in self.round.bases.items():
            if base.version == version:
                self.round.bases[link_id] = replace(base, version=self.round.canonical.version, how="adopted")

    def _prefer_over_first_contact(self, side: Side) -> None:
        hub, value = self.round.canonical, side.shown[self.name]
        preferred = self._prefers(side) and hub.cause == "adopted" and hub.origin != side.system
        if not preferred or not value or self.consistent(side) or self.field.owner not in (None, side.system):
            return
        self._take(side, "adopted")
        for link_id, base in self.round.bases.items():
            if base.how in ("agreed", "adopted", "sent"):
                self.round.bases[link_id] = replace(base, version=min(base.version, hub.version), how="preferred")
            elif base.version == hub.version:
                self.round.bases[link_id] = replace(base, version=self.round.canonical.version)

    def _protects(self) -> bool:
        """Whether consent was withdrawn by somebody's act: that goes for every record, also for those met later."""
        return self.field.merge == "restrictive" and self.round.canonical.value == "true" and self.round.canonical.cause != "adopted"

    def _settle(self) -> None:
        """Apply the rules for standing differences to sides that were met long ago."""
        for side in self.sides:
            base, hub = self.base(side), self.round.canonical
            if base is None or base.how != "adopted" or base.version != hub.version or self.edited(side) or self.consistent(side):
                continue
            rule = self.policy.settled(self.name, side.system, side.shown[self.name], hub.value)
            if rule is not None:
                self._settle_one(side, rule)

    def _settle_one(self, side: Side, rule: Settle) -> None:
        hub, value = self.round.canonical, side.shown[self.name]
        if rule.rule == "fill" and self._is_blank(value) and side.id not in self.whole.unlike:
            self.round.bases[side.id] = Base(value, hub.version - 1, "fill")
        elif rule.rule == "prefer" and side.system == rule.system:
            self._prefer_over_first_contact(side)
            if self.consistent(side):
                self._agree(side)
        elif rule.rule == "prefer" and hub.origin == rule.system and hub.cause == "adopted":
            self.round.bases[side.id] = Base(value, hub.version - 1, "preferred")

    def _meet_one(self, side: Side) -> None:
        hub, value = self.round.canonical, side.shown[self.name]
        if self.consistent(side):
            self._agree(side)
        elif self._may_fill(side):
            self.round.bases[side.id] = Base(value, hub.version - 1, "fill")
        elif hub.cause == "adopted" and hub.origin != side.system and self.policy.adopts(hub.origin) == "prefer":
            self.round.bases[side.id] = Base(value, hub.version - 1, "preferred")
        else:
            self.round.bases[side.id] = Base(value, hub.version, "adopted")

    def _may_fill(self, side: Side) -> bool:
        """Whether a newcomer's blank is filled: by rule, of a record that is news, or with an opt-out; never beside other parts of another address."""
        blank = self._is_blank(side.shown[self.name]) and side.id not in self.whole.unlike
        return blank and bool(self.round.canonical.value) and (self.policy.adopts(side.system) == "fill" or side.fresh or self._protects())


def _age(side: Side) -> str:
    return side.created.isoformat() if side.created is not None else "~"  # sorts after every year
