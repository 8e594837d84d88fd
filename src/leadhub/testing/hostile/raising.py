"""Whatever comes out of a call: one lie for each call and each thing that can be raised in it."""

from collections.abc import Mapping
from typing import Any

from leadhub import RecordError
from leadhub.testing.hostile.town import Liar


class Unforeseen(Exception):
    """An error of a library that nobody translated, and that cannot even be printed."""

    def __str__(self) -> str:
        raise ValueError("no text")


RAISED: Mapping[str, BaseException] = {
    "a ValueError": ValueError("invalid literal"),
    "a StopIteration": StopIteration(),
    "an error without a text": Unforeseen(),
    "a SystemExit": SystemExit(3),
    "an error of a record": RecordError("no such record"),
}
"""What may come out of any call. RecordError is leadhub's own, and is promised to nobody but a push."""

CALLS = ("__init__", "check", "pull", "owners", "authors", "reread", "push", "usage")


def raising(call: str, what: str) -> type[Liar]:
    """Return a connector in which one call raises one thing."""

    def act(_self: Liar, *_args: Any, **_named: Any) -> Any:
        raise RAISED[what]

    title = "".join(word.title() for word in f"{call.strip('_')} raises {what}".split())
    noticed = None if call == "owners" else Liar.noticed  # without owners a run goes on: a warning in the log is enough
    return type(title, (Liar,), {call: act, "noticed": noticed, "__doc__": f"Raises {what} in {call}.", "__module__": __name__})


RAISING = tuple(raising(call, what) for call in CALLS for what in RAISED)
"""These lies."""
