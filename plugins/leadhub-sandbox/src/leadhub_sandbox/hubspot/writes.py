"""What every write obeys, whoever writes: checks first, then a commit that cannot fail. It knows nothing of HTTP."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from leadhub_sandbox.hubspot.account import Account
from leadhub_sandbox.hubspot.errors import ApiError, bad_properties, conflict, invalid, problem
from leadhub_sandbox.hubspot.linker import Linker, Wanted
from leadhub_sandbox.hubspot.links import Node
from leadhub_sandbox.hubspot.objects import Objects
from leadhub_sandbox.hubspot.rules import Rules
from leadhub_sandbox.hubspot.schema import ADDITIONAL
from leadhub_sandbox.hubspot.store import Record, Source, Version
from leadhub_sandbox.hubspot.strict import STRICT_VERSIONS, missing
from leadhub_sandbox.hubspot.timestamps import iso, parse_ms

MAX_MERGES = 250


@dataclass(slots=True)
class Change:
    """A checked write that waits for its commit. `record` is None for a create."""

    record: Record | None
    values: dict[str, str]
    source: Source
    links: Wanted = field(default_factory=list)


@dataclass(slots=True)
class Claims:
    """The unique values that a batch's earlier inputs will take, so that a later one cannot take them too."""

    taken: set[tuple[str, str]] = field(default_factory=set)


class Writer:
    """Prepares and commits writes to one account's records of one type."""

    def __init__(self, account: Account, objects: Objects, rules: Rules) -> None:
        self._account = account
        self._objects = objects
        self._rules = rules
        self._linker = Linker(account)

    def prepare(
        self,
        record: Record | None,
        properties: object,
        source: Source,
        version: str,
        claims: Claims | None = None,
        *,
        unlocked: Container[str] = (),
        associations: object = None,
    ) -> Change:
        """Check a create (`record` is None) or an update. Raises ApiError in HubSpot's words; nothing is written."""
        values, problems = self._objects.schema.check(_texts(properties), unlocked)
        if problems:
            raise bad_properties(problems, self._account.portal_id)
        links = self._linker.wanted(self._objects.type.name, associations)
        self._rules.require(record, values, links)
        if version in STRICT_VERSIONS:
            self._require_rules(record, values | self._rules.presets(values) if record is None else values)
        self._require_unique(record, values, (claims or Claims()).taken)
        return Change(record, values, source, links)

    def _require_rules(self, record: Record | None, values: Mapping[str, str]) -> None:
        """Hold an API write to the administrator's rules, which HubSpot does from version 2026-09 on."""
        lacking = missing(self._account.settings, self._objects.type, {**(record.values if record else {}), **values})
        if lacking:
            raise invalid(f"Required properties are missing: {', '.join(lacking)}", properties=lacking)

    def _require_unique(self, record: Record | None, values: Mapping[str, str], taken: set[tuple[str, str]]) -> None:
        store = self._objects.store
        own_id = record.id if record else None
        wanted = [(name, values[name]) for name in ("email", *self._objects.schema.unique_names()) if values.get(name)]
        wanted += [("email", address) for address in values.get(ADDITIONAL, "").split(";") if address]
        for name, value in wanted:
            holder = store.find(name, value)
            holder_id = holder.id if holder else None
            if holder_id == own_id and holder_id is not None:
                continue
            if holder_id is None and (name, value) not in taken:
                continue
            if name == "email":
                named = holder_id if self._account.settings.conflict_names_id else None
                raise conflict(named)
            text = f"{holder_id or 'Another input'} already has that value."
            raise bad_properties([problem(name, "CONFLICTING_UNIQUE_VALUE", text)], self._account.portal_id)
        taken.update(wanted)

    def commit(self, change: Change) -> Record:
        """Write a prepared change and return the record."""
        record = change.record or self._born(change)
        self._apply(record, change.values, change.source)
        for end, kinds in change.links:
            self._linker.connect(self._node(record), end, kinds)
        self._account.written.append((self._objects.type.name, record.id, frozenset(change.values)))
        return record

    def _node(self, record: Record) -> Node:
        return self._objects.type.name, record.id

    def _born(self, change: Change) -> Record:
        now = self._account.now_ms()
        record = Record(self._objects.store.new_id(), now, now)
        self._objects.store.add(record)
        self._objects.store.tell("creation", record.id, now, change.source)
        kind = self._objects.type
        first = {"hs_object_id": str(record.id), kind.created: iso(now), kind.modified: iso(now), "hs_object_source": change.source.kind}
        for name, value in (first | self._rules.first_values()).items():
            self._objects.store.set_value(record, name, value, Version(value, now, change.source))
        change.values = {**change.values, **self._rules.presets(change.values)}
        return record

    def _apply(self, record: Record, values: Mapping[str, str], source: Source) -> None:
        store, rules, now = self._objects.store, self._rules, self._account.now_ms()
        unique = self._objects.schema.unique_names()
        store.free_keys(record, unique)
        changed: set[str] = set()
        ignored = False
        for name, value in values.items():
            if value == record.values.get(name, ""):
                continue
            if not rules.may_set(record, name, value, source):
                ignored = True
                continue
            rules.before_set(record, name, value, Version("", now, source))
            store.set_value(record, name, value, Version(value, now, source))
            if name == self._objects.type.created:
                record.created_ms = parse_ms(value)
            changed.add(name)
        rules.after_write(record, values, changed, source, now)
        if changed or ignored or self._account.settings.noop_bumps_modified:
            store.touch(record, now)
        store.claim_keys(record, unique)
        store.queue(record.id, now)

    def mass_touch(self, records: Iterable[Record], at_ms: int) -> None:
        """Give records one and the same time of change, as HubSpot's own monthly job does; no value changes."""
        now = self._account.now_ms()
        for record in records:
            self._objects.store.touch(record, at_ms)
            self._objects.store.queue(record.id, now)

    def archive(self, record: Record, source: Source) -> None:
        """Archive a record; a second time changes nothing."""
        if record.archived_ms is not None:
            return
        self._objects.archive(record, self._account.now_ms(), source)
        self._linker.recount(self._account.links.neighbours(self._node(record)))

    def restore(self, record: Record, source: Source) -> None:
        """Bring an archived record back. Raises ApiError 409 when another one holds a value of its by now."""
        if record.archived_ms is None:
            return
        values = {name: record.values[name] for name in self._objects.schema.unique_names() if name in record.values}
        for address in record.emails():
            self._require_unique(record, {"email": address}, set())
        self._require_unique(record, values, set())
        record.archived_ms = None
        now = self._account.now_ms()
        self._objects.store.touch(record, now)
        self._objects.store.claim_keys(record, self._objects.schema.unique_names())
        self._objects.store.queue(record.id, now)
        self._objects.store.tell("restore", record.id, now, source)
        self._linker.recount([self._node(record), *self._account.links.neighbours(self._node(record))])

    def purge(self, record: Record, source: Source) -> None:
        """Delete a contact for good, for its privacy: nothing tells of it any more, and its addresses are remembered as purged."""
        self._account.purged |= dict.fromkeys(record.emails(), True)
        self._objects.store.free_keys(record, self._objects.schema.unique_names())
        self._linker.forget(self._node(record))
        now = self._account.now_ms()
        self._objects.store.purge(record)
        self._objects.store.queue(record.id, now)
        self._objects.store.tell("privacyDeletion", record.id, now, source)

    def merge(self, primary: Record, other: Record, source: Source) -> Record:
        """Make one record of two: the primary's values, blanks filled from the other. Raises ApiError for the same one twice, and for too many."""
        if primary.id == other.id:
            raise invalid("A contact cannot be merged into itself.", ids=[str(primary.id)])
        merges = primary.merges + other.merges + 1
        if merges > MAX_MERGES:
            raise ApiError(414, "VALIDATION_ERROR", f"Cannot have more than {MAX_MERGES} identities")
        account, now = self._account, self._account.now_ms()
        unique = self._objects.schema.unique_names()
        emails = primary.emails() + other.emails()
        for old in (primary, other):
            self._objects.store.free_keys(old, unique)
        survivor = self._survivor(primary)
        survivor.merges = merges
        values = self._merged_values(survivor, primary, other, now)
        values[ADDITIONAL] = ";".join(dict.fromkeys(emails[1:]))
        for name, value in values.items():
            self._objects.store.set_value(survivor, name, value, Version(value, now, source))
        account.show_opt_out(survivor, Version("", now, source))
        for old in (primary, other):
            if old.id != survivor.id:
                self._objects.store.merge_away(old, survivor.id)
                self._objects.store.queue(old.id, now)
                self._linker.move(self._node(old), self._node(survivor))
        self._objects.store.touch(survivor, now)
        self._objects.store.claim_keys(survivor, unique)
        self._objects.store.queue(survivor.id, now)
        ids = {"primaryObjectId": primary.id, "mergedObjectIds": [other.id], "newObjectId": survivor.id}
        self._objects.store.tell("merge", survivor.id, now, source, **ids, numberOfPropertiesMoved=len(values))
        return survivor

    def _survivor(self, primary: Record) -> Record:
        if not self._account.settings.merge_makes_new_id:
            return primary
        number = self._objects.store.new_id()
        history = {name: list(versions) for name, versions in primary.history.items()}
        survivor = Record(number, primary.created_ms, primary.modified_ms, dict(primary.values), history)
        survivor.values["hs_object_id"] = str(number)
        self._objects.store.add(survivor)
        return survivor

    def _is_later(self, other: Record, primary: Record, name: str) -> bool:
        """Whether the other's value wins for being the later one, where the account is set so, and people may write the property."""
        definition = self._objects.schema.properties[name]
        if self._account.settings.merge_values != "latest" or definition.read_only or definition.name in ("email", ADDITIONAL):
            return False
        return bool(other.history.get(name)) and other.history[name][-1].ms > primary.history[name][-1].ms

    def _merged_values(self, survivor: Record, primary: Record, other: Record, now: int) -> dict[str, str]:
        values = {name: value for name, value in other.values.items() if name not in survivor.values or self._is_later(other, primary, name)}
        olds = [other.id] if survivor.id == primary.id else [primary.id, other.id]
        before = [survivor.values.get("hs_merged_object_ids", ""), other.values.get("hs_merged_object_ids", "")]
        dated = [
            survivor.values.get("hs_calculated_merged_vids", ""),
            other.values.get("hs_calculated_merged_vids", ""),
        ]
        values["hs_merged_object_ids"] = _joined([*before, *map(str, olds)])
        values["hs_calculated_merged_vids"] = _joined([*dated, *(f"{old}:{now}" for old in olds)])
        return values


def _joined(parts: list[str]) -> str:
    return ";".join(part for part in parts if part)


def _texts(properties: Any) -> dict[str, str]:
    """Return the properties if they are what HubSpot's form asks for: an object of texts."""
    if not isinstance(properties, dict):
        raise invalid("Invalid input JSON: properties must be an object.")
    wrong = [name for name, value in properties.items() if not isinstance(value, str)]
    if wrong:
        raise ApiError(400, "VALIDATION_ERROR", f"Invalid input JSON: property values must be strings: {', '.join(wrong)}")
    return properties
