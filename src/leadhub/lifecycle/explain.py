"""What `leadhub map explain SYSTEM VALUE` prints: what a value rules out, what reading it does, and when leadhub writes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leadhub.lifecycle.relation import ANY_OTHER, FieldRelation, Relation, Row
from leadhub.lifecycle.states import HAVING, INDEX, VALID, unpack
from leadhub.lifecycle.wording import describe, did_you_mean, quoted, ruled_out


@dataclass(frozen=True, slots=True)
class Explanation:
    """One value of one field, in words."""

    system: str
    object: str
    field: str
    value: str
    when: Mapping[str, str]
    rules_out: tuple[str, ...]
    written_for: str | None
    remarks: tuple[str, ...]

    def __str__(self) -> str:
        name = f'"{self.value}"' if self.value else "a blank"
        when = "".join(f", when {field} is {wanted}" for field, wanted in self.when.items())
        out = "; ".join(self.rules_out) or "nothing: it fits every lead"
        written = f"leadhub writes it for: {self.written_for}" if self.written_for else "leadhub never writes it"
        return "\n".join(
            [f"{self.system} {self.object} {self.field} {name}{when}", f"  rules out: {out}", f"  {written}", *(f"  {r}" for r in self.remarks)]
        )


def explain(relations: Sequence[Relation], system: str, value: str) -> tuple[Explanation, ...]:
    """Every field of the system that maps the value, conditional rows apart; none if nobody mapped it (then see `not_mapped`)."""
    fields = [(relation, of) for relation in relations if relation.system == system for of in relation.fields]
    return tuple(
        _explanation(relation, of, row)
        for relation, of in fields
        for row in of.rows
        if row.value != ANY_OTHER and of.folded(value) in {of.folded(name) for name in (row.value, *row.alias)}
    )


def not_mapped(relations: Sequence[Relation], system: str, value: str) -> str:
    """What to say of a value that no row names."""
    known = [
        row.value
        for relation in relations
        if relation.system == system
        for of in relation.fields
        for row in of.rows
        if row.value not in {"", ANY_OTHER}
    ]
    if not known:
        systems = dict.fromkeys(relation.system for relation in relations)
        return f'No mapping names the system "{system}". Systems: {quoted(systems)}.'
    near = did_you_mean(value, known)
    return (
        f'{system}: nobody mapped "{value}". It is left alone: read as nothing, never written over. {near}Mapped are {quoted(dict.fromkeys(known))}.'
    )


def _explanation(relation: Relation, of: FieldRelation, row: Row) -> Explanation:
    written = [state for state in VALID if row in of.writers(state, dict(row.when))]
    return Explanation(
        system=relation.system,
        object=relation.object,
        field=of.name,
        value=row.value,
        when=row.when,
        rules_out=() if row.ask else tuple(ruled_out(row.reads.states, (facet for facet, _ in row.order))),
        written_for=describe(written) if written else None,
        remarks=tuple(_remarks(of, row)),
    )


def _remarks(of: FieldRelation, row: Row) -> list[str]:
    remarks = []
    if row.ask:
        remarks.append(f"left alone until you answer: {row.ask}")
    if row.converted:
        remarks.append("the record is converted: leadhub follows it and writes its state no more")
    if row.value == (of.unset or "") and of.unset_first_silent:
        remarks.append("at first sight it says nothing; when somebody empties the field it is an edit")
    if of.ordered and not row.says_nothing:
        remarks.append("the system moves this field forward only: going back takes two requests, a clearing and the value")
    finer = [s for s in unpack(row.reads.states & HAVING["exit"]["open"]) if row not in of.writers(s, dict(row.when))]
    if finer and row.writes and not row.ask:
        remarks.append(f"it may stay, though another would be written, for: {describe(sorted(finer, key=INDEX.__getitem__))}")
    if row.reason:
        remarks.append(f"exit reason: {row.reason}")
    return remarks
