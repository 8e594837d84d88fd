"""Persons with their leads and links in dictionaries."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from leadhub.model.person import Aggregate, Lead, Link, Person, StateBase, StoredRecord
from leadhub.store import RecordKey, StoreCounts
from leadhub.store.persons import Persons
from leadhub.testing.dict_store.records import clear_dirty
from leadhub.testing.dict_store.repository import DictRepository
from leadhub.testing.dict_store.tables import Tables, record_out, refused, utc


class DictPersons(DictRepository, Persons):
    """Persons by id."""

    def load(self, person_ids: Iterable[str]) -> tuple[Aggregate, ...]:
        """See `Persons.load`."""
        persons = self.held.persons
        return tuple(self._aggregate(persons[id_]) for id_ in dict.fromkeys(person_ids) if id_ in persons)

    def _aggregate(self, person: Person) -> Aggregate:
        held, links, records = self.held, [], dict[str, StoredRecord]()
        for key in sorted(held.links_of.get(person.id, ())):
            links.append(link := held.links[key])
            if record := held.records.get(key):
                records[link.id] = record_out(record)
        leads = [held.leads[id_] for id_ in held.leads_of.get(person.id, ())]
        if len(leads) > 1:
            leads.sort(key=_by_cycle)
        return Aggregate(person, tuple(leads), tuple(links), records)

    def save(self, aggregates: Iterable[Aggregate], due: Mapping[str, datetime] | None = None) -> None:
        """See `Persons.save`."""
        held = self.held
        held.writable()
        saved = tuple(aggregates)
        persons = {one.person.id: one.person for one in saved}
        leads = {lead.id: lead for one in saved for lead in one.leads}
        links = {_key(link): link for one in saved for link in one.links}
        if (len(persons), len(leads), len(links)) != (len(saved), sum(len(one.leads) for one in saved), sum(len(one.links) for one in saved)):
            raise refused("a person, lead or link was given twice, and PostgreSQL does not choose between them")
        for person in persons.values():
            _save_person(held, person, due.get(person.id) if due else None)
        for lead in leads.values():
            _save_lead(held, lead)
        for key, link in links.items():
            save_link(held, key, link)
        for id_ in persons:
            _drop_links(held, id_, links)
        for id_ in persons:  # only now: the link of one person may have been to the lead of another
            _drop_leads(held, id_, leads)
        clear_dirty(held, (record for one in saved for record in one.records.values()))

    def person_of(self, keys: Iterable[RecordKey]) -> dict[RecordKey, str]:
        """See `Persons.person_of`."""
        links = self.held.links
        return {key: links[key].person_id for key in keys if key in links}

    def records_of(self, person_ids: Iterable[str]) -> dict[RecordKey, str]:
        """See `Persons.records_of`."""
        index = self.held.links_of
        return {key: id_ for id_ in person_ids for key in sorted(index.get(id_, ()))}

    def frozen(self, keys: Iterable[RecordKey]) -> tuple[str, ...]:
        """See `Persons.frozen`."""
        links = self.held.links
        return tuple(sorted({link.person_id for key in keys if (link := links.get(key)) and link.role == "frozen"}))

    def linked(self, system: str) -> int:
        """See `Persons.linked`."""
        return sum(key.system == system for key in self.held.links)

    def due(self, now: datetime, limit: int = 1000) -> tuple[str, ...]:
        """See `Persons.due`."""
        by = utc(now)
        return tuple(id_ for _, id_ in sorted((at, id_) for id_, at in self.held.due.items() if at <= by)[:limit])

    def iter_ids(self, after: str = "", limit: int = 1000) -> tuple[str, ...]:
        """See `Persons.iter_ids`."""
        return tuple(sorted(id_ for id_ in self.held.persons if id_ > after)[:limit])

    def link_counts(self) -> dict[tuple[str, str], int]:
        """See `Persons.link_counts`."""
        return dict(sorted(Counter((link.system, str(link.role)) for link in self.held.links.values()).items()))

    def counts(self) -> StoreCounts:
        """See `Persons.counts`."""
        held = self.held
        return StoreCounts(
            persons=len(held.persons),
            leads=dict(Counter(str(lead.state.stage) for lead in held.leads.values())),
            links=self.link_counts(),
            records=dict(Counter(key.system for key in held.records)),
            open_reviews=len(held.open_reviews),
        )


def _save_person(held: Tables, person: Person, due: datetime | None) -> None:
    id_ = person.id
    if held.persons.get(id_) is not person:
        held.put(held.persons, id_, Person(id_, dict(person.fields), dict(person.sets), person.merged_into))
    if due is not None:
        held.put(held.due, id_, utc(due))
    elif id_ in held.due:
        held.drop(held.due, id_)


def _save_lead(held: Tables, lead: Lead) -> None:
    before = held.leads.get(lead.id)
    if before is lead:
        return
    if lead.person_id not in held.persons:
        raise refused(f"the lead {lead.id} is of a person that does not exist")
    if before is None or before.person_id != lead.person_id:
        if before:
            held.drop(held.leads_of[before.person_id], lead.id)
        held.put(held.among(held.leads_of, lead.person_id), lead.id, None)
    held.put(held.leads, lead.id, _own_lead(lead))


def save_link(held: Tables, key: RecordKey, link: Link) -> None:
    """Store a link in place of the one to the same record."""
    before = held.links.get(key)
    if before is link:
        return
    if link.person_id not in held.persons or (link.lead_id is not None and link.lead_id not in held.leads):
        raise refused(f"the link {link.id} is to a person or lead that does not exist")
    if before is None or before.person_id != link.person_id:
        if before:
            held.drop(held.links_of[before.person_id], key)
        held.put(held.among(held.links_of, link.person_id), key, None)
    held.put(held.links, key, _own_link(link))


def _drop_links(held: Tables, person_id: str, links: Mapping[RecordKey, Link]) -> None:
    mine = held.links_of.get(person_id, {})
    for key in [key for key in mine if key not in links]:
        held.drop(mine, key)
        held.drop(held.links, key)


def _drop_leads(held: Tables, person_id: str, leads: Mapping[str, Lead]) -> None:
    passes = held.leads_of.get(person_id, {})
    for id_ in [id_ for id_ in passes if id_ not in leads]:
        if any(link.lead_id == id_ for link in held.links.values()):
            raise refused(f"the lead {id_} has links that nobody moved")
        held.drop(passes, id_)
        held.drop(held.leads, id_)


def _by_cycle(lead: Lead) -> tuple[int, str]:
    return lead.cycle, lead.id


def _key(link: Link) -> RecordKey:
    return RecordKey(link.system, link.object, link.record_id)


def _own_lead(lead: Lead) -> Lead:
    opened, closed = lead.opened_at, lead.closed_at
    return Lead(
        lead.id,
        lead.person_id,
        lead.cycle,
        lead.state,
        lead.versions,
        dict(lead.set_by),
        lead.exit_reason,
        opened and utc(opened),
        closed and utc(closed),
        dict(lead.fields),
    )


def _own_link(link: Link) -> Link:
    state = link.state
    if state is not None:
        state = StateBase(dict(state.values), dict(state.versions), state.silent, state.how, state.bounced, dict(state.over))
    return Link(link.system, link.object, link.record_id, link.person_id, link.lead_id, link.role, dict(link.base), state)
