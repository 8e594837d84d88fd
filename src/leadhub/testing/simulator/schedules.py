"""Random schedules from a seed, and shrinking them."""

import random
from collections.abc import Callable, Sequence

from leadhub.testing.simulator.world import Op, Setup, SiteSetup

SYSTEMS = ("hubspot", "salesforce", "pipedrive")
FIELD = "title"


def field_setup(rng: random.Random) -> Setup:
    """A configuration of one field over two or three records."""
    count = rng.choice((2, 2, 3))
    limited = rng.random() < 0.15
    sites: list[SiteSetup] = []
    for index in range(count):
        value = None if rng.random() < 0.25 else f"Old{index:02d} text"
        if index and rng.random() < 0.3:
            value = sites[0].fields[FIELD]
        late = rng.random() < 0.2
        odd = rng.random()
        sites.append(
            SiteSetup(
                SYSTEMS[index],
                {FIELD: value if value is None or not limited else value[:6]},
                limit=6 if limited and index == count - 1 else None,
                lowers=odd < 0.15,
                rewrites=odd > 0.96,
                writable=rng.random() > 0.08,
                detects=rng.random() > 0.3,
                joined=not late,
            )
        )
    return Setup(
        tuple(sites),
        prefer=rng.choice((None, *SYSTEMS[:count])) if rng.random() < 0.6 else None,
        owner=rng.choice(SYSTEMS[:count]) if rng.random() < 0.12 else None,
        strict=rng.random() < 0.5,
        clear=rng.choice(("keep", "keep", "propagate")),
        adoption={s: rng.choice(("keep", "keep", "fill", "prefer")) for s in SYSTEMS[:count]} if rng.random() < 0.4 else {},
    )


def field_steps(rng: random.Random, setup: Setup, length: int = 22) -> list[Op]:
    """Random steps. Every edit types a value that nobody typed before, except where it repeats one on purpose."""
    ops = [Op("round")] if rng.random() < 0.8 else []
    count = len(setup.sites)
    for number in range(length):
        site, dice = rng.randrange(count), rng.random()
        who = "automation" if rng.random() < 0.15 else "person"
        text = f"V{number:02d} {rng.choice(('abc', 'Def ', 'gHi'))}" if rng.random() > 0.12 else ""
        if dice < 0.30:
            ops.append(Op("edit", site, f"{FIELD}={text}", who))
        elif dice < 0.34:
            ops.append(Op("same", site, f"{FIELD}={rng.randrange(count)}", who))
        elif dice < 0.40:
            ops.append(Op("lag", site))
        elif dice < 0.45:
            ops.append(Op(rng.choice(("between", "window")), site, f"{FIELD}={text}", who))
        elif dice < 0.53:
            ops.append(Op("fault", site, rng.choice(("crash", "lost", "unknown", "refused"))))
        elif dice < 0.57:
            ops.append(Op("join", site))
        elif dice < 0.64:
            ops.append(Op("decide", rng.randrange(3), rng.choice(("take=0", "take=1", "take=2", "leave"))))
        else:
            ops.append(Op("round"))
    return ops


def shrink(ops: Sequence[Op], fails: Callable[[Sequence[Op]], bool]) -> list[Op]:
    """Leave out steps as long as the schedule still fails."""
    left = list(ops)
    size = max(1, len(left) // 2)
    while size:
        at = 0
        while at < len(left):
            shorter = left[:at] + left[at + size :]
            if fails(shorter):
                left = shorter
            else:
                at += size
        size //= 2
    return left
