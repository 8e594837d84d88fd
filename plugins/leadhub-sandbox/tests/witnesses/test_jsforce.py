"""jsforce, the client that most JavaScript programs use, against the Salesforce sandbox. The calls are in `jsforce_calls.mjs`."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from leadhub_sandbox import SandboxServer
from witnessing import FOLDER, JSFORCE, Tried, installed

pytestmark = pytest.mark.network
Walk = Callable[[str], None]


@pytest.fixture
def walk(tried: Tried, org: SandboxServer) -> Walk:
    """Make the calls of a chapter, each of which must end as it should, and note them."""
    service, package = org.service, installed(JSFORCE)
    form = {"grant_type": "client_credentials", "client_id": service.client_id, "client_secret": service.client_secret}
    token = httpx.post(f"{org.url}/services/oauth2/token", data=form, trust_env=False).json()["access_token"]
    given = form | {"package": str(package), "url": org.url, "token": token}

    def run(chapter: str) -> None:
        order = ["node", str(FOLDER / "jsforce_calls.mjs"), chapter]
        done = subprocess.run(order, input=json.dumps(given), capture_output=True, text=True, check=False, timeout=60)
        lines: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
        assert [line for line in lines if line["expected"] != line["happened"]] == []
        assert done.returncode == 0, done.stderr
        for line in lines:
            tried.note(line["call"], refused=line["expected"] != "accepted")

    return run


def test_logs_in(walk: Walk) -> None:
    """1 to 3, 44: by SOAP, password grant, client credentials and refresh token; it renews a dead token by itself."""
    walk("login")


def test_works_record_by_record(walk: Walk) -> None:
    """9, 15, 24, 26, 29: create, retrieve, update, upsert, find, count, select, destroy, updated and deleted."""
    walk("records")


def test_tells_what_is_refused(walk: Walk) -> None:
    """3, 9 to 11, 13, 18, 19, 24, 26, 29, 30, 43: each refusal is an error of the API's own name."""
    walk("refusals")


def test_works_with_collections(walk: Walk) -> None:
    """32 to 34: 200 records a call, more in several, in part and all or none."""
    walk("collections")


def test_pages_through_queries(walk: Walk, admin: Callable[..., Any]) -> None:
    """18, 19: page by page, by autoFetch to a bound, and as events."""
    admin("settings", page_size=200)
    walk("queries")


def test_describes(walk: Walk) -> None:
    """4 to 6, 44: the org and its objects, the limits as an answer and as a header, the identity, the versions."""
    walk("description")


def test_works_in_bulk(walk: Walk, admin: Callable[..., Any]) -> None:
    """41, 42: bulk2 inserts, upserts, updates, deletes, queries, and steps through a job by hand.

    Its query is of one page: jsforce itself writes after the end of its stream where there are more (its issues 1546 and 1693).
    """
    admin("settings", bulk_polls=1)
    walk("bulk")
