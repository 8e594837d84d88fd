"""Writes the page of the witnesses from what they try, and prints it: `python plugins/leadhub-sandbox/tests/witnesses/count.py`."""

import sys

import pytest
from witnessing import FOLDER, PAGE, WITNESSES, page


class Count:
    """Collects each test's line, and what kept one from being written."""

    __name__ = "count"  # pytest knows a plugin by it

    def __init__(self) -> None:
        self.rows: dict[str, list[str]] = {file: [] for file in WITNESSES}
        self.missing: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take a test's line when its call is over."""
        if not report.passed:
            self.missing.append(f"{report.nodeid}: {report.outcome}")
        elif report.when == "call":
            file = report.location[0].rpartition("/")[2]
            self.rows[file] += [line for kind, line in report.user_properties if kind == "tried"]


if __name__ == "__main__":
    count = Count()
    pytest.main(["-q", *(str(FOLDER / file) for file in WITNESSES)], plugins=[count])
    if count.missing:
        sys.exit("Not written, because not all have witnessed:\n" + "\n".join(count.missing))
    PAGE.write_text(page(count.rows), encoding="utf-8")
    sys.stdout.write(PAGE.read_text(encoding="utf-8").partition("\n## ")[0] + "\n")
