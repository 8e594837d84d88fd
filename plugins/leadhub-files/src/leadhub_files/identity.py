"""Who a row is: its id, and a first look over a file for addresses that several people share. Pure.

A row brings its id, or is known by its e-mail address. The address alone is the better id as long as one person has it: a corrected name stays the
same record, whereas an id made of address and name would leave the old record behind at every correction. Where one file shows an address under
two names, both rows get the address with a hash of the name, whatever their order, and the plain address is nobody's any more: given to one of the
two it could pass to the other with the next export. An address that was shared once stays shared, also when an export shows one of its people alone;
so the cursor remembers it. The price: a corrected name under a shared address is a new record.
"""

import hashlib
import json
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from leadhub import NativeValue

NAMELESS = 0


@dataclass(frozen=True, slots=True)
class Told:
    """What a row tells of who it is: its number, the id it brings ("" if none), and its values."""

    number: int
    own_id: str
    values: Mapping[str, NativeValue]


@dataclass(frozen=True, slots=True)
class Survey:
    """What a whole file tells of its ids.

    `shared` are the addresses of several people, as `mark` has them, those known before among them; `left` are the addresses that this file was the
    first to show as shared and that no row without a name holds; `repeats` are the numbers of the rows that show a record of an earlier row again.
    """

    shared: frozenset[int]
    left: tuple[str, ...]
    repeats: tuple[int, ...]


def mark(text: str) -> int:
    """Return a text as a number of 64 bits: little to keep for a row, and no personal data in a cursor."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


def id_of(row: Told, shared: Collection[int]) -> str:
    """Return the id of the record that a row shows: its own, else its address (with its name's hash where that is shared), else its content's hash."""
    address, name = _plain(row), _name(row)
    return f"{address}#{name:016x}" if name != NAMELESS and mark(address) in shared else address


def survey(rows: Iterable[Told], known: frozenset[int]) -> Survey:
    """Look over all rows of a file. `known` are the addresses that are shared already. Keeps two numbers a row while it looks, and none of the rows."""
    first: dict[int, int] = {}
    again: list[tuple[int, str, int]] = []
    for row in rows:
        plain, name = _plain(row), _name(row)
        if (key := mark(plain)) in first:
            again.append((row.number, plain, name))
        else:
            first[key] = name
    names: dict[str, set[int]] = {}
    for _, plain, name in again:
        names.setdefault(plain, {first[mark(plain)]}).add(name)
    several = {plain for plain, of in names.items() if len(of - {NAMELESS}) > 1}
    shared = known | {mark(plain) for plain in several}
    left = tuple(sorted(plain for plain in several if mark(plain) not in known and NAMELESS not in names[plain]))
    return Survey(shared, left, _repeats(first, again, shared))


def _repeats(first: Mapping[int, int], again: Iterable[tuple[int, str, int]], shared: Collection[int]) -> tuple[int, ...]:
    seen: set[tuple[int, int]] = set()
    repeats = []
    for number, plain, name in again:
        key = mark(plain)
        seen.add((key, first[key] if key in shared else NAMELESS))
        this = (key, name if key in shared else NAMELESS)
        if this in seen:
            repeats.append(number)
        seen.add(this)
    return tuple(repeats)


def _plain(row: Told) -> str:
    """The id of a row under an address that is not shared. A row without id and address is its content, whatever the order of its columns."""
    if row.own_id:
        return row.own_id
    email = row.values.get("email")
    if isinstance(email, str):
        return email.lower()
    content = json.dumps({name: value for name, value in sorted(row.values.items()) if value is not None}, ensure_ascii=False)
    return f"row-{hashlib.sha256(content.encode()).hexdigest()[:32]}"


def _name(row: Told) -> int:
    """The name that tells apart the people of one address: first and last, in whatever case, spacing and composition. A blank one fits everybody."""
    if row.own_id or row.values.get("email") is None:
        return NAMELESS
    parts = (str(row.values.get(field) or "") for field in ("first_name", "last_name"))
    name = " ".join(unicodedata.normalize("NFKC", " ".join(parts)).casefold().split())
    return mark(name) if name else NAMELESS
