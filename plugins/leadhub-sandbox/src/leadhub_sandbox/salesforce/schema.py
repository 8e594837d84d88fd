"""What an object and a field are. The objects themselves are in `objects`, their public description in `describe`."""

from collections.abc import Iterable
from dataclasses import dataclass, field

Row = dict[str, object]
"""A record: every field of its object by name. Rows are never changed in place: a change is a new row, so an old one is a snapshot."""

STRING_TYPES = frozenset({"string", "textarea", "email", "phone", "url", "picklist", "multipicklist", "combobox"})

INT_DIGITS = 8
_SIZES = {"double": (18, 2), "currency": (18, 2), "percent": (3, 0)}
"""How many digits a number has, and how many of them after the point, unless its field says otherwise."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `length` is in characters (0: not a text); `values` are a picklist's; `references` name objects; `scale` is a number's own."""

    name: str
    type: str = "string"
    length: int = 0
    required: bool = False
    createable: bool = True
    updateable: bool = True
    default: object = None
    unique: bool = False
    external_id: bool = False
    values: tuple[str, ...] = ()
    restricted: bool = False
    references: tuple[str, ...] = ()
    compound: str | None = None
    filterable: bool = True
    scale: int | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Return how many digits a number with a point has in all (0: it is none), and how many of them after the point."""
        precision, scale = _SIZES.get(self.type, (0, 0))
        return precision, scale if self.scale is None else self.scale

    @property
    def whole_digits(self) -> int:
        """Return how many digits a number has at most before the point."""
        precision, scale = self.size
        return INT_DIGITS if self.type == "int" else precision - scale

    @property
    def relationship(self) -> str | None:
        """Return the name by which a query follows the reference (`OwnerId` -> `Owner`)."""
        return self.name.removesuffix("Id") if self.references else None

    @property
    def nillable(self) -> bool:
        """Return whether null is a value of this field."""
        return not self.required and self.type not in ("boolean", "id")


@dataclass(frozen=True)
class SObject:
    """One object. `writable` says whether the public API may create, update and delete its rows."""

    name: str
    prefix: str
    plural: str
    fields: dict[str, Field]
    writable: bool = True
    _lower: dict[str, Field] = field(default_factory=dict, repr=False)
    _relations: dict[str, Field] = field(default_factory=dict, repr=False)

    def find(self, name: str) -> Field | None:
        """Return the field of this name, in any case."""
        return self._lower.get(name.lower())

    def relation(self, name: str) -> Field | None:
        """Return the reference field that a query follows by this name, in any case."""
        return self._relations.get(name.lower())


def sobject(name: str, prefix: str, plural: str, fields: Iterable[Field], *, writable: bool = True) -> SObject:
    """Build an object and its look-ups."""
    known = {f.name: f for f in fields}
    lower = {n.lower(): f for n, f in known.items()}
    relations = {f.relationship.lower(): f for f in known.values() if f.relationship}
    return SObject(name, prefix, plural, known, writable, lower, relations)
