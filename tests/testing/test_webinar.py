"""The single-file example in config/plugins/ keeps the laws of a source."""

import importlib.util
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from leadhub import FatalError, NativeValue
from leadhub.plugins import Plugins
from leadhub.testing import Factory, SourceConformance

FILE = Path(__file__).parents[2] / "config" / "plugins" / "webinar.py"


def load() -> ModuleType:
    """Import the example as a deployment does: from its path."""
    spec = importlib.util.spec_from_file_location("webinar_example", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class WebinarHarness:
    """A webinar tool that writes its export after each change."""

    object = "registration"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = datetime(2026, 3, 1, tzinfo=UTC)
        self.rows: dict[str, dict[str, Any]] = {}
        self.save()

    def create(self, values: Mapping[str, NativeValue]) -> str:
        """Register a person."""
        record_id = f"R{len(self.rows) + 1}"
        self.rows[record_id] = {"id": record_id}
        self.edit(record_id, values)
        return record_id

    def edit(self, record_id: str, values: Mapping[str, NativeValue]) -> None:
        """Change a registration; the tool writes a blank as an empty text."""
        self.rows[record_id] |= {name: "" if value is None else value for name, value in values.items()} | {"changed": self.now.isoformat()}
        self.save()

    def delete(self, record_id: str) -> None:
        """Cancel a registration: the export no longer has it."""
        del self.rows[record_id]
        self.save()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    def save(self) -> None:
        """Write the export."""
        export = {"webinar": "spring-2026", "host": "grace@example.com", "registrations": list(self.rows.values())}
        (self.folder / "webinar.json").write_text(json.dumps(export), encoding="utf-8")


class TestWebinar(SourceConformance):
    """The laws, on three pages of registrations."""

    many = 250

    @pytest.fixture
    def harness(self, tmp_path: Path) -> WebinarHarness:
        """Return a tool with an empty webinar."""
        return WebinarHarness(tmp_path)

    @pytest.fixture
    def connector_factory(self, harness: WebinarHarness) -> Factory:
        """Return what makes connectors to the export, found through the hook."""
        module = load()
        (connector,) = module.register_connectors()
        return Factory(connector, connector.settings_model(base=harness.folder))


def test_a_deployment_finds_it() -> None:
    """The file is found in a deployment's plugins folder, without being installed."""
    assert Plugins(FILE.parents[1]).connectors()["webinar"].__name__ == "Webinar"


@pytest.mark.parametrize("content", [None, "{", '"\ud800"'])
def test_an_export_that_cannot_be_read_is_told(tmp_path: Path, content: str | None) -> None:
    """A missing or broken export is a FatalError that names the file and the next step."""
    if content is not None:
        (tmp_path / "webinar.json").write_bytes(content.encode("utf-8", "surrogatepass"))
    connector = load().Webinar
    with pytest.raises(FatalError, match=r"webinar\.json cannot be read") as caught:
        Factory(connector, connector.settings_model(base=tmp_path))().check()
    assert caught.value.next_step == "Export the webinar again."
