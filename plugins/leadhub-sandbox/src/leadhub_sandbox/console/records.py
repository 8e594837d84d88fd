"""The pages about records: the overview, lists, one record, and a new one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from leadhub_sandbox.console.forms import before, controls
from leadhub_sandbox.console.html import Child, Html, el, join, link, table, url
from leadhub_sandbox.console.layout import Frame, facts, form, page, pager, whole
from leadhub_sandbox.console.model import Act, Crm, Field, Kind, Row

PAGE = 50
SHOWN = {"": "live ones", "all": "all", "gone": "deleted or archived"}
_HISTORY = 200


def overview(frame: Frame) -> Html:
    """Both CRMs at a glance."""
    return page(frame, "Overview", el("div", *(_card(crm) for crm in frame.crms.values()), class_="cards"), here="overview")


def _card(crm: Crm) -> Html:
    faults, calls = crm.orders.get("faults")["waiting"], crm.orders.get("journal")
    counts = [(link(kind.label, crm.name, "records", kind.name), _count(crm.rows(kind))) for kind in crm.kinds() if kind.creatable]
    state = [
        (link("Calls so far", crm.name, "journal"), len(calls)),
        (link("Faults waiting", crm.name, "faults"), sum(fault["times"] for fault in faults)),
    ]
    access = facts([(name, el("code", value)) for name, value in crm.facts()])
    return el("section", el("h2", crm.title), facts([*counts, *state]), el("h3", "How to get in"), access, class_="card", aria_label=crm.title)


def _count(rows: Sequence[Row]) -> str:
    gone = sum(1 for row in rows if row.gone)
    return f"{len(rows) - gone}" + (f" and {gone} deleted" if gone else "")


def objects(frame: Frame, crm: Crm) -> Html:
    """Every object of a CRM."""
    rows = [[link(kind.label, crm.name, "records", kind.name), el("code", kind.name), _count(crm.rows(kind))] for kind in crm.kinds()]
    return page(frame, f"{crm.title}: objects", table(["Object", "Name", "Records"], rows, "Objects"), crm=crm, here="objects")


def listing(frame: Frame, crm: Crm, kind: Kind, query: Mapping[str, str]) -> Html:
    """The records of an object, found by a text in any of their values."""
    wanted, show = query.get("q", ""), query.get("show", "")
    found = [row for row in crm.rows(kind) if (show == "all" or bool(row.gone) == (show == "gone")) and _matches(row, wanted)]
    at = min(max(1, whole("page", query.get("page", "1"))), max(1, -(-len(found) // PAGE)))
    new = el("p", link(f"New in {kind.label}", crm.name, "records", kind.name, "new"), class_="buttons") if kind.creatable else None
    shown = [_line(crm, kind, row) for row in found[(at - 1) * PAGE : at * PAGE]]
    labels = {field.name: field.label for field in crm.fields(kind)}
    heads = ["Record", *(labels.get(name, name) for name in kind.columns), "Changed", "State"]
    body = table(heads, shown, kind.label) if shown else el("p", "No record fits." if wanted or show else "There is none yet.", class_="empty")
    pages = pager(at, PAGE, len(found), crm.name, "records", kind.name, q=wanted, show=show)
    return page(frame, f"{crm.title}: {kind.label}", _search(wanted, show, len(found)), new, body, pages, crm=crm, here=kind.name)


def _matches(row: Row, wanted: str) -> bool:
    folded = wanted.strip().casefold()
    return not folded or any(folded in value.casefold() for value in (row.id, *row.values.values()))


def _search(wanted: str, show: str, found: int) -> Html:
    options = [el("option", label, value=key, selected=key == show) for key, label in SHOWN.items()]
    parts: list[Child] = [
        el("p", el("label", "Search in all fields", for_="q"), el("input", type="search", id="q", name="q", value=wanted), class_="field"),
        el("p", el("label", "Show", for_="show"), el("select", *options, id="show", name="show"), class_="field"),
        el("p", el("button", "Search", type="submit"), el("span", f"{found} found", class_="mark"), class_="buttons"),
    ]
    return el("form", *parts, method="get", class_="search", role="search")


def _line(crm: Crm, kind: Kind, row: Row) -> list[Child]:
    cells = [_short(row.values.get(name, "")) for name in kind.columns]
    return [link(row.title, crm.name, "records", kind.name, row.id), *cells, _short(row.changed[:19].replace("T", " ")), row.gone or "live"]


def _short(value: str, most: int = 60) -> str:
    return value if len(value) <= most else f"{value[: most - 1]}…"


def record(frame: Frame, crm: Crm, kind: Kind, row: Row, typed: Mapping[str, str] | None = None) -> Html:
    """One record: what can be done with it, its fields, its history. `typed` is what a refused form said."""
    acts = crm.acts(kind, row)
    state = el("p", el("code", row.id), " · ", el("span", row.gone or "live", class_="gone" if row.gone else "live"), class_="state")
    note = el("p", f"Whatever is done here is done by a person in {crm.title} ({crm.person}), under every rule that holds there.", class_="mark")
    done = [_act(frame, crm, kind, row, act) for act in acts]
    work = el("section", el("h2", "Do"), el("div", *done, class_="acts"), aria_label="Do") if done else None
    parts = [state, work, _fields(frame, crm, kind, row, typed or {}), _related(crm, kind, row), _history(crm, kind, row), note]
    return page(frame, row.title, *parts, crm=crm, here=kind.name)


def _act(frame: Frame, crm: Crm, kind: Kind, row: Row, act: Act) -> Html:
    target = url(crm.name, "records", kind.name, row.id, act.name)
    asked = form(frame, target, act.label, controls(act.fields, {}, act.name), danger=act.danger, class_="act")
    return el("details", el("summary", f"{act.label} …", class_="danger" if act.danger else None), asked) if act.fields else asked


def _fields(frame: Frame, crm: Crm, kind: Kind, row: Row, typed: Mapping[str, str]) -> Html:
    fields = crm.fields(kind)
    written = [replace(field, required=False) for field in fields if field.edit and kind.creatable and not row.gone]
    names = {field.name for field in written}
    kept = [(_label(field), row.values.get(field.name, "")) for field in fields if field.name not in names and row.values.get(field.name)]
    read = el("section", el("h2", f"Kept by {crm.title}" if written else "Fields"), facts(kept), aria_label="Read-only fields") if kept else None
    if not written:
        return join([read])
    told = {**row.values, **typed}
    full = [field for field in written if told.get(field.name) or field.required or field.name in kind.first]
    blank = [field for field in written if field not in full]
    more = el("details", el("summary", f"{len(blank)} blank fields"), el("div", controls(blank, told, "edit"), class_="grid")) if blank else None
    target = url(crm.name, "records", kind.name, row.id, "edit")
    asked = form(frame, target, "Save", before(written, row.values), el("div", controls(full, told, "edit"), class_="grid"), more)
    return join([el("section", el("h2", "Fields"), asked, aria_label="Fields"), read])


def _label(field: Field) -> Html:
    return join([field.label, " ", el("code", field.name)])


def _related(crm: Crm, kind: Kind, row: Row) -> Html | None:
    found = crm.related(kind, row)
    if not found:
        return None
    rows = [[one.how, link(one.title, crm.name, "records", one.kind, one.id), one.kind] for one in found]
    return el("section", el("h2", "Related"), table(["As", "Record", "Object"], rows, "Related records"))


def _history(crm: Crm, kind: Kind, row: Row) -> Html | None:
    found = crm.changes(kind, row)
    if not found:
        return None
    rows = [[one.at[:19].replace("T", " "), one.field, _short(one.old), _short(one.new), one.who] for one in found[:_HISTORY]]
    latest = f"History: the latest {_HISTORY}" if len(found) > _HISTORY else "History"
    return el("section", el("h2", latest), table(["When", "Field", "Before", "After", "By"], rows, "History"))


def new(frame: Frame, crm: Crm, kind: Kind, typed: Mapping[str, str] | None = None) -> Html:
    """A form for a new record: what it needs first."""
    fields = [field for field in crm.fields(kind) if field.create]
    first = [field for field in fields if field.required or field.name in kind.first or (typed or {}).get(field.name)]
    rest = [field for field in fields if field not in first]
    asked = el("div", controls(first, typed or {}, "new"), class_="grid")
    more = el("details", el("summary", f"{len(rest)} more fields"), el("div", controls(rest, typed or {}, "new"), class_="grid"))
    return page(
        frame, f"New in {kind.label}", el("section", form(frame, url(crm.name, "records", kind.name), "Create", asked, more)), crm=crm, here=kind.name
    )
