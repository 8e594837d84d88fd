"""Connectors that lie in every way that the contract leaves possible: what the core is proven on, as connectors are on the suites.

Each lie is a connector of its own, over a remote of `memory_remote` that goes by its name in the configuration (`REMOTES`). `Town` is the same
connector telling the truth: a deployment that was set up with it is handed to a lie by changing one word in leadhub.toml, and back.

A lie's `noticed` is a pattern of what the run has to say of it in the system's trouble; where it is None, the contract allows what the connector
does, or nobody could know better, and the run may end well.
"""

from collections.abc import Iterator, Mapping

from leadhub.testing.hostile import answering, raising, reading
from leadhub.testing.hostile.town import REMOTES, Liar, Town

__all__ = ["LIES", "REMOTES", "Liar", "Town"]


def _all(lie: type[Liar]) -> Iterator[type[Liar]]:
    for one in lie.__subclasses__():
        yield one
        yield from _all(one)


def _named(lie: type[Liar]) -> type[Liar]:
    lie.name = f"hostile-{lie.__name__}"
    return lie


LIES: Mapping[str, type[Liar]] = {
    _named(lie).name: lie for lie in dict.fromkeys([*_all(Liar), *raising.RAISING]) if lie not in (reading.Shows, answering.Tells)
}
"""Every lie, by the name under which a deployment configures it."""
