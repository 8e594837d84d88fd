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


def second(status):
    return SiteSetup("salesforce", object="Lead", state={"Status": status, "ConvertedOpportunityId": ""}, lead=1)


def state_setup(*sites, **more):
    return Setup(sites, own_lead=("salesforce",), **more)


FIELDS = {
    "an edit that has not seen a decision is asked about, though a later edit of the same round came between": (
        Setup((SiteSetup("hubspot", {"title": "Old00"}, detects=False), SALES), prefer="salesforce", strict=True, adoption={"hubspot": "fill"}),
        [
            ROUND,
            Op("fault", 0, "crash"),
            edit(1, "title=V12"),
            ROUND,
            edit(0, "title=V14"),
            ROUND,
            Op("window", 1, "title=V16", "automation"),
            Op("decide", 1, "take=1"),
            ROUND,
            edit(0, "title=V21"),
        ],
    ),
    "an edit made over a write of unknown outcome": (
        Setup((HUB, SALES), prefer="salesforce"),
        [ROUND, Op("fault", 0, "crash"), edit(1, "title=V1"), ROUND, edit(0, "title=V2")],
    ),
    "who came to the old value cut off stands for the new one too, where an edit of the same round takes just that": (
        Setup(
            (SiteSetup("hubspot", {"title": "Old00 "}, detects=False), SiteSetup("salesforce", {"title": "Old01 "}, limit=6)),
            prefer="hubspot",
            clear="propagate",
            adoption={"hubspot": "fill"},
        ),
        [edit(0, "title=V11 Def "), ROUND, Op("same", 1, "title=0", "automation"), Op("same", 0, "title=1")],
    ),
    "a value that is cut off in one record stands for the whole one there, and in no other record": (
        Setup(
            (
                SiteSetup("hubspot", {"title": "Old00"}),
                SiteSetup("salesforce", {"title": "Old01"}, rewrites=True),
                SiteSetup("pipedrive", {"title": "Old02"}, limit=6),
            )
        ),
        [ROUND, edit(2, "title=V08 Def"), ROUND, Op("between", 0, "title=V10"), ROUND],
    ),
    "who clears what somebody had typed has seen it there, and in no other record that is blank": (
        Setup(
            (
                SiteSetup("hubspot", {"title": None}, detects=False),
                SiteSetup("salesforce", {"title": None}),
                SiteSetup("pipedrive", {"title": None}, joined=False),
            ),
            adoption={"hubspot": "fill", "pipedrive": "fill"},
        ),
        [ROUND, Op("fault", 0, "crash"), Op("join", 2), edit(2, "title=V06", "automation"), ROUND, edit(0, "title=V12"), ROUND, edit(0, "title=")],
    ),
    "of two systems that are preferred when they are met, and met at once, the word of one is first contact for the other": (
        Setup(
            (HUB, SiteSetup("salesforce", {"title": "Old01"}, joined=False), SiteSetup("pipedrive", {"title": "Old02"}, joined=False)),
            adoption={"salesforce": "prefer", "pipedrive": "prefer"},
        ),
        [ROUND, edit(1, "title=V06"), Op("join", 2), Op("join", 1)],
    ),
    "who has not seen a decision is asked though two who have disagree as well": (
        Setup((SiteSetup("hubspot", {"title": "Old00"}, detects=False), SiteSetup("salesforce", {"title": None}), PIPE), prefer="pipedrive"),
        [
            ROUND,
            edit(0, "title=V02"),
            Op("fault", 2, "lost"),
            ROUND,
            edit(2, "title=V08"),
            ROUND,
            Op("decide", 1, "take=0"),
            Op("window", 2, "title=V11"),
            ROUND,
            edit(1, "title=V14", "automation"),
            edit(0, "title=V16", "automation"),
        ],
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
    "a blank typed before there was any value agrees with nothing": (
        Setup((SiteSetup("hubspot", {"title": "Old"}, joined=False), PIPE), owner="hubspot", clear="propagate"),
        [ROUND, Op("join"), edit(1, "title=")],
    ),
    "an edit refused before there was any value is written back under strict ownership": (
        Setup(
            (
                SiteSetup("hubspot", {"title": "Old"}),
                SiteSetup("salesforce", {"title": "Theirs"}, joined=False),
                SiteSetup("pipedrive", {"title": "Old"}, rewrites=True),
            ),
            owner="salesforce",
            strict=True,
        ),
        [ROUND, edit(0, "title=V07"), ROUND, Op("join", 1), edit(2, "title=V18", "automation")],
    ),
    "an edit refused before there was any value stands beside a preferred first one": (
        Setup((SiteSetup("hubspot", {"title": "Old"}, joined=False), PIPE), owner="hubspot", adoption={"hubspot": "prefer"}),
        [ROUND, edit(1, "title=V03"), ROUND, Op("join")],
    ),
    "whoever types what another record shows cut off has seen the whole": (
        Setup((HUB, SiteSetup("salesforce", {"title": "Old"}), SiteSetup("pipedrive", {"title": "Old hu"}, limit=6))),
        [ROUND, edit(0, "title=V13 abc"), ROUND, Op("same", 1, "title=2")],
    ),
    "a blank that stood all along has not seen what a new blank has": (
        Setup(
            (SiteSetup("hubspot", {"title": None}), SiteSetup("salesforce", {"title": None}), PIPE),
            prefer="hubspot",
            clear="propagate",
            adoption={"hubspot": "fill"},
        ),
        [ROUND, edit(0, "title="), edit(2, "title=V02")],
    ),
    "a cleared side is not refilled by a preferred newcomer": (
        Setup((SiteSetup("hubspot", {"title": "Old"}, joined=False), SiteSetup("salesforce", {"title": "Old"})), adoption={"hubspot": "prefer"}),
        [ROUND, edit(1, "title="), ROUND, edit(0, "title=V19"), Op("join")],
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
    "an edit of a blank of first sight is compared with nothing": (
        state_setup(
            contact("", "IN_PROGRESS"),
            sf("Open - Not Contacted"),
            contact("salesqualifiedlead", "IN_PROGRESS", "hubspot-emea"),
            adoption={"salesforce": "prefer"},
            trust="salesforce",
        ),
        [
            edit(1, "Status=Closed - Converted + opportunity", "automation"),
            ROUND,
            edit(2, "lifecyclestage=subscriber"),
            edit(0, "lifecyclestage=salesqualifiedlead"),
        ],
    ),
    "a blank of first sight stays silent while its edit is asked about": (
        state_setup(contact("lead", ""), sf("Open - Not Contacted"), contact("", "ATTEMPTED_TO_CONTACT", "hubspot-emea")),
        [ROUND, edit(0, "lifecyclestage=evangelist"), ROUND, edit(2, "lifecyclestage=opportunity"), ROUND],
    ),
    "a question about a move back does not answer itself": (
        state_setup(contact("opportunity", "NEW"), sf("Open - Not Contacted"), trust="hubspot"),
        [ROUND, edit(0, "lifecyclestage=marketingqualifiedlead"), edit(1, "Status=Closed - Converted")],
    ),
    "who is lowered while somebody else moves forward is asked about": (
        state_setup(contact("opportunity", "ATTEMPTED_TO_CONTACT"), contact("lead", "NEW", "hubspot-emea"), sf("Working - Contacted", joined=False)),
        [ROUND, edit(0, "lifecyclestage="), edit(1, "lifecyclestage=marketingqualifiedlead")],
    ),
    "two edits that each would be asked about do not reopen a lead together": (
        state_setup(
            contact("marketingqualifiedlead", "ATTEMPTED_TO_CONTACT"),
            sf("Open - Not Contacted"),
            contact("lead", "UNQUALIFIED", "hubspot-emea"),
            adoption={"hubspot": "prefer", "salesforce": "prefer", "hubspot-emea": "prefer"},
        ),
        [Op("fault", 1, "refused"), ROUND, edit(2, "lifecyclestage=customer"), edit(1, "Status=Closed - Converted + opportunity", "automation")],
    ),
    "two edits together do not move a closed lead": (
        state_setup(contact("", "BAD_TIMING"), sf("Open - Not Contacted")),
        [ROUND, edit(1, "Status=Working - Contacted"), edit(0, "lifecyclestage=salesqualifiedlead", "automation")],
    ),
    "two edits do not move a stage that neither moves": (
        state_setup(contact("salesqualifiedlead", "NEW"), sf("Open - Not Contacted")),
        [
            ROUND,
            edit(0, "lifecyclestage=subscriber", "automation"),
            ROUND,
            edit(0, "hs_lead_status=UNQUALIFIED"),
            edit(1, "Status=Closed - Converted"),
        ],
    ),
    "a write beside an edit that is asked about does not swallow it": (
        state_setup(
            contact("opportunity", "CONNECTED"),
            sf("Working - Contacted"),
            contact("marketingqualifiedlead", "CONNECTED", "hubspot-emea"),
            trust="salesforce",
        ),
        [
            ROUND,
            edit(1, "Status=Closed - Converted + opportunity"),
            Op("between", 0, "lifecyclestage=marketingqualifiedlead"),
            edit(2, "lifecyclestage=subscriber"),
            ROUND,
        ],
    ),
    "a write of the status leaves a stage that the record contradicts unseen": (
        state_setup(
            contact("salesqualifiedlead", ""), sf("Working - Contacted"), contact("marketingqualifiedlead", "NEW", "hubspot-emea"), trust="salesforce"
        ),
        [
            ROUND,
            edit(0, "lifecyclestage=marketingqualifiedlead"),
            edit(1, "Status=Closed - Converted + opportunity"),
            ROUND,
            edit(0, "lifecyclestage="),
            edit(2, "lifecyclestage="),
        ],
    ),
    "a record edited while it came to speak of another lead is left alone as a whole": (
        state_setup(
            contact("marketingqualifiedlead", "ATTEMPTED_TO_CONTACT"), sf("Open - Not Contacted"), second("Open - Not Contacted"), trust="hubspot"
        ),
        [
            edit(1, "Status=Closed - Converted + opportunity"),
            ROUND,
            edit(0, "lifecyclestage=lead"),
            edit(2, "Status=Closed - Converted + opportunity"),
        ],
    ),
    "a contact that speaks of two leads keeps what either agreed": (
        state_setup(contact("salesqualifiedlead", "OPEN"), sf("Working - Contacted"), second("Open - Not Contacted"), trust="salesforce"),
        [
            ROUND,
            edit(2, "Status=Closed - Not Converted"),
            ROUND,
            ROUND,
            edit(2, "Status=Working - Contacted"),
            edit(0, "hs_lead_status="),
            edit(1, "Status=Closed - Converted + opportunity", "automation"),
            ROUND,
        ],
    ),
    "an entry default yields to a status that somebody chose": (
        state_setup(
            contact("marketingqualifiedlead", "CONNECTED"),
            sf("Open - Not Contacted"),
            contact("marketingqualifiedlead", "NEW", "hubspot-emea"),
            trust="salesforce",
        ),
        [ROUND, edit(0, "hs_lead_status="), ROUND, edit(0, "lifecyclestage=evangelist"), edit(2, "hs_lead_status=ATTEMPTED_TO_CONTACT")],
    ),
    "a status that the stage has no room for does not outdo one that fits": (
        state_setup(
            contact("opportunity", "ATTEMPTED_TO_CONTACT"),
            sf("Working - Contacted"),
            contact("marketingqualifiedlead", "IN_PROGRESS", "hubspot-emea"),
            trust="hubspot",
        ),
        [ROUND, edit(0, "hs_lead_status=OPEN_DEAL"), edit(2, "hs_lead_status=CONNECTED"), edit(2, "lifecyclestage=evangelist")],
    ),
    "what is typed over a standing difference is later than it": (
        state_setup(
            contact("marketingqualifiedlead", "NEW"), contact("lead", "", "hubspot-emea"), sf("Working - Contacted", joined=False), trust="hubspot"
        ),
        [
            ROUND,
            edit(1, "lifecyclestage=subscriber", "automation"),
            edit(0, "hs_lead_status=OPEN_DEAL", "automation"),
            ROUND,
            edit(1, "hs_lead_status=ATTEMPTED_TO_CONTACT"),
        ],
    ),
    "newcomers of one round are current on all that they came to together": (
        state_setup(
            contact("", "NEW"),
            contact("marketingqualifiedlead", "CONNECTED", "hubspot-emea"),
            sf("Working - Contacted", joined=False),
            adoption={"hubspot": "prefer", "hubspot-emea": "prefer"},
        ),
        [ROUND, edit(0, "lifecyclestage=subscriber")],
    ),
    "an edit over a state write of unknown outcome is asked about": (
        state_setup(contact("lead", "NEW"), sf("Working - Contacted"), trust="salesforce"),
        [
            ROUND,
            Op("fault", 0, "crash"),
            edit(1, "Status=Closed - Converted + opportunity"),
            ROUND,
            edit(0, "hs_lead_status=ATTEMPTED_TO_CONTACT"),
        ],
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
