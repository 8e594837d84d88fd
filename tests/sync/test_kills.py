"""Real processes, really killed: two workers on one deployment, over HTTP, while people go on editing. `benchmarks/kills.py` has the long form."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

CAMPAIGN = Path(__file__).parents[2] / "benchmarks/kills.py"
KILLS = 20


@pytest.mark.timeout(600)
@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_nothing_is_lost_or_doubled_however_often_a_worker_is_killed(store: str, request: pytest.FixtureRequest) -> None:
    """Two workers are killed twenty times at any point: what was typed is in place or listed, who was entered is there once, nothing is left open."""
    url = ["--url", str(request.getfixturevalue("empty_postgres_url"))] if store == "postgresql" else []
    command = [sys.executable, str(CAMPAIGN), "--kills", str(KILLS), "--store", store, "--people", "20", "--seed", "7", *url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(rf"{KILLS} kills in .* runs taken over", done.stdout)
    assert "0 lost, 0 doubled" in done.stdout
