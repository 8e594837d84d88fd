"""Remember the forms of values that repeat. Values do: countries and companies between people, and one person's values between systems and runs."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_REMEMBERED = 32_768
"""More than the 24,000 phone numbers of the benchmark's leads, which would push each other out; some ten MB a form when full."""
_LONGEST = 256


def cached(form: Callable[Concatenate[str, P], R]) -> Callable[Concatenate[str, P], R]:
    """Remember the latest answers of a pure function of a text. Long texts are not kept: a few million-character fields would fill the memory."""
    remembered = lru_cache(maxsize=_REMEMBERED)(form)

    @wraps(form)
    def short_ones_remembered(value: str, /, *args: P.args, **kwargs: P.kwargs) -> R:
        if len(value) > _LONGEST:
            return form(value, *args, **kwargs)
        return remembered(value, *args, **kwargs)  # type: ignore[arg-type]  # the rest is a country or a format: hashable

    return short_ones_remembered
