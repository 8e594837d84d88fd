"""Ties between what the store keeps: links whose record is not there, records that are linked to nobody, links that say what no two links should.

Each question is one statement over everything; of what it finds it returns a number and some examples.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, tuple_

from leadhub.store import tables
from leadhub.store.repository import Repository
from leadhub.store.rows import RecordKey, Tied

_LINK, _RECORD = tables.link, tables.record
_NAME = ("system", "object", "record_id")
_ALIKE = and_(*(_RECORD.c[name] == _LINK.c[name] for name in _NAME))

Objects = Collection[tuple[str, str]]
"""Objects of systems."""


class Ties(Repository):
    """Questions about links and records, of some systems alone. `examples` says how many of what is found come by name."""

    def orphaned(self, objects: Objects, examples: int) -> Tied:
        """Links that are not frozen though their record was never seen, is gone or is out of scope. Their persons and leads are there: the tables see to it."""
        lost = select(*self._columns(_LINK)).outerjoin_from(_LINK, _RECORD, _ALIKE)
        absent = or_(_RECORD.c.record_id.is_(None), _RECORD.c.gone.is_not(None))
        return self._found(lost.where(_LINK.c.role != "frozen", absent, _among(_LINK, objects)), examples)

    def unlinked(self, objects: Objects, examples: int) -> Tied:
        """Records of these objects that are there and linked to nobody."""
        bare = select(*self._columns(_RECORD)).outerjoin_from(_RECORD, _LINK, _ALIKE)
        return self._found(bare.where(_RECORD.c.gone.is_(None), _LINK.c.record_id.is_(None), _among(_RECORD, objects)), examples)

    def crowded(self, objects: Objects, examples: int) -> Tied:
        """Primary links of these objects beside another of the same object and lead; where the records are no leads, of the same person."""
        primary = (
            select(*self._columns(_LINK), _LINK.c.person_id, _LINK.c.lead_id).where(_LINK.c.role == "primary", _among(_LINK, objects)).subquery()
        )
        whose = [primary.c[name] for name in ("system", "object", "person_id", "lead_id")]
        several = select(*whose).group_by(*whose).having(func.count() > 1).subquery()
        same = [several.c[name] == primary.c[name] for name in ("system", "object", "person_id")]
        same_lead = func.coalesce(several.c.lead_id, "") == func.coalesce(primary.c.lead_id, "")
        return self._found(select(*self._columns(primary)).join_from(primary, several, and_(*same, same_lead)), examples)

    def moved(self, objects: Objects, examples: int) -> Tied:
        """Links to another person than the one for whom the record was last written."""
        intent = tables.intent
        last = (
            select(*(intent.c[name] for name in _NAME), func.max(intent.c.run_id).label("run_id"))
            .where(intent.c.state == "accepted", intent.c.record_id.is_not(None))
            .group_by(*(intent.c[name] for name in _NAME))
            .subquery()
        )
        written = and_(*(intent.c[name] == last.c[name] for name in (*_NAME, "run_id")), intent.c.state == "accepted")
        linked = and_(*(intent.c[name] == _LINK.c[name] for name in _NAME), intent.c.person_id != _LINK.c.person_id)
        hopped = select(*self._columns(_LINK)).distinct().select_from(last).join(intent, written).join(_LINK, linked)
        return self._found(hopped.where(_among(_LINK, objects)), examples)

    def _found(self, asked: Select[Any], examples: int) -> Tied:
        found = asked.subquery()
        where = (found.c.system, found.c.object)
        counts = self.connection.execute(select(*where, func.count()).group_by(*where).order_by(*where)).all()
        if not counts:
            return Tied({}, ())
        named = self.connection.execute(select(*(found.c[name] for name in _NAME)).order_by(*(found.c[name] for name in _NAME)).limit(examples))
        return Tied({(row[0], row[1]): row[2] for row in counts}, tuple(RecordKey(*row) for row in named))

    @staticmethod
    def _columns(table: Any) -> list[Any]:
        return [table.c[name] for name in _NAME]


def _among(table: Any, objects: Objects) -> ColumnElement[bool]:
    return tuple_(table.c.system, table.c.object).in_(sorted(objects)) if objects else false()
