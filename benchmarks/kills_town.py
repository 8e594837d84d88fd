"""The CRMs of the kill campaign, in a process of their own, and the people who type in them, each over what the record shows at that moment."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from town import SYSTEMS, Answer, Town, World, configure

OWNERS = {"salesforce": "assignment_rules", "hubspot": "7001"}


@dataclass(frozen=True)
class Cell:
    """A field: its name in each system, what one types there, and in which system alone, if so."""

    names: tuple[str, str]
    value: Callable[[int], str]
    by: str | None = None


CELLS = {
    "title": Cell(("Title", "jobtitle"), lambda n: f"Title {n}"),
    "fax": Cell(("Fax", "fax"), lambda n: f"+4930{20_000_000 + n}", "salesforce"),
    "website": Cell(("Website", "website"), lambda n: f"https://w{n}.example", "hubspot"),
}


@dataclass(frozen=True)
class Typed:
    """One value that somebody typed, and what it was typed over."""

    person: int
    cell: str
    system: str
    value: str
    shown: str | None
    at: str


class Offices(Town):
    """Both CRMs and their people."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[tuple[str, int, str]] = []
        self.order("hubspot", "settings", {"search_lag_seconds": 1})

    def rows(self, system: str) -> list[dict[str, Any]]:
        """All live records, each as its values by native name."""
        if system == "salesforce":
            return [{**row, "id": row["Id"]} for row in self.order(system, "records/Lead", {}, "GET") if not row["IsDeleted"]]
        return [{**row["properties"], "id": row["id"]} for row in self.order(system, "records", {}, "GET")["results"] if not row.get("archived")]

    def type(self, system: str, person: int, cell: str, value: str) -> dict[str, Any]:
        """Type a value; tell what stood there."""
        self.drain()
        native, id_ = CELLS[cell].names[SYSTEMS.index(system)], self.ids[system][person]
        shown = next(row for row in self.rows(system) if row["id"] == id_).get(native) or None
        values = "fields" if system == "salesforce" else "properties"
        self.order(system, "edit", {"id": id_, values: {native: value}})
        return {"value": value, "shown": shown, "at": self.clock.now().isoformat()}

    def enter(self, system: str, number: int, address: str) -> None:
        """Enter somebody new in one system."""
        first, last, company = f"Nora{number}", f"New{number}", f"New {number}"
        if system == "salesforce":
            fields = {"FirstName": first, "LastName": last, "Email": address, "Company": company, "Status": "Open - Not Contacted"}
            self.order(system, "create", {"object": "Lead", "fields": fields})
        else:
            properties = {"firstname": first, "lastname": last, "email": address, "company": company, "lifecyclestage": "lead"}
            self.order(system, "create", {"properties": properties})

    def drain(self) -> None:
        """Keep of the calls so far when leadhub wrote to whom."""
        for system, server in self.servers.items():
            calls, server.journal[:] = list(server.journal), []
            people = {id_: n for n, id_ in enumerate(self.ids[system])}
            for call in calls:
                if call["method"] != "GET" and not any(part in call["path"] for part in ("/search", "/batch/read", "/oauth2/")):
                    named = {*re.findall(r'"id"\s*:\s*"?(\w+)', call["body"]), call["path"].rpartition("/")[2]}
                    self.writes += [(system, people[id_], call["at"]) for id_ in named if id_ in people]

    def state(self) -> dict[str, Any]:
        """Everything that the judgement needs."""
        self.drain()
        told: dict[str, Any] = {"writes": self.writes, "addresses": {}, "cells": {}}
        for n, system in enumerate(SYSTEMS):
            rows = {row["id"]: row for row in self.rows(system)}
            told["addresses"][system] = [(row.get("Email") or row.get("email") or "").lower() for row in rows.values()]
            told["cells"][system] = [{cell: rows[id_].get(c.names[n]) or None for cell, c in CELLS.items()} for id_ in self.ids[system]]
        return told


def serve() -> None:
    """Answer orders from standard input, one JSON object a line, until it closes."""
    offices = Offices()
    print(json.dumps(offices.access()), flush=True)
    for line in sys.stdin:
        told: dict[str, Any] = {}
        match json.loads(line):
            case {"advance": seconds}:
                offices.clock.advance(seconds)
            case {"fill": leads}:
                offices.fill(leads)
            case {"type": given}:
                told = offices.type(*given)
            case {"enter": given}:
                offices.enter(*given)
            case {"state": _}:
                told = offices.state()
        print(json.dumps(told), flush=True)


def _configure(folder: Path, access: Answer, url: str) -> None:
    configure(folder, access, system='create = "always"\ncreate_cap = 1000000')
    path = folder / "leadhub.toml"
    text = path.read_text().replace('"sqlite:///leadhub.db"', '"file:store.secret"')
    for name, owner in OWNERS.items():
        text = text.replace(f'plugin = "{name}"', f'plugin = "{name}"\non_create = {{ owner = "{owner}" }}')
    path.write_text(text)
    (folder / "store.secret").write_text(url)


@contextmanager
def start(folder: Path, url: str, people: int) -> Iterator[World]:
    """Start the CRMs with so many people in both, and write a deployment for them."""
    process = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        _configure(folder, json.loads(process.stdout.readline()), url)
        world = World(folder, process)
        world.ask(fill=people)
        yield world
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()


if __name__ == "__main__":
    serve()
