"""What a fresh account holds of deals: their properties and the default pipeline. Data only; HUBSPOT.md says what is a guess."""

from collections.abc import Iterable, Mapping
from typing import Any

from leadhub_sandbox.hubspot.catalog import owner_options
from leadhub_sandbox.hubspot.pipelines import Pipeline, Stage
from leadhub_sandbox.hubspot.schema import OWNER, Property, options

GROUP = "dealinformation"
_STAGES = {
    "appointmentscheduled": ("Appointment Scheduled", "0.2"),
    "qualifiedtobuy": ("Qualified To Buy", "0.4"),
    "presentationscheduled": ("Presentation Scheduled", "0.6"),
    "decisionmakerboughtin": ("Decision Maker Bought-In", "0.8"),
    "contractsent": ("Contract Sent", "0.9"),
    "closedwon": ("Closed Won", "1.0"),
    "closedlost": ("Closed Lost", "0.0"),
}
_TEXTS = {
    "dealname": ("Deal Name", "text"),
    "description": ("Deal Description", "textarea"),
    "closed_lost_reason": ("Closed Lost Reason", "textarea"),
    "closed_won_reason": ("Closed Won Reason", "textarea"),
}
_CHOICES = {
    "dealtype": ("Deal Type", "radio", {"newbusiness": "New Business", "existingbusiness": "Existing Business"}),
    "hs_priority": ("Priority", "select", {"low": "Low", "medium": "Medium", "high": "High"}),
}
# What HubSpot itself keeps: name → (label, type, field type).
_KEPT = {
    "hs_object_id": ("Record ID", "number", "number"),
    "hs_object_source": ("Record source", "string", "text"),
    "hs_lastmodifieddate": ("Last Modified Date", "datetime", "date"),
    "hubspot_owner_assigneddate": ("Owner assigned date", "datetime", "date"),
}
_CALCULATED = {
    "hs_is_closed": ("Is Deal Closed?", "bool", "booleancheckbox"),
    "hs_is_closed_won": ("Is Closed Won", "bool", "booleancheckbox"),
    "hs_is_closed_lost": ("Is Closed Lost", "bool", "booleancheckbox"),
    "hs_deal_stage_probability": ("Deal probability", "number", "number"),
    "num_associated_contacts": ("Number of Associated Contacts", "number", "number"),
}


def default_pipelines() -> list[Pipeline]:
    """Return the one pipeline that every account has from the start."""
    stages = tuple(
        Stage(name, label, {"isClosed": str(name.startswith("closed")).lower(), "probability": probability})
        for name, (label, probability) in _STAGES.items()
    )
    return [Pipeline("default", "Sales Pipeline", stages)]


def default_properties(owners: Iterable[Mapping[str, Any]]) -> list[Property]:
    """Return the definitions of a fresh account. Stages and pipelines are kept elsewhere, so their options are not listed."""
    return [
        *(Property(name, label, "string", kind, GROUP) for name, (label, kind) in _TEXTS.items()),
        *(Property(name, label, "enumeration", kind, GROUP, options(texts)) for name, (label, kind, texts) in _CHOICES.items()),
        Property("amount", "Amount", "number", "number", GROUP),
        Property("closedate", "Close Date", "datetime", "date", GROUP),
        Property("createdate", "Create Date", "datetime", "date", GROUP),
        Property("dealstage", "Deal Stage", "enumeration", "radio", GROUP, external_options=True),
        Property("pipeline", "Pipeline", "enumeration", "select", GROUP, external_options=True),
        Property(OWNER, "Deal owner", "enumeration", "select", GROUP, owner_options(owners), external_options=True),
        *(Property(name, *texts, GROUP, read_only=True) for name, texts in _KEPT.items()),
        *(Property(name, *texts, GROUP, read_only=True, calculated=True) for name, texts in _CALCULATED.items()),
    ]
