"""Resolve: which records are the same person, and which lead a record speaks of. Pure; it links, it never chooses values.

Touched records are judged as a set, since whether a key means one person cannot be told page by page. Exact keys only: a scorer that weighs
weaker evidence would give further `Match`es to `assign`, which treats every piece of evidence alike.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from leadhub.core.agreement import compared, field_of_key
from leadhub.core.policy import Policy
from leadhub.core.reconcile import current_lead
from leadhub.core.sides import Side
from leadhub.identity.keys import RECORD, Key, Name, compatible, is_generic
from leadhub.lifecycle.states import INITIAL, stage_rank
from leadhub.model.person import Aggregate, Lead, Link, Person, Role, StoredRecord, Versions

CUSTOMER = stage_rank("customer")


@dataclass(frozen=True, slots=True)
class Unlinked:
    """A record that belongs to nobody yet, with what identifies it."""

    record: StoredRecord
    name: Name
    keys: tuple[Key, ...]

    @property
    def id(self) -> str:
        """The id that its link will have."""
        return f"{self.record.system}/{self.record.object}/{self.record.id}"


@dataclass(frozen=True, slots=True)
class Bearer:
    """Somebody who already shows a key: a record of a known person. `former`: it showed the key once, and shows another by now."""

    person_id: str
    name: Name
    former: bool = False


@dataclass(slots=True)
class Assignment:
    """Who each record belongs to: an existing person's id, or the number of a new group; and the doubts that a person should look at."""

    persons: dict[str, str] = field(default_factory=dict)
    groups: list[list[Unlinked]] = field(default_factory=list)
    doubts: list[tuple[Unlinked, str, Key]] = field(default_factory=list)
    generic: set[Key] = field(default_factory=set)


def assign(records: Sequence[Unlinked], bearers: Mapping[Key, Sequence[Bearer]]) -> Assignment:
    """Give every unlinked record a person. The result does not depend on the order of the records.

    A key links only those whose names do not contradict each other; a key with too many different names is generic and links nobody.
    """
    result = Assignment()
    names: dict[Key, set[Name]] = {key: {b.name for b in known if not b.former} for key, known in bearers.items()}
    for record in records:
        for key in record.keys:
            names.setdefault(key, set()).add(record.name)
    result.generic = {key for key, of in names.items() if key.kind != RECORD and is_generic(of)}
    waiting: list[Unlinked] = []
    for record in sorted(records, key=lambda r: r.id):
        person = _known(record, bearers, result)
        if person is None:
            waiting.append(record)
        else:
            result.persons[record.id] = person
    while followers := _followers(records, waiting, result):
        result.persons |= followers
        waiting = [record for record in waiting if record.id not in followers]
    result.groups = _grouped(waiting, result)
    return result


def _followers(records: Sequence[Unlinked], waiting: Sequence[Unlinked], result: Assignment) -> dict[str, str]:
    """The persons of those waiting whom their system calls the same person as a record that has one by now: it may show nothing else of whose it is."""
    of: dict[Key, str] = {}
    for record in sorted((one for one in records if one.id in result.persons), key=lambda one: one.id) if waiting else ():
        of |= {key: result.persons[record.id] for key in record.keys if key.kind == RECORD and key not in of}
    named = ((record.id, next((of[key] for key in record.keys if key in of), None)) for record in waiting)
    return {id_: person for id_, person in named if person is not None}


def _known(record: Unlinked, bearers: Mapping[Key, Sequence[Bearer]], result: Assignment) -> str | None:
    """The known person that a key of the record names: the first key that names one without contradiction."""
    doubtful: list[tuple[str, Key]] = []
    found: str | None = None
    for key in record.keys:
        if key in result.generic:
            continue
        for bearer in sorted(bearers.get(key, ()), key=lambda b: (b.former, b.person_id)):
            if bearer.former and (found is not None or not compatible(record.name, bearer.name)):
                continue
            if key.kind != RECORD and not compatible(record.name, bearer.name):
                doubtful.append((bearer.person_id, key))
            elif found is None:
                found = bearer.person_id
            elif bearer.person_id != found:
                doubtful.append((bearer.person_id, key))
    result.doubts.extend((record, person, key) for person, key in dict.fromkeys(doubtful) if person != found)
    return found


def _grouped(records: Sequence[Unlinked], result: Assignment) -> list[list[Unlinked]]:
    """Group records that share a key and whose names agree with every other of the group."""
    groups: list[list[Unlinked]] = []
    by_key: dict[Key, list[list[Unlinked]]] = {}
    for record in records:
        keys = [key for key in record.keys if key not in result.generic]
        candidates = [group for key in keys for group in by_key.get(key, ())]
        certain = next((group for key in keys if key.kind == RECORD for group in by_key.get(key, ())), None)
        home = certain or next((g for g in candidates if all(compatible(record.name, other.name) for other in g)), None)
        if home is None:
            if candidates:
                result.doubts.append((record, candidates[0][0].id, keys[0]))
            home = []
            groups.append(home)
        home.append(record)
        for key in keys:
            if not any(g is home for g in by_key.setdefault(key, [])):
                by_key[key].append(home)
    return groups


# ---- links and leads -------------------------------------------------------------------------------------------------------------------


def enroll(aggregate: Aggregate, records: Iterable[StoredRecord], policy: Policy, new_id: Callable[[], str], now: datetime) -> Aggregate:
    """Link records to a person, and to a lead where they are one; open a lead where there is none that fits.

    Of several records of one object that are no leads of their own the newest becomes primary, unless one is already; of equal age the higher id.
    """
    leads, links, known = list(aggregate.leads), list(aggregate.links), dict(aggregate.records)
    by_age = sorted(records, key=lambda r: (r.created or now, r.system, r.object, len(r.id), r.id))
    newest = {(r.system, r.object): r.id for r in by_age}
    for record in by_age:
        key = (record.system, record.object)
        taken = {link.lead_id for link in links if (link.system, link.object) == key and link.role == "primary"}
        lead_id: str | None = None
        if key in policy.own_lead:
            lead = _lead_for(leads, taken)
            if lead is None:
                lead = _open(aggregate.person, leads, new_id, record.created or now)
                leads.append(lead)
            lead_id = lead.id
        elif not leads or (key in policy.events and _comes_back(leads, record)):
            leads.append(_open(aggregate.person, leads, new_id, record.created or now))
        if key in policy.events:
            current = current_lead(leads)
            lead_id = current.id if current is not None else None
        alone = key in policy.own_lead or key in policy.events
        role: Role = "primary" if alone or (not taken and record.id == newest[key]) else "secondary"
        role = "frozen" if record.gone is not None else role
        link = Link(record.system, record.object, record.id, aggregate.person.id, lead_id, role)
        if role == "secondary" and key in policy.lists and record.id == newest[key]:
            link = _speaking(links, link)
        links.append(link)
        known[link.id] = record
    return Aggregate(aggregate.person, tuple(leads), tuple(links), known)


def _speaking(links: list[Link], row: Link) -> Link:
    """Let a later row of a list speak for the person in the place of the one that did: what it says otherwise is an edit, as it is in the same row."""
    n = next(i for i, link in enumerate(links) if (link.system, link.object, link.role) == (row.system, row.object, "primary"))
    before, links[n] = links[n], replace(links[n], role="secondary")
    return replace(row, role="primary", base=before.base, state=before.state)


def heir(gone: Link, side: Side, policy: Policy) -> Link:
    """Return the link of a record that takes the place of one that is gone.

    What it shows like the base of the other stays agreed, so that what waited for the one reaches the other; the rest is met for the first time.
    """
    fields, shown = policy.fields, side.shown
    agreed = {
        key: base
        for key, base in gone.base.items()
        if (name := field_of_key(key)) in shown and compared(fields[name], side, shown[name]) == compared(fields[name], side, base.value)
    }
    alike = gone.state is not None and side.state is not None and gone.state.values.items() <= side.state.items()
    return replace(side.link, role="primary", base={**agreed, **side.link.base}, state=gone.state if alike else None)


def lead_at(leads: Sequence[Lead], made: datetime | None) -> Lead | None:
    """Return the lead that was the current one when a deal was made; the first, where none was there yet."""
    there = [lead for lead in leads if made is None or lead.opened_at is None or lead.opened_at <= made]
    if not there:
        return min(leads, key=lambda lead: (lead.cycle, lead.id), default=None)
    return max(there, key=lambda lead: (lead.closed_at is None or (made is not None and lead.closed_at > made), lead.cycle, lead.id))


def _comes_back(leads: Sequence[Lead], record: StoredRecord) -> bool:
    """Whether an event is a new beginning: the person had left, and not because nobody wants them (T8; of the disqualified a person decides)."""
    current = current_lead(leads)
    if current is None or current.state.exit in ("open", "disqualified"):
        return False
    return record.created is None or current.closed_at is None or record.created > current.closed_at


def _lead_for(leads: Sequence[Lead], taken: Iterable[str | None]) -> Lead | None:
    """The newest open lead without a record of this object that has not become a customer yet."""
    used = set(taken)
    free = [lead for lead in leads if lead.id not in used and lead.state.exit == "open" and stage_rank(lead.state.stage) < CUSTOMER]
    return current_lead(free)


def _open(person: Person, leads: Sequence[Lead], new_id: Callable[[], str], now: datetime) -> Lead:
    cycle = max((lead.cycle for lead in leads), default=0) + 1
    return Lead(new_id(), person.id, cycle, INITIAL, Versions(), {}, None, now)
