"""`leadhub adopt SYSTEM --keep|--fill|--prefer FIELD`: settles old differences in bulk, by a rule in leadhub.toml."""

from collections import Counter
from dataclasses import dataclass

from leadhub.cli import rules
from leadhub.cli.exits import UsageFault
from leadhub.cli.session import Cli
from leadhub.cli.why import demand_field
from leadhub.cli.words import plural, shown
from leadhub.config.edit import read_text
from leadhub.core.policy import Adoption, Settle
from leadhub.core.states import SETTLED
from leadhub.hub import Hub
from leadhub.insight.disagreement import Difference, differences
from leadhub.lifecycle.relation import Relation
from leadhub.model.person import Value
from leadhub.model.state import FACETS, VALUES

_MEANS: dict[Adoption, str] = {
    "keep": "they stay as they are",
    "fill": "{system} is blank there: the next sync writes what leadhub holds",
    "prefer": "{system} is right: its value is taken, and written to the others",
}

_MOST = 8
"""Of the patterns that are there so many are named."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was typed: the rule, its field (`state` for stage, status and exit), and the pattern where only one is meant. "" is a blank."""

    rule: Adoption
    field: str
    value: str | None = None
    hub: str | None = None


def settle(cli: Cli, hub: Hub, system: str, wanted: Wanted) -> None:
    """Show what the rule concerns and the difference of leadhub.toml, ask, and write it. The next sync goes by it."""
    _demand(cli, hub, system, wanted)
    rule = Settle(wanted.field, wanted.rule, system, wanted.value, wanted.hub)
    count = _count(cli, hub, hub.rule(rule), wanted)
    given = {"field": rule.field, "rule": rule.rule, "system": system, "value": rule.value, "hub": rule.hub}
    path = hub.deployment.path
    before = read_text(path)
    after = rules.with_settle(before, {key: value for key, value in given.items() if value is not None})
    meaning = _MEANS[wanted.rule].format(system=system)
    cli.screen.line(f"{plural(count, 'standing difference')} of {wanted.field} now: {meaning}.", style="bold")
    rules.show_difference(cli, path, after)
    if not cli.confirm(f"Write this rule to {path.name}?"):
        cli.screen.line("Nothing was changed.")
        return
    rules.write(path, before, after)
    cli.screen.line(f"Written. Next: {cli.command('plan')} shows what it makes leadhub write.")


def _demand(cli: Cli, hub: Hub, system: str, wanted: Wanted) -> None:
    if wanted.field in FACETS:
        raise UsageFault(
            f"A record speaks of stage, status and exit at once, so a rule settles them together, as {SETTLED}.",
            next_step=cli.command(f'adopt {system} --{wanted.rule} {SETTLED} --hub "{wanted.field} VALUE"'),
        )
    if wanted.field == SETTLED:
        _demand_state(cli, hub, system, wanted)
        return
    demand_field(cli, hub, wanted.field, f"report disagreement --system {system}")
    if wanted.rule == "prefer" and not any(m.canonical == wanted.field for o in hub.systems[system].objects for m in o.mapping.fields):
        raise UsageFault(f"{system} has no field for {wanted.field}, so there is nothing to prefer.", next_step=cli.command("map show"))


def _demand_state(cli: Cli, hub: Hub, system: str, wanted: Wanted) -> None:
    """A pattern that no difference can ever be of is a slip of the pen: the rule would do nothing, and say nothing."""
    relations: list[Relation] = [o.relation for o in hub.systems[system].objects if o.relation is not None]
    differing = cli.command(f"report disagreement --system {system}")
    if not relations:
        raise UsageFault(f"{system} shows no stage, status or exit, so there is nothing to settle.", next_step=cli.command("map show"))
    if wanted.rule == "fill":
        raise UsageFault(
            "A blank says nothing of stage, status and exit: there is nothing to fill.",
            next_step=cli.command(f"adopt {system} --prefer {SETTLED}") + f" takes what {system} shows",
        )
    held = [f"{facet} {value}" for facet in FACETS for value in VALUES[facet]]
    if wanted.hub not in {None, *held}:
        raise UsageFault(
            f'--hub "{wanted.hub}" is no stage, status or exit: write it as "stage mql".', next_step=f"{differing} names those there are"
        )
    known = {row.value for relation in relations for field in relation.fields for row in field.rows}
    if wanted.value not in {None, *known}:
        raise UsageFault(
            f'No field of {system} that speaks of the state has a value "{wanted.value}".',
            next_step=cli.command("map show"),
        )


def _count(cli: Cli, hub: Hub, rule: Settle, wanted: Wanted) -> int:
    """Return how many standing differences the rule concerns. Raises UsageFault for one that is about none that is there: it would never do anything."""
    count, fits = 0, False
    there: Counter[tuple[Value, Value]] = Counter()
    with hub.store.read() as tx:
        for one in differences(hub, tx):
            name = SETTLED if one.state else one.field
            if name == rule.field and (rule.rule == "prefer" or one.system == rule.system):
                there[one.there, one.here] += 1
            if rule.fits(name, one.system, hub.policy.compared(name, one.there), hub.policy.compared(name, one.here)):
                fits = True
                count += _concerns(rule, one)
    if not fits:
        report = cli.command(f"report disagreement --system {rule.system}")
        raise UsageFault(f"No standing difference is {_pattern(wanted)}. {_listed(wanted.field, there)}", next_step=f"{report} shows them all")
    return count


def _pattern(wanted: Wanted) -> str:
    parts = [f'"{text}" {where}' for text, where in ((wanted.value, "there"), (wanted.hub, "in leadhub")) if text is not None]
    return f"one of {wanted.field}" + (f" with {' and '.join(parts)}" if parts else "")


def _listed(field: str, there: Counter[tuple[Value, Value]]) -> str:
    """The patterns that there are, the commonest first."""
    if not there:
        return f"There is none of {field} now."
    told = [f"{shown(one)} there and {shown(other)} in leadhub ({count:,})" for (one, other), count in there.most_common(_MOST)]
    return f"There are: {'; '.join(told)}{'; …' if len(there) > _MOST else ''}."


def _concerns(rule: Settle, one: Difference) -> bool:
    """Whether the rule would change what becomes of a difference that it fits, or keep it as it is."""
    if one.rule is None:
        return False
    match rule.rule:
        case "fill":
            return one.there is None
        case "prefer" if one.edited:
            return False
        case "prefer" if one.system == rule.system:
            return one.there is not None
        case "prefer":
            return one.origin == rule.system and not one.state
        case _:
            return True
