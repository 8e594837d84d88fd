"""The kinds of value that a canonical field can hold, each with its display form (shown and written) and match form (compared). Pure, cached."""

from collections.abc import Callable
from dataclasses import dataclass

from leadhub.values.booleans import boolean_display
from leadhub.values.country import country_display
from leadhub.values.dates import date_display, instant_display
from leadhub.values.email import email_display, email_match
from leadhub.values.language import language_display
from leadhub.values.numbers import number_display
from leadhub.values.phone import phone_display, phone_match
from leadhub.values.tags import tags_display, tags_match
from leadhub.values.text import multiline_display, multiline_match, text_display
from leadhub.values.url import page_display, page_match, url_display, url_match


@dataclass(frozen=True, slots=True)
class Kind:
    """How values of a field are shown and compared. Both functions take the text and the country (ISO 3166-1 alpha-2) of the record, or None.

    `display` is idempotent, never raises, and returns "" for what says nothing; what it cannot read it returns as typed. A value and its display
    form have one match form. Two values with equal match forms are one value and are never rewritten.
    """

    name: str
    display: Callable[[str, str | None], str]
    match: Callable[[str, str | None], str]


def _kind(name: str, display: Callable[[str], str], match: Callable[[str], str] | None = None) -> Kind:
    """Return a kind whose forms are the same in every country. Without a match form of its own, values are compared as they are shown."""
    compared = match or display
    return Kind(name, lambda value, _region: display(value), lambda value, _region: compared(value))


TEXT = _kind("text", text_display)
MULTILINE = _kind("multiline", multiline_display, multiline_match)
EMAIL = _kind("email", email_display, email_match)
PHONE = Kind("phone", phone_display, phone_match)
PERSON_NAME = _kind("name", text_display)
COMPANY = _kind("company", text_display)
"""Compared as shown: a legal form that somebody adds or changes is an edit."""
COUNTRY = _kind("country", country_display)
URL = _kind("url", url_display, url_match)
PAGE = _kind("page", page_display, page_match)
DATE = _kind("date", date_display)
INSTANT = _kind("instant", instant_display)
NUMBER = _kind("number", number_display)
BOOLEAN = _kind("boolean", boolean_display)
LANGUAGE = _kind("language", language_display)
TAGS = _kind("tags", tags_display, tags_match)
