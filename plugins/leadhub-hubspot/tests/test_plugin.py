"""What the plugin registers."""

import tomllib

import leadhub_hubspot
from leadhub_hubspot.connector import HubSpot


def test_the_hooks_answer() -> None:
    """The plugin offers its connector, and every preset as TOML that parses, under the name that the mapping asks for."""
    assert leadhub_hubspot.register_connectors() == (HubSpot,)
    presets = leadhub_hubspot.register_presets()
    assert all(tomllib.loads(text) for text in presets.values())
    assert {mapping.state for mapping in HubSpot.mappings} <= presets.keys()
