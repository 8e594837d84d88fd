# ruff: noqa: ARG002 - most types have no rule for most steps, and each step takes what some rule needs
"""What HubSpot does of itself when a record is written. This is what holds for any type; each type's own rules extend it."""

from collections.abc import Container, Mapping

from leadhub_sandbox.hubspot.account import Account
from leadhub_sandbox.hubspot.linker import Wanted
from leadhub_sandbox.hubspot.objects import Objects
from leadhub_sandbox.hubspot.store import Record, Source, Version


class Rules:
    """The steps of a write that differ from type to type. `require` may refuse; the others cannot fail."""

    def __init__(self, account: Account, objects: Objects) -> None:
        self._account = account
        self._objects = objects

    def require(self, record: Record | None, values: Mapping[str, str], links: Wanted) -> None:
        """Raise ApiError for what a create (`record` is None; `links` come with it) or an update lacks."""

    def first_values(self) -> dict[str, str]:
        """Return what HubSpot itself writes on a new record, beside its id, its dates and its source."""
        return {}

    def presets(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return the values that a create gets because it did not say otherwise."""
        return {}

    def may_set(self, record: Record, name: str, value: str, source: Source) -> bool:
        """Say whether a valid value is taken; one that is not is passed over without a word."""
        return True

    def before_set(self, record: Record, name: str, value: str, version: Version) -> None:
        """Do what must be done while the record still has the old value."""

    def after_write(self, record: Record, values: Mapping[str, str], changed: Container[str], source: Source, now: int) -> None:
        """Bring what HubSpot calculates up to date with the record's new values; `changed` are those that it did not have before."""
