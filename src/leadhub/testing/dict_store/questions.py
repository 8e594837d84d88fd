"""Reviews and decisions in dictionaries."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace

from leadhub.model.run import Decision, Review, ReviewKind
from leadhub.store import ReviewGroup, StoredReview
from leadhub.store.questions import Decisions, Reviews
from leadhub.store.types import storable
from leadhub.testing.dict_store.repository import DictRepository
from leadhub.testing.dict_store.tables import refused, utc


class DictReviews(DictRepository, Reviews):
    """Reviews by their stable id."""

    def replace(self, person_ids: Iterable[str], reviews: Iterable[Review], run_id: str, *, kinds: Collection[ReviewKind] | None = None) -> int:
        """See `Reviews.replace`."""
        held = self.held
        held.writable()
        wanted = {review.id: review for review in reviews}
        opened = 0
        for id_, review in wanted.items():
            own, before = _own(review), held.reviews[id_] if id_ in held.open_reviews else None
            if before:
                held.put(held.reviews, id_, replace(before, review=own))
            else:
                opened += 1
                held.put(held.reviews, id_, StoredReview(own, run_id, utc(self.clock.now())))
                held.put(held.open_reviews, id_, None)
        if held.open_reviews:
            persons = set(person_ids)
            about = ((id_, held.reviews[id_].review) for id_ in held.open_reviews if id_ not in wanted)
            self.close([id_ for id_, review in about if review.person_id in persons and (kinds is None or review.kind in kinds)], run_id)
        return opened

    def close(self, ids: Iterable[str], by: str) -> None:
        """See `Reviews.close`."""
        held = self.held
        held.writable()
        for id_ in ids:
            if id_ in held.open_reviews:
                held.put(held.reviews, id_, replace(held.reviews[id_], closed_by=by, closed_at=utc(self.clock.now())))
                held.drop(held.open_reviews, id_)

    def get(self, id_prefix: str) -> tuple[StoredReview, ...]:
        """See `Reviews.get`."""
        return tuple(self.held.reviews[id_] for id_ in sorted(id_ for id_ in self.held.reviews if id_.startswith(id_prefix))[:10])

    def open(
        self, *, group: str | None = None, kind: ReviewKind | None = None, person_id: str | None = None, after: str = "", limit: int = 1000
    ) -> tuple[StoredReview, ...]:
        """See `Reviews.open`."""
        asked = [(name, value) for name, value in (("group", group), ("kind", kind), ("person_id", person_id)) if value is not None]
        found = (self.held.reviews[id_] for id_ in sorted(self.held.open_reviews) if id_ > after)
        return tuple([one for one in found if all(getattr(one.review, name) == value for name, value in asked)][:limit])

    def of_person(self, person_id: str) -> tuple[StoredReview, ...]:
        """See `Reviews.of_person`."""
        mine = (one for one in self.held.reviews.values() if one.review.person_id == person_id)
        return tuple(sorted(mine, key=lambda one: (one.opened_at, one.review.id)))

    def groups(self) -> tuple[ReviewGroup, ...]:
        """See `Reviews.groups`."""
        groups: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
        for id_ in self.held.open_reviews:
            review = self.held.reviews[id_].review
            groups[review.group, review.kind, review.field].append(id_)
        order = sorted(groups.items(), key=lambda item: (-len(item[1]), storable(item[0][0]), *item[0][1:]))
        return tuple(ReviewGroup(*key, len(ids), min(ids)) for key, ids in order)


class DictDecisions(DictRepository, Decisions):
    """Decisions in the order in which they were made."""

    def add(self, decisions: Iterable[Decision]) -> None:
        """See `Decisions.add`."""
        held = self.held
        held.writable()
        for decision in decisions:
            if decision.id in held.decisions:
                raise refused(f"there is a decision {decision.id} already")
            held.put(held.decisions, decision.id, replace(decision, saw=dict(decision.saw), at=utc(decision.at)))
            held.put(held.pending, decision.id, None)

    def pending(self, person_ids: Iterable[str]) -> tuple[Decision, ...]:
        """See `Decisions.pending`."""
        if not self.held.pending:
            return ()
        persons = set(person_ids)
        return _in_order(one for id_ in self.held.pending if (one := self.held.decisions[id_]).person_id in persons)

    def of_person(self, person_id: str) -> tuple[Decision, ...]:
        """See `Decisions.of_person`."""
        return _in_order(one for one in self.held.decisions.values() if one.person_id == person_id)

    def persons_pending(self) -> tuple[str, ...]:
        """See `Decisions.persons_pending`."""
        return tuple(sorted({self.held.decisions[id_].person_id for id_ in self.held.pending}))

    def mark_applied(self, ids: Iterable[str], run_id: str) -> None:  # noqa: ARG002 - nobody asks a decision which run applied it
        """See `Decisions.mark_applied`."""
        self.held.writable()
        for id_ in ids:
            self.held.drop(self.held.pending, id_)


def _in_order(decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    return tuple(sorted(decisions, key=lambda one: (one.at, one.id)))


def _own(review: Review) -> Review:
    return replace(review, values=dict(review.values))
