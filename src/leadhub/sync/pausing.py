"""Pausing: a person stops the writes to one system at once, whatever is at work, and starts them again.

A pause is asked about before every call that writes. Reading goes on, so that nothing is missed; what waits is planned and put off in every run, and
judged anew each time. A source that is only read is left alone altogether: what is sent to it is kept, and taken in after the pause.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from leadhub.errors import GuardStopped
from leadhub.hub import Hub
from leadhub.model.run import RunRow
from leadhub.store import Mode, Transaction
from leadhub.sync.session import Session

PAUSE, RESUME = "pause", "resume"
"""The kinds of run under which the journal has them."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A system that is paused: since when, by whom and why."""

    system: str
    actor: str
    at: datetime | None
    reason: str

    def __str__(self) -> str:
        when = f"{self.at:%Y-%m-%d %H:%M} UTC" if self.at else "an unknown time"
        return f"{self.system} is paused since {when} by {self.actor}{f': {self.reason}' if self.reason else ''}"


def paused(tx: Transaction, system: str) -> Pause | None:
    """Return the pause of a system; None where it is not paused."""
    row = tx.systems.get(system)
    if row is None or row.mode != "paused":
        return None
    run = next((run for run in tx.runs.list(1000, kind=PAUSE) if run.counts.get("system") == system), None)
    return Pause(system, "somebody", None, "") if run is None else Pause(system, run.actor, run.started_at, str(run.counts.get("reason") or ""))


def why_not(session: Session, system: str) -> str:
    """Why nothing may be written to a system now, for a person paused it; blank where nobody did. Asked anew before every call."""
    with session.hub.store.read() as tx:
        pause = paused(tx, system)
    return "" if pause is None else str(pause)


def demand_running(hub: Hub, systems: Iterable[str]) -> None:
    """Raise GuardStopped if any of these systems is paused: there is nothing to take back but what waits for them."""
    with hub.store.read() as tx:
        pauses = [pause for system in sorted(systems) if (pause := paused(tx, system)) is not None]
    for pause in pauses:
        raise GuardStopped(f"{pause}. Nothing was taken back.", next_step=f"leadhub resume {pause.system}, then the same command again")


def pause(hub: Hub, system: str, reason: str) -> None:
    """Stop the writes to a system, also for a run that is at work: it makes no further call that writes."""
    _switch(hub, system, PAUSE, "paused", reason)


def resume(hub: Hub, system: str, reason: str) -> None:
    """Let a system that is paused be written again; one that is only read is read again."""
    _switch(hub, system, RESUME, "write" if hub.systems[system].is_target else "read", reason)


def _switch(hub: Hub, system: str, kind: str, mode: Mode, reason: str) -> None:
    run_id, now = hub.clock.new_id(), hub.clock.now()
    with hub.store.begin() as tx:
        tx.systems.switch(system, mode)
        tx.runs.start(RunRow(run_id, kind, now, None, "running", {}, hub.deployment.hash, hub.actor))
        tx.runs.finish(run_id, "ok", {"system": system, "reason": reason})
