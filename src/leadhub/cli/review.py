"""`leadhub review`: the questions that wait for a person, and how to answer them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from leadhub.cli import answers
from leadhub.cli.completion import complete_review
from leadhub.cli.exits import UsageFault
from leadhub.cli.held import unmapped
from leadhub.cli.session import Cli, cli_of
from leadhub.cli.words import KINDS, plural, shown
from leadhub.core.drafts import label
from leadhub.hub import Hub
from leadhub.model.person import Person, Value
from leadhub.store import RecordKey, StoredReview, Transaction
from leadhub.sync.graves import told_as

group = typer.Typer(help="The questions that wait for a person.")
_SHOWN = 20
OTHER = "other"
"""The key under which a question about two persons holds the id of the second."""
_PERSONS = (OTHER, answers.EXISTING)


@group.command("list")
def list_reviews(
    context: typer.Context,
    items: Annotated[bool, typer.Option("--items", help="Every question instead of the groups.")] = False,
) -> None:
    """List open questions in groups that one answer settles, the largest first."""
    cli = cli_of(context)
    hub = cli.open(offline=True)
    if items or not cli.screen.for_people:
        _show_items(cli, _items(hub))
        return
    with hub.store.read() as tx:
        groups = tx.reviews.groups()
    if not groups:
        cli.screen.line("No open questions.")
        return
    total = sum(g.count for g in groups)
    cli.screen.line(f"{plural(total, 'open question')} in {plural(len(groups), 'group')}. Everything that they are not about goes on.", style="bold")
    records = unmapped(hub) if any(g.kind == "unmapped" for g in groups) else {}
    counts = {g.group: next((n for key, n in records.items() if g.group == ":".join(("unmapped", *key))), g.count) for g in groups}
    table = [(counts[g.group], told_as(g.kind, g.group), g.field, g.group, g.example_id) for g in sorted(groups, key=lambda g: -counts[g.group])]
    cli.screen.table(("count", "kind", "about", "group", "one of them"), table, right=("count",))
    cli.screen.line(f"Next: {cli.command(f'review show {groups[0].example_id}')}")


def _show_items(cli: Cli, rows: Sequence[dict[str, Any]]) -> None:
    if cli.screen.for_people:
        for row in rows:
            cli.screen.line(f"{row['id']}  {row['kind']}  {row['name'] or ''}  {row['field']}".replace("    ", "  "), style="bold")
            cli.screen.line(f"    {_side_by_side(row['values'], _told_names(row))}")
    elif cli.screen.output == "json":
        cli.screen.json({"schema": "leadhub.review/1", "items": list(rows)})
    else:
        columns = ("id", "kind", "name", "field", "values", "opened_at", "group")
        told = [row | {"values": _side_by_side(row["values"], _told_names(row))} for row in rows] if cli.screen.output == "csv" else rows
        cli.screen.rows("leadhub.review/1", "items", told, columns=columns)


def _items(hub: Hub) -> list[dict[str, Any]]:
    rows = []
    with hub.store.read() as tx:
        after = ""
        while batch := tx.reviews.open(after=after, limit=500):
            names = _names(hub, tx, batch)
            rows += [_row(stored, names) for stored in batch]
            after = batch[-1].review.id
    return rows


def _names(hub: Hub, tx: Transaction, batch: Sequence[StoredReview]) -> dict[str, str]:
    """What the persons of these questions are called, by id; the other one of two with the address, and whose a record is that is there already."""
    one = [s.review.person_id for s in batch if s.review.person_id]
    other = [value for s in batch if (value := s.review.values.get(OTHER))]
    named = {a.person.id: _called(a.person) for a in tx.persons.load(other)}
    there = {value for s in batch if (value := s.review.values.get(answers.EXISTING))}
    owners = tx.persons.person_of(RecordKey(*target.key, id_) for system in hub.systems.values() for target in system.objects for id_ in there)
    called = {a.person.id: _called(a.person) for a in tx.persons.load(set(owners.values()))}
    named |= {key.id: called[person] for key, person in owners.items()}
    return named | {a.person.id: label(a.person) for a in tx.persons.load(one)}


def _called(person: Person) -> str:
    name, email = label(person), person.fields.get("email")
    return name if email is None or email.value in {None, name} else f"{name} <{email.value}>"


def _row(stored: StoredReview, names: Mapping[str, str]) -> dict[str, Any]:
    review = stored.review
    name = names.get(review.person_id or "")
    about = {
        "id": review.id,
        "group": review.group,
        "kind": told_as(review.kind, review.group),
        "person": review.person_id,
        "name": name,
        "field": review.field,
    }
    about |= {f"{key}_name": names.get(value) for key in _PERSONS if (value := review.values.get(key))}
    return about | {"values": dict(review.values), "note": review.note, "opened_at": stored.opened_at.isoformat(timespec="seconds")}


def side_by_side(values: Mapping[str, Value], names: Mapping[str, str]) -> str:
    """Return what the sides of a question show, in one line."""
    return _side_by_side(values, names)


def _told_names(row: Mapping[str, Any]) -> dict[str, str]:
    return {row["values"][key]: name for key in _PERSONS if (name := row.get(f"{key}_name"))}


def _side_by_side(values: Mapping[str, Any], names: Mapping[str, str]) -> str:
    return "; ".join(f"{'leadhub' if where == 'hub' else where}: {_told(where, value, names)}" for where, value in values.items())


def _told(where: str, value: Any, names: Mapping[str, str]) -> str:
    """A side's value; another person by the name, for the id alone says nothing to anybody."""
    name = names.get(value) if where in _PERSONS else None
    return f"{name} ({value})" if name else shown(value)


@group.command("show")
def show_review(context: typer.Context, item: Annotated[str, typer.Argument(metavar="ITEM|GROUP", autocompletion=complete_review)]) -> None:
    """Show one question: what it is about, what each side shows, and what can be answered. Of a group, show all questions."""
    cli = cli_of(context)
    hub = cli.open(offline=True)
    grouped = all_open(hub, item)
    if len(grouped) > 1:
        with hub.store.read() as tx:
            names = _names(hub, tx, grouped)
        _show_items(cli, [_row(one, names) for one in grouped])
        _group_next(cli, grouped)
        return
    stored = grouped[0] if grouped else find_one(hub, item)
    with hub.store.read() as tx:
        names = _names(hub, tx, [stored])
    if not cli.screen.for_people:
        cli.screen.json({"schema": "leadhub.review/1", "items": [_row(stored, names)]})
        return
    review = stored.review
    state = f"closed by {stored.closed_by}" if stored.closed_by else f"open since {stored.opened_at:%Y-%m-%d %H:%M} UTC"
    kind = told_as(review.kind, review.group)
    cli.screen.line(f"{kind} {review.id}: {KINDS[kind]}  ({state})", style="bold")
    if review.person_id is not None:
        cli.screen.line(f"About {names.get(review.person_id, 'nobody known any more')} ({review.person_id}), {review.field}.")
    if review.note:
        cli.screen.line(f"{review.note[:1].upper()}{review.note[1:]}.")
    if review.kind == "unmapped":
        shows = sum(n for (system, name, value), n in unmapped(hub).items() if review.group == f"unmapped:{system}:{name}:{value}")
        cli.screen.line(f"{plural(shows, 'record')} {'shows' if shows == 1 else 'show'} it now.")
    cli.screen.line()
    for where, value in review.values.items():
        cli.screen.line(f"  {'leadhub' if where == 'hub' else where:<44} {_told(where, value, names)}")
    cli.screen.line()
    for text in answers.choices(cli, hub, review):
        cli.screen.line(text)


def find_one(hub: Hub, prefix: str) -> StoredReview:
    """Return the question whose id begins so. Raises UsageFault where that is none, or several."""
    with hub.store.read() as tx:
        found = tx.reviews.get(prefix)
    if len(found) != 1:
        why = f'No question\'s id begins with "{prefix}".' if not found else f'"{prefix}" begins the ids of {len(found)} questions.'
        raise UsageFault(why, next_step="leadhub review list --items")
    return found[0]


def all_open(hub: Hub, group_name: str | None = None) -> list[StoredReview]:
    """Return the open questions, or those of one group: none where there is no such group."""
    found: list[StoredReview] = []
    with hub.store.read() as tx:
        after = ""
        while batch := tx.reviews.open(group=group_name, after=after):
            found.extend(batch)
            after = batch[-1].review.id
    return found


def named(hub: Hub, stored: Sequence[StoredReview]) -> dict[str, str]:
    """Return what the persons of these questions are called, by id."""
    with hub.store.read() as tx:
        return _names(hub, tx, stored)


def _group_next(cli: Cli, grouped: Sequence[StoredReview]) -> None:
    if cli.screen.for_people:
        cli.screen.line(f"{plural(len(grouped), 'question')}. Next: {cli.command(f'review show {grouped[0].review.id}')} says how to answer them.")
