"""Every error that leadhub raises, grouped by what the caller does about it.

LeadhubError
├── ConfigError            mend the configuration
├── PluginError            mend or remove the plugin
├── StoreError             mend or move the database
├── LeaseHeld              another run works; come back later
├── GuardStopped           look at the plan, then allow it by name
├── ConnectorError
│   ├── RetryableError     the same call may be made again
│   │   ├── RateLimited
│   │   └── Unavailable
│   │       └── RowsLocked  these rows wait for the next run, the others go on
│   ├── RecordError        this record is left out, the others go on
│   │   ├── InvalidValue
│   │   ├── RecordGone
│   │   ├── StaleRecord
│   │   └── DuplicateRefused
│   └── FatalError         this system stops, the others go on
│       ├── AccessDenied
│       └── QuotaExhausted
│           └── ReserveReached  leadhub's own guard: the last calls of the day are for others
└── UnknownOutcome         the write may have happened: read before anything else
"""


class LeadhubError(Exception):
    """The root. `str(error)` is the sentence for a person; `next_step` is the command or the act that helps."""

    def __init__(self, message: str, *, next_step: str | None = None) -> None:
        super().__init__(message)
        self.next_step = next_step


class ConfigError(LeadhubError):
    """The configuration cannot be used. `problems` holds every fault found, one sentence each with file and line."""

    def __init__(self, message: str, *, problems: tuple[str, ...] = (), next_step: str | None = "leadhub config check") -> None:
        super().__init__(message, next_step=next_step)
        self.problems = problems


class PluginError(LeadhubError):
    """A plugin cannot be loaded, or breaks the hooks' promises."""


class StoreError(LeadhubError):
    """The database cannot be opened, or is of another version."""


class LeaseHeld(LeadhubError):
    """Another run holds the lease."""


class GuardStopped(LeadhubError):
    """A guard refuses the plan; nothing of the guarded system was written."""


class ConnectorError(LeadhubError):
    """A call to a system failed."""


class RetryableError(ConnectorError):
    """The call had no effect, and the same call may be made again. `retry_after` is in seconds, where the system told."""

    def __init__(self, message: str, *, retry_after: float | None = None, next_step: str | None = None) -> None:
        super().__init__(message, next_step=next_step)
        self.retry_after = retry_after


class RateLimited(RetryableError):
    """The system asks for a pause."""


class Unavailable(RetryableError):
    """The system did not take the call: down, locked, or not reachable."""


class RowsLocked(Unavailable):
    """The system is up and answered, but would not take these rows: somebody else's work holds them."""


class RecordError(ConnectorError):
    """One record is refused. `fields` are the native names that the system complained of, `code` is its own word."""

    def __init__(self, message: str, *, code: str = "", fields: tuple[str, ...] = (), next_step: str | None = None) -> None:
        super().__init__(message, next_step=next_step)
        self.code = code
        self.fields = fields


class InvalidValue(RecordError):
    """The system refuses a value."""


class RecordGone(RecordError):
    """The record no longer exists under its id."""


class StaleRecord(RecordError):
    """The record changed after the plan was made."""


class DuplicateRefused(RecordError):
    """The system already has such a record. `existing_id` names it where the system told."""

    def __init__(self, message: str, *, existing_id: str | None = None, code: str = "", fields: tuple[str, ...] = ()) -> None:
        super().__init__(message, code=code, fields=fields)
        self.existing_id = existing_id


class FatalError(ConnectorError):
    """No further call to this system makes sense in this run."""


class AccessDenied(FatalError):
    """The credentials are refused or lack a right."""


class QuotaExhausted(FatalError):
    """The daily limit, or the part of it that leadhub may use, is spent."""


class ReserveReached(QuotaExhausted):
    """Of the daily limit the part is left that leadhub leaves to others: a guard of its own."""


class UnknownOutcome(LeadhubError):
    """A write was sent and no answer came: it may or may not have happened."""
