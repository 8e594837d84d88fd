"""Yes and no."""

from leadhub.values.text import text_display

_YES = frozenset({"true", "yes", "y", "1", "x", "on", "t", "ja", "j", "wahr"})
_NO = frozenset({"false", "no", "n", "0", "off", "f", "nein", "falsch"})
_WORDS = {**dict.fromkeys(_YES, "true"), **dict.fromkeys(_NO, "false")}


def boolean_display(value: str) -> str:
    """Return "true" or "false" for the English and German words and marks for it; any other text as typed, blank as blank: not known is not no."""
    text = text_display(value)
    return _WORDS.get(text.casefold(), text)
