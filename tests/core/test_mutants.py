"""Tests of the oracles: each engine mutant must be noticed by the simulator, and by the oracle that is there for it."""

# ruff: noqa: ANN001, ANN002, ANN201, ANN202 - the builders' arguments are plain words

from collections import Counter
from dataclasses import replace

import pytest

from leadhub.core import agreement, facts, fields, state_edits, states, voices
from leadhub.core.reconcile import reconcile
from leadhub.core.state_writes import StateWrite, plan_writes
from leadhub.core.voices import Voice
from leadhub.model.person import Base
from leadhub.model.record import Author
from leadhub.model.state import FACETS
from leadhub.testing.simulator import random_fields, random_state, shell

MOST = 600
"""Schedules within which a mutant must be caught; most take far fewer."""

Field, Settlement = fields._Rule, state_edits._Settlement
original_ask, original_permitted, original_write = Field._ask, Field.not_permitted, Field.write


def ignore_the_base(patch):
    patch.setattr(Field, "edited", lambda rule, side: side.id in rule.old_bases and not rule.consistent(side))


def pick_a_winner(patch):
    def conflict(rule, rivals, seen):
        rule._take(rivals[0], "edit")

    patch.setattr(Field, "_conflict", conflict)


def write_through_a_conflict(patch):
    def ask(rule, note):
        original_ask(rule, note)
        original_write(rule)

    patch.setattr(Field, "_ask", ask)


def advance_bases_through_a_conflict(patch):
    def ask(rule, note):
        original_ask(rule, note)
        rule.round.bases = {s.id: Base(s.shown[rule.name], rule.start.version, "agreed") for s in rule.sides}

    patch.setattr(Field, "_ask", ask)


def let_blanks_travel(patch):
    patch.setattr(Field, "not_permitted", lambda rule, side: None if original_permitted(rule, side) == "cleared" else original_permitted(rule, side))


def take_behind_for_current(patch):
    patch.setattr(Field, "_has_seen_all", lambda rule, side: True)


def compare_without_match_form(patch):
    for module in (facts, agreement):
        patch.setattr(module, "compared", lambda field, side, value: value or "")


def let_first_contact_win(patch):
    def meet(rule, side):
        rule.round.bases[side.id] = Base(side.shown[rule.name], rule.round.canonical.version - 1, "adopted")

    patch.setattr(Field, "_meet_one", meet)


def apply_overtaken_decisions(patch):
    patch.setattr(Field, "_is_fresh", lambda rule, decision: True)


def keep_decisions(patch):
    def mutant(*args):
        result = reconcile(*args)
        result.decided.clear()
        return result

    patch.setattr(shell, "reconcile", mutant)


def forget_the_hubs_value(patch):
    def mutant(person, *args):
        result = reconcile(person, *args)
        result.person = replace(result.person, fields=person.fields)
        return result

    patch.setattr(shell, "reconcile", mutant)


def base_on_what_is_read_back(patch):
    def accept(self, site, write):
        shown = {told.key: replace(told.base, value=site.values[name]) for name, told in write.fields.items()}
        site.rebase(replace(site.link, base={**site.link.base, **shown}))

    patch.setattr(shell.Shell, "accept", accept)


def never_refill_what_waits(patch):
    patch.setattr(Field, "write", lambda rule: None)


def write_over_unmapped_values(patch):
    def plan(voice, seen, lead, frozen, found, standing, waiting):
        plan_writes(voice, seen, lead, frozen, found, standing, waiting)
        for name in voice.relation.unmapped(voice.values):
            value = voice.relation.preferred(name, lead.state, voice.values)
            if value is not None:
                found.append(StateWrite(voice, name, value, voice.values[name], "stage", clear_first=False))

    patch.setattr(states, "plan_writes", plan)


def write_the_preferred_value(patch):
    def plan(voice, seen, lead, frozen, found, standing, waiting):
        for name in voice.relation.state_fields:
            value = voice.relation.preferred(name, lead.state, voice.values)
            if value not in (None, voice.values.get(name)) and voice.relation.row(name, voice.values) and name not in voice.silent:
                found.append(StateWrite(voice, name, value, voice.values[name], "stage", clear_first=False))

    patch.setattr(states, "plan_writes", plan)


def let_exits_lose(patch):
    patch.setattr(Settlement, "exit", lambda self: "open")
    patch.setattr(state_edits, "_together", lambda *_: None)


def let_the_last_stage_win(patch):
    def stage(self, exit_):
        movers = [p for p in self.moving if p.contradicts("stage", self.old)]
        if movers:
            self.winners["stage"] = movers[-1]
        return movers[-1].state.stage if movers else self.old.stage

    patch.setattr(Settlement, "stage", stage)
    patch.setattr(state_edits, "_permitted", lambda *_: False)


def let_automation_lower(patch):
    patch.setattr(Voice, "author", lambda voice: Author("person"))


def take_every_state_edit_for_current(patch):
    original = voices.propose
    patch.setattr(states, "propose", lambda voice, lead: replace(original(voice, lead), current=frozenset(FACETS)))


def write_what_stands(patch):
    def plan(voice, seen, lead, *rest):
        plan_writes(voice, replace(seen, stage=-1, status=-1, exit=-1), lead, *rest)

    patch.setattr(states, "plan_writes", plan)


def take_state_edits_as_agreed(patch):
    original = states._Rule.hear_edits

    def hear(rule):
        original(rule)
        rule.settled |= {v.id for v in rule.voices}
        for voice in rule.voices:
            if voice.base is not None and voice.edited:
                rule.versions[voice.id] = rule.lead.versions

    patch.setattr(states._Rule, "hear_edits", hear)


def read_silent_blanks(patch):
    patch.setattr(Voice, "silent", property(lambda voice: frozenset()))


MUTANTS = [
    (ignore_the_base, random_fields, {"provenance"}),
    (pick_a_winner, random_fields, {"provenance"}),
    (write_through_a_conflict, random_fields, {"frozen"}),
    (advance_bases_through_a_conflict, random_fields, {"frozen"}),
    (let_blanks_travel, random_fields, {"not permitted"}),
    (take_behind_for_current, random_fields, {"provenance"}),
    (compare_without_match_form, random_fields, {"echo"}),
    (let_first_contact_win, random_fields, {"provenance"}),
    (apply_overtaken_decisions, random_fields, {"decision"}),
    (keep_decisions, random_fields, {"decision"}),
    (forget_the_hubs_value, random_fields, {"provenance"}),
    (base_on_what_is_read_back, random_fields, {"provenance", "liveness"}),
    (never_refill_what_waits, random_fields, {"conservation"}),
    (write_over_unmapped_values, random_state, {"unmapped"}),
    (write_the_preferred_value, random_state, {"hippocratic"}),
    (let_exits_lose, random_state, {"standing"}),
    (let_the_last_stage_win, random_state, {"lowered"}),
    (let_automation_lower, random_state, {"lowered"}),
    (take_every_state_edit_for_current, random_state, {"exit lost"}),
    (write_what_stands, random_state, {"provenance"}),
    (read_silent_blanks, random_state, {"silent"}),
    (take_state_edits_as_agreed, random_state, {"standing", "idempotence"}),
]
"""Each with the oracle that is there for it."""


def hunt(play, oracles):
    """Play schedules until an oracle that is meant for the mutant speaks; return all that spoke, and after how many schedules."""
    found: Counter[str] = Counter()
    for seed in range(1, MOST + 1):
        found.update({f.oracle for f in play(seed).findings if not f.raced})
        if found.keys() & oracles:
            return found, seed
    return found, MOST


@pytest.mark.parametrize(("mutant", "play", "oracles"), MUTANTS, ids=[m[0].__name__ for m in MUTANTS])
def test_the_mutant_is_noticed(monkeypatch, mutant, play, oracles):
    """The simulator notices the mutant, by an oracle that is meant for it, which the engine as it is does not provoke in the same schedules."""
    with monkeypatch.context() as patch:
        mutant(patch)
        found, seed = hunt(play, oracles)
    assert found.keys() & oracles, f"{mutant.__name__} was found by {sorted(found) or 'nobody'}"
    assert not {f.oracle for f in play(seed).findings if not f.raced} & oracles
