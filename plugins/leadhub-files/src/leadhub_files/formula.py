"""Cells that a spreadsheet would run as a formula, made text by an apostrophe and read back without it. Pure.

Law: `unguarded(guarded(text)) == text` for every text. The signs are those of OWASP's page "CSV Injection".
"""

_SIGNS = frozenset("=+-@\t\r")


def guarded(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in _SIGNS or _looks_guarded(text) else text


def unguarded(cell: str) -> str:
    """Return the text of a cell, whether leadhub or a person wrote it."""
    return cell[1:] if _looks_guarded(cell) else cell


def _looks_guarded(text: str) -> bool:
    return text[:1] == "'" and (text[1:2] in _SIGNS or text[1:2] == "'")
