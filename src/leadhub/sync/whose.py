"""Whose a write is: that run's which stored its intent, whoever found out later what became of it. So the journal counts it, and no run's own report."""

from collections.abc import Mapping, Sequence

from leadhub.model.record import Json, Operation
from leadhub.model.run import IntentState, RunRow
from leadhub.store import Transaction

Counts = Mapping[str, dict[str, Json]]
"""By system, what a run did with it."""

_WRITTEN = ("created", "updated", "refused")


def counts_of(tx: Transaction, runs: Sequence[RunRow]) -> dict[str, Counts]:
    """Return by run what it did with each system: what it read, as it counted itself, and what it wrote, as the journal has it."""
    found: dict[str, dict[str, dict[str, Json]]] = {run.id: {} for run in runs}
    for run in runs:
        for system, counted in run.counts.items():
            if isinstance(counted, dict):
                found[run.id][system] = {**counted, **dict.fromkeys(_WRITTEN, 0)}
    for one in tx.intents.tally([run.id for run in runs]):
        name = _name(one.operation, one.state)
        counts = found[one.run_id].setdefault(one.system, dict.fromkeys(_WRITTEN, 0))
        if name is not None:
            counts[name] = one.amount + (n if isinstance(n := counts.get(name), int) else 0)
    return dict(found)


def _name(operation: Operation, state: IntentState) -> str | None:
    if state is IntentState.REFUSED:
        return "refused"
    if state is not IntentState.ACCEPTED:
        return None
    return "created" if operation is Operation.CREATE else "updated"
