"""The house keeps its own rules: size of files, one version, names that are exported, checks that pass."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import leadhub

ROOT = Path(__file__).parents[2]
SOURCES = sorted(p for p in [*ROOT.glob("src/**/*.py"), *ROOT.glob("plugins/*/src/**/*.py")] if "versions" not in p.parts)
PLUGINS = sorted(p.parent for p in ROOT.glob("plugins/*/pyproject.toml"))
CONNECTORS = [p for p in PLUGINS if p.name != "leadhub-sandbox"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_source_file_is_longer_than_400_lines(path: Path) -> None:
    """A file that a reader can hold in mind."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_the_whole_flow_fits_on_one_screen() -> None:
    """`sync/run.py` is what a newcomer reads first."""
    assert len((ROOT / "src/leadhub/sync/run.py").read_text(encoding="utf-8").splitlines()) <= 110


def test_most_functions_are_short() -> None:
    """At most one function in a hundred has more than 35 lines, and none more than 60."""
    trees = [(path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8"))) for path in SOURCES]
    functions = [(path, node) for path, tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    lengths = [((node.end_lineno or 0) - node.lineno + 1, f"{path}:{node.name}") for path, node in functions]
    long = sorted(item for item in lengths if item[0] > 35)
    assert len(long) <= len(lengths) / 100, long
    assert not [item for item in long if item[0] > 60]


def test_every_distribution_has_one_version() -> None:
    """leadhub and its plugins are released together."""
    versions = {p: tomllib.loads((p / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"] for p in [ROOT, *PLUGINS]}
    assert set(versions.values()) == {leadhub.__version__}, versions


def test_exported_names_are_sorted_and_exist() -> None:
    """What a plugin writer may import is written down once, and is all there is."""
    assert leadhub.__all__ == sorted(leadhub.__all__)
    assert all(hasattr(leadhub, name) for name in leadhub.__all__)


@pytest.mark.parametrize("plugin", CONNECTORS, ids=lambda p: p.name)
def test_every_connector_has_the_same_files(plugin: Path) -> None:
    """Who knows one connector knows where to look in all."""
    package = plugin / "src" / plugin.name.replace("-", "_")
    for name in ("__init__.py", "connector.py", "client.py", "settings.py", "mapping.py", "py.typed"):
        assert (package / name).is_file(), name
    assert len((package / "__init__.py").read_text(encoding="utf-8").splitlines()) <= 25
    assert (plugin / "README.md").is_file()


def _check(*command: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_imports_run_one_way() -> None:
    """The architecture's import contracts hold."""
    done = subprocess.run([str(Path(sys.executable).with_name("lint-imports"))], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_ruff_finds_nothing() -> None:
    """Nearly all rules, each exception argued in pyproject.toml."""
    _check("ruff", "check", ".")


def test_the_code_is_formatted() -> None:
    """One formatter, no discussions."""
    _check("ruff", "format", "--check", ".")


@pytest.mark.timeout(600)
def test_types_are_sound() -> None:
    """mypy strict over the core and every plugin."""
    _check("mypy")
