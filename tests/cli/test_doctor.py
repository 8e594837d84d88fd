"""`leadhub doctor`: which parts it asks, and what each finding says."""

import pytest
from cli_world import World


def calls(world: World) -> int:
    """Count the calls that reached either CRM."""
    return len(world.salesforce.journal) + len(world.hubspot.journal)


def test_offline_no_system_is_asked_and_live_is_the_word_for_the_default(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """--offline needs neither network nor secrets; without it, and with --live, the systems answer; both at once are refused."""
    before = calls(world)
    with monkeypatch.context() as patch:
        patch.delenv("HUBSPOT_TOKEN")
        ran = world.run("doctor", "--offline")
    assert ran.code == 0, ran.err + ran.out
    assert calls(world) == before
    assert [line.split()[:2] for line in ran.lines[:3]] == [["ok", "leadhub.toml"], ["ok", "store"], ["ok", "lease"]]
    assert any("no system was asked" in line for line in ran.lines)
    subjects = {words: {f["subject"] for f in world.run("doctor", *words, "--output", "json").json["findings"]} for words in ((), ("--live",))}
    assert subjects[()] == subjects[("--live",)] >= {"salesforce", "hubspot"}
    assert world.run("doctor", "--live", "--offline").code == 2
