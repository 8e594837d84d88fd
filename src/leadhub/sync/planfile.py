"""A plan as a file: exactly these changes, for one deployment, to be made later or by somebody else. What changed in between is refused, item by item.

`apply FILE` replays nothing. It reads, judges and plans anew, and makes those fresh changes that equal an item of the file; so a file can only ever
narrow what a sync would write anyway. Of a change that has more fields by now those of the item are made; the others stay planned.
"""

import hashlib
import json
import os
import shlex
import stat
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from leadhub.core.cutting import Reversible, often_starts, reversibility
from leadhub.errors import LeadhubError
from leadhub.hub import Hub
from leadhub.model.record import NativeValue, Operation
from leadhub.model.run import PlannedChange
from leadhub.store.codec import decode_native, encode_native
from leadhub.sync.patterns import grouped, target_of, total_calls
from leadhub.sync.report import RunReport

SCHEMA = "leadhub.plan/1"
_ANEW = "leadhub plan -o FILE makes a new one"
_HEAD = 200
"""So many bytes of a file are enough to see that it is a plan."""
LARGEST = 256 * 2**20
"""No plan is larger, in bytes: half a million changes. One that were is neither written nor read."""


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
    reversible: Reversible
    starts: bool = field(default=False, compare=False)
    """Whether automation often listens to it."""
    name: str = field(default="", compare=False)
    why: Mapping[str, str] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, change: PlannedChange, hub: Hub) -> "Item":
        """Return a planned change as an item. Of a record that is written as a whole, it counts what it showed."""
        before = {name: change.before.get(name) for name in change.values or change.before}
        place = (change.key, change.system, change.object, change.record_id, change.operation)
        target = target_of(hub, change)
        classed = reversibility(change, target, hub.policy), often_starts(change, target)
        return cls(*place, change.values, before, change.person_id, *classed, change.name, change.why)

    def as_change(self) -> PlannedChange:
        """Return the item as a change to be shown; it is never one to be made."""
        place = (self.key, self.system, self.object, self.operation, self.record_id, self.person_id)
        return PlannedChange(*place, None, self.values, self.before, self.why, name=self.name)


@dataclass(frozen=True, slots=True)
class PlanFile:
    """What a plan file holds. `orgs` has the organization that each system answered as; who planned it, and the hash, are those that the store knows.

    A part of a plan that was made a moment ago, and in no file, has no hash.
    """

    run: str
    config_hash: str
    orgs: Mapping[str, str]
    items: tuple[Item, ...]
    backfill: Backfill | None = None
    hash: str | None = None
    planned_by: str = ""
    planned_at: datetime | None = None
    file: str = field(default="FILE", compare=False)
    """Where it was read from, as it is typed."""


def typed(path: Path) -> str:
    """Return a file's name as it has to be typed."""
    return shlex.quote(f"./{path}" if str(path).startswith("-") else str(path))


# ---- the file --------------------------------------------------------------------------------------------------------------------------


def write(path: Path, hub: Hub, report: RunReport, changes: Sequence[PlannedChange], backfill: Backfill | None = None) -> None:
    """Write a plan that only its owner can read, in one step, and keep its hash in the store. Raises LeadhubError where that fails."""
    with hub.store.read() as tx:
        (run,) = tx.runs.get(report.run)
    items = [Item.of(change, hub) for change in changes]
    body: dict[str, Any] = {
        "schema": SCHEMA,
        "run": run.id,
        "planned_by": run.actor,
        "planned_at": run.started_at.isoformat(),
        "config": hub.deployment.hash,
        "orgs": {name: identity.org for name, identity in report.identities.items()},
        "backfill": None if backfill is None else {"field": backfill.field, "system": backfill.system},
        "api_calls": total_calls(hub, changes),
        "patterns": [group.as_json() for group in grouped(hub, changes)],
        "changes": [_as_json(item) for item in items],
    }
    digest = _hash(body)
    _put(path, (json.dumps({**body, "hash": digest}, indent=1) + "\n").encode())
    with hub.store.begin() as tx:
        tx.runs.keep_plan(run.id, digest)


def make_room(path: Path) -> None:
    """Raise LeadhubError where a plan would take the place of anything but an older plan: what it is, or leads to, was hardly meant."""
    try:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            why = "that is no plain file"
        elif path.exists() and path.stat().st_size and f'"schema": "{SCHEMA}"'.encode() not in path.read_bytes()[:_HEAD]:
            why = "that file is there, and is no plan"
        else:
            return
    except OSError as error:
        why = f"what is there cannot be looked at: {error.strerror}"
    raise LeadhubError(
        f"The plan cannot be written to {path}: {why}. Nothing was written.", next_step="leadhub plan -o FILE, with a name that is new"
    )


def _put(path: Path, content: bytes) -> None:
    if len(content) > LARGEST:
        raise LeadhubError(
            f"The plan is larger than {LARGEST:,} bytes and was not written.",
            next_step=f"leadhub plan --pattern ID -o {typed(path)} keeps a part of it",
        )
    make_room(path)
    try:
        with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:  # mode 0600
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(path)
    except OSError as error:
        raise LeadhubError(
            f"The plan cannot be written to {path}: {error.strerror}.", next_step="name a file in a folder that you may write"
        ) from error


def read(path: Path, hub: Hub) -> PlanFile:
    """Return a plan file's content.

    Raises:
        PlanFileError: it is no plan file, of another version, changed by hand, or made by another deployment.
    """
    body, digest = _load(path)
    with hub.store.read() as tx:
        runs = tx.runs.get(str(body.get("run"))) if body.get("run") else ()
    if len(runs) != 1 or runs[0].id != body["run"] or runs[0].plan_hash is None or runs[0].plan_run is not None:
        why = f"this deployment never wrote it (it knows no plan {body.get('run')!r})"
        raise _unusable(path, why, f"leadhub -C FOLDER names the one that did; {_ANEW} here")
    if digest != runs[0].plan_hash:
        raise _unusable(path, "it is not as leadhub wrote it: somebody changed it")
    fill, items = body["backfill"], tuple(map(_item, body["changes"]))
    filled = Backfill(**fill) if fill else None
    return PlanFile(body["run"], body["config"], body["orgs"], items, filled, digest, runs[0].actor, runs[0].started_at, typed(path))


def _load(path: Path) -> tuple[dict[str, Any], str]:
    """The content of a file, and the hash of it; the one that stands in it has to be the same."""
    try:
        content = _content(path)
        if not content.strip():
            raise _unusable(path, "it is empty")
        body = json.loads(content, object_pairs_hook=partial(_once, path))
        if not isinstance(body, dict):
            raise _unusable(path, "it is no plan")
        if body.get("schema") != SCHEMA:
            why = f"it is of the form {body.get('schema')!r}, this leadhub reads {SCHEMA}"
            raise _unusable(path, why, f"use it with the leadhub that made it; {_ANEW} for this one")
        told = body.pop("hash", None)
        digest = _hash(body)
    except FileNotFoundError as error:
        raise _unusable(path, "there is no such file", "give the name under which the plan was kept: leadhub plan -o FILE keeps one") from error
    except PermissionError as error:
        hand_over = f"its owner hands it over: chgrp GROUP {typed(path)} && chmod 640 {typed(path)}"
        raise _unusable(path, "you may not read it, or not come to it", hand_over) from error
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    except ValueError as error:
        raise _unusable(path, f"it breaks off, or is no JSON ({error})") from error
    except RecursionError:
        raise _unusable(path, "it is nested too deep") from None
    return body, digest if told == digest else ""


def _content(path: Path) -> bytes:
    """What a plain file holds; nothing else is waited for, or read without end."""
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise _unusable(path, "it is no plain file")
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise _unusable(path, f"it is larger than any plan ({LARGEST:,} bytes)")
    return content


def _once(path: Path, pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object of the file. Of a key that stands twice most readers take the last: who looks at the file may have read the first."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _unusable(path, f'"{key}" stands in it twice')
        found[key] = value
    return found


def _unusable(path: Path, why: str, helps: str = _ANEW) -> PlanFileError:
    return PlanFileError(f"{path} cannot be applied: {why}. Nothing was written.", next_step=helps)


def _hash(body: Mapping[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(body, sort_keys=True).encode(), digest_size=32).hexdigest()


def _as_json(item: Item) -> dict[str, Any]:
    old, new = encode_native(item.before), encode_native(item.values)
    shows = {name: value for name, value in old.items() if name not in new}
    return {
        "key": item.key,
        "system": item.system,
        "object": item.object,
        "record_id": item.record_id,
        "operation": item.operation.value,
        "fields": {name: {"from": old.get(name), "to": value, "why": item.why.get(name, "")} for name, value in new.items()},
        "shows": shows,
        "reversible": item.reversible,
        "often_starts_automation": item.starts,
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
        decode_native({name: value["from"] for name, value in fields.items()} | row["shows"]),
        row["person"]["id"],
        row["reversible"],
        row["often_starts_automation"],
        row["person"]["name"],
        {name: value["why"] for name, value in fields.items()},
    )
