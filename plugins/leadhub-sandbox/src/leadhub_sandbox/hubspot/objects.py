"""The object types that the account has, as one table, and what the account keeps of each: definitions, records, pipelines."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from leadhub_sandbox.hubspot.pipelines import Pipeline
from leadhub_sandbox.hubspot.schema import Property, Schema, options
from leadhub_sandbox.hubspot.store import Record, RecordStore, Source


@dataclass(frozen=True, slots=True)
class ObjectType:
    """One row of the table: what tells a type of object from another one in paths, answers and scopes."""

    name: str
    singular: str
    type_id: str
    created: str  # the property that tells when a record was created
    modified: str  # the one that tells when it last changed, and that search compares
    defaults: tuple[str, ...]  # properties that come unasked
    after_create: tuple[str, ...]  # properties that the answer to a create shows beside what was sent
    queried: tuple[str, ...]  # properties that a search's `query` looks into
    schema_scope: str  # of its properties and pipelines, without .read or .write
    merges: bool = False  # merging and privacy deletion are for people alone
    pipeline: str = ""  # the property that names a record's pipeline, where the type has pipelines of its own
    stage: str = ""  # and the one that names its stage

    def scope(self, *, reads: bool) -> str:
        """Return the scope of the type's records."""
        return f"crm.objects.{self.name}.{'read' if reads else 'write'}"

    def is_named(self, text: str) -> bool:
        """Say whether a path means this type: HubSpot takes the name, its singular and the id."""
        return text in (self.name, self.singular, self.type_id)


CONTACTS = ObjectType(
    name="contacts",
    singular="contact",
    type_id="0-1",
    created="createdate",
    modified="lastmodifieddate",
    defaults=("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"),
    after_create=("hs_is_unworked", "hs_object_source", "hs_pipeline", "lifecyclestage", "hs_lifecyclestage_lead_date"),
    queried=("email", "firstname", "lastname", "phone", "company"),
    schema_scope="crm.schemas.contacts",
    merges=True,
)
DEALS = ObjectType(
    name="deals",
    singular="deal",
    type_id="0-3",
    created="createdate",
    modified="hs_lastmodifieddate",
    defaults=("amount", "closedate", "createdate", "dealname", "dealstage", "hs_lastmodifieddate", "hs_object_id", "pipeline"),
    after_create=("hs_is_closed", "hs_is_closed_won", "hs_is_closed_lost", "hs_deal_stage_probability", "hs_object_source"),
    queried=("dealname", "pipeline", "dealstage", "description", "dealtype"),
    schema_scope="crm.schemas.deals",
    pipeline="pipeline",
    stage="dealstage",
)
LEADS = ObjectType(
    name="leads",
    singular="lead",
    type_id="0-136",
    created="hs_createdate",
    modified="hs_lastmodifieddate",
    defaults=("hs_createdate", "hs_lastmodifieddate", "hs_object_id"),
    after_create=("hs_object_source", "hs_pipeline", "hs_pipeline_stage"),
    queried=("hs_lead_name",),
    schema_scope="crm.objects.leads",
    pipeline="hs_pipeline",
    stage="hs_pipeline_stage",
)
TYPES = (CONTACTS, DEALS, LEADS)


def type_of(text: str) -> ObjectType | None:
    """Return the type that a path names, or None."""
    return next((entry for entry in TYPES if entry.is_named(text)), None)


class Objects:
    """Everything that the account keeps of one type."""

    def __init__(self, kind: ObjectType, first_id: int, properties: Iterable[Property], pipelines: Iterable[Pipeline] = ()) -> None:
        self.type = kind
        self.schema = Schema(properties)
        self.store = RecordStore(first_id, kind.modified)
        self.pipelines: list[Pipeline] = []
        self.set_pipelines(pipelines)

    def set_pipelines(self, pipelines: Iterable[Pipeline]) -> None:
        """Take these pipelines; they and their stages are what a record's properties may name."""
        self.pipelines = list(pipelines)
        if self.type.pipeline:
            stages = {stage.id: stage.label for entry in self.pipelines for stage in entry.stages}
            self.schema.properties[self.type.stage].options = options(stages)
            self.schema.properties[self.type.pipeline].options = options({entry.id: entry.label for entry in self.pipelines})

    def archive(self, record: Record, now_ms: int, source: Source) -> None:
        """Take a record out of sight: nothing finds it by its values from now on."""
        record.archived_ms = now_ms
        self.store.free_keys(record, self.schema.unique_names())
        self.store.queue(record.id, now_ms)
        self.store.tell("deletion", record.id, now_ms, source)

    def dump(self) -> dict[str, Any]:
        """Return everything as plain data."""
        pipelines = [entry.dump() for entry in self.pipelines]
        return {"schema": self.schema.dump(), "store": self.store.dump(), "pipelines": pipelines}

    def load(self, state: Mapping[str, Any]) -> None:
        """Put back what `dump` returned."""
        self.schema.load(state["schema"])
        self.store.load(state["store"], self.schema.unique_names())
        self.pipelines = [Pipeline.load(entry) for entry in state["pipelines"]]
