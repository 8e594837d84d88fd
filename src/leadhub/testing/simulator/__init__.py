"""A simulator for the rule: random schedules of edits, faults and answers over records in memory, judged by what each edit had seen.

Without a store, a sandbox or a network. It searches the pure core (`leadhub.core.reconcile`) for lost edits, unfounded writes, questions without
cause, values from nowhere and rounds that never end. `python -m leadhub.testing.simulator --schedules 100000 --seed 1` runs a campaign.
"""

from leadhub.testing.simulator.campaign import Tally, run, shortest
from leadhub.testing.simulator.play import Played, play_fields, play_state, random_fields, random_state
from leadhub.testing.simulator.shell import Finding
from leadhub.testing.simulator.world import Op, Setup, SiteSetup

__all__ = [
    "Finding",
    "Op",
    "Played",
    "Setup",
    "SiteSetup",
    "Tally",
    "play_fields",
    "play_state",
    "random_fields",
    "random_state",
    "run",
    "shortest",
]
