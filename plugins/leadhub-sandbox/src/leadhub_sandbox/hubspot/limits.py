"""HubSpot's rate limits, counted on the sandbox's clock: a rolling ten seconds, a day, and a second for search."""

import math
from collections import deque
from typing import Any

from leadhub_sandbox.http import Request, Response
from leadhub_sandbox.hubspot.account import Account
from leadhub_sandbox.hubspot.timestamps import DAY_MS, iso

BURST_MS, SECOND_MS, HOUR_MS = 10_000, 1_000, 3_600_000


class Limits:
    """Counts the calls of the account's service key and of its OAuth app. A refused call is not counted."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._burst: deque[int] = deque()
        self._oauth: deque[int] = deque()
        self._search: deque[int] = deque()
        self._day = 0
        self._used_today = 0

    def admit(self, *, is_search: bool, oauth: bool = False) -> Response | None:
        """Count one call, or return its 429. Search has a limit of its own and shares only the daily one, which OAuth apps do not have."""
        now = self._account.now_ms()
        settings = self._account.settings
        self._turn_day(now)
        if not oauth and self._used_today >= settings.daily_limit:
            return self._refusal("You have reached your daily limit.", "DAILY", None)
        window, most, span = (self._search, settings.search_limit, SECOND_MS) if is_search else self._rolling(oauth=oauth)
        while window and not now - span < window[0] <= now:
            window.popleft()
        if len(window) >= most:
            wait = math.ceil((window[0] + span - now) / 1000) if window else 1
            if is_search:
                return self._refusal("You have reached your secondly limit.", "SECONDLY", wait)
            return self._refusal("You have reached your ten_secondly_rolling limit.", "TEN_SECONDLY_ROLLING", wait)
        window.append(now)
        self._used_today += not oauth
        return None

    def _rolling(self, *, oauth: bool) -> tuple[deque[int], int, int]:
        settings = self._account.settings
        return (self._oauth, settings.oauth_burst_limit, BURST_MS) if oauth else (self._burst, settings.burst_limit, BURST_MS)

    def _turn_day(self, now: int) -> None:
        """Begin a new count at midnight of the account's time zone."""
        day = (now + self._account.settings.utc_offset_hours * HOUR_MS) // DAY_MS
        if day != self._day:
            self._day, self._used_today = day, 0

    def headers(self, *, is_search: bool, oauth: bool = False) -> dict[str, str]:
        """Return the headers that every answer but a search's carries; those of the day are not for OAuth apps."""
        if is_search:
            return {}
        settings = self._account.settings
        used, most, span = self._rolling(oauth=oauth)
        rolling = {
            "X-HubSpot-RateLimit-Max": str(most),
            "X-HubSpot-RateLimit-Remaining": str(max(0, most - len(used))),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(span),
        }
        if oauth:
            return rolling
        return rolling | {
            "X-HubSpot-RateLimit-Daily": str(settings.daily_limit),
            "X-HubSpot-RateLimit-Daily-Remaining": str(max(0, settings.daily_limit - self._used_today)),
        }

    def usage(self, request: Request, version: str) -> Response:  # noqa: ARG002 - the router calls every handler alike
        """GET …/api-usage/daily/private-apps: the calls of the day and when their count starts anew (fields: HubSpot's page on it)."""
        resets = (self._day + 1) * DAY_MS - self._account.settings.utc_offset_hours * HOUR_MS
        told = {"name": "private-apps-api-calls-daily", "usageLimit": self._account.settings.daily_limit, "currentUsage": self._used_today}
        told |= {"collectedAt": self._account.now_iso(), "fetchStatus": "SUCCESS", "resetsAt": iso(resets)}
        return Response(body={"results": [told]})

    def _refusal(self, message: str, policy: str, wait: int | None) -> Response:
        body = rate_limit_body(message, policy, self._account.correlation_id())
        if policy == "TEN_SECONDLY_ROLLING":
            body["groupName"] = "publicapi:leadhub-sandbox"
        sends = wait is not None and self._account.settings.retry_after
        return Response(429, body, {"Retry-After": str(wait)} if sends else {})

    def dump(self) -> dict[str, Any]:
        """Return the counts as plain data."""
        burst, search = list(self._burst), list(self._search)
        return {"burst": burst, "oauth": list(self._oauth), "search": search, "day": self._day, "used_today": self._used_today}

    def load(self, state: dict[str, Any]) -> None:
        """Put back what `dump` returned."""
        self._burst, self._search = deque(state["burst"]), deque(state["search"])
        self._oauth = deque(state["oauth"])
        self._day, self._used_today = state["day"], state["used_today"]


def rate_limit_body(message: str, policy: str, correlation_id: str) -> dict[str, Any]:
    """Return the body of a 429 (fields: HubSpot's usage guidelines)."""
    named = {"errorType": "RATE_LIMIT", "correlationId": correlation_id, "policyName": policy}
    return {"status": "error", "message": message, **named, "requestId": correlation_id}
