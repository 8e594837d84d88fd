"""Leads by an e-mail address that their person has no longer."""

from typing import Any

from leadhub.model.person import Aggregate, Lead, Link, Person, Versions
from leadhub.model.state import State
from leadhub.store import LeadQuery, MatchKey, RecordKey, Store


def _save(store: Store, number: int, *emails: str, now: str | None = None) -> None:
    """One person with a lead and a record; `emails` is all they ever had, `now` what the record shows."""
    person = Person(f"P{number}", sets={"email": emails, "phone": ("+1 555 0100",)})
    lead = Lead(f"L{number}", person.id, 1, State("lead", "new", "open"), Versions(1, 1, 1))
    with store.begin() as tx:
        tx.persons.save([Aggregate(person, (lead,), (Link("sfdc", "Lead", str(number), person.id, lead.id),), {})])
        tx.keys.replace({RecordKey("sfdc", "Lead", str(number)): [MatchKey("email", now)] if now else []})


def _search(store: Store, **query: Any) -> list[str]:
    with store.read() as tx:
        return [found.lead.id for found in tx.leads.search(LeadQuery(**query))]


def test_a_former_address_finds_who_had_it(store: Store) -> None:
    """In any capitals, as a whole, and letter by letter: a wildcard in an address means itself."""
    _save(store, 1, "Ann.Lee@Old.example", "ann@new.example", now="ann@new.example")
    _save(store, 2, "b_o@x.example")
    assert _search(store, email="ann.lee@old.example") == ["L1"]
    assert _search(store, email="b_o@x.example") == ["L2"]
    for nobody in ("lee@old.example", "ann.lee@old", "b%@x.example", "bxo@x.example", "+1 555 0100x"):
        assert _search(store, email=nobody) == []


def test_who_has_an_address_now_goes_before_who_had_it(store: Store) -> None:
    """An address that was passed on names one person, not two."""
    _save(store, 1, "sales@x.example", "ann@x.example", now="ann@x.example")
    _save(store, 2, "sales@x.example", now="sales@x.example")
    assert _search(store, email="sales@x.example") == ["L2"]
    assert _search(store, email="sales@x.example", stage="customer") == []


def test_a_former_address_is_found_in_every_script(store: Store) -> None:
    """Letters beyond ASCII, quotes and backslashes mean themselves."""
    _save(store, 1, "jörg@müller.example", '"a\\ b"@x.example', "用户@例子.example")
    for address in ("jörg@müller.example", '"a\\ b"@x.example', "用户@例子.example"):
        assert _search(store, email=address) == ["L1"], address
    assert _search(store, email="jorg@müller.example") == []


def test_an_id_begins_letter_by_letter(store: Store) -> None:
    """A prefix in other capitals is another one, and a wildcard is a letter."""
    _save(store, 1)
    assert _search(store, id_prefix="L") == _search(store, id_prefix="P1") == _search(store, id_prefix="") == ["L1"]
    for prefix in ("l", "p1", "_", "%", "L1x"):
        assert _search(store, id_prefix=prefix) == [], prefix
