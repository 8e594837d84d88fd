"""What a configuration says about which records count, who is created where, whose they become, and what stands beside: over both sandboxes."""

from typing import Any

from sandbox_world import SYSTEMS, World


def _adopted(world: World, *, write: bool = True) -> None:
    for system in SYSTEMS:
        world.adopt(system)
        if write:
            world.write_on(system)
    world.reopen()


def _owners(world: World, path: str = "/crm/v3/owners/") -> dict[str, str]:
    """HubSpot's owners by e-mail address."""
    answer = world.boxes.http.get(world.boxes.hubspot.url + path, headers={"Authorization": f"Bearer {world.boxes.hubspot.service.token}"})
    return {row["email"]: row["id"] for row in answer.json()["results"]}


# ---- scope -----------------------------------------------------------------------------------------------------------------------------


def test_a_record_that_leaves_its_scope_is_frozen_and_counts_again_when_it_is_back(world: World) -> None:
    """Out of scope: nothing is written to it, nothing deleted, nothing created anew; back in scope it catches up."""
    world.configure(salesforce='create = "always"\nscope = { Company = { not = ["Rival"] } }', hubspot='create = "always"')
    lead, contact = world.pair()
    _adopted(world)
    world.sync()
    world.sf_edit(lead, Company="Rival")
    world.sync()
    world.mark()
    world.hs_edit(contact, jobtitle="CEO")
    world.sync()
    assert [w for w in world.written() if w.system == "salesforce"] == []
    assert [link.role for link in world.person().links if link.system == "salesforce"] == ["frozen"]
    world.sf_edit(lead, Company="Acme")
    world.sync()
    assert world.sf(lead)["Title"] == "CEO"
    assert len(world.sf_all()) == 1


def test_a_scope_that_is_configured_later_holds_for_what_was_read_before(world: World) -> None:
    """A changed configuration is applied to the stored records, without reading them again."""
    lead, contact = world.pair()
    world.begin()
    world.configure(salesforce='scope = { Company = "Elsewhere" }')
    world.sync()
    world.mark()
    world.hs_edit(contact, jobtitle="CEO")
    world.sync()
    assert world.sf(lead)["Title"] == "CTO"


# ---- creates ---------------------------------------------------------------------------------------------------------------------------


def test_records_are_created_for_those_the_rule_names(world: World) -> None:
    """create = "when": a contact that is an MQL with a company gets a lead; one that is not waits."""
    world.configure(salesforce='create = "when"\ncreate_when = { stage = ">=mql", fields = ["company"], from = ["hubspot"] }')
    world.hs_create(email="mia@x.example", firstname="Mia", lifecyclestage="marketingqualifiedlead")
    world.hs_create(email="leo@x.example", firstname="Leo", lifecyclestage="subscriber")
    _adopted(world)
    world.sync()
    assert [row["Email"] for row in world.sf_all()] == ["mia@x.example"]


def test_a_placeholder_fills_a_required_field_and_never_leaves_the_system(world: World) -> None:
    """46: "[not provided]" is written only where Salesforce insists, and no other system ever sees it."""
    world.configure(salesforce='create = "always"\nrequired_defaults = { Company = "[not provided]" }')
    contact = world.hs_create(email="mia@x.example", firstname="Mia", company="")
    _adopted(world)
    world.sync()
    assert [row["Company"] for row in world.sf_all()] == ["[not provided]"]
    world.sync()
    world.mark()
    world.sync()
    assert (world.written(), world.hs(contact)["company"]) == ([], "")


# ---- owners ----------------------------------------------------------------------------------------------------------------------------


def _same_people(world: World) -> dict[str, str]:
    owners = _owners(world)
    one, two = sorted(owners)[:2]
    return {"one": owners[one], "two": owners[two], "map": f'owner_map = {{ "{one}" = "jane@acme.example", "{two}" = "omar@acme.example" }}'}


def test_an_owner_travels_by_the_e_mail_address(world: World) -> None:
    """A lead given to another user is given to the same person in HubSpot."""
    people = _same_people(world)
    world.configure(hubspot=people["map"])
    lead, contact = world.pair(hs={"hubspot_owner_id": people["one"]})
    world.begin()
    world.mark()
    omar = next(row["Id"] for row in _users(world) if row["Email"] == "omar@acme.example")
    world.sf_edit(lead, OwnerId=omar)
    world.sync()
    assert world.written() == [("hubspot", contact, {"hubspot_owner_id": people["two"]})]


def _users(world: World) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = world.boxes.http.get(f"{world.boxes.salesforce.url}/_sandbox/records/User").json()
    return rows


def test_an_owner_who_is_missing_elsewhere_is_left_alone_and_listed(world: World) -> None:
    """58: HubSpot has no such user: the contact keeps its owner, and the run says so."""
    people = _same_people(world)
    world.configure(hubspot=people["map"])
    lead, contact = world.pair(hs={"hubspot_owner_id": people["one"]})
    world.begin()
    world.mark()
    priya = next(row["Id"] for row in _users(world) if row["Email"] == "priya@acme.example")
    world.sf_edit(lead, OwnerId=priya)
    report = world.sync()
    assert (world.written(), world.hs(contact)["hubspot_owner_id"]) == ([], people["one"])
    assert any("priya@acme.example is nobody there" in text for text in report.not_planned)


def test_a_queue_as_owner_leaves_the_other_side_alone(world: World) -> None:
    """59: a lead that goes back to a queue takes nobody's contact away."""
    people = _same_people(world)
    world.configure(hubspot=people["map"])
    lead, contact = world.pair(hs={"hubspot_owner_id": people["one"]})
    world.begin()
    world.mark()
    queues: list[dict[str, Any]] = world.boxes.http.get(f"{world.boxes.salesforce.url}/_sandbox/records/Group").json()
    world.sf_edit(lead, OwnerId=queues[0]["Id"])
    world.sync()
    assert (world.written(), world.hs(contact)["hubspot_owner_id"]) == ([], people["one"])


# ---- consent ---------------------------------------------------------------------------------------------------------------------------


def test_a_customer_unsubscribes(world: World) -> None:
    """19: the opt-out is known everywhere, and no stage moves."""
    lead, contact = world.pair(hs={"lifecyclestage": "customer"})
    world.begin()
    before = world.state()
    world.sf_edit(lead, HasOptedOutOfEmail=True)
    world.sync()
    assert (world.value("email_opt_out"), world.state()) == ("true", before)
    assert world.hs(contact)["hs_email_optout"] == "true"
    world.mark()
    world.sync()
    assert world.written() == []


def test_an_opt_in_by_an_edit_alone_is_asked(world: World) -> None:
    """56: consent that was withdrawn is not given back by a tick in a box: a person is asked, and the other side stays opted out."""
    lead, contact = world.pair()
    world.begin()
    world.sf_edit(lead, HasOptedOutOfEmail=True)
    world.sync()
    world.sync()
    world.sf_edit(lead, HasOptedOutOfEmail=False)
    world.sync()
    assert [r.field for r in world.reviews("conflict")] == ["email_opt_out"]
    assert world.hs(contact)["hs_email_optout"] == "true"


# ---- other fields ----------------------------------------------------------------------------------------------------------------------


def test_a_country_in_three_spellings_is_one(world: World) -> None:
    """53, 54: "Deutschland" and "Germany" do not differ; a new country travels by its English name."""
    lead, contact = world.pair(sf={"Country": "Deutschland"}, hs={"country": "Germany"})
    world.begin()
    world.mark()
    world.sf_edit(lead, Country="Türkiye")
    world.sync()
    assert world.value("country") == "TR"
    ((system, id_, values),) = world.written()
    assert (system, id_, list(values)) == ("hubspot", contact, ["country"])
    world.mark()
    world.hs_edit(contact, country="Turkey")
    world.sync()
    assert world.written() == [], "another spelling is no edit"


def test_the_first_source_stays(world: World) -> None:
    """60: Salesforce's "Web" does not replace what HubSpot knows better, and a later edit of the source travels nowhere."""
    lead, contact = world.pair(sf={"LeadSource": "Web"})
    order = {"id": contact, "properties": {"hs_analytics_source": "DIRECT_TRAFFIC"}, "source": "CALCULATED", "system": True}
    world.boxes.order(world.boxes.hubspot, "edit", order)
    world.begin()
    assert world.lead().fields["source"].value == "direct"
    world.mark()
    world.sf_edit(lead, LeadSource="Partner Referral")
    world.sync()
    assert world.lead().fields["source"].value == "direct"
    assert world.written() == []


def test_a_custom_field_travels(world: World) -> None:
    """A field of the deployment's own, with its values by other names on either side."""
    definition = {"name": "account_tier", "label": "Tier", "type": "string", "fieldType": "text", "groupName": "contactinformation"}
    token = {"Authorization": f"Bearer {world.boxes.hubspot.service.token}"}
    made = world.boxes.http.post(f"{world.boxes.hubspot.url}/crm/v3/properties/contacts", json=definition, headers=token)
    assert made.status_code == 201, made.text
    world.configure(**{"": '[fields]\ntier = { salesforce = { native = "Lead.Tier__c", values = { gold = ["A"] } }, hubspot = "account_tier" }'})
    lead, contact = world.pair()
    world.begin()
    world.mark()
    world.sf_edit(lead, Tier__c="A")
    world.sync()
    assert world.written() == [("hubspot", contact, {"account_tier": "gold"})]


def test_a_rule_in_the_configuration_settles_old_differences(world: World) -> None:
    """[[settle]]: blanks are filled in bulk, long after the adoption; without the rule they stay."""
    world.pair(hs={"city": ""}, sf={"City": "Bonn"})
    world.begin()
    world.mark()
    world.sync()
    assert world.written() == []
    world.configure(**{"": '[[settle]]\nfield = "city"\nrule = "fill"\nsystem = "hubspot"'})
    world.sync()
    assert [(w.system, w.values) for w in world.written()] == [("hubspot", {"city": "Bonn"})]
