"""What may be written: one object of one system, with the rules for making records there. Data only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain

from leadhub.core.owners import NOBODY, OwnerBook
from leadhub.lifecycle.relation import Relation
from leadhub.model.record import ObjectMapping


@dataclass(frozen=True, slots=True)
class CreateRule:
    """For whom a missing record is made: leads at these stages, of whom these fields are known, who have a record in one of these systems.

    An empty part asks nothing.
    """

    stages: frozenset[str] = frozenset()
    fields: tuple[str, ...] = ()
    systems: frozenset[str] = frozenset()


EVERYBODY = CreateRule()


@dataclass(frozen=True, slots=True)
class TargetObject:
    """One object of one system that may be written. `creates` says whether a missing record is made there, `create_rule` for whom.

    `owner_by_rule`: the system itself decides whose a new record becomes. `defaults` fill required native fields of which nothing is known.
    """

    system: str
    mapping: ObjectMapping
    relation: Relation | None
    creates: bool = False
    create_rule: CreateRule = EVERYBODY
    owner_by_rule: bool = False
    converts: int = 0
    """How many records the system converts in a call; 0: none."""
    may_convert: bool = False
    owners: OwnerBook = NOBODY
    defaults: Mapping[str, str] = field(default_factory=dict)
    scope: tuple[str, ...] = ()
    """Native fields that only tell whether a record is in scope."""
    of_leads: frozenset[str] = frozenset()
    """The canonical fields that belong to a lead and not to the person."""
    installation: str = ""
    """Which leadhub makes the records: their keys begin with it."""

    @property
    def key(self) -> tuple[str, str]:
        """System and object."""
        return self.system, self.mapping.object


def native_names(target: TargetObject) -> tuple[str, ...]:
    """Return every native field that this object is asked for: mapped fields, those that speak of the state, and what only comes along."""
    along = [target.mapping.created] if target.mapping.created else []
    return tuple(dict.fromkeys([*telling_names(target), *along]))


def telling_names(target: TargetObject) -> tuple[str, ...]:
    """Return the native fields whose values say something of a person or a lead: the others only come along."""
    mapped = (f.native for f in target.mapping.fields)
    state = target.relation.names if target.relation is not None else ()
    converted = [target.mapping.converted] if target.mapping.converted else []
    return tuple(dict.fromkeys(chain(mapped, state, target.mapping.same_person.values(), converted, target.scope)))
