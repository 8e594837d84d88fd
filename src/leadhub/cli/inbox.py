"""`leadhub inbox`: what forms and other systems sent, as it came, and what became of it."""

from typing import Annotated, Any, get_args

import typer

from leadhub.cli.exits import UsageFault
from leadhub.cli.session import cli_of, system_of
from leadhub.cli.words import plural, verb
from leadhub.connectors.protocols import Receives
from leadhub.core.normalize import text_of
from leadhub.errors import RecordError
from leadhub.hub import Hub
from leadhub.store.inbox import DeliveryState, StoredDelivery
from leadhub.sync.receive import UNSTRAND, stranded

group = typer.Typer(help="What forms sent, as it came.")
_STATES = get_args(DeliveryState)
_ALL = 1_000_000

System = Annotated[str | None, typer.Option("--system", metavar="SYSTEM", help="Of one system alone.")]


@group.command("list")
def list_deliveries(
    context: typer.Context,
    system: System = None,
    state: Annotated[str | None, typer.Option("--state", metavar="|".join(_STATES), help="In one state alone.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, newest first.")] = 50,
) -> None:
    """List what was received: waiting for the next sync, taken in, or rejected and why."""
    cli = cli_of(context)
    hub, wanted = cli.open(offline=True), _state(state)
    if system is not None:
        system_of(hub, system)
    with hub.store.read() as tx:
        found = tx.inbox.list(system, wanted, limit)
    for name, count in stranded(hub).items():
        told = f'{plural(count, "delivery")} {verb(count, "waits", "wait")} for "{name}", under which no system receives anything now: no sync takes them in. Next: {UNSTRAND}'
        cli.screen.note(told, style="yellow")
    columns = ("delivery", "system", "received", "bytes", "state", "reason")
    cli.screen.rows("leadhub.inbox/1", "deliveries", [_row(stored) for stored in found], columns=columns, right=("delivery", "bytes"))


@group.command("show")
def show_delivery(context: typer.Context, delivery: Annotated[int, typer.Argument(metavar="DELIVERY", help="Its number.")]) -> None:
    """Show one delivery as it came, and what leadhub reads in it today."""
    cli = cli_of(context)
    hub = cli.open()
    stored = _get(hub, delivery)
    raw = stored.delivery.body.decode(errors="backslashreplace")
    values, reason = _read(hub, stored)
    if not cli.screen.for_people:
        shown = {**_row(stored), "content_type": stored.delivery.content_type, "raw": raw, "values": values, "unreadable": reason}
        cli.screen.json({"schema": "leadhub.delivery/1", **shown})
        return
    cli.screen.line(f"Delivery {stored.seq} to {stored.source}, received {stored.delivery.received_at:%Y-%m-%d %H:%M:%S} UTC", style="bold")
    cli.screen.line(
        {"waiting": "It waits for the next sync.", "taken": f"Run {stored.run_id} took it in."}.get(stored.state, f"Rejected: {stored.reason}")
    )
    cli.screen.title(f"As it came ({stored.delivery.content_type}, {plural(len(stored.delivery.body), 'byte')})")
    cli.screen.line(raw)
    cli.screen.title("As it is read today")
    for name, value in values.items():
        cli.screen.line(f"  {name}: {'' if value is None else value}")
    if reason is not None:
        cli.screen.line(f"  Nothing: {reason}")


@group.command("replay")
def replay(
    context: typer.Context,
    deliveries: Annotated[list[int] | None, typer.Argument(metavar="[DELIVERY]...", help="Their numbers.")] = None,
    rejected: Annotated[bool, typer.Option("--rejected", help="All that were rejected.")] = False,
    system: System = None,
) -> None:
    """Have deliveries read again by the next sync, after a form's settings were mended. The same delivery stays the same record."""
    cli = cli_of(context)
    if bool(deliveries) == rejected:
        raise UsageFault("Name deliveries by their numbers, or all rejected ones by --rejected.", next_step="leadhub inbox list --state rejected")
    hub = cli.open(offline=True)
    chosen = [_get(hub, number) for number in deliveries or []]
    with hub.store.begin() as tx:
        chosen = chosen or list(tx.inbox.list(system, "rejected", _ALL))
        count = tx.inbox.replay([stored.seq for stored in chosen])
    if not cli.screen.for_people:
        cli.screen.json({"schema": "leadhub.replay/1", "replayed": count})
        return
    cli.screen.line(f"{plural(count, 'delivery')} will be read again by the next sync.")
    if count < len(chosen):
        cli.screen.note(f"{plural(len(chosen) - count, 'delivery')} waited for it anyway.")


def _state(text: str | None) -> DeliveryState | None:
    found = next((state for state in _STATES if state == text), None)
    if text is not None and found is None:
        raise UsageFault(f'"{text}" is no state of a delivery: {", ".join(_STATES)} are.', next_step="leadhub inbox list --help")
    return found


def _get(hub: Hub, number: int) -> StoredDelivery:
    with hub.store.read() as tx:
        stored = tx.inbox.get(number)
    if stored is None:
        raise UsageFault(f"There is no delivery {number}.", next_step="leadhub inbox list")
    return stored


def _row(stored: StoredDelivery) -> dict[str, Any]:
    return {
        "delivery": stored.seq,
        "id": stored.delivery.id,
        "system": stored.source,
        "received": f"{stored.delivery.received_at:%Y-%m-%d %H:%M:%S}",
        "bytes": len(stored.delivery.body),
        "state": stored.state,
        "run": stored.run_id,
        "reason": stored.reason,
    }


def _read(hub: Hub, stored: StoredDelivery) -> tuple[dict[str, str | None], str | None]:
    """Return what the connector makes of a delivery under the present settings, or why it makes nothing."""
    system = hub.systems.get(stored.source)
    connector = None if system is None else hub.connect(system)
    if not isinstance(connector, Receives):
        return {}, f"no system {stored.source} receives anything any more."
    try:
        records = connector.parse(stored.delivery)
    except RecordError as error:
        return {}, str(error)
    return {name: text_of(value) or None for record in records for name, value in record.values.items()}, None
