"""Faults of the engine that its simulation found, each as the shortest schedule that showed it."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from leadhub.core import creates, facts, fields
from leadhub.sync import enroll, outcomes
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
