"""The Salesforce connector: Leads, read and written."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import BaseModel

from leadhub import AccessDenied, Change, Context, Cursor, FatalError, FieldDescription, Identity, ObjectMapping, Outcome, Page, Record, Usage
from leadhub_salesforce.client import Client
from leadhub_salesforce.mapping import LEAD, MAPPINGS
from leadhub_salesforce.reading import Position, Pull, Reader
from leadhub_salesforce.schema import Schema
from leadhub_salesforce.settings import Settings
from leadhub_salesforce.values import full_id
from leadhub_salesforce.writing import BATCH, Writer

SCHEMA_AGE = timedelta(seconds=60)
"""For how long a describe is believed: many batches follow each other within a run, and an administrator's change is not missed for long."""

_GRANT = "give leadhub's user the permissions that the plugin's README lists"
_CONVERTED = "SELECT ApiName FROM LeadStatus WHERE IsConverted = true ORDER BY SortOrder"


class SalesforceConnector:
    """Leads of one Salesforce org, over its REST API, logged in by client credentials."""

    name: ClassVar[str] = "salesforce"
    settings_model: ClassVar[type[BaseModel]] = Settings
    mappings: ClassVar[tuple[ObjectMapping, ...]] = MAPPINGS
    batch_size: ClassVar[int] = BATCH

    def __init__(self, context: Context) -> None:
        self._context = context
        self._settings: Settings = context.settings
        self._client = Client(self._settings)
        self._known: tuple[datetime, Schema] | None = None
        self._reader = Reader(self._client, context.wanted.get(LEAD, ()), self._schema)
        self._writer = Writer(self._client, self._settings, self._schema)

    def check(self) -> Identity:
        """Say which org answers and as whom."""
        user = self._client.user_info()
        rows = self._client.query("SELECT Id, Name, IsSandbox FROM Organization LIMIT 1")["records"]
        if not rows:
            raise AccessDenied("leadhub's user may not read the Organization, so nobody can tell which org this is.", next_step=_GRANT)
        org = rows[0]
        return Identity(
            org=full_id(org["Id"]),
            name=org["Name"],
            production=not org["IsSandbox"],
            user=str(user.get("preferred_username", "")),
            user_id=str(user.get("user_id", "")),
        )

    def pull(self, since: Cursor | None) -> Iterator[Page]:
        """Yield every Lead changed since the cursor, deleted and merged ones among them, oldest change first. Each pull overlaps the last by 11 minutes.

        A failed `next` may be called again.
        """
        return Pull(self._reader, Position.parse(since))

    def push(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Create or update Leads; see `Writer.push`. Salesforce returns neither stamps nor values here, so no outcome has any."""
        return self._writer.push(changes)

    def reread(self, object_name: str, ids: Sequence[str]) -> Mapping[str, Record]:
        """Return Leads as they are now, by the id asked for."""
        _only_lead(object_name)
        return self._reader.reread(ids)

    def find(self, object_name: str, keys: Collection[str]) -> Mapping[str, Record]:
        """Return the Leads that leadhub created under these keys. Raises FatalError without an `external_id`: silence would read as "not there"."""
        _only_lead(object_name)
        field = self._settings.external_id
        if field is None or field not in self._schema().fields:
            raise FatalError(
                "Leads cannot be found by leadhub's key: " + ("no external_id is set." if field is None else f"Lead.{field} is not there."),
                next_step="create a text field on Lead (64, unique, external id), give leadhub's user access, and name it as external_id",
            )
        return self._reader.find(field, keys)

    def describe(self, object_name: str) -> Mapping[str, FieldDescription]:
        """Return every field of Lead that this login sees."""
        _only_lead(object_name)
        return self._schema(fresh=True).describe()

    def usage(self) -> Usage:
        """Return this instance's calls, and the org's daily allowance as last heard."""
        return self._client.usage()

    def _schema(self, *, fresh: bool = False) -> Schema:
        now = self._context.clock.now()
        if not fresh and self._known is not None and now - self._known[0] < SCHEMA_AGE:
            return self._known[1]
        statuses = self._client.query(_CONVERTED)["records"]
        schema = Schema.parse(self._client.describe(LEAD), [row["ApiName"] for row in statuses])
        hidden = sorted({field for field in self._context.wanted.get(LEAD, ()) if field not in schema.fields})
        if hidden and (self._known is None or self._known[1].fields.keys() != schema.fields.keys()):
            self._context.log.warning("salesforce.fields_not_visible", system=self._context.system, object=LEAD, fields=hidden)
        self._known = (now, schema)
        return schema


def _only_lead(object_name: str) -> None:
    if object_name != LEAD:
        raise FatalError(f"This connector knows Lead, not {object_name}.")
