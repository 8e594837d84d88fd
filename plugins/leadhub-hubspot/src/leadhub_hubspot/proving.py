"""What only a live account can prove, tried on marked contacts that are archived afterwards. `leadhub doctor --prove` asks for it, never in production."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from leadhub import Clock, LeadhubError, Proof, Seen, Trial
from leadhub_hubspot.client import BatchAnswer, Client
from leadhub_hubspot.mapping import STAGE
from leadhub_hubspot.settings import Settings

LOOKS, PAUSE = 30, 2.0
"""How often the search is asked for a new contact, and the seconds between."""

READS = Trial("A service key may read account details, owners and property history", "reads them")
BATCH = Trial(
    "HubSpot batch upsert by a custom unique property reports per-record errors with `objectWriteTraceId`",
    "upserts three contacts in one call, one of them with an address that is none",
)
TWICE = Trial("A create that is sent twice makes one record, by the external id", "sends the two good ones once more")
BACKWARD = Trial(
    "HubSpot answers a backward `lifecyclestage` with 200 and the old value, and clear-then-set works as two requests",
    "sets the stage of the first contact forward, backward, to nothing, and backward again; workflows of the account may start by it",
)
STAMP = Trial(
    "A new record's stamp stays as the create answered it, until somebody saves it; where workflows or calculated fields move it, the record is left",
    "reads the second contact again",
)
NAMED = Trial("HubSpot's history names leadhub's own writes as the sandbox does", "reads the history of the first contact")
LAG = Trial("A new HubSpot contact shows in the search within a minute", f"searches for the second contact up to {LOOKS} times")
OPT_OUT = Trial(
    "HubSpot's subscription calls take an opt-out of everything by address with the scope `communication_preferences.write`",
    "opts the address of the first contact out of all e-mail; HubSpot keeps that by the address, also after the contact is archived",
)
LIMITS = Trial("Daily limits and headers are as documented", "reads the headers")
ARCHIVE = Trial("An archived HubSpot contact can still be read as archived", "archives both contacts")
TRIALS = (READS, BATCH, TWICE, BACKWARD, STAMP, NAMED, LAG, OPT_OUT, LIMITS, ARCHIVE)


class Prover:
    """One round of trials. `ids` are the contacts that it made and that are still there."""

    def __init__(self, client: Client, settings: Settings, clock: Clock, mark: str) -> None:
        self._client, self._settings, self._clock, self._mark = client, settings, clock, mark
        self.ids: list[str] = []
        self._sent = False
        self._stamps: Mapping[str, Any] = {}

    def prove(self) -> Iterator[Proof]:
        """Yield what came of each trial; the contacts are archived whatever happens."""
        steps: Sequence[tuple[Trial, Callable[[], Seen]]] = (
            (READS, self._reads),
            (BATCH, self._batch),
            (TWICE, self._twice),
            (BACKWARD, self._backward),
            (STAMP, self._stamp),
            (NAMED, self._named),
            (LAG, self._lag),
            (OPT_OUT, self._opt_out),
            (LIMITS, self._limits),
            (ARCHIVE, self._archive),
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
        yield Proof("The test records are removed", "differs" if left else "proven", left or "no marked contact is left")

    # ---- the trials ----------------------------------------------------------------------------------------------------------------------

    def _address(self, number: int) -> str:
        return f"leadhub-proof-{self._mark}-{number}@example.com"

    def _upsert(self, addresses: Mapping[int, str]) -> BatchAnswer:
        key, self._sent = str(self._settings.external_id), True
        inputs = [
            {
                "idProperty": key,
                "id": f"{self._mark}-{number}",
                "properties": {key: f"{self._mark}-{number}", "email": address, "lastname": f"Proof {self._mark} {number}"},
                "objectWriteTraceId": f"{self._mark}-{number}",
            }
            for number, address in addresses.items()
        ]
        return self._client.batch_write("upsert", inputs)

    def _reads(self) -> Seen:
        account, _ = self._client.account()
        self._client.first_owner()
        page = self._client.list_page((), None, limit=1)["results"]
        for contact in page:
            self._client.batch_read([str(contact["id"])], ["lastname"], history=["lastname"])
        return "proven", f"the account {account.get('portalId')}, its owners, and {'a history' if page else 'no history, for there is no contact'}"

    def _batch(self) -> Seen:
        if self._settings.external_id is None:
            return "could not be tried", "no external_id is set: contacts without it could not be found again"
        answer = self._upsert({0: self._address(0), 1: self._address(1), 2: "no address"})
        made = {str(result["id"]): result for result in answer.results}
        self._stamps = {record_id: result.get("updatedAt") for record_id, result in made.items()}
        self.ids = sorted(made, key=lambda record_id: str(made[record_id].get("properties", {}).get("email")))
        blamed = [trace for error in answer.errors for trace in (error.get("context") or {}).get("objectWriteTraceId", ())]
        right = len(made) == 2 and blamed == [f"{self._mark}-2"]
        return ("proven" if right else "differs"), f"{len(made)} of two good ones were written, refused were {blamed or answer.refusal}"

    def _twice(self) -> Seen:
        self._need()
        again = {str(result["id"]) for result in self._upsert({0: self._address(0), 1: self._address(1)}).results}
        found = self._client.batch_read([self._address(0), self._address(1)], [], id_property="email").results
        self._stamps = {str(result["id"]): result.get("updatedAt") for result in found}
        same = again == set(self.ids) == set(self._stamps)
        return ("proven" if same else "differs"), f"{len(again | set(self.ids))} contacts after four creates"

    def _backward(self) -> Seen:
        self._need()
        options = self._client.properties()[STAGE].options or ()
        if len(options) < 2:
            return "could not be tried", "the account has fewer than two stages"
        early, late = options[0], options[1]
        self._set_stage(late)
        told = self._set_stage(early)
        held = self._stage()
        self._set_stage("")
        self._set_stage(early)
        moved = self._stage()
        right = told == late == held and moved == early
        return ("proven" if right else "differs"), f'"{early}" over "{late}" was answered with "{told}", and after a clear with "{moved}"'

    def _set_stage(self, stage: str) -> str:
        """Set the stage and return what the answer shows. Raises LeadhubError if it is refused."""
        answer = self._client.batch_write("update", [{"id": self.ids[0], "properties": {STAGE: stage}, "objectWriteTraceId": f"{self._mark}-0"}])
        if not answer.results:
            raise LeadhubError(f'the stage "{stage}" was refused: {answer.refusal or answer.errors}')
        return str(answer.results[0]["properties"].get(STAGE) or "")

    def _stage(self) -> str:
        (result,) = self._client.batch_read(self.ids[:1], [STAGE]).results
        return str(result["properties"].get(STAGE) or "")

    def _stamp(self) -> Seen:
        self._need()
        (result,) = self._client.batch_read(self.ids[1:2], []).results
        then = self._stamps.get(self.ids[1])
        return ("proven" if result.get("updatedAt") == then else "differs"), f"{then} after the create, {result.get('updatedAt')} some calls later"

    def _named(self) -> Seen:
        self._need()
        (result,) = self._client.batch_read(self.ids[:1], ["lastname"], history=["lastname"]).results
        kinds = [str(entry.get("sourceType")) for entry in (result.get("propertiesWithHistory") or {}).get("lastname", ())]
        return ("proven" if kinds[:1] == ["INTEGRATION"] else "differs"), f"the history of a write of leadhub's says {kinds}"

    def _lag(self) -> Seen:
        self._need()
        began = self._clock.now()
        for _ in range(LOOKS):
            filters = [{"propertyName": "email", "operator": "EQ", "value": self._address(1)}]
            if self._client.search_page(filters, "hs_object_id")["results"]:
                return "proven", f"it was there after {(self._clock.now() - began).total_seconds():.0f} seconds of looking"
            self._clock.sleep(PAUSE)
        return "differs", f"it was not there after {LOOKS * PAUSE:.0f} seconds"

    def _opt_out(self) -> Seen:
        self._need()
        refusal = self._client.opt_out(self._address(0))
        return ("could not be tried", str(refusal.get("message"))) if refusal else ("proven", "the address is opted out of all e-mail")

    def _limits(self) -> Seen:
        usage = self._client.usage()
        return ("differs" if usage.used is None else "proven"), f"the headers say {usage.used} of {usage.limit}"

    def _archive(self) -> Seen:
        self._need()
        ids = list(self.ids)
        if refusal := self._client.batch_archive(ids):
            return "could not be tried", str(refusal.get("message"))
        self.ids = []
        live, archived = self._client.batch_read(ids, []).results, self._client.batch_read(ids, [], archived=True).results
        return ("proven" if not live and len(archived) == len(ids) else "differs"), f"{len(live)} live and {len(archived)} archived of {len(ids)}"

    # ---- beneath -------------------------------------------------------------------------------------------------------------------------

    def _need(self) -> None:
        if len(self.ids) < 2:
            raise LeadhubError("the test contacts could not be made.")

    def _remove(self) -> str:
        """Archive what is left, also what a create without an answer made; return what could not be, for whoever has to do it by hand."""
        by_hand = f"archive the contacts whose last name begins with Proof {self._mark} by hand"
        if not self._sent:
            return ""
        try:
            keys = [f"{self._mark}-{number}" for number in range(3)]
            left = [str(result["id"]) for result in self._client.batch_read(keys, [], id_property=str(self._settings.external_id)).results]
            refusal = self._client.batch_archive(left) if left else None
        except LeadhubError as error:
            return f"{by_hand}: {error}"
        return f"{by_hand}: {refusal.get('message')}" if refusal else ""
