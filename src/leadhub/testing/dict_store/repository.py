"""What every group of operations is built on."""

from leadhub.clock import Clock
from leadhub.store.repository import Repository
from leadhub.testing.dict_store.tables import Tables


class DictRepository(Repository):
    """Operations on some of the tables. There is no connection: an operation of SQL that is not replaced finds none, and fails."""

    held: Tables

    def __init__(self, held: Tables, clock: Clock) -> None:
        object.__setattr__(self, "held", held)
        object.__setattr__(self, "clock", clock)
