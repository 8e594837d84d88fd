"""What only a live org can prove, tried on marked leads that are deleted afterwards. `leadhub doctor --prove` asks for it, never in production.

It speaks to the API beneath the connector's own care: a status that the connector never writes has to be written to see it refused.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from leadhub import LeadhubError, Proof, Seen, Trial
from leadhub_salesforce.client import Client, format_soql
from leadhub_salesforce.errors import Complaint
from leadhub_salesforce.mapping import LEAD
from leadhub_salesforce.settings import Settings
from leadhub_salesforce.writing import AUTO_ASSIGN

MADE = 3
COMPANY = "leadhub proof"

ORDER = Trial(
    "Salesforce returns sObject Collections results in the order of the request",
    f'upserts {MADE} leads of the company "{COMPANY}" in one call, without assignment rules',
)
TWICE = Trial("A create that is sent twice makes one record, by the external id", "sends the same call once more")
OWNER = Trial(
    "`Sforce-Auto-Assign: FALSE` keeps the owner on collection updates",
    "sets Title of the first lead, once with the header and once without: then the org's assignment rule runs, and may mail whom it names",
)
CONVERTED = Trial("Setting a converted status by update is refused", "tries to give the second lead a converted Status")
STAMP = Trial(
    "A new record's stamp stays as the create answered it, until somebody saves it; where workflows or calculated fields move it, the record is left",
    "reads the third lead again",
)
LIMITS = Trial("Daily limits and headers are as documented", "reads the limits")
BIN = Trial("Deleting through sObject Collections puts records into the Recycle Bin", "deletes the leads")
TRIALS = (ORDER, TWICE, OWNER, CONVERTED, STAMP, LIMITS, BIN)

_KEPT = {AUTO_ASSIGN: "FALSE"}
_DELETED = "SELECT Id FROM Lead WHERE IsDeleted = true AND Id IN {}"
_CONVERTED = "SELECT ApiName FROM LeadStatus WHERE IsConverted = true"


class Prover:
    """One round of trials. `ids` are the leads that it made and that are still there."""

    def __init__(self, client: Client, settings: Settings, mark: str) -> None:
        self._client, self._settings, self._mark = client, settings, mark
        self.ids: list[str] = []
        self._names = [f"Proof {mark} {number}" for number in range(MADE)]
        self._sent = False
        self._stamps: Mapping[str, Any] = {}

    def prove(self) -> Iterator[Proof]:
        """Yield what came of each trial; the leads are deleted whatever happens."""
        steps: Sequence[tuple[Trial, Callable[[], Seen]]] = (
            (ORDER, self._order),
            (TWICE, self._twice),
            (OWNER, self._owner),
            (CONVERTED, self._converted),
            (STAMP, self._stamp),
            (LIMITS, self._limits),
            (BIN, self._bin),
        )
        left = ""
        try:
            for trial, step in steps:
                try:
                    verdict, seen = step()
                except LeadhubError as error:
                    verdict, seen = "could not be tried", str(error)
                yield Proof(trial.row, verdict, seen)
        finally:
            left = self._remove()
        yield Proof("The test records are removed", "differs" if left else "proven", left or "no marked lead is left")

    # ---- the trials ----------------------------------------------------------------------------------------------------------------------

    def _upsert(self) -> list[dict[str, Any]]:
        key, self._sent = self._settings.external_id, True
        rows = [
            {"attributes": {"type": LEAD}, str(key): f"{self._mark}-{n}", "LastName": name, "Company": COMPANY} for n, name in enumerate(self._names)
        ]
        return self._client.write("PATCH", f"composite/sobjects/{LEAD}/{key}", {"allOrNone": False, "records": rows}, _KEPT)

    def _order(self) -> Seen:
        if self._settings.external_id is None:
            return "could not be tried", "no external_id is set: leads without it could not be told from each other"
        results = self._upsert()
        self.ids = [str(result["id"]) for result in results if result.get("success")]
        if len(self.ids) < MADE:
            return "could not be tried", f"the leads could not be made: {_said(results)}"
        rows = self._rows("LastName", "SystemModstamp")
        self._stamps = {name: row["SystemModstamp"] for name, row in rows.items()}
        names = [rows[record_id]["LastName"] for record_id in self.ids]
        return ("proven" if names == self._names else "differs"), f"the results named {names}"

    def _twice(self) -> Seen:
        self._need()
        again = {str(result.get("id")) for result in self._upsert()}
        there = self._marked()
        same = again == set(self.ids) == set(there)
        self._stamps = {name: row["SystemModstamp"] for name, row in self._rows("SystemModstamp").items()}
        return ("proven" if same else "differs"), f"{len(there)} leads after {2 * MADE} creates"

    def _owner(self) -> Seen:
        self._need()
        before = self._rows("OwnerId")[self.ids[0]]["OwnerId"]
        self._update({"id": self.ids[0], "Title": "with the header"}, _KEPT)
        kept = self._rows("OwnerId")[self.ids[0]]["OwnerId"]
        if kept != before:
            return "differs", f"the owner went from {before} to {kept}"
        self._update({"id": self.ids[0], "Title": "without"}, {})
        ruled = self._rows("OwnerId")[self.ids[0]]["OwnerId"]
        if ruled == before:
            return "could not be tried", "no assignment rule of this org gives such a lead to somebody else, with the header or without"
        return "proven", f"with the header the owner stayed {before}, without it became {ruled}"

    def _converted(self) -> Seen:
        self._need()
        status = self._client.query(_CONVERTED)["records"]
        if not status:
            return "could not be tried", "no status of this org means converted"
        (result,) = self._update({"id": self.ids[1], "Status": status[0]["ApiName"]}, _KEPT)
        return ("differs" if result.get("success") else "proven"), f'Status "{status[0]["ApiName"]}": {_said([result]) or "it was taken"}'

    def _stamp(self) -> Seen:
        self._need()
        now, then = self._rows("SystemModstamp")[self.ids[2]]["SystemModstamp"], self._stamps.get(self.ids[2])
        return ("proven" if now == then else "differs"), f"{then} after the create, {now} some calls later"

    def _limits(self) -> Seen:
        daily, usage = self._client.limits().get("DailyApiRequests") or {}, self._client.usage()
        agree = usage.limit is not None and daily.get("Max") == usage.limit
        return ("proven" if agree else "differs"), f"the header says {usage.used} of {usage.limit}, the limits say {daily}"

    def _bin(self) -> Seen:
        self._need()
        results = self._client.delete(self.ids)
        gone = [record_id for record_id, result in zip(self.ids, results, strict=True) if result.get("success")]
        if not gone:
            return "could not be tried", f"the leads could not be deleted: {_said(results)}"
        self.ids = [record_id for record_id in self.ids if record_id not in gone]
        rows = self._client.query(format_soql(_DELETED, gone), deleted=True)["records"]
        return ("proven" if len(rows) == len(gone) else "differs"), f"{len(rows)} of {len(gone)} deleted leads lie in the Recycle Bin"

    # ---- beneath -------------------------------------------------------------------------------------------------------------------------

    def _need(self) -> None:
        if len(self.ids) < MADE:
            raise LeadhubError("the test leads could not be made.")

    def _update(self, row: Mapping[str, Any], headers: Mapping[str, str]) -> list[dict[str, Any]]:
        body = {"allOrNone": False, "records": [{"attributes": {"type": LEAD}, **row}]}
        return self._client.write("PATCH", "composite/sobjects", body, headers)

    def _rows(self, *fields: str) -> dict[str, dict[str, Any]]:
        return {row["Id"]: row for row in self._client.read_many(LEAD, self.ids, list(fields)) if row}

    def _marked(self) -> list[str]:
        """The leads of this round that are there, also those whose create was not answered."""
        return [row["Id"] for row in self._client.query(format_soql("SELECT Id FROM Lead WHERE LastName IN {}", self._names))["records"]]

    def _remove(self) -> str:
        """Delete what is left, and return what could not be: a sentence for whoever has to do it by hand."""
        by_hand = f"delete the leads whose last name begins with Proof {self._mark} by hand"
        try:
            left = self._marked() if self._sent else []
            results = self._client.delete(left) if left else []
        except LeadhubError as error:
            return f"{by_hand}: {error}"
        refused = _said(results)
        return f"{by_hand}: {refused}" if refused else ""


def _said(results: Sequence[Mapping[str, Any]]) -> str:
    """Return why results are refusals, in Salesforce's words."""
    complaints = [Complaint.parse(result.get("errors")) for result in results if not result.get("success")]
    return "; ".join(dict.fromkeys(f"{one.code}: {one.message}" for one in complaints))
