"""What must never leave the program as it came: personal data and secrets in the log, control characters, formulas."""

import csv
import io
import logging

import pytest
import structlog

from leadhub.cli import logs
from leadhub.cli.screen import Output, Screen, clean


def _logged(capsys: pytest.CaptureFixture[str], log_format: logs.LogFormat = "text", **fields: object) -> str:
    logs.configure(quiet=False, verbose=0, log_format=log_format)
    structlog.get_logger().warning("something happened", **fields)
    return capsys.readouterr().err


def test_the_log_masks_addresses_phones_and_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    """No address, phone number or secret of anybody reaches the log, however deep it stands; the domain stays, for it helps."""
    said = _logged(
        capsys,
        error="ann.lee+x@acme.example refused, call +1 (555) 010-9999 or 020 7946 0018",
        access_token="abc123",
        headers={"Authorization": "Bearer abc123", "rows": [{"client_secret": "abc123", "mail": "bo@b.example"}]},
    )
    assert "***@acme.example" in said
    for private in ("ann.lee", "(555)", "010-9999", "7946 0018", "abc123", "bo@"):
        assert private not in said


def test_the_log_keeps_what_is_no_personal_data(capsys: pytest.CaptureFixture[str]) -> None:
    """Record ids, dates, counts and addresses of systems stay readable."""
    kept = {"record": "00QHC0000004XcU2AU", "portal": "40000001", "day": "2026-11-22", "host": "127.0.0.1", "run": "1a2010e163bfd8495662"}
    said = _logged(capsys, **kept)
    for value in kept.values():
        assert value in said


def test_the_log_as_json_and_that_of_libraries(capsys: pytest.CaptureFixture[str]) -> None:
    """`--log-format json` is one object a line, and a library's own log goes the same way, masked too."""
    assert '"event": "something happened"' in _logged(capsys, log_format="json")
    logging.getLogger("some.library").warning("bad row: %s", "ann@acme.example")
    said = capsys.readouterr().err
    assert said.startswith("{")
    assert "ann@" not in said


def test_levels_follow_the_options(capsys: pytest.CaptureFixture[str]) -> None:
    """Warnings are shown, -q leaves errors alone, -v adds information."""
    for options, expected in (({"quiet": False, "verbose": 0}, "w"), ({"quiet": True, "verbose": 0}, ""), ({"quiet": False, "verbose": 1}, "wi")):
        logs.configure(**options, log_format="text")
        structlog.get_logger().warning("W-line")
        structlog.get_logger().info("I-line")
        said = capsys.readouterr().err
        assert ("W-line" in said, "I-line" in said) == ("w" in expected, "i" in expected)


def test_control_characters_of_outside_data_are_shown_not_sent(capsys: pytest.CaptureFixture[str]) -> None:
    """A name that holds an escape sequence cannot color, move or rename the terminal."""
    screen = Screen()
    screen.line("Eve\x1b[31m\x07 Mallory")
    screen.table(("name",), [("Eve\x1b]0;owned\x07",)])
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "\x07" not in said
    assert "Eve\\x1b[31m" in said
    assert clean("Zoë 李 [bold]") == "Zoë 李 [bold]"


def test_csv_cells_are_no_formulas(capsys: pytest.CaptureFixture[str]) -> None:
    """A spreadsheet shows a formula that came as a name, and a phone number keeps its plus."""
    rows = [{"name": "=HYPERLINK(1)", "phone": "+1 555 0100"}, {"name": "@x", "phone": "+cmd|x"}]
    Screen(Output.CSV).rows("s/1", "rows", rows, columns=("name", "phone"))
    read = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert read[1:] == [["'=HYPERLINK(1)", "+1 555 0100"], ["'@x", "'+cmd|x"]]
