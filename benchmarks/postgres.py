"""A PostgreSQL server of a benchmark's own, as durable as one in earnest (fsync on), that goes with it."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def programs() -> Path:
    """Return the folder of PostgreSQL's server programs; Debian keeps it off the path."""
    on_path = [Path(found).resolve().parent for found in (shutil.which("postgres"),) if found]
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in (*installed, *on_path):
        if (folder / "initdb").exists():
            return folder
    raise SystemExit("no PostgreSQL here: install its server (Debian: apt-get install postgresql)")


@contextmanager
def server(*settings: str) -> Iterator[str]:
    """Start one with an empty database and give its URL. PostgreSQL refuses to run as root: Debian's package brings a user for it."""
    user = "postgres" if os.geteuid() == 0 else None
    folder, binaries = Path(tempfile.mkdtemp(prefix="leadhub-pg-")), programs()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    if user:
        shutil.chown(folder, user)

    def run(*command: str) -> None:
        extra = [] if user else None
        subprocess.run(command, user=user, group=user, extra_groups=extra, cwd=folder, check=True, stdout=subprocess.DEVNULL)

    options = [f"-p {port}", "-c listen_addresses=127.0.0.1", "-c unix_socket_directories=''", *(f"-c {setting}" for setting in settings)]
    control = [str(binaries / "pg_ctl"), "--pgdata", str(folder / "data"), "--wait", "--log", str(folder / "log")]
    try:
        run(str(binaries / "initdb"), "--pgdata", str(folder / "data"), "--username=leadhub", "--auth=trust", "--encoding=UTF8")
        run(*control, "--options", " ".join(options), "start")
        try:
            yield f"postgresql+psycopg://leadhub@127.0.0.1:{port}/postgres"
        finally:
            run(*control, "--mode=immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
