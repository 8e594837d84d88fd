"""`leadhub import`: nothing is changed by a file that cannot be read, nothing without a yes, and no row is lost without a word."""

import re
import tomllib
from pathlib import Path

import pytest
from cli_world import Ran, World, run

HEADER = "Email,First Name,Last Name,Title\n"
SHARED = "pat@shared.example,Anna,One,CTO\npat@shared.example,Zed,Two,CFO\n"
CONFIG = 'version = 1\nstore = "sqlite:///leadhub.db"\n'


class Desk:
    """A deployment with no CRM, and a place beside it where files arrive."""

    def __init__(self, parent: Path) -> None:
        self.folder, self.inbox = parent / "deployment", parent / "inbox"
        self.folder.mkdir()
        self.inbox.mkdir()
        self.config.write_text(CONFIG)

    @property
    def config(self) -> Path:
        """Its leadhub.toml."""
        return self.folder / "leadhub.toml"

    def file(self, text: str | bytes, name: str = "fair.csv", folder: Path | None = None) -> Path:
        """A file that arrived."""
        path = (folder or self.folder) / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def run(self, *args: str, answers: str | None = None) -> Ran:
        """Run a command in it."""
        return run("-C", str(self.folder), *args, answers=answers)

    def path_of(self, system: str) -> str:
        """What leadhub.toml says a system reads."""
        return str(tomllib.loads(self.config.read_text())["system"][system]["path"])


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A deployment without systems."""
    return Desk(tmp_path)


@pytest.mark.parametrize(
    ("content", "reason"), [(b"Email,Title\na@x.example,M\xfcller\n", "it is not UTF-8"), (b"Color\nred\n", "No column is known")]
)
def test_a_refused_file_leaves_the_deployment_as_it_was(desk: Desk, content: bytes, reason: str) -> None:
    """The file is read before leadhub.toml is touched; the reason is told once, with what to do; once mended, the same command works."""
    path = desk.file(content)
    ran = desk.run("import", str(path), "--yes")
    assert ran.code == 1
    assert (ran.out + ran.err).count(reason) == 1
    assert "Next: mend the file and import it again (leadhub.toml is as it was)" in ran.err
    assert desk.config.read_text() == CONFIG
    desk.file(HEADER + SHARED)
    assert desk.run("import", str(path), "--yes").code == 0


def test_a_configured_file_that_breaks_is_told_once(desk: Desk) -> None:
    """A later import of a file that broke keeps its table, which worked before, and says the reason once."""
    path = desk.file(HEADER + SHARED)
    assert desk.run("import", str(path), "--yes").code == 0
    before = desk.config.read_text()
    desk.file(b"Email\nM\xfcller@x.example\n")
    ran = desk.run("import", str(path))
    assert ran.code == 1
    assert (ran.out + ran.err).count("it is not UTF-8") == 1
    assert (ran.out + ran.err).count("was not taken in") == 1
    assert "Next:" in ran.out
    assert desk.config.read_text() == before


@pytest.mark.parametrize(("options", "answers"), [([], None), (["--no-input"], None), (["--no-input"], "y\n"), ([], "n\n")])
def test_nothing_is_configured_without_a_yes(desk: Desk, options: list[str], answers: str | None) -> None:
    """Where nobody can answer, or the answer is no, leadhub.toml is left alone, and the exit code is that of a wrong use."""
    ran = desk.run("import", str(desk.file(HEADER + SHARED)), *options, answers=answers)
    assert ran.code == 2
    assert "which reads fair.csv, to leadhub.toml?" in ran.err
    assert desk.config.read_text() == CONFIG


def test_a_yes_configures_the_file(desk: Desk) -> None:
    """A person at a terminal may say yes."""
    assert desk.run("import", str(desk.file(HEADER + SHARED)), answers="y\n").code == 0
    assert desk.path_of("fair") == "fair.csv"


def test_a_file_outside_the_folder_is_stored_as_given(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path stays one, seen from the deployment's folder; an absolute one stays absolute; both are known again."""
    desk.file(HEADER + SHARED, "one.csv", desk.inbox)
    two = desk.file(HEADER + SHARED, "two.csv", desk.inbox)
    monkeypatch.chdir(desk.inbox)
    assert desk.run("import", "one.csv", "--yes").code == 0
    assert desk.run("import", str(two), "--yes").code == 0
    assert (desk.path_of("one"), desk.path_of("two")) == ("../inbox/one.csv", str(two))
    for name in ("one", "two"):
        assert desk.run("import", f"{name}.csv").lines[0] == f"Nothing new: {name} is as it was when it was last read."


def test_a_pattern_anywhere_knows_its_files(desk: Desk) -> None:
    """A file that an absolute pattern reads is taken in through it, and no table is added."""
    path = desk.file(HEADER + SHARED, "fair-1.csv", desk.inbox)
    desk.config.write_text(f'{CONFIG}[system.inbox]\nplugin = "files"\npath = "{desk.inbox}/fair-*.csv"\n')
    assert desk.run("import", str(path)).lines[0] == "2 rows taken in from inbox, 0 rows rejected; no CRM was called."


def test_two_people_of_one_address_are_two_and_a_question(desk: Desk) -> None:
    """Both exist, and somebody is asked about their address."""
    ran = desk.run("import", str(desk.file(HEADER + SHARED)), "--yes")
    assert ran.lines[0] == "2 rows taken in from fair, 0 rows rejected; no CRM was called."
    assert any(line.startswith("1 open question") for line in ran.lines)
    people = desk.run("leads", "list").out
    assert "Anna One" in people
    assert "Zed Two" in people


def test_a_row_that_repeats_another_is_told(desk: Desk) -> None:
    """Every row of the file is in one number: taken in, rejected, or repeated with the row's number."""
    ran = desk.run("import", str(desk.file(HEADER + SHARED + "pat@shared.example,Anna,One,CEO\n,,,Nobody\n")), "--yes")
    assert ran.lines[0] == "2 rows taken in from fair, 1 row rejected; no CRM was called."
    assert "  fair.csv: 1 row repeats an earlier row; of each field the last that says something counts: rows 4" in ran.lines
    assert "repeat" not in ran.err


def test_a_person_keeps_the_record_when_the_address_becomes_shared(desk: Desk) -> None:
    """Anna alone, then Anna and Zed: Anna stays one person, Zed is another, and what is edited in her row later is hers."""
    path = desk.file(HEADER + "pat@shared.example,Anna,One,CTO\n")
    assert desk.run("import", str(path), "--yes").code == 0
    for text in (SHARED, SHARED.replace("CTO", "CEO")):
        desk.file(HEADER + text)
        assert desk.run("import", str(path)).code == 0
    listed = desk.run("leads", "list").out
    assert (listed.count("Anna One"), listed.count("Zed Two")) == (1, 1)
    anna = next(lead for lead in desk.run("leads", "list", "--output", "json").json["leads"] if "Anna" in str(lead))
    assert re.search("job_title +CEO", desk.run("leads", "show", anna["id"]).out)


def test_the_log_keeps_its_words_for_programs(world: World) -> None:
    """With JSON on stdout a repeated row is in the log, on stderr."""
    (world.folder / "fair.csv").write_text(HEADER + SHARED + SHARED)
    ran = world.run("import", str(world.folder / "fair.csv"), "--yes", "--output", "json")
    assert ran.json["systems"]["fair"]["pulled"] == 2
    assert "2 rows repeat an earlier row" in ran.err


GERMAN = "Vorname;Name;E-Mail;Telefon;Newsletter\nJürgen;Müller;j@x.example;+49 30 901820;nein\nAnn;Lee;nobody;n/a;\n;;;;\n;;x;1;ja\n"


def test_a_preview_shows_and_stores_nothing(desk: Desk) -> None:
    """Columns, first rows as they are understood, and what would be rejected; no table is added and nothing is known afterwards."""
    ran = desk.run("import", str(desk.file(GERMAN)), "--preview")
    assert ran.code == 0
    assert "  Name → last_name" in ran.lines
    assert any("first_name Jürgen, last_name Müller" in line and "+4930901820" in line and "email_opt_out true" in line for line in ran.lines)
    assert "2 rows to take in, 1 row to reject." in ran.lines
    assert any(line.startswith("  row 5: The row has no last name") for line in ran.lines)
    assert any("no e-mail address" in line and "rows 3" in line for line in ran.lines)
    assert ran.lines[-1] == "Nothing was stored."
    assert desk.config.read_text() == CONFIG
    assert "Müller" not in desk.run("leads", "list").out


@pytest.mark.parametrize(
    ("header", "known_by"),
    [
        ("Lead ID", 'A row is known by the column "Lead ID"; where that is blank, by its e-mail address; where that is blank, by all that it says.'),
        ("ID", "A row is known by its e-mail address; where that is blank, by all that it says."),
    ],
)
def test_the_key_is_shown(desk: Desk, header: str, known_by: str) -> None:
    """Before a file is taken in and in the answer: which column tells people apart, or what else does; for programs as `key`."""
    path = desk.file(f"{header},Email\n1,a@x.example\n")
    assert known_by in desk.run("import", str(path), "--preview").lines
    shown = desk.run("import", str(path), "--preview", "--output", "json").json
    assert shown["key"] == (header if header != "ID" else None)
    assert f"  {known_by}" in desk.run("import", str(path), "--yes").lines


def test_a_number_begun_anew_makes_nobody_somebody_else(desk: Desk) -> None:
    """Two lists that number their rows from 1: four people. Where the number is named as the key, the later list's rows are kept as rejects."""
    first, second = (
        "ID,Email,Name,First Name\n1,ann@x.example,Lee,Ann\n2,bob@x.example,Bee,Bob\n",
        "ID,Email,Name,First Name\n1,carla@x.example,Diaz,Carla\n",
    )
    assert desk.run("import", str(desk.file(first, "fair1.csv")), "--yes", "--as", "fair").code == 0
    desk.config.write_text(desk.config.read_text().replace("fair1.csv", "fair*.csv"))
    ran = desk.run("import", str(desk.file(second, "fair2.csv")))
    assert ran.lines[0] == "1 row taken in from fair, 0 rows rejected; no CRM was called."
    people = desk.run("leads", "list").out
    assert all(name in people for name in ("Ann Lee", "Bob Bee", "Carla Diaz"))


def test_an_id_that_shows_somebody_else_is_no_edit_of_the_person(desk: Desk) -> None:
    """Another address and another name under a named key: the row is kept as a reject with the mend, whoever was there stays; one of both is an edit."""
    head, setting = "Badge,Email,First Name,Last Name\n", 'key = "Badge"\n'
    desk.config.write_text(f'{CONFIG}[system.fair]\nplugin = "files"\npath = "fair*.csv"\n{setting}')
    assert desk.run("import", str(desk.file(head + "1,ann@x.example,Ann,Lee\n2,bob@x.example,Bob,Bee\n", "fair1.csv"))).code == 0
    ran = desk.run("import", str(desk.file(head + "1,carla@x.example,Carla,Diaz\n2,bob@y.example,Bob,Bee\n", "fair2.csv")))
    assert ran.lines[0] == "1 row taken in from fair, 1 row rejected; no CRM was called."
    (told,) = [line for line in ran.lines if line.startswith("  fair2.csv row 2: ")]
    assert 'The id "1" (column "Badge") showed somebody else before: another e-mail address and another name.' in told
    assert 'key = "' in told
    people = desk.run("leads", "list").out
    assert "Ann Lee" in people
    assert "Carla" not in people
    assert "bob@y.example" in desk.run("leads", "list", "--output", "json").out
    desk.file(head + "1,ann@x.example,Anna,Berg\n", "fair2.csv")
    assert desk.run("import", str(desk.folder / "fair2.csv")).lines[0].startswith("1 row taken in")
    assert "Anna Berg" in desk.run("leads", "list").out


def test_the_mend_that_a_reject_names_has_an_effect(desk: Desk) -> None:
    """The key is set as the reject says: the file is read again, though it did not change."""
    head, setting = "Badge,Email,First Name,Last Name\n", 'key = "Badge"\n'
    desk.config.write_text(f'{CONFIG}[system.fair]\nplugin = "files"\npath = "fair.csv"\n{setting}')
    path = desk.file(head + "1,ann@x.example,Ann,Lee\n1,carla@x.example,Carla,Diaz\n")
    assert desk.run("import", str(path)).lines[0] == "1 row taken in from fair, 1 row rejected; no CRM was called."
    desk.config.write_text(desk.config.read_text().replace(setting, 'key = "Email"\n'))
    assert desk.run("import", str(path)).code == 0
    people = desk.run("leads", "list").out
    assert all(name in people for name in ("Ann Lee", "Carla Diaz"))


def test_a_preview_of_a_known_file_uses_its_settings(desk: Desk) -> None:
    """What leadhub.toml says of the file counts in a preview; as JSON it is for programs."""
    path = desk.file("Mail at work,Last\na@x.example,Lee\n")
    assert desk.run("import", str(path), "--yes", "--header", "Mail at work=email", "--header", "Last=last_name").code == 0
    shown = desk.run("import", str(path), "--preview", "--output", "json").json
    assert shown["columns"] == {"Mail at work": "email", "Last": "last_name"}
    assert shown["first"] == [{"email": "a@x.example", "last_name": "Lee"}]


def test_an_encoding_is_asked_with_a_preview(desk: Desk) -> None:
    """At a terminal the text is shown under the likely encodings; the answer goes into leadhub.toml, and the file is taken in."""
    path = desk.file(GERMAN.encode("cp1252"))
    ran = desk.run("import", str(path), answers="1\ny\n")
    assert ran.code == 0
    assert "1  Jürgen   (cp1252)" in ran.err
    assert tomllib.loads(desk.config.read_text())["system"]["fair"]["encoding"] == "cp1252"
    assert "Jürgen Müller" in desk.run("leads", "list").out


def test_an_encoding_that_nobody_can_be_asked_for_is_told(desk: Desk) -> None:
    """Without a terminal the error shows how the text would read, and the option that settles it; the option works."""
    path = desk.file(GERMAN.encode("cp1252"))
    ran = desk.run("import", str(path), "--yes")
    assert ran.code == 1
    assert "Jürgen   (cp1252)" in ran.err
    assert "--encoding cp1252" in ran.err
    assert desk.config.read_text() == CONFIG
    assert desk.run("import", str(path), "--yes", "--encoding", "cp1252").code == 0


@pytest.mark.parametrize(("answer", "field"), [("1", "first_name"), ("2", "full_name")])
def test_a_doubtful_header_is_asked(desk: Desk, answer: str, field: str) -> None:
    """A header that may mean two things is a question with numbers; the answer is written down."""
    ran = desk.run("import", str(desk.file("Nombre,Email\nAna,a@x.example\n")), answers=f"nine\n{answer}\ny\n")
    assert ran.code == 0
    assert '"Nombre" may be first_name or full_name' in ran.err
    assert tomllib.loads(desk.config.read_text())["system"]["fair"]["headers"] == {"Nombre": field}


def test_no_answer_adds_nothing(desk: Desk) -> None:
    """Return instead of a number stops, and leaves everything as it was."""
    ran = desk.run("import", str(desk.file("Nombre,Email\nAna,a@x.example\n")), answers="\n")
    assert ran.code == 2
    assert "Nothing was added and nothing taken in." in ran.err
    assert desk.config.read_text() == CONFIG


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--header", "Name"], "does not name a column and a field"),
        (["--header", "Name=nickname"], "leadhub has no such field"),
        (["--encoding", "klingon"], '"klingon" is no encoding of text'),
    ],
)
def test_wrong_options_are_told(desk: Desk, options: list[str], told: str) -> None:
    """An option that cannot work is a wrong use, with the reason, and nothing is changed."""
    ran = desk.run("import", str(desk.file(HEADER + SHARED)), "--yes", *options)
    assert ran.code == 2
    assert told in ran.err
    assert desk.config.read_text() == CONFIG


def test_the_name_can_be_chosen(desk: Desk) -> None:
    """`--as` names the system; a name that is taken for another file is refused."""
    assert desk.run("import", str(desk.file(HEADER + SHARED)), "--yes", "--as", "spring").code == 0
    assert desk.path_of("spring") == "fair.csv"
    ran = desk.run("import", str(desk.file(HEADER + SHARED, "autumn.csv")), "--yes", "--as", "spring")
    assert (ran.code, "--as NAME" in ran.err) == (2, True)


def test_options_do_not_change_a_known_file(desk: Desk) -> None:
    """How a configured file is read stands in leadhub.toml alone."""
    path = desk.file(HEADER + SHARED)
    assert desk.run("import", str(path), "--yes").code == 0
    ran = desk.run("import", str(path), "--encoding", "cp1252")
    assert (ran.code, "change encoding and headers in [system.fair]" in ran.err) == (2, True)


BAD_FILES = [
    (b"", "its first line, which must name the columns, is empty."),
    (b"Email,Email\na@x.example,b@x.example\n", 'The header "Email" (email) is there more than once: columns 1 and 2.'),
    ("Email\na@x.example\n".encode("utf-16-le"), "it looks like UTF-16 without its mark"),
    (b"PK\x03\x04...", 'it is no CSV file but a workbook (Excel or OpenDocument) or another archive. Open it and save it as "CSV UTF-8"'),
    (b"Email\n" + b"x" * 4_100_000, "has more than 4,000,000 characters"),
    (b"Email,Title\na@x.example,\xc3", "it was not copied whole"),
]


@pytest.mark.parametrize(("content", "told"), BAD_FILES, ids=["empty", "twice", "utf16", "workbook", "endless line", "cut off"])
def test_what_was_there_is_there_after_a_bad_file(desk: Desk, content: bytes, told: str) -> None:
    """A file that breaks after a good import is told in one sentence with a next step; the people of the good one are still there."""
    path = desk.file(HEADER + "a@x.example,Ann,Lee,CTO\n")
    assert desk.run("import", str(path), "--yes").code == 0
    config = desk.config.read_text()
    desk.file(content)
    ran = desk.run("import", str(path))
    assert ran.code == 1
    assert told in ran.out
    assert "Next:" in ran.out
    assert desk.config.read_text() == config
    assert "Ann Lee" in desk.run("leads", "list").out


BAD_ROWS = [
    ("b@x.example,Bob\n", "The row has 2 cells, the header 4."),
    ("b@x.example,Bob,Bee,CFO,more\n", "The row has 5 cells, the header 4."),
    ("b@x.example,B\0b,Bee,CFO\n", "The row contains a NUL character"),
    ('b@x.example,"Bob,Bee,CFO\n', "A quotation mark is opened and never closed."),
    (f"b@x.example,Bob,Bee,{'x' * 1_000_000}\n", "A cell has more than 131,072 characters"),
    ("nobody,,,CFO\n", "The row has no last name, and what it has for an e-mail address is none."),
]


@pytest.mark.parametrize(("row", "told"), BAD_ROWS, ids=["short", "long", "nul", "quote", "million", "nobody"])
def test_a_bad_row_is_kept_as_a_reject_and_costs_no_other(desk: Desk, row: str, told: str) -> None:
    """The row is told by number and reason, kept with its run, and its neighbors are taken in."""
    ran = desk.run("import", str(desk.file(f"{HEADER}a@x.example,Ann,Lee,CTO\n{row}")), "--yes")
    assert ran.lines[0] == "1 row taken in from fair, 1 row rejected; no CRM was called."
    assert any(line.startswith(f"  fair.csv row 3: {told}") for line in ran.lines)
    assert "Ann Lee" in desk.run("leads", "list").out
