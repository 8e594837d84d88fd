"""`leadhub db`: the next step that the store's own errors name."""

from pathlib import Path

import pytest
from cli_world import World

from leadhub.cli.app import main


def test_upgrade_and_check_say_what_they_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both work on a deployment without any system."""
    (tmp_path / "leadhub.toml").write_text("version = 1\n", encoding="utf-8")
    assert main(["-C", str(tmp_path), "db", "upgrade"]) == 0
    assert main(["-C", str(tmp_path), "db", "check"]) == 0
    assert "can be read: 0 persons" in capsys.readouterr().out.replace("\n", " ")


def test_one_person_is_told_as_one(adopted_once: World) -> None:
    """Also what there is none of."""
    assert "can be read: 1 person; records: 1 of hubspot, 1 of salesforce; 0 open questions." in adopted_once.run("db", "check").out
