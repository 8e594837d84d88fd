"""Leads as the commands look for them."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Select, Text, and_, cast, func, or_, select

from leadhub.store import bulk, codec, tables
from leadhub.store.persons import read_lead
from leadhub.store.repository import Repository, begins_with
from leadhub.store.rows import LeadQuery, LeadSummary

_LEAD = tables.lead
_LINK = tables.link
_KEY = tables.match_key
_SAME_RECORD = and_(*(_KEY.c[name] == _LINK.c[name] for name in ("system", "object", "record_id")))


class Leads(Repository):
    """Leads across persons."""

    def search(self, query: LeadQuery, *, after: str = "", limit: int = 50) -> tuple[LeadSummary, ...]:
        """Return up to `limit` leads that fit all of the query, in the order of their ids, after the one named.

        A name is found anywhere in first name, last name or company, without regard to case. An e-mail address finds whom a record shows under it
        now; if none does, whoever had it before.
        """
        person = tables.person
        found = select(_LEAD, person.c.fields.label("person_fields")).join(person, person.c.id == _LEAD.c.person_id).where(_LEAD.c.id > after)
        rows = self.connection.execute(self._narrow(found, query).order_by(_LEAD.c.id).limit(limit)).all()
        systems = self._systems(row.id for row in rows)
        return tuple(_summary(row, systems) for row in rows)

    def _narrow(self, found: Select[Any], query: LeadQuery) -> Select[Any]:
        if query.email is not None:
            shown = select(_LINK.c.person_id).join(_KEY, _SAME_RECORD).where(_KEY.c.kind == "email", _KEY.c.key == query.email)
            # SQLite holds JSON as it was written, beyond ASCII in escapes; PostgreSQL writes it anew, with the letters themselves.
            spelled = json.dumps(query.email, ensure_ascii=self.connection.dialect.name == "sqlite")
            had = func.lower(cast(tables.person.c.sets, Text)).contains(spelled, autoescape=True)
            found = found.where(or_(_LEAD.c.person_id.in_(shown), and_(~shown.exists(), had)))
        if query.id_prefix:
            begins = (begins_with(column, query.id_prefix) for column in (_LEAD.c.id, _LEAD.c.person_id))
            found = found.where(or_(*begins))
        if query.name:
            found = found.where(tables.person.c.search.contains(query.name.casefold(), autoescape=True))
        if query.stage is not None:
            found = found.where(_LEAD.c.stage == query.stage)
        if query.system is not None:
            found = found.where(_LEAD.c.person_id.in_(select(_LINK.c.person_id).where(_LINK.c.system == query.system)))
        return found

    def _systems(self, lead_ids: Iterable[str]) -> Mapping[str, list[str]]:
        named: defaultdict[str, list[str]] = defaultdict(list)
        pairs = select(_LINK.c.lead_id, _LINK.c.system).distinct().where(bulk.among(self.connection, _LINK.c.lead_id, lead_ids))
        for row in self.connection.execute(pairs.order_by(_LINK.c.lead_id, _LINK.c.system)):
            named[row.lead_id].append(row.system)
        return named


def _summary(row: Any, systems: Mapping[str, list[str]]) -> LeadSummary:
    shown = {name: canonical.value for name, canonical in codec.decode_fields(row.person_fields).items()}
    names = (shown.get("first_name"), shown.get("last_name"))
    return LeadSummary(
        lead=read_lead(row),
        name=" ".join(name for name in names if name),
        email=shown.get("email"),
        company=shown.get("company"),
        systems=tuple(systems.get(row.id, ())),
    )
