"""`leadhub approve`: a second person looks at a plan that is kept in a file, and says that it may be made."""

from pathlib import Path
from typing import Annotated

import typer

from leadhub.cli import kept
from leadhub.cli.exits import UsageFault
from leadhub.cli.session import Cli, cli_of
from leadhub.model.run import Approval
from leadhub.sync import approval, planfile
from leadhub.sync.planfile import typed


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("approve")(approve)


def approve(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A plan that somebody else kept by: leadhub plan -o FILE.")],
    comment: Annotated[str, typer.Option("--comment", metavar="TEXT", help="A word that is kept with it.")] = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take your own approval of it back.")] = False,
) -> None:
    """Look at somebody else's plan and record that you approve it. Calls no system; whoever planned something cannot approve it."""
    cli = cli_of(context)
    hub = cli.open(offline=True)
    plan = planfile.read(file, hub)
    if withdraw:
        said = approval.withdraw(hub, plan, comment)
    else:
        approval.refuse_author(hub, plan)
        if not plan.items:
            raise UsageFault(f"The plan in {file} writes nothing, so there is nothing to approve.", next_step=cli.command("plan"))
        left = kept.left_of(hub, plan)
        if not left.plan.items:
            raise UsageFault(
                f"Everything in the plan in {file} was made before, so there is nothing to approve: {kept.made_by(left)}.",
                next_step=cli.command(f"runs show {left.runs[-1].id}"),
            )
        changes = kept.show(cli, hub, left, f"of the plan in {file}")
        if not cli.confirm(kept.question(hub, "Approve", len(left.plan.items), changes)):
            cli.screen.line("Nothing was recorded.")
            return
        said = approval.approve(hub, plan, comment)
    _tell(cli, said, file)


def _tell(cli: Cli, said: Approval, file: Path) -> None:
    if not cli.screen.for_people:
        named = {"run": said.plan_run, "hash": said.plan_hash, "actor": said.actor, "at": said.at.isoformat(), "given": said.given}
        cli.screen.json({"schema": "leadhub.approval/1", **named, "comment": said.comment})
    elif said.given:
        cli.screen.line(f"Approved by {said.actor}, {said.at:%Y-%m-%d %H:%M} UTC.")
        cli.screen.line(f"Next: {cli.command(f'apply {typed(file)}')} makes exactly these, and refuses what has changed by then.")
    else:
        cli.screen.line(
            f"Withdrawn by {said.actor}, {said.at:%Y-%m-%d %H:%M} UTC: it counts no more. What was applied before stays; leadhub revert takes it back."
        )
