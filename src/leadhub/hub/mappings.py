"""Which native field holds which canonical one in this deployment: the connector's mapping, with the configuration's changes and own fields."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from leadhub import config
from leadhub.config.fields import FieldType, NativeField
from leadhub.core.normalize import display_of
from leadhub.core.policy import Settle
from leadhub.model.record import FieldMapping, NativeType, ObjectMapping, ValueMapping
from leadhub.values import kinds
from leadhub.values.fields import FIELDS, CanonicalField

_KINDS: Mapping[FieldType, kinds.Kind] = {
    "text": kinds.TEXT,
    "number": kinds.NUMBER,
    "boolean": kinds.BOOLEAN,
    "date": kinds.DATE,
    "datetime": kinds.INSTANT,
    "email": kinds.EMAIL,
    "phone": kinds.PHONE,
    "url": kinds.URL,
    "country": kinds.COUNTRY,
    "tags": kinds.TAGS,
    "enum": kinds.TEXT,
}
_NATIVE: Mapping[str, NativeType] = {"number": "decimal", "boolean": "boolean", "date": "date", "instant": "datetime", "tags": "multi"}


def canonical_fields(document: config.Document) -> dict[str, CanonicalField]:
    """Return the canonical fields: those that ship, with the configuration's merge classes, then the deployment's own in the order of the file."""
    fields = dict(FIELDS)
    for name, doc in document.fields.items():
        known = fields.get(name) or CanonicalField(name, _KINDS[doc.type or "text"], entity=doc.entity or "person")
        fields[name] = replace(known, merge=doc.merge or known.merge, conflict="review" if doc.conflict == "review" else known.conflict)
    return fields


def is_read(mapping: ObjectMapping, doc: config.SystemDoc) -> bool:
    """Whether this deployment wants the records of an object at all."""
    return mapping.opt_in is None or doc.settings.get(mapping.opt_in) is True


def mapping_of(
    system: str, doc: config.SystemDoc, shipped: ObjectMapping, document: config.Document, fields: Mapping[str, CanonicalField]
) -> ObjectMapping:
    """Return how the records of one object are read here."""
    told = {name: field_doc.systems[system] for name, field_doc in document.fields.items() if system in field_doc.systems}
    kept = [f for f in shipped.fields if f.canonical not in told]
    added = [own for name, native in told.items() if (own := _own(name, native, shipped.object, fields[name])) is not None]
    return replace(shipped, fields=tuple(_with_placeholders(doc, f) for f in (*kept, *added)))


def _own(name: str, native: NativeField, object_name: str, field: CanonicalField) -> FieldMapping | None:
    named = native.native_in(object_name)
    if named is None:
        return None
    return FieldMapping(name, named, type=_NATIVE.get(field.kind.name, "text"), values=tuple(_values(native)))


def _values(native: NativeField) -> Iterator[ValueMapping]:
    for canonical, names in native.values.items():
        yield from (ValueMapping(name, (canonical,), writes=name == names[0]) for name in names)


def _with_placeholders(doc: config.SystemDoc, mapped: FieldMapping) -> FieldMapping:
    """What is written only because the system insists reads back as nothing."""
    default = doc.required_defaults.get(mapped.native)
    return mapped if default is None or default in mapped.missing else replace(mapped, missing=(*mapped.missing, default))


def rule_of(rule: Settle, mappings: Mapping[str, Sequence[ObjectMapping]], fields: Mapping[str, CanonicalField], region: str | None) -> Settle:
    """Return a rule for standing differences with its values as they are compared.

    A person writes what the system shows, or what leadhub makes of it: "Austria", "AT". `mappings` are those of each system.
    """
    if rule.field not in fields:
        return rule
    kind = fields[rule.field].kind

    def compared(text: str | None, mapped: FieldMapping | None) -> str | None:
        if not text:
            return text
        read = display_of(mapped, text, fields, region=region) if mapped is not None and mapped.type != "owner" else kind.display(text, region)
        return kind.match(read or "", None)

    told = (m for mapping in mappings.get(rule.system or "", ()) for m in mapping.fields if m.canonical == rule.field and not m.member)
    return replace(rule, value=compared(rule.value, next(told, None)), hub=compared(rule.hub, None))
