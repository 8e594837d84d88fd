"""docs/bad-input.md has no class that nobody tries: that its messages are the real ones is for the tests beside this file."""

import re
from pathlib import Path

from bad_input_desk import PAGE, rows


def test_every_class_on_the_page_is_tried() -> None:
    """Each section and each row is named in a test; what a table says of two CRMs is in both."""
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("*.py"))
    sections = re.findall(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(sections) == 9
    for section in sections:
        assert rows(section)
        assert [case for case in rows(section) if f'"{case}"' not in tests] == []
    assert list(rows("Salesforce, reading")) == list(rows("HubSpot, reading")) == list(rows("Salesforce, writing")) == list(rows("HubSpot, writing"))
