"""Where a pull stands, as conditions of a query and as the cursor between pulls. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from leadhub import Cursor, FatalError
from leadhub_salesforce.client import format_soql
from leadhub_salesforce.settings import Contacts
from leadhub_salesforce.values import full_id, soql_time

OVERLAP = timedelta(minutes=11)
"""How far behind its end the next pull begins again.

A row's SystemModstamp is set when it is saved, but the row is seen only when its transaction ends. Salesforce ends any call after 10 minutes,
so no row appears with a stamp older than that; one more minute is for the difference between the clock in the Date header and the database's.
What is not a call, a batch job, may take longer: for that there is `covered`.
"""


Pass = Literal["leads", "contacts", "opportunities"]


@dataclass(frozen=True, slots=True)
class Position:
    """Where the reading of one object stands.

    Everything up to `watermark` was read once; a pass on its way reads up to `upper` and has come to `after` (stamp, id). `covered` is what
    Salesforce itself vouched for when that pass began: a transaction that was on its way then has no stamp before it.
    """

    watermark: datetime | None = None
    upper: datetime | None = None
    after: tuple[datetime, str] | None = None
    covered: datetime | None = None
    job: tuple[str, str | None] | None = None
    """The bulk query that this pass reads, and the locator of its next page."""

    @property
    def untouched(self) -> bool:
        """Whether nothing of the object was read yet, or a bulk query is reading it, so that this pass will read all of it."""
        return self.watermark is None and self.after is None

    @classmethod
    def parse(cls, raw: Any) -> "Position":
        """Read what `to_json` made; raises LookupError, TypeError or ValueError for anything else."""
        watermark, upper = (datetime.fromisoformat(raw[name]) if raw[name] else None for name in ("watermark", "upper"))
        after = (datetime.fromisoformat(raw["after"][0]), full_id(raw["after"][1])) if raw["after"] else None
        covered, job = raw.get("covered"), raw.get("job")
        return cls(watermark, upper, after, datetime.fromisoformat(covered) if covered else None, (full_id(job[0]), job[1]) if job else None)

    def to_json(self) -> dict[str, Cursor]:
        """Return the part of a cursor that tells this."""
        return {
            "watermark": self.watermark.isoformat() if self.watermark else None,
            "upper": self.upper.isoformat() if self.upper else None,
            "after": [self.after[0].isoformat(), self.after[1]] if self.after else None,
            "covered": self.covered.isoformat() if self.covered else None,
            "job": list(self.job) if self.job else None,
        }

    def ended(self) -> "Position":
        """Return where the next pass begins, once this one has come to its end: never behind where this one began."""
        assert self.upper is not None
        safe = min(self.upper, self.covered or self.upper)
        return Position(watermark=max(safe, self.watermark or safe))

    def where(self) -> str:
        """Return the condition of the next page. Both ends are inclusive: equal stamps are told apart by id, and the overlap reads twice anyway."""
        assert self.upper is not None
        bounds = [f"SystemModstamp <= {soql_time(self.upper)}"]
        if self.after is not None:
            stamp = soql_time(self.after[0])
            bounds += [f"SystemModstamp >= {stamp}", format_soql(f"(SystemModstamp > {stamp} OR Id > {{}})", self.after[1])]
        elif self.watermark is not None:
            bounds.append(f"SystemModstamp >= {soql_time(self.watermark - OVERLAP)}")
        return " AND ".join(bounds)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a pull stands in the Leads, in the Contacts that `which` chooses, and in the Opportunities, where these are read.

    Another choice of Contacts than last time reads them anew.
    """

    which: Contacts
    leads: Position = Position()
    contacts: Position = Position()
    opportunities: Position | None = None

    def moved(self, name: Pass, position: Position) -> "Progress":
        """Return where the pull stands once the pass of one object has moved."""
        match name:
            case "leads":
                return replace(self, leads=position)
            case "contacts":
                return replace(self, contacts=position)
            case "opportunities":
                return replace(self, opportunities=position)

    @classmethod
    def parse(cls, cursor: Cursor, which: Contacts, *, opportunities: bool = False) -> "Progress":
        """Read a cursor that `to_json` made; raises FatalError for anything else."""
        if cursor is None:
            return cls(which, opportunities=Position() if opportunities else None)
        raw: Any = cursor
        try:
            read = raw.get("contacts")
            contacts = Position.parse(read) if read and read["which"] == which else Position()
            deals = raw.get("opportunities")
            return cls(which, Position.parse(raw), contacts, (Position.parse(deals) if deals else Position()) if opportunities else None)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise FatalError(f"{cursor!r} is no cursor of the Salesforce connector.", next_step="pull this system from the beginning") from error

    def to_json(self) -> Cursor:
        """Return the cursor that is stored between pulls."""
        deals = {"opportunities": self.opportunities.to_json()} if self.opportunities is not None else {}
        return {**self.leads.to_json(), "contacts": {"which": self.which, **self.contacts.to_json()}, **deals}
