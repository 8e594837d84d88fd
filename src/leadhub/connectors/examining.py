"""What every connector that examines its login says in the same words: how far two clocks are apart, and how much of the allowance is left. Pure."""

from datetime import datetime, timedelta

from leadhub.model.record import Finding, Level

SKEW = timedelta(minutes=2)
"""So far apart two clocks may be without a word."""

RESERVE = 0.1
"""The share of a system's daily allowance that stays for others."""


def clock_finding(ours: datetime, theirs: datetime, overlap: timedelta) -> Finding:
    """Return what the difference between this machine's clock and the system's means. `overlap` is how far each pull reaches back."""
    apart = ours - theirs
    minutes = abs(apart.total_seconds()) / 60
    if abs(apart) <= SKEW:
        return Finding("ok", "clock", f"this machine's clock and the system's agree to {abs(apart.total_seconds()):.0f} seconds")
    level: Level = "warn" if abs(apart) <= overlap else "fail"
    more = "" if level == "warn" else f", more than the {overlap.total_seconds() / 60:.0f} minutes that a pull reaches back"
    said = f"this machine's clock is {minutes:.0f} minutes {'ahead of' if apart > timedelta() else 'behind'} the system's{more}"
    return Finding(level, "clock", said, "set the clock (NTP)")


def allowance_finding(used: int, limit: int) -> Finding:
    """Return what the calls of today mean for those that leadhub has still to make."""
    text = f"{used:,} of {limit:,} API calls of today are used"
    if used >= limit * (1 - RESERVE):
        said = f"{text}: the last tenth stays for others, so nothing would be written"
        return Finding("warn", "limits", said, "wait until the limit is renewed")
    return Finding("ok", "limits", text)
