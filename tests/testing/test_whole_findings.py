"""Faults of the engine that its simulation found, each as the shortest schedule that showed it."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from leadhub.core import creates, facts, fields
from leadhub.sync import enroll, outcomes, recover, run
from leadhub.testing.simulator.whole import Person, Schedule, Setting, Step, Traits, play

KINDS = {"alpha": "leads", "beta": "contacts", "gamma": "people"}
LEADS, CONTACTS, PEOPLE = (Traits(kind) for kind in KINDS.values())
ADA = {"email": "ada@x.example", "last_name": "Lovelace", "company": "Engines"}
SYNC = Step("sync")


def two(**more: object) -> Setting:
    """Leads and contacts."""
    return Setting({"alpha": "leads", "beta": "contacts"}, **more)  # type: ignore[arg-type]  # a setting is plain words


FOUND = {
    "what becomes known of somebody after leadhub made their record reaches it, in fields too that were not known then": Schedule(
        two(creates=frozenset({"beta"})),
        (LEADS, CONTACTS),
        (Person(((0, ADA),)),),
        (SYNC, Step("edit", 0, 0, "job_title=V1"), SYNC, Step("edit", 1, 0, "job_title=V2")),
    ),
    "who comes under an address that somebody had before is that person, and is made nowhere again": Schedule(
        two(creates=frozenset({"beta"})),
        (LEADS, CONTACTS),
        (Person(((0, ADA), (1, ADA))),),
        (Step("edit", 1, 0, "email=new@x.example"), SYNC),
        late=frozenset({0}),
    ),
    "an opt-out by somebody's act travels though a system that was just met had one from before": Schedule(
        Setting(KINDS),
        (LEADS, CONTACTS, PEOPLE),
        (Person(((0, ADA), (1, ADA), (2, ADA))),),
        (Step("edit", 2, 0, "email_opt_out=true"), SYNC, Step("edit", 1, 0, "email_opt_out=true")),
        late=frozenset({2}),
    ),
    "a write that is accepted does not answer the question about another that does not fit": Schedule(
        two(),
        (LEADS, CONTACTS),
        (Person(((0, ADA), (1, ADA))),),
        (SYNC, Step("edit", 1, 0, "job_title=Chief of everything"), SYNC, Step("edit", 1, 0, "company=V1")),
    ),
    "two automations that answer every write with a new value are left alone in the end": Schedule(
        Setting({"beta": "contacts", "gamma": "people"}, trust="beta"),
        (Traits("contacts", workflow="rewrites"), Traits("people", workflow="rewrites")),
        (Person(((0, ADA), (1, ADA))),),
        (SYNC, Step("edit", 0, 0, "job_title=V1")),
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_a_fault_of_the_engine_stays_mended(name: str) -> None:
    """The schedule ends without a finding."""
    assert not play(FOUND[name]).findings


# ---- without the mends -----------------------------------------------------------------------------------------------------------------


def _no_blank_bases(patch: pytest.MonkeyPatch) -> None:
    original = creates._new_record

    def new_record(*given: Any) -> Any:
        draft, problems = original(*given)
        draft.bases = {key: base for key, base in draft.bases.items() if base.value is not None or base.version}
        return draft, problems

    patch.setattr(creates, "_new_record", new_record)


def _no_former_addresses(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(enroll, "_former", lambda _before, _now: iter(()))


def _no_confirming(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(fields._Rule, "_confirms", lambda _rule, _side: False)


def _any_write_answers_all(patch: pytest.MonkeyPatch) -> None:
    def close_refusals(settler: Any, tx: Any, accepted: Iterable[Any]) -> None:
        for change in accepted:
            asked = tx.reviews.open(kind="refused", person_id=change.person_id)
            tx.reviews.close([s.review.id for s in asked if settler.system in s.review.values], settler.session.run_id)

    patch.setattr(outcomes.Settler, "_close_refusals", close_refusals)


def _believe_new_values(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(facts, "PERHAPS", 0)


UNDONE: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], str]] = dict(
    zip(
        FOUND,
        [
            (_no_blank_bases, "liveness"),
            (_no_former_addresses, "doubled"),
            (_no_confirming, "consent"),
            (_any_write_answers_all, "liveness"),
            (_believe_new_values, "convergence"),
        ],
        strict=True,
    )
)


@pytest.mark.parametrize("name", UNDONE)
def test_without_the_mend_the_oracle_speaks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same schedule finds the fault again where the mend is undone, by the oracle that found it."""
    undo, oracle = UNDONE[name]
    with monkeypatch.context() as patch:
        undo(patch)
        assert oracle in {f.oracle for f in play(FOUND[name]).findings if not f.raced}


# ---- killed ----------------------------------------------------------------------------------------------------------------------------

MET_AGAIN = Schedule(
    two(trust="beta"),
    (Traits("leads", lowers=True), CONTACTS),
    (Person(((0, ADA), (1, ADA))),),
    (Step("adopt", 0), Step("edit", 1, 0, "company=V1"), SYNC),
    late=frozenset({0}),
)
"""A system that lower-cases is met anew by the first run after the one that was killed."""


def _killed_everywhere() -> set[str]:
    points = play(MET_AGAIN).write_points
    assert points
    return {f.oracle for point in points for f in play(MET_AGAIN, kill_at=point).findings}


def test_no_run_judges_a_record_before_it_is_known_what_became_of_a_killed_write() -> None:
    """The process is killed around a write whose value the system changes; the next command only meets that system, and takes nothing for an edit."""
    assert not _killed_everywhere()


def test_a_command_that_judges_without_recovering_loses_what_nobody_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same schedule finds the fault where adopting does not find out first."""
    original = recover.recover
    monkeypatch.setattr(run, "recover", lambda session, systems=None: recover.close_crashed(session) if systems else original(session))
    assert "needless loss" in _killed_everywhere()
