"""Match keys and generic values."""

from leadhub.store import MatchKey, RecordKey, Store

ONE, TWO, THREE = (RecordKey("sfdc", "Lead", id_) for id_ in "123")
INFO, ANN = ("email", "info@x.example"), ("email", "ann@x.example")


def test_keys_are_replaced_record_by_record(store: Store) -> None:
    """A record's keys are exactly those of the last replacement; other records keep theirs."""
    with store.begin() as tx:
        tx.keys.replace({ONE: [MatchKey(*INFO, "lee"), MatchKey(*ANN, "lee"), MatchKey(*ANN, "lee")], TWO: [MatchKey(*INFO, "roe")]})
        tx.keys.replace({ONE: [MatchKey(*INFO, "lee")], THREE: []})
    with store.read() as tx:
        assert tx.keys.of([ONE, TWO, THREE]) == {ONE: (MatchKey(*INFO, "lee"),), TWO: (MatchKey(*INFO, "roe"),)}
        assert tx.keys.find([INFO, ANN, ("phone", "info@x.example")]) == {INFO: (ONE, TWO)}
    with store.begin() as tx:
        tx.keys.replace({ONE: ()})
        assert tx.keys.find([INFO]) == {INFO: (TWO,)}
        assert tx.keys.find([]) == {}


def test_surnames_are_counted_apart(store: Store) -> None:
    """A value's surnames are counted once each, and a blank one is none."""
    with store.begin() as tx:
        tx.keys.replace({ONE: [MatchKey(*INFO, "lee"), MatchKey(*ANN)], TWO: [MatchKey(*INFO, "roe")], THREE: [MatchKey(*INFO, "lee")]})
        assert tx.keys.surnames([INFO, ANN, ("email", "nobody@x.example")]) == {INFO: 2, ANN: 0}


def test_generic_values_are_remembered(store: Store) -> None:
    """A value marked generic is known as such, with the last count; others are not."""
    with store.begin() as tx:
        tx.keys.mark_generic({INFO: 3})
        tx.keys.mark_generic({INFO: 4})
        assert tx.keys.generic([INFO, ANN]) == {INFO: 4}


def test_many_values_in_one_question(store: Store) -> None:
    """Thousands of values are looked up at once."""
    with store.begin() as tx:
        tx.keys.replace({RecordKey("csv", "row", str(n)): [MatchKey("email", f"{n}@x.example")] for n in range(6000)})
        assert len(tx.keys.find([("email", f"{n}@x.example") for n in range(0, 12000, 2)])) == 3000
