"""A CSV file that leadhub keeps: what a write leaves alone, what a person may do to it, and that a failed write leaves it whole."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from leadhub_files import client
from leadhub_files.csvfile import CsvFile
from leadhub_files.settings import CsvSettings

from leadhub import AccessDenied, Change, FatalError, Operation, Outcome, Result, Unavailable
from leadhub.testing import Factory

HEADER = "record_id,email,last_name,phone,Shoe Size\r\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the file is, or will be."""
    return tmp_path / "leads.csv"


def connector(path: Path, **settings: Any) -> CsvFile:
    """Return a connector to the file."""
    made: CsvFile = Factory(CsvFile, CsvSettings(path=path.name, base=path.parent, **settings), {"lead": ("stage", "status", "exit")})()
    return made


def create(number: int = 1, **values: Any) -> Change:
    """Return the making of a row."""
    return Change(f"key-{number}", "lead", Operation.CREATE, None, values)


def update(record_id: str, expected: dict[str, Any] | None = None, **values: Any) -> Change:
    """Return a change of a row."""
    return Change(f"change-{record_id}", "lead", Operation.UPDATE, record_id, values, expected or {})


def push(path: Path, *changes: Change) -> list[Outcome]:
    """Push with a fresh connector."""
    return list(connector(path).push(changes))


def shown(path: Path) -> dict[str, Any]:
    """Return what a fresh pull shows, by id."""
    return {record.id: dict(record.values) for page in connector(path).pull(None) for record in page.records}


def save(path: Path, *rows: str) -> bytes:
    """Save the file as a person does; return its bytes."""
    path.write_bytes((HEADER + "".join(f"{row}\r\n" for row in rows)).encode("utf-8-sig"))
    return path.read_bytes()


def test_a_file_that_is_not_there_is_begun(path: Path) -> None:
    """The first create makes the file, with all columns, a byte order mark for spreadsheets, and formulas defused."""
    assert connector(path).check().name == "leads.csv (not there yet)"
    (outcome,) = push(path, create(email="a@x.example", last_name="=HYPERLINK(1)", phone="+49301234", stage="mql", do_not_call="true"))
    text = path.read_bytes()
    assert text.startswith(b"\xef\xbb\xbfrecord_id,email,phone,")
    assert b"'=HYPERLINK(1)" in text
    assert b"'+49301234" in text
    values = shown(path)[outcome.record_id or ""]
    assert (values["last_name"], values["phone"], values["stage"], values["do_not_call"]) == ("=HYPERLINK(1)", "+49301234", "mql", "true")


def test_only_the_wanted_columns_are_begun(path: Path) -> None:
    """`columns` chooses those of a new file; a value without a column is not stored, and not told as stored."""
    (outcome,) = connector(path, columns=("email", "stage")).push([create(email="a@x.example", company="Acme", stage="lead")])
    assert path.read_text("utf-8-sig").splitlines()[0] == "record_id,email,stage,leadhub_id"
    assert outcome.values == {"email": "a@x.example", "stage": "lead"}


def test_a_write_leaves_everything_else_as_it_is(path: Path) -> None:
    """Unknown columns, the order of rows, blank rows, line ends, odd rows and the other cells stay."""
    save(path, "1,a@x.example,Lee,,9", "", '2,b@x.example,"Be\r\ne",030,=8', "3,c@x.example,Sea,,1,extra")
    push(path, update("2", phone="040"), create(email="d@x.example", last_name="Dee"))
    assert path.read_bytes().decode("utf-8-sig").split("\r\n")[:-2] == [
        *("leadhub_id,record_id,email,last_name,phone,Shoe Size", ",1,a@x.example,Lee,,9", "", ',2,b@x.example,"Be', 'e",040,=8'),
        ",3,c@x.example,Sea,,1,extra",
    ]
    assert len(shown(path)) == 3, "the row with a cell too many is a reject, the new one is there"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    rows=st.lists(st.lists(st.text(st.sampled_from("aé,;\"'=\n\r\t @+-|1"), max_size=6), min_size=2, max_size=2), max_size=4),
    delimiter=st.sampled_from(",;\t|"),
    mark=st.booleans(),
)
def test_cells_that_nobody_names_survive_every_write(tmp_path: Path, rows: list[list[str]], delimiter: str, mark: bool) -> None:
    """Whatever stands in columns that are not leadhub's comes through a write as it was, with any delimiter."""
    import csv

    path = tmp_path / "law.csv"
    with path.open("w", newline="", encoding="utf-8-sig" if mark else "utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(["record_id", "email", "one", "two"])
        writer.writerows([f"r{n}", f"p{n}@x.example", *cells] for n, cells in enumerate(rows))
    (outcome,) = connector(path, delimiter=delimiter).push([create(email="new@x.example")])
    assert outcome.result is Result.ACCEPTED
    with path.open(newline="", encoding="utf-8-sig") as file:
        assert [row[3:5] for row in csv.reader(file, delimiter=delimiter, strict=True)][1:-1] == rows


def test_a_row_that_a_person_adds_gets_its_id_with_the_next_write(path: Path) -> None:
    """Until then it goes by its address; afterwards a corrected address is an edit of the same record."""
    save(path, "1,a@x.example,Lee,,9", ",New@x.example,New,,")
    assert list(shown(path)) == ["1", "new@x.example"]
    push(path, update("1", phone="040"))
    path.write_bytes(path.read_bytes().replace(b"New@x.example", b"newer@x.example"))
    assert shown(path)["new@x.example"]["email"] == "newer@x.example"


def test_a_copied_row_is_told_and_kept(path: Path) -> None:
    """Two rows with one id: the first is the record, the second a reject that says what to do; a write keeps both."""
    save(path, "1,a@x.example,Lee,,9", "1,a@x.example,Lee,,10")
    (reject,) = [reject for page in connector(path).pull(None) for reject in page.rejects]
    assert (reject.row, reject.reason.split(".")[0]) == (3, "Row 2 is the same record")
    push(path, update("1", phone="040"))
    assert path.read_text("utf-8-sig").splitlines()[1:] == [",1,a@x.example,Lee,040,9", ",1,a@x.example,Lee,,10"]


def test_an_edit_since_the_plan_makes_a_change_stale(path: Path) -> None:
    """A cell that no longer shows what the plan saw is not overwritten; its neighbors are written."""
    save(path, "1,a@x.example,Lee,030,9", "2,b@x.example,Bee,030,9")
    outcomes = {o.key: o.result for o in push(path, update("1", {"phone": "020"}, phone="040"), update("2", {"phone": "030"}, phone="040"))}
    assert outcomes == {"change-1": Result.STALE, "change-2": Result.ACCEPTED}
    assert [values["phone"] for values in shown(path).values()] == ["030", "040"]


def test_only_rows_that_leadhub_made_are_taken_out(path: Path) -> None:
    """Archiving takes out a row with leadhub's key, and refuses one that a person made."""
    save(path, "1,a@x.example,Lee,,9")
    (made,) = push(path, create(email="b@x.example"))
    changes = [Change(f"key-{i}", "lead", Operation.ARCHIVE, i, {}) for i in ("1", str(made.record_id))]
    assert {o.record_id: o.result for o in push(path, *changes)} == {"1": Result.REFUSED, made.record_id: Result.ACCEPTED}
    assert list(shown(path)) == ["1"]


def test_a_write_keeps_the_mode_and_the_link(path: Path) -> None:
    """Who may read the list is for its owner to say; a link stays one, and what it points at is written."""
    save(path, "1,a@x.example,Lee,,9")
    path.chmod(0o640)
    link = path.with_name("link.csv")
    link.symlink_to(path)
    push(link, update("1", phone="040"))
    assert link.is_symlink()
    assert shown(path)["1"]["phone"] == "040"
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("allowed", ["all", "group", "nothing"])
def test_a_write_keeps_the_owner_and_the_group_where_it_may(path: Path, monkeypatch: pytest.MonkeyPatch, allowed: str) -> None:
    """Else who may write to it is another after each write; where only the group may be given, that; where nothing may, the write is made all the same."""
    save(path, "1,a@x.example,Lee,,9")
    given: list[tuple[int, int]] = []

    def chown(_path: object, uid: int, gid: int) -> None:
        if allowed == "nothing" or (allowed == "group" and uid != -1):
            raise PermissionError(errno.EPERM, "Operation not permitted")
        given.append((uid, gid))

    monkeypatch.setattr(os, "chown", chown)
    uid, gid = path.stat().st_uid, path.stat().st_gid
    assert push(path, update("1", phone="040"))[0].result is Result.ACCEPTED
    assert given == {"all": [(uid, gid)], "group": [(-1, gid)], "nothing": []}[allowed]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_write_by_root_leaves_the_file_to_its_owner(path: Path) -> None:
    """A list of another user is that user's afterward."""
    save(path, "1,a@x.example,Lee,,9")
    os.chown(path, 4711, 4712)
    push(path, update("1", phone="040"))
    assert (path.stat().st_uid, path.stat().st_gid) == (4711, 4712)


def test_half_a_character_is_refused_and_the_others_are_written(path: Path) -> None:
    """A text that no encoding can hold costs its own row alone."""
    save(path, "1,a@x.example,Lee,,9", "2,b@x.example,Bee,,9")
    outcomes = {o.key: o for o in push(path, update("1", last_name="L\ud800e"), update("2", phone="040"))}
    assert {key: o.result for key, o in outcomes.items()} == {"change-1": Result.REFUSED, "change-2": Result.ACCEPTED}
    assert "last_name contains half of a character" in str(outcomes["change-1"].error)
    assert [values["last_name"] for values in shown(path).values()] == ["Lee", "Bee"]


@pytest.mark.parametrize(("value", "told"), [("A\0B", "NUL"), ("x" * 32_768, "32,768 characters; a spreadsheet's cell holds 32,767")])
def test_a_value_that_no_cell_holds_is_refused(path: Path, value: str, told: str) -> None:
    """It is refused by itself, with the field; nothing is written for it."""
    before = save(path, "1,a@x.example,Lee,,9")
    (outcome,) = push(path, update("1", last_name=value))
    assert outcome.result is Result.REFUSED
    assert told in str(outcome.error)
    assert path.read_bytes() == before


def test_a_change_that_changes_nothing_writes_nothing(path: Path) -> None:
    """The file is not replaced for values that it has already."""
    save(path, "1,a@x.example,Lee,,9")
    before = path.stat().st_ino
    assert push(path, update("1", last_name="Lee"))[0].result is Result.ACCEPTED
    assert path.stat().st_ino == before


# ---- what can go wrong ------------------------------------------------------------------------------------------------------------------


def assert_whole(path: Path, before: bytes) -> None:
    """Demand that the file is as it was, and that nothing was left beside it but the lock."""
    assert path.read_bytes() == before
    assert {other.name for other in path.parent.iterdir()} <= {path.name, f".{path.name}.lock", f".~lock.{path.name}#"}


def test_a_full_disk_leaves_the_file_whole(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No room for the new file: a FatalError says so, and the old one is there."""
    before = save(path, "1,a@x.example,Lee,,9")

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FatalError, match=r"leads\.csv cannot be written: there is no room on the disk\. The file is as it was\.") as caught:
        push(path, update("1", phone="040"))
    assert caught.value.next_step == "See to the disk, then: leadhub sync"
    assert_whole(path, before)


def test_a_read_only_file_is_left_alone(path: Path) -> None:
    """A file without the right to write is AccessDenied, though its folder would let it be replaced."""
    before = save(path, "1,a@x.example,Lee,,9")
    path.chmod(0o444)
    with pytest.raises(AccessDenied, match=r"leads\.csv is read-only for .*\. Nothing was written\."):
        push(path, update("1", phone="040"))
    assert_whole(path, before)


def test_two_writers_wait_for_each_other(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another run writes, nothing is written, and the next run does it."""
    before = save(path, "1,a@x.example,Lee,,9")
    monkeypatch.setattr(client, "LONGEST_WAIT", 0.0)
    with FileLock(path.with_name(".leads.csv.lock")), pytest.raises(Unavailable, match="being written by another run of leadhub"):
        push(path, update("1", phone="040"))
    assert_whole(path, before)


def test_a_file_that_is_open_in_libreoffice_waits(path: Path) -> None:
    """What a person saves there later would undo the write: it is put off, and says who has it open."""
    before = save(path, "1,a@x.example,Lee,,9")
    path.with_name(".~lock.leads.csv#").write_text("Ann Lee,ann,desk,22.11.2026 10:00,file:///;")
    with pytest.raises(Unavailable, match=r"leads\.csv is open in LibreOffice \(Ann Lee\)"):
        push(path, update("1", phone="040"))
    assert_whole(path, before)


def test_a_save_in_the_middle_of_a_write_wins(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person saves while the new file is being written: theirs stays, and the next run reads it."""
    save(path, "1,a@x.example,Lee,,9")
    commit = client.Replacement.commit

    def late(self: client.Replacement) -> None:
        save(path, "1,a@x.example,Lee,070,9")
        commit(self)

    monkeypatch.setattr(client.Replacement, "commit", late)
    with pytest.raises(Unavailable, match="was saved by somebody while it was being written"):
        push(path, update("1", phone="040"))
    assert shown(path)["1"]["phone"] == "070"


def test_a_file_with_a_broken_row_is_not_rewritten(path: Path) -> None:
    """A row that is no CSV could be lost in a rewrite: nothing is written, and the row is named."""
    before = save(path, "1,a@x.example,Lee,,9", '2,b@x.example,"Bee,,9')
    with pytest.raises(FatalError, match=r"leads\.csv row 3: A quotation mark is opened and never closed\. Nothing was written"):
        push(path, update("1", phone="040"))
    assert_whole(path, before)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"record_id;name\r\n1;Lee\r\n", "neither a column email nor a column last_name"),
        (b"email,email\r\na@x.example,\r\n", "the column email is there more than once"),
        (b"email\r\nM\xfcller@x.example\r\n", "it is not UTF-8: line 2, byte 9 is 0xFC"),
        (b"", "its first line, which must name the columns, cannot be read. It is empty."),
    ],
)
def test_a_file_that_cannot_be_kept_is_refused_and_left(path: Path, content: bytes, told: str) -> None:
    """A file without usable columns, or in another encoding, is neither read nor written, and says why."""
    path.write_bytes(content)
    for act in (lambda: shown(path), lambda: push(path, create(email="a@x.example"))):
        with pytest.raises(FatalError, match=told) as caught:
            act()
        assert caught.value.next_step == "Mend the file; then: leadhub sync"
    assert_whole(path, content)


def test_a_file_that_is_gone_is_not_begun_anew(path: Path) -> None:
    """A list that was read before and is not there is moved or lost: nothing is told of its rows, and no list of one row takes its place."""
    save(path, "1,a@x.example,Lee,,9")
    cursor = list(connector(path).pull(None))[-1].cursor
    path.unlink()
    acts = (
        lambda: list(connector(path).pull(cursor)),
        lambda: push(path, create(), update("1", phone="040")),
        lambda: connector(path).reread("lead", ["1"]),
    )
    for act in acts:
        with pytest.raises(Unavailable, match=r"leads\.csv is not there, though leadhub has records of it\. Nothing was") as caught:
            act()
        assert "Put it back" in str(caught.value.next_step)
        assert not path.exists()


def test_a_list_that_never_was_may_still_not_be_there(path: Path) -> None:
    """Before the first create every run finds no file, and that is well."""
    cursor = list(connector(path).pull(None))[-1].cursor
    assert [page.records for page in connector(path).pull(cursor)] == [()]
    assert push(path, create(email="a@x.example"))[0].result is Result.ACCEPTED


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    """The folder is not made: a typing error in a path would begin a second list."""
    with pytest.raises(FatalError, match="out is no folder"):
        connector(tmp_path / "out" / "leads.csv").check()
