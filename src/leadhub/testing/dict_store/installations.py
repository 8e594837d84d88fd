"""This installation and others, in dictionaries."""

from dataclasses import replace

from leadhub.model.record import Record
from leadhub.store import OtherInstallation
from leadhub.store.installations import Installations
from leadhub.testing.dict_store.repository import DictRepository
from leadhub.testing.dict_store.tables import utc


class DictInstallations(DictRepository, Installations):
    """This installation, and others by system."""

    def mine(self) -> str | None:
        """See `Installations.mine`."""
        return next(iter(self.held.installation), None)

    def name(self, id_: str) -> str:
        """See `Installations.name`."""
        self.held.writable()
        known = self.mine()
        if known is None:
            self.held.put(self.held.installation, id_, None)
        return known or id_

    def note(self, system: str, id_: str, record: Record) -> None:
        """See `Installations.note`."""
        self.held.writable()
        if (system, id_) not in self.held.others:
            stamp, now = record.stamp and utc(record.stamp), utc(self.clock.now())
            self.held.put(self.held.others, (system, id_), OtherInstallation(system, id_, record.object, record.id, stamp, now))

    def others(self, system: str) -> tuple[OtherInstallation, ...]:
        """See `Installations.others`."""
        return tuple(sorted((one for one in self.held.others.values() if one.system == system), key=lambda one: (one.met_at, one.id)))

    def take_over(self, system: str, id_: str, actor: str) -> None:
        """See `Installations.take_over`."""
        self.held.writable()
        if other := self.held.others.get((system, id_)):
            self.held.put(self.held.others, (system, id_), replace(other, taken_over_by=actor, taken_over_at=utc(self.clock.now())))
