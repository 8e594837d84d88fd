"""Who is in which CRM when the demo begins: a cast whose story is told, and a crowd. All invented, on example domains; the same every time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from leadhub.demo.sandboxes import Fields, Sandboxes

OPEN, WORKING, CLOSED, PARKED = "Open - Not Contacted", "Working - Contacted", "Closed - Not Converted", "Parked - Budget Freeze"
JANE, OMAR_SELLS = "Jane Novak", "Omar Haddad (sales)"
"""Who own leads. Omar has another address in each CRM, so leadhub.toml says that they are one person's."""
LEAD, MQL, SQL, OPPORTUNITY, CUSTOMER = "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer"

FIRST = [
    "Abena",
    "Adele",
    "Amir",
    "Anders",
    "Beatriz",
    "Bilal",
    "Camille",
    "Chidi",
    "Clara",
    "Daniel",
    "Dina",
    "Edgar",
    "Elif",
    "Emeka",
    "Farah",
    "Felix",
    "Gala",
    "Hana",
    "Hugo",
    "Ines",
    "Ivan",
    "Jada",
    "Joon",
    "Kamal",
    "Karin",
    "Lars",
    "Leila",
    "Marek",
    "Mina",
    "Naomi",
    "Nils",
    "Olga",
    "Pablo",
    "Quinn",
    "Rania",
    "Sven",
    "Tara",
    "Umar",
    "Vera",
    "Yusuf",
]
LAST = [
    "Abbott",
    "Alvarez",
    "Baptiste",
    "Becker",
    "Castro",
    "Chen",
    "Diallo",
    "Dubois",
    "Eriksen",
    "Fontaine",
    "Garcia",
    "Hassan",
    "Ibrahim",
    "Jansen",
    "Kaya",
    "Kowalski",
    "Larsen",
    "Lopez",
    "Mbeki",
    "Meyer",
    "Nakamura",
    "Novak",
    "Olsen",
    "Patel",
    "Quist",
    "Rahman",
    "Rossi",
    "Santos",
    "Schmidt",
    "Singh",
    "Tanaka",
    "Tran",
    "Ueda",
    "Vargas",
    "Virtanen",
    "Walsh",
    "Xu",
    "Yilmaz",
    "Zhang",
    "Zimmer",
]
COMPANIES = [
    "Alder Works",
    "Bluefin Foods",
    "Cedar Labs",
    "Delta Freight",
    "Ember Studio",
    "Fjord Energy",
    "Granite Bank",
    "Harbor Light",
    "Indigo Air",
    "Juniper Health",
    "Kite Systems",
    "Lumen Optics",
    "Maple Media",
    "Nimbus Data",
    "Orchard Farms",
    "Pioneer Steel",
    "Quartz Legal",
    "River Mills",
    "Summit Tools",
    "Tundra Outdoor",
]
TITLES = ("Head of Operations", "Purchasing Manager", "IT Director", "Founder", "Plant Manager", "Marketing Lead", "CFO", "Analyst")

OWNER = {"Salesforce": "OwnerId", "HubSpot": "hubspot_owner_id"}

AGREEING = (
    (OPEN, LEAD, "NEW"),
    (OPEN, MQL, "OPEN"),
    (WORKING, SQL, "CONNECTED"),
    (OPEN, LEAD, ""),
    (WORKING, MQL, "ATTEMPTED_TO_CONTACT"),
    (OPEN, MQL, "NEW"),
    (CLOSED, LEAD, "UNQUALIFIED"),
    (WORKING, LEAD, "IN_PROGRESS"),
)
"""Pairs of values that look different and are both right: Salesforce's `Status`, HubSpot's `lifecyclestage` and `hs_lead_status`."""


@dataclass(frozen=True, slots=True)
class Someone:
    """One person before leadhub came: what Salesforce and HubSpot show. `status` None: not in Salesforce; `stage` None: not in HubSpot.

    `otherwise` is what HubSpot shows differently, by its own property names; `salesforce_too` a second lead of the same person.
    """

    first: str
    last: str
    email: str
    company: str
    phone: str
    title: str
    status: str | None = OPEN
    stage: str | None = LEAD
    working: str = "NEW"
    otherwise: Mapping[str, str | None] = field(default_factory=dict)
    converted: bool = False
    salesforce_too: Fields | None = None

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first} {self.last}"

    def in_salesforce(self) -> dict[str, str | None]:
        """Return the lead's fields."""
        identity = {"FirstName": self.first, "LastName": self.last, "Email": self.email}
        return identity | {"Company": self.company, "Phone": self.phone, "Title": self.title, "Status": self.status}

    def in_hubspot(self) -> dict[str, str | None]:
        """Return the contact's properties."""
        identity = {"firstname": self.first, "lastname": self.last, "email": self.email}
        work = {"company": self.company, "phone": self.phone, "jobtitle": self.title}
        return identity | work | {"lifecyclestage": self.stage, "hs_lead_status": self.working} | dict(self.otherwise)


def _someone(number: int) -> Someone:
    """Someone of the crowd: another name, address and number for every number below 1,600."""
    first, last = FIRST[number % 40], LAST[(number * 7 + number // 40) % 40]
    company = COMPANIES[number % 20]
    email = f"{first}.{last}@{company.replace(' ', '-')}.example".lower()
    status, stage, working = AGREEING[number % len(AGREEING)]
    return Someone(first, last, email, company, f"+1 {202 + number // 100} 555 {100 + number % 100:04d}", TITLES[number % 8], status, stage, working)


# ---- the cast --------------------------------------------------------------------------------------------------------------------------

MAYA = Someone("Maya", "Torres", "maya.torres@fjord-energy.example", "Fjord Energy", "+1 415 555 0101", "VP Sales", OPEN, MQL, "NEW")
JONAS = Someone(
    "Jonas", "Weber", "jonas.weber@granite-bank.example", "Granite Bank", "+1 415 555 0102", "Head of Treasury", WORKING, SQL, "CONNECTED",
    {"phone": "+1 415 555 0172", "jobtitle": "Treasurer"},
)  # fmt: skip
PRIYA = Someone(
    "Priya", "Raman", "priya.raman@kite-systems.example", "Kite Systems", "+1 415 555 0103", "CTO", OPEN, SQL, "CONNECTED", converted=True
)
TOMAS = Someone(
    "Tomás", "Oliveira", "tomas.oliveira@river-mills.example", "River Mills", "+1 415 555 0104", "Plant Manager", PARKED, MQL, "CONNECTED"
)
AIKO = Someone("Aiko", "Mori", "aiko.mori@lumen-optics.example", "Lumen Optics", "+1 415 555 0105", "Product Manager", None, None)
"""In neither CRM: she left her card at the trade show."""
TOLD = (MAYA, JONAS, PRIYA, TOMAS, AIKO)

HANNAH = Someone("Hannah", "Berg", "hannah.berg@cedar-labs.example", "Cedar Labs", "+1 415 555 0106", "Lab Manager", OPEN, LEAD, "OPEN")
SAMUEL = Someone("Samuel", "Okafor", "samuel.okafor@delta-freight.example", "Delta Freight", "+1 415 555 0107", "Fleet Manager", OPEN, MQL, "NEW")
INGRID = Someone("Ingrid", "Dahl", "ingrid.dahl@nimbus-data.example", "Nimbus Data", "+1 415 555 0108", "Data Lead", WORKING, SQL, "CONNECTED")
LUCA = Someone("Luca", "Moretti", "luca.moretti@ember-studio.example", "Ember Studio", "+1 415 555 0109", "Producer", OPEN, LEAD, "NEW")
GRACE = Someone(
    "Grace", "Kim", "grace.kim@juniper-health.example", "Juniper Health", "+1 415 555 0110", "Director of Care", WORKING, SQL, "CONNECTED"
)
OMAR = Someone("Omar", "Haddad", "omar.haddad@summit-tools.example", "Summit Tools", "+1 415 555 0111", "Buyer", OPEN, MQL, "OPEN")
NORA = Someone("Nora", "Lindqvist", "nora.lindqvist@tundra-outdoor.example", "Tundra Outdoor", "+1 415 555 0112", "Owner", OPEN, LEAD, "NEW")
SOFIA = Someone("Sofia", "Marin", "sofia.marin@pioneer-steel.example", "Pioneer Steel", "+1 415 555 0119", "Operations Lead", OPEN, MQL, "OPEN")
BEN = Someone("Ben", "Carter", "ben.carter@harbor-light.example", "Harbor Light", "+1 415 555 0120", "Controller", WORKING, SQL, "CONNECTED")
VICTOR = Someone("Victor", "Stone", "victor.stone@quartz-legal.example", "Quartz Legal", "+1 415 555 0113", "Partner", WORKING, MQL, "CONNECTED")
EDITED = (HANNAH, SAMUEL, INGRID, LUCA, GRACE, OMAR, NORA, VICTOR, SOFIA, BEN)

ELENA = Someone(
    "Elena", "Conti", "elena.conti@maple-media.example", "Maple Media", "+1 415 555 0114", "Editor", WORKING, MQL, "CONNECTED",
    salesforce_too={"FirstName": "Elena", "LastName": "Conti", "Email": "elena.conti@maple-media.example", "Company": "Maple Media GmbH", "Status": OPEN},
)  # fmt: skip
"""Twice in Salesforce."""
ROSA, TOBIAS = (
    Someone("Rosa", "Lind", "info@orchard-farms.example", "Orchard Farms", "+1 415 555 0115", "Manager", OPEN, LEAD, "NEW"),
    Someone("Tobias", "Frey", "info@orchard-farms.example", "Orchard Farms", "+1 415 555 0116", "Accountant", OPEN, None),
)
"""Two people behind one role mailbox."""
CHRIS, DANA = (
    Someone("Chris", "Park", "studio@indigo-air.example", "Indigo Air", "+1 415 555 0117", "Designer", OPEN, None),
    Someone("Dana", "Webb", "studio@indigo-air.example", "Indigo Air", "+1 415 555 0118", "Photographer", None, LEAD, "OPEN"),
)
"""One address, two names: nobody can tell from here whether they are one person."""
OLIVIA = Someone("Olivia", "Hart", "olivia.hart@alder-works.example", "Alder Works", "", "Head of Sales", OPEN, LEAD, "OPEN")
"""Nobody has her phone number."""
KOFI = Someone(
    "Kofi", "Mensah", "kofi.mensah@bluefin-foods.example", "Bluefin Foods", "+1 415 555 0122", "Buyer", WORKING, MQL, "ATTEMPTED_TO_CONTACT"
)
ADA = Someone("Ada", "Quill", "ada.quill@westwind-press.example", "Westwind Press", "+1 415 555 0123", "", None, None)
"""In neither CRM: she fills in the form on the website."""
CAST = (*TOLD, *EDITED, ELENA, ROSA, TOBIAS, CHRIS, DANA, OLIVIA, KOFI)


# ---- the crowd -------------------------------------------------------------------------------------------------------------------------


def crowd() -> Iterator[Someone]:
    """Yield the others: most agree, some have disagreed for years, some are only in one CRM."""
    for number in range(90, 150):
        yield _someone(number)
    for number in range(150, 168):
        someone = _someone(number)
        yield replace(someone, otherwise={"phone": someone.phone.replace("555 0", "555 9")})
    for number in range(168, 182):
        yield replace(_someone(number), otherwise={"jobtitle": f"{_someone(number).title} (acting)"})
    for number in range(182, 192):
        yield replace(_someone(number), otherwise={"company": f"{_someone(number).company} Inc."})
    for number in range(192, 201):
        yield replace(_someone(number), status=WORKING, stage=MQL, working="NEW")
    for number in range(201, 205):
        yield replace(_someone(number), status=PARKED)
    for number in range(205, 211):
        yield replace(_someone(number), status=OPEN, stage=OPPORTUNITY, working="OPEN_DEAL", converted=True)
    for number in range(211, 235):
        yield replace(_someone(number), stage=None)
    for number in range(235, 265):
        stage, working = (CUSTOMER, "") if number == 264 else (LEAD if number % 2 else MQL, "NEW" if number % 3 else "OPEN")
        yield replace(_someone(number), status=None, stage=stage, working=working)


def seed(sandboxes: Sandboxes) -> dict[str, dict[str, str]]:
    """Fill both CRMs; return the ids of the cast's records, and of those who own leads, by name, then CRM."""
    salesforce, hubspot = sandboxes.salesforce, sandboxes.hubspot
    ids = _prepare(sandboxes)
    cast = {someone.name for someone in CAST}
    for number, someone in enumerate((*CAST, *crowd())):
        mine: dict[str, str] = {}
        if someone.status is not None:
            mine[salesforce.name] = salesforce.add(someone.in_salesforce())
            if someone.salesforce_too is not None:
                salesforce.add(someone.salesforce_too)
            if someone.converted:
                salesforce.convert(mine[salesforce.name])
        if someone.stage is not None:
            owner = ids[JANE if someone.name not in cast and number % 25 == 0 else OMAR_SELLS][hubspot.name]
            mine[hubspot.name] = hubspot.add(someone.in_hubspot() | ({OWNER[hubspot.name]: owner} if mine else {}))
        if someone.name in cast:
            ids[someone.name] = mine
    return ids


def _prepare(sandboxes: Sandboxes) -> dict[str, dict[str, str]]:
    """Give Salesforce a status of the org's own and the history of two fields, and HubSpot the owners; return the ids of these by name, then CRM."""
    salesforce, hubspot = sandboxes.salesforce, sandboxes.hubspot
    statuses = salesforce.order("settings", method="GET")["statuses"]
    own = {"ApiName": PARKED, "MasterLabel": PARKED, "SortOrder": 9, "IsDefault": False, "IsConverted": False}
    salesforce.order("settings", {"statuses": [*statuses, own], "field_history": {"Lead": ["Status", OWNER[salesforce.name]]}})
    addresses = {JANE: "jane@acme.example", OMAR_SELLS: "omar.haddad@owners.example"}
    users = {user["Username"]: user["Id"] for user in salesforce.order("records/User", method="GET")}
    return {
        name: {salesforce.name: users[f"{name.split()[0].lower()}@acme.example"], hubspot.name: hubspot.order("owners", {"email": address})["id"]}
        for name, address in addresses.items()
    }
