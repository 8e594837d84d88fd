"""Sets of states and lists of names in words, for messages and tables."""

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from leadhub.lifecycle.states import HAVING, VALID, StateSet, pack, stage_rank, unpack
from leadhub.model.state import EXITS, STATUSES, VALUES, Facet, State

_PLURAL: dict[Facet, str] = {"stage": "stages", "status": "statuses", "exit": "exits"}


def listed(names: Iterable[str], last: str = "and") -> str:
    """a, b and c."""
    *front, end = names
    return f"{', '.join(front)} {last} {end}" if front else end


def quoted(values: Iterable[str], last: str = "and") -> str:
    """The values in quotes; a blank is called one."""
    return listed((f'"{value}"' if value else "blank" for value in values), last)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`Did you mean "mql"? ` if anything is near, else nothing."""
    meant = word.casefold()

    def likeness(name: str) -> tuple[float, bool]:
        """Of names that are equally near the one that begins alike: people seldom mistype the first letter."""
        return SequenceMatcher(None, meant, name.casefold()).ratio(), name[:1].casefold() == meant[:1]

    best = max(known, key=likeness, default="")
    return f'Did you mean "{best}"? ' if best and likeness(best)[0] >= 0.5 else ""


def facet_words(facet: Facet, values: Iterable[str]) -> str:
    """`stages lead and mql`, `status new`, `stages known to sql`."""
    ordered = [value for value in VALUES[facet] if value in set(values)]
    if len(ordered) == 1:
        return f"{facet} {ordered[0]}"
    if facet == "stage" and len(ordered) > 2 and stage_rank(ordered[-1]) - stage_rank(ordered[0]) == len(ordered) - 1:
        return f"{_PLURAL[facet]} {ordered[0]} to {ordered[-1]}"
    return f"{_PLURAL[facet]} {listed(ordered)}"


def describe(states: Iterable[State]) -> str:
    """A set of states in as few words as it takes: `exit recycled, status nurturing, stages lead and mql; exit lost`."""
    packed = pack(states)
    for facet, having in HAVING.items():
        values = [value for value, with_it in having.items() if packed & with_it]
        if values and packed == pack(state for state in VALID if state.facet(facet) in values):
            return facet_words(facet, values)
    groups: dict[tuple[str, frozenset[str]], list[str]] = {}
    for exit_ in EXITS:
        for status in STATUSES:
            here = frozenset(s.stage for s in unpack(packed & HAVING["exit"][exit_] & HAVING["status"][status]))
            if here:
                groups.setdefault((exit_, here), []).append(status)
    return "; ".join(_group(exit_, statuses, stages) for (exit_, stages), statuses in groups.items())


def _group(exit_: str, statuses: Sequence[str], stages: frozenset[str]) -> str:
    """One product of the set; a facet that is not narrowed at all is left out."""
    parts = [] if exit_ == "open" else [f"exit {exit_}"]
    possible = {state.status for state in VALID if state.exit == exit_ and state.stage in stages}
    if set(statuses) != possible:
        parts.append(facet_words("status", statuses))
    if stages != {state.stage for state in VALID if state.exit == exit_ and state.status in statuses}:
        parts.append(facet_words("stage", stages))
    return ", ".join(parts) or "every open lead"


def ruled_out(states: StateSet, facets: Iterable[Facet]) -> list[str]:
    """What a set of allowed states leaves out of these facets: `stage customer or advocate`."""
    words = []
    for facet in facets:
        gone = [value for value in VALUES[facet] if not states & HAVING[facet][value]]
        if gone:
            words.append(f"{facet} {listed(gone, 'or')}")
    return words
