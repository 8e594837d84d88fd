"""The org's API calls of the last 24 hours, which Salesforce counts and announces on every answer."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from leadhub_sandbox.salesforce.errors import ApiError
from leadhub_sandbox.salesforce.org import Org

WINDOW = timedelta(hours=24)


@dataclass(slots=True)
class Usage:
    """Counts calls, and query jobs, in minutes, so that the window rolls without keeping each one."""

    org: Org
    minutes: dict[datetime, int] = field(default_factory=dict)
    query_jobs: dict[datetime, int] = field(default_factory=dict)

    def used(self) -> int:
        """Return the calls of the last 24 hours."""
        self.minutes = self._window(self.minutes)
        return sum(self.minutes.values())

    def _window(self, counts: dict[datetime, int]) -> dict[datetime, int]:
        start = self.org.clock.now() - WINDOW
        return {minute: count for minute, count in counts.items() if minute > start}

    def _count(self, counts: dict[datetime, int]) -> None:
        minute = self.org.clock.now().replace(second=0, microsecond=0)
        counts[minute] = counts.get(minute, 0) + 1

    def add(self) -> None:
        """Count one call."""
        self._count(self.minutes)

    def _ordered(self) -> int:
        self.query_jobs = self._window(self.query_jobs)
        return sum(self.query_jobs.values())

    def take_query_job(self) -> None:
        """Count one query job of the Bulk API; raises LIMIT_EXCEEDED when none is left."""
        most, ordered = self.org.settings.daily_query_jobs, self._ordered()
        if ordered >= most:
            raise ApiError(400, "LIMIT_EXCEEDED", f"Max bulk v2 query jobs ({most}) per 24 hrs has been reached ({ordered})")
        self._count(self.query_jobs)

    def full(self) -> bool:
        """Return whether no call is left."""
        return self.used() >= self.org.settings.daily_limit

    def header(self) -> str:
        """Return the value of Sforce-Limit-Info."""
        return f"api-usage={self.used()}/{self.org.settings.daily_limit}"

    def limits(self) -> dict[str, dict[str, int]]:
        """Return the answer of /limits (the entries that the sandbox keeps)."""
        counted = {
            "DailyApiRequests": (self.org.settings.daily_limit, self.used()),
            "DailyBulkV2QueryJobs": (self.org.settings.daily_query_jobs, self._ordered()),
        }
        return {name: {"Max": most, "Remaining": max(0, most - used)} for name, (most, used) in counted.items()}
