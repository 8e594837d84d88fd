"""The laws of receiving find faults: each mutant of a small receiver breaks the law that it names, and no law goes without one."""

# ruff: noqa: D102 - each class says what its one method does wrong

import hashlib
import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, SecretStr

from leadhub import (
    Context,
    Cursor,
    Delivery,
    Door,
    FieldMapping,
    Identity,
    InvalidValue,
    LeadhubError,
    NativeValue,
    ObjectMapping,
    Page,
    Record,
)
from leadhub.testing import Factory, ReceiverConformance

FIELDS = ("email", "last_name", "company")


class ClickSettings(BaseModel):
    """The last part of the address."""

    token: SecretStr = SecretStr("a-token-for-clicks")


class Clicks:
    """Takes JSON objects with an address in them."""

    name: ClassVar[str] = "clicks"
    settings_model: ClassVar[type[BaseModel]] = ClickSettings
    mappings: ClassVar[tuple[ObjectMapping, ...]] = (ObjectMapping("click", tuple(FieldMapping(name, name) for name in FIELDS), event=True),)

    def __init__(self, context: Context) -> None:
        self.context = context

    def check(self) -> Identity:
        return Identity(self.context.system, "clicks", production=False, user="nobody")

    def pull(self, since: Cursor | None) -> Iterator[Page]:
        yield from ()

    def door(self) -> Door:
        token: SecretStr = self.context.settings.token
        return Door(hashlib.sha256(token.get_secret_value().encode()).digest(), frozenset({"application/json"}))

    def turn_away(self, delivery: Delivery) -> str | None:
        return "Pictures are not taken." if delivery.body.startswith(b"\x89PNG") else None

    def parse(self, delivery: Delivery) -> Sequence[Record]:
        values = self.values(delivery)
        if "@" not in str(values.get("email")):
            raise InvalidValue("It names no e-mail address.")
        return [Record("click", delivery.id, values, stamp=delivery.received_at)]

    def values(self, delivery: Delivery) -> dict[str, NativeValue]:
        try:
            found = json.loads(delivery.body.decode())
        except (ValueError, RecursionError):
            raise InvalidValue("It is no JSON.") from None
        if not isinstance(found, dict):
            raise InvalidValue("It is no JSON object.")
        return {name: self.text(found[name]) for name in FIELDS if name in found}

    def text(self, value: object) -> str | None:
        if not isinstance(value, str) or "\0" in value or not value.encode(errors="ignore").decode() == value:
            raise InvalidValue("A value is no text that can be kept.")
        return value.strip() or None


def delivery(number: int, body: object) -> Delivery:
    """Return a delivery of JSON."""
    return Delivery(f"d{number}", "application/json; charset=utf-8", json.dumps(body).encode(), datetime(2026, 3, 1, tzinfo=UTC))


class ClickHarness:
    """Those who send clicks."""

    good: Sequence[tuple[Delivery, Mapping[str, NativeValue]]] = (
        (
            delivery(1, {"email": "ann@acme.example", "last_name": " Lee ", "company": ""}),
            {"email": "ann@acme.example", "last_name": "Lee", "company": None},
        ),
        (delivery(2, {"email": "bob@acme.example"}), {"email": "bob@acme.example"}),
    )
    senseless = (delivery(3, {"last_name": "Lee"}),)
    unwanted = (replace(delivery(4, {}), body=b"\x89PNG\r\n"),)


class TestClicks(ReceiverConformance):
    """The reference keeps every law."""

    @pytest.fixture
    def harness(self) -> ClickHarness:
        """Return those who send clicks."""
        return ClickHarness()

    @pytest.fixture
    def connector_factory(self, harness: ClickHarness) -> Factory:
        """Return what makes receivers."""
        return Factory(Clicks, ClickSettings())


class Mutant(Clicks):
    """A receiver with a fault, and the law that it breaks."""

    law: ClassVar[str]


class PullsEverybody(Mutant):
    """Shows records in a pull too."""

    law = "test_the_connector_is_a_receiver"

    def pull(self, since: Cursor | None) -> Iterator[Page]:
        yield Page((Record("click", "d0", {}),), None)


class StandsOpen(Mutant):
    """Has no token."""

    law = "test_the_door_lets_deliveries_in"

    def door(self) -> Door:
        return replace(super().door(), token_hash=b"")


class TakesOtherTypes(Mutant):
    """Names a media type that nobody sends."""

    law = "test_the_door_lets_deliveries_in"

    def door(self) -> Door:
        return replace(super().door(), content_types=frozenset({"text/json"}))


class SwallowsADelivery(Mutant):
    """Gives no record, and no reason."""

    law = "test_a_delivery_becomes_its_records"

    def parse(self, delivery: Delivery) -> Sequence[Record]:
        return super().parse(delivery)[1:]


class ShowsBlanksAsText(Mutant):
    """Shows a blank as an empty text."""

    law = "test_a_delivery_becomes_its_records"

    def text(self, value: object) -> str | None:
        return super().text(value) or ""


class StampsByTheClock(Mutant):
    """Stamps a record with the time at which it is read."""

    law = "test_parsing_is_pure"

    def parse(self, delivery: Delivery) -> Sequence[Record]:
        return [replace(record, stamp=self.context.clock.now()) for record in super().parse(delivery)]


class NamesRecordsByTheirBody(Mutant):
    """Makes the id from what was sent: a person who fills the form in again is lost."""

    law = "test_each_delivery_has_records_of_its_own"

    def parse(self, delivery: Delivery) -> Sequence[Record]:
        name = hashlib.sha256(delivery.body).hexdigest()
        return [replace(record, id=name) for record in super().parse(delivery)]


class TurnsAwayWhatItCannotRead(Mutant):
    """Refuses at the door what it cannot understand: it is nowhere then."""

    law = "test_what_cannot_be_understood_has_a_reason"

    def turn_away(self, delivery: Delivery) -> str | None:
        return super().turn_away(delivery) or (None if b"@" in delivery.body else "There is no address in it.")


class TrustsTheSender(Mutant):
    """Takes every body for JSON, as its author's own form sends it."""

    law = "test_noise_is_never_more_than_a_refusal"

    def values(self, delivery: Delivery) -> dict[str, NativeValue]:
        found = json.loads(delivery.body)
        return {name: self.text(found[name]) for name in FIELDS if name in found}


class LetsPicturesIn(Mutant):
    """Says nothing to the sender of what it will never take."""

    law = "test_only_the_unwanted_is_turned_away"

    def turn_away(self, delivery: Delivery) -> str | None:
        return None


class TakesWhatIsWantedForBlank(Mutant):
    """Shows every wanted field, sent or not."""

    law = "test_a_hidden_field_is_not_received"

    def values(self, delivery: Delivery) -> dict[str, NativeValue]:
        return dict.fromkeys(self.context.wanted["click"]) | super().values(delivery)


class KeepsTheTokenInTheRecord(Mutant):
    """Keeps the address that it came by."""

    law = "test_no_secret_of_a_receiver_is_told"

    def values(self, delivery: Delivery) -> dict[str, NativeValue]:
        token: SecretStr = self.context.settings.token
        return {**super().values(delivery), "company": f"/in/clicks/{token.get_secret_value()}"}


MUTANTS = sorted(Mutant.__subclasses__(), key=lambda mutant: mutant.__name__)
SHARED = {"test_mappings_are_sound", "test_refused_settings_tell_no_secret"}
"""Laws of every connector's declarations; their mutants are in `test_source_mutants`."""


def breaks(law: str, connector: type[Clicks]) -> bool:
    """Say whether a connector breaks a law."""
    given: dict[str, Any] = {"harness": ClickHarness(), "connector_factory": Factory(connector, ClickSettings())}
    test = getattr(ReceiverConformance(), law)
    try:
        test(**{name: given[name] for name in inspect.signature(test).parameters})
    except (AssertionError, pytest.fail.Exception, LeadhubError):
        return True
    return False


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_the_named_law_finds_the_mutant(mutant: type[Mutant]) -> None:
    """A receiver with this fault fails the law that its class names, which the reference keeps."""
    assert not breaks(mutant.law, Clicks)
    assert breaks(mutant.law, mutant), f"{mutant.law} does not notice: {mutant.__doc__}"


def test_every_law_has_a_mutant() -> None:
    """No law of receiving is without a fault that it finds, and each states itself in a docstring."""
    laws = {name for name in dir(ReceiverConformance) if name.startswith("test_")}
    assert laws - SHARED == {mutant.law for mutant in MUTANTS}
    assert [law for law in laws if not getattr(ReceiverConformance, law).__doc__] == []
