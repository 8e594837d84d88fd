"""An opt-out is one of an address: whoever else is known under the same one is opted out too, whether or not it is the same person."""

from collections.abc import Sequence

from leadhub.core.reconcile import Reconciled
from leadhub.model.person import Aggregate
from leadhub.model.run import Decision, Edit
from leadhub.store import Transaction
from leadhub.sync.session import Session
from leadhub.values.email import email_match

OPT_OUT = "email_opt_out"
ACTOR = "leadhub: the address opted out"


def opt_out_namesakes(session: Session, tx: Transaction, results: Sequence[Reconciled]) -> None:
    """Decide the opt-out for the other persons under each address that opted out just now; the next judging applies it.

    What first contact found is old and written to nobody, here too.
    """
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
    email, opted = one.person.fields.get("email"), one.person.fields.get(OPT_OUT)
    return email is not None and email_match(email.value or "") in addresses and (opted is None or opted.value != "true")


def _decision(session: Session, one: Aggregate) -> Decision:
    sides = [session.hub.side(link, one.records[link.id], session.books, writes=False) for link in one.links if link.id in one.records]
    saw = {side.id: side.shown[OPT_OUT] for side in sides if OPT_OUT in side.shown}
    return Decision(session.hub.clock.new_id(), one.person.id, None, OPT_OUT, "true", saw, ACTOR, session.hub.clock.now())
