"""HubSpot's objects as leadhub's records: by id, by key, and what became of ids that are gone. It writes nothing."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from leadhub import Gone, Log, NativeValue, Record
from leadhub_hubspot.client import BATCH_LIMIT, Client
from leadhub_hubspot.kinds import CONTACT, Kind
from leadhub_hubspot.mapping import CONTACTS, MERGED_IDS
from leadhub_hubspot.values import from_wire, parse_instant

T = TypeVar("T")


class Reader:
    """Reads one type of object with the fields that leadhub wants and the account has."""

    def __init__(self, client: Client, wanted: Sequence[str], kind: Kind = CONTACT) -> None:
        self.kind = kind
        self._client = client
        self._wanted = tuple(name for name in dict.fromkeys(wanted) if name != kind.link)
        self._warned = False

    def warn_of_missing(self, log: Log) -> None:
        """Name once the wanted properties that are left out: a field nobody sees is better told than found missing later."""
        there = self.fields()
        missing = [name for name in self._wanted if name not in there]
        if missing and not self._warned:
            self._warned = True
            log.warning("hubspot.properties_left_out", names=missing, next_step="create them in HubSpot, or take them out of the configuration")

    def fields(self) -> tuple[str, ...]:
        """Return the wanted properties that this key can see: one that is hidden is left out, and so stays "not known"."""
        if not self.kind.described:
            return self._wanted
        known = self._client.properties(of=self.kind.name)
        return tuple(name for name in self._wanted if name in known)

    def asked(self) -> tuple[str, ...]:
        """Return the properties to ask HubSpot for: the fields, and the ids that merges left behind."""
        return tuple(dict.fromkeys((*self.fields(), MERGED_IDS)))

    def records(self, results: Sequence[Mapping[str, Any]]) -> list[Record]:
        """Return up to 100 answers as records, in their order; with the contacts of each where they are wanted."""
        kind = self.kind
        if kind.link is None or not results:
            return [self._record(result, {}) for result in results]
        linked = self._client.associated(kind.name, CONTACTS, [str(result["id"]) for result in results], primary=kind.primary)
        told: dict[str, NativeValue] = {id_: next(iter(ends), None) if kind.primary else ends for id_, ends in linked.items()}
        return [self._record(result, {kind.link: told[str(result["id"])]}) for result in results]

    def _record(self, result: Mapping[str, Any], further: dict[str, NativeValue]) -> Record:
        """Return one record. A property without value is None, whether HubSpot answers null, "" or nothing."""
        known = self._client.properties(of=self.kind.name) if self.kind.described else {}
        properties = result.get("properties") or {}
        return Record(
            object=self.kind.name,
            id=str(result["id"]),
            values={name: from_wire(properties.get(name), known[name].type if name in known else "string") for name in self.fields()} | further,
            stamp=parse_instant(result.get("updatedAt")),
            created=parse_instant(result.get("createdAt")),
        )

    def with_merged(self, results: Sequence[Mapping[str, Any]]) -> Iterator[Record]:
        """Yield records, and a gone one for each id that was merged into one: HubSpot tells of a merge nowhere else in a list."""
        for record, result in zip(self.records(results), results, strict=True):
            yield record
            for old in merged_ids(result):
                if old != record.id:
                    yield Record(self.kind.name, old, {}, gone=Gone.MERGED, gone_to=record.id)

    def changed(self, ids: Sequence[str]) -> tuple[Record, ...]:
        """Return up to 100 records with their values of now; one that was archived or merged since comes as gone."""
        answer = self._client.batch_read(ids, self.asked(), of=self.kind.name)
        told = list(self.with_merged(answer.results))
        answered = {record.id for record in told}
        left = [record_id for record_id in ids if record_id not in answered]
        return (*told, *self.reread(left).values())

    def reread(self, ids: Sequence[str]) -> dict[str, Record]:
        """Return the records as they are now, by the id asked for. Batch reads see every write at once; search does not."""
        found: dict[str, Record] = {}
        for batch in batches(list(dict.fromkeys(ids)), BATCH_LIMIT):
            found |= self._reread(batch)
        return found

    def _reread(self, ids: Sequence[str]) -> dict[str, Record]:
        answer = self._client.batch_read(ids, self.asked(), of=self.kind.name)
        found = {record.id: record for record in self.records(answer.results)}
        survivors = {old: str(result["id"]) for result in answer.results for old in merged_ids(result)}
        known = {record_id: found[record_id] for record_id in ids if record_id in found}
        missing = {str(record_id) for error in answer.errors for record_id in _ids_of(error)}
        for record_id in ids:
            if record_id in known or record_id in missing:
                continue
            survivor = survivors.get(record_id) or self._survivor(record_id)
            if survivor is None:
                missing.add(record_id)
            else:
                known[record_id] = Record(self.kind.name, record_id, {}, gone=Gone.MERGED, gone_to=survivor)
        return known | self._gone([record_id for record_id in ids if record_id in missing])

    def _survivor(self, record_id: str) -> str | None:
        """Ask for one id alone: whoever answers took its place. Only needed when the survivor does not list it."""
        results = self._client.batch_read([record_id], [MERGED_IDS], of=self.kind.name).results
        return str(results[0]["id"]) if results else None

    def _gone(self, ids: Sequence[str]) -> dict[str, Record]:
        """Say of ids that HubSpot does not find whether they are archived, or vanished (purged, or out of this key's sight).

        Archived ones come with the values that they were archived with, but for those with contacts: whom they are about is not told any more.
        """
        if not ids:
            return {}
        asked = self.fields() if self.kind.link is None else ()
        archived = {str(result["id"]): result for result in self._client.batch_read(ids, asked, of=self.kind.name, archived=True).results}
        gone = {record_id: gone_record(self.kind.name, record_id, archived.get(record_id)) for record_id in ids}
        return gone | {id_: replace(gone[id_], values=self._record(result, {}).values) for id_, result in archived.items() if asked}

    def find(self, keys: Collection[str], external_id: str) -> dict[str, Record]:
        """Return the contacts that carry these keys in the external-id property, by key. By batch read, which never lags."""
        ours = {key.casefold(): key for key in keys}  # HubSpot holds unique values without regard to case
        found: dict[str, Record] = {}
        for batch in batches(list(keys), BATCH_LIMIT):
            answer = self._client.batch_read(batch, (*self.asked(), external_id), id_property=external_id)
            for result, record in zip(answer.results, self.records(answer.results), strict=True):
                key = ours.get(str((result.get("properties") or {}).get(external_id)).casefold())
                if key is not None:
                    found[key] = record
        return found


def gone_record(of: str, record_id: str, archived: Mapping[str, Any] | None) -> Record:
    """Return the record of what is not there any more: `archived` is what HubSpot shows of it among the archived, if it does."""
    if archived is None:
        return Record(of, record_id, {}, gone=Gone.VANISHED)
    return Record(of, record_id, {}, stamp=parse_instant(archived.get("archivedAt")), gone=Gone.DELETED)


def merged_ids(result: Mapping[str, Any]) -> list[str]:
    """Return the ids that were merged into this record ("id;id")."""
    joined = (result.get("properties") or {}).get(MERGED_IDS) or ""
    return [part for part in joined.split(";") if part]


def _ids_of(error: Mapping[str, Any]) -> Sequence[str]:
    return (error.get("context") or {}).get("ids") or ()


def batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield the items in runs of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
