"""`python -m leadhub_sandbox`: both CRMs in one process of their own, on one clock, until a signal or the end of standard input."""

import argparse
import json
import signal
import sys
import threading
from typing import Any

from leadhub_sandbox import SandboxClock, SandboxServer, start_hubspot, start_salesforce

CRMS = ("salesforce", "hubspot")


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="leadhub-sandbox", description=__doc__)
    parser.add_argument("--salesforce-port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--hubspot-port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--seed", type=int, default=1, help="decides ids and secrets")
    parser.add_argument("--only", choices=CRMS, help="start one CRM instead of both")
    parser.add_argument("--exit-with-stdin", action="store_true", help="end when standard input closes, so that a dead parent leaves no orphan")
    return parser.parse_args(argv)


def _start(options: argparse.Namespace) -> dict[str, SandboxServer]:
    clock = SandboxClock()
    wanted = [options.only] if options.only else list(CRMS)
    servers: dict[str, SandboxServer] = {}
    for name in wanted:
        start, port = (start_salesforce, options.salesforce_port) if name == "salesforce" else (start_hubspot, options.hubspot_port)
        servers[name] = start(seed=options.seed, port=port, clock=clock)
    return servers


def _credentials(server: SandboxServer) -> dict[str, Any]:
    names = ("client_id", "client_secret", "token")
    return {"url": server.url} | {n: getattr(server.service, n) for n in names if hasattr(server.service, n)}


def main(argv: list[str] | None = None) -> int:
    """Start, print one line of JSON with the addresses and credentials, serve, stop. Returns the exit code."""
    options = _arguments(argv)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        servers = _start(options)
    except OSError as problem:
        sys.stderr.write(f"leadhub-sandbox: cannot listen on 127.0.0.1: {problem}. Choose another port, or 0 for a free one.\n")
        return 1
    if options.exit_with_stdin:
        threading.Thread(target=_wait_for_end_of_input, args=(ended,), daemon=True).start()
    sys.stdout.write(json.dumps({name: _credentials(server) for name, server in servers.items()}) + "\n")
    sys.stdout.flush()
    ended.wait()
    for server in servers.values():
        server.stop()
    return 0


def _wait_for_end_of_input(ended: threading.Event) -> None:
    while sys.stdin.buffer.readline():
        pass
    ended.set()


if __name__ == "__main__":
    raise SystemExit(main())
