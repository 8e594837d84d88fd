"""Faults of the rule and of its first version that the simulator found, each as the shortest schedule that showed it."""

# ruff: noqa: ANN001, ANN002, ANN003, ANN201 - the builders' arguments are plain words

import pytest

from leadhub.testing.simulator import Op, Setup, SiteSetup, play_fields, play_state

ROUND = Op("round")
SALES, HUB, PIPE = (SiteSetup(system, {"title": f"Old {system}"}) for system in ("salesforce", "hubspot", "pipedrive"))


def edit(site, text, who="person"):
    return Op("edit", site, text, who)


def contact(stage, status, system="hubspot", **more):
    return SiteSetup(system, object="contacts", state={"lifecyclestage": stage, "hs_lead_status": status}, **more)


def sf(status, **more):
    return SiteSetup("salesforce", object="Lead", state={"Status": status, "ConvertedOpportunityId": ""}, lead=0, **more)


def state_setup(*sites, **more):
    return Setup(sites, own_lead=("salesforce",), **more)


FIELDS = {
    "an edit made over a write of unknown outcome": (
        Setup((HUB, SALES), prefer="salesforce"),
        [ROUND, Op("fault", 0, "crash"), edit(1, "title=V1"), ROUND, edit(0, "title=V2")],
    ),
    "a bystander that shows the adopted value is current at once": (
        Setup((HUB, SALES), clear="propagate"),
        [ROUND, Op("same", 0, "title=1"), ROUND, edit(1, "title=V2")],
    ),
    "who was adopted before the owner came is not written over": (
        Setup((HUB, SiteSetup("salesforce", {"title": "Theirs"}, joined=False)), owner="salesforce"),
        [edit(0, "title=V1"), ROUND, Op("join", 1)],
    ),
    "whoever shows the decided value is current with the decision": (
        Setup((HUB, SALES, PIPE), clear="propagate"),
        [ROUND, edit(2, "title=V1"), ROUND, edit(1, "title=V2"), edit(0, "title=V3"), ROUND, Op("decide", 2, "take=0"), ROUND, edit(2, "title=")],
    ),
    "a side made behind by fill is concurrent with what came after": (
        Setup((HUB, SiteSetup("salesforce", {"title": None}, joined=False)), adoption={"salesforce": "fill"}),
        [ROUND, Op("join", 1), Op("fault", 1, "refused"), ROUND, edit(0, "title=V1"), Op("fault", 1, "refused"), ROUND, edit(1, "title=V2"), ROUND],
    ),
    "strict ownership does not write against an automation for ever": (
        Setup((HUB, SiteSetup("salesforce", {"title": "Old"}, rewrites=True)), owner="hubspot", strict=True),
        [ROUND, edit(1, "title=V18")],
    ),
    "a person is heard on a side that an automation has rewritten three times": (
        Setup((HUB, SiteSetup("salesforce", {"title": "Old"}, rewrites=True))),
        [ROUND, *(step for n in range(4) for step in (edit(0, f"title=V{n}"), ROUND)), edit(1, "title=V20")],
    ),
    "an overtaken decision is not forgotten": (
        Setup((HUB, SALES)),
        [ROUND, edit(0, "title=V1"), edit(1, "title=V2"), ROUND, Op("decide", 0, "take=1"), edit(0, "title=V3"), ROUND],
    ),
}

STATE = {
    "a stage edit alone does not reopen a lost lead": (
        state_setup(contact("salesqualifiedlead", "IN_PROGRESS"), sf("Open - Not Contacted")),
        [edit(1, "Status=Closed - Not Converted"), edit(0, "lifecyclestage=evangelist"), ROUND, edit(0, "lifecyclestage=lead")],
    ),
    "a customer inside an exit proposes re-entry": (
        state_setup(contact("lead", "NEW"), sf("Working - Contacted"), contact("opportunity", "", "hubspot-emea")),
        [edit(0, "hs_lead_status=BAD_TIMING"), ROUND, edit(2, "lifecyclestage=customer")],
    ),
    "an exit reaches a record whose own fields came to contradict each other": (
        state_setup(contact("salesqualifiedlead", "IN_PROGRESS"), sf("Working - Contacted")),
        [ROUND, edit(0, "hs_lead_status=OPEN_DEAL"), edit(1, "Status=Closed - Not Converted")],
    ),
    "who says what the hub holds speaks against a move back": (
        state_setup(contact("marketingqualifiedlead", ""), sf("Open - Not Contacted"), contact("marketingqualifiedlead", "NEW", "hubspot-emea")),
        [
            ROUND,
            edit(1, "Status=Closed - Converted + opportunity"),
            ROUND,
            edit(0, "lifecyclestage=salesqualifiedlead"),
            edit(2, "lifecyclestage=opportunity"),
        ],
    ),
    "nobody's edit is adopted while a record is asked about as a whole": (
        state_setup(contact("lead", "IN_PROGRESS"), sf("Working - Contacted")),
        [
            ROUND,
            edit(0, "hs_lead_status=OPEN_DEAL"),
            edit(0, "lifecyclestage=subscriber"),
            edit(1, "Status=Closed - Not Converted", "automation"),
            ROUND,
            edit(1, "Status=Working - Contacted"),
        ],
    ),
    "a status that the stage has no room for is not adopted": (
        state_setup(contact("lead", "IN_PROGRESS"), sf("Working - Contacted"), contact("marketingqualifiedlead", "IN_PROGRESS", "hubspot-emea")),
        [edit(0, "lifecyclestage=evangelist"), ROUND, edit(2, "hs_lead_status=OPEN_DEAL")],
    ),
    "a standing stage does not make the status late": (
        state_setup(
            contact("salesqualifiedlead", "NEW"), sf("Working - Contacted"), contact("opportunity", "IN_PROGRESS", "hubspot-emea"), trust="hubspot"
        ),
        [ROUND, edit(0, "hs_lead_status=OPEN"), ROUND, edit(2, "hs_lead_status=ATTEMPTED_TO_CONTACT")],
    ),
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_fault_in_the_rule_for_fields_stays_mended(name):
    """The schedule that showed the fault shows nothing any more."""
    assert play_fields(*FIELDS[name]).findings == []


@pytest.mark.parametrize("name", STATE)
def test_a_fault_in_the_rule_for_state_stays_mended(name):
    """The schedule that showed the fault shows nothing any more."""
    assert play_state(*STATE[name]).findings == []
