"""What is held about one person, in one document, for the person who asks for it."""

from dataclasses import asdict
from typing import Any
from urllib.parse import unquote_plus

from leadhub.hub import Hub
from leadhub.insight.known import Known
from leadhub.store import StoredEdit, StoredReview
from leadhub.store.inbox import StoredDelivery

_ALL = 1_000_000_000


def everything(hub: Hub, known: Known) -> dict[str, Any]:
    """Return `leadhub.everything/1`: fields, sets, leads, records as their systems sent them, edits, decisions, reviews, writes, rejects, deliveries.

    Decisions are those that wait and those that were applied; reviews the open and the closed ones, each with who closed it.

    Rows that were rejected and form posts belong to nobody: they are named where they contain one of the person's addresses or phone numbers.
    """
    person = known.aggregate.person
    records = {(link.system, link.record_id) for link in known.aggregate.links}
    with hub.store.read() as tx:
        writes = tx.intents.of_person(person.id)
        rejects = [reject for reject in tx.rejects.list(limit=_ALL) if _names(known, reject.raw)]
        deliveries = [
            d for d in tx.inbox.list(limit=_ALL) if (d.source, d.delivery.id) in records or _names(known, d.delivery.body.decode(errors="replace"))
        ]
        decisions, reviews = tx.decisions.of_person(person.id), tx.reviews.of_person(person.id)
    return {
        "schema": "leadhub.everything/1",
        "person": {"id": person.id, "fields": _plain(person.fields), "sets": {k: list(v) for k, v in person.sets.items()}},
        "leads": [asdict(lead) for lead in known.aggregate.leads],
        "records": [asdict(link) | {"record": _record(known, link.id)} for link in known.aggregate.links],
        "edits": [_edit(stored) for stored in known.history],
        "decisions": [asdict(decision) for decision in decisions],
        "reviews": [_review(stored) for stored in reviews],
        "writes": [{"run": w.run_id, "state": w.state.value, "detail": w.detail, "change": asdict(w.change)} for w in writes],
        "rejects": [asdict(reject) for reject in rejects],
        "deliveries": [_delivery(stored) for stored in deliveries],
    }


def _names(known: Known, raw: str) -> bool:
    """Whether a text as it came, a form's encoding taken off, has one of the person's addresses or phone numbers in it."""
    text = unquote_plus(raw).casefold()
    return any(value.casefold() in text for values in known.aggregate.person.sets.values() for value in values)


def _delivery(stored: StoredDelivery) -> dict[str, Any]:
    told = {"source": stored.source, "id": stored.delivery.id, "received_at": stored.delivery.received_at, "state": stored.state}
    return {**told, "content_type": stored.delivery.content_type, "body": stored.delivery.body.decode(errors="replace")}


def _plain(fields: Any) -> dict[str, Any]:
    return {name: asdict(canonical) for name, canonical in fields.items()}


def _record(known: Known, link_id: str) -> dict[str, Any] | None:
    record = known.aggregate.records.get(link_id)
    return None if record is None else asdict(record) | {"raw_hash": record.raw_hash.hex()}


def _edit(stored: StoredEdit) -> dict[str, Any]:
    return {"seq": stored.seq, "run": stored.run_id, **asdict(stored.edit)}


def _review(stored: StoredReview) -> dict[str, Any]:
    return {**asdict(stored.review), "opened_at": stored.opened_at, "closed_at": stored.closed_at, "closed_by": stored.closed_by}
