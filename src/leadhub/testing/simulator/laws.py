"""Laws that hold of any single call: the order of systems does not show, and what was settled once stays settled."""

from collections.abc import Sequence
from dataclasses import replace

from leadhub.core.reconcile import Reconciled, current_lead, furthest_lead, reconcile
from leadhub.model.person import Lead
from leadhub.testing.simulator.shell import Finding, Moment, Shell


def _essence(result: Reconciled) -> object:
    writes = sorted((w.side.id, sorted(w.fields.items()), sorted((s.field, s.value) for s in w.state)) for w in result.writes)
    links = sorted((link.id, link.base, link.state) for link in result.links)
    reviews = sorted((r.id, r.kind, sorted(r.values.items(), key=str)) for r in result.reviews)
    standing = sorted((s.link, s.field, s.reason) for s in result.standing)
    return (
        writes,
        [(i, sorted(b.items()), s) for i, b, s in links],
        reviews,
        standing,
        sorted(result.waiting),
        sorted(result.person.fields.items()),
        result.leads,
    )


def same_in_any_order(moment: Moment, shell: Shell) -> list[Finding]:
    """The same round with the records in the opposite order comes to the same."""
    sides = [replace(site.side(moment.seen[site.index]), link=moment.links[site.index]) for site in moment.sites]
    there = reconcile(moment.person, moment.leads, sides, moment.decisions, shell.policy, moment.now)
    back = reconcile(moment.person, moment.leads[::-1], sides[::-1], moment.decisions, shell.policy, moment.now)
    back.leads = back.leads[::-1]
    return [] if _essence(there) == _essence(back) else [Finding("order", "the order of the records shows in the result")]


def _spoken_of(leads: Sequence[Lead]) -> tuple[str | None, str | None]:
    current, furthest = current_lead(leads), furthest_lead(leads)
    return (current.id if current else None, furthest.id if furthest else None)


def same_again(moment: Moment, shell: Shell) -> list[Finding]:
    """What a round left behind, put through another with nothing new, does not move."""
    result = moment.result
    if _spoken_of(moment.leads) != _spoken_of(result.leads):
        return []  # a record that speaks of a person's leads speaks of another one from the next round on
    links = {link.id: link for link in result.links}
    sides = [replace(site.side(moment.seen[site.index]), link=links[site.link.id]) for site in moment.sites]
    pending = [d for d in moment.decisions if d.id not in result.decided]
    again = reconcile(result.person, result.leads, sides, pending, shell.policy, moment.now)
    found = []
    if again.person.fields != result.person.fields or again.leads != result.leads:
        found.append(Finding("idempotence", "a second look at the same records changes the hub"))
    if {k.id: (k.base, k.state) for k in again.links} != {k.id: (k.base, k.state) for k in result.links}:
        found.append(Finding("idempotence", "a second look at the same records moves a base"))
    if [(w.side.id, sorted(w.fields)) for w in again.writes] != [(w.side.id, sorted(w.fields)) for w in result.writes]:
        found.append(Finding("idempotence", "a second look at the same records writes something else"))
    return found
