"""The shape of leadhub.toml. Defaults are those of an operations team's first day: read, show, write nothing that nobody allowed.

What no table can tell by itself (a name that must be that of a system, a stage that is skipped) is in `leadhub.config.checks`.
"""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from leadhub.config.fields import FieldDoc
from leadhub.config.scope import SPELLING, Condition, as_condition
from leadhub.config.words import country, duration, mail_address, stages
from leadhub.model.state import Stage

Region = Annotated[str, AfterValidator(country), WithJsonSchema({"type": "string", "pattern": "^[A-Z]{2}$"})]
"""A country as ISO 3166-1 spells it in two letters."""

Duration = Annotated[timedelta, BeforeValidator(duration), WithJsonSchema({"type": "string", "pattern": r"^[1-9]\d*[mhd]$"})]
"""Minutes, hours or days: "10m", "4h", "30d"."""

Stages = Annotated[
    frozenset[Stage],
    BeforeValidator(stages),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
"""Stages by name or range: "mql", ">=mql", "<=sql", or a list of these."""

Skippable = Literal["mql", "sal", "sql", "advocate"]
"""The stages that a funnel can do without: leads begin at the two before them, and deals make the two between."""

Scope = Annotated[Condition, BeforeValidator(as_condition), WithJsonSchema(SPELLING)]
"""A condition over one native field: a value, a list of values, { not = […] }, "present" or "absent"."""

MailAddress = Annotated[str, AfterValidator(mail_address)]
"""An e-mail address, in lower case."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Defaults(_Table):
    """What holds where nothing more special is said."""

    trust: str | None = None
    """The system whose value wins when two sides edit the same plain field before either saw the other; without it a person is asked."""
    region: Region | None = None
    """The country of phone numbers that name none, and whose record names none either."""
    approval: Literal["none", "required"] = "none"
    """`required`: nothing is written but by `leadhub apply FILE`, and only a plan that somebody other than its author approved (`leadhub approve`)."""
    sweep_every: Duration = timedelta(days=7)
    """How often a system is read anew from its beginning, so that records which vanished, and changes that its index hid, are noticed."""


class StagesDoc(_Table):
    """The funnel, where it differs from the shipped one."""

    skip: tuple[Skippable, ...] = ()
    """Stages that this team does not use: their states count as those of the stage before."""
    sla: dict[Stage, Duration] = Field(default_factory=dict)
    """How long a lead may stay in a stage before somebody has to act. Checked here; no command reports on it yet."""


class OnCreate(_Table):
    """What every created record gets."""

    owner: str
    """`assignment_rules`, or whom the system knows as an owner: a user, a queue, an e-mail address."""


class CreateWhen(_Table):
    """Which persons get a record in a system that lacks one. All that is given has to hold."""

    stage: Stages | None = None
    """The lead has come to one of these stages: `">=mql"`, or a list."""
    fields: tuple[str, ...] = ()
    """Canonical fields that must not be blank."""
    from_: tuple[str, ...] = Field(default=(), alias="from")
    """Systems, one of which must have a record of the person."""


class SystemDoc(BaseModel):
    """One configured system. Keys that are not listed here belong to its connector."""

    model_config = ConfigDict(extra="allow", frozen=True, use_attribute_docstrings=True)

    plugin: str
    """The connector."""
    mode: Literal["read", "write"] = "write"
    """`read`: never written, whatever was switched on."""
    org: str | None = None
    """The organization that answered the first check. Another one ends the run."""
    preset: str | None = None
    """The stage preset, where it is not the connector's own."""
    scope: dict[str, Scope] = Field(default_factory=dict)
    """Which records count, by native field (or "Object.Field"): a value, a list of values, { not = […] }, "present" or "absent"."""
    create: Literal["never", "always", "when"] = "never"
    """Whether a person who has no record here gets one."""
    create_when: CreateWhen | None = None
    """The condition of create = "when"."""
    create_cap: int = Field(default=200, ge=0)
    """How many records a run may create here. One that wants more creates none, says so (exit 5), and goes on with `--allow SYSTEM.creates=N`."""
    allow: tuple[Literal["convert"], ...] = ()
    """What nothing takes back and leadhub does only where this says so: `convert` (a Salesforce Lead whose person came to a deal elsewhere)."""
    on_create: OnCreate | None = None
    """What every created record gets; needed where records may be created."""
    owner_map: dict[str, MailAddress] = Field(default_factory=dict)
    """Owners that e-mail addresses alone do not match: an id, a name or an address in this system to the address that leadhub knows."""
    owner_fallback: str | None = None
    """Who owns a record here when its owner elsewhere has no active user here; without it the owner is left alone and listed."""
    required_defaults: dict[str, Annotated[str, Field(min_length=1)]] = Field(default_factory=dict)
    """What to write into native fields that the system insists on and nobody knows; reads back as blank."""
    adoption: Literal["keep", "fill", "prefer"] = "keep"
    """What becomes of differences that are older than the adoption: left, filled where blank, or decided for this system."""
    field: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Changes of the stage preset, by native field."""

    @property
    def settings(self) -> dict[str, Any]:
        """The connector's own settings."""
        return dict(self.model_extra or {})


class Settle(_Table):
    """How standing differences of one pattern are settled. The first that fits a difference decides; else the system's `adoption`."""

    field: str
    """A canonical field, or "state"."""
    rule: Literal["keep", "fill", "prefer"]
    """Leave the difference, fill what is blank, or take the value of `system`."""
    system: str | None = None
    """Only differences of this system; with `prefer` the one whose value is taken."""
    value: str | None = None
    """Only where the system shows this; "" is a blank."""
    hub: str | None = None
    """Only where leadhub holds this; "" is a blank."""


class Document(_Table):
    """All of leadhub.toml."""

    version: Literal[1]
    """Of the file's format."""
    store: str = "sqlite:///leadhub.db"
    """A SQLAlchemy URL; a relative SQLite path is taken from the deployment's folder. May be "${ENV}"."""
    on_failure: str | None = None
    """A command, or an http(s) address, that is told of a run that failed and of the first one that is well again."""
    defaults: Defaults = Field(default_factory=Defaults)
    """What holds where nothing more special is said."""
    stages: StagesDoc = Field(default_factory=StagesDoc)
    """The funnel, where it differs from the shipped one."""
    system: dict[str, SystemDoc] = Field(default_factory=dict)
    """The systems, by the names that you give them."""
    fields: dict[str, FieldDoc] = Field(default_factory=dict)
    """Canonical fields: shipped ones that are to be merged in another way, and your own."""
    settle: tuple[Settle, ...] = ()
    """Rules for standing differences, in the order in which they are tried."""
