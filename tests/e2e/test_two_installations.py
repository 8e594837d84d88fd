"""Two installations of leadhub on the same CRMs: each stops writing where it reads the other's name, until a person says that the other is dead."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox_world import HubClock, Sandboxes, World, check_laws_once

from leadhub.core.keys import signed, signer
from leadhub.hub import opening
from leadhub.store import upgrade


class Apart(HubClock):
    """A clock whose ids are its own, as those of two machines are."""

    def new_id(self) -> str:
        """Return a new id."""
        return f"{super().new_id()[-12:]}{os.urandom(4).hex()}"


def _world(sandboxes: Sandboxes, folder: Path) -> World:
    folder.mkdir()
    upgrade(f"sqlite:///{folder / 'leadhub.db'}")
    world = World(sandboxes, folder, f"sqlite:///{folder / 'leadhub.db'}")
    world.clock = Apart(sandboxes.clock)
    world.reopen()
    return world


@pytest.fixture
def two(sandboxes: Sandboxes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[World, World]]:
    """Two deployments on the same CRMs, both of which make records."""
    monkeypatch.setattr(opening, "check_laws", check_laws_once)
    sandboxes.reset()
    worlds = _world(sandboxes, tmp_path / "one"), _world(sandboxes, tmp_path / "two")
    yield worlds
    for world in worlds:
        world.close()


def test_two_installations_on_the_same_crms_stop_each_other(two: tuple[World, World]) -> None:
    """One made a contact: the other reads it, says since which record, and writes nothing there; reading and the other system go on."""
    one, other = two
    lead = one.sf_create(Email="ann@acme.example")
    one.begin(create=True)
    contact = one.hs_all()[0]["id"]
    assert signer(one.hs(contact)["leadhub_id"]) is not None
    other.begin(create=True)
    one.sf_edit(lead, Title="CEO")
    other.mark()
    report = other.sync()
    assert report.status == "blocked"
    (refusal,) = report.refusals
    (met,) = _others(other, "hubspot")
    assert f"installation {met}, first seen in contacts {contact}, saved 20" in refusal
    assert f"leadhub adopt hubspot --take-over {met}" in refusal
    assert not [w for w in other.written() if w.system == "hubspot"]
    assert other.value("job_title") == "CEO"
    assert one.sync().status == "ok", "the first has not met the second, which made nothing"


def test_who_takes_over_writes_on(two: tuple[World, World]) -> None:
    """A person said that the other is dead: what it made is written like everything else, and that was recorded with who said it."""
    one, other = two
    lead = one.sf_create(Email="ann@acme.example")
    one.begin(create=True)
    other.begin(create=True)
    one.sf_edit(lead, Title="CEO")
    assert other.sync().status == "blocked"
    (met,) = _others(other, "hubspot")
    with other.hub.store.begin() as tx:
        tx.installations.take_over("hubspot", met, "olga")
    assert other.sync().status == "ok"
    assert other.hs(other.hs_all()[0]["id"])["jobtitle"] == "CEO"
    with other.hub.store.read() as tx:
        (row,) = tx.installations.others("hubspot")
    assert (row.taken_over_by, row.taken_over_at is not None) == ("olga", True)


def test_a_record_that_was_made_before_there_were_names_tells_nothing(world: World) -> None:
    """A key of an older leadhub is a digest alone: it stops nobody, whoever made it."""
    contact = world.hs_create(email="ann@acme.example", leadhub_id="0123456789abcdef01234567")
    lead = world.sf_create(Email="ann@acme.example")
    world.begin()
    world.sf_edit(lead, Title="CEO")
    assert world.sync().status == "ok"
    assert world.hs(contact)["jobtitle"] == "CEO"


def test_a_key_fits_its_field_and_tells_who_made_it() -> None:
    """Salesforce's field holds 64 characters; HubSpot gives keys back in whatever case."""
    key = signed("0a1b2c3d", "0" * 24)
    assert len(key) <= 64
    assert signer(key) == signer(key.upper()) == "0a1b2c3d"
    assert [signer(other) for other in (None, "", "0" * 24, 7, f"{key}x")] == [None] * 5


def _others(world: World, system: str) -> list[str]:
    with world.hub.store.read() as tx:
        return [other.id for other in tx.installations.others(system)]
