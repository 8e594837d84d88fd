"""Why a value is what it is, in four parts: which edit, seen when, by which rule, in which run. From the store alone, for every field of every lead."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from leadhub.insight.known import Known
from leadhub.model.person import Cause, Lead, Value
from leadhub.model.run import RunRow
from leadhub.model.state import FACETS, Facet
from leadhub.store import StoredEdit, Transaction

_RULES: dict[Cause, str] = {
    "adopted": "at first contact leadhub takes what nobody had told it yet, and writes nothing because of it",
    "edit": "an edit made after all that leadhub knew travels",
    "lowering": "a step back that a person made is accepted",
    "decision": "a decision is later than every value that it saw",
    "rule": "an edit of another part of the state brings it along, so that the state is a valid one",
    "initial": "every lead begins so, and nothing is invented",
}
_MERGED = {
    "first": "the first value stands for good",
    "max": "of several values the greatest counts",
    "restrictive": "of consents the one that protects more counts",
    "union": "what any record adds is kept",
}
_NEVER = "nothing is invented: a field that no record ever showed stays unknown"
_CONFLICT = "of two edits that did not know of each other the policy of the field chose one, and the other is kept in the journal"


@dataclass(frozen=True, slots=True)
class Because:
    """Why one field of a lead, or of its person (`lead` is None), has its value.

    `stored` is the edit that brought it, None where there is none: of a field that nobody ever showed, and of a state in which every lead begins.
    `run` is the run that took it; without an edit the one that met the person, or that looked last.
    """

    field: str
    lead: Lead | None
    value: Value
    cause: Cause
    origin: str
    rule: str
    stored: StoredEdit | None
    seen: datetime | None
    run: RunRow | None


def reasons(known: Known, tx: Transaction) -> Iterator[Because]:
    """Yield the reason of every field of every lead and of the person, those that were never set included."""
    runs = {run_id: found for run_id in dict.fromkeys(s.run_id for s in known.history) for found in tx.runs.get(run_id) if found.id == run_id}
    last = next(iter(tx.runs.list(1)), None)
    first = runs.get(known.history[0].run_id, last) if known.history else last
    for lead in known.aggregate.leads:
        for facet in FACETS:
            yield _of_facet(known, lead, facet, runs, first)
    for name, policy in known.hub.policy.fields.items():
        for about in known.aggregate.leads if policy.entity == "lead" else (None,):
            yield _of_field(known, name, about, runs, last)


def _of_facet(known: Known, lead: Lead, facet: Facet, runs: dict[str, RunRow], first: RunRow | None) -> Because:
    set_by = lead.set_by.get(facet)
    stored = _edit(known, facet, lead, lead.versions.of(facet))
    cause: Cause = "initial" if set_by is None else set_by.cause
    run = runs.get(stored.run_id, first) if stored is not None else first
    seen = _seen(stored) or lead.opened_at or (run.started_at if run is not None else None)
    return Because(facet, lead, lead.state.facet(facet), cause, "" if set_by is None else set_by.origin, _RULES[cause], stored, seen, run)


def _of_field(known: Known, name: str, lead: Lead | None, runs: dict[str, RunRow], last: RunRow | None) -> Because:
    canonical = known.canonical(name, lead)
    if canonical is None:
        return Because(name, lead, None, "initial", "", _NEVER, None, last.started_at if last is not None else None, last)
    stored = _edit(known, name, lead, canonical.version)
    run = runs.get(stored.run_id) if stored is not None else None
    rule = _MERGED.get(known.hub.policy.fields[name].merge, _RULES["edit"]) if canonical.cause == "edit" else _RULES[canonical.cause]
    about = None if lead is None else lead.id
    lost = (s.edit for s in known.history if s.edit.field == name and s.edit.lead_id == about and not s.edit.taken)
    if canonical.cause == "edit" and any(edit.version == canonical.version for edit in lost):
        rule = _CONFLICT
    return Because(name, lead, canonical.value, canonical.cause, canonical.origin, rule, stored, _seen(stored), run)


def _edit(known: Known, name: str, lead: Lead | None, version: int) -> StoredEdit | None:
    """The edit that brought a version; where the journal lacks it (it came in passing), the last one before."""
    about = None if lead is None else lead.id
    mine = [s for s in known.history if s.edit.field == name and s.edit.lead_id == about and s.edit.taken and s.edit.version <= version]
    return max(mine, key=lambda s: (s.edit.version, not s.edit.implied, s.seq), default=None)


def _seen(stored: StoredEdit | None) -> datetime | None:
    return stored.edit.at if stored is not None else None
