"""Tests of the oracles over the whole engine: each mutant of sync or store must be noticed, and by an oracle that is there for it."""

# ruff: noqa: ANN001, ANN201, ANN202 - the builders' arguments are plain words

from collections import Counter
from dataclasses import replace

import pytest

from leadhub.core import creates, resolve
from leadhub.model.record import Outcome, Result
from leadhub.model.run import IntentState
from leadhub.store import Settlement
from leadhub.sync import apply, judge, outcomes, pull, recover
from leadhub.testing.dict_store import inbox, leases, records, tables
from leadhub.testing.simulator.whole import connectors
from leadhub.testing.simulator.whole.play import play
from leadhub.testing.simulator.whole.schedule import schedule

MOST = 700
"""Schedules within which a mutant must be caught; most take far fewer."""


def drop_the_overlap(patch):
    patch.setattr(connectors, "OVERLAP", 0)


def store_the_cursor_before_the_page(patch):
    original = pull.store_page

    def store_page(run, system, page, deliveries=()):
        with run.hub.store.begin() as tx:
            tx.records.ingest(system, (), run.hub.clock.now().isoformat(), run.run_id, run.token)
        return original(run, system, page, deliveries)

    patch.setattr(pull, "store_page", store_page)


def take_older_observations(patch):
    original = records.verdict

    def verdict(stored, record, raw_hash, how):
        found = original(stored, record, raw_hash, how)
        return "changed" if found == "older" else found

    patch.setattr(records, "verdict", verdict)


def write_without_a_last_look(patch):
    patch.setattr(apply, "_look", lambda batch, careful: None)


def send_what_was_overtaken(patch):
    patch.setattr(apply, "_still_true", lambda run, system, batch, now: (list(batch), []))


def make_the_call_before_the_intent(patch):
    patch.setattr("leadhub.testing.dict_store.intents.DictIntents.mark_sent", lambda *args: None)


def create_again_without_looking(patch):
    def find_out(run, system, intents):
        yield from ((i, Outcome(i.change.key, Result.STALE, i.change.record_id)) for i in intents)

    patch.setattr(recover, "find_out", find_out)
    patch.setattr(apply, "find_out", find_out)


def take_the_unknown_for_written(patch):
    def find_out(run, system, intents):
        yield from ((i, Outcome(i.change.key, Result.ACCEPTED, i.change.record_id or "?")) for i in intents if i.change.record_id)
        yield from ((i, Outcome(i.change.key, Result.STALE)) for i in intents if not i.change.record_id)

    patch.setattr(recover, "find_out", find_out)
    patch.setattr(apply, "find_out", find_out)


def settle_by_position(patch):
    def settle(run, system, batch):
        batch.outcomes[:] = [replace(o, key=i.change.key) for i, o in zip(batch.fresh, batch.outcomes, strict=False)]
        return original(run, system, batch)

    original = apply._settle
    patch.setattr(apply, "_settle", settle)


def base_on_the_answer(patch):
    original = outcomes._link_after

    def link_after(change, record_id, old, native):
        answered = {key: replace(base, value=str(native.get(name) or "") or None) for key, base in change.fields.items() for name in change.values}
        return original(replace(change, fields=answered), record_id, old, native)

    patch.setattr(outcomes, "_link_after", link_after)


def forget_what_was_accepted(patch):
    patch.setattr(outcomes, "_link_after", lambda change, record_id, old, native: old)


def forget_what_was_put_off(patch):
    def put_off(run, intents, why, run_id=None):
        with run.hub.store.begin() as tx:
            tx.intents.record_outcomes(run_id or run.run_id, [Settlement(i.seq, IntentState.NOT_APPLIED, why) for i in intents], run.token)

    for module in (outcomes, apply, recover):
        patch.setattr(module, "put_off", put_off)


def recover_nothing(patch):
    for module in ("leadhub.sync.run", "leadhub.sync.steps"):
        patch.setattr(f"{module}.recover", lambda run, systems=None: None)


def let_anybody_store(patch):
    patch.setattr(tables.Tables, "check_lease", lambda *args: None)


def let_two_work(patch):
    original = leases.DictLeases.acquire

    def acquire(self, name, owner, ttl, process="", gone=lambda _: False):
        return original(self, f"{name} {self.clock.new_id()}", owner, ttl, process=process, gone=gone)

    patch.setattr(leases.DictLeases, "acquire", acquire)


def make_anew_who_is_gone(patch):
    original = creates._is_missing

    def is_missing(result, lead, target):
        return original(replace(result, links=tuple(link for link in result.links if link.role != "frozen")), lead, target)

    patch.setattr(creates, "_is_missing", is_missing)


def link_by_nothing_but_the_record(patch):
    patch.setattr(resolve, "_known", lambda record, bearers, result: None)


def keep_an_opt_out_to_oneself(patch):
    patch.setattr(judge, "opt_out_namesakes", lambda *args: None)
    patch.setattr("leadhub.core.fields._Rule._join", lambda rule, edits: None)


def write_converted_leads(patch):
    patch.setattr("leadhub.lifecycle.relation.Relation.is_frozen", lambda self, values: False)


def lose_count(patch):
    original = pull.store_page

    def store_page(run, system, page, deliveries=()):
        found = original(run, system, page, deliveries)
        run.counts[system].pulled += any(r.gone for r in page.records)
        return found

    patch.setattr(pull, "store_page", store_page)


def keep_what_is_repeated(patch):
    original = inbox.DictInbox.keep

    def keep(self, source, content_type, raw, *, fingerprint, key=None):
        return original(self, source, content_type, raw, fingerprint=fingerprint, key=f"{key} {self.clock.new_id()}")

    patch.setattr(inbox.DictInbox, "keep", keep)


def take_one_delivery_a_page(patch):
    original = pull.store_page

    def store_page(run, system, page, deliveries=()):
        return original(run, system, replace(page, records=page.records[:1]) if deliveries else page, deliveries)

    patch.setattr(pull, "store_page", store_page)


MUTANTS = [
    (drop_the_overlap, {"liveness", "conservation"}),
    (take_older_observations, {"provenance", "stale write", "conservation", "liveness"}),
    (write_without_a_last_look, {"provenance", "echo"}),
    (send_what_was_overtaken, {"provenance", "echo"}),
    (create_again_without_looking, {"doubled"}),
    (take_the_unknown_for_written, {"liveness", "conservation", "standing"}),
    (settle_by_position, {"liveness", "conservation", "standing", "doubled", "convergence"}),
    (base_on_the_answer, {"provenance", "standing", "conservation", "liveness"}),
    (forget_what_was_accepted, {"convergence", "doubled", "provenance", "echo"}),
    (forget_what_was_put_off, {"liveness", "conservation"}),
    (recover_nothing, {"doubled", "liveness", "conservation", "provenance"}),
    (let_anybody_store, {"fencing"}),
    (let_two_work, {"lease"}),
    (make_anew_who_is_gone, {"resurrect"}),
    (link_by_nothing_but_the_record, {"doubled"}),
    (keep_an_opt_out_to_oneself, {"consent"}),
    (write_converted_leads, {"converted"}),
    (lose_count, {"counts"}),
    (keep_what_is_repeated, {"delivery"}),
    (take_one_delivery_a_page, {"delivery"}),
]


NEEDS_A_KILL = [
    (store_the_cursor_before_the_page, {"liveness", "conservation"}, False),
    (make_the_call_before_the_intent, {"doubled"}, True),
]
"""Mutants that show only where the process ends at the worst of all moments, and whether that is around a write."""


def hunt(oracles, plays):
    """Play schedules until an oracle that is meant for the mutant speaks; return all that spoke, and the play that made it."""
    found: Counter[str] = Counter()
    for one in plays:
        found.update({f.oracle for f in play(one[0], kill_at=one[1]).findings if not f.raced})
        if found.keys() & oracles:
            return found, one
    return found, None


def every_kill(*, writes):
    """Every point of some schedules in turn, or every one around a write."""
    for seed in range(13, 37):
        plan = schedule(seed)
        played = play(plan)
        yield from ((plan, point) for point in (played.write_points if writes else range(1, played.points + 1)))


@pytest.mark.parametrize(("mutant", "oracles", "writes"), NEEDS_A_KILL, ids=[m[0].__name__ for m in NEEDS_A_KILL])
def test_the_mutant_is_noticed_when_the_process_ends(monkeypatch, mutant, oracles, writes):
    """Killing a run at every point in turn notices a journal or a cursor that is stored at the wrong moment."""
    with monkeypatch.context() as patch:
        mutant(patch)
        found, seen = hunt(oracles, every_kill(writes=writes))
    assert found.keys() & oracles, f"{mutant.__name__} was found by {sorted(found) or 'nobody'}"
    assert not {f.oracle for f in play(seen[0], kill_at=seen[1]).findings if not f.raced} & oracles


@pytest.mark.parametrize(("mutant", "oracles"), MUTANTS, ids=[m[0].__name__ for m in MUTANTS])
def test_the_mutant_is_noticed(monkeypatch, mutant, oracles):
    """The simulation notices the mutant, by an oracle that is meant for it, which the engine as it is does not provoke in the same schedule."""
    with monkeypatch.context() as patch:
        mutant(patch)
        found, seen = hunt(oracles, ((schedule(seed), None) for seed in range(1, MOST + 1)))
    assert found.keys() & oracles, f"{mutant.__name__} was found by {sorted(found) or 'nobody'}"
    assert not {f.oracle for f in play(seen[0]).findings if not f.raced} & oracles
