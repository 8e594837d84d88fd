"""What must not happen to plain fields: lost edits, unfounded writes, questions without cause, values from nowhere."""

from collections.abc import Mapping

from leadhub.core.policy import FieldPolicy
from leadhub.model.person import Base, Canonical, Value
from leadhub.model.run import Edit
from leadhub.testing.simulator.ancestry import Ancestry
from leadhub.testing.simulator.shell import Finding, Moment
from leadhub.testing.simulator.world import Setup, Site


class FieldJudge:
    """Judges one schedule over plain fields, by provenance."""

    def __init__(self, setup: Setup, fields: Mapping[str, FieldPolicy]) -> None:
        self.setup, self.fields = setup, fields
        self.findings: list[Finding] = []
        self.tree = Ancestry()
        self.hub: dict[str, int] = {}
        self.hub_origin: dict[str, str] = {}
        self.writers: dict[int, str] = {}
        self.known: dict[tuple[int, str], dict[str, int]] = {}
        self.asked: set[str] = set()
        """The fields that the round before asked about."""
        for name in fields:  # before there is a value the hub holds nothing, and agrees with all who show nothing
            self._set_hub(name, self.tree.new(), "initial")
            self.tree.initial.add(self.hub[name])

    def start(self, site: Site) -> None:
        """Take down what a record shows before anyone has adopted it."""
        for name in site.values:
            site.nodes[name] = self.tree.new()
            self.tree.initial.add(site.nodes[name])
            self.writers[site.nodes[name]] = "initial"

    def find(self, oracle: str, detail: str, *nodes: int) -> None:
        """Write down a finding; a race is told by construction."""
        self.findings.append(Finding(oracle, detail, any(self.tree.race(n) for n in nodes)))

    # ---- what people do ------------------------------------------------------------------------------------------------------------

    def edited(self, site: Site, name: str, old: Value, new: Value, who: str) -> None:
        """A value typed over what the record showed."""
        if self._form(site, name, old) == self._form(site, name, new):
            return
        node = self.tree.new(site.nodes[name])
        site.nodes[name] = node
        self.writers[node] = who

    def undone(self, site: Site, name: str) -> None:
        """Nobody who compares values can tell this edit from a write that was never made."""
        self.tree.raced.add(site.nodes[name])

    def _form(self, site: Site, name: str, value: Value) -> str:
        return self.fields[name].match((value or "")[: site.setup.limit], None)

    # ---- what the engine does ------------------------------------------------------------------------------------------------------

    def judged(self, moment: Moment) -> None:
        """Explain every change of the hub and of every base. What a record shows when it is met is old, whoever typed it."""
        for name in self.fields:
            self.tree.initial |= {moment.seen[s.index].nodes[name] for s in moment.sites if name not in moment.links[s.index].base}
            self._join(name, moment)
            self._judge_field(name, moment)

    def _judge_field(self, name: str, moment: Moment) -> None:
        result = moment.result
        before, after = moment.person.fields.get(name), result.person.fields.get(name)
        edits = [e for e in result.edits if e.field == name]
        if any(r.field == name for r in result.reviews):
            self._check_review(name, moment, before, after)
            self.asked.add(name)
            return
        self.asked.discard(name)
        held = {(e.new, e.origin) for e in edits if e.taken} | ({(before.value, before.origin)} if before is not None else set())
        for edit in edits:
            if not edit.taken and (edit.new, edit.origin) in held:
                continue  # what the hub held lost to the edit that took its place, which is judged itself
            if not edit.taken:
                self._check_loss(name, moment, edit)
            elif edit.cause == "decision":
                self._check_decision(name, moment, edit)
            else:
                self._check_adoption(name, moment, edit, before)
        if not edits and before != after:
            self.find("journal", f"{name} changed without an edit in the journal")
        self._check_bases(name, moment, after or Canonical(None, 0, "", "initial"))

    def _join(self, name: str, moment: Moment) -> None:
        """Who comes to the value that the hub holds joins it; who comes back to what was agreed has not moved."""
        hub = moment.person.fields.get(name)
        for site in moment.sites:
            base, seen = moment.links[site.index].base.get(name), moment.seen[site.index]
            known = self.known.setdefault((site.index, name), {})
            if base is not None and self._form(site, name, base.value) == self._form(site, name, seen.values[name]):
                self._has_not_moved(name, site, seen.nodes, known.get(self._form(site, name, base.value)))
            known[self._form(site, name, seen.values[name])] = seen.nodes[name]
            edited = base is not None and self._form(site, name, base.value) != self._form(site, name, seen.values[name])
            if base is not None and not (edited and hub is None):  # a blank typed before there was any value stands for none
                self._agree(name, site, moment, hub.value if hub else None)

    def _has_not_moved(self, name: str, site: Site, seen: dict[str, int], before: int | None) -> None:
        """The record shows again what it showed; other records that show the same have seen nothing of what was typed here meanwhile."""
        if before is not None:
            site.nodes[name] = before if site.nodes[name] == seen[name] else site.nodes[name]
            seen[name] = before

    def _agree(self, name: str, site: Site, moment: Moment, hub: Value) -> None:
        match, owner = self.fields[name].match, self.fields[name].owner
        seen = moment.seen[site.index].values[name]
        if self.tree.root(site.nodes[name]) == self.tree.root(self.hub[name]):
            return
        if match(seen or "", None) == match(hub or "", None) and owner in (None, site.system):
            self._unite(name, site, moment, self.hub[name])
        elif self._form(site, name, seen) == self._form(site, name, hub):
            self._stand_for(name, site, moment)

    def _stand_for(self, name: str, site: Site, moment: Moment) -> None:
        """Cut off, or not its to say: it stands for the hub's value without being it. So does no other record that shows the same."""
        node, hub = moment.seen[site.index].nodes[name], self.hub[name]
        if site.nodes[name] != node:
            self.tree.stand(hub, node)
            return
        own = self.tree.new(node)
        if self.tree.root(node) in {self.tree.root(n) for n in self.tree.initial}:
            self.tree.initial.add(own)
        self.tree.grant(hub, own)
        self.tree.stand(hub, own)
        site.nodes[name] = own
        self.known.setdefault((site.index, name), {})[self._form(site, name, site.values[name])] = own

    def _unite(self, name: str, site: Site, moment: Moment, value: int) -> None:
        """The record shows this value too. Newly typed there, both are one; shown there all along (a blank, a value cut off), only the record moves on:

        were the old node made one with the new value, the old value would pass for having seen it.
        """
        seen, node = moment.seen[site.index].values[name], moment.seen[site.index].nodes[name]
        base = moment.links[site.index].base.get(name)
        if base is not None and self._form(site, name, base.value) != self._form(site, name, seen):
            self.tree.merge(value, node)
        elif site.nodes[name] == node:
            site.nodes[name] = self.known.setdefault((site.index, name), {})[self._form(site, name, seen)] = value

    def _nodes(self, name: str, moment: Moment) -> dict[int, int]:
        return {index: seen.nodes[name] for index, seen in moment.seen.items() if name in seen.nodes}

    def _check_review(self, name: str, moment: Moment, before: Canonical | None, after: Canonical | None) -> None:
        result = moment.result
        if before != after:
            self.find("frozen", f"{name} moved in the hub while a person is asked about it")
        for old, new in zip(moment.links.values(), result.links, strict=True):
            if old.base.get(name) != new.base.get(name):
                self.find("frozen", f"the base of {name} moved at {old.id} while a person is asked about it")
        if any(name in w.fields for w in result.writes):
            self.find("frozen", f"{name} is written while a person is asked about it")
        if any(d.field == name for d in moment.decisions) or any(
            link.base[name].how == "unknown" for link in moment.links.values() if name in link.base
        ):
            return
        shown = {self._form(s, name, moment.seen[s.index].values[name]) for s in moment.sites}
        if name in self.asked and len(shown) > 1:
            return  # no base moves while a person is asked: what was typed meanwhile is part of the question
        nodes = [*self._nodes(name, moment).values(), self.hub[name]]
        if not any(self.tree.concurrent(a, b) for a in nodes for b in nodes):
            self.find("needless question", f"nobody disagrees on {name}: one of the values has seen all others", *nodes)

    def _check_decision(self, name: str, moment: Moment, edit: Edit) -> None:
        decision = next((d for d in moment.decisions if d.field == name and d.value == edit.new), None)
        if decision is None:
            self.find("decision", f"{name} decided without a decision")
            return
        for index, seen in moment.seen.items():
            site = next(s for s in moment.sites if s.index == index)
            if self._form(site, name, decision.saw.get(site.link.id, "?")) != self._form(site, name, seen.values[name]):
                self.find("decision", f"a decision on {name} was taken although {site.link.id} shows something that nobody had seen")
        if decision.id not in moment.result.decided:
            self.find("decision", f"the decision {decision.id} was applied and not consumed")
        shown = self._nodes(name, moment)
        node = self.tree.new(self.hub[name])
        for shown_node in shown.values():
            if decision.leave:
                self.tree.stand(node, shown_node)
            else:
                self.tree.grant(node, shown_node)
        self._set_hub(name, node, "decision")
        for site in moment.sites:  # whoever shows it already shows the decision from now on
            seen = moment.seen[site.index]
            if site.nodes[name] == seen.nodes[name] and self._form(site, name, seen.values[name]) == self._form(site, name, edit.new):
                site.nodes[name] = node
                self.known[site.index, name][self._form(site, name, edit.new)] = node

    def _check_adoption(self, name: str, moment: Moment, edit: Edit, before: Canonical | None) -> None:
        found = [
            (s, moment.seen[s.index].nodes[name]) for s in moment.sites if s.system == edit.origin and moment.seen[s.index].values[name] == edit.new
        ]
        if not found:
            self.find("invention", f"{name} = {edit.new!r} is shown by no record of {edit.origin}")
            return
        node = found[0][1]
        for site in moment.sites:
            seen = moment.seen[site.index]
            if (
                self.fields[name].match(seen.values[name] or "", None) == self.fields[name].match(edit.new or "", None)
                and name in moment.links[site.index].base
            ):
                self._unite(name, site, moment, node)
            elif self._form(site, name, seen.values[name]) == self._form(site, name, edit.new) and name in moment.links[site.index].base:
                self.tree.grant(node, seen.nodes[name])  # typed there as far as it fits: what takes the place of the one takes that of the other
        old, policy = self.hub[name], self.fields[name]
        if policy.owner not in (None, edit.origin) or (edit.new is None and edit.cause == "edit" and policy.clear == "keep"):
            self.find("not permitted", f"{name} = {edit.new!r} was taken from {edit.origin}, which may not say so", node)
        if self._adoption_fault(name, edit, before, node, old):
            self.find("provenance", f"{name} = {edit.new!r} took the place of {edit.old!r}, which its typist had not seen", node, old)
        self._set_hub(name, node, edit.origin)

    def _adoption_fault(self, name: str, edit: Edit, before: Canonical | None, node: int, old: int) -> bool:
        tree = self.tree
        if tree.supersedes(node, old):
            tree.grant(node, old)
            return False
        if edit.cause == "adopted" and (before is None or not before.version):
            tree.stand(node, old)
            return self.hub_origin[name] != "initial" and self.setup.adoption.get(edit.origin) != "prefer"
        if edit.cause == "adopted":
            fault = self.setup.adoption.get(edit.origin) != "prefer" or tree.root(old) not in {tree.root(n) for n in tree.initial}
        else:
            prefer = self.fields[name].prefer
            lawful = prefer is not None and (edit.origin == prefer or self.hub_origin[name] != prefer)
            fault = not lawful or not tree.concurrent(node, old) or (before is not None and before.cause == "decision")
        tree.grant(node, old)
        return fault

    def _check_loss(self, name: str, moment: Moment, edit: Edit) -> None:
        policy = self.fields[name]
        for site in moment.sites:
            node = moment.seen[site.index].nodes[name]
            if site.system != edit.origin or moment.seen[site.index].values[name] != edit.new:
                continue
            if policy.owner is not None and policy.owner != edit.origin and policy.strict:
                self.tree.grant(self.hub[name], node)
                continue
            if policy.prefer is None or not self.tree.concurrent(self.hub[name], node):
                self.find("needless loss", f"{name} = {edit.new!r} lost without a rival", node, self.hub[name])
            if policy.prefer == edit.origin and not self._twice(moment, edit.origin):
                self.find("wrong winner", f"{name} = {edit.new!r} lost although {edit.origin} is preferred", node)
            self.tree.grant(self.hub[name], node)

    def _twice(self, moment: Moment, system: str) -> bool:
        return sum(s.system == system for s in moment.sites) > 1

    def _set_hub(self, name: str, node: int, origin: str) -> None:
        self.hub[name], self.hub_origin[name] = node, origin

    def _check_bases(self, name: str, moment: Moment, hub: Canonical) -> None:
        new = {link.id: link.base.get(name) for link in moment.result.links}
        for site in moment.sites:
            old_base, base = moment.links[site.index].base.get(name), new[site.link.id]
            if base is None:
                self.find("base", f"{site.link.id} has no base of {name} after a round")
                continue
            if base.how in ("fill", "preferred") and base != old_base:
                self.tree.stand(self.hub[name], moment.seen[site.index].nodes[name])  # it is known to differ from this value, and from no later one
            if base.version < hub.version or (old_base is not None and old_base == base):
                continue
            node, seen = moment.seen[site.index].nodes[name], moment.seen[site.index].values[name]
            if site.nodes[name] not in (node, self.hub[name]):
                self.tree.raced.add(site.nodes[name])
            if self._form(site, name, seen) == self._form(site, name, hub.value):
                self._agree(name, site, moment, hub.value)
            else:
                self._check_standing(name, site, seen, node, old_base, base)

    def _check_standing(self, name: str, site: Site, seen: Value, node: int, old_base: Base | None, base: Base) -> None:
        policy = self.fields[name]
        owned = policy.owner is not None and policy.owner != site.system
        fine = (
            old_base is None
            or (not old_base.version and base.how == "adopted")
            or owned
            or (not seen and policy.clear == "keep")
            or (base.how == "rewritten" and self.writers.get(node) == "automation")
            or (base.how == "preferred" and self.tree.supersedes(node, self.hub[name]))
            or base.how == "decided"
            or not self.tree.concurrent(self.hub[name], node)
        )
        if not fine:
            self.find("standing", f"{site.link.id} is marked current in {name} ({base.how}) although its edit has not been judged", node)
        if base.how == "adopted" or owned or not seen or base.how == "rewritten":
            self.tree.stand(self.hub[name], node)

    # ---- what is written -----------------------------------------------------------------------------------------------------------

    def wrote(self, site: Site, name: str, old: Value, new: Value, *, blind: bool) -> None:
        """A write is lawful if the value has seen what it replaces, or a rule put it in its place."""
        known = self.known.setdefault((site.index, name), {})
        node, hub = site.nodes[name], self.hub[name]
        if self._form(site, name, old) in known:  # typed and typed back: nobody who compares values can tell
            node = site.nodes[name] = known[self._form(site, name, old)]
        if not blind:
            if self._form(site, name, old) == self._form(site, name, new):
                self.find("echo", f"{site.link.id} already shows {old!r}, and {name} is written", node)
            elif not self._may_replace(site, name, old, node, hub):
                self.find("provenance", f"{new!r} is written over {old!r} at {site.link.id}, which it has not seen", node, hub)
        same = self._form(site, name, old) == self._form(site, name, new)
        if blind and same and self.tree.root(node) != self.tree.root(hub):
            self.tree.grant(hub, node)  # typed and written at the same moment: it shows what both say
        if blind or not same:
            site.nodes[name] = hub
            known[self._form(site, name, new)] = hub

    def _may_replace(self, site: Site, name: str, old: Value, node: int, hub: int) -> bool:
        tree = self.tree
        if tree.supersedes(hub, node) and tree.root(hub) != tree.root(node):
            return True
        policy = self.fields[name]
        if tree.root(node) not in {tree.root(n) for n in tree.initial}:
            return policy.strict and policy.owner not in (None, site.system)
        initial = tree.root(hub) in {tree.root(n) for n in tree.initial}
        return (not old and self.setup.adoption.get(site.system) == "fill") or (
            initial and self.setup.adoption.get(self.hub_origin[name]) == "prefer"
        )

    # ---- in the end ----------------------------------------------------------------------------------------------------------------

    def ended(self, moment: Moment) -> None:
        """Nothing moves any more: every value is the hub's, superseded, standing for a reason, or asked about."""
        for name in self.fields:
            hub = moment.result.person.fields.get(name)
            if hub is None or any(r.field == name for r in moment.result.reviews):
                continue
            for site in moment.sites:
                if self._form(site, name, site.values[name]) != self._form(site, name, hub.value):
                    self._check_difference(name, site, moment)

    def _check_difference(self, name: str, site: Site, moment: Moment) -> None:
        listed = any(s.link == site.link.id and s.field == name for s in moment.result.standing)
        waits = (site.link.id, name) in moment.result.waiting
        node, hub = site.nodes[name], self.hub[name]
        reason = next((link.base[name].how for link in moment.result.links if link.id == site.link.id), None)
        where = f"{name} = {site.values[name]!r} at {site.link.id}"
        if not listed and not waits:
            self.find("conservation", f"{where} differs from the hub and is listed nowhere", node)
        elif waits:
            if site.setup.writable:
                self.find("liveness", f"{where} waits although it may be written", node)
        elif reason not in ("rewritten", "decided", "not_permitted", "cleared") and self.tree.supersedes(node, hub):
            self.find("liveness", f"{where} is later than the hub's value and was not adopted", node)
        elif reason in ("cleared", "adopted", "not_permitted") and moment.result.person.fields[name].cause == "adopted":
            pass  # what stood before there was any value is replaced by an edit elsewhere; a newcomer's first value is none
        elif reason != "decided" and self.tree.supersedes(hub, node):
            self.find("liveness", f"{where} was superseded and never written", node, hub)
        elif self.tree.concurrent(hub, node) and reason not in ("adopted", "decided", "not_permitted", "cleared", "rewritten"):
            self.find("conservation", f"{where} was never settled ({reason})", node, hub)
