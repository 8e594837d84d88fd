"""Made-up people who stand in both CRMs, so that a demo has something to show. The same seed gives the same people."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from leadhub_sandbox.http import SandboxServer
from leadhub_sandbox.orders import Orders

_FIRST = ("Ada", "Amir", "Ana", "Beatriz", "Chidi", "Dana", "Elif", "Emil", "Fatima", "Goran", "Hana", "Ines", "Jonas", "Kemal", "Lena", "Maren")
_LAST = ("Almeida", "Berg", "Castillo", "Demir", "Eriksen", "Fischer", "Garcia", "Haddad", "Ito", "Jensen", "Kaya", "Lindqvist", "Mbeki", "Novak")
_COMPANIES = ("Acorn Tools", "Blue Harbor", "Cobalt Works", "Delta Foods", "Elm Logistics", "Fjord Energy", "Granite Labs", "Hazel Media")
_TITLES = ("Head of Sales", "Buyer", "Operations Manager", "Engineer", "Managing Director", "Marketing Lead")
_PLACES = (
    ("Lund", "Sweden", "+46 46 555"),
    ("Lyon", "France", "+33 4 5550"),
    ("Austin", "United States", "+1 512 555"),
    ("Leeds", "United Kingdom", "+44 113 555"),
)
_STEPS = (
    ("Open - Not Contacted", "lead", "NEW"),
    ("Working - Contacted", "marketingqualifiedlead", "IN_PROGRESS"),
    ("Working - Contacted", "salesqualifiedlead", "CONNECTED"),
    ("Closed - Not Converted", "lead", "UNQUALIFIED"),
)
_USERS = {"jane": "7001", "omar": "7002", "priya": "7003"}


@dataclass(frozen=True, slots=True)
class Person:
    """One person, as both CRMs are told: Salesforce's fields of a lead, HubSpot's properties of a contact, and who looks after them."""

    user: str
    lead: dict[str, str]
    contact: dict[str, str]


def people(seed: int, count: int) -> list[Person]:
    """Return so many people. Now and then one side lacks a value, as in life."""
    chance = random.Random(f"people-{seed}")  # noqa: S311 - the same people every time, no secret
    return [_person(chance, number) for number in range(1, count + 1)]


def _person(chance: random.Random, number: int) -> Person:
    first, last, company, title = (chance.choice(names) for names in (_FIRST, _LAST, _COMPANIES, _TITLES))
    city, country, area = chance.choice(_PLACES)
    status, stage, lead_status = chance.choice(_STEPS)
    user = chance.choice(sorted(_USERS))
    email = f"{first}.{last}.{number}@{company.replace(' ', '-')}.example".lower()
    phone = f"{area} {number:04}"
    lead = {"FirstName": first, "LastName": last, "Email": email, "Company": company, "City": city, "Country": country, "Status": status}
    contact = {"firstname": first, "lastname": last, "email": email, "company": company, "city": city, "country": country}
    contact |= {"lifecyclestage": stage, "hs_lead_status": lead_status, "hubspot_owner_id": _USERS[user]}
    lead |= {"Title": title} if number % 7 else {}
    contact |= {"jobtitle": title}
    lead |= {"Phone": phone}
    contact |= {"phone": phone} if number % 5 else {}
    return Person(user, lead, contact)


def fill(servers: Mapping[str, SandboxServer], seed: int, count: int) -> None:
    """Put so many people into each CRM that runs: leads of Salesforce, contacts of HubSpot."""
    made = people(seed, count)
    if "salesforce" in servers:
        orders = Orders(servers["salesforce"])
        for person in made:
            orders.post("create", object="Lead", fields=person.lead, user=person.user)
    if "hubspot" in servers and made:
        Orders(servers["hubspot"]).post("create_many", records=[person.contact for person in made])
