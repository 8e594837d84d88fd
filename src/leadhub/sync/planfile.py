"""A plan as a file: exactly these changes, for one deployment, to be made later or by somebody else. What changed in between is refused, item by item.

`apply FILE` replays nothing. It reads, judges and plans anew, and makes those fresh changes that equal an item of the file; so a file can only ever
narrow what a sync would write anyway. Of a change that has more fields by now those of the item are made; the others stay planned.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from leadhub.core.cutting import reversibility, with_companions
from leadhub.core.normalize import text_of
from leadhub.errors import LeadhubError
from leadhub.hub import Hub
from leadhub.model.record import NativeValue, Operation
from leadhub.model.run import IntentState, PlannedChange
from leadhub.store import RecordKey
from leadhub.store.codec import decode_native, encode_native
from leadhub.sync.session import Session

SCHEMA = "leadhub.plan/1"
_DIGEST = "plan_file"
"""Under this name the run that wrote a file keeps its hash, among its counts."""


class PlanFileError(LeadhubError):
    """A plan file cannot be used at all."""


@dataclass(frozen=True, slots=True)
class Backfill:
    """A field whose blanks are to be filled with the value that leadhub holds, in all systems or in one."""

    field: str
    system: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One change of a plan: what it sets, and what stood there when it was planned."""

    key: str
    system: str
    object: str
    record_id: str | None
    operation: Operation
    values: Mapping[str, NativeValue]
    before: Mapping[str, NativeValue]
    person_id: str
    name: str = field(default="", compare=False)
    why: Mapping[str, str] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, change: PlannedChange) -> "Item":
        """Return a planned change as an item."""
        before = {name: change.before.get(name) for name in change.values}
        place = (change.key, change.system, change.object, change.record_id, change.operation)
        return cls(*place, change.values, before, change.person_id, change.name, change.why)

    def as_change(self) -> PlannedChange:
        """Return the item as a change to be shown; it is never one to be made."""
        place = (self.key, self.system, self.object, self.operation, self.record_id, self.person_id)
        return PlannedChange(*place, None, self.values, self.before, self.why, name=self.name)


@dataclass(frozen=True, slots=True)
class PlanFile:
    """What a plan file holds. `orgs` has the organization that each system answered as."""

    run: str
    config_hash: str
    orgs: Mapping[str, str]
    items: tuple[Item, ...]
    backfill: Backfill | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """An item that is not made, and what has changed since."""

    item: Item
    reason: str


@dataclass(slots=True)
class Chosen:
    """The fresh changes that are to be made, and the items that have none."""

    changes: list[PlannedChange] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


# ---- the file --------------------------------------------------------------------------------------------------------------------------


def write(path: Path, hub: Hub, run_id: str, orgs: Mapping[str, str], changes: Iterable[PlannedChange], backfill: Backfill | None = None) -> None:
    """Write a plan that only its owner can read, in one step, and keep its hash with the run. Raises LeadhubError where that fails."""
    body: dict[str, Any] = {
        "schema": SCHEMA,
        "run": run_id,
        "config": hub.deployment.hash,
        "orgs": dict(orgs),
        "backfill": None if backfill is None else {"field": backfill.field, "system": backfill.system},
        "changes": [_as_json(Item.of(c)) | {"reversible": reversibility(c, hub.systems[c.system].object(c.object), hub.policy)} for c in changes],
    }
    digest = _hash(body)
    try:
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", encoding="utf-8", delete=False) as file:  # mode 0600
            json.dump({**body, "hash": digest}, file, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(path)
    except OSError as error:
        raise LeadhubError(
            f"The plan cannot be written to {path}: {error.strerror}.", next_step="name a file in a folder that you may write"
        ) from error
    with hub.store.begin() as tx:
        (run,) = tx.runs.get(run_id)
        tx.runs.finish(run_id, run.status, {**run.counts, _DIGEST: digest})


def read(path: Path, hub: Hub) -> PlanFile:
    """Return a plan file's content.

    Raises:
        PlanFileError: it is no plan file, of another version, changed by hand, or made by another deployment.
    """
    body = _load(path)
    if body.get("schema") != SCHEMA:
        raise _unusable(path, f"it is of the form {body.get('schema')!r}, this leadhub reads {SCHEMA}")
    digest = body.pop("hash", None)
    with hub.store.read() as tx:
        runs = tx.runs.get(str(body.get("run"))) if body.get("run") else ()
    if len(runs) != 1 or runs[0].id != body["run"] or _DIGEST not in runs[0].counts:
        raise _unusable(path, f"this deployment never wrote it (it knows no plan {body.get('run')!r})")
    if not digest == _hash(body) == runs[0].counts[_DIGEST]:
        raise _unusable(path, "it is not as leadhub wrote it: somebody changed it")
    fill = body["backfill"]
    return PlanFile(body["run"], body["config"], body["orgs"], tuple(map(_item, body["changes"])), Backfill(**fill) if fill else None)


def _load(path: Path) -> dict[str, Any]:
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    except ValueError as error:
        raise _unusable(path, f"it is no JSON ({error})") from error
    if not isinstance(body, dict):
        raise _unusable(path, "it is no plan")
    return body


def _unusable(path: Path, why: str) -> PlanFileError:
    return PlanFileError(f"{path} cannot be applied: {why}. Nothing was written.", next_step=f"leadhub plan -o {path}")


def _hash(body: Mapping[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(body, sort_keys=True).encode(), digest_size=16).hexdigest()


def _as_json(item: Item) -> dict[str, Any]:
    old, new = encode_native(item.before), encode_native(item.values)
    return {
        "key": item.key,
        "system": item.system,
        "object": item.object,
        "record_id": item.record_id,
        "operation": item.operation.value,
        "fields": {name: {"from": old.get(name), "to": value, "why": item.why.get(name, "")} for name, value in new.items()},
        "person": {"id": item.person_id, "name": item.name},
    }


def _item(row: Mapping[str, Any]) -> Item:
    fields: Mapping[str, Mapping[str, Any]] = row["fields"]
    return Item(
        row["key"],
        row["system"],
        row["object"],
        row["record_id"],
        Operation(row["operation"]),
        decode_native({name: value["to"] for name, value in fields.items()}),
        decode_native({name: value["from"] for name, value in fields.items()}),
        row["person"]["id"],
        row["person"]["name"],
        {name: value["why"] for name, value in fields.items()},
    )


# ---- what still holds ------------------------------------------------------------------------------------------------------------------


def choose(session: Session, plan: PlanFile, fresh: Sequence[PlannedChange]) -> Chosen:
    """Return the fresh changes that equal an item of the plan, cut to its fields, and say of every other item what has changed since."""
    chosen = Chosen()
    by_record = {_place(change): change for change in fresh}
    for item in plan.items:
        if why := _barred(session, plan, item):
            chosen.refused.append(Refused(item, why))
            continue
        now = _of_it(session, item, by_record.get(_place(item)))
        if now is not None and Item.of(now) == item:
            chosen.changes.append(now)
        else:
            chosen.refused.append(Refused(item, _since(session, plan, item, now)))
    return chosen


def _place(change: PlannedChange | Item) -> tuple[str, str, str | None, str, str]:
    return change.system, change.object, change.record_id, change.person_id, "" if change.record_id else change.key


def _of_it(session: Session, item: Item, fresh: PlannedChange | None) -> PlannedChange | None:
    """What leadhub would write of an item's fields by now, with what goes together with them; None where it would write none of them."""
    if fresh is None:
        return None
    target = session.hub.systems[fresh.system].object(fresh.object)
    now = with_companions(fresh, item.values, target, session.hub.policy)
    return now if now.values or not item.values else None


def overtaken(session: Session) -> list[Refused]:
    """Return the items of this run that were not made after all: the record changed at the last moment, or the call had no effect."""
    found: list[Refused] = []
    after = 0
    with session.hub.store.read() as tx:
        while some := tx.intents.of_run(session.run_id, after):
            stale = (i for i in some if i.state is IntentState.STALE)
            found += [Refused(Item.of(i.change), f"{i.detail or 'the call had no effect'}: the next sync looks at it again") for i in stale]
            after = some[-1].seq
    return found


def _barred(session: Session, plan: PlanFile, item: Item) -> str:
    """Why nothing is written to the item's system at all; blank where it may be."""
    if item.system not in session.hub.systems:
        return f"there is no system {item.system} in {session.hub.deployment.path.name} any more"
    if item.system in session.troubles:
        return f"{item.system} was left out of this run"
    if session.rows[item.system].mode == "paused":
        return f"{item.system} is paused"
    if not session.may_write(item.system):
        return f"writing to {item.system} is off"
    identity = session.identities.get(item.system)
    if identity is not None and plan.orgs.get(item.system) not in (None, identity.org):
        return f"{item.system} answers as organization {identity.org}, the plan was made for {plan.orgs[item.system]}"
    return ""


def _since(session: Session, plan: PlanFile, item: Item, now: PlannedChange | None) -> str:
    """What has changed since an item was planned. `now` is what leadhub would write to the record by now, if anything."""
    if there := _created_since(session, item) if item.record_id is None else _shows_since(session, item, item.record_id):
        return there
    if now is not None:
        return _differs(item, now)
    if plan.config_hash != session.hub.deployment.hash:
        return f"{session.hub.deployment.path.name} changed since, and under it this is not written"
    return "leadhub would not write this any more: its value moved on, or a question about it is open"


def _differs(item: Item, now: PlannedChange) -> str:
    """How what leadhub would write by now differs from an item."""
    if other := next((name for name, value in now.values.items() if name in item.values and text_of(value) != text_of(item.values[name])), None):
        return f'leadhub would write another value by now: {other} "{text_of(now.values[other])}"'
    if joined := next((name for name in now.values if name not in item.values), None):
        return f'{joined} belongs to it and is written with it by now: "{text_of(now.values[joined])}"'
    if gone := next((name for name in item.values if name not in now.values), None):
        return f"leadhub would not write {gone} any more: its value moved on, or a question about it is open"
    return "it would be written in another way by now"


def _created_since(session: Session, item: Item) -> str:
    with session.hub.store.read() as tx:
        links = [link for a in tx.persons.load([item.person_id]) for link in a.links]
    there = any((link.system, link.object) == (item.system, item.object) for link in links)
    return "there is a record of this lead by now" if there else ""


def _shows_since(session: Session, item: Item, record_id: str) -> str:
    """How a record differs from what the plan saw; blank where it does not."""
    key = RecordKey(item.system, item.object, record_id)
    with session.hub.store.read() as tx:
        record = tx.records.get([key]).get(key)
    if record is None or record.gone is not None:
        return f"the record is {'not known' if record is None or record.gone is None else record.gone.value.replace('_', ' ')}"
    shows = {name: record.native.get(name) for name in item.values}
    if _texts(shows) == _texts(item.values):
        return "it shows this already"
    moved = next((name for name in item.values if text_of(shows[name]) != text_of(item.before.get(name))), None)
    return f'{moved} shows something else now: "{text_of(shows[moved])}"' if moved is not None else ""


def _texts(values: Mapping[str, NativeValue]) -> dict[str, str]:
    return {name: text_of(value) for name, value in values.items()}
