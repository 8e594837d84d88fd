"""`leadhub demo` for real: a process of its own, both sandboxes, the whole story."""

import contextlib
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from rich.console import Console

from leadhub.demo import people, run, sandboxes
from leadhub.demo.deployment import FILES, prepare
from leadhub.demo.door import post, serving
from leadhub.demo.page import Page
from leadhub.demo.sandboxes import Sandboxes, is_write
from leadhub.errors import LeadhubError
from leadhub.hub import open_hub
from leadhub.insight.known import know
from leadhub.insight.reasons import reasons
from leadhub.sync.run import sync

RUN = "import sys; from pathlib import Path; from rich.console import Console; from leadhub.demo import run; sys.exit(run(Path(sys.argv[1]), Console(width=200)))"
URLS = ("SALESFORCE_LOGIN_URL", "HUBSPOT_BASE_URL")


@dataclass(frozen=True)
class Told:
    """One run of the demo: how it ended, what it printed, and the folder that it left."""

    code: int
    out: str
    err: str
    folder: Path

    @property
    def text(self) -> str:
        """What it printed, without its line breaks."""
        return " ".join(self.out.split())

    @property
    def environment(self) -> dict[str, str]:
        """What sandboxes.env sets."""
        text = (self.folder / "sandboxes.env").read_text(encoding="utf-8")
        return {name: value.strip("'") for name, value in re.findall(r"^export ((?:SALESFORCE|HUBSPOT|WEBSITE)_\w+)=(.*)$", text, flags=re.MULTILINE)}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The demo, run once in a process of its own: warnings are errors, and every way off this machine is a dead end."""
    folder = tmp_path_factory.mktemp("demo") / "kept"
    dead_end = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUN, str(folder)], capture_output=True, text=True, check=False, timeout=170, env=os.environ | dead_end
    )
    return Told(done.returncode, done.stdout, done.stderr, folder)


def listens(url: str) -> bool:
    """Whether anybody listens there."""
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=2).close()
    except OSError:
        return False
    return True


def gone(url: str) -> bool:
    """Wait, for 15 seconds at most, until nobody listens there any more."""
    end = time.monotonic() + 15
    while time.monotonic() < end:
        if not listens(url):
            return True
    return False


def in_process(keep: Path | None) -> tuple[int, str]:
    """Run the demo here, where parts of it can be changed; return its exit code and its words."""
    out = StringIO()
    return run(keep, Console(file=out, width=200)), out.getvalue()


# ---- the story -------------------------------------------------------------------------------------------------------------------------


def test_every_field_of_every_lead_says_why(told: Told) -> None:
    """After the whole story, edits, a conflict, questions and a revert: which edit, seen when, by which rule, in which run; nobody's field lacks one."""
    hub = open_hub(told.folder, offline=True)
    causes, without, fields = set(), [], 0
    with hub.store.read() as tx:
        for person in tx.persons.iter_ids("", 10_000):
            known = know(hub, tx, person)
            for one in reasons(known, tx):
                fields += 1
                causes.add(one.cause)
                edited = one.stored is not None or one.cause == "initial"
                if not (edited and one.seen is not None and one.rule and one.run is not None):
                    without.append((known.name, one.field, one.cause, one.value))
    hub.store.close()
    assert without == []
    assert causes >= {"adopted", "edit", "decision", "initial"}
    assert fields > 1000


def test_the_demo_comes_out_as_told(told: Told) -> None:
    """Exit 0, nothing on stderr, and the first line says that it needs no credentials and no network."""
    assert (told.code, told.err) == (0, ""), told.out + told.err
    first = told.out.splitlines()[0]
    assert "No credentials" in first
    assert "no network" in first


def test_the_story_is_readable(told: Told) -> None:
    """Twelve numbered steps that fit a terminal of 120 columns and a few screens."""
    lines = told.out.splitlines()
    assert [int(n) for n in re.findall(r"^(\d+)\. ", told.out, flags=re.MULTILINE)] == list(range(1, 13))
    assert max(map(len, lines)) <= 120
    assert 150 <= len(lines) <= 240


def test_every_step_names_the_command_for_it(told: Told) -> None:
    """What the demo does can be typed: each step but the edits in the CRMs shows how."""
    for command in ("adopt salesforce", "adopt hubspot", "adopt salesforce --write-on", "plan", "sync", "leads why", "revert", "import", "serve"):
        assert f"$ leadhub {command}" in told.out


def test_the_last_sync_writes_nothing(told: Told) -> None:
    """The second sync is followed by zero writes in both CRMs, and the demo says with how many calls that was found out."""
    last = told.out[told.out.index("7. And again") : told.out.index("8. A mistake?")]
    assert re.findall(r"(Salesforce|HubSpot): 0 writes\. \d+ calls", last) == ["Salesforce", "HubSpot"]


def test_the_revert_tells_what_came_back_and_what_stayed(told: Told) -> None:
    """Of the second sync the values come back; a later edit and an opt-out stay, with the reason beside each."""
    chapter = told.text[told.text.index("8. A mistake?") : told.text.index("9. A list")]
    back, stays = chapter.split("What stays, and why:")
    assert 'Victor Stone Salesforce: Status "Closed - Not Converted" → "Working - Contacted"' in back
    assert 'Sofia Marin HubSpot: hubspot_owner_id "jane@acme.example" → "omar@acme.example"' in back
    assert "Hannah Berg title in leadhub: it was changed since, by an edit in hubspot" in stays
    assert "Ben Carter opt-out in leadhub: an opt-out is not taken back" in stays


def test_the_import_is_told_with_its_rejects_and_its_revert(told: Told) -> None:
    """The German list shows how its columns were read, which row was rejected and why, and who was forgotten by the revert."""
    chapter = told.text[told.text.index("9. A list") : told.text.index("10. Whoever")]
    for said in (
        "Nachname = last_name",
        "PLZ = postal_code",
        "The row has neither an e-mail address nor a last name",
        "no e-mail address",
        "+493023125101",
    ):
        assert said in chapter
    assert re.search(r"Forgotten are the 5 .*: .*Käthe Müller", chapter)


def test_an_opt_out_travels_and_an_opt_in_is_asked(told: Told) -> None:
    """Ben Carter's opt-out reaches HubSpot; the tick that was taken away again becomes a question; Kofi Mensah's form is known in both CRMs."""
    assert 'Ben Carter HubSpot: hs_email_optout (blank) → "true"' in told.text
    assert "HubSpot keeps him out, and a person is asked" in told.text
    assert re.search(r'Kofi Mensah [^.]*\. HubSpot: hs_email_optout \(blank\) → "true"', told.text)


def test_who_changed_an_owner_is_named(told: Told) -> None:
    """Salesforce's own history says whose hand it was."""
    assert 'owner "omar@acme.example" → "jane@acme.example", edited in Salesforce by Jane Novak' in told.text


@pytest.mark.parametrize("who", [*people.TOLD, *people.EDITED, people.ADA, people.OLIVIA, people.KOFI], ids=lambda who: who.name)
def test_everybody_of_the_cast_is_told_of(told: Told, who: people.Someone) -> None:
    """No story is dropped on the way."""
    assert who.name in told.out


def test_nothing_secret_is_printed(told: Told) -> None:
    """The sandboxes' secrets are invented, and yet treated like any other."""
    secrets = [value for name, value in told.environment.items() if name not in URLS]
    assert len(secrets) == 4
    assert not [secret for secret in secrets if secret in told.out or secret in told.err]


# ---- what it leaves --------------------------------------------------------------------------------------------------------------------


def test_both_sandboxes_are_gone_afterwards(told: Told) -> None:
    """The demo leaves no process behind."""
    assert not [url for name in URLS if listens(url := told.environment[name])]


def test_the_form_is_taken_by_a_server_that_ends_with_its_chapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`leadhub serve` keeps what is posted, and nobody listens there afterwards."""
    prepare(tmp_path / "demo")
    for name in ("SALESFORCE_LOGIN_URL", "SALESFORCE_CLIENT_ID", "SALESFORCE_CLIENT_SECRET", "HUBSPOT_BASE_URL", "HUBSPOT_TOKEN"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("WEBSITE_TOKEN", "a-token-of-this-test")
    with serving(tmp_path / "demo") as url:
        assert post(url, "website", "a-token-of-this-test", {"email": "ada.quill@westwind-press.example"}) == 202
        assert post(url, "website", "another-token-altogether", {"email": "ada.quill@westwind-press.example"}) == 404
    assert gone(url)


def test_a_server_that_does_not_start_is_told(tmp_path: Path) -> None:
    """Its own words are passed on: here, that there is no configuration."""
    with pytest.raises(LeadhubError, match=r"leadhub serve did not start: .*leadhub\.toml"), serving(tmp_path):
        pass


def test_a_kept_folder_holds_its_secrets_in_one_file_for_its_owner(told: Told) -> None:
    """Only sandboxes.env has secrets; the configuration is the example's, with the pinned orgs added."""
    secrets = [value for name, value in told.environment.items() if name not in URLS]
    config = (told.folder / "leadhub.toml").read_text(encoding="utf-8")
    assert not [secret for secret in secrets if secret in config]
    kept = [line for line in config.splitlines() if not line.startswith("org = ")]
    assert [line.split() for line in kept if line] == [
        line.split() for line in (FILES / "leadhub.toml").read_text(encoding="utf-8").splitlines() if line
    ]
    assert stat.S_IMODE((told.folder / "sandboxes.env").stat().st_mode) == 0o600


def test_a_kept_folder_passes_the_check(told: Told) -> None:
    """What the demo leaves is a deployment like any other."""
    command = [sys.executable, "-m", "leadhub.cli.app", "-C", str(told.folder), "config", "check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=os.environ | told.environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "leadhub.toml is fine" in done.stdout


@pytest.fixture
def restarted(told: Told, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """The kept sandboxes, started again by the script that lies beside the deployment."""
    for name, value in told.environment.items():
        monkeypatch.setenv(name, value)
    script = subprocess.Popen([sys.executable, told.folder / "sandboxes.py"], stdout=subprocess.PIPE, text=True)
    with script:
        assert script.stdout is not None
        said = [script.stdout.readline() for _ in range(3)]
        assert said[-1].startswith("Ctrl-C"), said
        yield told
        script.send_signal(signal.SIGINT)
        assert script.wait(15) == 0


def test_a_kept_deployment_goes_on_where_the_demo_ended(restarted: Told) -> None:
    """With its sandboxes started again nothing is to be done; an edit made then travels."""
    salesforce = sandboxes.Salesforce("Salesforce", restarted.environment[URLS[0]])
    hub = open_hub(restarted.folder)
    with contextlib.closing(salesforce), contextlib.closing(hub.store):
        calm = sync(hub)
        assert (calm.status, sum(c.created + c.updated + c.refused for c in calm.systems.values())) == ("ok", 0)
        lead = next(id_ for id_, row in salesforce.everyone().items() if row["Email"] == people.AIKO.email)
        salesforce.edit(lead, {"Title": "Head of Product"})
        busy = sync(hub)
        assert (busy.systems["salesforce"].updated, busy.systems["hubspot"].updated) == (0, 1)
        with hub.store.read() as tx:
            started = [run.started_at for run in tx.runs.list(limit=50)]
        assert started == sorted(started, reverse=True), "the story's runs lie in the past, in their order"


def test_a_folder_in_use_is_not_touched(tmp_path: Path) -> None:
    """`--keep` overwrites nothing: it says so and what to do."""
    (tmp_path / "leadhub.toml").write_text("mine", encoding="utf-8")
    code, out = in_process(tmp_path)
    assert code == 1
    assert "not empty" in out
    assert "leadhub demo --keep" in out
    assert [path.name for path in tmp_path.iterdir()] == ["leadhub.toml"]


# ---- when it goes wrong ----------------------------------------------------------------------------------------------------------------


def test_a_story_that_does_not_come_true_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo looks into the sandboxes: if a CRM shows something else than was told, it ends with 1, the step and what is not so."""

    def seed_with_a_meddler(both: Sandboxes) -> dict[str, dict[str, str]]:
        ids = people_seed(both)
        meddler = {"object": "Lead", "when": {"Title": "Lab Director"}, "set": {"Title": "Janitor"}}
        both.salesforce.order("settings", {"automations": [meddler]})
        return ids

    people_seed = people.seed
    monkeypatch.setattr(people, "seed", seed_with_a_meddler)
    before = dict(os.environ)
    code, out = in_process(None)
    assert code == 1
    assert 'Step 6: it is not so that Salesforce shows Title "Lab Director" for Hannah Berg (it shows "Janitor").' in out
    assert dict(os.environ) == before


def test_without_the_sandbox_plugin_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing plugin is no traceback."""
    monkeypatch.setattr(sandboxes, "find_spec", lambda name: None)
    code, out = in_process(None)
    assert code == 1
    assert "pip install leadhub-sandbox" in out


def test_a_sandbox_that_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own last words are passed on."""
    monkeypatch.setattr(sandboxes.sys, "executable", "/bin/false")
    code, out = in_process(None)
    assert code == 1
    assert "The sandbox did not start" in out


def test_a_demo_that_is_killed_leaves_no_sandbox() -> None:
    """The sandboxes end with the process that started them, even if it had no time to say goodbye."""
    script = "from leadhub.demo.sandboxes import started\nwith started() as both: print(both.hubspot.url, flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        url = parent.stdout.readline().strip()
        assert listens(url)
        parent.kill()
    assert gone(url)


# ---- its parts -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "lines"), [(120, 2), (60, 4)])
def test_a_table_fits_the_terminal(width: int, lines: int) -> None:
    """What has no room beside the other columns stands beneath them; nothing is cut."""
    out = StringIO()
    rows = [(number, "Open - Not Contacted", "an MQL, new to sales, still open") for number in (7, 12)]
    Page(Console(file=out, width=width)).table(rows)
    shown = out.getvalue().splitlines()
    assert len(shown) == lines
    assert max(map(len, shown)) <= width
    assert " ".join(out.getvalue().split()).count("Open - Not Contacted an MQL, new to sales, still open") == len(rows)


def test_nobody_of_the_crowd_is_somebody_else() -> None:
    """Apart from those meant to be taken for each other, no two people share an address, a name or a number."""
    everyone = [*people.crowd(), *people.CAST]
    shared = {people.ROSA.email, people.CHRIS.email}
    emails = [someone.email for someone in everyone if someone.email not in shared]
    assert len(set(emails)) == len(emails)
    assert len({someone.phone for someone in everyone}) == len({someone.name for someone in everyone}) == len(everyone)
    assert all(email.endswith(".example") for email in emails)


@pytest.mark.parametrize(
    ("method", "path", "writes"),
    [
        ("GET", "/services/data/v66.0/queryAll/", False),
        ("POST", "/services/oauth2/token", False),
        ("POST", "/services/data/v66.0/composite/sobjects/Lead", False),
        ("PATCH", "/services/data/v66.0/composite/sobjects", True),
        ("PATCH", "/services/data/v66.0/composite/sobjects/Lead/LeadhubId__c", True),
        ("POST", "/services/data/v66.0/composite/sobjects", True),
        ("POST", "/crm/objects/2026-03/contacts/search", False),
        ("POST", "/crm/objects/2026-03/contacts/batch/read", False),
        ("POST", "/crm/objects/2026-03/contacts/batch/upsert", True),
        ("POST", "/crm/objects/2026-03/contacts/batch/update", True),
    ],
)
def test_calls_that_write_are_told_from_those_that_read(method: str, path: str, writes: bool) -> None:
    """The claim of zero writes rests on the CRMs' own journals, read by this rule."""
    assert is_write({"method": method, "path": path}) is writes
