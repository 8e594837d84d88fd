"""HTML that is escaped by being made: whatever is not `Html` already is text, wherever it comes from."""

from collections.abc import Iterable
from html import escape
from urllib.parse import quote, urlencode

_VOID = frozenset({"br", "input", "link", "meta"})


class Html(str):
    """A piece of HTML."""

    __slots__ = ()


Child = object
"""A piece of HTML, anything that is shown as text, or None for nothing."""


def text(value: Child) -> Html:
    """Return a value as HTML; what is no HTML yet is escaped."""
    if value is None:
        return Html()
    return value if isinstance(value, Html) else Html(escape(str(value), quote=True))


def join(children: Iterable[Child]) -> Html:
    """Return pieces one after the other."""
    return Html("".join(text(child) for child in children))


def el(tag: str, /, *children: Child, **attributes: object) -> Html:
    """Return an element. `class_` is class, `aria_label` is aria-label; an attribute that is None or False is left out, True stands bare."""
    told = "".join(
        _attribute(key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items() if value is not None and value is not False
    )
    return Html(f"<{tag}{told}>") if tag in _VOID else Html(f"<{tag}{told}>{join(children)}</{tag}>")


def _attribute(name: str, value: object) -> str:
    return f" {name}" if value is True else f' {name}="{text(value)}"'


def url(*parts: str, **query: str) -> str:
    """Return a path below the console's root, every part of it quoted; a blank query value is left out."""
    kept = {name: value for name, value in query.items() if value}
    return "/" + "/".join(quote(part, safe="") for part in parts) + (f"?{urlencode(kept)}" if kept else "")


def link(label: Child, *parts: str, **query: str) -> Html:
    """Return a link to a page of the console."""
    return el("a", label, href=url(*parts, **query))


def table(heads: Iterable[Child], rows: Iterable[Iterable[Child]], caption: str) -> Html:
    """Return a table in a box that scrolls, so that the page does not."""
    head = el("thead", el("tr", *(el("th", one, scope="col") for one in heads)))
    body = el("tbody", *(el("tr", *(el("td", cell) for cell in row)) for row in rows))
    return el(
        "div", el("table", el("caption", caption, class_="hidden"), head, body), class_="scroll", tabindex="0", role="region", aria_label=caption
    )
