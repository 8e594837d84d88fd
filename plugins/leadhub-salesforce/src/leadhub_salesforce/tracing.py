"""Creates without a key whose answer was lost: which of the leads that leadhub's user made since can only be theirs. Reads only."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from leadhub import Change, Record
from leadhub_salesforce.client import Client
from leadhub_salesforce.reading import Reader
from leadhub_salesforce.values import full_id

SKEW = timedelta(minutes=1)
"""The clock in the Date header and that of the database may differ by so much."""

_TELLING = ("LastName", "Email", "FirstName", "Company")
"""What tells one create from another. A trigger may rewrite a phone or a status at once; these stay as they were sent, but for case and blanks."""


def trace(client: Client, reader: Reader, changes: Sequence[Change], age: timedelta) -> dict[str, Record]:
    """Return leads by the key of the one create that each fits, made by leadhub's user within this age.

    A lead that two creates fit, and a create that two leads fit, is left out: nobody can tell.
    """
    rows = list(reader.made(full_id(str(client.user_info()["user_id"])), age + SKEW, _TELLING))
    fits = [(change, row) for change in changes for row in rows if _fits(change.values, row)]
    rows_of = Counter(change.key for change, _ in fits)
    changes_of = Counter(str(row["Id"]) for _, row in fits)
    return {change.key: reader.record(row) for change, row in fits if rows_of[change.key] == 1 and changes_of[str(row["Id"])] == 1}


def _fits(sent: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether a row shows what was sent in all that tells people apart; a field that this login does not see says nothing."""
    return all(_plain(sent.get(name)) == _plain(row[name]) for name in _TELLING if name in row)


def _plain(value: object) -> str:
    return " ".join(str(value or "").split()).casefold()
