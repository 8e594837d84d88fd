"""The simulated world: records as plain dicts, and the schedule of what people, automations and the network do to them."""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import NamedTuple

from leadhub.core.sides import Side
from leadhub.lifecycle.relation import Relation
from leadhub.model.person import Link, Value
from leadhub.model.record import AUTOMATION, Author

PERSON = Author("person", "jane")


class Op(NamedTuple):
    """One step of a schedule. `site` counts records from 0; `arg` is `field=value` for edits; `who` is person or automation.

    Kinds: edit, same (type what another record shows; arg `field=site`), lag (the next pull sees the record as it is now), between and
    window (an edit between read and re-read, and between re-read and write, of the next round), fault (crash, half, lost, unknown, refused:
    what happens to the next write there), join (the record is adopted), decide (answer a review), age (40 days pass), round.
    """

    kind: str
    site: int = 0
    arg: str = ""
    who: str = "person"

    def __repr__(self) -> str:
        return _brief("Op", zip(self._fields, self, strict=True), self._field_defaults)


def _brief(name: str, given: Iterable[tuple[str, object]], defaults: Mapping[str, object]) -> str:
    """Python for an object without what it has by default: short enough to paste into a test."""
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in given if key not in defaults or value != defaults[key])})"


class _Brief:
    """A dataclass that shows what differs from its defaults."""

    def __repr__(self) -> str:
        known = fields(self)  # type: ignore[arg-type]  # a mixin of dataclasses alone
        defaults = {f.name: f.default_factory() if f.default is MISSING and f.default_factory is not MISSING else f.default for f in known}
        return _brief(type(self).__name__, ((f.name, getattr(self, f.name)) for f in known), defaults)


@dataclass(frozen=True, repr=False)
class SiteSetup(_Brief):
    """How one record starts and how its system behaves."""

    system: str
    fields: Mapping[str, Value] = field(default_factory=dict)
    object: str = "record"
    state: Mapping[str, str] | None = None
    lead: int | None = None
    writable: bool = True
    limit: int | None = None
    lowers: bool = False
    rewrites: bool = False
    detects: bool = True
    joined: bool = True


@dataclass(frozen=True, repr=False)
class Setup(_Brief):
    """A configuration and the records it starts with."""

    sites: tuple[SiteSetup, ...]
    prefer: str | None = None
    owner: str | None = None
    strict: bool = False
    clear: str = "keep"
    adoption: Mapping[str, str] = field(default_factory=dict)
    trust: str | None = None
    own_lead: tuple[str, ...] = ()


class Seen(NamedTuple):
    """A record as it was read, and how many changes it had then."""

    values: Mapping[str, Value]
    state: Mapping[str, str] | None
    authors: Mapping[str, Author]
    nodes: dict[str, int]
    revision: int


class Site:
    """One record in a simulated system."""

    def __init__(self, index: int, setup: SiteSetup, lead_id: str | None, relation: Relation | None) -> None:
        self.index, self.setup, self.relation = index, setup, relation
        self.system = setup.system
        self.values: dict[str, Value] = dict(setup.fields)
        self.state: dict[str, str] | None = None if setup.state is None else dict(setup.state)
        self.authors: dict[str, Author] = {}
        self.nodes: dict[str, int] = {}
        self.revision = 0
        self.joined = setup.joined
        self.stale: Seen | None = None
        self.stored: Seen | None = None
        self.faults: list[str] = []
        self.between: list[Op] = []
        self.window: list[Op] = []
        self.link = Link(setup.system, setup.object, str(index), "p1", lead_id)

    def get(self, name: str) -> Value:
        """Return what the record shows in one field, plain or of the state."""
        return (self.state or {}).get(name, "") if self.is_state(name) else self.values.get(name)

    def is_state(self, name: str) -> bool:
        """Tell a state field from a plain one."""
        return self.state is not None and name in self.state

    def put(self, name: str, value: Value, author: Author) -> None:
        """Store a value as this system does: lower-cased, cut off."""
        self.revision += 1
        self.authors[name] = author
        if self.state is not None and self.is_state(name):
            self.state[name] = value or ""
            return
        if value is not None:
            value = value.lower() if self.setup.lowers else value
            value = value[: self.setup.limit] if self.setup.limit else value
        self.values[name] = value

    def look(self) -> Seen:
        """Return the record as it is now."""
        state = None if self.state is None else dict(self.state)
        return Seen(dict(self.values), state, dict(self.authors), dict(self.nodes), self.revision)

    def observe(self) -> Seen:
        """Read the record as a pull does: perhaps as it was a while ago, never older than what was read before."""
        seen = self.stale if self.stale is not None else self.look()
        self.stale = None
        if self.stored is None or seen.revision >= self.stored.revision:
            self.stored = seen
        return self.stored

    def reread(self) -> Seen:
        """Read the record by its id: always as it is now."""
        self.stored = self.look()
        return self.stored

    def side(self, seen: Seen) -> Side:
        """What the record shows the hub, as observed."""
        limits = dict.fromkeys(seen.values, self.setup.limit) if self.setup.limit else {}
        return Side(
            self.link,
            dict(seen.values),
            seen.state,
            frozenset(seen.values) if self.setup.writable else frozenset(),
            frozenset(self.relation.state_fields) if self.relation is not None and self.setup.writable else frozenset(),
            {name: limit for name, limit in limits.items() if limit is not None},
            seen.authors,
        )

    def rebase(self, link: Link) -> None:
        """Take over what the hub now holds to be agreed with this record."""
        self.link = replace(link)


def author_of(who: str) -> Author:
    """Return who an operation is by."""
    return PERSON if who == "person" else AUTOMATION
