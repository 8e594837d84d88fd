"""Reviews that stand as long as their question, and decisions that are consumed once."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from leadhub.clock import Clock
from leadhub.model.run import Decision, Review
from leadhub.store import ReviewGroup, Store


def review(id_: str, person: str | None = "P1", **more: Any) -> Review:
    """A conflict about a phone number."""
    return Review(
        id_, **{"kind": "conflict", "group": "phone", "person_id": person, "lead_id": None, "field": "phone", "values": {"hub": "1"}} | more
    )


def produce(store: Store, run: str, persons: Iterable[str], *reviews: Review, **more: Any) -> int:
    """What a run's reconciling of these persons comes to."""
    with store.begin() as tx:
        return tx.reviews.replace(persons, reviews, run, **more)


def opened(store: Store, **narrow: Any) -> list[str]:
    """The ids of open reviews."""
    with store.read() as tx:
        return [one.review.id for one in tx.reviews.open(**narrow)]


def test_a_question_stands_from_run_to_run(store: Store, clock: Clock) -> None:
    """The same question keeps its id and when it was opened, and shows the present values."""
    assert produce(store, "run1", ["P1"], review("r1")) == 1
    first = clock.now()
    clock.sleep(60)
    assert produce(store, "run2", ["P1"], review("r1", values={"hub": "2", "sfdc/Lead/1": None})) == 0
    with store.read() as tx:
        (one,) = tx.reviews.get("r1")
    assert (one.opened_run, one.opened_at, one.closed_by) == ("run1", first, None)
    assert one.review.values == {"hub": "2", "sfdc/Lead/1": None}


def test_a_question_that_is_gone_closes(store: Store, clock: Clock) -> None:
    """What is not produced any more for a person is closed by the run; other persons' and nobody's questions stand."""
    produce(store, "run1", ["P1", "P2"], review("r1"), review("r2", "P2"), review("r3", None, kind="unmapped"))
    clock.sleep(60)
    produce(store, "run2", ["P1"])
    assert opened(store) == ["r2", "r3"]
    with store.begin() as tx:
        (one,) = tx.reviews.get("r1")
        tx.reviews.close(["r1", "r3"], "decision 7")
        assert tx.reviews.get("r1") == (one,), "what is closed stays closed by what closed it"
        assert tx.reviews.get("r3")[0].closed_by == "decision 7"
    assert (one.closed_by, one.closed_at) == ("run2", clock.now())


def test_a_question_can_come_again(store: Store, clock: Clock) -> None:
    """A closed question that is produced again is open anew."""
    produce(store, "run1", ["P1"], review("r1"))
    produce(store, "run2", ["P1"])
    clock.sleep(60)
    assert produce(store, "run3", ["P1"], review("r1")) == 1
    with store.read() as tx:
        (one,) = tx.reviews.get("r1")
    assert (one.opened_run, one.opened_at, one.closed_by, one.closed_at) == ("run3", clock.now(), None, None)


def test_kinds_close_apart(store: Store) -> None:
    """Who produces conflicts alone does not close a refused write."""
    produce(store, "run1", ["P1"], review("r1"), review("r2", kind="refused"))
    produce(store, "run2", ["P1"], kinds=("conflict", "regress"))
    assert opened(store) == ["r2"]


def test_reviews_are_listed_and_grouped(store: Store) -> None:
    """Open reviews are found by group, kind, person and page; groups come largest first."""
    many = [review(f"r{n}", f"P{n}") for n in range(3)]
    produce(store, "run1", [], *many, review("r9", "P0", kind="regress", group="stage", field="stage"), review("s1", "P7", group="100%"))
    produce(store, "run1", ["P7"])
    assert opened(store) == ["r0", "r1", "r2", "r9"]
    assert opened(store, group="phone", after="r0", limit=1) == ["r1"]
    assert opened(store, kind="regress") == ["r9"]
    assert opened(store, person_id="P0") == ["r0", "r9"]
    with store.read() as tx:
        assert tx.reviews.groups() == (ReviewGroup("phone", "conflict", "phone", 3, "r0"), ReviewGroup("stage", "regress", "stage", 1, "r9"))
        assert [one.review.id for one in tx.reviews.get("r")] == ["r0", "r1", "r2", "r9"]
        assert tx.reviews.get("%") == ()


def test_decisions_wait_and_are_consumed_once(store: Store, clock: Clock) -> None:
    """A decision is pending for its person until the transaction that applies it; the order is that of deciding."""
    first = Decision("d2", "P1", "L1", "state", "sql/new/open", {"sfdc/Lead/1": None, "hub": "x"}, "Jo", clock.now(), "r1", leave=True)
    clock.sleep(1)
    second = replace(first, id="d1", at=clock.now(), value=None, review_id=None, leave=False)
    other = replace(first, id="d3", person_id="P2")
    with store.begin() as tx:
        tx.decisions.add([second, first, other])
    with store.begin() as tx:
        assert tx.decisions.pending(["P1"]) == (first, second)
        assert tx.decisions.persons_pending() == ("P1", "P2")
        tx.decisions.mark_applied(["d2", "d3"], "run1")
    with store.read() as tx:
        assert tx.decisions.pending(["P1", "P2"]) == (second,)
        assert tx.decisions.persons_pending() == ("P1",)
