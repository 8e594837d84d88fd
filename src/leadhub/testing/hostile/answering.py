"""Lies in what is answered: who it is, who owns, who wrote, what came of a write."""

# ruff: noqa: ARG002, D102 - a lie listens to nothing, and its class says what it does wrong

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from leadhub import Author, Change, Identity, Outcome, Owner, Record, RecordError, Result, UnknownOutcome, Usage
from leadhub.testing.hostile.town import Liar

# ---- who answers -----------------------------------------------------------------------------------------------------------------------


class AnswersNobody(Liar):
    """Answers a check with None."""

    noticed = "[Ii]dentity|check|NoneType"

    def check(self) -> Identity:
        nothing: Any = None
        nobody: Identity = nothing
        return nobody


class TellsOwnersTwice(Liar):
    """Tells two owners under one id."""

    noticed = None

    def owners(self) -> Iterator[Owner]:
        for owner in super().owners():
            yield from (owner, replace(owner, email="other@example.com"), replace(owner, name="\0", email=None))


class TellsOddOwners(Liar):
    """Tells owners whose parts are None, numbers and half surrogates."""

    noticed = None  # who owns is not what a run stands on: a warning in the log is enough

    def owners(self) -> Iterator[Owner]:
        odd: Any = 7
        none: Any = None
        yield from super().owners()
        yield from (Owner(none, none), Owner("u\ud800", "\0", odd, active=none), none)


class ClaimsOddUsage(Liar):
    """Says that more calls are used than there are, and fewer than none."""

    noticed = None

    def usage(self) -> Usage:
        return Usage(-5, -1, 0)


class NamesOddAuthors(Liar):
    """Names authors for records and fields that nobody asked for."""

    noticed = None

    def authors(self, object_name: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[tuple[str, str], Author]:
        return {("ghost", "\0"): Author("person"), **{(i, f): Author("person", "\ud800") for i in ids for f in fields}}


class RereadsOthers(Liar):
    """Answers a reread with another's record, and with ids that nobody asked for."""

    noticed = None

    def reread(self, object_name: str, ids: Sequence[str]) -> Mapping[str, Record]:
        ghost = Record(object_name, "ghost", {"last_name": "Ghost"}, self.remote.now)
        return {**dict.fromkeys(ids, ghost), "another": ghost}


class RereadsNothing(Liar):
    """Leaves every id of a reread without an answer."""

    noticed = None

    def reread(self, object_name: str, ids: Sequence[str]) -> Mapping[str, Record]:
        return {}


# ---- outcomes --------------------------------------------------------------------------------------------------------------------------


class Tells(Liar):
    """Tells of its writes as `told` makes them; the outcomes it is given are true."""

    def told(self, outcomes: list[Outcome]) -> Iterator[Outcome]:
        raise NotImplementedError

    def push(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        yield from self.told(list(super().push(changes)))


class TellsOutcomesBackward(Tells):
    """Tells outcomes in another order."""

    noticed = None

    def told(self, outcomes: list[Outcome]) -> Iterator[Outcome]:
        yield from reversed(outcomes)


class TellsOfUnknownKeys(Tells):
    """Tells of writes that nobody asked for."""

    noticed = "outcome|key"

    def told(self, outcomes: list[Outcome]) -> Iterator[Outcome]:
        yield Outcome("never-asked", Result.ACCEPTED, "p9999")
        yield from outcomes


class TellsNothing(Tells):
    """Writes, and tells of nothing."""

    noticed = None

    def told(self, outcomes: list[Outcome]) -> Iterator[Outcome]:
        yield from ()


class TellsTwice(Tells):
    """Tells every outcome twice: accepted, then refused."""

    noticed = None

    def told(self, outcomes: list[Outcome]) -> Iterator[Outcome]:
        for outcome in outcomes:
            yield from (outcome, replace(outcome, result=Result.REFUSED, error=RecordError("no")))


class TellsNone(Tells):
    """Yields None where an outcome is due."""

    noticed = "outcome|NoneType"

    def told(self, outcomes: list[Outcome]) -> Iterator[Outcome]:
        none: Any = None
        yield none


class RefusesWithoutAReason(Tells):
    """Refuses everything after it was written, and says not why."""

    noticed = None

    def told(self, outcomes: list[Outcome]) -> Iterator[Outcome]:
        for outcome in outcomes:
            yield replace(outcome, result=Result.REFUSED, error=None)


class AcceptsUnderNoId(Tells):
    """Accepts a create and does not say under which id."""

    noticed = "id"

    def told(self, outcomes: list[Outcome]) -> Iterator[Outcome]:
        for outcome in outcomes:
            yield replace(outcome, record_id=None)


class AcceptsAllUnderOneId(Tells):
    """Accepts everything as one record."""

    noticed = None

    def told(self, outcomes: list[Outcome]) -> Iterator[Outcome]:
        for outcome in outcomes:
            yield replace(outcome, record_id="p0001")


class AnswersOddValues(Tells):
    """Answers a write with values of odd types and a naive stamp."""

    noticed = "type|value|stamp"

    def told(self, outcomes: list[Outcome]) -> Iterator[Outcome]:
        odd: Any = {"last_name": {"a": 1}, "phone": object()}
        for outcome in outcomes:
            yield replace(outcome, values=odd, stamp=self.remote.now.replace(tzinfo=None))


class AcceptsWithoutWriting(Liar):
    """Accepts everything and writes nothing."""

    noticed = None

    def push(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        return (Outcome(c.key, Result.ACCEPTED, c.record_id or f"made-up-{n}") for n, c in enumerate(changes))


class TakesNoBatch(Liar):
    """Says that it takes batches of none."""

    noticed = "batch"
    batch_size = 0


class LosesEveryAnswer(Liar):
    """Writes, and loses the answer; looking afterward, it finds what nobody looks for."""

    noticed = None

    def push(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        list(super().push(changes))
        raise UnknownOutcome("no answer")

    def find(self, object_name: str, keys: Collection[str]) -> Mapping[str, Record]:
        return {"never-asked": Record(object_name, "ghost", {})}
