"""Countries as ISO 3166-1 alpha-2 codes, from the names that Babel and countryguess know."""

import re
import unicodedata
import warnings
from functools import cache
from typing import TYPE_CHECKING

from leadhub.values.cached import cached
from leadhub.values.text import text_display

if TYPE_CHECKING:
    from countryguess import CountryData  # type: ignore[import-untyped]  # it ships no types

_LONGEST = 80
_LOCALES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da", "fi", "cs", "hu", "tr", "ja", "zh", "ko", "ru", "uk")
"""The languages of most lists of leads. No name in one of them means another country in the next (a test holds that)."""

_ALIASES = {
    "GB": ("U.K.", "Great Britain", "England", "Scotland", "Wales", "Northern Ireland", "Großbritannien", "Schottland", "Nordirland"),
    "IE": ("Republic of Ireland", "Eire"),
    "US": (
        "America",
        "U.S.",
        "U.S.A.",
        "U.S. of A.",
        "United States of America",
        "Vereinigte Staaten von Amerika",
        "EE. UU.",
        "EUA",
        "États-Unis d'Amérique",
    ),
    "NL": ("Holland", "The Netherlands"),
    "DE": ("BRD", "Federal Republic of Germany", "Bundesrepublik Deutschland"),
    "CZ": ("Czech Republic", "Tschechische Republik"),
    "TR": ("Turkey", "Turkiye"),
    "CI": ("Ivory Coast", "Elfenbeinküste"),
    "KR": ("Korea", "Republic of Korea"),
    "AE": ("U.A.E.", "Emirates", "VAE"),
    "CH": ("Swiss Confederation", "Schweizerische Eidgenossenschaft"),
    "MK": ("Macedonia", "Mazedonien"),
    "MM": ("Burma", "Birma"),
    "SZ": ("Swaziland",),
    "CV": ("Cape Verde",),
    "TL": ("East Timor",),
    "RU": ("Russian Federation", "Russische Föderation"),
    "TW": ("Taiwan, Province of China",),
    "HK": ("Hongkong",),
    "MO": ("Macao",),
    "VA": ("Holy See",),
    "PS": ("Palestine",),
}
"""What people write and neither library knows, or knows only as part of something longer."""

_AMBIGUOUS = frozenset({"congo", "kongo"})
"""Names that two countries share: never guessed."""

_NAMES = {
    "CD": "Democratic Republic of the Congo",
    "CG": "Republic of the Congo",
    "HK": "Hong Kong",
    "MM": "Myanmar",
    "MO": "Macao",
    "PS": "Palestine",
}
"""English names where Babel's is made for a list, not for an address."""

_FILLERS = frozenset({"the", "of", "and"})
_NOT_LETTERS = re.compile(r"[\W_]+")
_TYPO_FROM = 6


def country_display(value: str) -> str:
    """Return the ISO 3166-1 alpha-2 code of the country that the text names, the text as typed if it names none, or more than one."""
    text = text_display(value)
    return country_code(text) or text


@cached
def country_code(text: str) -> str | None:
    """Return the ISO 3166-1 alpha-2 code of a country given by code or by name, None if it is none.

    Names are read in many languages, in any order of their words ("Korea, Republic of"); one slip of the finger in a longer English name is
    forgiven. "NA" is Namibia's code; that a column writes it for "not available" is for its mapping to say. "N/A" and "n.a." are no country.
    """
    if len(text) > _LONGEST:
        return None
    key = _key(text)
    if key in _AMBIGUOUS:
        return None
    return _by_code().get(text.casefold()) or _by_key().get(key) or _by_words().get(_words(text)) or _despite_a_slip(text, key)


def country_name(code: str) -> str:
    """Return the English name of a country, in the form in which most systems list it; a code that is none as it is."""
    if code not in _codes():
        return code
    return _NAMES.get(code) or _english(code)


def _english(code: str) -> str:
    from babel import Locale

    return str(Locale("en").territories[code]).replace("&", "and").replace("’", "'")


def _key(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text).casefold() if c.isalnum())


def _words(text: str) -> frozenset[str]:
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    letters = "".join(c for c in decomposed if not unicodedata.combining(c))
    return frozenset(_NOT_LETTERS.sub(" ", letters).split()) - _FILLERS


@cache
def _countryguess() -> "CountryData":
    from countryguess import CountryData

    data = CountryData()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves closing its data file to the garbage collector
        len(data.countries)
    return data


@cache
def _codes() -> frozenset[str]:
    """The codes of ISO 3166-1 in use, and Kosovo's: those that both libraries list."""
    from babel import Locale

    return frozenset(_countryguess().codes_iso2) & frozenset(Locale("en").territories)


def _english_names() -> list[tuple[str, str]]:
    listed = [country for country in _countryguess().countries if country["iso2"] in _codes()]
    return [
        *((name, code) for code, names in _ALIASES.items() for name in names),
        *((_english(code), code) for code in sorted(_codes())),
        *((country[form], country["iso2"]) for country in listed for form in ("name_short", "name_official")),
    ]


@cache
def _by_code() -> dict[str, str]:
    three_letters = {country["iso3"].casefold(): country["iso2"] for country in _countryguess().countries if country["iso2"] in _codes()}
    return three_letters | {code.casefold(): code for code in _codes()}


@cache
def _by_key() -> dict[str, str]:
    """Names without case, accents and punctuation. The first that claims a key keeps it: English, then the other languages in their order."""
    from babel import Locale

    table: dict[str, str] = {}
    for name, code in _english_names():
        table.setdefault(_key(name), code)
    for locale in _LOCALES:
        for code, name in Locale(locale).territories.items():
            if code in _codes():
                table.setdefault(_key(name), code)
    return table


@cache
def _by_words() -> dict[frozenset[str], str]:
    table: dict[frozenset[str], str] = {}
    for name, code in _english_names():
        table.setdefault(_words(name), code)
    return table


def _despite_a_slip(text: str, key: str) -> str | None:
    """Return the country that countryguess proposes, if the text is but one letter off its name: alone, it takes "Indiana" for India."""
    if len(key) < _TYPO_FROM:
        return None
    from rapidfuzz.distance import OSA

    proposed = _countryguess().get(text)
    if proposed is None or proposed["iso2"] not in _codes():
        return None
    code = str(proposed["iso2"])
    return code if OSA.distance(key, _key(_english(code)), score_cutoff=1) <= 1 else None
