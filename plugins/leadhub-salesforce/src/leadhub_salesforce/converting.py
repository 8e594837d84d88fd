"""Converting Leads: into the one Contact that shows the same e-mail address, else into a new one, and always with an Opportunity.

Nothing takes a conversion back, so it is never guessed at: which status it gives is the org's only one, or named in the settings; a Contact is taken
for the same person only where exactly one has the address.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from leadhub import Change, FatalError, InvalidValue, NativeValue, Operation, Outcome, RecordError, RecordGone, Result, StaleRecord, Unavailable
from leadhub_salesforce.client import Client, format_soql
from leadhub_salesforce.errors import Complaint, for_record, graver
from leadhub_salesforce.mapping import LEAD
from leadhub_salesforce.reading import NAMES_AT_ONCE, Reader, parts
from leadhub_salesforce.schema import STATUS, Schema
from leadhub_salesforce.settings import Settings
from leadhub_salesforce.soap import Converted, Order
from leadhub_salesforce.values import full_id, is_id
from leadhub_salesforce.writing import LEAD_IDS

AT_ONCE = 100
"""How many leads one convertLead() takes (SOAP API Developer Guide, "convertLead()")."""

_SAME = "SELECT Id, AccountId, Email FROM Contact WHERE Email IN {}"


class Converter:
    """Converts Leads of one org."""

    def __init__(self, client: Client, settings: Settings, leads: Reader, schema: Callable[[str], Schema]) -> None:
        self._client = client
        self._settings = settings
        self._leads = leads
        self._schema = schema

    def push(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Convert, and yield an outcome for each. A lead that is converted already is told as stale; one that was locked as not attempted, at the end."""
        status = self._status()
        locked: Unavailable | None = None
        for some in parts(changes, AT_ONCE):
            ready: list[tuple[Change, Order]] = []
            for change, prepared in self._prepared(some, status):
                if isinstance(prepared, RecordError):
                    yield _refused(change, prepared)
                else:
                    ready.append((change, prepared))
            results = self._client.convert([order for _, order in ready]) if ready else []
            for (change, order), result in zip(ready, results, strict=True):
                problem = for_record(Complaint.parse(list(result.errors))) if result.errors else None
                if isinstance(problem, Unavailable):
                    locked = graver(locked, problem)
                else:
                    yield _accepted(change, order, result) if problem is None else _refused(change, problem)
        if locked is not None:
            raise locked

    def _status(self) -> str:
        """Return the status that a conversion gives. Raises FatalError where nobody has said which."""
        live, named = self._schema(LEAD).converted, self._settings.converted_status
        if named in live:
            return str(named)
        if named is None and len(live) == 1:
            return live[0]
        known = ", ".join(f'"{status}"' for status in live) or "none"
        why = "several statuses mean converted" if named is None else f'"{named}" is no status that means converted'
        raise FatalError(
            f"No lead was converted: {why if live else 'no status means converted'} in this org. It has: {known}.",
            next_step="name one of them as converted_status",
        )

    def _prepared(self, changes: Sequence[Change], status: str) -> Iterator[tuple[Change, Order | RecordError]]:
        """Yield each change with what is ordered of Salesforce, or why it is not."""
        asked = {change.key: full_id(change.record_id or "") for change in changes if _names_a_lead(change)}
        live = self._leads.live(set(asked.values()), also=("Email",)) if asked else {}
        emails = {id_: str(row.get("Email") or "").lower() for id_, row in live.items()}
        there = self._contacts({email for email in emails.values() if email})
        for change in changes:
            id_ = asked.get(change.key)
            if id_ is None:
                yield change, InvalidValue(f"{change.record_id!r} is no Lead: only Leads are converted.", code="NOT_OFFERED")
            elif id_ not in live:
                yield change, RecordGone(f"Lead {id_} is not there any more.", code="ENTITY_IS_DELETED")
            elif live[id_].get("IsConverted"):
                yield change, StaleRecord(f"Lead {id_} is converted already.", code="CANNOT_UPDATE_CONVERTED_LEAD")
            else:
                account, contact = there.get(emails[id_], (None, None))
                yield change, Order(id_, status, account, contact)

    def _contacts(self, emails: set[str]) -> dict[str, tuple[str, str]]:
        """Return account and contact by address, where exactly one Contact has it; one without an account cannot be converted into."""
        found: dict[str, list[Mapping[str, str | None]]] = {}
        for part in parts(sorted(emails), NAMES_AT_ONCE):
            for row in self._client.rows(format_soql(_SAME, part)):
                found.setdefault(str(row["Email"]).lower(), []).append(row)
        return {email: (str(one[0]["AccountId"]), str(one[0]["Id"])) for email, one in found.items() if len(one) == 1 and one[0]["AccountId"]}


def _names_a_lead(change: Change) -> bool:
    of_leads = change.object == LEAD and change.operation is Operation.CONVERT
    return of_leads and is_id(change.record_id or "") and str(change.record_id).startswith(LEAD_IDS)


def _accepted(change: Change, order: Order, result: Converted) -> Outcome:
    values: dict[str, NativeValue] = {STATUS: order.status, "IsConverted": True, "ConvertedContactId": result.contact_id}
    return Outcome(change.key, Result.ACCEPTED, full_id(order.lead_id), values | {"ConvertedOpportunityId": result.opportunity_id or None})


def _refused(change: Change, error: RecordError) -> Outcome:
    result = Result.STALE if isinstance(error, StaleRecord) else Result.REFUSED
    return Outcome(change.key, result, record_id=change.record_id, error=error)
