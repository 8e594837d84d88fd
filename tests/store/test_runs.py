"""Runs, systems, rejects and the journal of edits."""

from dataclasses import replace
from datetime import timedelta

import pytest

from leadhub.clock import Clock
from leadhub.errors import StoreError
from leadhub.model.record import Reject
from leadhub.model.run import Approval, Edit, RunRow
from leadhub.store import Store, StoredReject, SystemRow


def test_systems_are_remembered(store: Store) -> None:
    """A system comes back as it was saved last."""
    row = SystemRow("sfdc", "salesforce", "00D1", "write", "fill", 50, "v7", 1200, {"org": "00D1", "production": True, "user": None})
    with store.begin() as tx:
        assert tx.systems.get("sfdc") is None
        tx.systems.save(SystemRow("sfdc", "salesforce"))
        tx.systems.save(row)
        tx.systems.save(SystemRow("csv", "files"))
    with store.read() as tx:
        assert tx.systems.get("sfdc") == row
        assert tx.systems.list() == (SystemRow("csv", "files"), row)


def test_runs_are_kept(store: Store, clock: Clock) -> None:
    """A run is stored when it begins, and again when it ends; the latest are listed first."""
    runs = [RunRow(f"r{n}", "plan" if n else "sync", clock.now() + timedelta(minutes=n), None, "running", {}, "abc", "jo") for n in range(3)]
    with store.begin() as tx:
        for run in runs:
            tx.runs.start(run)
    clock.sleep(30)
    counts = {"sfdc": {"pulled": 3, "rate": 0.5}, "notes": ["a\x00b"]}
    with store.begin() as tx:
        tx.runs.finish("r0", "ok", counts)
    ended = replace(runs[0], status="ok", counts=counts, ended_at=clock.now())
    with store.read() as tx:
        assert tx.runs.get("r0") == (ended,)
        assert tx.runs.list(2) == (runs[2], runs[1])
        assert tx.runs.list(kind="sync") == (ended,)
        assert len(tx.runs.get("r")) == 3
        assert tx.runs.get("x") == ()


def test_what_a_run_notes_stands_before_it_ends(store: Store, clock: Clock) -> None:
    """A run that is killed leaves what it noted, and is at work as before for whoever looks."""
    run = RunRow("r1", "sync", clock.now(), None, "running", {}, "abc", "jo")
    with store.begin() as tx:
        tx.runs.start(run)
    with store.begin() as tx:
        tx.runs.note("r1", {"found": [1]})
    with store.read() as tx:
        assert tx.runs.get("r1") == (replace(run, counts={"found": [1]}),)


def test_a_run_that_never_began_cannot_end(store: Store) -> None:
    """Finishing an unknown run is an error rather than nothing."""
    with pytest.raises(StoreError, match="no run 'r9'"), store.begin() as tx:
        tx.runs.finish("r9", "ok", {})


def test_rejects_are_kept_as_they_came(store: Store) -> None:
    """A rejected row keeps its letters, whatever they are; the same row of a run is kept once."""
    row = Reject("fair.csv", 7, 'a\x00"b', "a NUL byte")
    with store.begin() as tx:
        tx.rejects.keep("run1", [row, replace(row, row=3)])
        tx.rejects.keep("run1", [row])
        tx.rejects.keep("run2", [row])
    with store.read() as tx:
        kept = StoredReject("run1", "fair.csv", 7, 'a\x00"b', "a NUL byte")
        assert tx.rejects.list("run1") == (replace(kept, row=3), kept)
        assert len(tx.rejects.list()) == 3


def test_the_journal_tells_a_person_in_order(store: Store, clock: Clock) -> None:
    """Edits are told in the order made, with their run, narrowed to a field or a lead; an edit without a time gets the present one."""
    first = Edit("P1", None, "phone", None, "1", 1, "adopted", "sfdc", at=clock.now() - timedelta(days=1))
    second = Edit("P1", "L1", "stage", "lead", "mql", 2, "edit", "hubspot", actor="Jo\x00", implied=True, taken=False)
    with store.begin() as tx:
        tx.edits.append("run1", [first, replace(first, person_id="P2")])
        tx.edits.append("run2", [second])
    dated = replace(second, at=clock.now())
    with store.read() as tx:
        told = tx.edits.history("P1")
        assert [(one.run_id, one.edit) for one in told] == [("run1", first), ("run2", dated)]
        assert [one.edit for one in tx.edits.history("P1", field="stage")] == [dated]
        assert [one.edit for one in tx.edits.history("P1", lead_id="L1")] == [dated]
        page = tx.edits.of_run("run1", limit=1)
        assert [one.edit.person_id for one in page + tx.edits.of_run("run1", after=page[0].seq)] == ["P1", "P2"]


def test_the_runs_that_made_a_plan_are_found(store: Store, clock: Clock) -> None:
    """A run knows the hash of the plan file that it wrote; one that makes a plan names it, so that who planned and who applied can be told."""
    planned = RunRow("r0", "plan", clock.now(), None, "running", {}, "abc", "jo")
    made = [RunRow(f"r{n}", "apply", clock.now() + timedelta(minutes=n), None, "running", {}, "abc", "al", "r0", "f00d") for n in (2, 1)]
    with store.begin() as tx:
        for run in (planned, *made):
            tx.runs.start(run)
        tx.runs.finish("r0", "ok", {})
        tx.runs.keep_plan("r0", "f00d")
    with store.read() as tx:
        assert tx.runs.get("r0") == (replace(planned, status="ok", ended_at=clock.now(), plan_hash="f00d"),)
        assert tx.runs.of_plan("r0") == (made[1], made[0])
        assert tx.runs.of_plan("r1") == ()


def test_what_was_said_to_a_plan_is_kept_in_order(store: Store, clock: Clock) -> None:
    """Approvals and their withdrawals, letter by letter; those of another plan are not among them."""
    said = [
        Approval("r0", "f00d", "bo", clock.now(), given=True, comment="as agreed\x00\n"),
        Approval("r0", "f00d", "cy", clock.now()),
        Approval("r0", "f00d", "bo", clock.now() + timedelta(hours=1), given=False),
    ]
    with store.begin() as tx:
        for one in (*said, replace(said[0], plan_run="r1")):
            tx.approvals.add(one)
    with store.read() as tx:
        assert tx.approvals.of("r0") == tuple(said)
        assert tx.approvals.of("r") == ()
