"""Calls to one system side by side, each through a connector instance and a thread of its own, where the connector says that its system bears it."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from leadhub.sync.retry import Careful
from leadhub.sync.session import Session

T = TypeVar("T")
Work = Callable[[Careful], T]


def side_by_side(session: Session, system: str, works: Sequence[Work[T]]) -> list[T]:
    """Do each piece of work with an instance of its own and return the results in the order of the works. Raises the first one's error, all being done.

    Only calls to the system belong into a work: the store has one thread, the caller's.
    """
    first = session.careful[system]
    if len(works) == 1:
        return [works[0](first)]
    while len(first.colleagues) < len(works) - 1:
        gate = session.gate()
        first.colleagues.append(first.another(session.hub.connect(session.hub.systems[system], gate), gate))
    pool = ThreadPoolExecutor(len(works), thread_name_prefix=system)
    try:
        asked = [pool.submit(work, careful) for work, careful in zip(works, (first, *first.colleagues), strict=False)]
        return [future.result() for future in asked]
    finally:
        pool.shutdown(wait=not session.impatient, cancel_futures=True)
