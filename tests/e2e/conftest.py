"""The fixtures of `sandbox_world`, which lies beside this file: both CRMs, started once, and a fresh deployment for each test."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from sandbox_world import any_world, lagging_world, sandboxes, world

__all__ = ["any_world", "lagging_world", "sandboxes", "world"]
