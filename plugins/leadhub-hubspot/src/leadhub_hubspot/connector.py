"""The HubSpot connector: what leadhub calls, each method handed to the module that knows how."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import ClassVar

from pydantic import BaseModel

from leadhub import (
    AccessDenied,
    Author,
    Change,
    ConfigError,
    Context,
    Cursor,
    FatalError,
    FieldDescription,
    Finding,
    Identity,
    Need,
    ObjectMapping,
    Outcome,
    Owner,
    Page,
    Proof,
    Record,
    Trial,
    Usage,
)
from leadhub_hubspot.client import BATCH_LIMIT, Client
from leadhub_hubspot.describing import describe
from leadhub_hubspot.examining import Examiner
from leadhub_hubspot.history import Historian
from leadhub_hubspot.kinds import CONTACT, DEAL, LEAD
from leadhub_hubspot.mapping import CONTACTS, DEALS, LEADS, MAPPINGS
from leadhub_hubspot.proving import TRIALS, Prover
from leadhub_hubspot.pull import Puller
from leadhub_hubspot.reader import Reader
from leadhub_hubspot.settings import Settings
from leadhub_hubspot.writer import Writer, require_unique_property

NOT_PRODUCTION = frozenset({"DEVELOPER_TEST", "SANDBOX", "APP_DEVELOPER"})


class HubSpot:
    """Contacts of one HubSpot account, through a service key; on request its deals, read, and its leads (0-136), read and moved."""

    name: ClassVar[str] = "hubspot"
    settings_model: ClassVar[type[BaseModel]] = Settings
    mappings: ClassVar[tuple[ObjectMapping, ...]] = MAPPINGS
    batch_size: ClassVar[int] = BATCH_LIMIT
    archives: ClassVar[bool] = True
    side_by_side: ClassVar[int] = 4
    trials: ClassVar[tuple[Trial, ...]] = TRIALS

    def __init__(self, context: Context) -> None:
        settings: Settings = context.settings
        self._settings = settings
        self._log = context.log
        self._clock = context.clock
        self._client = Client(context, settings)
        kinds = [CONTACT, *([DEAL] if settings.deals else []), *([LEAD] if settings.leads else [])]
        self._readers = {kind.name: Reader(self._client, context.wanted.get(kind.name, ()), kind) for kind in kinds}
        self._puller = Puller(self._client, tuple(self._readers.values()), timedelta(minutes=settings.overlap_minutes), context.log)
        self._historian = Historian(self._client, settings.external_id)
        self._writers = {CONTACTS: Writer(self._client, external_id=settings.external_id, owner=settings.owner_on_create)}
        if settings.leads:
            self._writers[LEADS] = Writer(self._client, of=LEADS)

    def check(self) -> Identity:
        """Say which account answers. An account type that is not known to be for trying counts as production.

        What would only stop creates (no external-id property, no such owner) is a warning here and an error when a create comes.
        """
        account, _ = self._client.account()
        portal, kind = str(account.get("portalId", "")), str(account.get("accountType", ""))
        self._warn_of_creates()
        return Identity(
            org=portal,
            name=f"HubSpot account {portal} ({account.get('uiDomain') or 'app.hubspot.com'}, {kind or 'type unknown'})",
            production=kind not in NOT_PRODUCTION,
            user="OAuth app" if self._settings.token is None else "service key",
        )

    def _warn_of_creates(self) -> None:
        external, owner = self._settings.external_id, self._settings.owner_on_create
        needs: list[Callable[[], object]] = [partial(require_unique_property, self._client, external)] if external is not None else []
        needs += [partial(self._client.owner_id, owner)] if owner is not None else []
        for need in needs:
            try:
                need()
            except (ConfigError, AccessDenied) as error:  # a scope that lacks is told by its name in `examine`
                self._log.warning("hubspot.creates_will_fail", reason=str(error), next_step=error.next_step)

    def pull(self, since: Cursor | None) -> Iterator[Page]:
        """Yield all contacts, then all deals and leads if wanted, or what changed since the cursor less the overlap (settings: overlap_minutes)."""
        return self._puller.pull(since)

    def push(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Write up to 100 records of one object; a life cycle stage is accepted only when HubSpot's answer shows it."""
        name = changes[0].object if changes else CONTACTS
        if name not in self._writers:
            raise ConfigError(f"This connector writes HubSpot's {' and '.join(self._writers)}, not {name}.")
        return self._writers[name].push(changes)

    def reread(self, object_name: str, ids: Sequence[str]) -> Mapping[str, Record]:
        """Return records as they are now; merged, archived and purged ones come with `gone`."""
        return self._reader(object_name).reread(ids)

    def find(self, object_name: str, keys: Collection[str]) -> Mapping[str, Record]:
        """Return the contacts that carry these keys; leadhub makes nothing else. Raises FatalError without an external-id property: nobody can tell."""
        reader = self._reader(object_name)
        if object_name != CONTACTS:
            return {}
        if self._settings.external_id is None:
            raise FatalError(
                "A contact whose create got no answer cannot be looked for: no property carries leadhub's key.",
                next_step="set external_id, or look for the contact in HubSpot",
            )
        require_unique_property(self._client, self._settings.external_id)
        return reader.find(keys, self._settings.external_id)

    def describe(self, object_name: str) -> Mapping[str, FieldDescription]:
        """Return every property that the key can see, with the options that people are shown, in the account's order."""
        return describe(self._client, self._reader(object_name))

    def examine(self, needs: Sequence[Need]) -> Iterator[Finding]:
        """Yield what leadhub's key may and may not do in this account, in some six calls."""
        return Examiner(self._client, self._settings, self._clock.now).examine(needs)

    def prove(self, mark: str) -> Iterator[Proof]:
        """Try what only a live account can prove, on marked records that are removed again: for a test account alone."""
        return Prover(self._client, self._settings, self._clock, mark).prove()

    def authors(self, object_name: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[tuple[str, str], Author]:
        """Return who set each present value, from HubSpot's property history: a person, leadhub itself, or another program; nothing of deals."""
        self._reader(object_name)
        return {} if object_name == DEALS else self._historian.authors(ids, fields, object_name)

    def owners(self) -> Iterator[Owner]:
        """Yield every user that can own a contact, then those who have left. HubSpot has no queues. Needs the scope crm.objects.owners.read."""
        for archived in (False, True):
            for owner in self._client.owners(archived=archived):
                name = " ".join(part for part in (owner.get("firstName"), owner.get("lastName")) if part)
                owner_id, email = str(owner["id"]), owner.get("email")
                yield Owner(id=owner_id, name=name or email or f"owner {owner_id}", email=email, active=not archived)

    def usage(self) -> Usage:
        """Return this instance's calls and the account's daily allowance."""
        return self._client.usage()

    def _reader(self, object_name: str) -> Reader:
        if object_name not in self._readers:
            raise ConfigError(f"This connector knows HubSpot's {' and '.join(self._readers)}, not {object_name}.")
        return self._readers[object_name]
