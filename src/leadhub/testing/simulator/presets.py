"""The shipped presets that the state schedules run on, read from the installed plugins' data files."""

import tomllib
from functools import cache
from importlib import resources

from leadhub.lifecycle.loader import load_relation
from leadhub.lifecycle.relation import Relation


@cache
def hubspot_contact() -> Relation:
    """The preset of the HubSpot contact. Raises ModuleNotFoundError where leadhub-hubspot is not installed."""
    return _load("leadhub_hubspot", "hubspot-contact.toml", {})


@cache
def salesforce_lead() -> Relation:
    """The preset of the Salesforce Lead, Closed - Not Converted meaning "not for us". Raises ModuleNotFoundError without leadhub-salesforce."""
    return _load("leadhub_salesforce", "salesforce-lead.toml", {"Status": {"Closed - Not Converted": "not for us"}})


def _load(package: str, name: str, answers: dict[str, dict[str, str]]) -> Relation:
    text = (resources.files(package) / "presets" / name).read_text()
    return load_relation(tomllib.loads(text), source=name, answers=answers)
