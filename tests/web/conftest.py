"""The fixtures of `forms_world`, which lies beside this file: a deployment with one form, and whoever posts to it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # tests are no packages, and importlib mode adds no folder

from forms_world import any_world, served, world

__all__ = ["any_world", "served", "world"]
