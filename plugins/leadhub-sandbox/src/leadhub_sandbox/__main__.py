"""`leadhub-sandbox up`, or `python -m leadhub_sandbox`: both CRMs and the console in one process, on one clock, until a signal or the end of standard input."""

import argparse
import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Mapping
from typing import Any

from leadhub_sandbox import SandboxClock, SandboxServer, start_console, start_hubspot, start_salesforce
from leadhub_sandbox.http import Loopback
from leadhub_sandbox.people import fill

CRMS = ("salesforce", "hubspot")
TITLES = {"salesforce": "Salesforce", "hubspot": "HubSpot", "console": "Console"}
MOST_PEOPLE = 100_000


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="leadhub-sandbox", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["up"], default="up", help="start, which is what it does without a word too")
    parser.add_argument("--salesforce-port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--hubspot-port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--console-port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--seed", type=int, default=1, help="decides ids and secrets")
    parser.add_argument("--seed-data", type=_count, default=0, metavar="N", help="put N made-up people into both CRMs")
    parser.add_argument("--only", choices=CRMS, help="start one CRM instead of both")
    parser.add_argument("--json", action="store_true", help="print one line of JSON also in a terminal; into a pipe it is always that")
    parser.add_argument("--exit-with-stdin", action="store_true", help="end when standard input closes, so that a dead parent leaves no orphan")
    return parser.parse_args(argv)


def _count(text: str) -> int:
    number = int(text)
    if not 0 <= number <= MOST_PEOPLE:
        raise argparse.ArgumentTypeError(f"a number of people from 0 to {MOST_PEOPLE}")
    return number


def _start(options: argparse.Namespace) -> tuple[dict[str, SandboxServer], Loopback]:
    clock = SandboxClock()
    wanted = [options.only] if options.only else list(CRMS)
    servers: dict[str, SandboxServer] = {}
    for name in wanted:
        start, port = (start_salesforce, options.salesforce_port) if name == "salesforce" else (start_hubspot, options.hubspot_port)
        servers[name] = start(seed=options.seed, port=port, clock=clock)
    return servers, start_console(servers, port=options.console_port)


def _credentials(server: SandboxServer) -> dict[str, Any]:
    names = ("client_id", "client_secret", "token")
    return {"url": server.url} | {n: getattr(server.service, n) for n in names if hasattr(server.service, n)}


def _for_people(told: Mapping[str, Mapping[str, str]], people: int) -> str:
    """Return what is told in a terminal."""
    lines = []
    for name, entry in told.items():
        lines.append(f"{TITLES[name]:<18}{entry['url']}")
        lines += [f"  {key.replace('_', ' '):<16}{value}" for key, value in entry.items() if key != "url"]
    filled = (
        f"{people} made-up people are in it." if people else "Nobody is in it yet: --seed-data N puts people in, the console makes one at a time."
    )
    return "\n".join([*lines, "", filled, "Ctrl-C ends it, and nothing is kept."])


def main(argv: list[str] | None = None) -> int:
    """Start, print the addresses and credentials, serve, stop. Returns the exit code."""
    options = _arguments(argv)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        servers, console = _start(options)
    except (OSError, OverflowError) as problem:  # a port that is taken, or that is none
        sys.stderr.write(f"leadhub-sandbox: cannot listen on 127.0.0.1: {problem}. Choose another port, or 0 for a free one.\n")
        return 1
    fill(servers, options.seed, options.seed_data)
    if options.exit_with_stdin:
        threading.Thread(target=_wait_for_end_of_input, args=(ended,), daemon=True).start()
    told = {name: _credentials(server) for name, server in servers.items()} | {"console": {"url": console.url}}
    as_json = options.json or not sys.stdout.isatty()
    sys.stdout.write((json.dumps(told) if as_json else _for_people(told, options.seed_data)) + "\n")
    sys.stdout.flush()
    ended.wait()
    for server in (console, *servers.values()):
        server.stop()
    return 0


def _wait_for_end_of_input(ended: threading.Event) -> None:
    # Not by sys.stdin: a thread that waits within its buffer when a signal ends the process is a fatal error of Python.
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    ended.set()


if __name__ == "__main__":
    raise SystemExit(main())
