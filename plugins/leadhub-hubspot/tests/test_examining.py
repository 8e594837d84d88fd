"""What the connector says of its key: each scope by its name, the clock, the calls left, and until when the API's version is supported."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from leadhub_hubspot.examining import ON_REQUEST, SCOPES, Examiner

from leadhub import Examines, Finding, Need

READING, WRITING = Need("contacts", ("email",)), Need("contacts", ("email",), ("email",), creates=True)
ALL = [scope.name for scope in SCOPES]


class OurClock:
    """This machine's clock, where the test sets it."""

    def __init__(self, time: datetime) -> None:
        self.time = time

    def now(self) -> datetime:
        """Return what was set."""
        return self.time


def found(sandbox: Any, need: Need = WRITING, *, apart: timedelta = timedelta(), **settings: Any) -> dict[str, Finding]:
    """Return the findings by subject, of a machine whose clock is so far from HubSpot's."""
    connector = sandbox.connector(**settings)
    connector._clock = OurClock(sandbox.server.service.clock.now() + apart)
    return {one.subject: one for one in connector.examine((need,))}


def test_a_key_with_all_scopes_has_nothing_to_mend(sandbox: Any) -> None:
    """Every scope that can be tried by reading is there; the one to write is told as not proven, and nothing was written."""
    assert isinstance(sandbox.connector(), Examines)
    told = found(sandbox)
    assert {one.level for one in told.values()} == {"ok", "note"}
    assert told["crm.objects.contacts.write"].text.startswith("not proven: only a write shows it.")
    assert {entry["method"] for entry in sandbox.calls()} == {"GET"}
    assert "crm.objects.contacts.write" not in found(sandbox, READING)


@pytest.mark.parametrize("scope", [*ALL, "communication_preferences.read_write"])
def test_a_scope_that_lacks_is_named(sandbox: Any, scope: str) -> None:
    """The key, the scope and the page on which to tick it; what the others can do is still told."""
    scopes = [name for name in sandbox.service.account.settings.scopes if name != scope]
    sandbox.post("settings", scopes=scopes)
    told = found(sandbox)
    assert told[scope].level in ("warn", "fail", "note")
    assert told[scope].text.startswith("the key lacks this scope")
    assert told[scope].next_step.endswith(f"Service Keys > leadhub's key > scopes: tick {scope}")
    assert [name for name in ALL if name != scope and told[name].level != "ok"] == []


@pytest.mark.parametrize("setting", ON_REQUEST)
def test_a_scope_that_a_setting_needs_is_tried_where_it_is_switched_on(sandbox: Any, setting: str) -> None:
    """What is not read needs no scope, and is not asked for; what is to be read and may not be is told by the scope's name."""
    name = ON_REQUEST[setting].name
    assert found(sandbox, **{setting: True})[name].level == "ok"
    sandbox.post("settings", scopes=[one for one in sandbox.service.account.settings.scopes if one != name])
    told = found(sandbox, **{setting: True})[name]
    assert told.level == "warn"
    assert told.next_step.endswith(f"tick {name}")
    sandbox.forget_calls()
    assert name not in found(sandbox)
    assert not [entry for entry in sandbox.calls() if entry["path"].endswith(f"/{setting}")]


@pytest.mark.parametrize(("minutes", "level"), [(1, "ok"), (-5, "warn"), (59, "warn"), (61, "fail")])
def test_clocks_that_differ_are_told(sandbox: Any, minutes: int, level: str) -> None:
    """Two minutes are nothing, more is a warning, and more than a pull reaches back (an hour here) is a fault."""
    assert found(sandbox, apart=timedelta(minutes=minutes))["clock"].level == level


@pytest.mark.parametrize(
    ("version", "day", "level"),
    [
        ("v3", datetime(2026, 12, 1, tzinfo=UTC), "ok"),
        ("v3", datetime(2027, 6, 1, tzinfo=UTC), "warn"),
        ("2026-09", datetime(2027, 6, 1, tzinfo=UTC), "ok"),
    ],
)
def test_a_version_that_ends_is_told_half_a_year_before(sandbox: Any, version: str, day: datetime, level: str) -> None:
    """Pitfall 15: version 3 is unsupported from September 2027 on, a dated one 18 months after it came."""
    connector = sandbox.connector(api_version=version)
    told = Examiner(connector._client, connector._settings, lambda: day)._version()
    assert told.level == level
    assert told.next_step == ('api_version = "2026-09"' if level == "warn" else "")


def test_the_calls_of_today_are_told(sandbox: Any) -> None:
    """What the headers say of the daily allowance."""
    sandbox.post("settings", daily_limit=1000)
    assert "of 1,000 API calls of today are used" in found(sandbox)["limits"].text
