"""leadhub.toml against the connectors that it names: what only their mappings can tell, before anybody is called."""

from collections.abc import Iterator, Mapping

from leadhub.config.document import SystemDoc
from leadhub.config.faults import Faults
from leadhub.config.load import Deployment
from leadhub.connectors.protocols import Source
from leadhub.lifecycle.wording import did_you_mean
from leadhub.values.fields import FIELDS

Connectors = Mapping[str, type[Source]]


def against(deployment: Deployment, connectors: Connectors, faults: Faults) -> None:
    """Note every fault of the systems whose connector is installed."""
    for name, doc in deployment.document.system.items():
        connector = connectors.get(doc.plugin)
        if connector is not None:
            _objects(name, deployment, connector, faults)
            _never_written(name, doc, connector, faults)
            _read_only(name, deployment, connector, faults)
            _allowed(name, doc, connector, faults)


def _objects(name: str, deployment: Deployment, connector: type[Source], faults: Faults) -> None:
    """M24: "Object.Field" names an object that the connector reads."""
    objects = [mapping.object for mapping in connector.mappings]
    for keys, written in _native_names(name, deployment):
        of, dot, _ = written.partition(".")
        if dot and of not in objects:
            message = f'"{written}" names the object "{of}", which {name} does not read. {did_you_mean(of, objects)}Objects: {", ".join(objects)}.'
            faults.add(keys, message, "M24")


def _native_names(name: str, deployment: Deployment) -> Iterator[tuple[tuple[str, ...], str]]:
    for field, doc in deployment.document.fields.items():
        native = doc.systems.get(name)
        yield from ((("fields", field, name), written) for written in (native.names if native is not None else ()))
    yield from ((("system", name, "scope", written), written) for written in deployment.document.system[name].scope)


def _never_written(name: str, doc: SystemDoc, connector: type[Source], faults: Faults) -> None:
    """M17: a connector that only reads."""
    if hasattr(connector, "push") or doc.mode == "read":  # the file alone says that such a system is never written
        return
    for key in ("create", "on_create", "required_defaults", "owner_fallback"):
        if key in doc.model_fields_set and getattr(doc, key) not in ("never", {}, None):
            faults.add(
                ("system", name, key),
                f"{name} is only ever read: its connector ({doc.plugin}) cannot write, so {key} says nothing. Remove it.",
                "M17",
            )


def _allowed(name: str, doc: SystemDoc, connector: type[Source], faults: Faults) -> None:
    """What a connector cannot do is not allowed either."""
    if "convert" in doc.allow and not getattr(connector, "converts", 0):
        faults.add(("system", name, "allow"), f'{name} allows "convert", but its connector ({doc.plugin}) converts nothing. Remove it.', "M17")


def _read_only(name: str, deployment: Deployment, connector: type[Source], faults: Faults) -> None:
    """M12: a field that others may edit, kept where the system lets nobody write it."""
    document = deployment.document
    fixed = {(m.object, f.native) for m in connector.mappings for f in m.fields if not f.writable}
    for field, doc in document.fields.items():
        native = doc.systems.get(name)
        if native is None or doc.owner == name or document.system[name].mode == "read" or not hasattr(connector, "push"):
            continue
        if faults.unread("fields", field, "owner") or faults.unread("system", name, "mode"):
            continue
        for mapping in connector.mappings:
            found = native.native_in(mapping.object)
            if found is not None and (mapping.object, found) in fixed:
                consent = field in FIELDS and FIELDS[field].merge == "restrictive"  # which no owner may keep back
                own = "" if consent else f'say owner = "{name}" if {name} alone fills it, '
                mend = f"{own}name a field that can be written, or write {name} = false to leave it alone there."
                mend = mend[0].upper() + mend[1:]
                faults.add(("fields", field, name), f"{name}.{found} is read-only: edits of {field} made elsewhere would never arrive. {mend}", "M12")
