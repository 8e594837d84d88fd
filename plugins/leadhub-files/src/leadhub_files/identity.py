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
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from leadhub import NativeValue

NAMELESS = 0
_FILTER_BITS = 1 << 25


class Told(NamedTuple):
    """What a row tells of who it is: its number, the id it brings ("" if none), and its values."""

    number: int
    own_id: str
    values: Mapping[str, NativeValue]


@dataclass(frozen=True, slots=True)
class Survey:
    """What a whole file tells of its ids.

    `shared` are the addresses of several people, as `mark` has them, those known before among them; `left` are the addresses that this file was the
    first to show as shared and that no row without a name holds; `last` is the number of the last row of each id that comes several times, by `place`.
    """

    shared: frozenset[int]
    left: tuple[str, ...]
    last: Mapping[int, int]


def mark(text: str) -> int:
    """Return a text as a number of 64 bits: little to keep for a row, and no personal data in a cursor."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


def id_of(row: Told, shared: Collection[int]) -> str:
    """Return the id of the record that a row shows: its own, else its address (with its name's hash where that is shared), else its content's hash."""
    address = _plain(row)
    if not shared or mark(address) not in shared:
        return address
    name = _name(row)
    return f"{address}#{mark(name):016x}" if name else address


class Ids:
    """The ids of many rows, to be looked up: eight bytes each."""

    def __init__(self, ids: Iterable[str]) -> None:
        self._keys = array("q", map(hash, ids))
        self._keys = array("q", sorted(self._keys))

    def __contains__(self, record_id: str) -> bool:
        key = hash(record_id)
        found = bisect_left(self._keys, key)
        return found < len(self._keys) and self._keys[found] == key


class _Rows:
    """Three numbers for each row of a file, and the texts of those ids that seem to come again: little enough for a million rows."""

    def __init__(self, rows: Iterable[Told]) -> None:
        self.numbers, self.keys, self.names = array("I"), array("q"), array("I")
        self.again: dict[int, str] = {}
        seen = bytearray(_FILTER_BITS >> 3)  # a Bloom filter: it never overlooks a repeated id, and takes few others for one
        for row in rows:
            plain = _plain(row)
            key = hash(plain)
            byte, bit = (key % _FILTER_BITS) >> 3, 1 << (key & 7)
            if seen[byte] & bit:
                self.again[key] = plain
            seen[byte] |= bit
            self.numbers.append(row.number)
            self.keys.append(key)
            self.names.append(_short(_name(row)))

    def groups(self) -> dict[int, list[tuple[int, int]]]:
        """Return (row number, name) of the rows of every id that comes more than once."""
        found: dict[int, list[tuple[int, int]]] = {}
        for number, key, name in zip(self.numbers, self.keys, self.names, strict=True):
            if key in self.again:
                found.setdefault(key, []).append((number, name))
        return {key: members for key, members in found.items() if len(members) > 1}


def survey(rows: Iterable[Told], known: frozenset[int]) -> Survey:
    """Look over all rows of a file. `known` are the addresses that are shared already."""
    looked = _Rows(rows)
    shared, left, last = set(known), [], {}
    for key, members in looked.groups().items():
        plain, names = looked.again[key], {name for _, name in members}
        if len(names - {NAMELESS}) > 1:
            shared.add(mark(plain))
            if mark(plain) not in known and NAMELESS not in names:
                left.append(plain)
        last[key] = members[-1][0]
    return Survey(frozenset(shared), tuple(sorted(left)), last)


def place(row: Told) -> int:
    """Return a number that is the same for all rows that may be one person's, in this process."""
    return hash(_plain(row))


def _plain(row: Told) -> str:
    """The id of a row under an address that is not shared. A row without id and address is its content, whatever the order of its columns."""
    if row.own_id:
        return row.own_id
    email = row.values.get("email")
    if isinstance(email, str):
        return email.lower()
    content = json.dumps({name: value for name, value in sorted(row.values.items()) if value is not None}, ensure_ascii=False)
    return f"row-{hashlib.sha256(content.encode()).hexdigest()[:32]}"


def _name(row: Told) -> str:
    """The name that tells apart the people of one address: first and last, in whatever case, spacing and composition. A blank one fits everybody."""
    if row.own_id or row.values.get("email") is None:
        return ""
    name = f"{row.values.get('first_name') or ''} {row.values.get('last_name') or ''}"
    if not name.isascii():
        name = unicodedata.normalize("NFKC", name)
    return " ".join(name.casefold().split())


def _short(name: str) -> int:
    """Return a name as a number that fits 32 bits, never NAMELESS."""
    return (hash(name) & 0xFFFF_FFFF) or 1 if name else NAMELESS
