"""E-mail addresses, by the rules of email-validator; no name server is ever asked."""

import re
from functools import cache

from leadhub.values.cached import cached
from leadhub.values.text import text_display

_PLAIN = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:(?!..--)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+(?!..--)(?:[A-Za-z0-9][A-Za-z0-9-]{0,61})?[A-Za-z]"
)
"""Addresses about which there is nothing to find out: ASCII, and no label in Punycode."""

_LONGEST = 254


def email_display(value: str) -> str:
    """Return a valid address as email-validator normalizes it: the domain in lower case and in Unicode, the local part as typed.

    A mailbox that RFC 2142 names (info, sales, postmaster …) is the same in any capitals and is shown in lower case. What is no address stays as typed.
    """
    return _read(text_display(value))[0]


def email_match(value: str) -> str:
    """Return the address in lower case. Plus tags are kept: they may name another mailbox."""
    return email_display(value).lower()


def email_problem(value: str) -> str | None:
    """Return why the value is no address to which mail can go, as a sentence; None for a valid address and for a blank.

    Names reserved for other uses (.local, .invalid, localhost) are no addresses; .test is one, so that a deployment can be tried out.
    """
    return _read(text_display(value))[1]


@cached
def _read(text: str) -> tuple[str, str | None]:
    """Return what to show, and what is wrong."""
    if len(text) <= _LONGEST and _PLAIN.fullmatch(text):
        local, _, domain = text.partition("@")
        domain, lower = domain.lower(), local.lower()
        reserved, mailboxes = _library_lists()
        if domain[domain.rfind(".") + 1 :] not in reserved:
            return f"{lower if lower in mailboxes else local}@{domain}", None
    return _read_by_library(text)


@cache
def _library_lists() -> tuple[frozenset[str], frozenset[str]]:
    """The top domains that are reserved, and the mailboxes that are the same in any capitals."""
    from email_validator import SPECIAL_USE_DOMAIN_NAMES
    from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES

    return frozenset(SPECIAL_USE_DOMAIN_NAMES), frozenset(CASE_INSENSITIVE_MAILBOX_NAMES)


def _read_by_library(text: str) -> tuple[str, str | None]:
    from email_validator import EmailNotValidError, validate_email

    if not text:
        return "", None
    if len(text) > 2 * _LONGEST:
        return text, f"An e-mail address has at most {_LONGEST} characters; this text has {len(text)}."
    try:
        return validate_email(text, check_deliverability=False, test_environment=True).normalized, None
    except EmailNotValidError as error:
        return text, str(error)
