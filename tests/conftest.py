"""Fixtures that several test folders share: a PostgreSQL server where one is to be had, and a fresh database of either kind."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, make_url

from leadhub.store import upgrade
from leadhub.store.tables import metadata

_GIVEN = "LEADHUB_TEST_POSTGRES"
_REQUIRED = "LEADHUB_REQUIRE_POSTGRES"


def _binaries() -> Path | None:
    """Find the folder of PostgreSQL's server programs; Debian keeps it off the path."""
    on_path = [Path(program).resolve().parent for program in (shutil.which("postgres"),) if program]
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name), reverse=True)
    return next((folder for folder in [*installed, *on_path] if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A URL of a PostgreSQL server on which databases may be created: the given one, or a private one that lives as long as the tests."""
    if given := os.environ.get(_GIVEN):
        yield given
        return
    binaries = _binaries()
    if binaries is None:
        told = f"no PostgreSQL: set {_GIVEN} to a server's URL, or install it (Debian: apt-get install postgresql)"
        if os.environ.get(_REQUIRED) == "1":
            pytest.fail(told)
        pytest.skip(told)
    yield from _private_server(binaries)


def _private_server(binaries: Path) -> Iterator[str]:
    # PostgreSQL refuses to run as root; Debian's package brings a user for it.
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="leadhub-pg-"))
    port = _free_port()
    if user:
        shutil.chown(folder, user)
    control = [str(binaries / "pg_ctl"), "--pgdata", str(folder / "data"), "--wait", "--log", str(folder / "log")]
    # Durability is leadhub's subject, not PostgreSQL's: a test server may be quick.
    settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off -c full_page_writes=off -c max_connections=50"

    def run(*command: str) -> None:
        done = subprocess.run(
            command, user=user, group=user, extra_groups=[] if user else None, cwd=folder, capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.fail(f"{command[0]} failed: {done.stdout}{done.stderr}")

    try:
        run(str(binaries / "initdb"), "--pgdata", str(folder / "data"), "--username=leadhub", "--auth=trust", "--encoding=UTF8", "--no-sync")
        run(*control, "--options", settings, "start")
        try:
            yield f"postgresql+psycopg://leadhub@127.0.0.1:{port}/postgres"
        finally:
            run(*control, "--mode=immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_admin(postgres_server: str) -> Iterator[Engine]:
    """A connection that may create and drop databases."""
    engine = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


def _create_database(admin: Engine) -> str:
    name = f"leadhub_test_{uuid4().hex[:12]}"
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    return make_url(admin.url).set(database=name).render_as_string(hide_password=False)


def _drop_database(admin: Engine, url: str) -> None:
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")


@pytest.fixture
def empty_postgres_url(postgres_admin: Engine) -> Iterator[str]:
    """The URL of a PostgreSQL database of this test's own, without any table."""
    url = _create_database(postgres_admin)
    yield url
    _drop_database(postgres_admin, url)


@pytest.fixture(scope="session")
def _shared_postgres(postgres_admin: Engine) -> Iterator[Engine]:
    """One database with all tables: making one takes longer than most tests."""
    url = _create_database(postgres_admin)
    upgrade(url)
    engine = create_engine(url)
    yield engine
    engine.dispose()
    _drop_database(postgres_admin, url)


@pytest.fixture
def postgres_url(_shared_postgres: Engine) -> str:
    """The URL of a PostgreSQL store in which nothing is stored yet."""
    with _shared_postgres.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    return _shared_postgres.url.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file with all tables, to be copied."""
    path = tmp_path_factory.mktemp("template") / "leadhub.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of an SQLite store in which nothing is stored yet."""
    return f"sqlite:///{shutil.copy(_sqlite_template, tmp_path / 'leadhub.db')}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a store in which nothing is stored yet, once on each database."""
    return str(request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without any table, once of each kind."""
    return f"sqlite:///{tmp_path / 'empty.db'}" if request.param == "sqlite" else str(request.getfixturevalue("empty_postgres_url"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many schedules were simulated, and how fast."""
    for report in terminalreporter.stats.get("passed", ()):
        for name, value in report.user_properties:
            if name == "schedules":
                terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {value}")
