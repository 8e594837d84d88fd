"""What a target promises of looking: by id, by key, at who wrote what, at the live fields, at who can own."""

from collections.abc import Sequence

import pytest

from leadhub import Attributes, Describes, Directory, Finds, Meters, Owner
from leadhub.testing.harness import Employs, Merges, TargetHarness
from leadhub.testing.kit import Factory, drain, living
from leadhub.testing.reading import HIDDEN, assert_well_formed
from leadhub.testing.writing import Writing

ODD_IDS = ("never-was", "x' OR Name != '", "../../x?y=z#%00", "a/b\\c", "Łódź 🚀", "0" * 300)
"""Ids and keys that no system gave."""


class LookingLaws(Writing):
    """The laws of the optional protocols."""

    def test_reread_answers_every_id(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """Reread answers by the id asked for: the living with their values, a deleted record and one that never was with `gone` set."""
        connector = self.rereader(connector_factory)
        people = self.people(harness, connector_factory, 3)
        deleted = min(people)
        harness.delete(deleted)
        shown = connector.reread(harness.object, list(people))
        assert shown.keys() == people.keys(), "an id was left without an answer"
        for record_id, record in shown.items():
            assert (record.gone is not None) == (record_id == deleted)
            if record.gone is None:
                assert_well_formed(record)
                self.assert_shows(record, people[record_id], connector_factory)

    def test_reread_follows_a_merge(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """A record that lost a merge comes back as gone, with the id that took its place."""
        connector = self.rereader(connector_factory)
        if not isinstance(harness, Merges):
            pytest.skip("this harness does not merge")
        loser, winner = self.people(harness, connector_factory, 2)
        survivor = harness.merge(loser, winner)
        shown = connector.reread(harness.object, [loser])[loser]
        assert shown.gone is not None
        assert shown.gone.value == "merged"
        assert shown.gone_to == survivor

    def test_authors_tell_people_from_the_connector(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """Where the history names authors, a person's edit is a person's, and what the connector wrote is not."""
        connector = connector_factory()
        if not isinstance(connector, Attributes):
            pytest.skip("this connector tells no authors")
        ours, field = self.made(harness, connector_factory), self.editable(harness, connector_factory)
        theirs = harness.create(self.sample(harness, connector_factory, 2))
        harness.advance(1)
        harness.edit(theirs, {field: "+1 212 555 0100"})
        told = connector.authors(harness.object, [ours, theirs], [field])
        assert told[theirs, field].kind == "person"
        assert (ours, field) not in told or told[ours, field].kind == "automation"

    def test_describe_knows_the_mapped_fields(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """Every mapped field is described under its native name, writable where the mapping says so, and a picklist with its options."""
        connector = connector_factory()
        if not isinstance(connector, Describes):
            pytest.skip("this connector does not describe")
        described = connector.describe(harness.object)
        for mapped in connector_factory.mapping(harness.object).fields:
            assert mapped.native in described, f"{mapped.native} is mapped, but not described"
            assert described[mapped.native].writable or not mapped.writable
        if harness.picklist is not None:
            assert described[harness.picklist].options

    def test_reread_takes_any_ids(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """A reread takes no ids, many, one twice, and ids that nobody ever gave: what they hold is data and no part of a query or a path."""
        connector = self.rereader(connector_factory)
        people = self.people(harness, connector_factory, self.many)
        assert connector.reread(harness.object, []) == {}
        shown = connector.reread(harness.object, [*people, min(people)])
        assert {i for i, record in shown.items() if record.gone is None} == people.keys()
        odd = connector.reread(harness.object, list(ODD_IDS))
        assert odd.keys() == set(ODD_IDS), "an id was left without an answer, or another's record was shown for it"
        assert [i for i, record in odd.items() if record.gone is None] == []

    def test_find_takes_any_keys(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """A look-up takes no keys, and keys that nobody ever wrote: what they hold is data and no part of a query or a path."""
        finder = self.finder(connector_factory)
        self.made(harness, connector_factory)
        assert finder.find(harness.object, []) == {}
        assert finder.find(harness.object, ODD_IDS) == {}

    def test_a_hidden_field_breaks_no_look(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """A wanted field that this login cannot see is absent from a reread and from what is found, as it is from a pull."""
        self.rereader(connector_factory)
        connector = connector_factory(HIDDEN)
        change = self.create(harness, connector_factory, 1)
        record_id = self.push_one(connector_factory, change).record_id
        shown = connector.reread(harness.object, [record_id])[record_id]
        self.assert_shows(shown, change.values, connector_factory)
        assert HIDDEN not in shown.values
        if isinstance(connector, Finds):
            assert HIDDEN not in connector.find(harness.object, [change.key])[change.key].values

    def test_what_is_wanted_is_shown(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """A native field that is asked for, though no canonical one is mapped to it, is in every record: the state is read from such."""
        field = self.picklist(harness)
        record_id = harness.create(self.sample(harness, connector_factory, 1))
        harness.advance(self.settle)
        assert field in living(drain(connector_factory()), harness.object)[record_id].values
        assert field in self.rereader(connector_factory).reread(harness.object, [record_id])[record_id].values

    def test_authors_leave_out_what_they_do_not_know(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """A record or a field that the history does not know has no author, and takes no other's away."""
        connector = connector_factory()
        if not isinstance(connector, Attributes):
            pytest.skip("this connector tells no authors")
        record_id, field = self.made(harness, connector_factory), self.editable(harness, connector_factory)
        harness.advance(1)
        harness.edit(record_id, {field: "+1 212 555 0100"})
        told = connector.authors(harness.object, [record_id, ODD_IDS[0]], [field, HIDDEN])
        assert told.keys() == {(record_id, field)}
        assert connector.authors(harness.object, [], [field]) == {}

    def test_describe_tells_of_no_field_that_is_not_there(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """What is described goes by its own name, and a field that the system lacks is not in it."""
        connector = connector_factory()
        if not isinstance(connector, Describes):
            pytest.skip("this connector does not describe")
        described = connector_factory(HIDDEN).describe(harness.object)
        assert HIDDEN not in described, "a field is described that is not there"
        assert [name for name, field in described.items() if field.name != name] == []

    def test_owners_are_told_once(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """Everybody who can own a record is told under one id, those who have left as inactive, and the same each time."""
        connector = connector_factory()
        if not isinstance(connector, Directory):
            pytest.skip("this connector tells no owners")
        here, left = ("here@example.com", "left@example.com")
        hired = {harness.employ(here, active=True): True, harness.employ(left, active=False): False} if isinstance(harness, Employs) else {}
        owners = list(connector.owners())
        assert_owners(owners)
        by_id = {owner.id: owner for owner in owners}
        assert hired.keys() <= by_id.keys(), "somebody who can own records, or could, is not told"
        assert {i: by_id[i].active for i in hired} == hired
        assert sorted(o.id for o in connector_factory().owners()) == sorted(by_id)

    def test_owner_fields_have_owners(self, connector_factory: Factory) -> None:
        """A connector with a field for an owner tells who can be one."""
        owned = [f.native for mapping in connector_factory.connector.mappings for f in mapping.fields if f.type == "owner"]
        if not owned:
            pytest.skip("no field holds an owner")
        assert isinstance(connector_factory(), Directory), f"{owned[0]} holds an owner, but nobody tells who can be one: add owners()"

    def test_writes_are_metered(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """A connector that meters counts the calls of a push too."""
        connector = meter = connector_factory()
        if not isinstance(meter, Meters):
            pytest.skip("this connector does not meter")
        before = meter.usage().calls
        list(connector.push([self.create(harness, connector_factory, 1)]))
        assert meter.usage().calls > before


def assert_owners(owners: Sequence[Owner]) -> None:
    """Demand that owners are made of what `leadhub.Owner` says they are made of."""
    for owner in owners:
        assert isinstance(owner.id, str)
        assert owner.id.strip()
        assert owner.name, f"{owner.id} has no name"
        assert owner.email is None or "@" in owner.email, f"{owner.id}: {owner.email!r} is no e-mail address"
    ids = [owner.id for owner in owners]
    assert len(set(ids)) == len(ids), "two owners have one id"
