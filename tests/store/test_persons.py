"""Persons with leads, links and records: in one piece, many at a time."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from leadhub.clock import Clock
from leadhub.errors import StoreError
from leadhub.model.person import Aggregate, Canonical, Lead, Link, Person, Versions
from leadhub.model.record import Record
from leadhub.model.state import Stage, State
from leadhub.store import LeadQuery, MatchKey, RecordKey, Store, StoreCounts

Save = Callable[..., None]


def person(
    number: int, *, systems: tuple[str, ...] = ("hubspot", "sfdc"), stage: Stage = "lead", last: str = "Lee", company: str = "ACME", leads: int = 1
) -> Aggregate:
    """A person with leads, linked by the last lead to a record in each system."""
    id_ = f"P{number:04}"
    values = {"first_name": "Ann", "last_name": last, "company": company, "email": f"ann{number}@x.example"}
    fields = {name: Canonical(value, 1, "sfdc", "adopted") for name, value in values.items()}
    passes = tuple(Lead(f"L{number:04}-{cycle}", id_, cycle, State(stage, "new", "open"), Versions(1, 1, 1)) for cycle in range(1, leads + 1))
    links = tuple(Link(system, "Lead", str(number), id_, passes[-1].id if passes else None) for system in systems)
    return Aggregate(Person(id_, fields), passes, links, {})


@pytest.fixture
def save(store: Store) -> Save:
    """Save in a transaction of its own."""

    def run(*aggregates: Aggregate, **more: Any) -> None:
        with store.begin() as tx:
            tx.persons.save(aggregates, **more)

    return run


def load(store: Store, *ids: str) -> tuple[Aggregate, ...]:
    """Load in a view of its own."""
    with store.read() as tx:
        return tx.persons.load(ids)


def test_load_gives_the_order_asked(store: Store, save: Save) -> None:
    """Persons come in the order asked, each once, and one that does not exist is left out."""
    save(*map(person, range(3)))
    assert [one.person.id for one in load(store, "P0002", "nobody", "P0000", "P0002")] == ["P0002", "P0000"]
    assert load(store) == ()


def test_records_of_persons_are_found_and_counted(store: Store, save: Save) -> None:
    """The records of some persons are named with whose they are; a system's links are counted; of given records those frozen name their persons."""
    two = person(2, systems=("sfdc",))
    save(person(1), replace(two, links=(replace(two.links[0], role="frozen"),)))
    with store.read() as tx:
        assert tx.persons.records_of(["P0001", "nobody"]) == {RecordKey("hubspot", "Lead", "1"): "P0001", RecordKey("sfdc", "Lead", "1"): "P0001"}
        assert (tx.persons.linked("sfdc"), tx.persons.linked("hubspot"), tx.persons.linked("fair")) == (2, 1, 0)
        assert tx.persons.frozen([RecordKey("sfdc", "Lead", "1"), RecordKey("sfdc", "Lead", "2")]) == ("P0002",)


def test_records_come_with_the_links(store: Store, save: Save, token: int) -> None:
    """A loaded person brings the latest observation behind each link; what was never observed is absent."""
    save(person(1))
    with store.begin() as tx:
        tx.records.ingest("sfdc", [(Record("Lead", "1", {"Name": "Ann"}), b"h")], None, "run1", token)
    (one,) = load(store, "P0001")
    assert list(one.records) == ["sfdc/Lead/1"]
    assert one.records["sfdc/Lead/1"].native == {"Name": "Ann"}


def test_hundreds_take_few_queries(sql_store: Store) -> None:
    """Loading does not ask once per person, and saving neither."""
    asked = []
    with sql_store.begin() as tx:
        tx.persons.save(person(number, leads=2) for number in range(300))
    with sql_store.begin() as tx:
        event.listen(tx.persons.connection, "before_cursor_execute", lambda *arguments: asked.append(arguments[2]))
        loaded = tx.persons.load([f"P{number:04}" for number in range(300)])
        assert (len(loaded), len(asked)) == (300, 4)
        tx.persons.save(loaded)
        assert len(asked) <= 14
    assert loaded == load(sql_store, *(f"P{number:04}" for number in range(300)))


def test_saving_again_changes_nothing(store: Store, save: Save) -> None:
    """A person saved as it was loaded is as it was."""
    save(person(1, leads=2))
    before = load(store, "P0001")
    save(*before)
    assert load(store, "P0001") == before


def test_what_a_person_lost_is_deleted(store: Store, save: Save) -> None:
    """A lead or link that is no longer named is gone after the save; another person's are not touched."""
    both = person(1, leads=2), person(2)
    save(*both)
    less = replace(both[0], leads=both[0].leads[:1], links=(replace(both[0].links[0], lead_id=both[0].leads[0].id),))
    save(less)
    assert load(store, "P0001", "P0002") == (less, both[1])


def test_a_merge_moves_links(store: Store, save: Save) -> None:
    """Links and leads named by another person move there in one save."""
    one, two = person(1), person(2)
    save(one, two)
    merged = replace(
        one,
        leads=one.leads + tuple(replace(lead, person_id="P0001", cycle=2) for lead in two.leads),
        links=one.links + tuple(replace(link, person_id="P0001") for link in two.links),
    )
    emptied = Aggregate(Person("P0002", two.person.fields, merged_into="P0001"), (), (), {})
    save(emptied, merged)
    found = load(store, "P0001", "P0002")
    assert {link.id for link in found[0].links} == {link.id for link in merged.links}
    assert found[1] == emptied
    with store.read() as tx:
        assert set(tx.persons.person_of([RecordKey("sfdc", "Lead", "2"), RecordKey("sfdc", "Lead", "9")]).items()) == {
            (RecordKey("sfdc", "Lead", "2"), "P0001")
        }


def test_a_lead_goes_together_with_another_persons_link_to_it(store: Store, save: Save) -> None:
    """Links are dropped before leads, whatever the order of the persons: one's link may be to the lead of another."""
    one, two = person(1), person(2)
    save(one, replace(two, links=(replace(two.links[0], lead_id=one.leads[0].id),)))
    emptied = replace(one, leads=(), links=()), replace(two, leads=(), links=())
    save(*emptied)
    assert load(store, "P0001", "P0002") == emptied


def test_a_link_needs_its_person(store: Store, save: Save) -> None:
    """A link to a lead that does not exist is refused on both databases."""
    broken = person(1)
    with pytest.raises(StoreError, match="refuses"):
        save(replace(broken, links=(replace(broken.links[0], lead_id="nowhere"),)))


def test_due_persons(store: Store, save: Save, clock: Clock) -> None:
    """A person is due from its time on, until a save that does not name it; those longest due come first."""
    now = clock.now()
    due = {"P0001": now, "P0002": now - timedelta(days=1), "P0003": now + timedelta(seconds=1)}
    save(*map(person, range(4)), due=due)
    with store.read() as tx:
        assert tx.persons.due(now) == ("P0002", "P0001")
        assert tx.persons.due(now, limit=1) == ("P0002",)
    save(person(2))
    with store.read() as tx:
        assert tx.persons.due(now) == ("P0001",)


def test_everybody_in_slices(store: Store, save: Save) -> None:
    """A walk over all persons in slices meets each once, in order."""
    save(*map(person, range(7)))
    met, after = [], ""
    with store.read() as tx:
        while part := tx.persons.iter_ids(after, 3):
            assert len(part) <= 3
            met += part
            after = part[-1]
    assert met == [f"P{number:04}" for number in range(7)]


def test_counts(store: Store, save: Save) -> None:
    """Counts say how much there is, by system, role and stage."""
    frozen = person(3)
    save(
        person(1), person(2, systems=("sfdc",), stage="customer"), replace(frozen, links=tuple(replace(link, role="frozen") for link in frozen.links))
    )
    with store.read() as tx:
        links = {("hubspot", "frozen"): 1, ("hubspot", "primary"): 1, ("sfdc", "frozen"): 1, ("sfdc", "primary"): 2}
        assert tx.persons.link_counts() == links
        assert tx.persons.counts() == StoreCounts(3, {"lead": 2, "customer": 1}, links, {}, 0)


def search(store: Store, **query: Any) -> list[str]:
    """The ids of the leads found."""
    with store.read() as tx:
        return [one.lead.id for one in tx.leads.search(LeadQuery(**query))]


def test_leads_are_found(store: Store, save: Save) -> None:
    """Leads are found by e-mail, id, part of a name in any case and script, stage and system; all given must fit."""
    save(person(1, last="Müller"), person(2, last="100% Lee", stage="customer"), person(3, systems=("csv",), company="Ögur_AB"))
    with store.begin() as tx:
        tx.keys.replace({RecordKey("sfdc", "Lead", "2"): [MatchKey("email", "ann@x.example"), MatchKey("phone", "ann@y.example")]})
    assert search(store) == ["L0001-1", "L0002-1", "L0003-1"]
    assert search(store, name="MÜLL") == ["L0001-1"]
    assert search(store, name="0%") == ["L0002-1"]
    assert search(store, name="_") == ["L0003-1"]
    assert search(store, name="ögur") == ["L0003-1"]
    assert search(store, email="ann@x.example") == ["L0002-1"]
    assert search(store, email="ann@y.example") == []
    assert search(store, id_prefix="L0003") == ["L0003-1"]
    assert search(store, id_prefix="P0001") == ["L0001-1"]
    assert search(store, id_prefix="%") == []
    assert search(store, stage="customer") == ["L0002-1"]
    assert search(store, system="csv") == ["L0003-1"]
    assert search(store, system="sfdc", stage="lead") == ["L0001-1"]


def test_leads_are_paged_and_told(store: Store, save: Save) -> None:
    """Pages go on after a lead, and tell name, e-mail, company and systems."""
    save(*(person(number, leads=2) for number in range(3)))
    with store.read() as tx:
        first = tx.leads.search(LeadQuery(), limit=2)
        rest = tx.leads.search(LeadQuery(), after=first[-1].lead.id, limit=10)
    assert [one.lead.id for one in first + rest] == [f"L{number:04}-{cycle}" for number in range(3) for cycle in (1, 2)]
    assert (first[0].name, first[0].email, first[0].company, first[0].systems) == ("Ann Lee", "ann0@x.example", "ACME", ())
    assert first[1].systems == ("hubspot", "sfdc")
