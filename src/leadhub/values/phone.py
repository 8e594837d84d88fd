"""Phone numbers, by the numbering plans of phonenumbers."""

import re
from typing import TYPE_CHECKING

from leadhub.values.cached import cached
from leadhub.values.text import text_display

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_LONGEST = 64
_CANONICAL = re.compile(r"\+[0-9]+(?: ext\. [0-9]+)?")
_NOT_DIGITS = re.compile(r"\D+")
_LETTERS = re.compile(r"[^\W\d_]+")
_SEPARATORS = re.compile(r"[/,;|]")
_DRESS = frozenset({"ext", "extn", "extension", "x", "tel", "telefon", "telephone", "phone", "mobile", "mobil", "fax"})
"""Words beside a number that say nothing more than that it is one."""
_WHOLE_NUMBER = 7


def phone_display(value: str, region: str | None = None) -> str:
    """Return a valid number as E.164, with " ext. N" if it has an extension; any other text as typed.

    `region` (ISO 3166-1 alpha-2) is the country in which a number without country code is dialed; without it such a number stays as typed.
    """
    return _read(text_display(value), region)


def phone_match(value: str, region: str | None = None) -> str:
    """Return what two spellings of one number share: E.164 and extension, else the digits (with a plus if international), else the text."""
    shown = phone_display(value, region)
    if _CANONICAL.fullmatch(shown):
        return shown
    digits = _NOT_DIGITS.sub("", shown)
    if not digits or _has_words(shown):
        return shown.lower()
    if shown.startswith("+"):
        return f"+{digits}"
    return f"+{digits[2:]}" if digits.startswith("00") else digits


def phone_problem(value: str, region: str | None = None) -> str | None:
    """Return why the value is no phone number that can be dialed, as a sentence; None for a valid number and for a blank."""
    shown = phone_display(value, region)
    if not shown or _number(shown, region) is not None:
        return None
    if not any(c.isdigit() for c in shown):
        return "A phone number has digits; this text has none."
    if not region and not shown.startswith(("+", "00")):
        return "The number has no country code, and nothing says in which country it is dialed."
    where = f" of {region}" if region and not shown.startswith(("+", "00")) else ""
    return f"The number is in no numbering plan{where}: a digit too many or too few, two numbers in one field, or words beside it."


@cached
def _read(text: str, region: str | None) -> str:
    number = _number(text, region)
    if number is None:
        return text
    from phonenumbers import national_significant_number

    dialed = f"+{number.country_code}{national_significant_number(number)}"
    return f"{dialed} ext. {number.extension}" if number.extension else dialed


def _number(text: str, region: str | None) -> "PhoneNumber | None":
    if not text or len(text) > _LONGEST or _says_more(text):
        return None
    if text.startswith("00") and (abroad := _valid(f"+{text[2:]}", None)) is not None:  # most countries dial 00 for the plus
        return abroad
    return _valid(text, region)


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
