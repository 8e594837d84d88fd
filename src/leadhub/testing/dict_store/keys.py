"""Match keys in dictionaries."""

from collections.abc import Iterable, Mapping

from leadhub.store import MatchKey, RecordKey
from leadhub.store.keys import MatchKeys
from leadhub.testing.dict_store.repository import DictRepository
from leadhub.testing.dict_store.tables import Value


class DictMatchKeys(DictRepository, MatchKeys):
    """Keys by record and records by (kind, key)."""

    def replace(self, keys: Mapping[RecordKey, Iterable[MatchKey]]) -> None:
        """See `MatchKeys.replace`."""
        held = self.held
        held.writable()
        for record, matches in keys.items():
            surnames = {match[:2]: match for match in matches}
            wanted = tuple(surnames[value] for value in sorted(surnames))
            before = held.keys.get(record, ())
            if wanted == before:
                continue
            for kind, key, _ in before:
                held.drop(held.shown[kind, key], record)
            for kind, key, surname in wanted:
                held.put(held.among(held.shown, (kind, key)), record, surname)
            held.put(held.keys, record, wanted)

    def of(self, records: Iterable[RecordKey]) -> dict[RecordKey, tuple[MatchKey, ...]]:
        """See `MatchKeys.of`."""
        return {record: keys for record in records if (keys := self.held.keys.get(record))}

    def find(self, values: Iterable[Value]) -> dict[Value, tuple[RecordKey, ...]]:
        """See `MatchKeys.find`."""
        shown = self.held.shown
        return {value: tuple(sorted(records)) for value in values if (records := shown.get(value))}

    def surnames(self, values: Iterable[Value]) -> dict[Value, int]:
        """See `MatchKeys.surnames`."""
        shown = self.held.shown
        return {value: len(set(records.values()) - {""}) for value in values if (records := shown.get(value))}

    def generic(self, values: Iterable[Value]) -> dict[Value, int]:
        """See `MatchKeys.generic`."""
        generic = self.held.generic
        return {value: generic[value] for value in values if value in generic}

    def mark_generic(self, values: Mapping[Value, int]) -> None:
        """See `MatchKeys.mark_generic`."""
        self.held.writable()
        for value, surnames in values.items():
            self.held.put(self.held.generic, value, surnames)
