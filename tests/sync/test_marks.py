"""The set that knows its members by 64 bits each."""

from hypothesis import given
from hypothesis import strategies as st

from leadhub.store import RecordKey
from leadhub.sync.marks import Marks

KEYS = st.builds(RecordKey, st.sampled_from(["a", "b"]), st.just("Lead"), st.integers(0, 300).map(str))


@given(st.lists(KEYS))
def test_it_is_a_set(keys: list[RecordKey]) -> None:
    """Adding says whether a key is new; members and their number are those of a set."""
    marks, plain = Marks(), set[RecordKey]()
    for key in keys:
        assert marks.add(key) is (key not in plain)
        plain.add(key)
    assert len(marks) == len(plain)
    assert all(key in marks for key in plain)
    assert RecordKey("a", "Contact", "0") not in marks


def test_it_grows() -> None:
    """Every key of ten thousand is found again, and none beside them."""
    marks = Marks()
    assert all(marks.add(RecordKey("a", "Lead", str(n))) for n in range(10_000))
    assert not any(marks.add(RecordKey("a", "Lead", str(n))) for n in range(10_000))
    assert not any(RecordKey("b", "Lead", str(n)) in marks for n in range(10_000))
    assert len(marks) == 10_000


def test_many_are_added_as_one_by_one() -> None:
    """Twenty thousand keys at once, half of them known already: the new ones are counted, and it has grown as it had to."""
    marks = Marks()
    assert marks.update(RecordKey("a", "Lead", str(n)) for n in range(10_000)) == 10_000
    assert marks.update(RecordKey("a", "Lead", str(n)) for n in [*range(5_000, 15_000), *range(5_000, 15_000)]) == 5_000
    assert len(marks) == 15_000
    assert all(RecordKey("a", "Lead", str(n)) in marks for n in range(15_000))
    assert not any(RecordKey("b", "Lead", str(n)) in marks for n in range(15_000))


def test_what_is_taken_out_is_out() -> None:
    """Taking says which keys were not in, or no more; what is taken can be added again, and those that are left are still found."""
    marks = Marks(room=100)
    keys = [RecordKey("a", "Lead", str(n)) for n in range(3_000)]
    assert marks.update(keys) == 3_000
    assert marks.take([*keys[:1_000], RecordKey("b", "Lead", "0")]) == [RecordKey("b", "Lead", "0")]
    assert marks.take(keys[:2]) == keys[:2]
    assert len(marks) == 2_000
    assert not any(key in marks for key in keys[:1_000])
    assert all(key in marks for key in keys[1_000:])
    assert marks.update(keys) == 1_000
    assert marks.take(keys) == []
    assert len(marks) == 0
