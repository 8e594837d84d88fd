"""What the loader finds wrong with a mapping: every fault at once, each with place, cause and mend."""

from collections.abc import Iterable
from dataclasses import dataclass

from leadhub.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault. `code` is M01 to M11, or M24 for a word that nothing knows."""

    code: str
    where: str
    """Source and, if known, line: `leadhub.toml:31`."""
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.code} {self.message}"


class RelationProblems(ConfigError):
    """A mapping cannot be used. `found` holds every fault."""

    def __init__(self, found: Iterable[Problem]) -> None:
        self.found = tuple(found)
        count = len(self.found)
        title = "1 fault in the mapping of states" if count == 1 else f"{count} faults in the mapping of states"
        super().__init__("\n".join([f"{title}:", *(f"  {problem}" for problem in self.found)]), problems=tuple(map(str, self.found)))
