"""Opt-outs. HubSpot keeps them by e-mail address, shows them on the contact, and takes them through the subscriptions API alone.

An address opts out before its contact is written, so that nobody is mailed in between; doing so twice changes nothing, and an address needs no
contact for it. The way back is not taken: only a person's own act lets that person be mailed again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from leadhub import Change, InvalidValue, Operation, Outcome, RecordError, RecordGone, Result
from leadhub_hubspot.client import Client
from leadhub_hubspot.mapping import EMAIL, OPT_OUT
from leadhub_hubspot.refusals import record_error, scopes_at

OPTED_OUT = {OPT_OUT: "true"}
PERSON_MUST = "a person has to do that: ask the contact to subscribe again, in HubSpot"


class Consent:
    """Takes the opt-outs out of batches of changes and sees to them first."""

    def __init__(self, client: Client) -> None:
        self._client = client
        # Of a batch that was broken off: it comes again, and at one call an address it would meet the same limit at the same place.
        self._done: set[str] = set()

    def push(self, changes: Sequence[Change], write: Callable[[Sequence[Change]], Iterator[Outcome]]) -> Iterator[Outcome]:
        """Opt out whom these changes opt out, refuse every opting in, and yield these outcomes and those of `write` for all else.

        An outcome of `write` tells of the opt-out too, for that stands whatever became of the rest.
        """
        out = [change for change in changes if change.values.get(OPT_OUT) is True]
        held = self._addresses([change.record_id for change in out if change.record_id is not None])
        left: list[Change] = []
        opted_out: set[str] = set()
        for change in changes:
            rest = replace(change, values={name: value for name, value in change.values.items() if name != OPT_OUT})
            error = self._refusal(change, held)
            if error is not None:
                yield Outcome(change.key, Result.REFUSED, change.record_id, error=error)
                continue
            opted_out |= {change.key} if change.values.get(OPT_OUT) is True else set()
            if rest.values or OPT_OUT not in change.values or change.operation is Operation.CREATE:
                left.append(rest)
            else:
                yield Outcome(change.key, Result.ACCEPTED, change.record_id, values=OPTED_OUT)
        for outcome in write(left) if left else ():
            stands = outcome.key in opted_out and outcome.result is not Result.UNKNOWN
            yield replace(outcome, values={**(outcome.values or {}), **OPTED_OUT}) if stands else outcome
        self._done.clear()

    def _refusal(self, change: Change, held: Mapping[str, str | None]) -> RecordError | None:
        """See to what one change says of consent, and return what speaks against it. `held` are the contacts' present addresses, by id."""
        if change.values.get(OPT_OUT) is True:
            if change.record_id is not None and change.record_id not in held:
                return RecordGone(f"HubSpot has no contact under the id {change.record_id}: it was not opted out.", fields=(OPT_OUT,))
            # The address that can be mailed now, and the one that can be once this change is written.
            addresses = (held.get(change.record_id or ""), change.values.get(EMAIL))
            return self._opt_out(address for address in addresses if isinstance(address, str) and address)
        if OPT_OUT not in change.values or change.operation is Operation.CREATE:
            return None  # a new contact is not opted out, unless its address is
        text = f"HubSpot: {OPT_OUT} can only be set to true by leadhub: no program opts anybody in again; {PERSON_MUST}."
        return InvalidValue(text, code="OPT_IN", fields=(OPT_OUT,), next_step=PERSON_MUST)

    def _opt_out(self, addresses: Iterable[str]) -> RecordError | None:
        asked = list(dict.fromkeys(addresses))
        if not asked:
            text = "HubSpot keeps opt-outs by e-mail address, and this contact has none: it was not opted out."
            return InvalidValue(text, code="NO_ADDRESS", fields=(OPT_OUT,), next_step="give the contact its e-mail address")
        for address in asked:
            body = None if address in self._done else self._client.opt_out(address)
            if body is not None:
                step = scopes_at("communication_preferences.write", app=self._client.is_app) if body.get("category") == "MISSING_SCOPES" else None
                error = record_error(body)
                return RecordError(f"{error} This address was not opted out.", code=error.code, fields=(OPT_OUT,), next_step=step)
            self._done.add(address)
        return None

    def _addresses(self, ids: Sequence[str]) -> dict[str, str | None]:
        """Return the primary e-mail address that each contact has now, by id."""
        if not ids:
            return {}
        results = self._client.batch_read(list(dict.fromkeys(ids)), [EMAIL]).results
        return {str(result["id"]): (result.get("properties") or {}).get(EMAIL) for result in results}
