"""Exact keys: strong evidence that two records are one person, and the reasons to distrust one. Pure.

A key is evidence, not an order to merge: a role mailbox or a value that people of several names share is generic and links nobody.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from rapidfuzz.distance import OSA

from leadhub.values.forms import email_match, name_key, phone_match

ROLE_MAILBOXES = frozenset(
    {
        "abuse", "accounting", "accounts", "admin", "administration", "billing", "bookings", "careers", "contact", "enquiries", "enquiry",
        "events", "feedback", "finance", "hello", "help", "helpdesk", "hr", "hostmaster", "info", "inquiries", "invoice", "invoices", "it",
        "jobs", "kontakt", "legal", "mail", "marketing", "media", "news", "newsletter", "no-reply", "noreply", "office", "orders", "postmaster",
        "press", "privacy", "purchasing", "reception", "recruiting", "sales", "security", "service", "services", "shop", "support", "team",
        "vertrieb", "webmaster",
    }
)  # fmt: skip
"""Local parts that several people answer. RFC 2142 names the technical ones; the rest is common usage."""

MANY_NAMES = 3
"""A value shared by this many different names is generic whoever they are."""

_SHORT_PHONE = 7


class Key(NamedTuple):
    """One exact key: `email`, or `phone` together with the surname (a switchboard's number alone says little)."""

    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name as one record shows it."""

    first: str
    last: str

    @classmethod
    def of(cls, shown: Mapping[str, str | None]) -> "Name":
        """Take the name from a record's canonical values."""
        return cls(name_key(shown.get("first_name")), name_key(shown.get("last_name")))


def keys_of(shown: Mapping[str, str | None]) -> tuple[Key, ...]:
    """Return the exact keys of a record's canonical values; a role mailbox is none."""
    keys = []
    address = email_match(shown.get("email") or "")
    if "@" in address and address.partition("@")[0].partition("+")[0] not in ROLE_MAILBOXES:
        keys.append(Key("email", address))
    number, name = phone_match(shown.get("phone") or ""), Name.of(shown)
    if len(number) >= _SHORT_PHONE and name.last and name.first:
        keys.append(Key("phone+name", f"{number}|{name.last}|{name.first}"))
    return tuple(keys)


def compatible(one: Name, other: Name) -> bool:
    """Whether two names may be one person's: a part that is missing, alike, or a beginning of the other speaks against nothing.

    A different surname with the same first name is a marriage as often as another person: it passes. Both parts different do not.
    """
    return _alike(one.last, other.last) or (_alike(one.first, other.first) and bool(one.first and other.first))


def _alike(one: str, other: str) -> bool:
    if not one or not other or one.startswith(other) or other.startswith(one):
        return True
    return OSA.distance(one, other) <= (1 if min(len(one), len(other)) < 6 else 2)


def is_generic(names: Iterable[Name]) -> bool:
    """Whether a key's bearers have too many different names for it to mean a person."""
    groups: list[Name] = []
    for name in sorted({(n.first, n.last) for n in names if n.last or n.first}):
        candidate = Name(*name)
        if not any(compatible(candidate, seen) for seen in groups):
            groups.append(candidate)
    return len(groups) >= MANY_NAMES
