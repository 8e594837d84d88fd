"""leadhub.toml as a JSON Schema, for editors and for checks outside leadhub."""

from collections.abc import Mapping
from typing import Any

from leadhub.config.document import Document
from leadhub.connectors.protocols import Source

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(connectors: Mapping[str, type[Source]]) -> dict[str, Any]:
    """Return the schema of the whole file; a system's table also has the keys of its connector, and secrets are references."""
    whole = Document.model_json_schema()
    definitions = whole["$defs"]
    rules = []
    for name, connector in sorted(connectors.items()):
        own = connector.settings_model.model_json_schema(ref_template=f"#/$defs/{name}-{{model}}")
        definitions |= {f"{name}-{model}": definition for model, definition in own.pop("$defs", {}).items()}
        properties = {key: _or_reference(of) for key, of in own.get("properties", {}).items()}
        rules.append({"if": {"properties": {"plugin": {"const": name}}, "required": ["plugin"]}, "then": {"properties": properties}})
    definitions["SystemDoc"]["allOf"] = rules
    return {"$schema": _DIALECT, "title": "leadhub.toml", **{key: value for key, value in whole.items() if key != "title"}}


def _or_reference(of: Mapping[str, Any]) -> dict[str, Any]:
    """A value, or "${NAME}" or "file:PATH", which point at one."""
    if of.get("type") == "string" and "pattern" not in of and "enum" not in of:
        return dict(of)
    return {"anyOf": [dict(of), {"type": "string", "pattern": r"\$\{\w+\}|^file:"}]}
