"""Both sandbox CRMs in a process of their own, a deployment between them, and runs of leadhub in processes of their own. For the benchmarks.

A run's CPU seconds and memory are those of a `leadhub sync` from start to end; hours pass between the runs, by the clocks of all.
"""

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

SYSTEMS = ("salesforce", "hubspot")
HOURS_BETWEEN = 2
FIELDS = ("Title", "jobtitle"), ("Fax", "fax"), ("Website", "website")
Answer = Mapping[str, Any]


# ---- the sandboxes, in a process of their own --------------------------------------------------------------------------------------------


class Town:
    """Both CRMs and the people who work in them. Everything is done through the sandboxes' admin API, without the way over HTTP."""

    def __init__(self) -> None:
        from leadhub_sandbox import SandboxClock, start_hubspot, start_salesforce

        self.clock = SandboxClock()
        self.servers = {"salesforce": start_salesforce(clock=self.clock), "hubspot": start_hubspot(clock=self.clock)}
        self.ids: dict[str, list[str]] = {name: [] for name in SYSTEMS}
        self.edits = 0
        self.lost = 0
        """Calls that got no answer, so far."""

    def order(self, name: str, path: str, body: object, method: str = "POST") -> Any:
        from leadhub_sandbox.http import Request

        target = f"/_sandbox/{path}"
        request = Request(method, target, target, {}, {"content-type": "application/json"}, json.dumps(body).encode())
        answer, _ = self.servers[name].answer(request)
        if answer.status >= 400:
            raise RuntimeError(f"{name} {path}: {answer.status} {answer.body}")
        return answer.body

    def fill(self, leads: int, systems: tuple[str, ...] = SYSTEMS) -> None:
        """Add people to the systems, the same ones to each."""
        start = max(len(ids) for ids in self.ids.values())
        for n in range(start, start + leads):
            first, last, email, company, phone = f"Ann{n}", f"Lee{n}", f"ann{n}@acme{n}.example", f"Acme {n}", f"+4930{1000000 + n}"
            sf = {"FirstName": first, "LastName": last, "Email": email, "Company": company, "Phone": phone, "Status": "Open - Not Contacted"}
            hs = {"firstname": first, "lastname": last, "email": email, "company": company, "phone": phone, "lifecyclestage": "lead"}
            bodies = {"salesforce": {"object": "Lead", "fields": sf}, "hubspot": {"properties": hs}}
            for name in systems:
                self.ids[name].append(self.order(name, "create", bodies[name])["id"])

    def edit(self, count: int, systems: tuple[str, ...] = SYSTEMS) -> None:
        """Change one field of some leads, each in the next one of the systems; each time another field.

        Who answers three of leadhub's writes of a field in a row with a change counts as an automation, and is left alone.
        """
        self.edits += 1
        step = len(self.ids["salesforce"]) // count
        for n in range(count):
            name = systems[n % len(systems)]
            values = f"Title {self.edits}.{n}", f"+4930{20_000_000 + 100_000 * self.edits + n}", f"https://w{self.edits}x{n}.example"
            native, other = FIELDS[self.edits % len(FIELDS)]
            value = values[self.edits % len(FIELDS)]
            change = {"fields": {native: value}} if name == "salesforce" else {"properties": {other: value}}
            self.order(name, "edit", {"id": self.ids[name][n * step], **change})

    def edit_all(self, title: str, systems: tuple[str, ...]) -> None:
        """Give everybody the same title."""
        for name in systems:
            records = self.order(name, "records/Lead" if name == "salesforce" else "records", {}, "GET")
            for record in records if name == "salesforce" else records["results"]:
                if name == "salesforce":
                    self.order(name, "edit", {"id": record["Id"], "fields": {"Title": title}})
                else:
                    self.order(name, "edit", {"id": record["id"], "properties": {"jobtitle": title}})

    def calls(self) -> dict[str, dict[str, int]]:
        """How many calls each system has had since the last question, by method and path without ids."""
        counted = {}
        for name, server in self.servers.items():
            self.lost += sum(str(call["fault"]).startswith("drop") for call in server.journal)
            counted[name] = dict(Counter(f"{call['method']} {_route(call['path'])}" for call in server.journal))
            server.journal.clear()
        return counted

    def obey(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Do what one order says; return what it asks for."""
        match order:
            case {"advance": seconds}:
                self.clock.advance(seconds)
            case {"fill": leads, **rest}:
                self.fill(leads, tuple(rest.get("systems", SYSTEMS)))
            case {"edit": leads, **rest}:
                self.edit(leads, tuple(rest.get("systems", SYSTEMS)))
            case {"edit_all": title, **rest}:
                self.edit_all(title, tuple(rest.get("systems", SYSTEMS)))
            case {"order": [name, path, body], **rest}:
                return {"answer": self.order(name, path, body, rest.get("method", "POST"))}
            case {"calls": _}:
                return {"calls": self.calls(), "lost": self.lost}
        return {}

    def access(self) -> dict[str, Any]:
        sf, hs = self.servers["salesforce"], self.servers["hubspot"]
        salesforce = {"url": sf.url, "client_id": sf.service.client_id, "client_secret": sf.service.client_secret}
        return {"salesforce": salesforce, "hubspot": {"url": hs.url, "token": hs.service.token}}


def _route(path: str) -> str:
    """Return a path without its version and without cursors."""
    parts = [part for part in path.split("/") if part and not part.startswith(("v", "2026-", "01g"))]
    return "/".join(parts).removeprefix("services/data/").removeprefix("crm/objects/").removeprefix("services/")


def serve_town() -> None:
    """Answer orders from standard input, one JSON object a line, until it closes."""
    town = Town()
    print(json.dumps(town.access()), flush=True)
    for line in sys.stdin:
        print(json.dumps(town.obey(json.loads(line))), flush=True)


# ---- one run of leadhub, in a process of its own -----------------------------------------------------------------------------------------


def one_run(kind: str, folder: Path, hours: float, batch: int | None = None, of: str = "") -> Answer:
    """Adopt both systems and switch writing on, sync once, or take the run `of` back; return what it cost.

    `batch`: as if the systems took no more records a call.
    """
    from leadhub_hubspot.connector import HubSpot
    from leadhub_salesforce.connector import SalesforceConnector

    from leadhub.clock import SystemClock
    from leadhub.hub import open_hub
    from leadhub.sync.acts import revert
    from leadhub.sync.run import adopt, sync

    class Later(SystemClock):
        def now(self) -> Any:
            return super().now() + timedelta(hours=hours)

    if batch is not None:
        SalesforceConnector.batch_size = HubSpot.batch_size = batch
    left: list[tuple[str, str, str, str]] = []
    before = 0
    start = perf_counter()
    hub = open_hub(folder, clock=Later())
    adopted = set(SYSTEMS) & set(hub.systems)
    if kind == "adopt":
        reports = [adopt(hub, name).run for name in SYSTEMS if name in adopted]
        with hub.store.begin() as tx:
            for row in tx.systems.list():
                tx.systems.save(replace(row, mode="write"))
    elif kind == "revert":
        with hub.store.read() as tx:
            (run,) = tx.runs.get(of)
        report, found = revert(hub, run, allowed={(name, guard): 10**6 for name in adopted for guard in ("updates", "stage_moves")})
        reports = [report]
        left = [(one.person, one.where, one.field, one.reason) for one in found.skipped if one.why != "done"]
        before = found.count("done")
    else:
        reports = [sync(hub, allowed={(name, guard): 10**6 for name in adopted for guard in ("updates", "stage_moves")})]
    hub.store.close()
    return {
        "run": reports[-1].run,
        "left": left,
        "before": before,
        "status": reports[-1].status,
        "troubles": [text for report in reports for text in (*report.troubles.values(), *report.refusals)],
        "pulled": sum(c.pulled for c in reports[-1].systems.values()),
        "created": sum(c.created for c in reports[-1].systems.values()),
        "updated": sum(c.updated for c in reports[-1].systems.values()),
        "cpu": process_time(),
        "seconds": perf_counter() - start,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    }


def die_after(writes: int) -> None:
    """Let this process end by SIGKILL in the call that makes this many writes: the call is made, and its answer not stored."""
    from leadhub.sync.retry import Careful

    made, push = [0], Careful.push

    def pushing(self: Careful, changes: Any) -> Any:
        for outcome in push(self, changes):
            made[0] += 1
            if made[0] >= writes:
                os.kill(os.getpid(), signal.SIGKILL)
            yield outcome

    Careful.push = pushing  # type: ignore[method-assign]  # the one place to die at


# ---- the deployment ----------------------------------------------------------------------------------------------------------------------


@dataclass
class World:
    """A deployment, the sandboxes' process, and how far the clocks have gone."""

    folder: Path
    town: "subprocess.Popen[str]"
    hours: float = 0
    batch: int | None = None

    def ask(self, **order: Any) -> Answer:
        assert self.town.stdin is not None
        assert self.town.stdout is not None
        self.town.stdin.write(json.dumps(order) + "\n")
        self.town.stdin.flush()
        answer: Answer = json.loads(self.town.stdout.readline())
        return answer

    def command(self, kind: str, hours: float = HOURS_BETWEEN, *more: str) -> list[str]:
        """Let two hours pass, or so many, and return the command of one run."""
        self.hours += hours
        self.ask(advance=hours * 3600)
        batch = [] if self.batch is None else ["--batch", str(self.batch)]
        return [sys.executable, __file__, "--run", kind, "--folder", str(self.folder), "--hours", str(self.hours), *batch, *more]

    def run(self, kind: str, title: str, hours: float = HOURS_BETWEEN, *more: str) -> Answer:
        """Run once, and print the costs."""
        output = subprocess.run(self.command(kind, hours, *more), check=True, stdout=subprocess.PIPE, text=True).stdout
        told: dict[str, Any] = json.loads(output.splitlines()[-1])
        told |= self.ask(calls=True)
        told["routes"] = told["calls"]
        told["calls"] = {name: sum(routes.values()) for name, routes in told["routes"].items()}
        calls = ", ".join(f"{name} {told['calls'][name]}" for name in SYSTEMS)
        print(
            f"  {title:28} {told['cpu']:7.1f} CPU s {told['seconds']:7.1f} s  peak {told['peak']:4.0f} MB  calls: {calls};"
            f" {told['pulled']:,} pulled, {told['updated']:,} updated, {told['status']}",
            flush=True,
        )
        for trouble in told["troubles"]:
            print(f"    {trouble}")
        return told


def configure(folder: Path, access: Answer, *, system: str = "", top: str = "", only: tuple[str, ...] = SYSTEMS) -> None:
    """Write the deployment: `system` are lines of each system's table, `top` of the top."""
    sf, hs = access["salesforce"], access["hubspot"]
    for name, secret in {"salesforce": sf["client_secret"], "hubspot": hs["token"]}.items():
        (folder / f"{name}.secret").write_text(secret)
    tables = {
        "salesforce": f'login_url = "{sf["url"]}"\nclient_id = "{sf["client_id"]}"\nclient_secret = "file:salesforce.secret"',
        "hubspot": f'base_url = "{hs["url"]}"\ntoken = "file:hubspot.secret"',
    }
    text = f'version = 1\nstore = "sqlite:///leadhub.db"\n{top}\n[defaults]\n{trusting(only)}\n'
    for name in only:
        text += f'[system.{name}]\nplugin = "{name}"\n{tables[name]}\n{system}\n'
    (folder / "leadhub.toml").write_text(text)


def trusting(only: tuple[str, ...]) -> str:
    """Return the line that names whom to trust, where there are two."""
    return 'trust = "salesforce"' if len(only) > 1 else ""


@contextmanager
def begun(*, system: str = "", top: str = "", only: tuple[str, ...] = SYSTEMS) -> Iterator[World]:
    """Start the town, write a deployment for it, and end both."""
    process = subprocess.Popen([sys.executable, __file__, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    with tempfile.TemporaryDirectory() as name:
        try:
            configure(Path(name), json.loads(process.stdout.readline()), system=system, top=top, only=only)
            yield World(Path(name), process)
        finally:
            process.stdin.close()
            process.wait(30)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--run", choices=("adopt", "sync", "revert"))
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--hours", type=float)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--of", default="")
    parser.add_argument("--kill-after", type=int)
    options = parser.parse_args()
    if options.serve:
        serve_town()
    else:
        if options.kill_after is not None:
            die_after(options.kill_after)
        print(json.dumps(one_run(options.run, options.folder, options.hours, options.batch, options.of)))
