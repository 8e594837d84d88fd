"""How leadhub.toml spells countries, durations, stages and addresses. Every reader raises ValueError with a sentence that says how."""

import re
from datetime import timedelta
from typing import Any

import phonenumbers

from leadhub.lifecycle.rows import stage_range
from leadhub.lifecycle.wording import did_you_mean
from leadhub.model.state import STAGES

_DURATION = re.compile(r"([1-9]\d*)([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def country(written: str) -> str:
    """Return a country that has phone numbers."""
    if written not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError('a country is two capital letters of ISO 3166-1, such as "US", "DE" or "GB"')
    return written


def duration(written: Any) -> Any:
    """Return "10m", "4h" or "30d" as a length of time."""
    if isinstance(written, timedelta):
        return written
    found = _DURATION.fullmatch(written) if isinstance(written, str) else None
    if found is None:
        raise ValueError('a length of time is a number with m, h or d behind it, such as "10m", "4h" or "30d"')
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def stages(written: Any) -> Any:
    """Return the stages that a name, a range or a list of these stands for."""
    if isinstance(written, frozenset):
        return written
    found: set[str] = set()
    for word in written if isinstance(written, list) else [written]:
        named = stage_range(word) if isinstance(word, str) else ()
        if not named:
            raise ValueError(
                f'{_shown(word)} is not a stage. {did_you_mean(str(word), STAGES)}Stages: {", ".join(STAGES)}; a range is ">=mql" or "<=sql"'
            )
        found.update(named)
    if not found:
        raise ValueError("an empty list of stages lets nobody in")
    return frozenset(found)


def mail_address(written: str) -> str:
    """Return an e-mail address in lower case. Whether it exists the systems know."""
    name, at, domain = written.strip().rpartition("@")
    if not (name and at and "." in domain) or any(c.isspace() for c in written.strip()):
        raise ValueError("the right-hand side is the e-mail address under which leadhub knows the owner")
    return written.strip().lower()


def _shown(word: object) -> str:
    return f'"{word}"' if isinstance(word, str) else str(word)
