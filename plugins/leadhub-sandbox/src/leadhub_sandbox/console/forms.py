"""How a field is asked for, and what of a form was changed."""

import json
from collections.abc import Iterable, Mapping

from leadhub_sandbox.console.html import Html, el, join
from leadhub_sandbox.console.model import Field

Given = Mapping[str, list[str]]
"""A form as it came in: every value of every name."""
LONG_LINE = 80


def controls(fields: Iterable[Field], values: Mapping[str, str], prefix: str) -> Html:
    """Return a labelled control for each field. `prefix` keeps the ids of several forms of a page apart."""
    return join(_control(field, values.get(field.name, field.given), f"{prefix}-{field.name}") for field in fields)


def _control(field: Field, value: str, ident: str) -> Html:
    names_itself = field.label.replace(" ", "").lower() == field.name.lower()
    marks = [
        el("code", f" {field.name}", class_="mark") if (field.create or field.edit) and not names_itself else None,
        el("span", " required", class_="mark") if field.required and not field.given else None,
        el("span", f" {field.hint}", class_="mark") if field.hint else None,
    ]
    if field.kind == "sure":
        box = el("input", type="checkbox", name=field.name, value="true", id=ident, required=True)
        return el("p", box, " ", el("label", field.label, for_=ident), class_="sure")
    return el(
        "p", el("label", field.label, *marks, for_=ident), _input(field, value, ident), class_="field wide" if field.kind == "long" else "field"
    )


def _input(field: Field, value: str, ident: str) -> Html:
    match field.kind:
        case "choice":
            return el("select", *_options(field, [value]), name=field.name, id=ident, required=field.required)
        case "flag":
            return el("select", *(el("option", one, value=one, selected=one == value) for one in ("true", "false")), name=field.name, id=ident)
        case "choices":
            chosen = value.split(";") if value else []
            return el("select", *_options(field, chosen), name=field.name, id=ident, multiple=True, size="4")
        case "long":
            return el("textarea", "\n", value, name=field.name, id=ident, rows="3")
        case "pick":
            listed = el("datalist", *(el("option", label, value=key) for key, label in field.options), id=f"{ident}-list")
            asked = el(
                "input", type="text", name=field.name, id=ident, value=value, list=f"{ident}-list", autocomplete="off", required=field.required
            )
            return join([asked, listed])
        case _:
            # A line would lose the line breaks of its value, and a save would then change it.
            if "\n" in value or len(value) > LONG_LINE:
                return el("textarea", "\n", value, name=field.name, id=ident, rows="2", required=field.required)
            return el("input", type="text", name=field.name, id=ident, value=value, autocomplete="off", required=field.required)


def _options(field: Field, chosen: list[str]) -> list[Html]:
    """Return the options; a value that is none of them stays choosable, for a record may have an old one."""
    known = [key for key, _ in field.options]
    found = [] if field.kind == "choices" or (field.required and chosen != [""]) else [el("option", "", value="", selected=chosen == [""])]
    found += [el("option", f"{value} (not in the list)", value=value, selected=True) for value in chosen if value and value not in known]
    return found + [el("option", label or key, value=key, selected=key in chosen) for key, label in field.options]


def before(fields: Iterable[Field], values: Mapping[str, str]) -> Html:
    """Return what a form showed, hidden in it: what somebody else changes meanwhile is then not undone by its save."""
    shown = {field.name: values.get(field.name, "") for field in fields}
    return el("input", type="hidden", name="was", value=json.dumps(shown))


def filled(fields: Iterable[Field], given: Given) -> dict[str, str]:
    """Return what a form says of each field that it shows; several choices are joined as both CRMs join them."""
    return {field.name: _value(field, given) for field in fields if field.name in given or field.kind == "choices"}


def _value(field: Field, given: Given) -> str:
    values = [value.replace("\r\n", "\n") for value in given.get(field.name, [])]
    return ";".join(values) if field.kind == "choices" else values[0]


def changed(fields: Iterable[Field], given: Given) -> dict[str, str]:
    """Return the fields whose value is another one than the form showed. Raises ValueError for a form that does not tell what it showed."""
    was = json.loads(given.get("was", ["null"])[0])
    if not isinstance(was, dict):
        raise ValueError("the form does not tell what it showed")  # noqa: TRY004 - a bad form, told as such
    shown = list(fields)
    now = filled(shown, given)
    return {field.name: now[field.name] for field in shown if field.name in now and not _same(field, now[field.name], str(was.get(field.name, "")))}


def _same(field: Field, one: str, other: str) -> bool:
    """Say whether two forms of a value are one: the kind of its line breaks, and the order of several choices, are no change."""
    plain = [value.replace("\r\n", "\n") for value in (one, other)]
    return plain[0] == plain[1] or (field.kind == "choices" and sorted(plain[0].split(";")) == sorted(plain[1].split(";")))
