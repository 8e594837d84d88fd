"""Which version the tables of a database are of, and how they come up to date. Alembic is loaded only where something is to be done."""

from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, func, inspect, select, text

from leadhub.errors import StoreError

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0004"
"""The newest revision in `migrations/versions`."""

_VERSION = "alembic_version"
_LOCK = 0x5C4E  # any number that no other program on this database uses for its advisory locks


def prepare(engine: Engine, where: str, *, upgrade: bool = False) -> None:
    """Make sure that the tables are those of this version of leadhub.

    Raises:
        StoreError: the tables are older and may not be changed without being asked, newer, or not leadhub's.
    """
    with engine.execution_options(leadhub_read=True).begin() as connection:
        if _revision(connection, where) == HEAD:
            return
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        found = _revision(connection, where)  # again, under the lock: another process may have been quicker
        if found == HEAD:
            return
        if found is not None and found not in _revisions():
            raise StoreError(
                f"{where} was made by a newer leadhub (its version is {found}, this one knows up to {HEAD})",
                next_step="install the newer leadhub, or name another store",
            )
        if found is not None and connection.dialect.name == "postgresql" and not upgrade:
            raise StoreError(f"{where} is of version {found}, this leadhub needs {HEAD}", next_step="back it up, then leadhub db upgrade")
        _migrate(connection)


def _revision(connection: Connection, where: str) -> str | None:
    """Return the version of the tables, None for an empty database."""
    tables = inspect(connection).get_table_names()
    if _VERSION in tables:
        version: str | None = connection.execute(text(f"SELECT version_num FROM {_VERSION}")).scalar()  # noqa: S608 - a constant
        return version
    if tables:
        raise StoreError(
            f"{where} holds tables that are not leadhub's ({', '.join(sorted(tables)[:3])})",
            next_step="name another file or database as the store: leadhub wants one of its own",
        )
    return None


def _migrate(connection: Connection) -> None:
    from alembic import command

    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _revisions() -> frozenset[str]:
    from alembic.script import ScriptDirectory

    return frozenset(script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions())


def alembic_config() -> "Config":
    """Return alembic's configuration: no ini file, the migrations of this package."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "leadhub.store:migrations")
    config.set_main_option("path_separator", "os")
    return config
