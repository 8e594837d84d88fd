"""The configuration against the live system: fields, required fields, the external id and picklists. Reads descriptions, never records."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from shlex import quote
from typing import Literal

from leadhub.cli.exits import next_step_of
from leadhub.cli.held import Held
from leadhub.cli.words import plural
from leadhub.core.targets import TargetObject, native_names
from leadhub.errors import AccessDenied, LeadhubError
from leadhub.hub import Hub, System
from leadhub.lifecycle.checks import check_live, only_in_the_hub
from leadhub.lifecycle.relation import ANY_OTHER, FieldRelation, Relation
from leadhub.lifecycle.states import stage_rank
from leadhub.lifecycle.wording import quoted
from leadhub.model.record import FieldDescription, Finding, Need
from leadhub.sync.retry import Careful

Line = tuple[Literal["ok", "warn", "fail"], str, str]
"""Level, what was found, what helps."""

_NOBODY = "leadhub-doctor-asks-for-a-key-that-no-record-has"


def compare(system: System, careful: Careful, known: Held, place: str) -> Iterator[Line]:
    """Yield what differs between leadhub.toml and what the live system describes.

    `known` is what the records of all systems show, `place` the line of the system's table.
    """
    if not careful.can_describe:
        yield "ok", "its connector does not describe fields: picklists, lengths, required and read-only fields were not compared", ""
    for target in system.objects:
        if careful.can_describe:
            try:
                fields = careful.describe(target.mapping.object)
            except LeadhubError as error:
                if isinstance(error, AccessDenied) and _left_out(target, careful):
                    continue
                if getattr(error, "questions", ()):
                    yield "fail", str(error), f"write that into [system.{system.name}] ({place}), or mend the file; then the same command again"
                else:
                    yield "fail", f"its fields cannot be read: {error}", next_step_of(error)
                continue
            if not fields and _left_out(target, careful):
                continue
            yield from _fields(system, target, fields)
            yield from _lengths(system, target, fields, known)
            yield from _sources(system, target, fields, known)
            if target.relation is not None:
                yield from _picklists(system, target.relation, fields, known)
        if careful.can_find and system.writes and target.mapping.creates and not target.mapping.evidence:
            yield from _external_id(system, target, careful)


def _left_out(target: TargetObject, careful: Careful) -> bool:
    """Whether an object that this login may not read is simply left out, and its connector names the right that lacks."""
    return target.mapping.opt_in is not None and careful.can_examine


def only_here(hub: Hub) -> list[str]:
    """M26: what no system that is written has a word for."""
    written = [relation for (system, _), relation in hub.policy.relations.items() if hub.systems[system].writes]
    return only_in_the_hub(written, hub.deployment.document.stages.skip) if written else []


def unanswered(hub: Hub, known: Held) -> Iterator[Finding]:
    """What a value means that a preset asks about, and nobody has said."""
    for (system, object_name), relation in hub.policy.relations.items():
        for name, value, question in ((of.name, row.value, row.ask) for of in relation.fields for row in of.rows if row.ask):
            count = plural(known.values[system, object_name, name, value], "record")
            text = f'{name}: what "{value}" means is not answered ({count}): records that show it are left alone. {question}'
            where = f"below [system.{system}.field.{name}] in {hub.deployment.path.name}"
            yield Finding("warn", system, text, f'answers = {{ "{value}" = "…" }} {where}')


def needs_of(system: System) -> list[Need]:
    """Return what leadhub is to do in each object of a system."""
    return [
        Need(target.mapping.object, native_names(target), _written(target) if system.writes else (), target.creates and system.writes)
        for target in system.objects
    ]


def _written(target: TargetObject) -> tuple[str, ...]:
    mapped = (f.native for f in target.mapping.fields if f.writable and not f.own_call)
    state = (of.name for of in target.relation.fields if any(row.writes for row in of.rows)) if target.relation is not None else ()
    return tuple(dict.fromkeys([*mapped, *state]))


def _fields(system: System, target: TargetObject, fields: Mapping[str, FieldDescription]) -> Iterator[Line]:
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
    fixed = sorted(n for n, f in mapped.items() if f.writable and n in fields and not fields[n].writable) if system.writes else []
    if fixed:
        yield (
            "warn",
            f"M12 {name}: {quoted(fixed)} cannot be written by this login: edits made elsewhere will not arrive",
            "give leadhub's user the right",
        )
    missing = sorted(n for n, d in fields.items() if d.required and n not in known and n not in target.defaults)
    if missing and target.creates:
        yield (
            "fail",
            f"M20 {name}: {quoted(missing)} must be given at creation and leadhub has no value for it",
            f'[system.{system.name}] required_defaults = {{ {missing[0]} = "…" }}, create = "never", or make it optional there',
        )
    if not (hidden or fixed or (missing and target.creates)):
        yield "ok", f"{name}: {f'all {len(known)} fields are' if len(known) > 1 else 'its field is'} there for this login", ""


def _lengths(system: System, target: TargetObject, fields: Mapping[str, FieldDescription], known: Held) -> Iterator[Line]:
    """M15: values elsewhere that do not fit."""
    for mapped in target.mapping.fields if system.writes else ():
        room = fields[mapped.native].max_length if mapped.native in fields else None
        if not room or not mapped.writable:
            continue
        too_long = {other: size for (other, name), size in known.longest.items() if name == mapped.canonical and other != system.name and size > room}
        for other, size in too_long.items():
            yield (
                "warn",
                f"M15 {mapped.canonical}: {target.mapping.object} {mapped.native} holds {room} characters; {other} has values up to {size}. Such a value is refused, not cut",
                f"make the field longer there, or shorten the values in {other}",
            )


def _sources(system: System, target: TargetObject, fields: Mapping[str, FieldDescription], known: Held) -> Iterator[Line]:
    """M20: what the system requires, and others often do not know."""
    for mapped in target.mapping.fields if target.creates else ():
        required = mapped.required or (mapped.native in fields and fields[mapped.native].required)
        if not required or mapped.native in target.defaults or mapped.canonical == "owner":  # `on_create` says whose a new record becomes
            continue
        for (other, of), count in known.records.items():
            blank = known.blank[other, of, mapped.canonical]
            if other != system.name and blank:
                yield (
                    "warn",
                    f"M20 {target.mapping.object} {mapped.native} is required; {blank / count:.0%} of {other} {of} have none, and cannot be created",
                    f'[system.{system.name}] required_defaults = {{ {mapped.native} = "[not provided]" }}, or fill them in {other}',
                )


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


def _picklists(system: System, relation: Relation, fields: Mapping[str, FieldDescription], known: Held) -> Iterator[Line]:
    fine = True
    for line in _converted(system, relation, fields):
        fine = False
        yield line
    for of in relation.fields:
        described = fields.get(of.name)
        if described is None or described.options is None:
            continue
        for line in (*_options(system, relation, of, described.options, known), *_labels(system, of, described), *_order(of, described.options)):
            fine = False
            yield line
    asked = {of.name for of in relation.fields if any(row.ask for row in of.rows)}
    seen = [of.name for of in relation.fields if of.name in fields and fields[of.name].options is not None and of.name not in asked]
    if fine and seen:
        yield "ok", f"{relation.object}: every value of {quoted(seen)} is mapped, and every mapped value exists", ""


def _converted(system: System, relation: Relation, fields: Mapping[str, FieldDescription]) -> Iterator[Line]:
    converted = {name: description.converted for name, description in fields.items() if description.converted}
    for problem in check_live(relation, converted_values=converted, source=f"{system.doc.preset or relation.object}"):
        yield "fail", str(problem), f"mend it in [system.{system.name}.field.…] of leadhub.toml"


def _options(system: System, relation: Relation, of: FieldRelation, options: tuple[str, ...], known: Held) -> Iterator[Line]:
    there = {of.folded(option) for option in options}
    gone = [row.value for row in of.rows if row.value not in {"", ANY_OTHER} and of.folded(row.value) not in there]
    written = [row.value for row in of.rows if row.value in gone and row.writes]
    if written:
        yield (
            "warn",
            f"M09 {of.name}: {quoted(dict.fromkeys(written))} would be written, but the live picklist lacks it: such a write will be refused",
            f'if it was renamed: leadhub map rename {system.name} {of.name} {quote(written[0])} NEW; else drop = ["{written[0]}"] in leadhub.toml',
        )
    for option in options:
        if not of.names(option):
            count = known.values[system.name, relation.object, of.name, option]
            yield (
                "warn",
                f'M08 {of.name}: nobody mapped "{option}" ({plural(count, "record")}): records that show it are left alone',
                f"leadhub map add {system.name} {of.name} {quote(option)} --like OTHER",
            )


def _labels(system: System, of: FieldRelation, described: FieldDescription) -> Iterator[Line]:
    """M10: a value that people see under another name than when it was mapped may mean something else by now."""
    for value, live, expected in label_drift(of, described):
        yield (
            "warn",
            f'M10 {of.name}: "{value}" is labelled "{live}" there; when it was mapped its label was "{expected}"',
            f'if it means the same: label = "{live}" in its row below [system.{system.name}.field.{of.name}]; else map it anew',
        )


def label_drift(of: FieldRelation, described: FieldDescription) -> list[tuple[str, str, str]]:
    """Return the values whose label is not the one that was noted when they were mapped: value, label there, label noted."""
    shown = {of.folded(value): label for value, label in described.labels.items()}
    noted = {row.value: row.label for row in of.rows if row.label is not None}
    pairs = ((value, shown.get(of.folded(value), label), label) for value, label in noted.items())
    return [(value, live, label) for value, live, label in pairs if live != label]


def _order(of: FieldRelation, options: tuple[str, ...]) -> Iterator[Line]:
    """M13: a field that the system moves forward only has to have its values in the order of the funnel."""
    wrong = out_of_order(of, options)
    if wrong:
        one, other = wrong[0]
        yield (
            "warn",
            f'M13 {of.name}: "{one}" comes before "{other}" there, but after it in the funnel: {plural(len(wrong), "pair")} of forward moves would be refused',
            "put the stages of that system in the order of the funnel",
        )


def out_of_order(of: FieldRelation, options: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the pairs of values whose order there is not the funnel's; none of a field that has no order."""
    ranks = {of.folded(row.value): min(stage_rank(stage) for stage in row.reads.stages) for row in of.rows if row.writes and row.value}
    there = [option for option in options if of.folded(option) in ranks]
    return [(one, other) for one, other in combinations(there, 2) if of.ordered and ranks[of.folded(one)] > ranks[of.folded(other)]]


def converted_only(of: FieldRelation, described: FieldDescription) -> list[str]:
    """Return the values that only converting sets there, and that the mapping does not know as such."""
    return [row.value for row in of.rows if row.value in described.converted and (row.writes or not row.converted)]
