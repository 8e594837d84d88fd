"""`leadhub doctor`: asks the configuration, the store and every system whether they are well, and names the cure of what is not."""

import shlex
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import SecretStr
from rich.text import Text
from structlog.testing import capture_logs

from leadhub.cli.completion import complete_system
from leadhub.cli.exits import ExitCode, UsageFault, in_folder, next_step_of, process_gone
from leadhub.cli.held import Held, held
from leadhub.cli.live import compare, needs_of, only_here, unanswered
from leadhub.cli.prove import prove
from leadhub.cli.screen import clean
from leadhub.cli.session import Cli, cli_of, identify
from leadhub.cli.words import plural, verb
from leadhub.config.lines import place
from leadhub.config.load import ENV_FILE
from leadhub.connectors.examining import SKEW, allowance_finding
from leadhub.errors import LeadhubError, LeaseHeld
from leadhub.hub import Hub, System
from leadhub.model.record import Finding, Identity, Level
from leadhub.sync.installation import shown
from leadhub.sync.pausing import paused
from leadhub.sync.process import is_gone
from leadhub.sync.receive import UNSTRAND, stranded
from leadhub.sync.retry import Careful
from leadhub.sync.session import LEASE, LEASE_TIME

_STYLES: dict[Level, str] = {"ok": "green", "note": "cyan", "warn": "yellow", "fail": "bold red"}


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(
    context: typer.Context,
    live: Annotated[bool, typer.Option("--live", help="Ask the systems themselves too: what happens without either option.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Configuration and store alone: no network, no secrets needed.")] = False,
    proved: Annotated[
        str | None,
        typer.Option(
            "--prove",
            metavar="SYSTEM",
            autocompletion=complete_system,
            help="Show what only a live account can prove of this system; with --yes try it there, on test records. Never in production.",
        ),
    ] = None,
) -> None:
    """Check configuration, store, credentials, organizations, rights, fields and picklists. Writes nothing, but for --prove with --yes."""
    cli = cli_of(context)
    if live and offline:
        raise UsageFault("--live asks the systems and --offline leaves them out.", next_step="leadhub doctor --live, or leadhub doctor --offline")
    if proved is not None:
        raise typer.Exit(prove(cli, cli.open(), proved))
    try:
        hub = cli.open(offline=offline)
    except LeadhubError as error:
        raise typer.Exit(show_findings(cli, [Finding("fail", "leadhub.toml", str(error), next_step_of(error))])) from error
    known = held(hub)
    findings = [
        Finding("ok", "leadhub.toml", f"{plural(len(hub.systems), 'system')}, no contradiction in the stage mapping"),
        *_written(hub),
        *_store(hub),
        *unanswered(hub, known),
    ]
    if offline:
        findings.append(
            Finding("note", "systems", "no system was asked: logins, rights, fields and picklists were not compared", "leadhub doctor --live")
        )
    for system in () if offline else hub.systems.values():
        findings.extend(examine(hub, system, known))
    raise typer.Exit(show_findings(cli, findings))


def show_findings(cli: Cli, findings: Sequence[Finding]) -> ExitCode:
    """Print one line a finding, its cure below, and return the exit code: 1 where anything fails."""
    findings = [replace(f, next_step=in_folder(f.next_step, cli.folder)) for f in findings]
    failed = sum(f.level == "fail" for f in findings)
    if not cli.screen.for_people:
        rows = [{"level": f.level, "subject": f.subject, "text": f.text, "next": f.next_step} for f in findings]
        cli.screen.rows("leadhub.doctor/1", "findings", rows, columns=("level", "subject", "text", "next"))
        return ExitCode.FAILED if failed else ExitCode.OK
    for finding in findings:
        mark = (f"{finding.level:<4}", _STYLES[finding.level])
        cli.screen.line(Text.assemble(mark, "  ", (clean(finding.subject), "bold"), "  ", clean(finding.text)))
        if finding.next_step and finding.level != "ok":
            cli.screen.line(f"      next: {finding.next_step}")
    warned = sum(f.level == "warn" for f in findings)
    cli.screen.line()
    cli.screen.line(f"{plural(len(findings), 'check')}: {failed} failed, {plural(warned, 'warning')}.", style="bold")
    return ExitCode.FAILED if failed else ExitCode.OK


def _written(hub: Hub) -> Iterator[Finding]:
    """What the files of the deployment say that is often not meant, and who else can read its secrets."""
    for warning in hub.deployment.warnings:
        yield Finding("warn", "leadhub.toml", warning)
    for told in only_here(hub):
        yield Finding("note", "leadhub.toml", told)
    env = hub.deployment.folder / ENV_FILE
    if _others_read(env):
        yield Finding("warn", ENV_FILE, "it holds secrets, and others on this machine can read it", f"chmod 600 {shlex.quote(str(env))}")
    for key, path in _secret_files(hub):
        if _others_read(path):
            said = f"it holds a secret ({key}), and others on this machine can read it"
            yield Finding("warn", str(path), said, f"chmod 600 {shlex.quote(str(path))}")


def _others_read(path: Path) -> bool:
    return path.is_file() and bool(path.stat().st_mode & 0o077)


def _secret_files(hub: Hub) -> Iterator[tuple[str, Path]]:
    """The files that the systems' secrets are read from, such as a private key, by the setting that names each."""
    for name, table in tomllib.loads(hub.deployment.text).get("system", {}).items():
        settings = hub.systems[name].settings if name in hub.systems else None
        for key, value in table.items():
            if isinstance(value, str) and value.startswith("file:") and isinstance(getattr(settings, key, None), SecretStr):
                yield f"system.{name}.{key}", hub.deployment.folder / value.removeprefix("file:")


# ---- the store -------------------------------------------------------------------------------------------------------------------------


def _store(hub: Hub) -> Iterator[Finding]:
    with hub.store.read() as tx:
        counts, unknown = tx.persons.counts(), len(tx.intents.open())
        running = [run for run in tx.runs.list(limit=5) if run.status == "running"]
        pauses = [pause for name in hub.systems if (pause := paused(tx, name)) is not None]
    where = hub.store.where
    yield Finding("ok", "store", f"{where}: its tables are those of this version; {plural(counts.persons, 'person')} known")
    held = _lease_held(hub)
    if held is not None:
        gone = process_gone(str(held))
        what = "a run is at work" if gone is None else f"a run was ended from outside, its process {gone} is gone"
        yield Finding(
            "warn",
            "lease",
            f"{what}: {held}",
            "leadhub runs list" if gone is None else "wait until then, then leadhub sync: it finds out and goes on",
        )
    elif running:
        yield Finding("warn", "lease", f"run {running[0].id} ended without saying how; nobody works now", "leadhub sync: it finds out and goes on")
    else:
        yield Finding("ok", "lease", "nobody works on this store now")
    for pause in pauses:
        yield Finding("warn", "pause", f"{pause}", f"leadhub resume {pause.system}")
    with hub.store.read() as tx:
        others = [other for name in hub.systems for other in tx.installations.others(name) if other.taken_over_at is None]
    for other in others:
        step = f"stop one of the two; if that one is dead: leadhub adopt {other.system} --take-over {other.id}"
        yield Finding("fail", other.system, f"another leadhub makes records here, so nothing is written: {shown(other)}", step)
    for name, count in stranded(hub).items():
        yield Finding(
            "warn",
            "inbox",
            f'{plural(count, "delivery")} {verb(count, "waits", "wait")} for "{name}", under which no system receives anything now',
            UNSTRAND,
        )
    if unknown and held is None:
        yield Finding("warn", "journal", f"{plural(unknown, 'write')} without a known outcome", "leadhub sync: it looks before it writes")


class _TakeBack(Exception):
    """Leaves the lease as it was found."""


def _lease_held(hub: Hub) -> LeaseHeld | None:
    """Ask whether another run holds the lease, by trying to take it in a transaction that is rolled back."""
    try:
        with hub.store.begin() as tx:
            tx.leases.acquire(LEASE, "doctor", LEASE_TIME, gone=is_gone)
            raise _TakeBack  # noqa: TRY301 - the transaction is taken back by it
    except _TakeBack:
        return None
    except LeaseHeld as held:
        return held


# ---- a system --------------------------------------------------------------------------------------------------------------------------


def examine(hub: Hub, system: System, known: Held) -> Iterator[Finding]:
    """Yield what a live system says of itself and of its configuration; `known` is what the records read so far show."""
    try:
        with capture_logs() as said:  # what a connector finds while it checks belongs among the findings, not in between them
            careful, identity = identify(hub, system)
    except LeadhubError as error:
        yield Finding("fail", system.name, str(error), next_step_of(error))
        return
    yield from _identity(hub, system, identity)
    found = list(compare(system, careful, known, place(hub.deployment.path.name, hub.deployment.text, ("system", system.name))))
    for level, text, next_step in found:
        yield Finding(level, system.name, text, next_step)
    if system.is_target and not careful.can_reread:
        said_so = "its connector cannot read records by id: nothing is looked at right before a write, and first writes are not read back"
        yield Finding("note", system.name, said_so)
    told = " ".join(text for _, text, _ in found)
    yield from (warning for warning in _warnings(system, said) if warning.text not in told)
    if careful.can_examine:
        yield from rights(system, careful)
    else:
        yield from _allowance(system, careful)
        yield from _clock(hub, system)


def rights(system: System, careful: Careful) -> Iterator[Finding]:
    """Yield what the connector finds out about its login, under the system's name."""
    try:
        for found in careful.examine(needs_of(system)):
            yield replace(found, subject=system.name, text=f"{found.subject}: {found.text}")
    except LeadhubError as error:
        yield Finding("fail", system.name, f"its rights cannot be read: {error}", next_step_of(error))


def _warnings(system: System, said: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """What the connector warned of when it checked itself, such as an owner whom nobody knows: it stops creates, where there are any."""
    for entry in said:
        if entry["log_level"] == "warning" and "reason" in entry:
            level: Level = "fail" if system.doc.create != "never" else "warn"
            yield Finding(level, system.name, str(entry["reason"]), str(entry.get("next_step") or ""))


def _identity(hub: Hub, system: System, identity: Identity) -> Iterator[Finding]:
    kind = "PRODUCTION" if identity.production else "sandbox" if system.is_target else "read only"
    yield Finding(
        "ok", system.name, f"answers: {identity.name}{'' if identity.org in identity.name else f' ({identity.org})'}, {kind}, as {identity.user}"
    )
    with hub.store.read() as tx:
        row = tx.systems.get(system.name)
    if system.is_target and (row is None or row.mode == "new"):
        yield Finding("warn", system.name, "not adopted yet: no run reads it, and its organization is not pinned", f"leadhub adopt {system.name}")
    elif row is not None and row.mode == "read" and system.writes:
        yield Finding("warn", system.name, "adopted, writing is off", f"leadhub adopt {system.name} --write-on")


def _allowance(system: System, careful: Careful) -> Iterator[Finding]:
    usage = careful.usage()
    if usage.used is not None and usage.limit:
        yield replace(allowance_finding(usage.used, usage.limit), subject=system.name)


def _clock(hub: Hub, system: System) -> Iterator[Finding]:
    """A record that was changed in the future tells that two clocks differ. Seen is what was read so far, a thousand records at most."""
    with hub.store.read() as tx:
        stamps = [record.stamp for record in tx.records.slice(system.name, None, 1000) if record.stamp is not None]
    ahead = max(stamps) - hub.clock.now() if stamps else timedelta()
    if ahead > SKEW:
        yield Finding(
            "warn",
            system.name,
            f"it shows changes from {ahead.total_seconds() / 60:.0f} minutes in the future: this machine's clock is behind",
            "set the clock (NTP)",
        )
