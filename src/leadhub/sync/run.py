"""The whole flow. Read this first.

    recover → pull → resolve → reconcile (and plan) → guard → apply → journal

Everything before `apply` only reads from the systems. Each step stores what it found before the next begins, and each may be repeated: after a
crash the next run reads again, reconciles again and plans again; no plan is ever replayed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from leadhub.core.guard import judge as judge_guards
from leadhub.core.guard import tally
from leadhub.hub import Hub
from leadhub.model.run import PlannedChange
from leadhub.sync import apply as applying
from leadhub.sync.enroll import resolve
from leadhub.sync.judge import judge as reconcile
from leadhub.sync.pull import pull
from leadhub.sync.recover import close_crashed, recover
from leadhub.sync.report import AdoptionReport, RunReport, adoption_report, run_report
from leadhub.sync.session import Session, open_session

PASSES = 3
"""What changes between our reading and our writing is judged again in the same run, this often; after that the next run does it."""


def sync(hub: Hub, *, allowed: Mapping[tuple[str, str], int] | None = None) -> RunReport:
    """Bring every adopted system and the hub into agreement, and write what that takes.

    Raises:
        LeaseHeld: another run works.
        ConfigError: a system answers as another organization than the pinned one.
    """
    with open_session(hub, "sync", allowed=allowed) as session:
        recover(session)
        pull(session)
        for _ in range(PASSES):
            changes = _agree(session)
            _guard(session, changes)
            if not applying.apply(session):
                break
        return run_report(session)


def plan(hub: Hub) -> tuple[RunReport, Sequence[PlannedChange]]:
    """Show the exact writes that `sync` would make now. Reads from the systems, writes to none of them."""
    with open_session(hub, "plan") as session:
        recover(session)
        pull(session)
        changes = _agree(session)
        _guard(session, changes)
        return run_report(session), changes


def adopt(hub: Hub, system: str) -> AdoptionReport:
    """First contact with one system: read, match, say what was found. Nothing is written to any system."""
    with open_session(hub, "adopt", only=system) as session:
        close_crashed(session)
        pull(session, [system])
        with hub.store.begin() as tx:
            tx.records.mark_system_dirty(system)  # all of it is judged, so that the report is whole however often it is asked for
        _agree(session)
        if system not in session.troubles:
            _mark_adopted(session, system)
        return adoption_report(session, system)


def take_in(hub: Hub, system: str) -> RunReport:
    """Read one source, find out whom its records are about, and agree. No other system is called, and nothing is written to any."""
    with open_session(hub, "import", only=system) as session:
        close_crashed(session)
        pull(session, [system])
        _agree(session)
        return run_report(session)


def _mark_adopted(session: Session, system: str) -> None:
    """From now on every run reads the system; writing to it is switched on apart from that."""
    if session.rows[system].mode == "new":
        session.rows[system] = replace(session.rows[system], mode="read", org=session.identities[system].org)
        with session.hub.store.begin() as tx:
            tx.systems.save(session.rows[system])


def _agree(session: Session) -> list[PlannedChange]:
    session.planned.clear()
    resolve(session)
    reconcile(session)
    return list(session.planned)


def _guard(session: Session, changes: Sequence[PlannedChange]) -> None:
    """Judge the plan before the first write; a system whose guard refuses is left out of this run."""
    with session.hub.store.read() as tx:
        linked = {name: sum(n for (system, _), n in tx.persons.link_counts().items() if system == name) for name in session.hub.systems}
    caps = {name: row.create_cap for name, row in session.rows.items()}
    may_blank = frozenset(name for name, policy in session.hub.policy.fields.items() if policy.clear == "propagate")
    session.refuse(judge_guards(tally(changes, may_blank), linked, caps, session.allowed))
