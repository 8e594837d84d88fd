"""Injected faults: what a network or an overloaded CRM does to a call, by route and count."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LONGEST_DELAY = 3600


@dataclass(slots=True)
class Fault:
    """One kind of trouble for the next `times` calls whose method and path match.

    `kind` names it in the journal. Without `after_commit` the CRM never sees the call. `drop` closes the connection without an answer:
    with `after_commit` the call has happened and only its answer is lost. With a `status` beside, that is the answer in place of the CRM's
    own. `skip` lets that many matching calls pass first.
    """

    kind: str
    path: str = ".*"
    method: str = ".*"
    times: int = 1
    skip: int = 0
    status: int | None = None
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json;charset=UTF-8"
    after_commit: bool = False
    drop: bool = False
    truncate: bool = False
    delay: float = 0.0


KINDS: dict[str, dict[str, Any]] = {
    "drop_before": {"drop": True},
    "drop_after": {"drop": True, "after_commit": True},
    "truncate": {"truncate": True, "after_commit": True},
    "slow": {"delay": 1.0, "after_commit": True},
    "html_503": {"status": 503, "body": b"<html><body>Service unavailable</body></html>", "content_type": "text/html"},
    "bad_gateway": {"status": 502, "body": b"<html><body>Bad gateway</body></html>", "content_type": "text/html"},
    "too_many": {"status": 429},
    "redirect": {"status": 302, "headers": {"Location": "/elsewhere"}},
}


class Faults:
    """The faults that wait. A CRM adds kinds of its own (an error in its own words) through `kinds`."""

    def __init__(self, kinds: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self._kinds = {**KINDS, **(kinds or {})}
        self._waiting: list[Fault] = []

    def add(self, order: Mapping[str, Any]) -> None:
        """Add one: {"kind": NAME, ...}; further keys override the kind's. Raises ValueError for an unknown kind."""
        kind = order["kind"]
        if kind not in self._kinds:
            raise ValueError(f"unknown fault {kind!r}; known: {', '.join(sorted(self._kinds))}")
        made = Fault(**{**self._kinds[kind], **order})
        _check(made)
        self._waiting.append(made)

    def kinds(self) -> list[str]:
        """Return the kinds that may be ordered."""
        return sorted(self._kinds)

    def waiting(self) -> list[dict[str, Any]]:
        """Return what waits, in the order in which it is asked: which calls it hits, and how often."""
        return [{name: getattr(fault, name) for name in ("kind", "path", "method", "times", "skip", "status", "delay")} for fault in self._waiting]

    def clear(self) -> None:
        """Forget all that wait."""
        self._waiting.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """Return the first fault that fits this call and count it down."""
        for fault in self._waiting:
            if not (re.fullmatch(fault.method, method) and re.search(fault.path, path)):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self._waiting.remove(fault)
            return fault
        return None


def _check(fault: Fault) -> None:
    """Raise ValueError for what would only show when a call comes: it would be answered with the sandbox's own 500."""
    for name, pattern in (("path", fault.path), ("method", fault.method)):
        try:
            re.compile(pattern)
        except re.error as problem:
            raise ValueError(f"{name} is no regular expression: {pattern!r}: {problem}") from problem
    numbers = [("times", 1), ("skip", 0), *([] if fault.status is None else [("status", 100)])]
    for name, least in numbers:
        number = getattr(fault, name)
        if not isinstance(number, int) or isinstance(number, bool) or number < least:
            raise ValueError(f"{name} is a whole number from {least} on, not {number!r}")
    if isinstance(fault.delay, bool) or not isinstance(fault.delay, int | float) or not 0 <= fault.delay <= LONGEST_DELAY:
        raise ValueError(f"delay is seconds from 0 to {LONGEST_DELAY}, not {fault.delay!r}")
