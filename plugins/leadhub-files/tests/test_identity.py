"""Who a row is when several people share an address, and what is told of rows that show one record twice."""

import random
from collections.abc import Callable
from typing import Any

from leadhub import Gone

Read = Callable[..., Any]

HEADER = "email,first_name,last_name,job_title\n"
ANNA = "team@shared.example,Anna,One,CTO\n"
ZED = "Team@shared.example,Zed,Two,CFO\n"


def people(pages: Any) -> dict[str, str]:
    """Return the last names that are shown, by id, of the records that are there."""
    return {r.id: r.values["last_name"] for page in pages for r in page.records if r.gone is None}


def test_two_people_of_one_address_are_two_records(read: Read) -> None:
    """Neither hides the other, and neither has the plain address, which could pass to the other with the next export."""
    records, rejects, events = read(HEADER + ANNA + ZED)
    assert sorted(values["first_name"] for values in records.values()) == ["Anna", "Zed"]
    assert all(record_id.startswith("team@shared.example#") for record_id in records)
    assert (rejects, events) == ([], [])


def test_the_order_of_rows_does_not_change_an_id(read: Read) -> None:
    """In every order of its rows a file shows the same ids, with spellings of one name that differ in case, spaces or composition."""
    rows = [ANNA, ZED, "team@shared.example,Zoe\u0308,Three,\n", "team@shared.example,,,CEO\n"]
    first, _, _ = read(HEADER + "".join(rows))
    assert len(first) == 4
    assert "team@shared.example" in first, "a row without a name keeps the address itself"
    other = [ANNA.upper(), ZED.replace("Zed", " zed  "), "team@shared.example,Zo\u00eb,Three,\n", rows[3]]
    for seed in range(5):
        random.Random(seed).shuffle(other)
        assert set(read(HEADER + "".join(other))[0]) == set(first)


def test_a_corrected_name_is_the_same_record(read: Read) -> None:
    """As long as one person has the address, the address alone is the id: another name is an edit."""
    for name in ("Anna", "Annna", ""):
        assert list(read(HEADER + f"a@x.example,{name},One,\n")[0]) == ["a@x.example"]


def test_an_address_stays_shared(folder: Any) -> None:
    """An export that shows one of the people alone does not give that person another id."""
    folder.write(HEADER + ANNA + ZED)
    first = list(folder.factory()().pull(None))
    folder.write(HEADER + ZED.replace("CFO", "CEO"))
    again = list(folder.factory()().pull(first[-1].cursor))
    (record,) = people(again)
    assert record in people(first)
    assert "shared.example" not in str(again[-1].cursor), "an address in a cursor"


def test_an_address_that_becomes_shared_leaves_its_plain_record(folder: Any) -> None:
    """The record under the plain address is told as vanished, once, so that the rows under the new ids take its place."""
    folder.write(HEADER + ANNA)
    first = list(folder.factory()().pull(None))
    assert list(people(first)) == ["team@shared.example"]
    folder.write(HEADER + ANNA + ZED)
    second = list(folder.factory()().pull(first[-1].cursor))
    assert [(r.id, r.gone) for page in second for r in page.records if r.gone] == [("team@shared.example", Gone.VANISHED)]
    assert sorted(people(second).values()) == ["One", "Two"]
    folder.write(HEADER + ANNA + ZED + ZED)
    assert all(r.gone is None for page in folder.factory()().pull(second[-1].cursor) for r in page.records)


def test_a_run_that_stops_between_two_pages_goes_on_with_the_same_ids(folder: Any) -> None:
    """The two people stand on different pages: whether the run stops between them makes no difference."""
    between = "".join(f"p{n}@x.example,P,P{n},\n" for n in range(1200))
    folder.write(HEADER + ANNA + between + ZED)
    whole = list(folder.factory()().pull(None))
    rest = list(folder.factory()().pull(whole[0].cursor))
    assert people([whole[0], *rest]) == people(whole)
    assert len(people(whole)) == 1202


def test_rows_that_repeat_a_row_are_told_by_number(read: Read) -> None:
    """The last one counts, and the log says which rows were there before: by address and name, and by an id whatever the names."""
    records, _, events = read(HEADER + ANNA + ZED + ZED.replace("CFO", "CEO") + ANNA + "b@x.example,B,B,\n")
    assert {values["job_title"] for values in records.values()} == {"CTO", "CEO", None}
    assert ["2 rows repeat an earlier row; of each field the last that says something counts" in event and "'4, 5'" in event for event in events] == [
        True
    ]
    records, _, events = read("lead id,email,last_name\n1,a@x.example,A\n1,b@x.example,A\n2,a@x.example,A\n")
    assert {key: values["last_name"] for key, values in records.items()} == {"1": "A", "2": "A"}
    assert ["1 row repeats" in event and "'3'" in event for event in events] == [True]


def test_a_blank_cell_wipes_nothing_that_an_earlier_row_of_the_person_says(read: Read) -> None:
    """By field the last row counts that says something; people of one address keep what is theirs, also over the end of a page."""
    between = "".join(f"p{n}@x.example,P,P{n},\n" for n in range(1200))
    records, _, _ = read(f"{HEADER}{ANNA}{ZED}b@x.example,Bo,Bee,CEO\n{between}b@x.example,,,CFO\nb@x.example,,,\nteam@shared.example,Zed,Two,\n")
    assert records["b@x.example"] == {"email": "b@x.example", "first_name": "Bo", "last_name": "Bee", "job_title": "CFO"}
    assert sorted(values["job_title"] for key, values in records.items() if key.startswith("team@")) == ["CFO", "CTO"]


def test_an_id_given_twice_in_one_file_is_told(read: Read) -> None:
    """Another address and another name under an id that was there before: no edit, no repetition, and nothing of it in the first one's record."""
    text = "lead id,email,last_name,phone\n1,a@x.example,Lee,\n1,c@x.example,Diaz,+49301\n1,b@x.example,Lee,\n"
    records, (reject,), events = read(text)
    assert records == {"1": {"email": "b@x.example", "last_name": "Lee", "phone": None}}
    assert (reject.row, reject.raw) == (3, "1,c@x.example,Diaz,+49301")
    assert reject.reason.startswith('The id "1" (column "lead id") showed somebody else before')
    assert events == ["1 row repeats an earlier row; of each field the last that says something counts {'file': 'leads.csv', 'rows': '4'}"]


def test_every_row_is_counted_once(read: Read) -> None:
    """Records, rejects and repeated rows are together the rows of the file, whatever they are made of."""
    chance = random.Random(7)
    for _ in range(50):
        rows = [
            f"{chance.choice(['a@x.example', 'b@x.example', ''])},{chance.choice(['', 'Ann', 'Bob'])},{chance.choice(['', 'Lee'])},\n"
            for _ in range(chance.randrange(1, 15))
        ]
        records, rejects, events = read(HEADER + "".join(rows))
        repeated = [int(event.split()[0]) for event in events if "repeat" in event]
        assert len(records) + len(rejects) + sum(repeated) == sum(row != ",,,\n" for row in rows)
