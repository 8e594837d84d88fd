"""Languages as BCP 47 tags."""

from functools import cache

from leadhub.values.cached import cached
from leadhub.values.text import text_display

_LONGEST = 64


def language_display(value: str) -> str:
    """Return a language as its BCP 47 tag ("de_DE", "de-de": "de-DE"; "German", "Deutsch": "de"); any other text as typed."""
    return _read(text_display(value))


@cached
def _read(text: str) -> str:
    if not text or len(text) > _LONGEST:
        return text
    return _by_name().get(text.casefold()) or _tag(text) or text


def _tag(text: str) -> str | None:
    """Return the tag that Babel reads in the text; None if it reads none, or of no language that it knows."""
    from babel.core import parse_locale

    try:
        language, territory, script, variant, *_ = parse_locale(text.replace("-", "_"))
    except ValueError:
        return None
    if language not in _codes():
        return None
    return "-".join(part for part in (language, script, territory, variant) if part)


@cache
def _codes() -> frozenset[str]:
    from babel import Locale

    return frozenset(Locale("en").languages)


@cache
def _by_name() -> dict[str, str]:
    """The names of languages in English and German, by casefold."""
    from babel import Locale

    names: dict[str, str] = {}
    for locale in ("en", "de"):
        for code, name in Locale(locale).languages.items():
            names.setdefault(name.casefold(), code.replace("_", "-"))
    return names
