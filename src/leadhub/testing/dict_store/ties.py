"""Ties between links and records, found in dictionaries."""

from collections import Counter
from collections.abc import Iterable
from heapq import nsmallest

from leadhub.model.run import Intent, IntentState
from leadhub.store import RecordKey, Tied
from leadhub.store.ties import Objects, Ties
from leadhub.testing.dict_store.repository import DictRepository


class DictTies(DictRepository, Ties):
    """Questions about links and records, of some systems alone."""

    def orphaned(self, objects: Objects, examples: int) -> Tied:
        """See `Ties.orphaned`."""
        records = self.held.records
        counting = [key for key, link in self.held.links.items() if link.role != "frozen"]
        return _found((key for key in counting if key not in records or records[key].gone is not None), objects, examples)

    def unlinked(self, objects: Objects, examples: int) -> Tied:
        """See `Ties.unlinked`."""
        links = self.held.links
        return _found((key for key, record in self.held.records.items() if record.gone is None and key not in links), objects, examples)

    def crowded(self, objects: Objects, examples: int) -> Tied:
        """See `Ties.crowded`."""
        whose = {key: (key[:2], link.person_id, link.lead_id) for key, link in self.held.links.items() if link.role == "primary"}
        several = Counter(whose.values())
        return _found((key for key, one in whose.items() if several[one] > 1), objects, examples)

    def moved(self, objects: Objects, examples: int) -> Tied:
        """See `Ties.moved`."""
        last: dict[RecordKey, list[Intent]] = {}
        for _, intent in sorted(self.held.intents.items()):
            change = intent.change
            if intent.state is IntentState.ACCEPTED and change.record_id is not None:
                written = last.setdefault(RecordKey(change.system, change.object, change.record_id), [])
                if written and written[0].run_id != intent.run_id:
                    written.clear()
                written.append(intent)
        links = self.held.links
        hopped = (key for key, written in last.items() if key in links and any(one.change.person_id != links[key].person_id for one in written))
        return _found(hopped, objects, examples)


def _found(keys: Iterable[RecordKey], objects: Objects, examples: int) -> Tied:
    among = frozenset(objects)
    found = [key for key in keys if key[:2] in among]
    return Tied(dict(sorted(Counter(key[:2] for key in found).items())), tuple(nsmallest(examples, found)))
