"""What a fresh account holds of the Leads object: its properties and its default pipeline. Data only; HUBSPOT.md says what is a guess."""

from collections.abc import Iterable, Mapping
from typing import Any

from leadhub_sandbox.hubspot.catalog import owner_options
from leadhub_sandbox.hubspot.pipelines import Pipeline, Stage
from leadhub_sandbox.hubspot.schema import OWNER, Property, options

GROUP = "lead_information"
_STAGES = {
    "new-stage-id": "New",
    "attempting-stage-id": "Attempting",
    "connected-stage-id": "Connected",
    "qualified-stage-id": "Qualified",
    "unqualified-stage-id": "Unqualified",
}
_TYPES = {"NEW BUSINESS": "New business", "UPSELL": "Upsell", "RE-ATTEMPTING": "Re-attempting"}
_LABELS = {"HOT": "Hot", "WARM": "Warm", "COLD": "Cold"}
# What HubSpot itself keeps: name → (label, type, field type).
_KEPT = {
    "hs_object_id": ("Record ID", "number", "number"),
    "hs_object_source": ("Record source", "string", "text"),
    "hs_createdate": ("Create date", "datetime", "date"),
    "hs_lastmodifieddate": ("Last modified date", "datetime", "date"),
    "hubspot_owner_assigneddate": ("Owner assigned date", "datetime", "date"),
}


def default_pipelines() -> list[Pipeline]:
    """Return the one pipeline that an account with seats for leads has from the start."""
    return [Pipeline("lead-pipeline-id", "Lead Pipeline", tuple(Stage(name, label) for name, label in _STAGES.items()))]


def default_properties(owners: Iterable[Mapping[str, Any]]) -> list[Property]:
    """Return the definitions of a fresh account. Stages and pipelines are kept elsewhere, so their options are not listed."""
    return [
        Property("hs_lead_name", "Lead Name", "string", "text", GROUP),
        Property("hs_lead_type", "Lead Type", "enumeration", "select", GROUP, options(_TYPES)),
        Property("hs_lead_label", "Lead Label", "enumeration", "select", GROUP, options(_LABELS)),
        Property("hs_pipeline", "Lead Pipeline", "enumeration", "select", GROUP, external_options=True),
        Property("hs_pipeline_stage", "Lead Stage", "enumeration", "radio", GROUP, external_options=True),
        Property(OWNER, "Lead owner", "enumeration", "select", GROUP, owner_options(owners), external_options=True),
        *(Property(name, *texts, GROUP, read_only=True) for name, texts in _KEPT.items()),
    ]
