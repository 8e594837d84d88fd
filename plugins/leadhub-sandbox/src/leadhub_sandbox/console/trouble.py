"""The pages about what surrounds the records: faults, the journal, settings, the clock."""

import json
from collections.abc import Mapping
from typing import Any

from leadhub_sandbox.console.forms import controls
from leadhub_sandbox.console.html import Html, el, join, link, table, url
from leadhub_sandbox.console.layout import Frame, facts, form, page, pager, pretty, whole
from leadhub_sandbox.console.model import Crm, Field

PAGE = 100
FAULT_KINDS = {
    "drop_before": "the line breaks, and the CRM never saw the call",
    "drop_after": "the call is done, and its answer is lost",
    "truncate": "the call is done, and half of the answer comes",
    "slow": "the answer comes late (delay, in seconds)",
    "html_503": "503 with a page of HTML",
    "bad_gateway": "502 with a page of HTML",
    "too_many": "429",
    "redirect": "302 to somewhere else",
}
_METHODS = (".*", "GET", "POST", "PUT", "PATCH", "DELETE")
_STEPS = (("60", "a minute"), ("3600", "an hour"), ("86400", "a day"), ("604800", "a week"))


def faults(frame: Frame, crm: Crm, typed: Mapping[str, str] | None = None) -> Html:
    """Order faults, and see which wait."""
    told = crm.orders.get("faults")
    kinds = tuple((kind, f"{kind}: {FAULT_KINDS[kind]}" if kind in FAULT_KINDS else kind) for kind in told["kinds"])
    fields = (
        Field("kind", "What goes wrong", "choice", options=kinds, given=kinds[0][0], required=True),
        Field("path", "Of calls whose path has", hint="a regular expression", given=".*", required=True),
        Field(
            "method", "By the method", "choice", options=tuple((one, "any" if one == ".*" else one) for one in _METHODS), given=".*", required=True
        ),
        Field("times", "So many times", given="1", required=True),
        Field("skip", "After so many that pass", given="0", required=True),
        Field("delay", "Delay", hint="seconds; blank: the kind's own"),
    )
    order = form(frame, url(crm.name, "faults"), "Switch on", el("div", controls(fields, typed or {}, "fault"), class_="grid"))
    parts = [el("section", el("h2", "Next calls go wrong"), order, aria_label="Order a fault"), _waiting(frame, crm, told["waiting"])]
    return page(frame, f"{crm.title}: faults", *parts, crm=crm, here="faults")


def _waiting(frame: Frame, crm: Crm, waiting: list[dict[str, Any]]) -> Html:
    if not waiting:
        return el("section", el("h2", "Waiting"), el("p", "No fault waits: every call is answered as the CRM would.", class_="empty"))
    rows = [
        [el("code", one["kind"]), el("code", one["path"]), "any" if one["method"] == ".*" else one["method"], one["times"], one["skip"]]
        for one in waiting
    ]
    listed = table(["What", "Path", "Method", "Times", "After so many"], rows, "Faults that wait")
    return el("section", el("h2", "Waiting"), listed, form(frame, url(crm.name, "faults", "clear"), "Clear all", danger=True, class_="act"))


def fault_order(given: Mapping[str, str]) -> dict[str, Any]:
    """Return the order of a form. Raises ValueError for what is no number."""
    order: dict[str, Any] = {"kind": given.get("kind", ""), "path": given.get("path", ".*"), "method": given.get("method", ".*")}
    order |= {"times": int(given.get("times", "1")), "skip": int(given.get("skip", "0"))}
    return order | ({"delay": float(given["delay"])} if given.get("delay", "").strip() else {})


def journal(frame: Frame, crm: Crm, query: Mapping[str, str]) -> Html:
    """The calls of the CRM's API, the latest first."""
    calls = crm.orders.get("journal")[::-1]
    at = min(max(1, whole("page", query.get("page", "1"))), max(1, -(-len(calls) // PAGE)))
    rows = [
        [
            link(call["seq"], crm.name, "journal", str(call["seq"])),
            _time(call),
            call["method"],
            el("code", call["path"]),
            _status(call),
            call["fault"] or "",
        ]
        for call in calls[(at - 1) * PAGE : at * PAGE]
    ]
    if not rows:
        return page(frame, f"{crm.title}: journal", el("p", "No call has come yet.", class_="empty"), crm=crm, here="journal")
    listed = table(["Call", "When", "Method", "Path", "Status", "Fault"], rows, "Calls")
    parts = [
        listed,
        pager(at, PAGE, len(calls), crm.name, "journal"),
        form(frame, url(crm.name, "journal", "clear"), "Clear the journal", danger=True),
    ]
    return page(frame, f"{crm.title}: journal", *parts, crm=crm, here="journal")


def _time(call: Mapping[str, Any]) -> str:
    return str(call["at"])[:19].replace("T", " ")


def _status(call: Mapping[str, Any]) -> Html:
    return el("span", call["status"], class_="bad" if call["status"] >= 400 or call["fault"] else "good")


def one_call(frame: Frame, crm: Crm, seq: int) -> Html | None:
    """One call with all that came."""
    calls = crm.orders.get("journal")
    if not 1 <= seq <= len(calls):
        return None
    call = calls[seq - 1]
    told = facts([("When", _time(call)), ("Target", el("code", call["target"])), ("Status", _status(call)), ("Fault", call["fault"] or "none")])
    headers = facts([(el("code", name), value) for name, value in call["headers"].items()])
    body = el("pre", pretty(call["body"]), tabindex="0") if call["body"] else el("p", "None.", class_="empty")
    parts = [told, el("h2", "Headers"), headers, el("h2", "Body"), body]
    return page(frame, f"{call['method']} {call['path']}", *parts, crm=crm, here="journal")


def settings(frame: Frame, crm: Crm, typed: Mapping[str, str] | None = None) -> Html:
    """Every setting with its value as JSON, and a place for an order of several."""
    told = crm.orders.get("settings")
    name, value = (typed or {}).get("name"), (typed or {}).get("value", "")
    each = [_setting(frame, crm, one, value if one == name else json.dumps(now, ensure_ascii=False)) for one, now in told.items()]
    field = Field("value", "Settings", "long", "one object of JSON")
    whole = form(frame, url(crm.name, "settings"), "Change", controls([field], {"value": value if name == "" else "{}"}, "all"))
    hint = "What has no line above goes here too: the README of leadhub-sandbox and HUBSPOT.md list all of them."
    parts = [el("div", *each, class_="settings"), el("section", el("h2", "Several at once"), el("p", hint, class_="mark"), whole)]
    return page(frame, f"{crm.title}: settings", *parts, crm=crm, here="settings")


def _setting(frame: Frame, crm: Crm, name: str, value: str) -> Html:
    hidden = el("input", type="hidden", name="name", value=name)
    label = join(["Change", el("span", f" {name}", class_="hidden")])
    return form(frame, url(crm.name, "settings"), label, hidden, controls([Field("value", name)], {"value": value}, f"set-{name}"), class_="setting")


def settings_order(given: Mapping[str, str]) -> dict[str, Any]:
    """Return the order of a form: one setting, or an object of them. Raises ValueError for what is no JSON."""
    try:
        value = json.loads(given.get("value", ""))
    except ValueError as problem:
        raise ValueError(f"this is no JSON: {problem}. A text stands in quotes.") from problem
    order = {given["name"]: value} if given.get("name") else value
    if not isinstance(order, dict):
        raise ValueError("several settings are one object of JSON")  # noqa: TRY004 - a bad form, told as such
    return order


def clock(frame: Frame) -> Html:
    """The one clock of both CRMs."""
    instant = Field("set", "Stand still at", hint="UTC, 2026-11-16 10:00:00", given=frame.now[:19].replace("T", " "), required=True)
    steps = [
        form(frame, "/clock", f"+ {label}", el("input", type="hidden", name="advance", value=seconds), class_="act") for seconds, label in _STEPS
    ]
    other = form(frame, "/clock", "Advance", controls([Field("advance", "Seconds", given="5", required=True)], {}, "clock"), class_="narrow")
    run = form(frame, "/clock", "Let it run", el("input", type="hidden", name="release", value="true"), class_="act") if frame.frozen else None
    parts = [
        el(
            "p",
            "It stands still." if frame.frozen else "It runs.",
            " Both CRMs live by it: tokens and cursors expire by it, and limits are counted by it.",
        ),
        el("section", el("h2", "Move it on"), el("div", *steps, class_="acts"), other, aria_label="Move it on"),
        el("section", el("h2", "Set it"), form(frame, "/clock", "Set", controls([instant], {}, "clock"), class_="narrow"), run, aria_label="Set it"),
    ]
    return page(frame, "Clock", *parts, here="clock")
