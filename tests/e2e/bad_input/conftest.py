"""The fixtures of `bad_input_desk`, which lies beside this file: a deployment at rest between both CRMs, and the program run as a person runs it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2] / "cli"))

from bad_input_desk import _at_rest, _quick, desk
from cli_world import _log_as_before

__all__ = ["_at_rest", "_log_as_before", "_quick", "desk"]
