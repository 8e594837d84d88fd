"""The org's API calls of the last 24 hours, which Salesforce counts and announces on every answer."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from leadhub_sandbox.salesforce.org import Org

WINDOW = timedelta(hours=24)


@dataclass(slots=True)
class Usage:
    """Counts calls in minutes, so that the window rolls without keeping each one."""

    org: Org
    minutes: dict[datetime, int] = field(default_factory=dict)

    def used(self) -> int:
        """Return the calls of the last 24 hours."""
        start = self.org.clock.now() - WINDOW
        self.minutes = {minute: count for minute, count in self.minutes.items() if minute > start}
        return sum(self.minutes.values())

    def add(self) -> None:
        """Count one call."""
        minute = self.org.clock.now().replace(second=0, microsecond=0)
        self.minutes[minute] = self.minutes.get(minute, 0) + 1

    def full(self) -> bool:
        """Return whether no call is left."""
        return self.used() >= self.org.settings.daily_limit

    def header(self) -> str:
        """Return the value of Sforce-Limit-Info."""
        return f"api-usage={self.used()}/{self.org.settings.daily_limit}"

    def limits(self) -> dict[str, dict[str, int]]:
        """Return the answer of /limits (the entries that the sandbox keeps)."""
        most = self.org.settings.daily_limit
        return {"DailyApiRequests": {"Max": most, "Remaining": max(0, most - self.used())}}
