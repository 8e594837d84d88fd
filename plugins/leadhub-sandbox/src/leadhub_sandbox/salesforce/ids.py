"""Record ids: a three-letter prefix, a base-62 number, and the three letters that make 15 case-sensitive characters safe to fold.

The suffix rule: for each group of five characters, bit j is set if character j is A-Z; the number indexes A-Z0-5.
"""

import re

from leadhub_sandbox.salesforce.errors import ApiError

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SUFFIXES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
SHORT = 15
_ID = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")


def suffix(short: str) -> str:
    """Return the three check letters of a 15-character id."""
    groups = (short[i : i + 5] for i in range(0, SHORT, 5))
    return "".join(SUFFIXES[sum(1 << j for j, c in enumerate(group) if "A" <= c <= "Z")] for group in groups)


def make(prefix: str, pod: str, number: int) -> str:
    """Return the 18-character id of a number; ids of one prefix sort by number."""
    text = ""
    while number:
        number, rest = divmod(number, len(DIGITS))
        text = DIGITS[rest] + text
    short = prefix + pod + text.rjust(SHORT - len(prefix) - len(pod), "0")
    return short + suffix(short)


def full(text: object) -> str | None:
    """Return the 18-character form of a 15- or 18-character id, or None when it is neither (a wrong suffix included)."""
    if not isinstance(text, str) or not _ID.fullmatch(text):
        return None
    complete = text[:SHORT] + suffix(text[:SHORT])
    return complete if len(text) == SHORT or text == complete else None


def wanted(text: object, prefixes: tuple[str, ...], label: str) -> str:
    """Return the 18-character form of an id given as a value; raises MALFORMED_ID for a wrong form or prefix."""
    complete = full(text)
    if complete is None or complete[:3] not in prefixes:
        raise ApiError(400, "MALFORMED_ID", f"{label}: id value of incorrect type: {text}", [label])
    return complete
