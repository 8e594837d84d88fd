"""The demo's deployment: the example of `config/`, written into a folder, and what is left there when the folder is to be kept."""

import json
import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from leadhub.demo.sandboxes import Sandboxes
from leadhub.errors import ConfigError

FILES = files("leadhub.demo") / "files"
CSV, GERMAN_CSV = "inbox/tradeshow-2026-11-12.csv", "inbox/messe-2026-11-18.csv"
ENV, STATE, SCRIPT = "sandboxes.env", "sandboxes.json", "sandboxes.py"
_LATER = {SCRIPT, Path(GERMAN_CSV).name}
"""What is not there when the story begins."""

_ENV_HEAD = """\
# Where the two sandboxes of `leadhub demo --keep` listen, and their secrets. leadhub.toml names these variables and holds no secret itself.
# These secrets are invented and open nothing. Those of a real system belong into your secret store, never into a file like this one.
#
#   python sandboxes.py                   start both sandboxes again (in a terminal of their own)
#   . ./sandboxes.env                     make the names known to the shell in which you type leadhub's commands
"""


def prepare(folder: Path) -> None:
    """Write the deployment. Raises ConfigError if the folder holds anything already."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} is there already and not empty; the demo overwrites nothing.", next_step="leadhub demo --keep ANOTHER-DIR")
    _copy(FILES, folder)


def _copy(source: Traversable, to: Path) -> None:
    to.mkdir(parents=True, exist_ok=True)
    for entry in source.iterdir():
        if entry.is_dir():
            if entry.name != "__pycache__":
                _copy(entry, to / entry.name)
        elif entry.name not in _LATER:
            (to / entry.name).write_bytes(entry.read_bytes())


def deliver_german_list(folder: Path) -> None:
    """Put the second trade show's list where the configuration looks for it."""
    (folder / GERMAN_CSV).write_bytes((FILES / GERMAN_CSV).read_bytes())


def mend_german_list(folder: Path) -> None:
    """Correct the one address in it that is none, as a person does."""
    path = folder / GERMAN_CSV
    path.write_bytes(path.read_bytes().replace(b"(at)", b"@"))


def keep(folder: Path, sandboxes: Sandboxes) -> None:
    """Leave what it takes to go on: the script that starts the sandboxes again, all that they hold, and the environment that the configuration names."""
    (folder / SCRIPT).write_bytes((FILES / SCRIPT).read_bytes())
    state, path = folder / STATE, folder / ENV
    state.write_text(json.dumps(sandboxes.snapshot()), encoding="utf-8")
    lines = [f"export {name}={shlex.quote(value)}" for name, value in sandboxes.environment.items()]
    lines.append('export NO_PROXY="127.0.0.1,${NO_PROXY:-}" no_proxy="127.0.0.1,${no_proxy:-}"')
    path.write_text(_ENV_HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    for secret in (state, path):
        secret.chmod(0o600)


def no_proxy() -> dict[str, str]:
    """Return the environment in which calls to this machine go around any proxy."""
    return {name: ",".join(filter(None, ["127.0.0.1", os.environ.get(name)])) for name in ("NO_PROXY", "no_proxy")}


@contextmanager
def environment(names: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for a block, and put back what was there."""
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
