"""The whole engine under simulation: the production code of `core`, `sync` and `store` over two to four simulated CRMs, in seeded schedules.

Clock, ids, store and network are the simulation's. Every call and every commit is a point at which an edit may fall, an answer may be lost, another
run may begin, or the process may end. What comes of it is judged by who had seen what when (`witness`), and by what must never become of records
(`oracles`). `python -m leadhub.testing.simulator --kind whole` runs campaigns; a seed replays, and a finding is shrunk to what still shows it.
"""

from leadhub.testing.simulator.whole.campaign import WholeTally, run_for, run_whole
from leadhub.testing.simulator.whole.crm import Traits
from leadhub.testing.simulator.whole.deployment import Setting
from leadhub.testing.simulator.whole.play import PlayedWhole, play, shorter
from leadhub.testing.simulator.whole.schedule import Person, Schedule, Step, schedule

__all__ = [
    "Person",
    "PlayedWhole",
    "Schedule",
    "Setting",
    "Step",
    "Traits",
    "WholeTally",
    "play",
    "run_for",
    "run_whole",
    "schedule",
    "shorter",
]
