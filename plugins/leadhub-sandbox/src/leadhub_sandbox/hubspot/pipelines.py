"""Pipelines and their stages, as the administrator set them up. Plain data."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

_MADE = {"createdAt": "2026-01-05T09:00:00.000Z", "updatedAt": "2026-01-05T09:00:00.000Z", "archived": False}


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage. Every value of `metadata` is a text, as HubSpot writes them: {"isClosed": "true", "probability": "1.0"}."""

    id: str
    label: str
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def closed(self) -> bool:
        """Whether a record in this stage is done with."""
        return self.metadata.get("isClosed") == "true"

    @property
    def won(self) -> bool:
        """Whether a deal in this stage is won: closed, at a probability of one."""
        return self.closed and float(self.metadata.get("probability", "0")) == 1


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One pipeline; its stages are in order."""

    id: str
    label: str
    stages: tuple[Stage, ...]

    def stage(self, stage_id: str) -> Stage | None:
        """Return the stage with this id."""
        return next((stage for stage in self.stages if stage.id == stage_id), None)

    def describe(self, at: int = 0) -> dict[str, Any]:
        """Return the pipeline as the pipelines API gives it; `at` is its place among the pipelines."""
        stages = [
            {"id": stage.id, "label": stage.label, "displayOrder": order, "metadata": dict(stage.metadata), **_MADE}
            for order, stage in enumerate(self.stages)
        ]
        return {"id": self.id, "label": self.label, "displayOrder": at, "stages": stages, **_MADE}

    def dump(self) -> dict[str, Any]:
        """Return the pipeline as plain data."""
        return asdict(self)

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> "Pipeline":
        """Return what `dump` told, or what an administrator ordered. A stage without an id is given its label in lower case."""
        stages = [
            Stage(str(entry.get("id", str(entry["label"]).lower())), str(entry["label"]), dict(entry.get("metadata", {})))
            for entry in state["stages"]
        ]
        return cls(str(state["id"]), str(state["label"]), tuple(stages))
