"""Graves: records that are gone from a system for good. Nobody is made there anew under the same address until a person says so.

A system that purges a person on request does not say so: the record is simply not to be found. What is left of it here as a key is a hash of its
addresses, by which whoever else bears one of them is known.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from leadhub.core.normalize import members_of, shown_by
from leadhub.model.person import Aggregate, StoredRecord
from leadhub.model.record import Gone
from leadhub.model.run import Review
from leadhub.store import MatchKey, RecordKey, Transaction
from leadhub.sync.session import Session
from leadhub.values.email import email_match

KIND = "grave"
GONE = "gone"
"""As what these questions are told: to the store they are of the kind of all that nothing is made for until somebody answers."""
_LINKED = "its record there is gone for good: purged, or out of leadhub's sight. Nothing is written there, no other system is changed"
_OTHER = "a record with this address was there and is gone for good: purged, or out of leadhub's sight"
_HELD = "no new one is made until somebody answers this"


def bury(session: Session, tx: Transaction, gone: Mapping[RecordKey, StoredRecord], persons: Mapping[RecordKey, str]) -> None:
    """Of records that vanished from a system that is written to: keep their addresses as hashes alone, and ask about their persons."""
    lost = {key: r for key, r in gone.items() if r.gone is Gone.VANISHED and key.system in session.hub.systems}
    lost = {key: r for key, r in lost.items() if session.hub.systems[key.system].is_target}
    before = tx.keys.of(lost)
    known = {key for key in lost if key in persons and tx.reviews.get(_identity(key.system, persons[key]))}
    tx.keys.replace({key: [MatchKey(KIND, hashed, "") for hashed in hashes(_addresses(session, r))] for key, r in lost.items()})
    asked = [
        _question(key.system, persons[key], key.id, f"{_LINKED}, and {_HELD}")
        for key in persons.keys() & lost.keys()
        if _is_news(before.get(key, ()), asked_before=key in known)
    ]
    session.reviews_opened += tx.reviews.replace([], asked, session.run_id)


def _is_news(before: Sequence[MatchKey], *, asked_before: bool) -> bool:
    """Whether a record has only now vanished. One that is looked at again must not open a question that was answered."""
    return not asked_before or any(match.kind != KIND for match in before)


def told_as(kind: str, group: str) -> str:
    """Return as what the questions of a group are told: by their kind, but for those about a record that is gone for good."""
    return GONE if kind == "possible_duplicate" and group.endswith(f":{GONE}") else kind


class Graves:
    """Where the persons of one slice have, or may have, a grave, and what was answered about it."""

    def __init__(self, session: Session, tx: Transaction, aggregates: Sequence[Aggregate]) -> None:
        self._tx = tx
        self._session = session
        mine = {a.person.id: [(KIND, h) for h in hashes(known_addresses(a))] for a in aggregates}
        found = tx.keys.find({key for keys in mine.values() for key in keys})
        self._systems = {person: frozenset(r.system for key in keys for r in found.get(key, ())) for person, keys in mine.items()}

    def of(self, aggregate: Aggregate) -> frozenset[str]:
        """Return the systems in which nothing is made for this person, for nobody has said so yet."""
        own = {key.system for key in _vanished(aggregate)}
        return frozenset(name for name in self._systems[aggregate.person.id] | own if not self._answered(name, aggregate.person.id))

    def opened(self, aggregate: Aggregate) -> Aggregate:
        """Return the person without the links to vanished records, where somebody said that a new one may be made."""
        given_up = {key.link_id for key in _vanished(aggregate) if self._answered(key.system, aggregate.person.id)}
        links = tuple(link for link in aggregate.links if link.id not in given_up)
        return Aggregate(aggregate.person, aggregate.leads, links, aggregate.records) if given_up else aggregate

    def ask(self, aggregate: Aggregate, systems: Iterable[str]) -> None:
        """Ask about the systems in which a record would be made."""
        questions = [_question(name, aggregate.person.id, None, f"{_OTHER}; {_HELD}") for name in sorted(systems)]
        self._session.reviews_opened += self._tx.reviews.replace([], questions, self._session.run_id)

    def _answered(self, system: str, person: str) -> bool:
        return any(stored.closed_by is not None for stored in self._tx.reviews.get(_identity(system, person)))


def _vanished(aggregate: Aggregate) -> list[RecordKey]:
    gone = [aggregate.records.get(link.id) for link in aggregate.links if link.role == "frozen"]
    return [RecordKey(r.system, r.object, r.id) for r in gone if r is not None and r.gone is Gone.VANISHED]


def known_addresses(aggregate: Aggregate) -> set[str]:
    """Return every address that a person is or was known by."""
    primary = aggregate.person.fields.get("email")
    return {*aggregate.person.sets.get("email", ()), *([primary.value] if primary is not None and primary.value else [])}


def _addresses(session: Session, record: StoredRecord) -> set[str]:
    """Return every address that a record showed last."""
    mapping = session.hub.systems[record.system].object(record.object).mapping
    shown = shown_by(mapping, record.native, session.hub.fields, only=frozenset({"email"})).get("email")
    return {*members_of(mapping, record.native, session.hub.fields).get("email", ()), *([shown] if shown else [])}


def hashes(addresses: Iterable[str]) -> list[str]:
    """Return by what an address can be known again, and not be read."""
    return [hashlib.blake2b(email_match(address).encode(), digest_size=16, person=b"leadhub grave").hexdigest() for address in sorted(addresses)]


def _identity(system: str, person: str) -> str:
    return hashlib.blake2b(f"grave|{system}|{person}".encode(), digest_size=6).hexdigest()


def _question(system: str, person: str, record_id: str | None, note: str) -> Review:
    return Review(
        _identity(system, person), "possible_duplicate", f"possible_duplicate:{system}:{GONE}", person, None, "record", {system: record_id}, note
    )
