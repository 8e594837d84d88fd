# ruff: noqa: ARG002 - each step of a write takes what some rule needs
"""What HubSpot does of itself with records that stand in a pipeline: the stage must be one of it, and what is closed is calculated."""

from collections.abc import Container, Mapping

from leadhub_sandbox.hubspot.errors import bad_properties, invalid, problem
from leadhub_sandbox.hubspot.linker import Wanted
from leadhub_sandbox.hubspot.links import PRIMARY_CONTACT
from leadhub_sandbox.hubspot.pipelines import Pipeline, Stage
from leadhub_sandbox.hubspot.rules import Rules
from leadhub_sandbox.hubspot.store import Record, Source, Version
from leadhub_sandbox.hubspot.timestamps import iso


class PipelineRules(Rules):
    """The rules of a type with pipelines: a record without one is in the first, and its stage is one of its pipeline's."""

    def require(self, record: Record | None, values: Mapping[str, str], links: Wanted) -> None:
        """Hold a stage to the pipeline that the record has after this write."""
        kind = self._objects.type
        if not values.keys() & {kind.pipeline, kind.stage}:
            return
        held = record.values if record else {}
        pipeline = self._pipeline(values.get(kind.pipeline) or held.get(kind.pipeline, ""))
        stage = values.get(kind.stage, held.get(kind.stage, ""))
        if stage and pipeline.stage(stage) is None:
            text = f"{stage} was not one of the allowed options: [{', '.join(entry.id for entry in pipeline.stages)}]"
            raise bad_properties([problem(kind.stage, "INVALID_OPTION", text)], self._account.portal_id)

    def presets(self, values: Mapping[str, str]) -> dict[str, str]:
        """Put a new record into the first pipeline."""
        kind = self._objects.type
        return {} if values.get(kind.pipeline) else {kind.pipeline: self._objects.pipelines[0].id}

    def _pipeline(self, pipeline_id: str) -> Pipeline:
        return next((entry for entry in self._objects.pipelines if entry.id == pipeline_id), self._objects.pipelines[0])

    def stage_of(self, record: Record) -> Stage | None:
        """Return the stage that a record is in; None for none, and for one that its pipeline no longer has."""
        kind = self._objects.type
        return self._pipeline(record.values.get(kind.pipeline, "")).stage(record.values.get(kind.stage, ""))


class DealRules(PipelineRules):
    """The rules of deals."""

    def require(self, record: Record | None, values: Mapping[str, str], links: Wanted) -> None:
        """Hold a create to what the account asks of a deal, and a stage to its pipeline."""
        missing = [name for name in self._account.settings.deal_requires if record is None and not values.get(name)]
        if missing:
            raise invalid(f"Required properties are missing: {', '.join(missing)}", properties=missing)
        super().require(record, values, links)

    def after_write(self, record: Record, values: Mapping[str, str], changed: Container[str], source: Source, now: int) -> None:
        """Tell whether the deal is closed and how likely it is to be won; closing it dates it."""
        if self._objects.type.stage in changed:
            self._account.moved_deals.append(record.id)
        stage = self.stage_of(record)
        closed, won = stage is not None and stage.closed, stage is not None and stage.won
        for name, value in (("hs_is_closed", closed), ("hs_is_closed_won", won), ("hs_is_closed_lost", closed and not won)):
            self._objects.store.calculate(record, name, "true" if value else "false", now)
        self._objects.store.calculate(record, "hs_deal_stage_probability", stage.metadata.get("probability", "") if stage else "", now)
        dates = self._account.settings.closing_dates_deals and closed and self._objects.type.stage in changed
        if dates and not values.get("closedate"):
            self._objects.store.set_value(record, "closedate", iso(now), Version(iso(now), now, source))


class LeadRules(PipelineRules):
    """The rules of the Leads object (HubSpot's "Leads" guide)."""

    def require(self, record: Record | None, values: Mapping[str, str], links: Wanted) -> None:
        """Hold a lead to its name, and a new one to the contact that it is about."""
        if not values.get("hs_lead_name", record.values.get("hs_lead_name", "") if record else ""):
            raise invalid("A lead needs hs_lead_name.", properties=["hs_lead_name"])
        if record is None and not any(kind.id == PRIMARY_CONTACT for _, kinds in links for kind in kinds):
            raise invalid(f"A lead needs an association of type {PRIMARY_CONTACT} with a contact.")
        super().require(record, values, links)

    def presets(self, values: Mapping[str, str]) -> dict[str, str]:
        """Put a new lead into the first pipeline, and into the first stage of its own."""
        kind = self._objects.type
        given = super().presets(values)
        first = self._pipeline(values.get(kind.pipeline, "")).stages[0].id
        return given if values.get(kind.stage) else given | {kind.stage: first}
