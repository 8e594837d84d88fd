"""Exact keys: strong evidence that two records are one person, and the reasons to distrust one. Pure.

A key is evidence, not an order to merge: a role mailbox or a value that people of several names share is generic and links nobody.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rapidfuzz.distance import OSA

from leadhub.values.cached import cached
from leadhub.values.email import email_match, email_problem
from leadhub.values.names import name_key
from leadhub.values.phone import phone_match

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
_E164 = re.compile(r"\+[0-9]+").fullmatch
_name_key = cached(name_key)

IDENTIFYING = frozenset({"email", "phone", "mobile", "first_name", "last_name", "country"})
"""The canonical fields that keys and names are made of; the country says where a phone number is dialed."""

RECORD = "record"
"""The kind of key by which a system itself says that two of its records are one person: neither names nor numbers of bearers speak against it."""

EVIDENCE = "evidence"
"""The kind of key by which a deal and the records that it belongs to name each other: it makes nobody the same person."""


FORMER = "former email"
"""The kind of key under which a linked record is still found by an address that it showed before: it links, and raises no doubt."""


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
        return cls(_name_key(shown.get("first_name") or ""), _name_key(shown.get("last_name") or ""))


def keys_of(shown: Mapping[str, str | None], extra_emails: Sequence[str] = ()) -> tuple[Key, ...]:
    """Return the exact keys of a record's canonical values, the most trusted first, none twice; a role mailbox is none.

    `extra_emails` are further addresses of the same person. Phone and mobile are keys of one kind: what one system calls a phone is another's
    mobile. A number without country code is read as one of the record's country.
    """
    keys = [Key("email", address) for address in map(email_match, (shown.get("email") or "", *extra_emails)) if _is_personal(address)]
    name, region = Name.of(shown), shown.get("country")
    if name.last and name.first:
        numbers = (_number(shown.get(field) or "", region) for field in ("phone", "mobile"))
        keys.extend(Key("phone+name", f"{number}|{name.last}|{name.first}") for number in numbers if len(number) >= _SHORT_PHONE)
    return tuple(dict.fromkeys(keys))


def _number(shown: str, region: str | None) -> str:
    """Return the match form of a number. One in E.164 is its own: reading it again would take as long as the first time."""
    return shown if _E164(shown) else phone_match(shown, region)


def _is_personal(address: str) -> bool:
    mailbox = address.partition("@")[0].partition("+")[0]
    return bool(address) and mailbox not in ROLE_MAILBOXES and email_problem(address) is None


def compatible(one: Name, other: Name) -> bool:
    """Whether two names may be one person's: a part that is missing, alike, or a beginning of the other speaks against nothing.

    A different surname with the same first name is a marriage as often as another person: it passes. Both parts different do not. A name of one word
    may be the first name alone.
    """
    same_first = _alike(one.first, other.first) and bool(one.first and other.first)
    return _alike(one.last, other.last) or same_first or _is_first_of(one, other) or _is_first_of(other, one)


def _is_first_of(one: Name, other: Name) -> bool:
    return bool(not one.first and one.last and other.first) and _alike(one.last, other.first)


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
