"""Phone numbers, by the numbering plans of phonenumbers."""

import re
from typing import TYPE_CHECKING, NamedTuple

from leadhub.values.cached import cached
from leadhub.values.text import text_display

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_LONGEST = 64
_DIGIT = re.compile(r"[0-9]")
_NOT_DIGITS = re.compile(r"\D+")
_POWER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?[eE][+-]?[0-9]+")
"""How a spreadsheet writes a long number: 4.91712E+11."""
_LETTERS = re.compile(r"[^\W\d_]+")
_SEPARATORS = re.compile(r"[/,;|]")
_DRESS = frozenset({"ext", "extn", "extension", "x", "tel", "telefon", "telephone", "phone", "mobile", "mobil", "fax"})
"""Words beside a number that say nothing more than that it is one."""
_WHOLE_NUMBER = 7


class _Reading(NamedTuple):
    """What is to be shown, what it is compared by, and what is wrong with it."""

    shown: str
    match: str
    problem: str | None


def phone_display(value: str, region: str | None = None) -> str:
    """Return a valid number as E.164, with " ext. N" if it has an extension; any other text as typed, and nothing for a power of ten.

    `region` (ISO 3166-1 alpha-2) is the country in which a number without country code is dialed; without it such a number stays as typed. So does one
    that may have lost its plus: digits that begin with the country's own code, and are another number with a plus before them.
    """
    return _read(text_display(value), region).shown


def phone_match(value: str, region: str | None = None) -> str:
    """Return what two spellings of one number share: E.164 and extension, else the digits (with a plus if international), else the text.

    A number that may have lost its plus is that of the plus: nobody's number is rewritten because a spreadsheet dropped a sign.
    """
    return _read(text_display(value), region).match


def phone_problem(value: str, region: str | None = None) -> str | None:
    """Return why the value is no phone number that can be dialed, without repeating it; None for a valid number and for a blank."""
    return _read(text_display(value), region).problem


@cached
def _read(text: str, region: str | None) -> _Reading:
    if not text:
        return _Reading("", "", None)
    if _POWER.fullmatch(text):
        return _Reading("", "", "a spreadsheet wrote it as a power of ten, and its last digits are lost")
    number = _number(text, region)
    if number is None:
        return _Reading(text, _digits_of(text), _why_not(text, region))
    abroad = _with_plus(text, region)
    if abroad is None or _canonical(abroad) == _canonical(number):
        return _Reading(_canonical(number), _canonical(number), None)
    return _Reading(text, _canonical(abroad), f"it begins with the code of {region} itself: its plus may be lost, or it is a number there")


def _canonical(number: "PhoneNumber") -> str:
    from phonenumbers import national_significant_number

    dialed = f"+{number.country_code}{national_significant_number(number)}"
    return f"{dialed} ext. {number.extension}" if number.extension else dialed


def _digits_of(text: str) -> str:
    """What tells a text apart that is no valid number."""
    digits = _NOT_DIGITS.sub("", text)
    if not digits or _has_words(text):
        return text.lower()
    if text.startswith("+"):
        return f"+{digits}"
    return f"+{digits[2:]}" if digits.startswith("00") else digits


def _why_not(text: str, region: str | None) -> str:
    if not any(c.isdigit() for c in text):
        return "it has no digits"
    if not region and not text.startswith(("+", "00")):
        return "it has no country code, and nothing says in which country it is dialed"
    return "it is in no numbering plan: a digit too many or too few, two numbers in one field, or words beside it"


def _number(text: str, region: str | None) -> "PhoneNumber | None":
    if len(text) > _LONGEST or _says_more(text):
        return None
    if text.startswith("00") and (abroad := _valid(f"+{text[2:]}", None)) is not None:  # most countries dial 00 for the plus
        return abroad
    return _valid(text, region)


def _with_plus(text: str, region: str | None) -> "PhoneNumber | None":
    """The number that the digits are with a plus before them, where they begin with the code of the country itself."""
    first = _DIGIT.search(text)
    if region is None or first is None or "+" in text[: first.start()]:
        return None
    from phonenumbers import country_code_for_region

    code = str(country_code_for_region(region))
    return _valid(f"+{text[first.start() :]}", None) if _NOT_DIGITS.sub("", text).startswith(code) else None


def _says_more(text: str) -> bool:
    """Whether E.164 would lose something: words, or a second number."""
    return _has_words(text) or sum(len(_NOT_DIGITS.sub("", part)) >= _WHOLE_NUMBER for part in _SEPARATORS.split(text)) > 1


def _has_words(text: str) -> bool:
    """Whether letters say something: "ask for Ann", or a number spelled in letters."""
    return any(word.lower() not in _DRESS for word in _LETTERS.findall(text))


def _valid(text: str, region: str | None) -> "PhoneNumber | None":
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    # The main country of the code is tried first: is_valid_number alone looks for the country first, and takes twice as long.
    country = phonenumbers.region_code_for_country_code(number.country_code or 0)
    return number if phonenumbers.is_valid_number_for_region(number, country) or phonenumbers.is_valid_number(number) else None
