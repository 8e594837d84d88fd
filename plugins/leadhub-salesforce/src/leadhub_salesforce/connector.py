"""The Salesforce connector: Leads and the Contacts they become, read and written, and Opportunities, read."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar

from pydantic import BaseModel

from leadhub import (
    AccessDenied,
    Author,
    Change,
    Context,
    Cursor,
    FatalError,
    FieldDescription,
    Finding,
    Identity,
    Need,
    ObjectMapping,
    Operation,
    Outcome,
    Owner,
    Page,
    Proof,
    Record,
    Trial,
    Usage,
)
from leadhub_salesforce.client import Client
from leadhub_salesforce.converting import AT_ONCE, Converter
from leadhub_salesforce.errors import ReadRefused
from leadhub_salesforce.examining import Examiner
from leadhub_salesforce.mapping import CONTACT, LEAD, MAPPINGS, OPPORTUNITY, ROLES
from leadhub_salesforce.people import People
from leadhub_salesforce.position import OVERLAP, Progress
from leadhub_salesforce.proving import TRIALS, Prover
from leadhub_salesforce.pulling import Pull
from leadhub_salesforce.reading import ALL_CONTACTS, CONVERTED_CONTACTS, LEADS, OPPORTUNITIES, Deals, Reader
from leadhub_salesforce.schema import Schema
from leadhub_salesforce.settings import Settings
from leadhub_salesforce.tracing import trace
from leadhub_salesforce.values import full_id
from leadhub_salesforce.writing import BATCH, Writer

SCHEMA_AGE = timedelta(seconds=60)
"""For how long a describe is believed: many batches follow each other within a run, and an administrator's change is not missed for long."""

_GRANT = "give leadhub's user the permissions that the plugin's README lists"
_CONVERTED = "SELECT ApiName FROM LeadStatus WHERE IsConverted = true ORDER BY SortOrder"


class SalesforceConnector:
    """Leads and Contacts of one Salesforce org, over its REST API."""

    name: ClassVar[str] = "salesforce"
    settings_model: ClassVar[type[BaseModel]] = Settings
    mappings: ClassVar[tuple[ObjectMapping, ...]] = MAPPINGS
    batch_size: ClassVar[int] = BATCH
    archives: ClassVar[bool] = True
    side_by_side: ClassVar[int] = 4
    trials: ClassVar[tuple[Trial, ...]] = TRIALS
    converts: ClassVar[int] = AT_ONCE

    def __init__(self, context: Context) -> None:
        self._context = context
        self._settings: Settings = context.settings
        self._client = Client(self._settings, context.clock)
        self._known: dict[str, tuple[datetime, Schema]] = {}
        contacts = ALL_CONTACTS if self._settings.contacts == "all" else CONVERTED_CONTACTS
        self._readers = {
            kind.object: Reader(kind, self._client, context.wanted.get(kind.object, ()), partial(self._schema, kind.object))
            for kind in (LEADS, contacts)
        }
        if self._settings.opportunities:
            wanted = tuple(name for name in context.wanted.get(OPPORTUNITY, ()) if name != ROLES)
            self._readers[OPPORTUNITY] = Deals(OPPORTUNITIES, self._client, wanted, partial(self._schema, OPPORTUNITY))
        self._writer = Writer(self._client, self._settings, self._schema, self._readers[LEAD].saved)
        self._converter = Converter(self._client, self._settings, self._readers[LEAD], self._schema)
        self._people = People(self._client, self._schema)

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
        """Yield every Lead changed since the cursor, then the Contacts that `contacts` chooses, then Opportunities if wanted, oldest change first.

        Deleted and merged ones are among them. Each pull overlaps the last by 11 minutes. A Contact also comes with the Lead that was converted
        into it. A failed `next` may be called again.
        """
        which = self._settings.contacts
        contacts = None if which == "none" else self._readers[CONTACT]
        progress = Progress.parse(since, which, opportunities=self._settings.opportunities)
        return Pull(self._readers[LEAD], contacts, self._readers.get(OPPORTUNITY), progress)

    def push(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Create, update, archive or convert Leads, update Contacts; see `Writer.push` and `Converter.push`.

        Salesforce returns neither stamps nor values, so no outcome has any but what a conversion is known to set.
        """
        converts = any(change.operation is Operation.CONVERT for change in changes)
        return self._converter.push(changes) if converts else self._writer.push(changes)

    def reread(self, object_name: str, ids: Sequence[str]) -> Mapping[str, Record]:
        """Return records as they are now, by the id asked for."""
        return self._reader(object_name).reread(ids)

    def find(self, object_name: str, keys: Collection[str]) -> Mapping[str, Record]:
        """Return the records that carry leadhub's keys.

        leadhub makes no Contacts: one has a key only where the org copies the Lead's on conversion. Raises FatalError for Leads without an
        `external_id`: silence would read as "not there".
        """
        reader, name = self._reader(object_name), self._settings.external_id
        field = self._schema(object_name).fields.get(name or "")
        if field is not None and field.names_one:
            return reader.find(field.name, keys)
        if object_name != LEAD:
            return {}
        why = "no external_id is set." if name is None else f"Lead.{name} is not {'unique and an external id' if field else 'there'}."
        raise FatalError(
            f"Leads cannot be found by leadhub's key: {why}",
            next_step="create a text field on Lead (64, unique, external id), give leadhub's user access, and name it as external_id",
        )

    def trace(self, object_name: str, changes: Sequence[Change], since: datetime) -> Mapping[str, Record]:
        """Return the Leads that can only have come from these creates, by what was sent and by who made them; for orgs without an `external_id`."""
        if object_name != LEAD:
            return {}
        age = max(self._context.clock.now() - since, timedelta(0))
        return trace(self._client, self._readers[LEAD], changes, age)

    def describe(self, object_name: str) -> Mapping[str, FieldDescription]:
        """Return every field of an object that this login sees; none of a Contact that is out of its sight."""
        self._reader(object_name)
        return self._schema(object_name, fresh=True).describe()

    def examine(self, needs: Sequence[Need]) -> Iterator[Finding]:
        """Yield what leadhub's user may and may not do in this org; some ten calls, and one query more for each object."""
        return Examiner(self._client, self._settings, self._context.clock.now, OVERLAP).examine(needs)

    def prove(self, mark: str) -> Iterator[Proof]:
        """Try what only a live account can prove, on marked records that are removed again: for a test account alone."""
        return Prover(self._client, self._settings, mark).prove()

    def owners(self) -> Iterator[Owner]:
        """Yield the users, inactive ones too, and the queues."""
        return self._people.owners()

    def authors(self, object_name: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[tuple[str, str], Author]:
        """Return who set the present values, from field history; nothing for fields that the org does not track, and of Opportunities."""
        self._reader(object_name)
        return {} if object_name == OPPORTUNITY else self._people.authors(object_name, ids, fields)

    def modified(self, object_name: str, ids: Sequence[str]) -> Mapping[str, Author]:
        """Return who saved the records last and when, by the id asked for: for all of them one call per 2,000, and one for names not yet known."""
        self._reader(object_name)
        return self._people.modified(object_name, ids)

    def usage(self) -> Usage:
        """Return this instance's calls, and the org's daily allowance as last heard."""
        return self._client.usage()

    def _reader(self, object_name: str) -> Reader:
        if object_name not in self._readers:
            raise FatalError(f"This connector knows {' and '.join(self._readers)}, not {object_name}.")
        return self._readers[object_name]

    def _schema(self, object_name: str, *, fresh: bool = False) -> Schema:
        now, known = self._context.clock.now(), self._known.get(object_name)
        if not fresh and known is not None and now - known[0] < SCHEMA_AGE:
            return known[1]
        schema = self._read_schema(object_name)
        if known is None or known[1].fields.keys() != schema.fields.keys():
            self._warn_of_hidden(object_name, schema)
        self._known[object_name] = (now, schema)
        return schema

    def _read_schema(self, object_name: str) -> Schema:
        """Read a describe. A Contact that is out of sight is a Schema without fields: Leads are kept in sync all the same."""
        if object_name == LEAD:
            statuses = self._client.query(_CONVERTED)["records"]
            return Schema.parse(self._client.describe(LEAD), [row["ApiName"] for row in statuses])
        try:
            return Schema.parse(self._client.describe(object_name))
        except ReadRefused as error:
            if error.code != "NOT_FOUND":
                raise
            return Schema({})

    def _warn_of_hidden(self, object_name: str, schema: Schema) -> None:
        hidden = sorted(
            {field for field in self._context.wanted.get(object_name, ()) if field not in schema.fields} - {ROLES, self._settings.external_id}
        )
        if hidden:
            self._context.log.warning("salesforce.fields_not_visible", system=self._context.system, object=object_name, fields=hidden)
