"""Lets the tests import what makes the pages, which is run by hand too."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
