"""The shape of leadhub.toml. Defaults are those of an operations team's first day: read, show, write nothing that nobody allowed."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Defaults(_Table):
    """What holds where nothing more special is said."""

    trust: str | None = None
    """The system whose value wins when two sides edit the same plain field before either saw the other; without it a person is asked."""


class OnCreate(_Table):
    """What every created record gets."""

    owner: str
    """`assignment_rules`, or whom the system knows as an owner: a user, a queue, an e-mail address."""


class SystemDoc(BaseModel):
    """One configured system. Keys that are not listed here belong to its connector."""

    model_config = ConfigDict(extra="allow", frozen=True)

    plugin: str
    mode: Literal["read", "write"] = "write"
    """`read`: never written, whatever was switched on."""
    org: str | None = None
    """The organization that answered the first check. Another one ends the run."""
    preset: str | None = None
    create: Literal["never", "always"] = "never"
    create_cap: int = Field(default=200, ge=0)
    on_create: OnCreate | None = None
    adoption: Literal["keep", "fill", "prefer"] = "keep"
    field: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Changes of the stage preset, by native field."""

    @property
    def settings(self) -> dict[str, Any]:
        """The connector's own settings."""
        return dict(self.model_extra or {})


class FieldDoc(_Table):
    """How one canonical field is merged where that differs from the default."""

    conflict: Literal["review", "prefer"] | None = None
    prefer: str | None = None
    owner: str | None = None
    strict: bool = False
    clear: Literal["keep", "propagate"] = "keep"


class Document(_Table):
    """All of leadhub.toml."""

    version: Literal[1]
    store: str = "sqlite:///leadhub.db"
    """A SQLAlchemy URL; a relative SQLite path is taken from the deployment's folder. May be "${ENV}"."""
    defaults: Defaults = Field(default_factory=Defaults)
    system: dict[str, SystemDoc] = Field(default_factory=dict)
    fields: dict[str, FieldDoc] = Field(default_factory=dict)
