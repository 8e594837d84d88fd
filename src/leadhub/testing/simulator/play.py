"""One schedule from start to rest: the world is built, the steps are played, and rounds go on until nothing moves."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from leadhub.core.policy import FieldPolicy, Policy
from leadhub.testing.simulator.field_judge import FieldJudge
from leadhub.testing.simulator.laws import same_again, same_in_any_order
from leadhub.testing.simulator.presets import hubspot_contact, salesforce_lead
from leadhub.testing.simulator.schedules import FIELD, field_setup, field_steps
from leadhub.testing.simulator.shell import Finding, Shell
from leadhub.testing.simulator.state_judge import StateJudge
from leadhub.testing.simulator.state_schedules import state_setup, state_steps
from leadhub.testing.simulator.world import Op, Setup, Site

QUIET_ROUNDS = 2


@dataclass
class Played:
    """What came of a schedule."""

    setup: Setup
    ops: Sequence[Op]
    findings: list[Finding]
    rounds: int = 0
    asked: int = 0
    quiet: int = 0
    raced: int = 0

    def text(self) -> str:
        """The schedule as Python that can be pasted into a test."""
        steps = "".join(f"\n    {op!r}," for op in self.ops)
        return f"SETUP = {self.setup!r}\nOPS = [{steps}\n]"


def field_policy(setup: Setup) -> Policy:
    """The configuration of a field schedule as the engine reads it."""
    one = FieldPolicy(FIELD, lambda text, _region: text.strip().casefold(), setup.prefer, setup.owner, setup.strict, setup.clear)  # type: ignore[arg-type]  # a schedule is plain words
    systems = tuple(dict.fromkeys(s.system for s in setup.sites))
    return Policy(systems, {FIELD: one}, adoption=setup.adoption)  # type: ignore[arg-type]  # a schedule is plain words


def play_fields(setup: Setup, ops: Sequence[Op]) -> Played:
    """Play a schedule over one plain field."""
    policy = field_policy(setup)
    judge = FieldJudge(setup, policy.fields)
    sites = [Site(index, one, None, None) for index, one in enumerate(setup.sites)]
    for site in sites:
        judge.start(site)
    shell = Shell(setup, sites, policy, judge, leads=1)
    for op in ops:
        shell.play(op)
    asked = shell.asked
    rewrites = any(s.rewrites for s in setup.sites)
    return settle(shell, judge.findings, ops, asked, limit=12 if rewrites else QUIET_ROUNDS)


def settle(shell: Shell, findings: list[Finding], ops: Sequence[Op], asked: int, *, limit: int) -> Played:
    """Let rounds run without edits and faults until nothing is written any more, then look at what is left."""
    rounds = shell.rounds
    for site in shell.sites:
        site.stale, site.faults, site.between, site.window = None, [], [], []
    quiet = 0
    while True:
        moment = shell.round()
        if not moment.result.writes:
            break
        quiet += 1
        if quiet > limit:
            findings.append(Finding("convergence", f"still writing after {quiet} rounds without an edit"))
            break
    findings.extend(same_again(moment, shell))
    findings.extend(same_in_any_order(moment, shell))
    shell.judge.ended(moment)
    return Played(shell.setup, ops, findings, rounds, asked, quiet)


def random_fields(seed: int) -> Played:
    """Play the field schedule of a seed."""
    rng = random.Random(seed)  # noqa: S311 - a schedule, not a secret
    setup = field_setup(rng)
    return play_fields(setup, field_steps(rng, setup))


def state_policy(setup: Setup) -> Policy:
    """The configuration of a state schedule as the engine reads it."""
    systems = tuple(dict.fromkeys(s.system for s in setup.sites))
    relations = {(s.system, s.object): salesforce_lead() if s.system == "salesforce" else hubspot_contact() for s in setup.sites}
    own = frozenset((s.system, s.object) for s in setup.sites if s.system in setup.own_lead)
    return Policy(systems, {}, relations, setup.trust, setup.adoption, own)  # type: ignore[arg-type]  # a schedule is plain words


def play_state(setup: Setup, ops: Sequence[Op]) -> Played:
    """Play a schedule over the state of one or two leads."""
    policy = state_policy(setup)
    judge = StateJudge(setup, policy)
    count = 1 + max((s.lead or 0) for s in setup.sites)
    sites = []
    for index, one in enumerate(setup.sites):
        lead_id = None if one.lead is None else f"l{one.lead + 1}"
        sites.append(Site(index, one, lead_id, policy.relations[one.system, one.object]))
        judge.start(sites[-1])
    shell = Shell(setup, sites, policy, judge, leads=count)
    for op in ops:
        shell.play(op)
    return settle(shell, judge.findings, ops, shell.asked, limit=QUIET_ROUNDS)


def random_state(seed: int) -> Played:
    """Play the state schedule of a seed."""
    rng = random.Random(seed)  # noqa: S311 - a schedule, not a secret
    setup = state_setup(rng)
    return play_state(setup, state_steps(rng, setup))
