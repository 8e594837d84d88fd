"""What a sync costs when nothing happened, and when 1 % changed: CPU seconds, memory and API calls, with few and with many linked leads.

    python benchmarks/quiet_sync.py [--leads 10000 100000]

Each lead is a pair of records, a Salesforce Lead and a HubSpot contact that agree. Both sandboxes run in a process of their own, and so does every
run of leadhub: its CPU seconds and its memory are those of a `leadhub sync` from start to end. Two hours pass between the runs. The first sync reads
what the systems' indexes may still have hidden at adoption, the third one finds nothing; then 1 % of the leads are edited, one half in each system.
A cost that follows what changed is the same for few and for many leads; the ratio of the last two quiet runs says how far that is so.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

SYSTEMS = ("salesforce", "hubspot")
HOURS_BETWEEN = 2
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

    def order(self, name: str, path: str, body: object) -> Any:
        from leadhub_sandbox.http import Request

        target = f"/_sandbox/{path}"
        request = Request("POST", target, target, {}, {"content-type": "application/json"}, json.dumps(body).encode())
        answer, _ = self.servers[name].answer(request)
        if answer.status >= 400:
            raise RuntimeError(f"{name} {path}: {answer.status} {answer.body}")
        return answer.body

    def fill(self, leads: int) -> None:
        for n in range(leads):
            first, last, email, company, phone = f"Ann{n}", f"Lee{n}", f"ann{n}@acme{n}.example", f"Acme {n}", f"+4930{1000000 + n}"
            sf = {"FirstName": first, "LastName": last, "Email": email, "Company": company, "Phone": phone, "Status": "Open - Not Contacted"}
            hs = {"firstname": first, "lastname": last, "email": email, "company": company, "phone": phone, "lifecyclestage": "lead"}
            self.ids["salesforce"].append(self.order("salesforce", "create", {"object": "Lead", "fields": sf})["id"])
            self.ids["hubspot"].append(self.order("hubspot", "create", {"properties": hs})["id"])

    def edit(self, count: int) -> None:
        """Change the title of some leads, every other one in Salesforce."""
        self.edits += 1
        step = len(self.ids["salesforce"]) // count
        for n in range(count):
            title = f"Title {self.edits}.{n}"
            if n % 2:
                self.order("salesforce", "edit", {"id": self.ids["salesforce"][n * step], "fields": {"Title": title}})
            else:
                self.order("hubspot", "edit", {"id": self.ids["hubspot"][n * step], "properties": {"jobtitle": title}})

    def calls(self) -> dict[str, int]:
        """How many calls each system has had since the last question."""
        counted = {name: len(server.journal) for name, server in self.servers.items()}
        for server in self.servers.values():
            server.journal.clear()
        return counted

    def access(self) -> dict[str, Any]:
        sf, hs = self.servers["salesforce"], self.servers["hubspot"]
        salesforce = {"url": sf.url, "client_id": sf.service.client_id, "client_secret": sf.service.client_secret}
        return {"salesforce": salesforce, "hubspot": {"url": hs.url, "token": hs.service.token}}


def serve_town() -> None:
    """Answer orders from standard input, one JSON object a line, until it closes."""
    town = Town()
    print(json.dumps(town.access()), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        if "fill" in order:
            town.fill(order["fill"])
        if "edit" in order:
            town.edit(order["edit"])
        town.clock.advance(order.get("advance", 0))
        print(json.dumps(town.calls()), flush=True)


# ---- one run of leadhub, in a process of its own -----------------------------------------------------------------------------------------


def one_run(kind: str, folder: Path, hours: int) -> None:
    """Adopt both systems and switch writing on, or sync once; print what it cost."""
    from leadhub.clock import SystemClock
    from leadhub.hub import open_hub
    from leadhub.sync.run import adopt, sync

    class Later(SystemClock):
        def now(self) -> Any:
            return super().now() + timedelta(hours=hours)

    start = perf_counter()
    hub = open_hub(folder, clock=Later())
    if kind == "adopt":
        reports = [adopt(hub, name).run for name in SYSTEMS]
        with hub.store.begin() as tx:
            for row in tx.systems.list():
                tx.systems.save(replace(row, mode="write"))
    else:
        reports = [sync(hub)]
    hub.store.close()
    told = {
        "status": reports[-1].status,
        "troubles": [text for report in reports for text in (*report.troubles.values(), *report.refusals)],
        "pulled": sum(c.pulled for c in reports[-1].systems.values()),
        "updated": sum(c.updated for c in reports[-1].systems.values()),
        "cpu": process_time(),
        "seconds": perf_counter() - start,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    }
    print(json.dumps(told))


# ---- the benchmark -----------------------------------------------------------------------------------------------------------------------


@dataclass
class World:
    """A deployment, the sandboxes' process, and how far the clocks have gone."""

    folder: Path
    town: "subprocess.Popen[str]"
    hours: int = 0

    def ask(self, **order: int) -> Answer:
        assert self.town.stdin is not None
        assert self.town.stdout is not None
        self.town.stdin.write(json.dumps(order) + "\n")
        self.town.stdin.flush()
        answer: Answer = json.loads(self.town.stdout.readline())
        return answer

    def run(self, kind: str, title: str) -> Answer:
        """Let two hours pass, run once, and print the costs."""
        self.hours += HOURS_BETWEEN
        self.ask(advance=HOURS_BETWEEN * 3600)
        command = [sys.executable, __file__, "--run", kind, "--folder", str(self.folder), "--hours", str(self.hours)]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        told: dict[str, Any] = json.loads(output.splitlines()[-1])
        told["calls"] = self.ask()
        calls = ", ".join(f"{name} {told['calls'][name]}" for name in SYSTEMS)
        print(
            f"  {title:28} {told['cpu']:7.1f} CPU s {told['seconds']:7.1f} s  peak {told['peak']:4.0f} MB  calls: {calls};"
            f" {told['pulled']:,} pulled, {told['updated']:,} updated, {told['status']}",
            flush=True,
        )
        for trouble in told["troubles"]:
            print(f"    {trouble}")
        return told


def configure(folder: Path, access: Answer) -> None:
    sf, hs = access["salesforce"], access["hubspot"]
    for name, secret in {"salesforce": sf["client_secret"], "hubspot": hs["token"]}.items():
        (folder / f"{name}.secret").write_text(secret)
    (folder / "leadhub.toml").write_text(
        f"""version = 1
store = "sqlite:///leadhub.db"
[defaults]
trust = "salesforce"
[system.salesforce]
plugin = "salesforce"
login_url = "{sf["url"]}"
client_id = "{sf["client_id"]}"
client_secret = "file:salesforce.secret"
[system.hubspot]
plugin = "hubspot"
base_url = "{hs["url"]}"
token = "file:hubspot.secret"
"""
    )


@contextmanager
def _town() -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen([sys.executable, __file__, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait(30)


def measured(leads: int) -> tuple[Answer, Answer]:
    """Link so many leads, and return what the quiet sync cost and the one with 1 % changed."""
    with tempfile.TemporaryDirectory() as name, _town() as town:
        assert town.stdout is not None
        folder = Path(name)
        configure(folder, json.loads(town.stdout.readline()))
        world = World(folder, town)
        start = perf_counter()
        world.ask(fill=leads)
        print(f"{leads:,} leads, put into both sandboxes in {perf_counter() - start:.0f} s", flush=True)
        world.run("adopt", "adoption of both")
        world.run("sync", "first sync")
        world.run("sync", "second sync")
        quiet = world.run("sync", "third sync: nothing changed")
        world.ask(edit=max(2, leads // 100))
        changed = world.run("sync", "1 % changed")
        world.run("sync", "what that wrote, read back")
        world.run("sync", "nothing changed again")
        print(f"  the store: {(folder / 'leadhub.db').stat().st_size / 1e6:,.0f} MB")
        return quiet, changed


def main() -> None:
    """Run with each number of leads, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--run", choices=("adopt", "sync"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--hours", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve_town()
    elif options.run:
        one_run(options.run, options.folder, options.hours)
    else:
        found = [measured(leads) for leads in options.leads]
        for leads, (quiet, changed) in zip(options.leads[1:], found[1:], strict=True):
            few, few_changed = found[0]
            print(f"{leads:,} leads against {options.leads[0]:,} ({leads / options.leads[0]:.0f} x as many):")
            print(f"  quiet sync       {quiet['cpu'] / few['cpu']:.2f} x the CPU seconds, calls {quiet['calls']} against {few['calls']}")
            print(f"  with 1 % changed {changed['cpu'] / few_changed['cpu']:.2f} x the CPU seconds")


if __name__ == "__main__":
    main()
