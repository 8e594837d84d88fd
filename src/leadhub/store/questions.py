"""Questions for people, and what people decided."""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import RowMapping, Select, func, select, update

from leadhub.model.run import Decision, Review, ReviewKind
from leadhub.store import bulk, codec, tables
from leadhub.store.repository import Repository, begins_with
from leadhub.store.rows import ReviewGroup, StoredReview

_R = tables.review
_D = tables.decision
_OPEN = _R.c.closed_by.is_(None)


class Reviews(Repository):
    """Reviews by their stable id."""

    def replace(self, person_ids: Iterable[str], reviews: Iterable[Review], run_id: str, *, kinds: Collection[ReviewKind] | None = None) -> int:
        """Open `reviews`, and close with `run_id` the open ones of these persons that are not among them; return how many were not open before.

        A review that is open already keeps when it was opened; one that was closed opens anew. Where `kinds` is given, only reviews of these kinds are
        closed: who produces some kinds says nothing of the others.
        """
        wanted = {review.id: review for review in reviews}
        before = set(self.connection.scalars(select(_R.c.id).where(_OPEN, bulk.among(self.connection, _R.c.id, wanted))))
        self._open([review for review in wanted.values() if review.id not in before], run_id)
        self._refresh([review for review in wanted.values() if review.id in before])
        mine = select(_R.c.id).where(_OPEN, bulk.among(self.connection, _R.c.person_id, person_ids))
        if kinds is not None:
            mine = mine.where(_R.c.kind.in_(kinds))
        self.close([id_ for id_ in self.connection.scalars(mine) if id_ not in wanted], run_id)
        return len(wanted) - len(before)

    def _open(self, reviews: list[Review], run_id: str) -> None:
        opened = {"opened_run": run_id, "opened_at": self.clock.now(), "closed_by": None, "closed_at": None}
        bulk.upsert(self.connection, _R, [_review_row(review) | opened for review in reviews])

    def _refresh(self, reviews: list[Review]) -> None:
        since = ("opened_run", "opened_at", "closed_by", "closed_at")
        unchanged = {"opened_run": "", "opened_at": self.clock.now(), "closed_by": None, "closed_at": None}
        bulk.upsert(self.connection, _R, [_review_row(review) | unchanged for review in reviews], keep=since)

    def close(self, ids: Iterable[str], by: str) -> None:
        """Close open reviews; `by` is a run or a decision."""
        chosen = bulk.among(self.connection, _R.c.id, ids)
        self.connection.execute(update(_R).where(chosen, _OPEN).values(closed_by=by, closed_at=self.clock.now()))

    def get(self, id_prefix: str) -> tuple[StoredReview, ...]:
        """Return the reviews whose id begins so, open or closed: none, the one meant, or as many as make the prefix ambiguous (ten at most)."""
        return self._read(select(_R).where(begins_with(_R.c.id, id_prefix)).order_by(_R.c.id).limit(10))

    def open(
        self, *, group: str | None = None, kind: ReviewKind | None = None, person_id: str | None = None, after: str = "", limit: int = 1000
    ) -> tuple[StoredReview, ...]:
        """Return up to `limit` open reviews in the order of their ids, after the one named, narrowed where asked."""
        found = select(_R).where(_OPEN, _R.c.id > after)
        for column, value in ((_R.c.group, group), (_R.c.kind, kind), (_R.c.person_id, person_id)):
            if value is not None:
                found = found.where(column == value)
        return self._read(found.order_by(_R.c.id).limit(limit))

    def of_person(self, person_id: str) -> tuple[StoredReview, ...]:
        """Return every question about a person, the closed ones too, the oldest first."""
        return self._read(select(_R).where(_R.c.person_id == person_id).order_by(_R.c.opened_at, _R.c.id))

    def groups(self) -> tuple[ReviewGroup, ...]:
        """Return the groups of open reviews, largest first."""
        key = (_R.c.group, _R.c.kind, _R.c.field)
        count = func.count()
        found = select(*key, count.label("size"), func.min(_R.c.id).label("example")).where(_OPEN).group_by(*key).order_by(count.desc(), *key)
        return tuple(ReviewGroup(row[0], row[1], row[2], row.size, row.example) for row in self.connection.execute(found))

    def _read(self, found: Select[Any]) -> tuple[StoredReview, ...]:
        return tuple(_stored_review(row) for row in self.connection.execute(found).mappings())


class Decisions(Repository):
    """Decisions in the order in which they were made."""

    def add(self, decisions: Iterable[Decision]) -> None:
        """Store decisions, to be applied when their persons are next reconciled."""
        bulk.insert(self.connection, _D, [_decision_row(decision) for decision in decisions])

    def pending(self, person_ids: Iterable[str]) -> tuple[Decision, ...]:
        """Return what was decided for these persons and is not applied yet, oldest first."""
        found = select(_D).where(_D.c.applied_run.is_(None), bulk.among(self.connection, _D.c.person_id, person_ids))
        return tuple(_decision(row) for row in self.connection.execute(found.order_by(_D.c.at, _D.c.id)).mappings())

    def of_person(self, person_id: str) -> tuple[Decision, ...]:
        """Return every decision about a person, the applied ones too, the oldest first."""
        rows = self.connection.execute(select(_D).where(_D.c.person_id == person_id).order_by(_D.c.at, _D.c.id)).mappings()
        return tuple(_decision(row) for row in rows)

    def persons_pending(self) -> tuple[str, ...]:
        """Return the persons for whom something was decided that is not applied yet."""
        found = select(_D.c.person_id).distinct().where(_D.c.applied_run.is_(None)).order_by(_D.c.person_id)
        return tuple(self.connection.scalars(found))

    def mark_applied(self, ids: Iterable[str], run_id: str) -> None:
        """Consume decisions: belongs into the transaction that saves what they made of their persons."""
        chosen = bulk.among(self.connection, _D.c.id, ids)
        self.connection.execute(update(_D).where(chosen, _D.c.applied_run.is_(None)).values(applied_run=run_id))


def _review_row(review: Review) -> dict[str, Any]:
    return {
        "id": review.id,
        "kind": review.kind,
        "group": review.group,
        "person_id": review.person_id,
        "lead_id": review.lead_id,
        "field": review.field,
        "values": codec.encode_values(review.values),
        "note": review.note,
    }


def _stored_review(row: RowMapping) -> StoredReview:
    review = Review(
        id=row["id"],
        kind=row["kind"],
        group=row["group"],
        person_id=row["person_id"],
        lead_id=row["lead_id"],
        field=row["field"],
        values=codec.decode_values(row["values"]),
        note=row["note"],
    )
    return StoredReview(review, row["opened_run"], row["opened_at"], row["closed_by"], row["closed_at"])


def _decision_row(decision: Decision) -> dict[str, Any]:
    return {
        "id": decision.id,
        "review_id": decision.review_id,
        "person_id": decision.person_id,
        "lead_id": decision.lead_id,
        "field": decision.field,
        "value": decision.value,
        "saw": codec.encode_values(decision.saw),
        "actor": decision.actor,
        "at": decision.at,
        "leave": decision.leave,
        "applied_run": None,
    }


def _decision(row: RowMapping) -> Decision:
    return Decision(
        id=row["id"],
        person_id=row["person_id"],
        lead_id=row["lead_id"],
        field=row["field"],
        value=row["value"],
        saw=codec.decode_values(row["saw"]),
        actor=row["actor"],
        at=row["at"],
        review_id=row["review_id"],
        leave=row["leave"],
    )
