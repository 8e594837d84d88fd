"""The forms of a text, an e-mail address and a phone number. Two values with the same match form are the same value and are never rewritten."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

_SPACES = re.compile(r"\s+")
_NOT_DIGITS = re.compile(r"\D+")


def text_display(value: str) -> str:
    """Return the value in NFC, trimmed, with inner runs of spaces as one."""
    return _SPACES.sub(" ", unicodedata.normalize("NFC", value)).strip()


def text_match(value: str) -> str:
    """Return the display form: capitals count, since a person may have corrected just them."""
    return text_display(value)


def email_display(value: str) -> str:
    """Return the address trimmed, its domain in lower case, its local part as typed."""
    local, at, domain = value.strip().rpartition("@")
    return f"{local}{at}{domain.lower()}" if at else value.strip()


def email_match(value: str) -> str:
    """Return the address in lower case. Plus tags are kept: they may name another mailbox."""
    return value.strip().lower()


def phone_match(value: str) -> str:
    """Return the digits, with a plus where the number is international (a leading 00 is one too). An extension's digits count."""
    stripped = value.strip()
    digits = _NOT_DIGITS.sub("", stripped)
    if stripped.startswith("+"):
        return f"+{digits}"
    return f"+{digits[2:]}" if digits.startswith("00") else digits


@dataclass(frozen=True, slots=True)
class Kind:
    """How values of one canonical field are shown and compared."""

    display: Callable[[str], str]
    match: Callable[[str], str]


TEXT = Kind(text_display, text_match)
FIELDS: dict[str, Kind] = {
    "email": Kind(email_display, email_match),
    "first_name": TEXT,
    "last_name": TEXT,
    "company": TEXT,
    "phone": Kind(text_display, phone_match),
    "job_title": TEXT,
}
"""The canonical plain fields, in the order in which they are shown."""


def name_key(value: str | None) -> str:
    """Return a name without accents, capitals, punctuation and spaces: for telling whether two names may be the same, never for showing."""
    decomposed = unicodedata.normalize("NFKD", value or "")
    return "".join(c for c in decomposed.casefold() if c.isalnum())
