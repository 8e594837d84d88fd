"""What every group of operations is built on."""

from dataclasses import dataclass

from sqlalchemy import Connection

from leadhub.clock import Clock


@dataclass(frozen=True, slots=True)
class Repository:
    """Operations on some tables within one transaction."""

    connection: Connection
    clock: Clock
