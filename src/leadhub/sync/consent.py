"""An opt-out is one of an address: whoever else is known under the same one is opted out too, whether or not it is the same person.

It outlives whoever it came from: of a person who is forgotten the addresses stay known as opted out, as hashes alone.
"""

from collections.abc import Collection, Mapping, Sequence

from leadhub.core.reconcile import Reconciled
from leadhub.model.person import Aggregate, Link
from leadhub.model.run import Decision, Edit
from leadhub.store import MatchKey, RecordKey, Transaction
from leadhub.sync.graves import hashes, known_addresses
from leadhub.sync.session import Session
from leadhub.values.email import email_match

OPT_OUT = "email_opt_out"
ACTOR = "leadhub: the address opted out"
KIND = "opted_out"
"""How an address that opted out is known once nobody is known by it any more."""


def remember(tx: Transaction, aggregate: Aggregate) -> None:
    """Keep the addresses of somebody who is forgotten as opted out, if they are."""
    if has_opted_out(aggregate):
        tx.keys.replace({RecordKey("leadhub", KIND, one): [MatchKey(KIND, one, "")] for one in hashes(known_addresses(aggregate))})


def recall(session: Session, tx: Transaction, shown: Mapping[RecordKey, Collection[str]]) -> None:
    """Decide the opt-out for whoever's records show an address now that opted out before its person was forgotten. The next judging applies it."""
    records = {one: key for key, addresses in shown.items() for one in hashes(addresses)}
    found = tx.keys.find({(KIND, one) for one in records})
    persons = set(tx.persons.person_of(records[one] for _, one in found).values()) if found else set()
    tx.decisions.add([_decision(session, one) for one in tx.persons.load(sorted(persons)) if not has_opted_out(one)])


def opt_out_namesakes(session: Session, tx: Transaction, results: Sequence[Reconciled]) -> None:
    """Decide the opt-out for the other persons under each address that opted out just now; the next judging applies it.

    What first contact found is old and written to nobody, here too.
    """
    moved = {result.person.id: [e.new for e in result.edits if e.field == "email" and e.taken and e.new and e.old] for result in results}
    recall(session, tx, {_key(link): moved[link.person_id] for result in results if moved[result.person.id] for link in result.links})
    persons = {result.person.id: result for result in results if any(map(_is_opt_out, result.edits))}
    addresses = {email_match(email.value or "") for r in persons.values() if (email := r.person.fields.get("email")) is not None} - {""}
    if not addresses:
        return
    records = tx.keys.find({("email", address) for address in addresses})
    others = set(tx.persons.person_of({key for found in records.values() for key in found}).values()) - persons.keys()
    tx.decisions.add([_decision(session, one) for one in tx.persons.load(sorted(others)) if _is_reached(one, addresses)])


def _is_opt_out(edit: Edit) -> bool:
    return edit.field == OPT_OUT and edit.taken and edit.new == "true" and edit.cause != "adopted"


def _is_reached(one: Aggregate, addresses: set[str]) -> bool:
    email = one.person.fields.get("email")
    return email is not None and email_match(email.value or "") in addresses and not has_opted_out(one)


def has_opted_out(one: Aggregate) -> bool:
    """Whether a person gets no e-mail any more."""
    opted = one.person.fields.get(OPT_OUT)
    return opted is not None and opted.value == "true"


def _key(link: Link) -> RecordKey:
    return RecordKey(link.system, link.object, link.record_id)


def _decision(session: Session, one: Aggregate) -> Decision:
    sides = [session.hub.side(link, one.records[link.id], session.books, writes=False) for link in one.links if link.id in one.records]
    saw = {side.id: side.shown[OPT_OUT] for side in sides if OPT_OUT in side.shown}
    return Decision(session.hub.clock.new_id(), one.person.id, None, OPT_OUT, "true", saw, ACTOR, session.hub.clock.now())
