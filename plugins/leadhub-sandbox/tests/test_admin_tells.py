"""What the admin API tells to somebody who looks: faults that wait, the clock, what there is and what may be written."""

from collections.abc import Callable, Iterator

import httpx
import pytest
from leadhub_sandbox import SandboxClock, SandboxServer, start_hubspot, start_salesforce

START = "2026-11-16T10:00:00+00:00"


Admin = Callable[[SandboxServer], httpx.Client]


@pytest.fixture
def admin() -> Iterator[Admin]:
    """A client of a server's admin API."""
    opened: list[httpx.Client] = []

    def client(server: SandboxServer) -> httpx.Client:
        opened.append(httpx.Client(base_url=f"{server.url}/_sandbox", verify=False))
        return opened[-1]

    yield client
    for one in opened:
        one.close()


@pytest.fixture
def clock() -> SandboxClock:
    """One clock for both."""
    return SandboxClock()


@pytest.fixture
def salesforce(clock: SandboxClock) -> Iterator[SandboxServer]:
    """An org."""
    server = start_salesforce(seed=7, clock=clock)
    yield server
    server.stop()


@pytest.fixture
def hubspot(clock: SandboxClock) -> Iterator[SandboxServer]:
    """An account."""
    server = start_hubspot(seed=7, clock=clock)
    yield server
    server.stop()


def test_faults_that_wait_are_told(salesforce: SandboxServer) -> None:
    """Which kinds there are, and which wait for how many calls."""
    url = f"{salesforce.url}/_sandbox/faults"
    httpx.post(url, json={"kind": "lock", "path": "Lead", "times": 2})
    told = httpx.get(url).json()
    assert {"lock", "drop_after"} <= set(told["kinds"])
    (waiting,) = told["waiting"]
    assert (waiting["kind"], waiting["path"], waiting["method"], waiting["times"], waiting["skip"]) == ("lock", "Lead", ".*", 2, 0)


@pytest.mark.parametrize("wrong", [{"path": "("}, {"method": "["}, {"times": 0}, {"times": "2"}, {"skip": -1}, {"status": "x"}, {"delay": -1}])
def test_a_fault_that_cannot_be_is_refused_when_it_is_ordered(salesforce: SandboxServer, wrong: dict[str, object]) -> None:
    """A bad pattern or number is a 400 at once, and no call after it fails for it."""
    answer = httpx.post(f"{salesforce.url}/_sandbox/faults", json={"kind": "slow", **wrong})
    assert (answer.status_code, next(iter(wrong)) in answer.json()["error"]) == (400, True)
    assert httpx.get(f"{salesforce.url}/services/data").status_code == 200


def test_the_clock_is_told_and_goes_back_to_real_time(salesforce: SandboxServer, clock: SandboxClock) -> None:
    """Whether it stands is told; a reset forgets what was set. An advance beyond all calendars is a bad order."""
    url = f"{salesforce.url}/_sandbox/clock"
    assert httpx.get(url).json()["frozen"] is False
    httpx.post(url, json={"set": START})
    assert httpx.get(url).json() == {"now": START, "frozen": True}
    wrong = [{"advance": 1e30}, {"advance": 1e12}, {"advance": -1e11}, {"set": "0001-01-01T00:00:00+00:00"}, {"set": "9999-12-31T23:00:00-05:00"}]
    assert [httpx.post(url, json=order).status_code for order in wrong] == [400] * 5
    assert httpx.get(url).json()["now"] == START
    clock.reset()
    assert (clock.frozen, abs((clock.now() - SandboxClock().now()).total_seconds()) < 5) == (False, True)


def test_the_journal_tells_when(salesforce: SandboxServer) -> None:
    """A call bears the sandbox's own time."""
    httpx.post(f"{salesforce.url}/_sandbox/clock", json={"set": START})
    httpx.get(f"{salesforce.url}/services/data")
    assert [entry["at"] for entry in httpx.get(f"{salesforce.url}/_sandbox/journal").json()] == [START]


def test_salesforce_tells_what_there_is_and_how_to_get_in(salesforce: SandboxServer, admin: Admin) -> None:
    """Objects, the fields of one, and credentials that work."""
    web = admin(salesforce)
    objects = {one["name"]: one for one in web.get("/describe").json()}
    assert (objects["Lead"]["createable"], objects["LeadHistory"]["createable"], objects["Contact"]["mergeable"]) == (True, False, True)
    status = next(field for field in web.get("/describe/lead").json()["fields"] if field["name"] == "Status")
    assert "Working - Contacted" in [value["value"] for value in status["picklistValues"]]
    account = web.get("/account").json()
    form = {"grant_type": "password", "client_id": account["client_id"], "client_secret": account["client_secret"]}
    form |= {"username": account["usernames"][1], "password": account["password"]}
    assert httpx.post(f"{salesforce.url}/services/oauth2/token", data=form).status_code == 200
    assert web.get("/describe/Nothing").status_code == 400


def test_hubspot_tells_what_there_is_and_one_record_with_its_history(hubspot: SandboxServer, admin: Admin) -> None:
    """Objects, properties with all options and who may write them, and each value that a record had."""
    web = admin(hubspot)
    assert [one["name"] for one in web.get("/describe").json()] == ["contacts", "deals", "leads"]
    properties = {one["name"]: one for one in web.get("/describe/contacts").json()["properties"]}
    assert [properties[name]["byHand"] for name in ("email", "hs_additional_emails", "createdate")] == [True, True, False]
    assert "7001" in [option["value"] for option in properties["hubspot_owner_id"]["options"]]
    made = web.post("/create", json={"properties": {"email": "ann@acme.example", "city": "Lund"}}).json()["id"]
    web.post("/edit", json={"id": made, "properties": {"city": "Oslo"}})
    told = web.get(f"/records/contacts/{made}").json()
    assert [entry["value"] for entry in told["propertiesWithHistory"]["city"]] == ["Oslo", "Lund"]
    assert [web.get(path).status_code for path in ("/records/contacts/1", "/records/nothing/1", "/describe/nothing")] == [404, 400, 400]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "localhost:1"}, 200),
        ({"Origin": "http://127.0.0.1:1"}, 200),
    ],
)
def test_the_admin_api_answers_to_this_machines_own_names_alone(salesforce: SandboxServer, headers: dict[str, str], status: int) -> None:
    """A page from elsewhere neither reads nor orders anything: by a name that leads here, or by a call across origins."""
    calls = [
        httpx.get(f"{salesforce.url}/_sandbox/account", headers=headers),
        httpx.post(f"{salesforce.url}/_sandbox/clock", json={}, headers=headers),
    ]
    assert [call.status_code for call in calls] == [status, status]
    assert httpx.get(f"{salesforce.url}/services/data", headers=headers).status_code == 200


def test_an_order_that_lacks_something_is_told_so(salesforce: SandboxServer, hubspot: SandboxServer) -> None:
    """Whichever CRM it is, the sentence names what is missing, in words and not in those of Python."""
    for server, path, lacks in (
        (salesforce, "create", "object"),
        (salesforce, "edit", "id"),
        (salesforce, "faults", "kind"),
        (hubspot, "purge", "id"),
    ):
        answer = httpx.post(f"{server.url}/_sandbox/{path}", json={})
        told = answer.json()["error"]
        assert (answer.status_code, f"the order lacks '{lacks}'" in told, "Error" in told) == (400, True, False)


def test_no_setting_is_less_than_nothing(salesforce: SandboxServer, hubspot: SandboxServer) -> None:
    """A negative limit or time is refused and nothing is set; only a time zone may be behind."""
    for server, name in ((salesforce, "daily_limit"), (salesforce, "session_seconds"), (hubspot, "burst_limit"), (hubspot, "search_lag_seconds")):
        before = httpx.get(f"{server.url}/_sandbox/settings").json()
        answer = httpx.post(f"{server.url}/_sandbox/settings", json={name: -1})
        assert (answer.status_code, f"'{name}' is at least 0, not -1" in answer.json()["error"]) == (400, True)
        assert httpx.get(f"{server.url}/_sandbox/settings").json() == before
    assert httpx.post(f"{hubspot.url}/_sandbox/settings", json={"utc_offset_hours": -8}).status_code == 200
