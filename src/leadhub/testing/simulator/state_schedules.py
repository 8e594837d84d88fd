"""Random schedules over the state of leads: HubSpot contacts and Salesforce Leads, on the presets that ship."""

import random

from leadhub.testing.simulator.presets import hubspot_contact, salesforce_lead
from leadhub.testing.simulator.world import Op, Setup, SiteSetup

TWO_LEADS = 0.2
STAGES = ("lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity")
_H_STATUS = ("", "NEW", "OPEN", "ATTEMPTED_TO_CONTACT", "CONNECTED", "IN_PROGRESS")
_FIELDS = {"hubspot": ("lifecyclestage", "hs_lead_status"), "hubspot-emea": ("lifecyclestage", "hs_lead_status"), "salesforce": ("Status",)}


def state_setup(rng: random.Random) -> Setup:
    """Two or three records of one person; sometimes two Salesforce Leads beside one contact."""
    two_leads = rng.random() < TWO_LEADS
    contact = _contact("hubspot", rng)
    lead = _sf_lead(rng, 0)
    if two_leads:
        sites = [contact, lead, _sf_lead(rng, 1)]
    else:
        sites = [contact, lead] if rng.random() < 0.6 else [contact, lead, _contact("hubspot-emea", rng)]
    adoption = {s.system: rng.choice(("keep", "prefer")) for s in sites} if rng.random() < 0.3 else {}
    return Setup(tuple(sites), trust=rng.choice((None, "hubspot", "salesforce")), adoption=adoption, own_lead=("salesforce",))


def _contact(system: str, rng: random.Random) -> SiteSetup:
    state = {"lifecyclestage": rng.choice(("", *STAGES)), "hs_lead_status": rng.choice(_H_STATUS)}
    return SiteSetup(
        system, object="contacts", state=state, detects=rng.random() > 0.3, joined=rng.random() > 0.15, writable=rng.random() > 0.05, lead=None
    )


def _sf_lead(rng: random.Random, lead: int) -> SiteSetup:
    state = {"Status": rng.choice(("Open - Not Contacted", "Working - Contacted")), "ConvertedOpportunityId": ""}
    return SiteSetup("salesforce", object="Lead", state=state, lead=lead, joined=rng.random() > 0.15, detects=rng.random() > 0.3)


def state_steps(rng: random.Random, setup: Setup, length: int = 18) -> list[Op]:
    """Random steps: any value of any row, blanks, values that nobody mapped, conversions."""
    ops = [Op("round")] if rng.random() < 0.85 else []
    for _ in range(length):
        site, dice = rng.randrange(len(setup.sites)), rng.random()
        if dice < 0.34:
            ops.extend(_edit(rng, setup, site))
        elif dice < 0.40:
            ops.append(Op("lag", site))
        elif dice < 0.44:
            ops.extend(op._replace(kind=rng.choice(("between", "window"))) for op in _edit(rng, setup, site)[:1])
        elif dice < 0.51:
            ops.append(Op("fault", site, rng.choice(("crash", "half", "lost", "unknown", "refused"))))
        elif dice < 0.54:
            ops.append(Op("join", site))
        elif dice < 0.59:
            ops.append(
                Op(
                    "decide",
                    rng.randrange(3),
                    rng.choice(("leave", "state=mql/new/open", "state=sql/connected/open", "state=lead/none/disqualified")),
                )
            )
        elif dice < 0.61:
            ops.append(Op("age"))
        else:
            ops.append(Op("round"))
    return ops


def _edit(rng: random.Random, setup: Setup, site: int) -> list[Op]:
    system = setup.sites[site].system
    relation = salesforce_lead() if system == "salesforce" else hubspot_contact()
    name = rng.choice(_FIELDS[system])
    who = "automation" if rng.random() < 0.25 else "person"
    values = [row.value for row in relation.field(name).rows]
    value = "Invented by us" if rng.random() < 0.06 else rng.choice(values)
    if value == "Closed - Converted" and rng.random() < 0.7:
        value += " + opportunity"
    return [Op("edit", site, f"{name}={value}", who)]
