"""The frame of every page: head, navigation, what was done, what was refused."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from leadhub_sandbox.console.html import Child, Html, el, join, link, url
from leadhub_sandbox.console.model import Crm, Kind
from leadhub_sandbox.orders import RefusedError

DONE = {
    "create": "The record was made.",
    "edit": "Saved.",
    "nothing": "Nothing was changed, so nothing was saved.",
    "convert": "Converted.",
    "merge": "Merged.",
    "delete": "Deleted: it lies in the recycle bin.",
    "undelete": "Brought back.",
    "purge": "Gone for good.",
    "archive": "Archived.",
    "restore": "Restored.",
    "fault": "The fault waits for its call.",
    "clear": "Cleared.",
    "clock": "The clock was changed.",
    "setting": "The setting was changed.",
}
"""What a page says after a step that it was led to."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What every page needs: the CRMs by name, the form token, the time, and which page it is."""

    crms: Mapping[str, Crm]
    token: str
    now: str
    frozen: bool
    done: str = ""
    refused: RefusedError | None = None

    def after(self, refused: RefusedError) -> "Frame":
        """Return the frame of a page that tells of a refusal."""
        return replace(self, refused=refused, done="")


def page(frame: Frame, title: str, *body: Child, crm: Crm | None = None, here: str = "") -> Html:
    """Return a whole page. `here` is the last part of the address of the entry in the navigation that it belongs to."""
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("title", f"{title} · leadhub-sandbox"),
        el("link", rel="stylesheet", href="/style.css"),
    )
    main = el("main", el("h1", title), _done(frame), _refused(frame.refused), *body, id="main")
    skip = el("a", "To the content", href="#main", class_="skip")
    return join([Html("<!DOCTYPE html>"), el("html", head, el("body", skip, _header(frame, crm, here), main), lang="en")])


def _header(frame: Frame, crm: Crm | None, here: str) -> Html:
    top = [_entry("Overview", here == "overview"), *(_entry(one.title, one is crm, one.name) for one in frame.crms.values())]
    clock = el(
        "a",
        "Clock ",
        el("time", frame.now[:19].replace("T", " "), datetime=frame.now),
        " UTC",
        ", stands still" if frame.frozen else "",
        href="/clock",
        class_="clock",
    )
    bars = [el("nav", el("strong", "leadhub-sandbox"), *top, clock, aria_label="Sandbox", class_="bar")]
    if crm is not None:
        entries: list[tuple[str, str, tuple[str, ...]]] = [(kind.name, kind.label, ("records", kind.name)) for kind in crm.kinds() if kind.creatable]
        entries += [(name, name.capitalize(), (name,)) for name in ("objects", "faults", "journal", "settings")]
        bars.append(
            el("nav", *(_entry(label, here == name, crm.name, *parts) for name, label, parts in entries), aria_label=crm.title, class_="bar sub")
        )
    return el("header", *bars)


def _entry(label: str, current: bool, *parts: str) -> Html:
    return el("a", label, href=url(*parts), aria_current="page" if current else None)


def _done(frame: Frame) -> Html | None:
    return el("p", DONE[frame.done], class_="done", role="status") if frame.done in DONE else None


def _refused(refused: RefusedError | None) -> Html | None:
    if refused is None:
        return None
    whole = el("details", el("summary", "The whole answer"), el("pre", json.dumps(refused.body, indent=2, ensure_ascii=False), tabindex="0"))
    return el(
        "div",
        el("p", el("strong", f"Refused ({refused.status})")),
        *(el("p", words) for words in refused.words),
        whole,
        class_="refused",
        role="alert",
    )


def form(frame: Frame, target: str, label: Child, *body: Child, danger: bool = False, class_: str = "") -> Html:
    """Return a form that posts, with its token and its button."""
    token = el("input", type="hidden", name="token", value=frame.token)
    button = el("button", label, type="submit", class_="danger" if danger else None)
    return el("form", token, *body, el("p", button, class_="buttons"), method="post", action=target, class_=class_ or None)


def pager(at: int, size: int, total: int, *parts: str, **query: str) -> Html | None:
    """Return the links to the pages before and after; `at` counts from 1."""
    last = max(1, -(-total // size))
    if last == 1:
        return None
    before = link("← newer", *parts, **query, page=str(at - 1)) if at > 1 else None
    after = link("older →", *parts, **query, page=str(at + 1)) if at < last else None
    return el("nav", before, el("span", f"Page {at} of {last}"), after, class_="pager", aria_label="Pages")


def whole(what: str, text: str) -> int:
    """Return a number of an address. Raises ValueError that names it."""
    if not text.isdecimal():
        raise ValueError(f"{what} is a whole number, not {text!r}")
    return int(text)


def facts(pairs: Sequence[tuple[Child, Child]]) -> Html:
    """Return a list of names with their values."""
    return el("dl", *(join([el("dt", name), el("dd", value)]) for name, value in pairs), class_="facts")


def kind_of(crm: Crm, name: str) -> Kind | None:
    """Return the object of a name."""
    return next((kind for kind in crm.kinds() if kind.name == name), None)


def pretty(body: str) -> str:
    """Return a body as it is best read: JSON with line breaks, anything else as it is."""
    try:
        parsed: Any = json.loads(body)
    except ValueError:
        return body
    return json.dumps(parsed, indent=2, ensure_ascii=False)
