"""Whether two rows that bear one id are about one person. Pure."""

from collections.abc import Mapping

from leadhub.values.email import email_match
from leadhub.values.names import name_key

TELLING = ("email", "first_name", "last_name")
"""The canonical fields that are looked at."""


def somebody_else(before: Mapping[str, object], now: Mapping[str, object]) -> bool:
    """Say whether both the address and the name are others than before. One of them alone is an edit, and a blank is no other."""
    addresses = {email_match(_text(row, "email")) for row in (before, now)}
    names = {name_key(f"{_text(row, 'first_name')} {_text(row, 'last_name')}") for row in (before, now)}
    return all(len(shown) == 2 and "" not in shown for shown in (addresses, names))


def _text(row: Mapping[str, object], name: str) -> str:
    return str(row.get(name) or "")
