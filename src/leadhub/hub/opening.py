"""Opens a deployment: reads the configuration, finds the plugins, checks the mapping of states, and opens the store."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tomllib import loads

import structlog
from pydantic import BaseModel, ValidationError

from leadhub import config
from leadhub.clock import Clock, SystemClock
from leadhub.config.faults import Faults, describe
from leadhub.config.scope import field_of
from leadhub.connectors.protocols import Source
from leadhub.core.normalize import Fields
from leadhub.core.policy import FieldPolicy, Policy, Settle
from leadhub.core.targets import CreateRule, TargetObject
from leadhub.errors import ConfigError
from leadhub.hub.mappings import canonical_fields, is_read, mapping_of, rule_of
from leadhub.hub.systems import Hub, System
from leadhub.lifecycle.laws import check as check_laws
from leadhub.lifecycle.lines import line_finder
from leadhub.lifecycle.loader import load_relation
from leadhub.lifecycle.problems import RelationProblems
from leadhub.lifecycle.relation import Relation
from leadhub.model.record import ObjectMapping
from leadhub.plugins import Plugins
from leadhub.store import Store, open_store
from leadhub.values.fields import CanonicalField

ASSIGNMENT_RULES = "assignment_rules"
"""As `on_create.owner`: the system decides whose a new record becomes."""


def open_hub(folder: Path, *, clock: Clock | None = None, offline: bool = False, store: Store | None = None) -> Hub:
    """Open the deployment in this folder. Raises ConfigError with every fault of the file, PluginError, StoreError, each with what to do.

    `offline`: for what reads the store alone. A system whose secrets are not there is no fault then, until somebody connects to it.
    `store`: one that is open already, in place of the configured one.
    """
    deployment, faults = config.read(folder, offline=offline)
    plugins = Plugins(deployment.folder)
    fields = canonical_fields(deployment.document)
    systems = _systems(deployment, plugins, fields, faults)
    if faults.found:
        raise config.refused(faults)
    relations = {o.key: o.relation for s in systems.values() for o in s.objects if o.relation is not None}
    check_once(relations, deployment.folder)
    used = clock or SystemClock()
    policy = _policy(deployment.document, fields, systems, relations)
    opened = store or open_store(store_url(deployment), used)
    return Hub(deployment, plugins, systems, fields, policy, opened, used, structlog.get_logger())


def store_url(deployment: config.Deployment) -> str:
    """Return the store's URL; a relative SQLite path is one in the deployment's folder."""
    url = deployment.document.store
    prefix = "sqlite:///"
    if url.startswith(prefix) and url != f"{prefix}:memory:":
        return prefix + str(deployment.folder.resolve() / url.removeprefix(prefix))
    return url


def _systems(deployment: config.Deployment, plugins: Plugins, fields: Fields, faults: Faults) -> dict[str, System]:
    """Return the systems that could be read, and note what is wrong with any of them."""
    connectors, presets = plugins.connectors(), plugins.presets()
    config.against(deployment, connectors, faults)
    systems = {}
    for name, doc in deployment.document.system.items():
        connector = connectors.get(doc.plugin)
        if connector is None:
            faults.add(("system", name, "plugin"), f'there is no connector "{doc.plugin}". Installed: {", ".join(sorted(connectors)) or "none"}.')
            continue
        settings = _settings(deployment, name, doc, connector, faults)
        mappings = [mapping_of(name, doc, mapping, deployment.document, fields) for mapping in connector.mappings if is_read(mapping, doc)]
        aside = {m.object: frozenset(loads(presets.get(m.state or "", "")).get("field", {})) for m in mappings if m.aside}
        objects = tuple(
            replace(
                _object(deployment, name, doc, m, presets, faults, aside, only_one=len(mappings) == 1),
                converts=int(getattr(connector, "converts", 0)) if m.converted is not None else 0,
            )
            for m in mappings
        )
        systems[name] = System(name, doc, connector, settings, objects, _projection(doc, objects, presets, deployment.document.stages.skip))
    return systems


def _settings(deployment: config.Deployment, name: str, doc: config.SystemDoc, connector: type[Source], faults: Faults) -> BaseModel | None:
    """Return the connector's settings; None where they cannot be used, and why is noted, unless a reference that points at nothing is all of it."""
    given = dict(doc.settings)
    fields = connector.settings_model.model_fields
    if "base" in fields:
        given.setdefault("base", deployment.folder)
    if "owner_on_create" in fields and doc.on_create is not None:
        given.setdefault("owner_on_create", doc.on_create.owner)
    try:
        settings = connector.settings_model.model_validate(given)
    except ValidationError as error:
        own, there = connector.settings_model, tuple(config.SystemDoc.model_fields)
        faults.found.extend(describe(error, faults, ("system", name), model=own, also=there))
        return None
    return None if name in deployment.missing else settings


def _object(
    deployment: config.Deployment,
    name: str,
    doc: config.SystemDoc,
    mapping: ObjectMapping,
    presets: Mapping[str, str],
    faults: Faults,
    aside: Mapping[str, frozenset[str]],
    *,
    only_one: bool,
) -> TargetObject:
    """Return one object with its relation. `aside` are the state fields of the objects beside the main one, for which all else in the file is meant."""
    relation: Relation | None = None
    own = aside.get(mapping.object)
    told = {field for field in doc.field if field in own} if own is not None else doc.field.keys() - frozenset().union(*aside.values())
    preset = _preset_of(doc, mapping, only_one=only_one)
    if preset is not None and preset not in presets:
        faults.add(("system", name, "preset"), f'system.{name} names the preset "{preset}". Known: {", ".join(sorted(presets))}.')
    elif preset is not None and not faults.unread("system", name, "preset"):
        document = {**loads(presets[preset]), "system": name, "object": mapping.object}
        try:
            relation = load_relation(
                document,
                source=f"{preset}.toml",
                line_of=line_finder(presets[preset]),
                overrides={field: rows for field, rows in doc.field.items() if field in told},
                overrides_source=deployment.path.name,
                overrides_line_of=line_finder(deployment.text, "system", name),
                skip=frozenset(deployment.document.stages.skip),
            )
        except RelationProblems as error:
            faults.found.extend(error.problems)
    return TargetObject(
        name,
        mapping,
        relation,
        creates=doc.create != "never" and mapping.creates,
        create_rule=_create_rule(doc),
        may_convert="convert" in doc.allow,
        owner_by_rule=doc.on_create is not None and doc.on_create.owner == ASSIGNMENT_RULES,
        defaults=doc.required_defaults,
        scope=tuple(field for named in doc.scope if (field := field_of(named, mapping.object)) is not None),
    )


def _preset_of(doc: config.SystemDoc, mapping: ObjectMapping, *, only_one: bool) -> str | None:
    if mapping.aside:
        return mapping.state
    return doc.preset or mapping.state if mapping.state is not None or only_one else None


def _create_rule(doc: config.SystemDoc) -> CreateRule:
    when = doc.create_when
    return CreateRule() if when is None else CreateRule(frozenset(when.stage or ()), when.fields, frozenset(when.from_))


def _projection(doc: config.SystemDoc, objects: Sequence[TargetObject], presets: Mapping[str, str], skip: Sequence[str]) -> str:
    texts = [presets.get((o.mapping.state if o.mapping.aside else doc.preset or o.mapping.state) or "", "") for o in objects]
    parts = [
        repr(skip),
        repr(sorted(doc.scope.items())),
        json.dumps(doc.field, sort_keys=True, default=str),
        *(repr(o.mapping) for o in objects),
        *texts,
    ]
    return hashlib.blake2b("|".join(parts).encode(), digest_size=8).hexdigest()


CHECKED = ".leadhub-laws"
"""In a deployment's folder: the mapping of states that was last found sound. It may be deleted at any time."""


def check_once(relations: Mapping[tuple[str, str], Relation], folder: Path) -> None:
    """Check the laws of the mapping unless this very mapping was found sound before: some mappings take seconds.

    Raises:
        ConfigError: the mapping contradicts itself.
    """
    from leadhub import __version__

    found_sound = hashlib.blake2b(f"{__version__}|{sorted(relations.items())!r}".encode(), digest_size=16).hexdigest()
    noted = folder / CHECKED
    with suppress(OSError, UnicodeDecodeError):
        if noted.read_text(encoding="ascii") == found_sound:
            return
    _check_laws(relations)
    with suppress(OSError):  # a folder that may not be written costs the check each time, and nothing else
        noted.write_text(found_sound, encoding="ascii")


def _check_laws(relations: Mapping[tuple[str, str], Relation]) -> None:
    report = check_laws(tuple(relations.values()))
    if report.failures:
        found = tuple(str(failure) for failure in report.failures[:20])
        raise ConfigError("The mapping of states contradicts itself:\n" + "\n".join(f"  {f}" for f in found), problems=found)


def _policy(document: config.Document, fields: Fields, systems: Mapping[str, System], relations: Mapping[tuple[str, str], Relation]) -> Policy:
    return Policy(
        systems=tuple(systems),
        fields={name: _field_policy(field, document, systems) for name, field in fields.items()},
        relations=dict(relations),
        trust=document.defaults.trust,
        adoption={name: s.doc.adoption for name, s in systems.items()},
        own_lead=frozenset(o.key for s in systems.values() for o in s.objects if o.mapping.own_lead),
        events=frozenset(o.key for s in systems.values() for o in s.objects if o.mapping.event),
        evidence=frozenset(o.key for s in systems.values() for o in s.objects if o.mapping.evidence),
        lists=frozenset(o.key for s in systems.values() if not s.is_target for o in s.objects if not (o.mapping.event or o.mapping.own_lead)),
        skip=frozenset(document.stages.skip),
        settle=tuple(_settle(rule, document, fields, systems) for rule in document.settle),
    )


def _settle(rule: config.Settle, document: config.Document, fields: Fields, systems: Mapping[str, System]) -> Settle:
    mappings = {name: [o.mapping for o in system.objects] for name, system in systems.items()}
    return rule_of(Settle(rule.field, rule.rule, rule.system, rule.value, rule.hub), mappings, fields, document.defaults.region)


def _field_policy(field: CanonicalField, document: config.Document, systems: Mapping[str, System]) -> FieldPolicy:
    doc = document.fields.get(field.name) or config.FieldDoc.model_validate({})
    prefer = doc.prefer or (None if field.conflict == "review" and doc.conflict != "prefer" else document.defaults.trust)
    owner = doc.owner or (_natural_owner(field, document.defaults.trust, systems) if field.merge == "owner" else None)
    return FieldPolicy(field.name, field.kind.match, prefer, owner, doc.strict, doc.clear, field.merge, field.entity, field.group)


def _natural_owner(field: CanonicalField, trust: str | None, systems: Mapping[str, System]) -> str | None:
    """The system that owns a field of the merge class `owner` where nobody says so: the trusted one if it has the field, or the only one that has."""
    having = [name for name, s in systems.items() if s.is_target and any(f.canonical == field.name for o in s.objects for f in o.mapping.fields)]
    if trust in having:
        return trust
    return having[0] if len(having) == 1 else None
