"""What no table of leadhub.toml can tell by itself: names that have to fit each other. Faults stop everything; warnings are for `config check`."""

from collections.abc import Collection, Iterator, Sequence
from itertools import combinations, product

from leadhub.config.document import Document, Settle, SystemDoc
from leadhub.config.faults import Faults
from leadhub.config.fields import FieldDoc
from leadhub.lifecycle.wording import did_you_mean, quoted
from leadhub.model.state import FACETS
from leadhub.values.fields import FIELDS

DERIVED = {
    "full_name": "first_name and last_name",
}
"""Fields that are worked out from others, and from which."""

_FIELD_KEYS = tuple(FieldDoc.model_fields)


def check(document: Document, faults: Faults) -> None:
    """Note every fault of what could be read of the document; systems and fields are those of the bare file, however faulty their tables are."""
    systems, own = _tables(faults, "system"), _tables(faults, "fields")
    fields = (*FIELDS, *(name for name in own if name not in FIELDS))
    _names_of_systems(document, systems, faults)
    for name, system in document.system.items():
        _creates(name, system, fields, faults)
        _placeholders(name, system, document, faults)
    for name, doc in document.fields.items():
        _field(name, doc, document, systems, faults)
    for number, settle in zip(faults.settled, document.settle, strict=True):
        _known_field(("settle", number, "field"), settle.field, (*fields, "state"), faults)
        if settle.rule == "prefer" and settle.system is None and not faults.unread("settle", number):
            faults.add(("settle", number), f'settle.{number}: rule = "prefer" needs system = "…": whose value is taken.')
    _circles(document, faults)
    for stage in document.stages.sla:
        if stage in document.stages.skip:
            faults.add(("stages", "sla", stage), f"stages.sla.{stage} is set but {stage} is skipped. Remove one of them.", "M25")


def _circles(document: Document, faults: Faults) -> None:
    """M14: two rules of which each takes back what the other decides, so that a difference would be settled anew in every run."""
    numbered = [(number, rule) for number, rule in zip(faults.settled, document.settle, strict=True) if rule.system is not None]
    for (one, first), (other, second) in combinations(numbered, 2):
        if (
            first.field != second.field
            or first.field == "state"
            or first.rule != "prefer"
            or second.rule != "prefer"
            or first.system == second.system
        ):
            continue
        for here, there in product(_meant(first.value, second.hub, "one value"), _meant(second.value, first.hub, "another")):
            if here != there and _decides(document, first, here, there) and _decides(document, second, there, here):
                said = f'{first.system} wins where it shows "{here}" against "{there}", and {second.system} where it shows "{there}" against "{here}"'
                message = f"the rules settle.{one} and settle.{other} of {first.field} form a circle: {said}. Remove one, or narrow it."
                faults.add(("settle", other), message, "M14")
                break


def _meant(value: str | None, hub: str | None, any_value: str) -> list[str]:
    """The values with which the two rules can be tried; `any_value` stands for one that neither names."""
    return [*dict.fromkeys(named for named in (value, hub) if named is not None), any_value]


def _decides(document: Document, rule: Settle, value: str | None, hub: str | None) -> bool:
    """Whether this rule is the first that fits a difference of its system."""
    fitting = (
        other
        for other in document.settle
        if other.field == rule.field
        and (other.rule == "prefer" or other.system in (None, rule.system))
        and other.value in (None, value)
        and other.hub in (None, hub)
    )
    return next(fitting, None) is rule


def warnings(document: Document, faults: Faults) -> Iterator[str]:
    """Yield what is often not meant, with the way to say that it is."""
    for name, doc in document.fields.items():
        for system, native in doc.systems.items():
            for value, names in native.values.items():
                if len(names) > 1 and not doc.lossy:
                    what = f'{name}: {system} {quoted(names)} are all read as {value}; writing {value} gives "{names[0]}".'
                    yield faults.told(("fields", name, system), f"{what} Fine if it is intended: add lossy = true.", "M16")


def _tables(faults: Faults, key: str) -> tuple[str, ...]:
    """The names under a key of the bare file."""
    named = faults.raw.get(key)
    return tuple(named) if isinstance(named, dict) else ()


# ---- names of systems ------------------------------------------------------------------------------------------------------------------


def _names_of_systems(document: Document, systems: Sequence[str], faults: Faults) -> None:
    named: list[tuple[tuple[object, ...], str | None]] = [(("defaults", "trust"), document.defaults.trust)]
    for field, doc in document.fields.items():
        named += [(("fields", field, "prefer"), doc.prefer), (("fields", field, "owner"), doc.owner)]
    named += [(("settle", number, "system"), settle.system) for number, settle in zip(faults.settled, document.settle, strict=True)]
    for name, system in document.system.items():
        if system.create_when is not None:
            named += [(("system", name, "create_when", "from"), one) for one in system.create_when.from_]
    for keys, meant in named if ("system",) not in faults.spoiled else ():
        if meant is not None and meant not in systems:
            key = ".".join(map(str, keys))
            message = f'{key} names "{meant}", which is no system here. {did_you_mean(meant, systems)}Systems: {", ".join(systems) or "none yet"}.'
            faults.add(keys, message, "M23")


# ---- systems ---------------------------------------------------------------------------------------------------------------------------


def _creates(name: str, system: SystemDoc, fields: Collection[str], faults: Faults) -> None:
    table = ("system", name)
    read = {key: not faults.unread(*table, key) for key in ("create", "create_when", "on_create", "mode")}
    if read["on_create"] and read["mode"] and system.create != "never" and system.on_create is None and system.mode == "write":
        faults.add(
            (*table, "create"),
            f'{name} may create records, but nothing says whose they become. Add on_create = {{ owner = "…" }} with somebody whom the system knows '
            "(Salesforce also takes assignment_rules): a record without an owner rule lands on whoever the system's default is, and nobody calls.",
        )
    if read["create_when"] and system.create == "when" and system.create_when is None:
        faults.add((*table, "create"), f'{name}: create = "when" needs create_when, such as create_when = {{ stage = ">=mql" }}.')
    if read["create"] and system.create != "when" and system.create_when is not None:
        faults.add(
            (*table, "create_when"), f'{name}: create_when says nothing while create = "{system.create}". Write create = "when", or remove it.'
        )
    when = system.create_when
    if when is not None and system.create == "when" and read["create_when"] and not (when.stage or when.fields or when.from_):
        faults.add((*table, "create_when"), f'{".".join(table)}.create_when: it needs stage, fields or from; create = "always" has no condition.')
    for field in when.fields if when is not None else ():
        _known_field((*table, "create_when", "fields"), field, fields, faults)
    if system.mode == "read":
        for key in ("create", "allow", "required_defaults", "owner_fallback"):
            if key in system.model_fields_set and getattr(system, key) not in ("never", {}, (), None):
                faults.add((*table, key), f'{name} is mode = "read" and never written, but has {key}. Remove one of them.', "M17")


def _placeholders(name: str, system: SystemDoc, document: Document, faults: Faults) -> None:
    """M21: what stands for "nobody knows" reads back as blank, so no row may give it a meaning."""
    for native, placeholder in system.required_defaults.items():
        rows = system.field.get(native, {}).get("map", [])
        mapped: list[tuple[str, ...]] = (
            [("system", name, "field", native)] if any(isinstance(row, dict) and row.get("value") == placeholder for row in rows) else []
        )
        for field, doc in document.fields.items():
            of = doc.systems.get(name)
            if of is not None and any(n.rpartition(".")[2] == native for n in of.names) and any(placeholder in v for v in of.values.values()):
                mapped.append(("fields", field, name))
        for keys in mapped:
            message = (
                f'{name}.required_defaults writes "{placeholder}" into {native} and reads it back as blank, but {".".join(keys)} gives it a meaning.'
            )
            faults.add(keys, f"{message} Choose another placeholder, or remove the row.", "M21")


# ---- fields ----------------------------------------------------------------------------------------------------------------------------


def _field(name: str, doc: FieldDoc, document: Document, systems: Sequence[str], faults: Faults) -> None:
    keys = ("fields", name)
    for key in (doc.model_extra or {}) if ("system",) not in faults.spoiled else ():
        if key not in systems:
            near = did_you_mean(key, (*_FIELD_KEYS, *systems))
            known = f"Keys: {', '.join(_FIELD_KEYS)}; systems: {', '.join(systems) or 'none yet'}."
            faults.add((*keys, key), f'unknown key "{key}" in fields.{name}: it is neither an option nor a system here. {near}{known}', "M24")
    if name in DERIVED:
        faults.add(keys, f"{name} is derived from {DERIVED[name]}; it cannot have an owner or a rule of its own. Remove [fields.{name}].", "M18")
    elif name in FACETS:
        faults.add(
            keys, f"{name} is part of the lead's state, which has a rule of its own. Its values are mapped under [system.NAME.field.FIELD].", "M18"
        )
    elif name in FIELDS:
        _shipped(name, doc, faults)
        _consent(name, doc, faults)
    else:
        _custom(name, doc, faults)
    _merged(name, doc, document, faults)


def _merged(name: str, doc: FieldDoc, document: Document, faults: Faults) -> None:
    """Whether what says whose edits win can be meant together."""
    keys = ("fields", name)
    owner = document.system.get(doc.owner or "")
    if owner is not None and owner.mode == "read":
        faults.add(
            (*keys, "owner"), f'{doc.owner} is mode = "read" but owns field {name}. Choose an owner that takes part, or remove the line.', "M17"
        )
    owned, preferred = (getattr(doc, key) is not None or faults.unread(*keys, key) for key in ("owner", "prefer"))
    trusted = document.defaults.trust is not None or faults.unread("defaults", "trust")
    if doc.strict and not owned:
        faults.add(keys, f'fields.{name}: strict = true needs owner = "…": whose value is written back.')
    if doc.conflict == "review" and doc.prefer is not None:
        faults.add(keys, f'fields.{name}: conflict = "review" asks a person, and prefer takes a system\'s value: keep one of them.')
    if doc.merge == "owner" and not owned and not trusted:
        faults.add((*keys, "merge"), f'{name}: merge = "owner" needs owner = "SYSTEM" where [defaults] trusts none.', "M23")
    if doc.conflict == "prefer" and not preferred and not trusted:
        faults.add((*keys, "conflict"), f'{name}: conflict = "prefer" needs prefer = "SYSTEM" where [defaults] trusts none.', "M23")


def _consent(name: str, doc: FieldDoc, faults: Faults) -> None:
    """An opt-out travels whatever else is configured: no rule may keep it in one system."""
    if FIELDS[name].merge != "restrictive":
        return
    for key, given in (("merge", doc.merge not in (None, "restrictive")), ("owner", doc.owner is not None), ("prefer", doc.prefer is not None)):
        if given:
            faults.add(("fields", name, key), f"{name} is consent: an opt-out travels everywhere, and {key} would keep it back. Remove the key.")


def _shipped(name: str, doc: FieldDoc, faults: Faults) -> None:
    for key in ("type", "values", "entity"):
        if key in doc.model_fields_set:
            faults.add(
                ("fields", name, key), f"{key} is for fields of your own; that of {name} is fixed. Remove it, or give your field another name.", "M24"
            )


def _custom(name: str, doc: FieldDoc, faults: Faults) -> None:
    keys = ("fields", name)
    kept = any(native.names for native in doc.systems.values())
    if not kept and not any(faults.unread(*keys, key) for key in _tables(faults, "system")):
        near = did_you_mean(name, FIELDS)
        faults.add(keys, f'leadhub has no field "{name}". {near}A field of your own names where it is kept: SYSTEM = "Native__c".', "M24")
    if (doc.type == "enum") != bool(doc.values) and not faults.unread(*keys, "type") and not faults.unread(*keys, "values"):
        needs = (
            f'type = "enum" needs values = ["…"]: {name} has none.' if doc.type == "enum" else f'values of {name} are read only with type = "enum".'
        )
        faults.add((*keys, "values"), needs, "M24")
    for system, native in doc.systems.items():
        for value in native.values:
            if doc.type == "enum" and doc.values and value not in doc.values:
                message = f'"{value}" is not a value of {name}. {did_you_mean(value, doc.values)}Values: {", ".join(doc.values)}.'
                faults.add((*keys, system), message, "M24")


def _known_field(keys: Sequence[object], name: str, fields: Collection[str], faults: Faults) -> None:
    if name not in fields:
        key = ".".join(map(str, keys))
        faults.add(keys, f'{key} names "{name}", which is no field of leadhub. {did_you_mean(name, fields)}Fields: {", ".join(fields)}.', "M24")
