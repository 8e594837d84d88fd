"""Form posts over the whole flow: taken in from the inbox, matched, and carried to both CRMs."""

import json
from datetime import timedelta
from hashlib import sha256

import pytest
from sandbox_world import SYSTEMS, World

FORM = f'[system.website]\nplugin = "forms"\ntoken_hash = "{sha256(b"a-token-of-the-form").hexdigest()}"\n'


@pytest.fixture
def site(world: World) -> World:
    """A deployment with a form, adopted and at rest."""
    world.options[""] = FORM
    return world


def _post(world: World, **fields: str) -> None:
    world.clock.sleep(60)
    body = json.dumps(fields).encode()
    with world.hub.store.begin() as tx:
        tx.inbox.keep("website", "application/json", body, fingerprint=sha256(body).hexdigest())


def _begin(world: World, *, create: bool = False) -> None:
    rule = 'create = "always"' if create else ""
    world.configure(salesforce=rule, hubspot=rule)
    for system in SYSTEMS:
        world.adopt(system)
        world.write_on(system)
    world.reopen()
    world.sync()
    world.mark()


def test_a_post_by_somebody_new_becomes_a_record_in_both_crms(site: World) -> None:
    """Somebody whom nobody knows is created where creating is allowed, once."""
    _begin(site, create=True)
    _post(site, email="mia@new.example", first_name="Mia", last_name="Ott", company="Ott & Co", phone="+49 30 1234567")
    site.sync()
    assert [row["Email"] for row in site.sf_all()] == ["mia@new.example"]
    assert [row["properties"]["firstname"] for row in site.hs_all()] == ["Mia"]
    site.sync()
    site.mark()
    site.sync()
    assert site.written() == []


def test_a_post_fills_what_nobody_knew_and_overwrites_nothing(site: World) -> None:
    """A city that neither CRM has is written to both; another title than theirs is only noted."""
    lead, contact = site.pair()
    _begin(site)
    _post(site, email="ann@acme.example", first_name="Ann", last_name="Lee", city="Bonn", job_title="Queen")
    site.sync()
    assert (site.sf(lead)["City"], site.hs(contact)["city"]) == ("Bonn", "Bonn")
    assert (site.sf(lead)["Title"], site.hs(contact)["jobtitle"]) == ("CTO", "CTO")


def test_an_opt_out_in_a_second_post_travels_everywhere(site: World) -> None:
    """Each post counts: what the first one did not say, the second one may."""
    lead, contact = site.pair()
    _begin(site)
    _post(site, email="ann@acme.example", first_name="Ann", last_name="Lee")
    site.sync()
    _post(site, email="ann@acme.example", last_name="Lee", email_opt_out="yes", city="Bonn", job_title="Queen")
    site.sync()
    assert (site.sf(lead)["HasOptedOutOfEmail"], site.hs(contact)["hs_email_optout"]) == (True, "true")
    assert (site.sf(lead)["City"], site.hs(contact)["city"]) == ("Bonn", "Bonn")
    assert (site.sf(lead)["Title"], site.hs(contact)["jobtitle"]) == ("CTO", "CTO"), "what is known is not overwritten"


def test_a_recycled_lead_that_posts_begins_a_new_cycle(site: World) -> None:
    """12: a new cycle at stage lead, with the form's source; the old cycle stays as it was."""
    _, contact = site.pair()
    _begin(site)
    site.hs_edit(contact, hs_lead_status="BAD_TIMING")
    site.sync()
    assert site.lead().state.exit == "recycled"
    site.clock.sleep(timedelta(days=1).total_seconds())
    _post(site, email="ann@acme.example", last_name="Lee", source="Webinar")
    site.sync()
    old, new = sorted(site.person().leads, key=lambda one: one.cycle)
    assert (old.state.exit, new.state.stage, new.state.exit, new.fields["source"].value) == ("recycled", "lead", "open", "Webinar")


def test_a_disqualified_lead_that_posts_is_asked_about(site: World) -> None:
    """14: nothing moves by itself; the question goes when a person decides."""
    _, contact = site.pair()
    _begin(site)
    site.hs_edit(contact, hs_lead_status="UNQUALIFIED")
    site.sync()
    assert site.lead().state.exit == "disqualified"
    _post(site, email="ann@acme.example", last_name="Lee")
    site.sync()
    assert [r.kind for r in site.reviews()] == ["reentry"]
    assert len(site.person().leads) == 1
    site.sync()
    assert [r.kind for r in site.reviews()] == ["reentry"], "it stands until it is answered"
    site.decide_state("lead/none/disqualified")
    site.sync()
    assert site.reviews() == []
