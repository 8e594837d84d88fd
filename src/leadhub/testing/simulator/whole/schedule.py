"""Random schedules over the whole engine, from a seed: who configured what, who is where, and what happens to them."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from leadhub.testing.simulator.whole.crm import Traits
from leadhub.testing.simulator.whole.deployment import Setting
from leadhub.testing.simulator.whole.kinds import STAGES

NAMES = ("alpha", "beta", "gamma", "delta")
KIND_OF = {"alpha": "leads", "beta": "contacts", "gamma": "people", "delta": "people", "forms": "posts"}
SETTINGS = 256
"""How many configurations there are: opening one takes as long as playing a schedule."""
H_STATUS = ("", "NEW", "OPEN", "ATTEMPTED_TO_CONTACT", "CONNECTED", "UNQUALIFIED", "BAD_TIMING", "Invented by us")
S_STATUS = ("Open - Not Contacted", "Working - Contacted", "Closed - Not Converted", "Invented by us")
SENDINGS = ("", "", "new", "twice", "clicked", "held", "replayed")
FAULTS = ("lost", "unheard", "half", "refused", "busy", "down")


class Step(NamedTuple):
    """One step. `crm` and `row` are numbers that are taken round; `at` is, for what happens within the next run, how many calls before.

    Kinds: enter (a new person), again (a person is entered in one more CRM), edit, same (type what another row shows), merge, delete, restore,
    convert, fault, sync, pull, plan, age (days pass), decide, revert, post (see `Senders`); kill, rival (another run begins there) and usurp (this one sleeps until its
    lease is over, and another works) have an `at`, and so may edits.
    """

    kind: str
    crm: int = 0
    row: int = 0
    arg: str = ""
    at: int = 0
    who: str = "person"


class Person(NamedTuple):
    """Somebody at the start: by CRM, what stands there."""

    rows: tuple[tuple[int, Mapping[str, str]], ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """Everything that is not the engine's doing."""

    setting: Setting
    traits: tuple[Traits, ...]
    people: tuple[Person, ...]
    steps: tuple[Step, ...]
    seed: int = 0
    late: frozenset[int] = field(default_factory=frozenset)
    """The CRMs that are adopted later, by a step."""


def schedule(seed: int) -> Schedule:
    """Return the schedule of a seed. There are as many settings as a process can keep open; everything else is of the seed alone."""
    setting = _setting(random.Random(seed % SETTINGS))  # noqa: S311 - a schedule, not a secret
    rng = random.Random(seed)  # noqa: S311 - a schedule, not a secret
    traits = tuple(_traits(rng, kind) for kind in setting.kinds.values())
    people = tuple(_person(rng, n, traits) for n in range(rng.choice((1, 1, 2, 3))))
    late = frozenset({rng.randrange(len(traits))}) if rng.random() < 0.15 else frozenset()
    return Schedule(setting, traits, people, tuple(_steps(rng, traits, late)), seed, late)


def _setting(rng: random.Random) -> Setting:
    names = rng.choice((NAMES[:2], NAMES[:2], NAMES[1:3], NAMES[:3], NAMES))
    read_only = frozenset({rng.choice(names)}) if rng.random() < 0.06 else frozenset()
    listening = (*names, "forms") if rng.random() < 0.25 else names
    return Setting(
        {name: KIND_OF[name] for name in listening},
        trust=rng.choice((None, *names[:2])),
        creates=frozenset(n for n in names if rng.random() < 0.5) - read_only,
        adoption={n: rng.choice(("keep", "fill", "prefer")) for n in names} if rng.random() < 0.2 else {},
        owner=rng.choice([n for n in names if n not in read_only]) if rng.random() < 0.08 else None,
        strict=rng.random() < 0.5,
        clear="propagate" if rng.random() < 0.2 else "keep",
        read_only=read_only,
    )


def _traits(rng: random.Random, kind: str) -> Traits:
    return Traits(
        kind,
        grain=rng.choice((1, 1, 5, 20)),
        lag=rng.choice((0, 0, 4, 15)),
        skew=rng.choice((0, 0, -3, 3)),
        lowers=rng.random() < 0.15,
        workflow=rng.choice(("rewrites", "follows")) if rng.random() < 0.08 else "",
        detects=rng.random() < 0.6,
        tells=kind != "people" or rng.random() < 0.5,
    )


def _person(rng: random.Random, number: int, traits: tuple[Traits, ...]) -> Person:
    """Correlated rows: mostly the same address, often the same values, so that there is something to agree and to disagree about."""
    there = [n for n in range(len(traits)) if rng.random() < 0.75 and traits[n].kind != "posts"] or [0]
    first = {"email": f"p{number}@x.example", "last_name": f"Name{number}", "company": f"Firm{number}", "job_title": rng.choice(("", f"Old{number}"))}
    rows = []
    unaddressed = rng.random() < 0.1
    for n in there:
        own = dict(first)
        if unaddressed:
            own["email"] = ""  # nothing by which another record would be known as theirs
        if rng.random() < 0.3:
            own["job_title"] = f"Old{number}in{n}"
        if rng.random() < 0.2:
            own["company"] = f"Firm{number}in{n}"
        if traits[n].kind == "contacts":
            own |= {"lifecyclestage": rng.choice(STAGES[:5]), "hs_lead_status": rng.choice(H_STATUS[:5])}
        rows.append((n, own))
        if traits[n].kind == "leads" and rng.random() < 0.12:
            rows.append((n, {**own, "job_title": f"Second{number}"}))
    return Person(tuple(rows))


def _steps(rng: random.Random, traits: tuple[Traits, ...], late: frozenset[int], length: int = 16) -> list[Step]:
    steps = [Step("sync")] if rng.random() < 0.7 else []
    for number in range(length):
        steps.extend(_step(rng, number, traits))
    if late:
        steps.insert(rng.randrange(len(steps)), Step("adopt", next(iter(late))))
    return steps


def _step(rng: random.Random, number: int, traits: tuple[Traits, ...]) -> list[Step]:
    dice, crm, row = rng.random(), rng.randrange(len(traits)), rng.randrange(4)
    at = rng.randrange(1, 40) if rng.random() < 0.25 else 0
    if dice < 0.37:
        return [_change(rng, number, traits, crm, row, at)]
    if dice < 0.41:
        return [Step("fault", crm, arg=rng.choice(FAULTS))]
    if dice < 0.46:
        return [Step("kill", at=rng.randrange(1, 40))]
    if dice < 0.48:
        return [Step(rng.choice(("rival", "usurp")), at=rng.randrange(1, 40))]
    if dice < 0.56:
        kind = rng.choice(("enter", "again", "merge", "delete", "restore", "convert"))
        return [Step(kind, crm, row, str(number) if rng.random() < 0.5 else "", at if rng.random() < 0.5 else 0)]
    if dice < 0.61:
        return [Step("decide", row=row, arg=rng.choice(("0", "1", "2", "hub", "leave")))]
    if dice < 0.63:
        return [Step("revert", row=rng.randrange(3))]
    if dice < 0.66:
        return [Step(rng.choice(("pull", "plan", "age", "age")))]
    return [Step("sync")]


def _change(rng: random.Random, number: int, traits: tuple[Traits, ...], crm: int, row: int, at: int) -> Step:
    if traits[crm].kind == "posts":
        return Step("post", crm, row, f"{rng.choice(SENDINGS)}{' no_mail' if rng.random() < 0.1 else ''}", at)
    if rng.random() < 0.08:
        return Step("same", crm, row, str(rng.randrange(8)), at)
    return _edit(rng, number, traits, crm, row, at)


def _edit(rng: random.Random, number: int, traits: tuple[Traits, ...], crm: int, row: int, at: int) -> Step:
    who = "automation" if rng.random() < 0.15 else "person"
    dice = rng.random()
    kind = traits[crm].kind
    if dice < 0.30 and kind == "leads":
        return Step("edit", crm, row, f"Status={rng.choice(S_STATUS)}", at, who)
    if dice < 0.30 and kind == "contacts":
        name, values = rng.choice((("lifecyclestage", STAGES), ("hs_lead_status", H_STATUS)))
        return Step("edit", crm, row, f"{name}={rng.choice(values)}", at, who)
    if dice < 0.34:
        return Step("edit", crm, row, "email_opt_out=true", at, who)
    if dice < 0.38:
        return Step("edit", crm, row, f"email=n{number}@x.example", at, who)
    text = "" if rng.random() < 0.12 else f"V{number:02d} {rng.choice(('abc', 'Def ', 'gHi'))}"
    return Step("edit", crm, row, f"{rng.choice(('job_title', 'job_title', 'company'))}={text}", at, who)
