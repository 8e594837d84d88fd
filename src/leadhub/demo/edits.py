"""What people do in both CRMs between the first sync and the second: who, in which words, and what the CRMs must show once the second is through."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from leadhub.connectors.protocols import Target
from leadhub.demo import people
from leadhub.demo.people import Someone
from leadhub.demo.sandboxes import Fields, Sandboxes
from leadhub.hub import Hub
from leadhub.model.record import Change, Outcome


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that people did: what they typed into either CRM, and what each must show after the next sync, all by native field."""

    who: Someone
    what: str
    salesforce: Fields = field(default_factory=dict)
    hubspot: Fields = field(default_factory=dict)
    converts: bool = False
    new_owner: str | None = None
    salesforce_after: Fields = field(default_factory=dict)
    hubspot_after: Fields = field(default_factory=dict)


COMPANY, TITLE = "Summit Tools International", {"Title": "Senior Buyer"}
HAPPENINGS = (
    Happening(
        people.HANNAH,
        'a rep changes the title in Salesforce to "Lab Director"',
        salesforce={"Title": "Lab Director"},
        salesforce_after={"Title": "Lab Director"},
        hubspot_after={"jobtitle": "Lab Director"},
    ),
    Happening(
        people.MAYA,
        "marketing moves the stage in HubSpot from MQL to SQL",
        hubspot={"lifecyclestage": people.SQL},
        salesforce_after={"Status": people.OPEN},
        hubspot_after={"lifecyclestage": people.SQL},
    ),
    Happening(
        people.SAMUEL,
        "somebody reaches him; HubSpot's lead status says CONNECTED",
        hubspot={"hs_lead_status": "CONNECTED"},
        salesforce_after={"Status": people.WORKING},
        hubspot_after={"hs_lead_status": "CONNECTED"},
    ),
    Happening(
        people.INGRID,
        "not ready to buy after all: a person sets the stage in HubSpot back from SQL to MQL",
        hubspot={"lifecyclestage": people.MQL},
        salesforce_after={"Status": people.WORKING},
        hubspot_after={"lifecyclestage": people.MQL},
    ),
    Happening(
        people.LUCA,
        "both CRMs get a new phone number, and not the same one",
        salesforce={"Phone": "+1 415 555 0191"},
        hubspot={"phone": "+1 415 555 0192"},
        salesforce_after={"Phone": "+1 415 555 0191"},
        hubspot_after={"phone": "+14155550191"},
    ),
    Happening(
        people.GRACE,
        "sales converts the lead in Salesforce into an opportunity",
        converts=True,
        hubspot_after={"lifecyclestage": people.OPPORTUNITY, "hs_lead_status": "OPEN_DEAL"},
    ),
    Happening(
        people.NORA,
        "somebody empties the phone number in HubSpot",
        hubspot={"phone": ""},
        salesforce_after={"Phone": people.NORA.phone},
        hubspot_after={"phone": ""},
    ),
    Happening(
        people.VICTOR,
        "no fit: HubSpot's lead status says UNQUALIFIED",
        hubspot={"hs_lead_status": "UNQUALIFIED"},
        salesforce_after={"Status": people.CLOSED},
        hubspot_after={"hs_lead_status": "UNQUALIFIED"},
    ),
    Happening(
        people.OMAR,
        "marketing corrects the company in HubSpot; and while leadhub is on its way to Salesforce with it, a rep changes the title there",
        hubspot={"company": COMPANY},
        salesforce_after={"Company": COMPANY, **TITLE},
        hubspot_after={"company": COMPANY, "jobtitle": TITLE["Title"]},
    ),
    Happening(people.SOFIA, f"sales hands her over: {people.JANE} owns the lead in Salesforce from now on", new_owner=people.JANE),
    Happening(
        people.BEN,
        "on the phone he asks for no more e-mails; the rep ticks the opt-out in Salesforce",
        salesforce={"HasOptedOutOfEmail": "true"},
        salesforce_after={"HasOptedOutOfEmail": "true", "Status": people.WORKING},
        hubspot_after={"hs_email_optout": "true", "lifecyclestage": people.SQL, "hs_lead_status": "CONNECTED"},
    ),
)
"""In the order of the story. Omar Haddad's rep types `TITLE` in mid-sync."""


def happen(sandboxes: Sandboxes, ids: Mapping[str, Mapping[str, str]]) -> None:
    """Make all these edits."""
    salesforce, hubspot = sandboxes.salesforce, sandboxes.hubspot
    for happening in HAPPENINGS:
        lead, contact = ids[happening.who.name][salesforce.name], ids[happening.who.name][hubspot.name]
        if happening.salesforce:
            salesforce.edit(lead, happening.salesforce)
        if happening.hubspot:
            hubspot.edit(contact, happening.hubspot)
        if happening.converts:
            salesforce.convert(lead)
        if happening.new_owner:
            salesforce.edit(lead, owned_by(happening.new_owner, salesforce.name, ids))


def owned_by(owner: str, crm: str, ids: Mapping[str, Mapping[str, str]]) -> Fields:
    """Return the field that says whose a record is, with one of those who own leads."""
    return {people.OWNER[crm]: ids[owner][crm]}


@contextmanager
def edit_before_the_next_write(hub: Hub, system: str, edit: Callable[[], None]) -> Iterator[list[int]]:
    """Have `edit` happen once, when leadhub has read and is about to write to a system: the moment that a plan cannot see. Yields how often it happened."""
    connector = hub.systems[system].connector
    happened: list[int] = []

    def push(self: Target, changes: Sequence[Change]) -> Iterator[Outcome]:
        if not happened:
            happened.append(1)
            edit()
        yield from connector.push(self, changes)  # type: ignore[attr-defined] # a Source that can push is a Target

    interrupted = type("Interrupted", (connector,), {"push": push})
    before, hub.systems = hub.systems, {**hub.systems, system: replace(hub.systems[system], connector=interrupted)}
    try:
        yield happened
    finally:
        hub.systems = before
