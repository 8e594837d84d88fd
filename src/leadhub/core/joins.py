"""Fields whose edits never conflict, because any two values have a join: the greater, the more protective, the union. Pure."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from leadhub.model.person import Value
from leadhub.values.fields import Merge

JOINS: frozenset[Merge] = frozenset({"max", "restrictive", "union"})


def join(merge: Merge, values: Sequence[Value]) -> Value:
    """Return what all the values come to together; None if all are blank. The order of the values does not matter."""
    given = [value for value in values if value]
    if not given:
        return None
    match merge:
        case "restrictive":
            return "true" if "true" in given else min(given)
        case "max":
            return max(given, key=_order)
        case "union":
            return ";".join(sorted(_members(given).values(), key=lambda member: (member.casefold(), member)))
        case _:
            raise ValueError(f"{merge} has no join")


def covers(merge: Merge, shown: Value, hub: Value) -> bool:
    """Whether a side that shows one value needs nothing of the other: of tags it may have more than the hub."""
    if merge == "union":
        return _members([hub or ""]).keys() <= _members([shown or ""]).keys()
    return False


def _members(values: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for member in sorted(part.strip() for value in values for part in value.split(";")):
        if member:
            found.setdefault(member.casefold(), member)
    return found


def _order(value: str) -> tuple[bool, Decimal, str]:
    try:
        return True, Decimal(value), value
    except InvalidOperation:
        return False, Decimal(0), value  # dates and instants: ISO texts are in the order of time
