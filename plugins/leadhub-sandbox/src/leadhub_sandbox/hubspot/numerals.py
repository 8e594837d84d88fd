"""Reading whole numbers that strangers sent as text."""

LONGEST = 18  # more digits than any id or millisecond has; int() itself gives up at 4,300


def whole(text: object) -> int | None:
    """Return the number that a text of plain digits stands for (an int stands for itself), or None for anything else."""
    if isinstance(text, bool) or not isinstance(text, int | str):
        return None
    digits = str(text)
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= LONGEST else None
