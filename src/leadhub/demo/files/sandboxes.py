# ruff: noqa: INP001 - a script beside a deployment, no package
"""Starts both sandbox CRMs again, on the ports and with everything in them that `leadhub demo --keep` left, until Ctrl-C.

    python sandboxes.py

Uses Python's standard library alone; the sandboxes themselves are the plugin leadhub-sandbox.
"""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

FOLDER = Path(__file__).parent
CRMS = {"Salesforce": "SALESFORCE_LOGIN_URL", "HubSpot": "HUBSPOT_BASE_URL"}


def addresses() -> dict[str, str]:
    """Read where each CRM listens from sandboxes.env."""
    lines = (FOLDER / "sandboxes.env").read_text(encoding="utf-8").splitlines()
    values = dict(line.removeprefix("export ").split("=", 1) for line in lines if line.startswith("export "))
    return {crm: values[name].strip("'") for crm, name in CRMS.items()}


def restore(url: str, state: object) -> None:
    """Put a CRM's whole state back."""
    body = json.dumps(state).encode()
    request = urllib.request.Request(f"{url}/_sandbox/snapshot", body, {"Content-Type": "application/json"}, method="PUT")  # noqa: S310 - loopback, from our own file
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30).close()


def main() -> int:
    """Start, restore, serve. Return the exit code."""
    urls = addresses()
    ports = [f"--{crm.lower()}-port={urlsplit(url).port}" for crm, url in urls.items()]
    command = [sys.executable, "-m", "leadhub_sandbox", "--exit-with-stdin", *ports]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own interpreter and module
        told = process.stdout.readline() if process.stdout is not None else ""
        if not told:
            print("The sandboxes did not start: see above. A port that is taken may belong to sandboxes that run already.", file=sys.stderr)  # noqa: T201 - a script
            return 1
        states = json.loads((FOLDER / "sandboxes.json").read_text(encoding="utf-8"))
        for crm, url in urls.items():
            restore(url, states[crm])
            print(f"{crm} listens on {url}")  # noqa: T201 - a script
        console = json.loads(told)["console"]["url"]
        print(f"Ctrl-C ends both. What happens in them from now on is not kept. Look at them, and change them, at {console}", flush=True)  # noqa: T201 - a script
        try:
            process.wait()
        except KeyboardInterrupt:
            process.stdin.close() if process.stdin else None
    return 0


if __name__ == "__main__":
    sys.exit(main())
