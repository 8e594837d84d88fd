"""Who changed a record: its history is asked first, then who saved it last, each in one question, and a failed question is asked again."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from leadhub.errors import AccessDenied, Unavailable
from leadhub.model.record import Author
from leadhub.sync.judge import ask_system
from leadhub.sync.retry import Careful

AT = datetime(2026, 11, 16, 10, tzinfo=UTC)
OLGA, JANE = Author("person", "Olga", AT), Author("person", "Jane", AT)
CHANGED = {"1": ["Status"], "2": ["Status", "OwnerId"]}


class Clock:
    """Stands still, and sleeps at once."""

    def now(self) -> datetime:
        """Return one instant."""
        return AT

    def sleep(self, seconds: float) -> None:
        """Go on."""

    def new_id(self) -> str:
        """Return any id."""
        return "id"


class Silent:
    """A system that tells nobody anything."""

    name = "silent"
    mappings = ()


class Historian:
    """A connector that keeps a history of some fields."""

    name = "historian"
    mappings = ()

    def __init__(self, *told: tuple[str, str]) -> None:
        self.told = told
        self.asked: list[tuple[list[str], list[str]]] = []

    def authors(self, object_name: str, ids: Sequence[str], fields: Sequence[str]) -> dict[tuple[str, str], Author]:
        """Name Olga for what the history tells."""
        self.asked.append((list(ids), list(fields)))
        return dict.fromkeys(self.told, OLGA)


class Saved:
    """A connector that tells who saved a record last."""

    name = "saved"
    mappings = ()

    def __init__(self, *ids: str, trouble: Exception | None = None) -> None:
        self.known, self.trouble = ids, trouble
        self.looked: list[list[str]] = []

    def modified(self, object_name: str, ids: Sequence[str]) -> dict[str, Author]:
        """Name Jane for the records that are there; fail the first time, if told to."""
        self.looked.append(list(ids))
        trouble, self.trouble = self.trouble, None
        if trouble is not None:
            raise trouble
        return {record_id: JANE for record_id in ids if record_id in self.known}


class Both(Historian, Saved):
    """A connector that does both."""

    def __init__(self, *told: tuple[str, str], ids: Sequence[str]) -> None:
        Historian.__init__(self, *told)
        Saved.__init__(self, *ids)


def careful(connector: Any) -> Careful:
    """Return the connector with the retry layer around it."""
    return Careful(connector, Clock(), structlog.get_logger())


def test_the_history_comes_first_and_the_rest_is_asked_once() -> None:
    """All records are one question of the history, those it names nobody for one more; a last saver is no person's decision."""
    both = Both(("1", "Status"), ("2", "OwnerId"), ids=["1", "2"])
    told = ask_system(careful(both), "Lead", CHANGED)
    saver = Author("automation", "last modified by Jane", AT)
    assert told == {("1", "Status"): OLGA, ("2", "OwnerId"): OLGA, ("2", "Status"): saver}
    assert (both.asked, both.looked) == ([(["1", "2"], ["Status", "OwnerId"])], [["2"]])


def test_where_the_history_names_everybody_nothing_more_is_asked() -> None:
    """A complete history costs one question alone."""
    both = Both(("1", "Status"), ("2", "Status"), ("2", "OwnerId"), ids=["1", "2"])
    assert set(ask_system(careful(both), "Lead", CHANGED).values()) == {OLGA}
    assert both.looked == []


def test_a_system_without_history_tells_who_saved_last() -> None:
    """Each record is asked about once, however many of its fields changed; one that is gone by now has no author."""
    saved = Saved("2")
    told = ask_system(careful(saved), "Lead", CHANGED)
    assert {place: author.name for place, author in told.items()} == {("2", field): "last modified by Jane" for field in ("Status", "OwnerId")}
    assert saved.looked == [["1", "2"]]


def test_a_system_that_tells_nothing_is_asked_nothing() -> None:
    """Without either capability nobody is named."""
    nobody = careful(Silent())
    assert not nobody.can_tell_modifier
    assert ask_system(nobody, "Lead", CHANGED) == {}


def test_a_question_that_failed_on_the_way_is_asked_again() -> None:
    """Asking changes nothing: it is repeated where that helps, and not where it does not."""
    saved = Saved("1", trouble=Unavailable("busy"))
    assert careful(saved).modified("Lead", ["1"]) == {"1": JANE}
    assert len(saved.looked) == 2
    with pytest.raises(AccessDenied):
        careful(Saved("1", trouble=AccessDenied("no"))).modified("Lead", ["1"])
