"""Values that a side is to be written and cannot be, as things are: no owner of that name there, too long, required and blank. From the store alone."""

from collections import Counter

from leadhub.core.drafts import refusal_of
from leadhub.core.nativize import NoWord, native_of
from leadhub.hub import Hub
from leadhub.hub.systems import Books
from leadhub.insight.known import View, everyone
from leadhub.store import Transaction


def stuck(hub: Hub, tx: Transaction, *, system: str | None = None, name: str | None = None) -> Counter[tuple[str, str, str]]:
    """Count them by system, field and why; those of one system or one field where named."""
    books = hub.books(tx)
    found: Counter[tuple[str, str, str]] = Counter()
    for known in everyone(hub, tx):
        for view in known.views(name):
            waits = view.base is not None and not (view.seen or view.same or view.edited)
            if waits and system in {None, view.side.system} and (why := _why_not(hub, view, books)) is not None:
                found[view.side.system, view.field, why] += 1
    return found


def _why_not(hub: Hub, view: View, books: Books) -> str | None:
    target = hub.systems[view.side.system].object(view.side.link.object)
    mapped = next((f for f in target.mapping.fields if f.canonical == view.field and f.writable and not f.member), None)
    if mapped is None:
        return None
    try:
        native_of(mapped, view.held, books[view.side.system])
    except NoWord as error:
        return str(error)
    return refusal_of(mapped, view.held)
