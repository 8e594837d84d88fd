"""What every connector promises in its declarations: mappings that mean something, and settings that keep a secret when they are refused."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from leadhub import FieldMapping, ObjectMapping
from leadhub.config.faults import Faults, describe
from leadhub.model.record import NativeType
from leadhub.testing.kit import Factory
from leadhub.values.fields import FIELDS
from leadhub.values.kinds import BOOLEAN, DATE, EMAIL, INSTANT, NUMBER, TAGS, Kind

KINDS: Mapping[NativeType, tuple[Kind, ...]] = {
    "boolean": (BOOLEAN,),
    "integer": (NUMBER,),
    "decimal": (NUMBER,),
    "date": (DATE, INSTANT),
    "datetime": (DATE, INSTANT),
    "owner": (EMAIL,),
}
"""What a canonical field must hold for a system to be sent such a value. Any field can be sent as a text."""

SPOILS = ("\n", " and a blank", "\N{EN DASH}", "/../x", "é")
"""What a secret that was copied badly has in it."""


class DeclarationLaws:
    """The laws of what a connector says before it makes a call."""

    def test_mappings_are_sound(self, connector_factory: Factory) -> None:
        """Objects and native fields are mapped once, canonical fields are those of leadhub, and each is sent in a type that its values have."""
        mappings = connector_factory.connector.mappings
        assert mappings, "no object is mapped"
        assert_once("object", [mapping.object for mapping in mappings])
        for mapping in mappings:
            self.assert_sound(mapping, {other.object for other in mappings})

    def assert_sound(self, mapping: ObjectMapping, objects: set[str]) -> None:
        """Demand that one object's mapping can be meant."""
        name = mapping.object
        assert_once(f"{name}: native field", [f.native for f in mapping.fields])
        assert_once(f"{name}: canonical field (what only adds to it is a `member`)", [f.canonical for f in mapping.fields if not f.member])
        assert mapping.same_person.keys() <= objects, f"{name}: same_person names an object that is not mapped"
        for mapped in mapping.fields:
            assert mapped.canonical in FIELDS, f"{name}: {mapped.canonical} is no field of leadhub's: see leadhub.values.fields"
            assert not (mapped.member and mapped.writable), f"{name}.{mapped.native} is a member, which is never written: writable=False"
            self.assert_typed(name, mapped)

    def assert_typed(self, name: str, mapped: FieldMapping) -> None:
        """Demand that a field's type can hold its canonical values, and that its native values are listed once."""
        kind = FIELDS[mapped.canonical].kind
        place = f"{name}.{mapped.native}"
        assert kind in KINDS.get(mapped.type, (kind,)), f"{place} is sent as {mapped.type}, but {mapped.canonical} holds a {kind.name}"
        assert mapped.type != "multi" or mapped.member or kind is TAGS, f"{place} is sent as several, but {mapped.canonical} holds one"
        assert mapped.max_length is None or mapped.max_length > 0
        assert_once(f"{place}: value", [value.native for value in mapped.values])
        assert all(value.canonical for value in mapped.values), f"{place}: a value stands for nothing"

    def test_refused_settings_tell_no_secret(self, connector_factory: Factory) -> None:
        """Settings with a fault are refused without a secret of theirs, in the sentence that leadhub makes of it: not that fault's value, nor another's."""
        secrets = [name for name, value in connector_factory.settings if isinstance(value, SecretStr)]
        if not secrets:
            pytest.skip("the settings hold no secret")
        given = {name: plain(value) for name, value in connector_factory.settings}
        for name in secrets:
            for spoiled in (given[name] + spoil for spoil in SPOILS):
                self.assert_silent(connector_factory, {**given, name: spoiled}, given[name])
            self.assert_silent(connector_factory, {**given, "leadhub_no_such_key": 1}, given[name])
            for other in given.keys() - {name}:
                self.assert_silent(connector_factory, {**given, other: object()}, given[name])

    def assert_silent(self, factory: Factory, given: Mapping[str, Any], secret: str) -> None:
        """Demand that the refusal of these settings, if they are refused, does not repeat the secret. Raises what is no refusal."""
        model = factory.connector.settings_model
        try:
            model.model_validate(given)
        except ValidationError as error:
            told = " ".join(describe(error, Faults("leadhub.toml", ""), ("system", "conformance"), model=model, also=()))
            assert secret not in told, "a refusal of the settings repeats the secret"


def plain(value: object) -> Any:
    """Return a setting as the configuration has it."""
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def assert_once(what: str, names: list[str]) -> None:
    """Demand that each name stands once."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    assert not twice, f"{what} mapped twice: {', '.join(twice)}"
