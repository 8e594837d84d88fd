"""Countries: many names, one code, and no guess."""

import pytest
from babel import Locale

from leadhub.values.country import _LOCALES, _codes, _key, country_code, country_display, country_name


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("DE", ["Deutschland", "DE", "de", "DEU", "Germany", "Allemagne", "Alemania", "Federal Republic of Germany", "Germnay"]),
        ("TR", ["Türkiye", "Turkey", "Turkiye", "Türkei"]),
        ("US", ["USA", "U.S.A.", "US", "U.S.", "United States of America", "america", "Untied States", "Vereinigte Staaten"]),
        ("GB", ["UK", "U.K.", "england", "Scotland", "Great Britain", "Großbritannien", "United Kingdom"]),
        ("NL", ["Holland", "The Netherlands", "Niederlande"]),
        ("JP", ["日本", "Japan"]),
        ("CI", ["Côte d'Ivoire", "Côte d’Ivoire", "Cote d'Ivoire", "Ivory Coast"]),
        ("KR", ["South Korea", "Korea, Republic of"]),
        ("BO", ["Bolivia, Plurinational State of"]),
        ("CD", ["Congo, Democratic Republic of the"]),
        ("GE", ["Georgia"]),
        ("NA", ["NA", "Namibia"]),
        ("NE", ["Niger"]),
        ("NG", ["Nigeria"]),
    ],
)
def test_a_country_is_one_under_all_its_names(code: str, names: list[str]) -> None:
    """Codes, English, German and other names, official names in any order, a slip of the finger (edge cases 53, 54)."""
    assert {name: country_code(name) for name in names} == dict.fromkeys(names, code)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "N/A",
        "n.a.",
        "Congo",
        "Indiana",
        "New Jersey",
        "New Mexico",
        "Georgia, USA",
        "Germany, Austria",
        "not in Germany",
        "Michael Jordan",
        "EU",
        "ZZ",
    ],
)
def test_what_is_no_single_country_stays_as_typed(text: str) -> None:
    """A state, two countries, a remark, "not available": none is guessed into a country."""
    assert country_code(text) is None
    assert country_display(text) == text


def test_every_code_has_a_name_that_leads_back_to_it() -> None:
    """What is written by name is read back as the same country."""
    assert len(_codes()) == 250
    assert {code: country_code(country_name(code)) for code in _codes()} == {code: code for code in _codes()}
    assert country_name("GB") == "United Kingdom"
    assert country_name("BA") == "Bosnia and Herzegovina"
    assert country_name("somewhere") == "somewhere"


def test_no_name_means_two_countries_in_two_languages() -> None:
    """The order of the languages decides nothing."""
    claims: dict[str, set[str]] = {}
    for locale in _LOCALES:
        for code, name in Locale(locale).territories.items():
            if code in _codes():
                claims.setdefault(_key(name), set()).add(code)
    assert {key: codes for key, codes in claims.items() if len(codes) > 1} == {}
