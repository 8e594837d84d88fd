"""The distribution stands alone: its wheel, without leadhub anywhere, brings the fixtures, the console's style and the types."""

import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parents[1]
BLOCK = re.compile(r"^`(?P<path>[\w.]+)`:\n\n```python\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
ALONE = """
from importlib.util import find_spec

def test_leadhub_is_nowhere() -> None:
    assert find_spec("leadhub") is None
    assert find_spec("leadhub_salesforce") is None
"""
STATES = """
from datetime import UTC, datetime
import pytest
from leadhub_sandbox.orders import RefusedError

SEEN = []

@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_finds_everything_as_at_the_start(salesforce_sandbox, hubspot_sandbox, sandbox_clock, turn):
    assert abs((sandbox_clock.now() - datetime.now(UTC)).total_seconds()) < 60
    assert salesforce_sandbox.order("settings")["page_size"] == 2000
    assert (salesforce_sandbox.journal, salesforce_sandbox.orders.get("faults")["waiting"]) == ([], [])
    sandbox_clock.set(datetime(2020, 1, 1, tzinfo=UTC))
    SEEN.append((
        salesforce_sandbox.url,
        salesforce_sandbox.order("create", object="Lead", fields={"LastName": "Lee", "Company": "Acme"}),
        hubspot_sandbox.order("create", properties={"email": "ann@acme.example"}),
    ))
    salesforce_sandbox.order("settings", page_size=5)
    salesforce_sandbox.fault("slow", times=9)
    with pytest.raises(RefusedError, match="REQUIRED_FIELD_MISSING"):
        salesforce_sandbox.order("create", object="Lead", fields={})

def test_the_server_stays_and_the_same_calls_give_the_same():
    assert SEEN[0] == SEEN[1]
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel holds, which was built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=PLUGIN, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "site")
    return folder / "site"


def run(site: Path, folder: Path, *arguments: str) -> str:
    """Run pytest in a folder with the wheel and the test tools alone: without `site`, what leads to leadhub's sources is not followed."""
    path = os.pathsep.join(dict.fromkeys((str(site), sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST") and not name.lower().endswith("_proxy")}
    command = [sys.executable, "-S", "-m", "pytest", "-p", "no:cacheprovider", "-q", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment | {"PYTHONPATH": path}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_brings_all_that_it_needs(site: Path) -> None:
    """Types, style and entry points are in it; lark is all that it depends on, pytest an extra."""
    assert all((site / "leadhub_sandbox" / name).is_file() for name in ("py.typed", "console/style.css", "pytest_plugin.py"))
    metadata = next(site.glob("*.dist-info/METADATA")).read_text(encoding="utf-8")
    assert re.findall(r"^Requires-Dist: (.*)$", metadata, re.MULTILINE) == ["lark>=1.2", "pytest>=8; extra == 'pytest'"]
    assert "leadhub_sandbox = leadhub_sandbox.pytest_plugin" in next(site.glob("*.dist-info/entry_points.txt")).read_text(encoding="utf-8")


def test_the_readmes_example_runs_where_leadhub_is_not(site: Path, tmp_path: Path) -> None:
    """The block is a file, its tests pass with no conftest.py, and leadhub cannot be imported there."""
    blocks = {found["path"]: found["text"] for found in BLOCK.finditer((PLUGIN / "README.md").read_text(encoding="utf-8"))}
    for name, text in {**blocks, "test_alone.py": ALONE}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert list(blocks) == ["test_example.py"]
    assert "5 passed" in run(site, tmp_path)


def test_every_test_begins_anew_on_servers_that_stay(site: Path, tmp_path: Path) -> None:
    """Records, settings, faults, journal and clock are as at the start; the same calls give the same ids."""
    (tmp_path / "test_states.py").write_text(STATES, encoding="utf-8")
    assert "3 passed" in run(site, tmp_path)


def test_the_plugin_costs_a_run_without_it_next_to_nothing() -> None:
    """Every run of pytest loads the plugin: neither CRM, nor lark, is imported before a test asks for it."""
    script = "import sys, leadhub_sandbox.pytest_plugin; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not {"lark", "leadhub_sandbox.salesforce", "leadhub_sandbox.hubspot"} & set(loaded)
