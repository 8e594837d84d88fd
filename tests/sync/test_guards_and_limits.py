"""Guards, refusals, the lease, the pinned organization and the counts, over real HTTP and a real store."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sandbox_world import SYSTEMS, World

from leadhub.core import guard
from leadhub.errors import ConfigError, LeaseHeld
from leadhub.model.record import Cursor, Page
from leadhub.sync.retry import Careful
from leadhub.sync.run import sync
from leadhub.sync.session import LEASE_TIME, open_session

OPEN, WORKING = "Open - Not Contacted", "Working - Contacted"
NAMES = ["ann", "bob", "cem", "dora", "eve"]


def _pairs(world: World, **sf: Any) -> list[tuple[str, str]]:
    """Five people who are at rest in both CRMs."""
    made = [world.pair(f"{name}@acme.example", sf={"Status": OPEN, **sf}, hs={"lifecyclestage": "lead", "hs_lead_status": "NEW"}) for name in NAMES]
    world.begin()
    world.mark()
    return made


def _stopped(world: World, system: str, name: str, seen: int) -> None:
    """The guard stops that system alone, names its flag, passes when allowed, and nothing is lost by having waited."""
    report = world.sync()
    assert report.status == "blocked"
    assert [line for line in report.refusals if f"--allow {system}.{name}={seen}" in line]
    assert len(report.refusals) == 1
    assert not [w for w in world.written() if w.system == system], "stopped before the first write"
    again = world.sync()
    assert again.status == "blocked", "it stays stopped until somebody looks"
    assert not [w for w in world.written() if w.system == system]
    passed = world.sync({(system, name): seen})
    assert passed.status == "ok"
    assert len([w for w in world.written() if w.system == system]) == seen
    world.mark()
    world.sync()
    assert not world.written()


def test_too_many_updates_stop_one_system(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """More updates than allowed to HubSpot stop HubSpot; the edit that goes the other way is written."""
    monkeypatch.setattr(guard, "UPDATES_AT_LEAST", 3)
    made = _pairs(world)
    for lead, _ in made[:4]:
        world.sf_edit(lead, Title=f"Title of {lead}")
    world.hs_edit(made[4][1], jobtitle="Travels")
    world.sync()
    assert world.sf(made[4][0])["Title"] == "Travels", "the other system goes on"
    world.mark()
    _stopped(world, "hubspot", "updates", 4)


def test_too_many_stage_moves_stop_one_system(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mass change of a status stops at the guard on stage moves."""
    monkeypatch.setattr(guard, "MOVES_AT_LEAST", 3)
    for lead, _ in _pairs(world):
        world.sf_edit(lead, Status=WORKING)
    _stopped(world, "hubspot", "stage_moves", 5)


def test_one_value_for_many_stops_one_system(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A phone number that is about to be given to many people stops."""
    monkeypatch.setattr(guard, "ONE_VALUE_AT_LEAST", 3)
    for lead, _ in _pairs(world):
        world.sf_edit(lead, Phone="+1 555 9999")
    _stopped(world, "hubspot", "one_value", 5)


def test_a_blank_over_a_value_stops_one_system(world: World) -> None:
    """A decision is about to blank what HubSpot holds: not without naming the flag."""
    world.configure(salesforce='mode = "read"')
    lead, contact = world.pair()
    world.begin()
    world.decide("phone", None)
    world.mark()
    _stopped(world, "hubspot", "blanks", 1)
    assert world.hs(contact)["phone"] == ""
    assert world.sf(lead)["Phone"] == "+1 555 0100", "a system that is only read"


def test_too_many_creates_stop_one_system(world: World) -> None:
    """More creates than the cap stop HubSpot, while Salesforce, under its own cap, gets its records."""
    world.configure(salesforce='create = "always"', hubspot='create = "always"\ncreate_cap = 2')
    world.begin()
    world.drop_csv("fair.csv", "first name,last name,email,company", *(f"{n},Lee,{n}@acme.example,Acme" for n in NAMES))
    world.mark()
    world.sync()
    assert len(world.sf_all()) == 5
    world.mark()
    _stopped(world, "hubspot", "creates", 5)


def test_the_last_tenth_of_the_calls_stays_for_others(world: World) -> None:
    """When nine tenths of the daily calls are used, nothing more is written to that system, and it says who used them; a later run writes."""
    lead, contact = _pairs(world)[0]
    world.mark()
    world.sync()
    to_read = len(world.calls("salesforce"))
    world.hs_edit(contact, jobtitle="CEO")
    used = sum(world.boxes.salesforce.service.usage.minutes.values())
    world.settings("salesforce", daily_limit=used + to_read)  # enough to log in and read, and then nine tenths are gone
    world.mark()
    report = world.sync()
    assert "daily calls are used" in report.troubles["salesforce"]
    assert not world.write_calls("salesforce")
    world.settings("salesforce", daily_limit=100_000)
    world.sync()
    assert world.sf(lead)["Title"] == "CEO"


def test_a_refused_record_is_counted_once_and_the_others_flow(world: World) -> None:
    """One of five is refused by a validation rule: the run is partial once, names it, does not send it again, and writes the other four."""
    made = _pairs(world)
    world.settings("salesforce", validation_rules=[{"object": "Lead", "when": {"Title": "Nope"}, "message": "No such title", "fields": ["Title"]}])
    for number, (_, contact) in enumerate(made):
        world.hs_edit(contact, jobtitle="Nope" if number == 2 else f"T{number}")
    report = world.sync()
    assert report.status == "partial"
    assert (report.systems["salesforce"].updated, report.systems["salesforce"].refused, report.refused_first_time) == (4, 1, 1)
    assert report.records["quarantined"] == 1
    (item,) = world.reviews("refused")
    assert "No such title" in item.note
    assert [world.sf(lead)["Title"] for lead, _ in made] == ["T0", "T1", "CTO", "T3", "T4"]
    world.mark()
    again = world.sync()
    assert (again.status, again.refused_first_time) == ("ok", 0)
    assert not world.written()
    world.hs_edit(made[2][1], jobtitle="Fine")
    world.sync()
    assert world.sf(made[2][0])["Title"] == "Fine"
    assert not world.reviews("refused"), "closed by the write that was accepted"


@pytest.mark.parametrize("trouble", ["no access", "down"])
def test_one_system_in_trouble_leaves_the_others_working(world: World, trouble: str) -> None:
    """HubSpot refuses everything or is down: the run is partial, Salesforce gets the file's news, and HubSpot gets its own later."""
    world.configure(salesforce='create = "always"', hubspot='create = "always"')
    world.begin()
    world.drop_csv("fair.csv", "first name,last name,email,company", "Bob,Bee,bob@b.example,Bees")
    if trouble == "down":
        world.fault("hubspot", "html_503", times=1000)
    else:
        world.settings("hubspot", token_expired=True)
    report = world.sync()
    assert report.status == "partial"
    assert set(report.troubles) == {"hubspot"}
    assert len(world.sf_all()) == 1
    world.boxes.hubspot.service.faults.clear()
    world.settings("hubspot", token_expired=False)
    assert world.sync().status == "ok"
    assert len(world.hs_all()) == 1


def test_an_edit_waits_for_a_system_in_trouble(world: World) -> None:
    """An edit is read while the other CRM is down: it is written when that is back, though no record changed in between."""
    lead, contact = world.pair()
    world.begin()
    world.sf_edit(lead, Title="CEO")
    world.settings("hubspot", token_expired=True)
    report = world.sync()
    assert (report.status, report.records["pending"]) == ("partial", 1)
    world.sync()
    world.settings("hubspot", token_expired=False)
    assert world.sync().systems["hubspot"].updated == 1
    assert world.hs(contact)["jobtitle"] == "CEO"


def test_a_short_trouble_is_sat_out(world: World) -> None:
    """Two 503 and a 429 in a row cost some waiting and nothing else."""
    lead, _ = world.pair()
    world.begin()
    world.sf_edit(lead, Title="CEO")
    world.fault("hubspot", "html_503", "batch/update", times=2)
    world.fault("hubspot", "too_many", "search")
    report = world.sync()
    assert report.status == "ok"
    assert report.systems["hubspot"].updated == 1


def test_a_second_run_is_kept_out(any_world: World) -> None:
    """While one run works, another is told who works, and changes nothing."""
    any_world.begin()
    with open_session(any_world.hub, "sync"), pytest.raises(LeaseHeld, match=any_world.hub.actor):
        sync(any_world.hub)
    assert timedelta(0) < LEASE_TIME
    assert any_world.sync().status == "ok"


def test_another_organization_ends_the_run(world: World) -> None:
    """The pinned organization and the one that answers differ: nothing is pulled, nothing is written, in any system."""
    lead, _ = world.pair()
    world.begin()
    path = world.folder / "leadhub.toml"
    org = world.hub.systems["salesforce"].doc.org
    assert org
    path.write_text(path.read_text().replace(org, "00D000000000001AAA"))
    world.reopen()
    world.sf_edit(lead, Title="CEO")
    world.mark()
    with pytest.raises(ConfigError, match="00D000000000001AAA"):
        world.sync()
    assert not world.written()
    assert not [c for c in world.calls("salesforce") if "query" in c["path"] and "Lead" in c["target"]]


def test_without_its_line_the_adopted_organization_still_holds(world: World) -> None:
    """The line `org` is taken out and another organization answers: nothing is pinned, read or written, and the next step is honest."""
    lead, _ = world.pair()
    world.begin()
    path = world.folder / "leadhub.toml"
    org = _unpin(world, "salesforce")
    world.reopen()
    with world.hub.store.begin() as tx:
        row = next(row for row in tx.systems.list() if row.name == "salesforce")
        assert row.org == org
        tx.systems.save(replace(row, org="00D000000000001AAA"))  # as if the store had been filled from another account
    world.sf_edit(lead, Title="CEO")
    world.mark()
    with pytest.raises(ConfigError, match="00D000000000001AAA") as caught:
        world.sync()
    assert org in str(caught.value)
    assert "leadhub init DIR" in (caught.value.next_step or "")
    assert "remove" not in (caught.value.next_step or "")
    assert org not in path.read_text(encoding="utf-8")
    assert not world.written()
    assert not [c for c in world.calls("salesforce") if "query" in c["path"] and "Lead" in c["target"]]


def test_the_same_organization_is_pinned_again(world: World) -> None:
    """A line `org` that was lost comes back with the next run, and the run is like any other."""
    world.pair()
    world.begin()
    org = _unpin(world, "salesforce")
    world.reopen()
    assert world.sync().status == "ok"
    assert f'org = "{org}"' in (world.folder / "leadhub.toml").read_text(encoding="utf-8")


def _unpin(world: World, system: str) -> str:
    """Take the line `org` out of a system's table, and return what it said."""
    org = world.hub.systems[system].doc.org
    assert org
    path = world.folder / "leadhub.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(f'org = "{org}"\n', ""), encoding="utf-8")
    return org


def test_an_unmapped_value_stops_no_system(world: World) -> None:
    """Five records on a value nobody mapped: one item, no guard, and their titles still travel."""
    world.settings("hubspot", options={"hs_lead_status": ["NEW", "OPEN", "CONNECTED", "PARKED"]})
    made = _pairs(world)
    for _, contact in made:
        world.hs_edit(contact, hs_lead_status="PARKED", jobtitle="CEO")
    report = world.sync()
    assert report.status == "ok"
    assert [r.kind for r in world.reviews()] == ["unmapped"]
    assert {world.sf(lead)["Title"] for lead, _ in made} == {"CEO"}
    assert {world.hs(contact)["hs_lead_status"] for _, contact in made} == {"PARKED"}


# ---- conservation ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_every_record_read_is_in_exactly_one_count(world: World, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Random people, edits, bad rows, odd values, refusals and lost answers: the six counts add up to what the connectors handed over."""
    dice = random.Random(seed)
    seen: set[tuple[str, str, str]] = set()
    rejects = [0]
    original = Careful.pull

    def pull(self: Careful, since: Cursor | None) -> Iterator[Page]:
        for page in original(self, since):
            seen.update((type(self._connector).name, record.object, record.id) for record in page.records)
            rejects[0] += len(page.rejects)
            yield page

    monkeypatch.setattr(Careful, "pull", pull)
    statuses = ["NEW", "OPEN", "CONNECTED", "UNQUALIFIED", "ODD"]
    world.settings("hubspot", options={"hs_lead_status": statuses})
    world.settings("salesforce", validation_rules=[{"object": "Lead", "when": {"Title": "Nope"}, "message": "No"}])
    made = [world.pair(f"{name}@acme.example") for name in NAMES]
    for system in SYSTEMS:
        world.adopt(system)
        world.write_on(system)
    world.configure(salesforce='create = "always"', hubspot='create = "always"')
    for _ in range(4):
        _disturb(world, dice, made, statuses)
        seen.clear()
        rejects[0] = 0
        report = world.sync()
        assert sum(report.records.values()) == len(seen) + rejects[0]
        assert sum(c.pulled for c in report.systems.values()) == len(seen) + rejects[0]
        assert report.records["rejected"] == rejects[0]
    world.boxes.hubspot.service.faults.clear()
    world.boxes.salesforce.service.faults.clear()
    world.sync()
    world.mark()
    world.sync()
    assert not world.written(), "at rest in the end"


def _disturb(world: World, dice: random.Random, made: Sequence[tuple[str, str]], statuses: Sequence[str]) -> None:
    for lead, contact in dice.sample(list(made), 3):
        world.sf_edit(lead, **dice.choice([{"Title": "CEO"}, {"Status": WORKING}, {"Phone": f"+1 555 {dice.randrange(10_000):04}"}, {"Email": None}]))
        world.hs_edit(
            contact, **dice.choice([{"jobtitle": dice.choice(["Nope", "CFO"])}, {"hs_lead_status": dice.choice(statuses)}, {"company": ""}])
        )
    rows = [f"{n},P{n},Q{n},p{n}@q.example,Q" for n in range(dice.randrange(3))]
    world.drop_csv(f"f{dice.randrange(3)}.csv", "id,first name,last name,email,company", *rows, *dice.choice([[], ["9,only,,,"], ["a,b"]]))
    if dice.random() < 0.5:
        world.fault(dice.choice(SYSTEMS), dice.choice(["drop_after", "drop_before"]), r"(composite/sobjects|batch/update|batch/upsert)")


def test_what_leadhub_made_is_read_back_as_unchanged(world: World) -> None:
    """After creates in both CRMs the next pull brings the new records back with what the CRM put there: nothing is written, and then they are known."""
    world.configure(salesforce='create = "always"', hubspot='create = "always"')
    world.begin()
    world.drop_csv("fair.csv", "first name,last name,email,company", *(f"{n},Lee,{n}@acme.example,Acme" for n in NAMES))
    world.sync()
    world.mark()
    world.sync()
    assert world.written() == []
    report = world.sync()
    assert {name: (c.pulled, c.unchanged) for name, c in report.systems.items() if c.pulled != c.unchanged} == {}
    assert world.written() == []


def test_what_the_search_shows_late_is_read_later(lagging_world: World) -> None:
    """An edit made seconds before a run is not in HubSpot's index yet: the next run's overlap reads it."""
    world = lagging_world
    lead, contact = world.pair()
    world.begin()
    world.clock.sleep(7200)
    sync(world.hub)
    world.hs_edit(contact, jobtitle="CEO")
    sync(world.hub)
    assert world.sf(lead)["Title"] == "CTO", "nobody could know yet"
    world.sync()
    assert world.sf(lead)["Title"] == "CEO"
