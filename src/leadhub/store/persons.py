"""Persons with their leads and links, loaded and saved in one piece and many at a time."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, select, tuple_

from leadhub.model.person import Aggregate, Lead, Link, Person, StoredRecord, Versions
from leadhub.model.state import State
from leadhub.store import bulk, codec, tables
from leadhub.store.records import OBSERVED, clear_dirty, stored_record
from leadhub.store.repository import Repository
from leadhub.store.rows import RecordKey, StoreCounts
from leadhub.store.types import storable

_LINK_NAME = tuple_(tables.link.c.system, tables.link.c.object, tables.link.c.record_id)
_SEARCHED = ("first_name", "last_name", "company")


class Persons(Repository):
    """Persons by id."""

    def load(self, person_ids: Iterable[str]) -> tuple[Aggregate, ...]:
        """Return the persons that exist, in the order asked, in four queries however many they are. `records` lacks what was never observed."""
        ids = tuple(dict.fromkeys(person_ids))
        persons = {
            row.id: _person(row) for row in self.connection.execute(select(tables.person).where(bulk.among(self.connection, tables.person.c.id, ids)))
        }
        leads, links, records = self._leads(ids), self._links(ids), self._records(ids)
        return tuple(Aggregate(persons[id_], tuple(leads[id_]), tuple(links[id_]), records[id_]) for id_ in ids if id_ in persons)

    def _leads(self, ids: Sequence[str]) -> Mapping[str, list[Lead]]:
        found: defaultdict[str, list[Lead]] = defaultdict(list)
        order = (tables.lead.c.cycle, tables.lead.c.id)
        for row in self.connection.execute(select(tables.lead).where(bulk.among(self.connection, tables.lead.c.person_id, ids)).order_by(*order)):
            found[row.person_id].append(read_lead(row))
        return found

    def _links(self, ids: Sequence[str]) -> Mapping[str, list[Link]]:
        found: defaultdict[str, list[Link]] = defaultdict(list)
        for row in self.connection.execute(
            select(tables.link).where(bulk.among(self.connection, tables.link.c.person_id, ids)).order_by(*_LINK_NAME.clauses)
        ):
            found[row.person_id].append(_link(row))
        return found

    def _records(self, ids: Sequence[str]) -> Mapping[str, dict[str, StoredRecord]]:
        found: defaultdict[str, dict[str, StoredRecord]] = defaultdict(dict)
        named_alike = and_(*(tables.record.c[name] == tables.link.c[name] for name in ("system", "object", "record_id")))
        observed = select(tables.link.c.person_id, *OBSERVED).join_from(tables.link, tables.record, named_alike)
        for person_id, *row in self.connection.execute(observed.where(bulk.among(self.connection, tables.link.c.person_id, ids))):
            found[person_id][RecordKey(*row[:3]).link_id] = stored_record(row)
        return found

    def save(self, aggregates: Iterable[Aggregate], due: Mapping[str, datetime] | None = None) -> None:
        """Store these persons with exactly these leads and links, and take the records they were made from off the work list.

        A lead or link that a person had and no aggregate names any more is deleted; a link named by another person moves there. A record that was
        observed anew since the aggregate was loaded stays on the work list. `due` tells when a person is to be looked at again though nothing of it
        changes; a person not named is not due.
        """
        saved = tuple(aggregates)
        when = due or {}
        bulk.upsert(self.connection, tables.person, [_person_row(one.person, when.get(one.person.id)) for one in saved])
        bulk.upsert(self.connection, tables.lead, [_lead_row(lead) for one in saved for lead in one.leads])
        bulk.upsert(self.connection, tables.link, [link_row(link) for one in saved for link in one.links])
        self._drop_unnamed(saved)
        clear_dirty(self.connection, (record for one in saved for record in one.records.values()))

    def _drop_unnamed(self, saved: tuple[Aggregate, ...]) -> None:
        persons = [one.person.id for one in saved]
        links = {(link.system, link.object, link.record_id) for one in saved for link in one.links}
        leads = {lead.id for one in saved for lead in one.leads}
        there = self.connection.execute(select(*_LINK_NAME.clauses).where(bulk.among(self.connection, tables.link.c.person_id, persons)))
        if unnamed := [tuple(row) for row in there if tuple(row) not in links]:
            self.connection.execute(delete(tables.link).where(_LINK_NAME.in_(bulk.listed_rows(self.connection, unnamed, 3))))
        known = self.connection.scalars(select(tables.lead.c.id).where(bulk.among(self.connection, tables.lead.c.person_id, persons)))
        if gone := [id_ for id_ in known if id_ not in leads]:
            self.connection.execute(delete(tables.lead).where(bulk.among(self.connection, tables.lead.c.id, gone)))

    def person_of(self, keys: Iterable[RecordKey]) -> dict[RecordKey, str]:
        """Return the person of each record that is linked to one."""
        rows = self.connection.execute(
            select(*_LINK_NAME.clauses, tables.link.c.person_id).where(_LINK_NAME.in_(bulk.listed_rows(self.connection, keys, 3)))
        )
        return {RecordKey(*row[:3]): row.person_id for row in rows}

    def records_of(self, person_ids: Iterable[str]) -> dict[RecordKey, str]:
        """Return the records that are linked to these persons, each with its person."""
        here = bulk.among(self.connection, tables.link.c.person_id, person_ids)
        rows = self.connection.execute(select(*_LINK_NAME.clauses, tables.link.c.person_id).where(here))
        return {RecordKey(*row[:3]): row.person_id for row in rows}

    def frozen(self, keys: Iterable[RecordKey]) -> tuple[str, ...]:
        """Return the persons who have one of these records under a link that is frozen."""
        here = _LINK_NAME.in_(bulk.listed_rows(self.connection, keys, 3))
        return tuple(self.connection.scalars(select(tables.link.c.person_id).distinct().where(here, tables.link.c.role == "frozen")))

    def linked(self, system: str) -> int:
        """Return how many links a system has, of whatever role."""
        return self.connection.execute(select(func.count()).select_from(tables.link).where(tables.link.c.system == system)).scalar_one()

    def due(self, now: datetime, limit: int = 1000) -> tuple[str, ...]:
        """Return persons to be looked at by now, those due longest first."""
        at = tables.person.c.due_at
        return tuple(self.connection.scalars(select(tables.person.c.id).where(at <= now).order_by(at, tables.person.c.id).limit(limit)))

    def iter_ids(self, after: str = "", limit: int = 1000) -> tuple[str, ...]:
        """Return up to `limit` person ids in their order, after the one named: a slice of a walk over everybody."""
        found = select(tables.person.c.id).where(tables.person.c.id > after).order_by(tables.person.c.id).limit(limit)
        return tuple(self.connection.scalars(found))

    def link_counts(self) -> dict[tuple[str, str], int]:
        """Return how many links there are by (system, role)."""
        key = (tables.link.c.system, tables.link.c.role)
        rows = self.connection.execute(select(*key, func.count().label("n")).group_by(*key).order_by(*key))
        return {(row.system, row.role): row.n for row in rows}

    def counts(self) -> StoreCounts:
        """Return how much the store holds."""
        stages = self.connection.execute(select(tables.lead.c.stage, func.count()).group_by(tables.lead.c.stage))
        records = self.connection.execute(select(tables.record.c.system, func.count()).group_by(tables.record.c.system))
        opened = select(func.count()).select_from(tables.review).where(tables.review.c.closed_by.is_(None))
        return StoreCounts(
            persons=self.connection.execute(select(func.count()).select_from(tables.person)).scalar_one(),
            leads={row[0]: row[1] for row in stages},
            links=self.link_counts(),
            records={row[0]: row[1] for row in records},
            open_reviews=self.connection.execute(opened).scalar_one(),
        )


def _person_row(person: Person, due_at: datetime | None) -> dict[str, Any]:
    shown = (person.fields[name].value for name in _SEARCHED if name in person.fields)
    return {
        "id": person.id,
        "fields": codec.encode_fields(person.fields),
        "sets": codec.encode_sets(person.sets),
        "merged_into": person.merged_into,
        "due_at": due_at,
        "search": " ".join(storable(value).casefold() for value in shown if value),
    }


def _person(row: Any) -> Person:
    return Person(row.id, codec.decode_fields(row.fields), codec.decode_sets(row.sets), row.merged_into)


def _lead_row(lead: Lead) -> dict[str, Any]:
    return {
        "id": lead.id,
        "person_id": lead.person_id,
        "cycle": lead.cycle,
        "stage": lead.state.stage,
        "status": lead.state.status,
        "exit": lead.state.exit,
        "exit_reason": lead.exit_reason,
        "v_stage": lead.versions.stage,
        "v_status": lead.versions.status,
        "v_exit": lead.versions.exit,
        "set_by": codec.encode_set_by(lead.set_by),
        "fields": codec.encode_fields(lead.fields),
        "opened_at": lead.opened_at,
        "closed_at": lead.closed_at,
    }


def read_lead(row: Any) -> Lead:
    """Return a row as a lead."""
    return Lead(
        id=row.id,
        person_id=row.person_id,
        cycle=row.cycle,
        state=State(row.stage, row.status, row.exit),
        versions=Versions(row.v_stage, row.v_status, row.v_exit),
        set_by=codec.decode_set_by(row.set_by),
        exit_reason=row.exit_reason,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        fields=codec.decode_fields(row.fields),
    )


def link_row(link: Link) -> dict[str, Any]:
    """Return a link as a row."""
    return {
        "system": link.system,
        "object": link.object,
        "record_id": link.record_id,
        "person_id": link.person_id,
        "lead_id": link.lead_id,
        "role": link.role,
        "base": codec.encode_base(link.base),
        "state": codec.encode_state(link.state),
    }


def _link(row: Any) -> Link:
    return Link(
        system=row.system,
        object=row.object,
        record_id=row.record_id,
        person_id=row.person_id,
        lead_id=row.lead_id,
        role=row.role,
        base=codec.decode_base(row.base),
        state=codec.decode_state(row.state),
    )
