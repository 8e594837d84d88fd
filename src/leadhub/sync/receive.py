"""Receive: what waits in the inbox of a system, parsed page by page. Every delivery ends as records or as a reject, and stays in the inbox."""

from collections.abc import Iterator
from dataclasses import dataclass

from leadhub.connectors.protocols import Receives
from leadhub.errors import RecordError
from leadhub.hub import Hub
from leadhub.model.delivery import Delivery
from leadhub.model.record import Page, Record, Reject
from leadhub.store.inbox import StoredDelivery
from leadhub.sync.session import Session

PAGE = 100
"""Deliveries a page. The largest that a door lets in make it some 25 MB."""

UNSTRAND = "name a system like that in leadhub.toml again, with the connector that received for it; leadhub inbox list --state waiting shows them"
"""What helps deliveries that are stranded."""

LONGEST_RAW = 10_000
"""Characters of a reject's text; the inbox has the whole delivery."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A page with the numbers of the deliveries that it was made of: whoever stores the one settles the others, in one transaction."""

    page: Page
    numbers: tuple[int, ...]


def receive(session: Session, system: str) -> Iterator[Parcel]:
    """Yield what waits for one system, oldest first; nothing for a connector that receives nothing. A page must be stored before the next is asked for."""
    configured = session.hub.systems[system]
    if not hasattr(configured.connector, "parse"):
        return
    connector = session.hub.connect(configured)
    assert isinstance(connector, Receives)
    while waiting := _waiting(session, system):
        records: list[Record] = []
        rejects: list[Reject] = []
        for stored in waiting:
            parsed = _parsed(connector, stored.delivery)
            if isinstance(parsed, str):
                rejects.append(Reject(system, stored.seq, _as_text(stored.delivery), parsed))
            else:
                records.extend(parsed)
        yield Parcel(Page(tuple(records), None, tuple(rejects)), tuple(stored.seq for stored in waiting))


def stranded(hub: Hub) -> dict[str, int]:
    """Return how many deliveries wait for a name under which no system receives anything: no run will take them in."""
    receiving = {name for name, system in hub.systems.items() if hasattr(system.connector, "parse")}
    with hub.store.read() as tx:
        return {name: count for name, count in tx.inbox.count_waiting().items() if name not in receiving}


def _waiting(session: Session, system: str) -> tuple[StoredDelivery, ...]:
    with session.hub.store.read() as tx:
        return tx.inbox.waiting(system, PAGE)


def _parsed(connector: Receives, delivery: Delivery) -> tuple[Record, ...] | str:
    """Return the records of a delivery, or why there are none."""
    try:
        records = tuple(connector.parse(delivery))
    except RecordError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - one body that the connector's author did not foresee must not keep all later ones waiting
        return f"the connector failed on it: {type(error).__name__}: {error}. It is kept: leadhub inbox replay, once the connector is mended."
    return records or "the connector made no record of it."


def _as_text(delivery: Delivery) -> str:
    return delivery.body[: 4 * LONGEST_RAW].decode(errors="backslashreplace")[:LONGEST_RAW]
