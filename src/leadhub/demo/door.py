"""The demo's web form: `leadhub serve` as a process of its own, and what a browser sends to it."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from leadhub.connectors import http
from leadhub.demo.sandboxes import START_SECONDS, STOP_SECONDS
from leadhub.errors import LeadhubError

_LISTENING = re.compile(r"Listening on (http://127\.0\.0\.1:\d+)\.")


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Run `leadhub serve` for a deployment until the block ends, on a free port of this machine; yields its address. Raises LeadhubError."""
    command = [sys.executable, "-m", "leadhub.cli.app", "-C", str(folder.resolve()), "serve", "--port", "0", "--every", "never"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own interpreter and module
    late = threading.Timer(START_SECONDS, process.kill)
    late.start()
    try:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            if found := _LISTENING.search(line):
                late.cancel()
                yield found[1]
                return
            said.append(line.strip())
        raise LeadhubError(f"leadhub serve did not start: {' '.join(said)}", next_step=f"leadhub -C {folder} serve")
    finally:
        late.cancel()
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    """Ask it to end, as Ctrl-C does; kill it if it does not go."""
    process.terminate()
    try:
        process.communicate(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def post(url: str, system: str, token: str, fields: Mapping[str, str]) -> int:
    """Send a form as a browser does; return the status of the answer."""
    client = http.client(url)
    try:
        return client.post(f"/in/{system}/{token}", data=fields).status_code
    finally:
        client.close()
