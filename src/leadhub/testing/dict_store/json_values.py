"""JSON values that the store keeps for others: what is given is not changed by its giver later, nor what is got by its getter."""

import json
from typing import Any

_PLAIN = frozenset({str, int, bool, type(None)})


class _Text(str):
    """JSON, to be read anew by each who asks."""

    __slots__ = ()


def json_in(value: Any) -> Any:
    """Return a value that nobody can change, and that `json_out` reads: a value that is no JSON is refused, as the databases do."""
    return value if type(value) in _PLAIN else _Text(json.dumps(value))


def json_out(kept: Any) -> Any:
    """Return what was given to `json_in`."""
    return json.loads(kept) if type(kept) is _Text else kept
