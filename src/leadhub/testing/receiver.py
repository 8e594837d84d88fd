"""What every connector promises that is sent what it reads. Subclass `ReceiverConformance`, supply the two fixtures, and pytest runs the laws.

The fixtures: `harness` (`leadhub.testing.harness.ReceiverHarness`), and `connector_factory`, for which `Factory(YourConnector, settings)` does.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from leadhub import Delivery, Identity, Receives, Record, RecordError
from leadhub.testing.declared import DeclarationLaws
from leadhub.testing.failing import assert_sentence
from leadhub.testing.harness import ReceiverHarness
from leadhub.testing.kit import Factory, drain, traces
from leadhub.testing.reading import HIDDEN, assert_well_formed

NOISE = (
    b"",
    b"\0" * 64,
    b"\xff\xfe\x00\xd8",
    b"[" * 5_000,
    b"[]",
    b"null",
    b"1e999",
    json.dumps({"email": "\ud800"}).encode(),
    json.dumps({"email": {"email": ["x"]}, "": None}).encode(),
    b"a" * 200_000,
    b"&=&==%zz%ff&\xe9=1",
    b"--x\r\nContent-Disposition: form-data\r\n\r\nv",
)
"""Bodies that a connector's author did not think of; robots do."""
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""NUL, and half of a surrogate pair: PostgreSQL keeps neither, and UTF-8 has no word for the second."""


class ReceiverConformance(DeclarationLaws):
    """The laws of receiving."""

    @pytest.fixture
    def harness(self) -> ReceiverHarness:
        """Return those who send."""
        raise NotImplementedError("supply the fixture `harness`: see leadhub.testing.harness")

    @pytest.fixture
    def connector_factory(self, harness: ReceiverHarness) -> Factory:
        """Return what makes connectors."""
        raise NotImplementedError("supply the fixture `connector_factory`: a leadhub.testing.Factory")

    def test_the_connector_is_a_receiver(self, connector_factory: Factory) -> None:
        """It has the methods of a receiver, says who answers, and a pull of what nobody has to be asked for ends at once."""
        connector = connector_factory()
        assert isinstance(connector, Receives)
        identity = connector.check()
        assert isinstance(identity, Identity)
        assert identity.org
        assert identity.user
        assert not [record for page in drain(connector) for record in page.records]

    def test_the_door_lets_deliveries_in(self, harness: ReceiverHarness, connector_factory: Factory) -> None:
        """The door takes the media types and sizes of good deliveries, knows its token by its SHA-256 alone, and is the same each time."""
        door = connector_factory().door()
        assert len(door.token_hash) == 32, "the door has no SHA-256 of a token: it would stand open, or shut"
        assert door.per_minute > 0
        for kind in door.content_types:
            assert re.fullmatch(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+", kind), f"{kind!r} is no media type in lower case"
        for delivery, _ in harness.good:
            assert media_type(delivery) in door.content_types
            assert len(delivery.body) <= door.max_bytes
        assert connector_factory().door() == door

    def test_a_delivery_becomes_its_records(self, harness: ReceiverHarness, connector_factory: Factory) -> None:
        """A delivery gives at least one record, well formed, of an object that has a mapping, and with the values that were sent."""
        objects = {mapping.object for mapping in connector_factory.connector.mappings}
        for delivery, expected in harness.good:
            records = parsed(connector_factory, delivery)
            assert records, "a delivery gave no record, and no reason why"
            for record in records:
                assert record.object in objects
                assert_well_formed(record)
            shown = {name: records[0].values.get(name) for name in expected}
            assert shown == dict(expected)

    def test_parsing_is_pure(self, harness: ReceiverHarness, connector_factory: Factory) -> None:
        """The same delivery gives the same records, whichever instance reads it, after whatever else, and a year later."""
        deliveries = [delivery for delivery, _ in harness.good]
        first = [parsed(connector_factory, delivery) for delivery in deliveries]
        connector = connector_factory()
        connector_factory.clock.instant += timedelta(days=365)
        again = [tuple(connector.parse(delivery)) for delivery in reversed(deliveries)]
        assert again[::-1] == first, "the same delivery gave other records"
        assert connector_factory.clock.slept == 0.0

    def test_each_delivery_has_records_of_its_own(self, harness: ReceiverHarness, connector_factory: Factory) -> None:
        """A record's id comes from its delivery: the same body sent again under another id is another record, and no two share one."""
        seen: set[tuple[str, str]] = set()
        for delivery, _ in harness.good:
            for one in (delivery, replace(delivery, id=f"{delivery.id}-again")):
                ids = [(record.object, record.id) for record in parsed(connector_factory, one)]
                assert len(set(ids)) == len(ids)
                assert not seen & set(ids), "two deliveries gave one record"
                seen |= set(ids)

    def test_what_cannot_be_understood_has_a_reason(self, harness: ReceiverHarness, connector_factory: Factory) -> None:
        """A delivery that no record can be made of raises RecordError with a sentence, and is not turned away: its sender will not send it again."""
        assert harness.senseless, "the harness needs a delivery that no record can be made of"
        for delivery in harness.senseless:
            assert connector_factory().turn_away(delivery) is None
            with pytest.raises(RecordError) as caught:
                connector_factory().parse(delivery)
            assert str(caught.value).strip()

    def test_noise_is_never_more_than_a_refusal(self, harness: ReceiverHarness, connector_factory: Factory) -> None:
        """Whatever bytes come under whatever media type, parsing gives records or raises RecordError, and the door gives an answer."""
        whole = {delivery.content_type for delivery, _ in harness.good} | {"", "nonsense", "multipart/form-data; boundary=x"}
        delivery = harness.good[0][0]
        for content_type in sorted(whole | set(connector_factory().door().content_types)):
            for body in NOISE:
                noise = replace(delivery, content_type=content_type, body=body)
                assert_taken(connector_factory, noise)

    def test_only_the_unwanted_is_turned_away(self, harness: ReceiverHarness, connector_factory: Factory) -> None:
        """What leadhub will never take is refused with a sentence for its sender; a good delivery is not."""
        for delivery, _ in harness.good:
            assert connector_factory().turn_away(delivery) is None
        for delivery in harness.unwanted:
            told = connector_factory().turn_away(delivery)
            assert told
            assert told.strip()

    def test_a_hidden_field_is_not_received(self, harness: ReceiverHarness, connector_factory: Factory) -> None:
        """A wanted field that was not sent is absent from the values, not None, and breaks nothing."""
        for delivery, _ in harness.good:
            for record in connector_factory(HIDDEN).parse(delivery):
                assert HIDDEN not in record.values, "what was not sent is told as a known blank"

    def test_no_secret_of_a_receiver_is_told(self, harness: ReceiverHarness, connector_factory: Factory) -> None:
        """No secret of the settings stands in the door, in a reason, in a record or in the log."""
        secrets = connector_factory.secrets()
        if not secrets:
            pytest.skip("the settings hold no secret")
        connector = connector_factory()
        told = [repr(connector_factory.settings), repr(connector), repr(connector.check()), repr(connector.door())]
        told += [repr(connector.parse(delivery)) for delivery, _ in harness.good]
        told += [str(connector.turn_away(delivery)) for delivery in harness.unwanted]
        for delivery in harness.senseless:
            with pytest.raises(RecordError) as caught:
                connector.parse(delivery)
            told += traces(caught.value)
        assert not [text for text in told + connector_factory.log.events for secret in secrets if secret in text], "a secret of the settings is told"


def media_type(delivery: Delivery) -> str:
    """Return the media type of a delivery, without its parameters."""
    return delivery.content_type.partition(";")[0].strip().lower()


def parsed(factory: Factory, delivery: Delivery) -> tuple[Record, ...]:
    """Return what a fresh instance makes of a delivery."""
    records: Sequence[Record] = factory().parse(delivery)
    return tuple(records)


def assert_taken(factory: Factory, delivery: Delivery) -> None:
    """Demand that a delivery is answered and read, or refused, in leadhub's words."""
    what = f"{delivery.content_type!r}, {delivery.body[:40]!r}"
    connector = factory()
    try:
        told = connector.turn_away(delivery)
        for record in connector.parse(delivery):
            assert_well_formed(record)
            assert not [v for v in record.values.values() if isinstance(v, str) and UNSTORABLE.search(v)], f"{what}: a text that nobody can store"
    except RecordError as error:
        assert_sentence(error, what)
    except Exception as error:  # noqa: BLE001 - whatever else it is, is the fault that this law looks for
        pytest.fail(f"{what}: {type(error).__name__} came through: {error}")
    else:
        assert told is None or told.strip()
