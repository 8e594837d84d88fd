"""What passes between a connector and `leadhub doctor --prove`: trials in a test account, and what came of each."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["proven", "differs", "could not be tried"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing that only a live account can prove. `row` is its line in docs/unproven.md, `does` what the trial makes or changes there."""

    row: str
    does: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of a trial, and what was seen."""

    row: str
    verdict: Verdict
    seen: str


Seen = tuple[Verdict, str]
"""What one trial saw."""
