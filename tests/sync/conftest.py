"""The fixtures of `sandbox_world`, which lies with the end-to-end tests: both CRMs, started once, and a fresh deployment for each test; and those of `desk`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "e2e"))
sys.path.insert(0, str(Path(__file__).parent))

from desk import desk, desk_hub
from sandbox_world import any_world, lagging_world, sandboxes, world

__all__ = ["any_world", "desk", "desk_hub", "lagging_world", "sandboxes", "world"]
