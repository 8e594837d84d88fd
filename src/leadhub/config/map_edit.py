"""Changes of the stage mapping in the text of leadhub.toml: a row more, or a value under a new name. The rest of the text stays as it is."""

import json
import re
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import tomlkit
from tomlkit.items import Array

from leadhub.config.edit import says, with_line_below
from leadhub.config.lines import line_of
from leadhub.lifecycle.lines import line_finder

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_HEADER = re.compile(r"\s*\[")

Row = Mapping[str, Any]
"""A row of a `map`, as parsed."""


def with_row(text: str, system: str, field: str, row: Row) -> str:
    """Return the text with a further row of a field's map."""
    meant = tomllib.loads(text)
    _field(meant, system, field).setdefault("map", []).append(dict(row))
    added = _below_system(text, system, [f"[[{_path(system, field)}.map]]", *_lines(row)])
    return added if says(added, meant) else _parsed(text, meant, system, field, "map", row)


def with_value_renamed(text: str, system: str, field: str, old: str, new: str) -> str:
    """Return the text with its own rows of a value under a new name; the old one stays as an alias, for records that still show it."""
    meant = tomllib.loads(text)
    for row in _field(meant, system, field).get("map", []):
        if row.get("value") == old:
            row.update(renamed(row, new))
    lines = text.splitlines(keepends=True)
    named = re.compile(rf"\bvalue\s*=\s*(?:{re.escape(_value(old))}|'{re.escape(old)}')")
    alias = f"alias = {_value([old])}"
    for number in line_finder(text, "system", system)(field, "value", old):
        line = lines[number - 1]
        bare = line.rstrip("\r\n")
        inline = line.lstrip().startswith("{")
        below = "" if inline else line[: len(line) - len(line.lstrip())] + alias + (line[len(bare) :] or "\n")
        value = f"value = {_value(new)}, {alias}" if inline else f"value = {_value(new)}"
        if found := named.search(line):
            lines[number - 1] = line[: found.start()] + value + line[found.end() :] + below
    changed = "".join(lines)
    if says(changed, meant):
        return changed
    document = tomlkit.parse(text)
    for row in _field(document, system, field)["map"]:
        if row.get("value") == old:
            row["value"], row["alias"] = new, renamed(row, new)["alias"]
    return tomlkit.dumps(document)


def without_value(text: str, system: str, field: str, value: str) -> str:
    """Return the text with a preset's value dropped from a field."""
    meant = tomllib.loads(text)
    dropped = _field(meant, system, field).setdefault("drop", [])
    if value in dropped:
        return text
    dropped.append(value)
    line = f"drop = {_value(dropped)}"
    header = line_of(text, ("system", system, "field", field))
    tries = [with_line_below(text, header, line), _below_system(text, system, [f"[{_path(system, field)}]", line])]
    return next((changed for changed in tries if says(changed, meant)), None) or _parsed(text, meant, system, field, "drop", value)


def with_answer_renamed(text: str, system: str, field: str, old: str, new: str) -> str:
    """Return the text with the answer to a value's question under the value's new name; the same text where it was not answered."""
    meant = tomllib.loads(text)
    answers = _field(meant, system, field).get("answers", {})
    if old not in answers:
        return text
    answers[new] = answers.pop(old)
    lines = text.splitlines(keepends=True)
    number = line_of(text, ("system", system, "field", field, "answers", old))
    if number is not None:
        named = {json.dumps(old, ensure_ascii=False), json.dumps(old), f"'{old}'", old}
        spelled = next((name for name in sorted(named, key=len, reverse=True) if name in lines[number - 1]), None)
        if spelled is not None:
            lines[number - 1] = lines[number - 1].replace(spelled, _value(new), 1)
    changed = "".join(lines)
    if says(changed, meant):
        return changed
    document = tomlkit.parse(text)
    parsed = _field(document, system, field)["answers"]
    parsed[new] = parsed.pop(old)
    return tomlkit.dumps(document)


def renamed(row: Row, value: str) -> dict[str, Any]:
    """Return a row under a new value; the old one is still read like it, for records that were read before the system renamed it."""
    return {**deepcopy(dict(row)), "value": value, "alias": [*row.get("alias", ()), row["value"]]}


def meaning_of(row: Row, answer: str | None) -> dict[str, Any]:
    """Return what a row says, its question answered: the facets and what goes with them, without its own value, labels and question."""
    said = {**row, **row.get("answers", {}).get(answer, {})}
    return {key: deepcopy(said[key]) for key in ("stage", "status", "exit", "when", "converted", "reason") if key in said}


def _parsed(text: str, meant: Mapping[str, Any], system: str, field: str, key: str, item: Any) -> str:
    """The text with one more entry of a list, by a parser that keeps comments: for lists that are written in another way than as tables of their own."""
    document = tomlkit.parse(text)
    entries = _field(document, system, field).setdefault(key, [])
    written: Any = item
    if isinstance(item, Mapping):
        written = tomlkit.inline_table() if isinstance(entries, Array) else tomlkit.table()
        written.update(item)
    entries.append(written)
    changed = tomlkit.dumps(document)
    assert says(changed, meant)
    return changed


def _field(document: Any, system: str, field: str) -> Any:
    """The table of a field in a parsed document, made where it is missing."""
    return document["system"][system].setdefault("field", {}).setdefault(field, {})


def _path(system: str, field: str) -> str:
    return ".".join(map(_name, ("system", system, "field", field)))


def _lines(row: Row) -> list[str]:
    return [f"{_name(key)} = {_value(value)}" for key, value in row.items()]


def _name(key: str) -> str:
    return key if _BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False)


def _value(value: Any) -> str:
    """A value in one line of TOML; JSON's texts are TOML's."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_name(key)} = {_value(item)}" for key, item in value.items()) + " }" if value else "{}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _below_system(text: str, system: str, new: list[str]) -> str:
    """The text with lines after the last table of a system; a comment that begins what comes next stays with that."""
    lines = text.splitlines(keepends=True)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    own = re.compile(rf"\s*\[\[?\s*[\"']?system[\"']?\s*\.\s*[\"']?{re.escape(system)}[\"']?\s*[.\]]")
    headers = [number for number, line in enumerate(lines) if own.match(line)]
    if not headers:
        return text
    stop = next((n for n in range(headers[-1] + 1, len(lines)) if _HEADER.match(lines[n]) and not lines[n].startswith((" ", "\t"))), len(lines))
    last = max(n for n in range(headers[-1], stop) if lines[n].strip() and not lines[n].lstrip().startswith("#"))
    while last + 1 < stop and lines[last + 1].lstrip().startswith("#"):
        last += 1
    before = lines[: last + 1]
    if not before[-1].endswith("\n"):
        before[-1] += end
    after = lines[last + 1 :]
    if after and after[0].strip():
        after.insert(0, end)
    return "".join([*before, end, *(line + end for line in new), *after])
