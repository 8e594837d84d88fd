"""Files as a whole: which are read, which are left, which are refused, and how a run goes on."""

import csv
import getpass
import tracemalloc
from typing import Any

import leadhub_files
import pytest
from leadhub_files import client
from leadhub_files.connector import Files
from leadhub_files.csvfile import CsvFile

from leadhub import AccessDenied, FatalError, Unavailable


def ids(pages: Any) -> list[str]:
    """Return the ids of all records, in order."""
    return [record.id for page in pages for record in page.records]


def test_the_plugin_offers_its_connectors() -> None:
    """The hooks return the connector that reads, the one that keeps a file, and the words of its columns."""
    assert list(leadhub_files.register_connectors()) == [Files, CsvFile]
    assert list(leadhub_files.register_presets()) == ["leadhub"]


def test_check_names_the_files(folder: Any) -> None:
    """The identity is the path as configured, which survives a move of the folder, with the files found and the user who reads them."""
    for name, told in (("a.csv", "a.csv"), ("b.csv", "2 files, a.csv to b.csv")):
        folder.write("email\n", name)
        identity = folder.factory()().check()
        assert (identity.org, identity.name, identity.production, identity.user) == ("*.csv", told, False, getpass.getuser())


def test_an_unchanged_file_yields_one_empty_page(folder: Any) -> None:
    """After a run an unchanged file yields a page without rows, and the same cursor."""
    folder.write("email\na@x.example\n")
    cursor = list(folder.factory()().pull(None))[-1].cursor
    (page,) = folder.factory()().pull(cursor)
    assert (page.records, page.rejects, page.cursor) == ((), (), cursor)


def test_only_the_changed_file_is_read_again(folder: Any) -> None:
    """Of two files the changed one yields all of its rows, the other none."""
    folder.write("email\na@x.example\n", "a.csv")
    folder.write("email\nb@x.example\n", "b.csv")
    first = list(folder.factory()().pull(None))
    folder.write("email\nb@x.example\nc@x.example\n", "b.csv")
    assert ids(first) == ["a@x.example", "b@x.example"]
    assert ids(folder.factory()().pull(first[-1].cursor)) == ["b@x.example", "c@x.example"]


def test_a_mended_setting_has_the_files_read_again(folder: Any) -> None:
    """What a reject asks to be set must have an effect, though no file changed; the same settings in another order change nothing."""
    folder.write("Badge,Mail X,Pet\n1,a@x.example,cat\n")
    settings: dict[str, Any] = {"key": "Badge", "headers": {"Mail X": "email", "Pet": "ignore"}}
    first = list(folder.factory(**settings)().pull(None))
    same = list(folder.factory(**settings | {"headers": {"Pet": "ignore", "Mail X": "email"}})().pull(first[-1].cursor))
    assert (ids(first), ids(same)) == (["1"], [])
    assert ids(folder.factory(**settings | {"key": "Mail X"})().pull(first[-1].cursor)) == ["a@x.example"]


JANUARY = "email,first_name,phone\nann@x.example,Ann,11111\nbob@x.example,Bbo,22222\n"
FEBRUARY = "email,first_name,phone\nann@x.example,Ann,99999\n"


def test_an_old_file_that_is_mended_says_nothing_over_a_later_one(folder: Any) -> None:
    """Of a changed file those rows are news whose people no file has that was read after it; which were left is told. The cursor knows no rows."""
    folder.write(JANUARY, "2026-01.csv")
    folder.write(FEBRUARY, "2026-02.csv")
    first = list(folder.factory()().pull(None))
    assert ids(first) == ["ann@x.example", "bob@x.example", "ann@x.example"]
    folder.write(JANUARY.replace("Bbo", "Bob").replace("11111", "11112"), "2026-01.csv")
    factory = folder.factory()
    second = list(factory().pull(first[-1].cursor))
    assert ids(second) == ["bob@x.example"]
    told = [event for event in factory.log.events if "left to a file" in event]
    assert told == ["1 row is left to a file that was read later and has the same people {'file': '2026-01.csv', 'rows': '2'}"]
    assert "x.example" not in str(second[-1].cursor)
    folder.write("email,first_name,phone\n", "2026-02.csv")
    third = list(folder.factory()().pull(second[-1].cursor))
    folder.write(JANUARY, "2026-01.csv")
    assert ids(folder.factory()().pull(third[-1].cursor)) == ["ann@x.example", "bob@x.example"], "as long as the later file has them"


def test_a_new_file_is_news_whatever_its_name(folder: Any) -> None:
    """What arrives last was said last: its name puts in order only what arrives together."""
    folder.write(FEBRUARY, "2026-02.csv")
    first = list(folder.factory()().pull(None))
    folder.write(JANUARY, "2026-01.csv")
    second = list(folder.factory()().pull(first[-1].cursor))
    assert ids(second) == ["ann@x.example", "bob@x.example"]
    folder.write(FEBRUARY.replace("99999", "99998"), "2026-02.csv")
    assert ids(folder.factory()().pull(second[-1].cursor)) == []


def test_an_old_file_waits_while_a_later_one_cannot_be_read(folder: Any) -> None:
    """Whether its rows are news cannot be told then: nothing of it is taken in, and it is not counted as read."""
    folder.write(JANUARY, "2026-01.csv")
    folder.write(FEBRUARY, "2026-02.csv")
    cursor = list(folder.factory()().pull(None))[-1].cursor
    folder.write(JANUARY.replace("Bbo", "Bob"), "2026-01.csv")
    folder.write(b"email\nM\xfcller\n", "2026-02.csv")
    seen: list[Any] = []
    with pytest.raises(FatalError, match=r"2026-01\.csv was not taken in: 2026-02\.csv, which was read after it, cannot be read now"):
        seen.extend(folder.factory()().pull(cursor))
    assert ids(seen) == []
    folder.write(FEBRUARY, "2026-02.csv")
    assert ids(folder.factory()().pull(seen[-1].cursor)) == ["bob@x.example"]


def test_an_export_under_a_new_name_shows_the_same_ids(folder: Any) -> None:
    """The file's name is no part of a row's id, and the later name wins by coming last."""
    folder.write("lead id,email\n1,a@x.example\n", "export-2026-01-01.csv")
    folder.write("lead id,email\n1,b@x.example\n", "export-2026-01-02.csv")
    records = [record for page in folder.factory()().pull(None) for record in page.records]
    assert [(record.id, record.values["email"]) for record in records] == [("1", "a@x.example"), ("1", "b@x.example")]


def test_a_run_stopped_inside_a_file_goes_on_there(folder: Any) -> None:
    """A cursor from the middle of a file goes on after its last row; when the file has changed since, the file is read from its start."""
    rows = [f"p{n:04d}@x.example" for n in range(2500)]
    folder.write("email\n" + "\n".join(rows))
    cursor = next(folder.factory()().pull(None)).cursor
    assert ids(folder.factory()().pull(cursor)) == rows[1000:]
    folder.write("email\nnew@x.example\n" + "\n".join(rows))
    assert ids(folder.factory()().pull(cursor)) == ["new@x.example", *rows]


def test_rejects_count_toward_the_page(folder: Any) -> None:
    """A page holds a thousand rows, taken in or not: no cursor stands between a reject and its page."""
    folder.write("email\n" + "a@x.example,too many\n" * 1500)
    assert [len(page.rejects) for page in folder.factory(delimiter=",")().pull(None)] == [1000, 500, 0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"email,company\na@x.example,M\xfcller\n", r'it is not UTF-8: line 2, byte 28 is 0xFC\. Save it again as "CSV UTF-8"'),
        ("email\na@x.example\n".encode("utf-16-le"), r'looks like UTF-16 without its mark\. Set encoding = "utf-16-le"'),
        (b"PK\x03\x04rest", r'no CSV file but a workbook .* save it as "CSV UTF-8"'),
        (b"email\na@x.example\xc3", r"middle of a character \(byte 18\)"),
        (b"", r"first line.*is empty"),
        (b'"email\na@x.example\n', r"first line.*cannot be read.*never closed"),
        (b"email\n" + b"x" * 4_200_000, r"line 2 has more than 4,000,000 characters"),
    ],
)
def test_a_bad_file_is_refused_and_the_others_are_read(folder: Any, content: bytes, reason: str) -> None:
    """A file that cannot be taken in stops nothing but itself: the others are read first, then the error names file, place and mend."""
    folder.write(content, "bad.csv")
    folder.write("email\nz@x.example\n", "good.csv")
    seen: list[Any] = []
    with pytest.raises(FatalError, match=f"bad.csv was not taken in: .*{reason}") as caught:
        seen.extend(folder.factory()().pull(None))
    assert ids(seen) == ["z@x.example"]
    assert "bad.csv" not in seen[-1].cursor["read"], "a refused file counts as read: once mended under the same digest it would be skipped"
    assert caught.value.next_step is not None


def test_a_bad_byte_far_into_a_file_is_counted_right(folder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Line and byte are right across the chunks in which a file is read, and no row before the bad one is taken in."""
    monkeypatch.setattr(client, "CHUNK", 7)
    seen: list[Any] = []
    text = "email,company\n" + "ä@x.example,é\n" * 50
    folder.write(text.encode() + b"\xff")
    with pytest.raises(FatalError, match=rf"line 52, byte {len(text.encode()) + 1} is 0xFF"):
        seen.extend(folder.factory()().pull(None))
    assert ids(seen) == []


@pytest.mark.parametrize(("path", "reason"), [("none.csv", "none.csv does not exist"), ("sub/*.csv", "sub is no folder"), (".", "is a folder")])
def test_a_missing_file_is_told_with_its_path(folder: Any, path: str, reason: str) -> None:
    """A file or folder that is not there is a FatalError, in check and pull: this system stops, the others go on."""
    for act in (lambda: folder.factory(path)().check(), lambda: list(folder.factory(path)().pull(None))):
        with pytest.raises(FatalError, match=reason) as caught:
            act()
        assert "leadhub doctor" in str(caught.value.next_step)


def test_an_empty_inbox_is_no_error(folder: Any) -> None:
    """A pattern that matches nothing yet, in a folder that is there, yields an empty page and a warning."""
    factory = folder.factory("inbox-*.csv")
    assert ids(factory().pull(None)) == []
    assert factory().check().name == "no file yet"
    assert "inbox-*.csv" in factory.log.events[0]


def test_a_file_that_may_not_be_read_is_denied(folder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal by the operating system is AccessDenied, with the file and the user."""
    folder.write("email\n")

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(client, "raw", refuse)
    with pytest.raises(AccessDenied, match=rf"leads\.csv may not be read by {getpass.getuser()}"):
        list(folder.factory()().pull(None))


def test_a_file_that_is_being_written_waits(folder: Any) -> None:
    """A file that grows while it is read is Unavailable before another page of it is given out; the next run has all of it."""
    path = folder.write("email\n" + "".join(f"p{n}@x.example\n" for n in range(1500)))
    pages = folder.factory()().pull(None)
    first = next(pages)
    with path.open("a") as file:
        file.write("late@x.example\n")
    with pytest.raises(Unavailable, match="is being written"):
        list(pages)
    assert len(set(ids(folder.factory()().pull(first.cursor)))) == 1501


def test_paths_may_be_absolute_exact_or_odd(folder: Any) -> None:
    """An absolute pattern works, a name with brackets is taken as it is, and editors' temporary files are left alone."""
    for name in ("a.csv", ".a.csv", "~$a.csv", "[1].csv"):
        folder.write(f"email\n{len(name)}@x.example\n", name)
    assert ids(folder.factory(f"{folder.base}/*.csv")().pull(None)) == ["7@x.example", "5@x.example"]
    assert ids(folder.factory("[1].csv")().pull(None)) == ["7@x.example"]
    assert ids(folder.factory("a.csv")().pull(None)) == ["5@x.example"]


def test_a_large_file_takes_little_memory(folder: Any) -> None:
    """Memory holds a page and three numbers a row: five times the rows, of 400 characters each, take hardly more."""

    def peak(rows: int) -> int:
        with (folder.base / "big.csv").open("w", newline="") as file:
            csv.writer(file).writerows([["lead id", "last name", "company"], *([f"L{n}", "Lee", "x" * 400] for n in range(rows))])
        pages = folder.factory()().pull(None)
        tracemalloc.start()
        try:
            assert sum(len(page.records) for page in pages) == rows
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(100)  # what is imported and cached once
    assert peak(20_000) < peak(4_000) + 2_000_000
