"""Opens a deployment: configuration, plugins and store, with the loader's checks run. Commands, pages and tests all begin here."""

import getpass
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tomllib import loads

import structlog
from pydantic import BaseModel, ValidationError

from leadhub import config
from leadhub.clock import Clock, SystemClock
from leadhub.config.load import describe
from leadhub.connectors import http
from leadhub.connectors.protocols import Context, Log, Source
from leadhub.core.plan import TargetObject, native_names
from leadhub.core.policy import FieldPolicy, Policy
from leadhub.errors import ConfigError
from leadhub.lifecycle.laws import check as check_laws
from leadhub.lifecycle.lines import line_finder
from leadhub.lifecycle.loader import load_relation
from leadhub.lifecycle.problems import RelationProblems
from leadhub.lifecycle.relation import Relation
from leadhub.model.record import Identity, ObjectMapping
from leadhub.plugins import Plugins
from leadhub.store import Store, open_store
from leadhub.values.forms import FIELDS

ASKED_CONFLICTS = frozenset({"email"})
"""Fields whose conflicts go before a person even where a system is trusted (operations.md, Who wins)."""


def os_user() -> str:
    """Return who runs leadhub, as the operating system knows them: the journal's actor."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user in a container
        return f"uid {os.getuid()}"


@dataclass(frozen=True, slots=True)
class System:
    """One configured system: how it is reached, what it is asked for, and how its state is read."""

    name: str
    doc: config.SystemDoc
    connector: type[Source]
    settings: BaseModel | None
    """None where the deployment was opened offline and something that they point at is missing."""
    objects: tuple[TargetObject, ...]
    projection: str
    """What the stored form of this system's records depends on: where it changed, every record is looked at again."""

    @property
    def is_target(self) -> bool:
        """Whether the connector can write at all."""
        return hasattr(self.connector, "push")

    @property
    def writes(self) -> bool:
        """Whether the connector can write and the configuration lets it."""
        return self.doc.mode == "write" and self.is_target

    def object(self, name: str) -> TargetObject:
        """Return one object by name."""
        return next(o for o in self.objects if o.mapping.object == name)


@dataclass(slots=True)
class Hub:
    """An opened deployment."""

    deployment: config.Deployment
    plugins: Plugins
    systems: Mapping[str, System]
    policy: Policy
    store: Store
    clock: Clock
    log: Log
    actor: str = field(default_factory=os_user)
    make_http: Callable[..., http.HttpClient] = http.client
    met: Callable[[str, Identity], object] = field(default=lambda _name, _identity: None)
    """Is told who answered, once a system and run, before anything is read from it or written to it."""

    def connect(self, system: System) -> Source:
        """Make the system's connector: one instance a thread. Raises ConfigError if the deployment was opened without what the connector needs."""
        if system.settings is None:
            raise ConfigError(
                f"{system.name} cannot be reached without its settings:\n" + "\n".join(f"  {m}" for m in self.deployment.missing[system.name])
            )
        wanted = {o.mapping.object: native_names(o) for o in system.objects}
        log = structlog.get_logger().bind(system=system.name)
        return system.connector(Context(system.name, system.settings, wanted, self.make_http, self.clock, log))

    def targets(self) -> dict[tuple[str, str], TargetObject]:
        """Return every object of every system, by system and object."""
        return {o.key: o for system in self.systems.values() for o in system.objects}


def open_hub(folder: Path, *, clock: Clock | None = None, offline: bool = False) -> Hub:
    """Open the deployment in this folder. Raises ConfigError, PluginError, StoreError, each with what to do.

    `offline`: for what reads the store alone. A system whose secrets are not there is no fault then, until somebody connects to it.
    """
    deployment = config.load(folder, offline=offline)
    plugins = Plugins(deployment.folder)
    systems = _systems(deployment, plugins)
    relations = {o.key: o.relation for s in systems.values() for o in s.objects if o.relation is not None}
    _check_laws(relations)
    used = clock or SystemClock()
    store = open_store(store_url(deployment), used)
    policy = _policy(deployment.document, systems, relations)
    return Hub(deployment, plugins, systems, policy, store, used, structlog.get_logger())


def store_url(deployment: config.Deployment) -> str:
    """Return the store's URL; a relative SQLite path is one in the deployment's folder."""
    url = deployment.document.store
    prefix = "sqlite:///"
    if url.startswith(prefix) and url != f"{prefix}:memory:":
        return prefix + str(deployment.folder.resolve() / url.removeprefix(prefix))
    return url


def _systems(deployment: config.Deployment, plugins: Plugins) -> dict[str, System]:
    connectors, presets = plugins.connectors(), plugins.presets()
    problems: list[str] = []
    systems = {}
    for name, doc in deployment.document.system.items():
        line = deployment.line_of("system", name, "plugin")
        where = f"{deployment.path.name}:{line}" if line else deployment.path.name
        connector = connectors.get(doc.plugin)
        if connector is None:
            problems.append(f'{where}: there is no connector "{doc.plugin}". Installed: {", ".join(sorted(connectors)) or "none"}.')
            continue
        settings = None if name in deployment.missing else _settings(deployment, name, doc, connector, problems)
        objects = tuple(_object(deployment, name, doc, mapping, presets, problems) for mapping in connector.mappings)
        if settings is not None or name in deployment.missing:
            systems[name] = System(name, doc, connector, settings, objects, _projection(doc, objects, presets))
    if problems:
        raise ConfigError(
            "\n".join([f"{deployment.path.name} has {len(problems)} problems:", *(f"  {p}" for p in problems)]), problems=tuple(problems)
        )
    return systems


def _settings(deployment: config.Deployment, name: str, doc: config.SystemDoc, connector: type[Source], problems: list[str]) -> BaseModel | None:
    given = dict(doc.settings)
    fields = connector.settings_model.model_fields
    if "base" in fields:
        given.setdefault("base", deployment.folder)
    if "owner_on_create" in fields and doc.on_create is not None:
        given.setdefault("owner_on_create", doc.on_create.owner)
    try:
        return connector.settings_model.model_validate(given)
    except ValidationError as error:
        problems.extend(describe(error, deployment.text, deployment.path.name, ("system", name)))
        return None


def _object(
    deployment: config.Deployment, name: str, doc: config.SystemDoc, mapping: ObjectMapping, presets: Mapping[str, str], problems: list[str]
) -> TargetObject:
    relation: Relation | None = None
    preset = doc.preset or mapping.state
    if preset is not None and preset not in presets:
        problems.append(f'{deployment.path.name}: system.{name} names the preset "{preset}". Known: {", ".join(sorted(presets))}.')
    elif preset is not None:
        document = {**loads(presets[preset]), "system": name, "object": mapping.object}
        try:
            relation = load_relation(
                document,
                source=f"{preset}.toml",
                line_of=line_finder(presets[preset]),
                overrides=doc.field,
                overrides_source=deployment.path.name,
                overrides_line_of=line_finder(deployment.text, "system", name),
            )
        except RelationProblems as error:
            problems.extend(error.problems)
    return TargetObject(name, mapping, relation, creates=doc.create == "always")


def _projection(doc: config.SystemDoc, objects: Sequence[TargetObject], presets: Mapping[str, str]) -> str:
    texts = [presets.get(doc.preset or o.mapping.state or "", "") for o in objects]
    parts = [json.dumps(doc.field, sort_keys=True, default=str), *(repr(o.mapping) for o in objects), *texts]
    return hashlib.blake2b("|".join(parts).encode(), digest_size=8).hexdigest()


def _check_laws(relations: Mapping[tuple[str, str], Relation]) -> None:
    report = check_laws(tuple(relations.values()))
    if report.failures:
        found = tuple(str(failure) for failure in report.failures[:20])
        raise ConfigError("The mapping of states contradicts itself:\n" + "\n".join(f"  {f}" for f in found), problems=found)


def _policy(document: config.Document, systems: Mapping[str, System], relations: Mapping[tuple[str, str], Relation]) -> Policy:
    fields = {}
    for name, kind in FIELDS.items():
        doc = document.fields.get(name, config.FieldDoc())
        prefer = doc.prefer or (None if name in ASKED_CONFLICTS or doc.conflict == "review" else document.defaults.trust)
        fields[name] = FieldPolicy(name, kind.match, prefer, doc.owner, doc.strict, doc.clear)
    return Policy(
        systems=tuple(systems),
        fields=fields,
        relations=dict(relations),
        trust=document.defaults.trust,
        adoption={name: s.doc.adoption for name, s in systems.items()},
        own_lead=frozenset(o.key for s in systems.values() for o in s.objects if o.mapping.own_lead),
    )
