"""Yes and no."""

from leadhub.values.text import text_display

_YES = frozenset({"true", "yes", "y", "1", "x", "on", "t", "ja", "j", "wahr"})
_NO = frozenset({"false", "no", "n", "0", "off", "f", "nein", "falsch"})
_SAID_YES = frozenset({"subscribed", "opted in", "opted-in", "granted", "accepted", "checked", "✓", "✔"}) | frozenset(
    {"abonniert", "angemeldet", "eingewilligt", "zugestimmt", "erteilt"}
)
_SAID_NO = frozenset({"unsubscribed", "opted out", "opted-out", "denied", "unchecked", "✗", "✘", "-"}) | frozenset(
    {"abgemeldet", "abgelehnt", "widerrufen", "verweigert"}
)
"""What lists and forms write beside the words above where somebody was asked: the answer to a question, and no value of a field."""
_WORDS = {**dict.fromkeys(_YES, "true"), **dict.fromkeys(_NO, "false")}


def boolean_display(value: str) -> str:
    """Return "true" or "false" for the English and German words and marks for it; any other text as typed, blank as blank: not known is not no."""
    text = text_display(value)
    return _WORDS.get(text.casefold(), text)


def yes_or_no(text: str) -> bool | None:
    """Return what an answer says in English or German, None where it is neither yes nor no."""
    word = boolean_display(text).casefold()
    if word == "true" or word in _SAID_YES:
        return True
    if word == "false" or word in _SAID_NO:
        return False
    return None
