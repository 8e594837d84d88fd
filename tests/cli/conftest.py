"""The fixtures of `cli_world`, which lies beside this file: the program, two sandbox CRMs, and a deployment between them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # tests are no packages, and importlib mode adds no folder

from cli_world import _adopted_once, _laws_checked_once, _log_as_before, adopted, adopted_once, make_world, world

__all__ = ["_adopted_once", "_laws_checked_once", "_log_as_before", "adopted", "adopted_once", "make_world", "world"]
