"""The whole flow. Read this first.

    recover → pull → resolve → reconcile (and plan) → guard → apply → journal

Everything before `apply` only reads from the systems. Whatever judges records has recovered first: a write of ours that nobody noted would be taken for
an edit. Each step stores what it found before the next begins, and each may be repeated: after a
crash the next run reads again, reconciles again and plans again; no plan is ever replayed.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from leadhub.hub import Hub
from leadhub.model.run import PlannedChange
from leadhub.sync import apply as applying
from leadhub.sync.approval import demand_file
from leadhub.sync.guards import guard
from leadhub.sync.planfile import Backfill
from leadhub.sync.pull import pull
from leadhub.sync.recover import recover
from leadhub.sync.report import AdoptionReport, RunReport, adoption_report, run_report
from leadhub.sync.session import Session, open_session
from leadhub.sync.steps import PASSES, agree, fresh_plan


def sync(hub: Hub, *, allowed: Mapping[tuple[str, str], int] | None = None) -> RunReport:
    """Bring every adopted system and the hub into agreement, and write what that takes.

    Raises:
        LeaseHeld: another run works.
        ConfigError: a system answers as another organization than the pinned one.
        GuardStopped: the deployment asks for plans that somebody else approved.
    """
    demand_file(hub, "sync")
    with open_session(hub, "sync", allowed=allowed) as session:
        recover(session)
        pull(session)
        for _ in range(PASSES):
            changes = agree(session)
            guard(session, changes)
            if not applying.apply(session):
                break
        return run_report(session)


def plan(hub: Hub, *, backfill: Backfill | None = None) -> tuple[RunReport, Sequence[PlannedChange]]:
    """Show the exact writes that `sync` would make now, or those of a backfill. Reads from the systems, writes to none of them."""
    with open_session(hub, "plan") as session:
        changes = fresh_plan(session, backfill)
        guard(session, changes)
        return run_report(session), changes


def adopt(hub: Hub, system: str) -> AdoptionReport:
    """First contact with one system: read, match, say what was found. Nothing is written to any system."""
    with open_session(hub, "adopt", only=system) as session:
        recover(session, [system])
        pull(session, [system])
        look_again(session, [system])  # all of it is judged, so that the report is whole however often it is asked for
        agree(session)
        if system not in session.troubles:
            _mark_adopted(session, system)
        return adoption_report(session, system)


def take_in(hub: Hub, system: str) -> RunReport:
    """Read one source, find out whom its records are about, and agree. No other system is called, and nothing is written to any."""
    with open_session(hub, "import", only=system) as session:
        recover(session, [system])
        pull(session, [system])
        agree(session)
        return run_report(session)


def pull_only(
    hub: Hub, systems: Sequence[str] | None = None, *, anew: bool = False, allowed: Mapping[tuple[str, str], int] | None = None
) -> RunReport:
    """Read the adopted systems, or some of them, and agree in the store; `anew`: all of it, not what changed. Nothing is written to any."""
    with open_session(hub, "pull", allowed=allowed) as session:
        recover(session, systems)
        pull(session, systems, anew=anew)
        if anew:
            look_again(session, systems or session.careful)
        agree(session)
        return run_report(session)


def look_again(session: Session, systems: Collection[str]) -> None:
    """Put everybody with a record in these systems on the work list: what an audit finds amiss is judged anew though no record changed."""
    with session.storing() as tx:
        for name in systems:
            tx.records.mark_system_dirty(name)


def _mark_adopted(session: Session, system: str) -> None:
    """From now on every run reads the system; writing to it is switched on apart from that."""
    if session.rows[system].mode == "new":
        session.rows[system] = replace(session.rows[system], mode="read", org=session.identities[system].org, adopted_at=session.started)
        with session.storing() as tx:
            tx.systems.save(session.rows[system])
