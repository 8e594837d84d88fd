"""The configuration against the live system: fields, required fields, the external id and picklists. Reads descriptions, never records."""

from collections.abc import Iterator, Mapping
from typing import Literal

from leadhub.cli.exits import next_step_of
from leadhub.core.plan import TargetObject
from leadhub.errors import LeadhubError
from leadhub.hub import System
from leadhub.lifecycle.checks import check_live
from leadhub.lifecycle.relation import ANY_OTHER, FieldRelation, Relation
from leadhub.lifecycle.wording import quoted
from leadhub.model.record import FieldDescription
from leadhub.sync.retry import Careful

Line = tuple[Literal["ok", "warn", "fail"], str, str]
"""Level, what was found, what helps."""

_NOBODY = "leadhub-doctor-asks-for-a-key-that-no-record-has"


def compare(system: System, careful: Careful) -> Iterator[Line]:
    """Yield what differs between leadhub.toml and what the live system describes."""
    for target in system.objects:
        if careful.can_describe:
            try:
                fields = careful.describe(target.mapping.object)
            except LeadhubError as error:
                yield "fail", f"its fields cannot be read: {error}", next_step_of(error)
                continue
            yield from _fields(target, fields)
            if target.relation is not None:
                yield from _picklists(system, target.relation, fields)
        if careful.can_find and system.writes:
            yield from _external_id(system, target, careful)


def _fields(target: TargetObject, fields: Mapping[str, FieldDescription]) -> Iterator[Line]:
    mapped = {f.native: f for f in target.mapping.fields}
    known = {*mapped, *(target.relation.names if target.relation else ())}
    name = target.mapping.object
    hidden = sorted(set(known) - set(fields))
    if hidden:
        yield (
            "warn",
            f"{name}: {quoted(hidden)} cannot be seen by this login and will not be read",
            "give leadhub's user access to them, or map others",
        )
    fixed = sorted(n for n, f in mapped.items() if f.writable and n in fields and not fields[n].writable)
    if fixed:
        yield (
            "warn",
            f"{name}: {quoted(fixed)} cannot be written by this login: edits made elsewhere will not arrive",
            "give leadhub's user the right",
        )
    missing = sorted(n for n, d in fields.items() if d.required and n not in known)
    if missing and target.creates:
        yield (
            "fail",
            f"{name}: {quoted(missing)} must be given at creation and leadhub has no value for it",
            'create = "never", or make it optional there',
        )
    if not (hidden or fixed or (missing and target.creates)):
        yield "ok", f"{name}: all {len(known)} fields are there for this login", ""


def _external_id(system: System, target: TargetObject, careful: Careful) -> Iterator[Line]:
    """Only creates need it: a create whose answer was lost is found by it."""
    level: Literal["warn", "fail"] = "fail" if target.creates else "warn"
    field = getattr(system.settings, "external_id", None)
    try:
        careful.find(target.mapping.object, [_NOBODY])
    except LeadhubError as error:
        yield level, f"{target.mapping.object}: {error}", next_step_of(error)
    else:
        yield "ok", f"{target.mapping.object}: records can be found by leadhub's key in {field}", ""


def _picklists(system: System, relation: Relation, fields: Mapping[str, FieldDescription]) -> Iterator[Line]:
    fine = True
    for line in _converted(system, relation, fields):
        fine = False
        yield line
    for of in relation.fields:
        described = fields.get(of.name)
        if described is None or described.options is None:
            continue
        for line in _options(system, of, described.options):
            fine = False
            yield line
    if fine:
        yield "ok", f"{relation.object}: every value of {quoted(relation.state_fields)} is mapped, and every mapped value exists", ""


def _converted(system: System, relation: Relation, fields: Mapping[str, FieldDescription]) -> Iterator[Line]:
    converted = {name: description.converted for name, description in fields.items() if description.converted}
    for problem in check_live(relation, converted_values=converted, source=f"{system.doc.preset or relation.object}"):
        yield "fail", str(problem), f"mend it in [system.{system.name}.field.…] of leadhub.toml"


def _options(system: System, of: FieldRelation, options: tuple[str, ...]) -> Iterator[Line]:
    there = {of.folded(option) for option in options}
    gone = [row.value for row in of.rows if row.value not in {"", ANY_OTHER} and of.folded(row.value) not in there]
    written = [row.value for row in of.rows if row.value in gone and row.writes]
    table = f"[system.{system.name}.field.{of.name}]"
    if written:
        yield (
            "warn",
            f"{of.name}: {quoted(dict.fromkeys(written))} would be written, but the live picklist lacks it: such a write will be refused",
            f'{table} drop = ["{written[0]}"] in leadhub.toml, or choose the preset that fits',
        )
    nobody = [option for option in options if of.row({of.name: option}) is None]
    if nobody:
        yield (
            "warn",
            f"{of.name}: nobody mapped {quoted(nobody)}: records that show it are left alone",
            f"add a row for it under {table}; leadhub map show lists what is mapped",
        )
