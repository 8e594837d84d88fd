"""Writing contacts and stages of leads: batches in which each record stands for itself, a life cycle stage believed only when the answer shows it.

Answers are matched by trace id or record id, never by position: HubSpot answers in an order of its own.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeAlias

from leadhub import (
    Change,
    ConfigError,
    DuplicateRefused,
    FatalError,
    InvalidValue,
    NativeValue,
    Operation,
    Outcome,
    RecordError,
    RecordGone,
    Result,
    RetryableError,
    UnknownOutcome,
)
from leadhub_hubspot.client import BatchAnswer, Client
from leadhub_hubspot.consent import Consent
from leadhub_hubspot.mapping import CONTACTS, OWNER, STAGE
from leadhub_hubspot.refusals import record_error
from leadhub_hubspot.values import from_wire, parse_instant, to_wire

Input = dict[str, Any]
Answer: TypeAlias = dict[str, Any] | RecordError
Write: TypeAlias = Callable[[Sequence[Change]], Iterator[Outcome]]
NOT_APPLIED = "NOT_APPLIED"
OUTDATED = frozenset({"INVALID_OPTION", "PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"})
SPLITS = 40  # calls for one batch that is refused whole: enough to find three of a hundred records


@dataclass(frozen=True, slots=True)
class Written:
    """What came of a batch, by key, and what stopped it before all of it was sent."""

    answers: dict[str, Answer] = field(default_factory=dict)
    trouble: Exception | None = None

    def complete(self) -> None:
        """Raise what stopped the batch."""
        if self.trouble is not None:
            raise self.trouble


class Writer:
    """Writes changes of one type of object through one client. `external_id` and `owner` are of contacts alone."""

    def __init__(self, client: Client, *, external_id: str | None = None, owner: str | None = None, of: str = CONTACTS) -> None:
        self._of = of
        self._client = client
        self._consent = Consent(client)
        self._external_id = external_id
        self._owner = owner
        self._outdated = False  # a refusal said that the account's properties or options are not what they were

    def push(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Yield one outcome a change. The changes are of one operation, at most 100."""
        if not changes:
            return
        if self._outdated:
            self._client.forget_properties()
            self._outdated = False
        self._client.properties(of=self._of)  # needed to read the answers: a failure belongs before the write, not after it
        match changes[0].operation:
            case Operation.CREATE | Operation.CLEAR_THEN_SET | Operation.ARCHIVE as operation if self._of != CONTACTS:
                raise FatalError(f"leadhub only updates HubSpot's {self._of}: it takes no {operation}.")
            case Operation.CREATE:
                yield from self._consent.push(changes, self._create)
            case Operation.UPDATE:
                yield from self._consent.push(changes, partial(_in_rounds, self._update))
            case Operation.CLEAR_THEN_SET:
                yield from self._consent.push(changes, partial(_in_rounds, self._clear_then_set))
            case Operation.ARCHIVE:
                yield from self._archive(changes)
            case Operation.CONVERT:
                raise FatalError("HubSpot converts no contact, and says of none that it can.")

    # ---- operations ----------------------------------------------------------------------------------------------------------------------

    def _create(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Create by upsert on the external id, so that a create that is repeated finds what the first one made."""
        first = {} if self._owner is None else {OWNER: self._client.owner_id(self._owner)}
        key_field = self._external_id
        if key_field is not None:
            require_unique_property(self._client, key_field)
        # A new contact has nothing to blank, and a blank stage sent along would be answered with the account's own first stage.
        changes = [replace(change, values={name: value for name, value in change.values.items() if value is not None}) for change in changes]
        inputs: dict[str, Input] = {}
        for change in changes:
            properties = first | _texts(change.values)
            if key_field is None:
                inputs[change.key] = {"properties": properties, "associations": [], "objectWriteTraceId": change.key}
            else:
                named = {"idProperty": key_field, "id": change.key}
                inputs[change.key] = named | {"properties": properties | {key_field: change.key}, "objectWriteTraceId": change.key}
        written = self._write("create" if key_field is None else "upsert", inputs)
        taken = self._as_wanted(changes, written)
        yield from (taken.get(outcome.key, outcome) for outcome in self._outcomes(changes, written))

    def _as_wanted(self, changes: Sequence[Change], written: Written) -> dict[str, Outcome]:
        """Return as accepted, by key, the creates that HubSpot refuses for a contact that shows all of their values already.

        Then the answer to an earlier create was lost, or somebody was quicker with the very same: there is nothing left to write. No stamp comes
        with it, for nobody knows who made that contact: a revert leaves it alone.
        """
        held = {key: answer.existing_id for key, answer in written.answers.items() if isinstance(answer, DuplicateRefused) and answer.existing_id}
        if not held:
            return {}
        names = {name for change in changes if change.key in held for name in change.values} | {self._external_id or OWNER}
        with _half_done("contacts were made, and reading those that stand in the way of others failed"):
            found = {str(result["id"]): result for result in self._client.batch_read(list(dict.fromkeys(held.values())), sorted(names)).results}
        known = self._client.properties()
        taken = {}
        for change in changes:
            shown = _properties(found.get(held.get(change.key, ""), {}))
            kinds = {name: known[name].type for name in change.values if name in known}
            same = shown and all(_same(value, shown.get(name), kinds.get(name, "string")) for name, value in change.values.items())
            if same and (self._external_id is None or shown.get(self._external_id) in (None, "", change.key)):
                values = {name: from_wire(shown.get(name), kinds.get(name, "string")) for name in change.values}
                taken[change.key] = Outcome(change.key, Result.ACCEPTED, held[change.key], values=values)
        return taken

    def _update(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        yield from self._outcomes(changes, self._write("update", {change.key: _update_input(change, change.values) for change in changes}))

    def _clear_then_set(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Blank the stage, then set all values: two requests, as HubSpot asks for a stage set backward ("Contacts" guide).

        Once the first is answered, whatever stops the second is raised as UnknownOutcome: the contacts stand half-way, and "not attempted"
        would be untrue.
        """
        inputs = {change.key: _update_input(change, {STAGE: None}) for change in changes}
        first = self._write("update", inputs)
        cleared = first.answers
        with _half_done("the life cycle stage was cleared, and the call that sets it failed"):
            first.complete()
            self._fill_stage(cleared)
            ready = [change for change in changes if _stage_of(cleared.get(change.key)) == ""]
            second = self._write("update", {change.key: _update_input(change, change.values) for change in ready}) if ready else Written()
            done = [_after_clear(outcome) for outcome in self._outcomes(ready, second)]
        settled = {outcome.key for outcome in done}
        yield from done
        for change in changes:
            if change.key not in settled:
                yield self._outcome(change, cleared.get(change.key), wanted={STAGE: None})

    def _archive(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Archive, and refuse what is gone already: HubSpot itself answers alike for an id that it archives and one that it does not find."""
        there = {str(result["id"]) for result in self._client.batch_read([_id(change) for change in changes], []).results}
        live = [change for change in changes if _id(change) in there]
        for change in changes:
            if change not in live:
                gone = RecordGone(f"HubSpot has no contact under the id {_id(change)}: it is archived, merged or purged already.")
                yield Outcome(change.key, Result.REFUSED, change.record_id, error=gone)
        refusal = self._client.batch_archive([_id(change) for change in live]) if live else None
        for change in live:
            error = None if refusal is None else _of_batch(refusal, alone=len(live) == 1)
            yield Outcome(change.key, Result.ACCEPTED if error is None else Result.REFUSED, change.record_id, error=error)

    # ---- requests ------------------------------------------------------------------------------------------------------------------------

    def _write(self, verb: str, inputs: Mapping[str, Input]) -> Written:
        """Send one batch and return the answers by key. A key without an answer is left out: its outcome is not known.

        Of a batch that HubSpot refuses whole nothing was written. If it names the culprits, the others are sent again without them; else halves
        are, down to the one record that spoils it. Each such record takes about two calls for each halving, and after SPLITS calls what is still
        together is refused together. What stops a later call is kept until the outcomes of the earlier ones are told.
        """
        written, waiting, calls = Written(), deque([dict(inputs)]), 0
        while waiting:
            part = waiting.popleft()
            try:
                answer = self._client.batch_write(verb, list(part.values()), self._of)
            except (RetryableError, FatalError, UnknownOutcome) as error:
                if not written.answers:
                    raise
                return replace(written, trouble=error)
            calls += 1
            if answer.refusal is None:
                written.answers.update(_answers(answer, part))
                continue
            culprits = _named(answer.refusal, part)
            if culprits and len(culprits) < len(part):
                written.answers.update(dict.fromkeys(culprits, record_error(answer.refusal)))
                waiting.appendleft({key: entry for key, entry in part.items() if key not in culprits})
            elif len(part) > 1 and calls < SPLITS:
                waiting.extendleft(reversed(_halves(part)))
            else:
                written.answers.update(dict.fromkeys(part, _of_batch(answer.refusal, alone=len(part) == 1)))
        return written

    def _fill_stage(self, answers: Mapping[str, Answer]) -> None:
        """Read the stage of contacts whose answer leaves it out: without it nobody knows whether it was applied."""
        silent = {str(answer["id"]): answer for answer in answers.values() if isinstance(answer, dict) and STAGE not in _properties(answer)}
        if not silent:
            return
        for result in self._client.batch_read(list(silent), [STAGE]).results:
            if str(result["id"]) in silent:
                _properties(silent[str(result["id"])])[STAGE] = _properties(result).get(STAGE)

    # ---- outcomes ------------------------------------------------------------------------------------------------------------------------

    def _outcomes(self, changes: Sequence[Change], written: Written) -> Iterator[Outcome]:
        answers = written.answers
        staged = {change.key: answers[change.key] for change in changes if STAGE in change.values and change.key in answers}
        with _half_done("the contacts were written, and reading their life cycle stage back failed"):
            self._fill_stage(staged)
        for change in changes:
            if change.key in answers or written.trouble is None:
                yield self._outcome(change, answers.get(change.key), wanted=change.values)
        written.complete()

    def _outcome(self, change: Change, answer: Answer | None, *, wanted: Mapping[str, NativeValue]) -> Outcome:
        if answer is None:
            return Outcome(change.key, Result.UNKNOWN, change.record_id)
        if isinstance(answer, RecordError):
            self._outdated |= answer.code in OUTDATED
            return Outcome(change.key, Result.REFUSED, change.record_id, error=answer)
        known, properties = self._client.properties(of=self._of), _properties(answer)
        kinds = {name: known[name].type for name in wanted if name in known}
        values = {name: from_wire(properties[name], kinds.get(name, "string")) for name in wanted if name in properties}
        error = _stage_error(wanted, answer)
        result = Result.ACCEPTED if error is None else Result.REFUSED
        return Outcome(change.key, result, str(answer["id"]), values=values, stamp=parse_instant(answer.get("updatedAt")), error=error)


def require_unique_property(client: Client, name: str) -> None:
    """Raise ConfigError unless the account has this contact property, with unique values."""
    known = client.properties().get(name)
    if known is None or not known.unique:
        fault = "does not exist" if known is None else "is not set to unique values"
        raise ConfigError(
            f"The contact property {name}, which carries leadhub's key, {fault} in HubSpot (setting external_id).",
            next_step=f"create a single-line text property {name} for contacts, with unique values required",
        )


def _after_clear(outcome: Outcome) -> Outcome:
    """Say with a refusal of the second request that the stage is blank by now; a refusal with values tells itself what stands."""
    if outcome.error is None or outcome.values is not None:
        return outcome
    error = copy(outcome.error)  # several records may share one error
    error.args = (f"{error} Its {STAGE} was cleared before and is blank now.",)
    return replace(outcome, values={STAGE: None}, error=error)


@contextmanager
def _half_done(what: str) -> Iterator[None]:
    """Turn an error between the two halves of a write into UnknownOutcome: something was written, so "not attempted" would be untrue."""
    try:
        yield
    except (RetryableError, FatalError) as error:
        raise UnknownOutcome(f"HubSpot: {what}: {error}") from error


def _in_rounds(write: Write, changes: Sequence[Change]) -> Iterator[Outcome]:
    """Write in as many requests as the same contact occurs: HubSpot refuses a batch that names an id twice."""
    left = list(changes)
    while left:
        now = list({_id(change): change for change in reversed(left)}.values())[::-1]
        chosen = {change.key for change in now}
        left = [change for change in left if change.key not in chosen]
        yield from write(now)


def _id(change: Change) -> str:
    if change.record_id is None:
        raise ValueError(f"change {change.key}: {change.operation} without a record id")
    return change.record_id


def _texts(values: Mapping[str, NativeValue]) -> dict[str, str]:
    return {name: to_wire(value) for name, value in values.items()}


def _update_input(change: Change, values: Mapping[str, NativeValue]) -> Input:
    return {"id": _id(change), "properties": _texts(values), "objectWriteTraceId": change.key}


def _properties(answer: Mapping[str, Any]) -> dict[str, Any]:
    properties = answer.get("properties")
    return properties if isinstance(properties, dict) else {}


def _stage_of(answer: Answer | None) -> str | None:
    """Return the answered stage ("" for blank), or None where none was answered."""
    if not isinstance(answer, dict) or STAGE not in _properties(answer):
        return None
    return _properties(answer)[STAGE] or ""


def _stage_error(wanted: Mapping[str, NativeValue], answer: Answer) -> InvalidValue | None:
    """Return why a stage that was sent is not the one that HubSpot shows: it ignores a stage set backward, with a 200."""
    stage = _stage_of(answer)
    if STAGE not in wanted or stage == to_wire(wanted[STAGE]):
        return None
    shown = "shows no stage" if stage is None else f"still shows {stage!r}"
    text = f"not applied: HubSpot answered success and {shown} where {to_wire(wanted[STAGE])!r} was sent."
    return InvalidValue(text, code=NOT_APPLIED, fields=(STAGE,), next_step="leadhub plan")


def _key_of(result: Mapping[str, Any], inputs: Mapping[str, Input]) -> str | None:
    """Return the key of a result: by its trace id, else by the id or the unique value that was sent."""
    trace = result.get("objectWriteTraceId")
    if trace in inputs:
        return str(trace)
    for key, entry in inputs.items():
        held = _properties(result).get(entry["idProperty"]) if "idProperty" in entry else result.get("id")
        if held is not None and held == entry.get("id"):
            return key
    return None


def _answers(answer: BatchAnswer, inputs: Mapping[str, Input]) -> dict[str, Answer]:
    """Return the answers of a batch that was not refused whole, by key."""
    answers: dict[str, Answer] = {}
    for error in answer.errors:
        answers |= dict.fromkeys(_named(error, inputs), record_error(error))
    for result in answer.results:
        key = _key_of(result, inputs)
        if key is not None:
            answers[key] = result
    return answers


def _halves(inputs: Mapping[str, Input]) -> list[dict[str, Input]]:
    keys = list(inputs)
    middle = len(keys) // 2
    return [{key: inputs[key] for key in half} for half in (keys[:middle], keys[middle:])]


def _same(sent: NativeValue, held: str | None, kind: str) -> bool:
    """Whether HubSpot holds what was sent, in whatever form it holds it; e-mail addresses it keeps in lower case."""
    one, other = from_wire(to_wire(sent), kind), from_wire(held, kind)
    return to_wire(one).strip().casefold() == to_wire(other).strip().casefold()


def _named(error: Mapping[str, Any], inputs: Mapping[str, Input]) -> list[str]:
    """Return the keys of the inputs that an error names, by trace id or by id."""
    context = error.get("context") or {}
    traces = {str(trace) for trace in context.get("objectWriteTraceId") or ()}
    ids = {str(record_id) for record_id in context.get("ids") or ()}
    return [key for key, entry in inputs.items() if key in traces or (not traces and entry.get("id") in ids)]


def _of_batch(refusal: Mapping[str, Any], *, alone: bool) -> RecordError:
    """Return the error of a batch that was refused whole. An existing id in it is one record's, and nobody knows whose."""
    error = record_error(refusal)
    if isinstance(error, DuplicateRefused) and not alone:
        return RecordError(f"{error} (one of the batch; HubSpot does not say which)", code=error.code, fields=error.fields)
    return error
