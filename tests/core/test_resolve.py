"""Resolve: who a record is, in any order, and which lead it speaks of."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from leadhub.core.policy import Policy
from leadhub.core.resolve import Bearer, Unlinked, assign, enroll
from leadhub.identity.keys import Key, Name, keys_of
from leadhub.model.person import Aggregate, Lead, Person, StoredRecord, Versions
from leadhub.model.state import State

NOW = datetime(2026, 11, 16, tzinfo=UTC)
POLICY = Policy(systems=("sf", "hs"), fields={}, own_lead=frozenset({("sf", "Lead")}))


def _record(system: str, id_: str, age: int = 0) -> StoredRecord:
    return StoredRecord(system, {"sf": "Lead", "hs": "contacts"}[system], id_, {}, None, b"", created=NOW - timedelta(days=age))


def _unlinked(id_: str, email: str | None = None, name: str = "Ann Lee", phone: str | None = None, system: str = "sf") -> Unlinked:
    first, last = name.split()
    shown = {"email": email, "first_name": first, "last_name": last, "phone": phone}
    return Unlinked(_record(system, id_), Name.of(shown), keys_of(shown))


def _shape(records: list[Unlinked], bearers: dict[Key, list[Bearer]] | None = None) -> tuple[set[frozenset[str]], dict[str, str], int]:
    result = assign(records, bearers or {})
    return {frozenset(u.id for u in group) for group in result.groups}, result.persons, len(result.doubts)


def test_an_address_makes_one_person_of_records_of_two_systems() -> None:
    """The same address under fitting names: one group."""
    groups, _, doubts = _shape([_unlinked("1", "a@x.example"), _unlinked("2", "A@X.example", "Anne Lee", system="hs")])
    assert groups == {frozenset({"sf/Lead/1", "hs/contacts/2"})}
    assert not doubts


def test_an_address_under_two_names_is_a_doubt_and_two_persons() -> None:
    """Names that contradict each other are not joined; a person is asked."""
    groups, _, doubts = _shape([_unlinked("1", "a@x.example"), _unlinked("2", "a@x.example", "Bert Moss")])
    assert len(groups) == 2
    assert doubts == 1


def test_a_value_of_many_names_links_nobody_and_asks_nobody() -> None:
    """Three different people behind one address: generic, so no links and no questions."""
    records = [_unlinked("1", "a@x.example"), _unlinked("2", "a@x.example", "Bert Moss"), _unlinked("3", "a@x.example", "Cem Kaya")]
    result = assign(records, {})
    assert len(result.groups) == 3
    assert not result.doubts
    assert result.generic == {Key("email", "a@x.example")}


def test_known_bearers_count_when_a_value_is_judged() -> None:
    """Two known people and a third new name make an address generic: the newcomer is linked to neither."""
    key = Key("email", "a@x.example")
    known = {key: [Bearer("p1", Name("ann", "lee")), Bearer("p2", Name("bert", "moss"))]}
    groups, persons, doubts = _shape([_unlinked("3", "a@x.example", "Cem Kaya")], known)
    assert (len(groups), persons, doubts) == (1, {}, 0)


def test_a_known_person_takes_a_record_in() -> None:
    """The key names one person whose name fits."""
    known = {Key("email", "a@x.example"): [Bearer("p1", Name("ann", "lee"))]}
    assert _shape([_unlinked("1", "a@x.example", "Anne Lee")], known) == (set(), {"sf/Lead/1": "p1"}, 0)


@pytest.mark.parametrize("turned", [False, True])
def test_a_record_follows_the_one_that_it_names_to_a_known_person(*, turned: bool) -> None:
    """Read at once: a contact is a known person's by its address, and a record that shows nothing but whose it is follows it, and one that names that."""
    known = {Key("email", "a@x.example"): [Bearer("p1", Name("ann", "lee"))]}
    contact, of_contact = Key("record", "hs/contacts/2"), Key("record", "hs/contacts/3")
    first = replace(_unlinked("2", "a@x.example", system="hs"), keys=(Key("email", "a@x.example"), contact))
    second = replace(_unlinked("3", None, "A B", system="hs"), keys=(contact, of_contact))
    third = replace(_unlinked("4", None, "C D", system="hs"), keys=(of_contact,))
    records = [first, second, third]
    assert _shape(records[::-1] if turned else records, known) == (set(), {f"hs/contacts/{n}": "p1" for n in (2, 3, 4)}, 0)


def test_keys_of_two_known_people_are_a_doubt() -> None:
    """The address is one person's, phone and name another's: the stronger key links, and a person is asked about the other."""
    phone = Key("phone+name", "+15550100123|lee|ann")
    known = {Key("email", "a@x.example"): [Bearer("p1", Name("ann", "lee"))], phone: [Bearer("p2", Name("ann", "lee"))]}
    groups, persons, doubts = _shape([_unlinked("1", "a@x.example", phone="+1 555 010 0123")], known)
    assert (groups, persons, doubts) == (set(), {"sf/Lead/1": "p1"}, 1)


def test_a_record_without_keys_is_a_person_of_its_own() -> None:
    """Nothing identifies it, nothing is guessed."""
    groups, _, _ = _shape([_unlinked("1"), _unlinked("2")])
    assert len(groups) == 2


@pytest.mark.parametrize("seed", range(20))
def test_the_order_of_records_makes_no_difference(seed: int) -> None:
    """Any order of the same records ends in the same groups, persons and number of doubts."""
    dice = random.Random(seed)
    names = ["Ann Lee", "Anne Lee", "Bert Moss", "A Lee"]
    phones = [None, "+1 555 010 0123"]
    records = [_unlinked(str(n), f"{dice.choice('abc')}@x.example", dice.choice(names), dice.choice(phones)) for n in range(8)]
    before = _shape(records)
    for _ in range(5):
        dice.shuffle(records)
        assert _shape(records) == before


def _enroll(*records: StoredRecord, into: Aggregate | None = None) -> Aggregate:
    ids = count(1)
    return enroll(into or Aggregate(Person("p"), (), (), {}), records, POLICY, lambda: f"new{next(ids)}", NOW)


def test_records_of_two_systems_speak_of_one_lead() -> None:
    """A contact and a lead of one person: one cycle; the contact has no lead of its own."""
    after = _enroll(_record("hs", "1"), _record("sf", "2"))
    assert len(after.leads) == 1
    assert {link.id: (link.lead_id, link.role) for link in after.links} == {
        "hs/contacts/1": (None, "primary"),
        "sf/Lead/2": (after.leads[0].id, "primary"),
    }


def test_two_leads_of_one_system_are_two_cycles_in_their_order() -> None:
    """Each Salesforce lead is a lead; the older one is the first cycle, whatever the ids say."""
    after = _enroll(_record("sf", "1", age=1), _record("sf", "9", age=30))
    cycles = {link.record_id: next(lead.cycle for lead in after.leads if lead.id == link.lead_id) for link in after.links}
    assert cycles == {"9": 1, "1": 2}


def test_the_newest_contact_of_a_person_is_primary() -> None:
    """Of several contacts the newest is the side; the others are read for identity alone."""
    after = _enroll(_record("hs", "1", age=9), _record("hs", "2", age=1), _record("hs", "3", age=5))
    assert {link.record_id: link.role for link in after.links} == {"1": "secondary", "2": "primary", "3": "secondary"}


def test_of_equal_age_the_higher_number_is_primary() -> None:
    """Ids that grow are compared as numbers: 10 is newer than 9."""
    after = _enroll(_record("hs", "9"), _record("hs", "10"))
    assert {link.record_id: link.role for link in after.links} == {"9": "secondary", "10": "primary"}


def test_a_primary_contact_stays_primary() -> None:
    """A newer contact of a person who has one is secondary: the side does not change under anyone's feet."""
    first = _enroll(_record("hs", "1", age=9))
    after = _enroll(_record("hs", "2"), into=first)
    assert {link.record_id: link.role for link in after.links} == {"1": "primary", "2": "secondary"}


@pytest.mark.parametrize(
    ("state", "cycles"), [(State("mql", "new", "open"), 1), (State("customer", "none", "open"), 2), (State("mql", "none", "recycled"), 2)]
)
def test_a_record_joins_an_open_lead_that_is_no_customer_yet(state: State, cycles: int) -> None:
    """A new Salesforce lead joins the open lead; after a purchase or an exit it is a new cycle."""
    lead = Lead("l1", "p", 1, state, Versions(1, 1, 1))
    after = _enroll(_record("sf", "2"), into=Aggregate(Person("p"), (lead,), (), {}))
    assert len(after.leads) == cycles
    assert after.leads[-1].cycle == cycles
