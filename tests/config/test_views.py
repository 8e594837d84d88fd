"""What can be said of a configuration: where each setting comes from, its schema, and how it fits the connectors."""

from pathlib import Path
from typing import Any

import pytest

from leadhub import FieldMapping, ObjectMapping, config
from leadhub.config.schema import schema
from leadhub.config.show import MASK, settings
from leadhub.plugins import Plugins
from leadhub.testing.memory import MemoryConnector

TEXT = """version = 1
store = "${STORE}"

[system.crm]
plugin = "crm"
token = "${TOKEN}"
other = "file:secret.txt"
base_url = "${URL}"
missing = "x${NOWHERE}"
tags = ["a", "b"]
hook_url = "https://crm.example/?token=${TOKEN}"
"""


def load(folder: Path, text: str, **environ: str) -> config.Deployment:
    (folder / "leadhub.toml").write_text(text, encoding="utf-8")
    return config.load(folder, environ, offline=True)


def test_every_setting_is_shown_with_where_it_comes_from_and_no_secret(tmp_path: Path) -> None:
    """What is behind a reference is masked, addresses alone are shown, without their passwords; defaults are named as such."""
    (tmp_path / "secret.txt").write_text("s3cret")
    deployment = load(tmp_path, TEXT, STORE="postgresql://me:s3cret@db/leads", TOKEN="s3cret", URL="https://me:s3cret@crm.example/")
    shown = {setting.key: setting for setting in settings(deployment)}
    assert "s3cret" not in repr(shown)
    assert (shown["version"].value, shown["version"].origin) == ("1", "leadhub.toml:1")
    assert (shown["system.crm.token"].value, shown["system.crm.token"].origin) == (MASK, "leadhub.toml:6, environment TOKEN")
    assert shown["system.crm.other"].origin == "leadhub.toml:7, file:secret.txt"
    assert shown["system.crm.base_url"].value == f"https://me:{MASK}@crm.example/"
    assert shown["system.crm.hook_url"].value == MASK
    assert shown["system.crm.missing"].origin == "leadhub.toml:9, environment NOWHERE (not set)"
    assert shown["system.crm.tags"].value == "a, b"
    assert (shown["system.crm.create"].value, shown["system.crm.create"].origin) == ("never", "default")
    assert shown["store"].value == MASK


def _resolved(whole: dict[str, Any], of: dict[str, Any]) -> dict[str, Any]:
    reference = of.get("$ref")
    found = whole["$defs"][reference.rpartition("/")[2]] if reference else of
    assert isinstance(found, dict)
    return found


def test_the_schema_knows_every_key_of_the_example() -> None:
    """An editor that goes by it has nothing to complain of; a wrong key of leadhub's own has no place in it."""
    connectors = Plugins().connectors()
    whole = schema(connectors)
    system = _resolved(whole, whole["properties"]["system"]["additionalProperties"])
    of_connectors = {rule["if"]["properties"]["plugin"]["const"]: set(rule["then"]["properties"]) for rule in system["allOf"]}
    assert set(of_connectors) == set(connectors)
    example = config.load(Path(__file__).parents[2] / "config", {}, offline=True)
    for doc in example.document.system.values():
        assert set(doc.model_fields_set) <= set(system["properties"]) | of_connectors[doc.plugin]
    assert whole["additionalProperties"] is False
    assert whole["properties"]["version"]["const"] == 1
    when = whole["$defs"]["CreateWhen"]["properties"]
    assert set(when) == {"stage", "fields", "from"}
    assert {"type": "string"} in when["stage"]["anyOf"]


def against(folder: Path, text: str, connectors: dict[str, Any]) -> list[str]:
    (folder / "leadhub.toml").write_text(text, encoding="utf-8")
    deployment, faults = config.read(folder, {})
    assert faults.found == []
    config.against(deployment, connectors, faults)
    return faults.found


class Reader:
    """Only reads: it has no `push`."""

    mappings = (ObjectMapping("person", (FieldMapping("email", "email"),)),)


class Writer(MemoryConnector):
    """Reads and writes; one of its fields is fixed."""

    mappings = (
        ObjectMapping(
            "Lead",
            (
                FieldMapping("email", "Email"),
                FieldMapping("tier", "Tier__c", writable=False),
                FieldMapping("email_opt_out", "OptOut", type="boolean", writable=False),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'create = "always"\non_create = { owner = "x" }\n',
            "leadhub.toml:4: M17 w is only ever read: its connector (r) cannot write, so create says nothing.",
        ),
        (
            'scope = { "Led.Email" = "present" }\n',
            'M24 "Led.Email" names the object "Led", which w does not read. Did you mean "Lead"? Objects: Lead.',
        ),
        ('allow = ["convert"]\n', 'leadhub.toml:4: M17 w allows "convert", but its connector (w) converts nothing.'),
        ('[fields.rank]\nw = "Contact.Rank"\n', 'leadhub.toml:5: M24 "Contact.Rank" names the object "Contact", which w does not read.'),
        (
            '[fields.tier]\nw = "Tier__c"\n',
            'leadhub.toml:5: M12 w.Tier__c is read-only: edits of tier made elsewhere would never arrive. Say owner = "w"',
        ),
        (
            '[fields.email_opt_out]\nw = "OptOut"\n',
            "M12 w.OptOut is read-only: edits of email_opt_out made elsewhere would never arrive. Name a field that can be written, or write w = false",
        ),
    ],
)
def test_faults_that_only_a_connector_can_tell(tmp_path: Path, text: str, expected: str) -> None:
    """An object that it does not have, a field that it cannot write, a key of writers at a reader."""
    plugin = "r" if "only ever read" in expected else "w"
    found = against(tmp_path, f'version = 1\n[system.w]\nplugin = "{plugin}"\n{text}', {"r": Reader, "w": Writer})
    assert len(found) == (2 if plugin == "r" else 1)
    assert expected in found[0]


@pytest.mark.parametrize(
    "text",
    [
        '[fields.tier]\nw = "Tier__c"\nowner = "w"\n',
        'mode = "read"\n[fields.tier]\nw = "Tier__c"\n',
        "[fields.tier]\nw = false\nv = 'T'\n[system.v]\nplugin = 'q'\n",
    ],
)
def test_a_fixed_field_may_be_read(tmp_path: Path, text: str) -> None:
    """Where that system alone fills it, or is only read, or leaves it alone, nothing is wrong."""
    assert against(tmp_path, f'version = 1\n[system.w]\nplugin = "w"\n{text}', {"w": Writer}) == []
