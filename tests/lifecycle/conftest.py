"""Every preset of the core and of the two CRM plugins, loaded once."""

import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from leadhub.lifecycle.lines import line_finder
from leadhub.lifecycle.loader import load_relation
from leadhub.lifecycle.relation import Relation

ROOT = Path(__file__).parents[2]
FOLDERS = (
    ROOT / "src/leadhub/lifecycle/presets",
    ROOT / "plugins/leadhub-salesforce/src/leadhub_salesforce/presets",
    ROOT / "plugins/leadhub-hubspot/src/leadhub_hubspot/presets",
)
PATHS = {path.stem: path for folder in FOLDERS for path in sorted(folder.glob("*.toml"))}


@cache
def load_preset(name: str, answer: str | None = None) -> Relation:
    """One preset; `answer` answers what it asks about Closed - Not Converted."""
    text = PATHS[name].read_text()
    answers = {"Status": {"Closed - Not Converted": answer}} if answer else {}
    return load_relation(tomllib.loads(text), source=PATHS[name].name, line_of=line_finder(text), answers=answers)


@pytest.fixture(scope="session")
def preset_paths() -> dict[str, Path]:
    """Where each preset's text is."""
    return PATHS


@pytest.fixture(scope="session")
def load() -> Callable[[str], Relation]:
    """Loads a preset as it ships, its questions open."""
    return load_preset


@pytest.fixture(scope="session")
def presets() -> dict[str, Relation]:
    """All presets by name, their questions answered with "not for us"."""
    return {name: load_preset(name, "not for us" if name == "salesforce-lead" else None) for name in PATHS}


@pytest.fixture(scope="session")
def hubspot() -> Relation:
    """The HubSpot contact."""
    return load_preset("hubspot-contact")


@pytest.fixture(scope="session")
def salesforce() -> Relation:
    """The Salesforce Lead, Closed - Not Converted answered with "not for us"."""
    return load_preset("salesforce-lead", "not for us")


@pytest.fixture(scope="session")
def opportunity() -> Relation:
    """The Salesforce Opportunity."""
    return load_preset("salesforce-opportunity")
