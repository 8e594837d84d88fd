"""Revert of an import: who goes with it, and what stays because it tells who somebody is. Pure.

Nobody is left without a name and an address: such a person would take in the next record that shows what the file showed.
"""

from collections.abc import Collection, Iterator

from leadhub.core.agreement import agrees
from leadhub.core.drafts import label
from leadhub.core.policy import Policy
from leadhub.core.revert import Known, Setback, Skipped, Undo
from leadhub.core.sides import Side
from leadhub.model.person import Link
from leadhub.model.record import Operation
from leadhub.model.run import Intent, IntentState

IDENTITY = ("email", "phone", "mobile", "first_name", "last_name")
"""The fields that tell who somebody is."""


def known_from_it_alone(run_id: str, sources: Collection[str], known: Known, intents: Collection[Intent], reverts: Collection[str]) -> bool:
    """Whether nothing is known of a person but by this import from these sources.

    What leadhub made of it elsewhere, and archived when that was taken back, tells nothing new, and neither do the reverts themselves.
    """
    if not known.history or any(_elsewhere(known, sources)):
        return False
    archived = {
        f"{i.change.system}/{i.change.object}/{i.change.record_id}"
        for i in intents
        if i.change.operation is Operation.ARCHIVE and i.state is IntentState.ACCEPTED
    }
    others = {link.system for link in known.aggregate.links if link.id not in archived}
    ours = {link.system for link in known.aggregate.links} - others
    return all(run == run_id or edit.origin in ours or (edit.cause == "decision" and run in reverts) for run, edit in known.history)


def spare_identity(known: Known, undo: Undo, sources: Collection[str], policy: Policy) -> bool:
    """Keep what tells who somebody is, as far as others know the person too; return False where nobody does, and nothing would be left of them."""
    blanked = [s for s in undo.setbacks if s.lead_id is None and s.field in IDENTITY and s.value is None]
    if not blanked:
        return True
    others = [link.system for link in _elsewhere(known, sources)]
    sides = [side for side in known.sides.values() if side.system not in sources]
    for setback in blanked:
        if showing := sorted({side.system for side in sides if _shows(side, setback, policy)}):
            _keep(known, undo, setback, f"{', '.join(showing)} shows it too")
    after = {name: canonical.value for name, canonical in known.aggregate.person.fields.items()}
    after |= {s.field: s.value for s in undo.setbacks if s.lead_id is None}
    if any(after.get(name) for name in IDENTITY):
        return True
    for setback in blanked if others else ():
        _keep(known, undo, setback, f"nothing else tells who this is, of whom {', '.join(others)} has a record")
    return bool(others)


def _elsewhere(known: Known, sources: Collection[str]) -> Iterator[Link]:
    return (link for link in known.aggregate.links if link.system not in sources and link.role != "frozen")


def _shows(side: Side, setback: Setback, policy: Policy) -> bool:
    return setback.field in side.shown and agrees(policy.fields[setback.field], side, setback.old)


def _keep(known: Known, undo: Undo, setback: Setback, reason: str) -> None:
    undo.setbacks.remove(setback)
    undo.skipped.append(Skipped(label(known.aggregate.person), "leadhub", setback.field, reason))
