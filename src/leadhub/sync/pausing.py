"""Pausing: a person stops the writes to one system at once, whatever is at work, and starts them again.

A pause is asked about before every call that writes. Reading goes on, so that nothing is missed; what waits is planned and put off in every run, and
judged anew each time. A source that is only read is left alone altogether: what is sent to it is kept, and taken in after the pause.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from leadhub.errors import GuardStopped
from leadhub.hub import Hub
from leadhub.model.run import RunRow
from leadhub.store import Mode, Transaction
from leadhub.sync.session import Session

PAUSE, RESUME = "pause", "resume"
"""The kinds of run under which the journal has them."""
REPLACES = "replaces"
"""The reason before, in the row of a run that gave a pause another one."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A system that is paused: since when, by whom and why. `said` is the run in which the reason was given later."""

    system: str
    actor: str
    at: datetime | None
    reason: str
    said: RunRow | None = None

    def __str__(self) -> str:
        when = f"{self.at:%Y-%m-%d %H:%M} UTC" if self.at else "an unknown time"
        later = "" if self.said is None else f" (said by {self.said.actor}, {self.said.started_at:%Y-%m-%d %H:%M} UTC)"
        return f"{self.system} is paused since {when} by {self.actor}{f': {self.reason}' if self.reason else ''}{later}"


def paused(tx: Transaction, system: str) -> Pause | None:
    """Return the pause of a system; None where it is not paused."""
    row = tx.systems.get(system)
    if row is None or row.mode != "paused":
        return None
    runs = [run for run in tx.runs.list(1000, kind=PAUSE) if run.counts.get("system") == system]
    began = next((run for run in runs if REPLACES not in run.counts), None)
    if began is None:
        return Pause(system, "somebody", None, "")
    return Pause(system, began.actor, began.started_at, str(runs[0].counts.get("reason") or ""), None if runs[0] is began else runs[0])


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


def pause(hub: Hub, system: str, reason: str) -> Pause | None:
    """Stop the writes to a system, also for a run that is at work: it makes no further call that writes.

    One that is paused already is given the reason, where that is another one. Return the pause as it was; None where there was none.
    """
    with hub.store.begin() as tx:
        before = paused(tx, system)
        if before is None:
            _switch(tx, hub, PAUSE, "paused", {"system": system, "reason": reason})
        elif reason and reason != before.reason:
            _switch(tx, hub, PAUSE, "paused", {"system": system, "reason": reason, REPLACES: before.reason})
    return before


def resume(hub: Hub, system: str, reason: str) -> None:
    """Let a system that is paused be written again; one that is only read is read again."""
    with hub.store.begin() as tx:
        _switch(tx, hub, RESUME, "write" if hub.systems[system].is_target else "read", {"system": system, "reason": reason})


def _switch(tx: Transaction, hub: Hub, kind: str, mode: Mode, facts: Mapping[str, str]) -> None:
    run_id = hub.clock.new_id()
    tx.systems.switch(facts["system"], mode)
    tx.runs.start(RunRow(run_id, kind, hub.clock.now(), None, "running", {}, hub.deployment.hash, hub.actor))
    tx.runs.finish(run_id, "ok", facts)
