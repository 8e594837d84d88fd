"""What is in the repository speaks of the project alone."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
REGISTRIES = re.compile("|".join(["py" + r"pi\.org", "python" + r"hosted\.", "npm" + r"js\.org", "deb" + r"\.debian\."]))


def test_no_file_names_a_package_registry() -> None:
    """Where packages come from is the installer's business: the files work behind any mirror."""
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    named = [name for name in files if name and REGISTRIES.search((ROOT / name).read_text(encoding="utf-8", errors="ignore"))]
    assert named == []
