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
    assert "  fair.csv: 1 row repeats an earlier row; the last one counts: rows 4" in ran.lines
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
