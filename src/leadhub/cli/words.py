"""Words that several commands share: plurals, blanks, and the reasons that the engine gives, as sentences."""

from collections.abc import Iterable

from leadhub.model.person import Value

_STANDING = {
    "adopted": "it differed when the record was first compared, and nobody has edited it since",
    "agreed": "it is left alone",
    "sent": "the system shows another form of what was written",
    "cleared": "somebody emptied it there; it is not filled again",
    "not_permitted": "another system owns this field",
    "held": "nobody mapped the value",
    "exit": "the lead has left, and this was edited at the same time",
    "regress": "it was set back by no person; that is neither taken nor undone",
    "rewritten": "something there puts it back after each of our writes, three times in a row; leadhub has stopped. Mend that there, then set the value anew (leads set)",
    "decided": "it was decided to leave it, by a person or by taking a run back",
    "lost": "it lost a conflict",
    "fill": "it is blank and waits to be filled",
    "preferred": "another system's value is preferred",
    "unknown": "a write got no answer",
    "put_back": "its system put the record back to an earlier state",
    "frozen": "the first value stands for good",
}
_SHORT = {"adopted": "old", "not_permitted": "not permitted", "regress": "set back"}
KINDS: dict[str, str] = {
    "conflict": "two edits contradict each other",
    "duplicate": "two persons may be one",
    "regress": "somebody moved a lead back while another moved it on",
    "reentry": "a lead that had left was moved forward",
    "merge": "records of two persons were merged",
    "unmapped": "nobody mapped this value",
    "refused": "a write that the system refused, or surely would",
    "unanswered": "it is not known whether a write happened",
    "possible_duplicate": "the record may exist already",
    "gone": "its record there is gone for good; make it again?",
}
"""What each kind of question is about."""


EVIDENCE = {
    "email": "by the same e-mail address",
    "phone+name": "by the same phone and name",
    "mobile+name": "by the same mobile phone and name",
    "record": "because one record names the other",
    "otherwise": "matched before, or one names the other",
}
"""What links two records of one person."""


def plural(count: int, noun: str) -> str:
    """Return `1 write`, `2 writes`, `3 entries`."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun[:-1]}ies" if noun.endswith("ry") else f"{count:,} {noun}s"


def verb(count: int, one: str, many: str) -> str:
    """Return the word that goes with a count."""
    return one if count == 1 else many


def listed(names: Iterable[str]) -> str:
    """Return `A`, `A and B`, `A, B and C`; each name once."""
    *front, last = dict.fromkeys(names)
    return f"{', '.join(front)} and {last}" if front else last


def shown(value: Value) -> str:
    """Return a value in quotes; a blank is called one."""
    return f'"{value}"' if value else "(blank)"


def brought(cause: str, origin: str) -> str:
    """Say in few words how a value came: the cause, and the system where it has one."""
    words = {"adopted": "first seen in", "edit": "edited in", "lowering": "set back in", "rule": "follows from an edit in"}
    if cause == "decision":
        return "decided by a person"
    return f"{words.get(cause, cause)} {origin}" if origin else "as the records said together"


def why_standing(reason: str) -> str:
    """Say in words why a difference is left alone."""
    return _STANDING.get(reason, reason)


def short_reason(reason: str) -> str:
    """Name in a word or two why a difference is left alone: for a column, with `why_standing` below it."""
    return _SHORT.get(reason, reason)
