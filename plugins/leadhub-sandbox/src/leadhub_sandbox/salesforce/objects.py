"""The objects of the sandbox's org: the standard fields that a lead sync meets, and a few custom ones on Lead.

Lengths are those of Salesforce's object reference (Lead, Contact, Account, Opportunity, User).
"""

from dataclasses import replace

from leadhub_sandbox.salesforce.schema import Field, SObject, sobject

SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")
INDUSTRIES = ("Agriculture", "Banking", "Consulting", "Education", "Electronics", "Manufacturing", "Retail", "Technology", "Other")
RATINGS = ("Hot", "Warm", "Cold")
SALUTATIONS = ("Mr.", "Ms.", "Mrs.", "Dr.", "Prof.", "Mx.")
USER_TYPES = ("Standard", "PowerPartner", "CSPLitePortal", "CsnOnly", "Guest", "AutomatedProcess")
OPPORTUNITY_TYPES = ("Existing Business", "New Business")
FORECASTS = ("Omitted", "Pipeline", "Best Case", "Commit", "Closed")
ROLES = (
    "Business User",
    "Decision Maker",
    "Economic Buyer",
    "Economic Decision Maker",
    "Evaluator",
    "Executive Sponsor",
    "Influencer",
    "Technical Buyer",
    "Other",
)


def _locked(name: str, kind: str = "string", length: int = 0, *, refs: tuple[str, ...] = (), default: object = None) -> Field:
    return Field(name, kind, length, createable=False, updateable=False, references=refs, default=default)


def _system() -> list[Field]:
    return [
        _locked("Id", "id", 18),
        _locked("IsDeleted", "boolean", default=False),
        _locked("CreatedDate", "datetime"),
        _locked("CreatedById", "reference", 18, refs=("User",)),
        _locked("LastModifiedDate", "datetime"),
        _locked("LastModifiedById", "reference", 18, refs=("User",)),
        _locked("SystemModstamp", "datetime"),
    ]


def _person(own: str) -> list[Field]:
    return [
        Field("LastName", length=80, required=True, compound="Name"),
        Field("FirstName", length=40, compound="Name"),
        Field("Salutation", "picklist", 40, values=SALUTATIONS, compound="Name"),
        _locked("Name", length=121),
        Field("Title", length=128),
        Field("Email", "email", 80),
        Field("Phone", "phone", 40),
        Field("MobilePhone", "phone", 40),
        Field("Fax", "phone", 40),
        Field("LeadSource", "picklist", 255, values=SOURCES),
        Field("HasOptedOutOfEmail", "boolean", default=False),
        Field("HasOptedOutOfFax", "boolean", default=False),
        Field("DoNotCall", "boolean", default=False),
        _locked("EmailBouncedReason", length=255),
        _locked("EmailBouncedDate", "datetime"),
        _locked("MasterRecordId", "reference", 18, refs=(own,)),
        _locked("LastActivityDate", "date"),
    ]


def _address(prefix: str = "") -> list[Field]:
    compound = f"{prefix}Address"
    return [
        Field(f"{prefix}Street", "textarea", 255, compound=compound),
        Field(f"{prefix}City", length=40, compound=compound),
        Field(f"{prefix}State", length=80, compound=compound),
        Field(f"{prefix}PostalCode", length=20, compound=compound),
        Field(f"{prefix}Country", length=80, compound=compound),
        Field(f"{prefix}StateCode", "picklist", 10, compound=compound),
        Field(f"{prefix}CountryCode", "picklist", 10, compound=compound),
        Field(compound, "address", createable=False, updateable=False, filterable=False),
    ]


def _business() -> list[Field]:
    return [
        Field("Website", "url", 255),
        Field("Industry", "picklist", 255, values=INDUSTRIES),
        Field("Rating", "picklist", 255, values=RATINGS),
        Field("AnnualRevenue", "currency", scale=0),
        Field("NumberOfEmployees", "int"),
    ]


def _by_setting() -> list[Field]:
    """Return the fields that an object has only in some orgs: see `features`."""
    return [
        Field("RecordTypeId", "reference", 18, references=("RecordType",)),
        Field("CurrencyIsoCode", "picklist", 255),
    ]


def _owned(*kinds: str) -> list[Field]:
    return [
        Field("OwnerId", "reference", 18, references=kinds or ("User",)),
        Field("Description", "textarea", 32_000, filterable=False),
    ]


LEAD = sobject(
    "Lead",
    "00Q",
    "Leads",
    [
        *_system(),
        *_person("Lead"),
        Field("Company", length=255, required=True),
        *_address(),
        *_business(),
        *_owned("User", "Group"),
        *_by_setting(),
        Field("Status", "picklist", 255),
        Field("IsUnreadByOwner", "boolean", default=True),
        _locked("IsConverted", "boolean", default=False),
        _locked("ConvertedDate", "date"),
        _locked("ConvertedAccountId", "reference", 18, refs=("Account",)),
        _locked("ConvertedContactId", "reference", 18, refs=("Contact",)),
        _locked("ConvertedOpportunityId", "reference", 18, refs=("Opportunity",)),
        Field("LeadhubId__c", length=64, unique=True, external_id=True),
        Field("Legacy_Id__c", length=40, external_id=True),
        Field("Tier__c", "picklist", 255, values=("A", "B", "C"), restricted=True),
        Field("Interests__c", "multipicklist", 4099, values=("Hardware", "Software", "Services", "Training")),
        Field("Score__c", "double"),
        Field("Demo_Date__c", "date"),
        Field("Next_Call__c", "datetime"),
    ],
)
CONTACT = sobject(
    "Contact",
    "003",
    "Contacts",
    [
        *_system(),
        *_person("Contact"),
        Field("AccountId", "reference", 18, references=("Account",)),
        Field("Department", length=80),
        Field("HomePhone", "phone", 40),
        *_address("Mailing"),
        *_owned(),
        *_by_setting(),
        Field("LeadhubId__c", length=64, unique=True, external_id=True),
    ],
)
ACCOUNT = sobject(
    "Account",
    "001",
    "Accounts",
    [
        *_system(),
        Field("Name", length=255, required=True),
        Field("Phone", "phone", 40),
        *_address("Billing"),
        *_business(),
        *_owned(),
        *_by_setting(),
        _locked("MasterRecordId", "reference", 18, refs=("Account",)),
    ],
)
OPPORTUNITY = sobject(
    "Opportunity",
    "006",
    "Opportunities",
    [
        *_system(),
        Field("Name", length=120, required=True),
        Field("StageName", "picklist", 255, required=True),
        Field("CloseDate", "date", required=True),
        Field("Amount", "currency"),
        Field("Probability", "percent"),
        _locked("ExpectedRevenue", "currency"),
        Field("AccountId", "reference", 18, references=("Account",)),
        Field("LeadSource", "picklist", 255, values=SOURCES),
        Field("Type", "picklist", 255, values=OPPORTUNITY_TYPES),
        Field("NextStep", length=255),
        _locked("IsClosed", "boolean", default=False),
        _locked("IsWon", "boolean", default=False),
        replace(_locked("ForecastCategory", "picklist", 40), values=FORECASTS, restricted=True),
        Field("ForecastCategoryName", "picklist", 255, values=FORECASTS),
        _locked("LastActivityDate", "date"),
        *_owned(),
        *_by_setting(),
    ],
)
OPPORTUNITY_CONTACT_ROLE = sobject(
    "OpportunityContactRole",
    "00K",
    "Opportunity Contact Role",
    [
        *_system(),
        Field("OpportunityId", "reference", 18, required=True, references=("Opportunity",), updateable=False),
        Field("ContactId", "reference", 18, required=True, references=("Contact",)),
        Field("Role", "picklist", 255, values=ROLES),
        Field("IsPrimary", "boolean", default=False),
    ],
)
USER = sobject(
    "User",
    "005",
    "Users",
    [
        *(f for f in _system() if f.name != "IsDeleted"),
        Field("Username", length=80, required=True),
        Field("LastName", length=80, required=True),
        Field("FirstName", length=40),
        _locked("Name", length=121),
        Field("Alias", length=8, required=True),
        Field("Email", "email", 128, required=True),
        Field("IsActive", "boolean", default=True),
        Field("UserType", "picklist", 40, default="Standard", values=USER_TYPES),
    ],
    writable=False,
)
GROUP = sobject(
    "Group",
    "00G",
    "Groups",
    [
        *(f for f in _system() if f.name != "IsDeleted"),
        Field("Name", length=40, required=True),
        Field("DeveloperName", length=80),
        Field("Type", "picklist", 40, default="Queue", values=("Queue", "Regular")),
    ],
    writable=False,
)
LEAD_STATUS = sobject(
    "LeadStatus",
    "01J",
    "Lead Status Values",
    [
        *(f for f in _system() if f.name != "IsDeleted"),
        _locked("ApiName", length=255),
        _locked("MasterLabel", length=255),
        _locked("SortOrder", "int"),
        _locked("IsDefault", "boolean", default=False),
        _locked("IsConverted", "boolean", default=False),
    ],
    writable=False,
)
OPPORTUNITY_STAGE = sobject(
    "OpportunityStage",
    "01J",
    "Opportunity Stage",
    [
        *(f for f in _system() if f.name != "IsDeleted"),
        _locked("ApiName", length=255),
        _locked("MasterLabel", length=255),
        _locked("IsActive", "boolean", default=True),
        _locked("SortOrder", "int"),
        _locked("IsClosed", "boolean", default=False),
        _locked("IsWon", "boolean", default=False),
        replace(_locked("ForecastCategory", "picklist", 40), values=FORECASTS, restricted=True),
        replace(_locked("ForecastCategoryName", "picklist", 255), values=FORECASTS),
        _locked("DefaultProbability", "percent"),
        _locked("Description", length=255),
    ],
    writable=False,
)
RECORD_TYPE = sobject(
    "RecordType",
    "012",
    "Record Types",
    [
        *(f for f in _system() if f.name != "IsDeleted"),
        _locked("Name", length=80),
        _locked("DeveloperName", length=80),
        _locked("NamespacePrefix", length=15),
        _locked("Description", length=255),
        _locked("BusinessProcessId", "reference", 18),
        _locked("SobjectType", "picklist", 40),
        _locked("IsActive", "boolean", default=True),
    ],
    writable=False,
)
CURRENCY_TYPE = sobject(
    "CurrencyType",
    "01L",
    "Currency Types",
    [
        *(f for f in _system() if f.name != "IsDeleted"),
        _locked("IsoCode", "picklist", 255),
        _locked("ConversionRate", "double"),
        _locked("DecimalPlaces", "int"),
        _locked("IsActive", "boolean", default=True),
        _locked("IsCorporate", "boolean", default=False),
    ],
    writable=False,
)
ORGANIZATION = sobject(
    "Organization",
    "00D",
    "Organizations",
    [
        *(f for f in _system() if f.name != "IsDeleted"),
        _locked("Name", length=80),
        _locked("IsSandbox", "boolean", default=True),
        _locked("InstanceName", length=5),
        _locked("OrganizationType", "picklist", 40),
        _locked("TrialExpirationDate", "datetime"),
        _locked("NamespacePrefix", length=15),
    ],
    writable=False,
)


def _history(parent: str) -> SObject:
    """Return the object that holds the field history of another; all of them share one prefix, and no client writes them."""
    fields = [
        _locked("Id", "id", 18),
        _locked("IsDeleted", "boolean", default=False),
        _locked(f"{parent}Id", "reference", 18, refs=(parent,)),
        _locked("CreatedById", "reference", 18, refs=("User",)),
        _locked("CreatedDate", "datetime"),
        _locked("Field", "picklist", 255),
        replace(_locked("OldValue", "anyType"), filterable=False),
        replace(_locked("NewValue", "anyType"), filterable=False),
    ]
    return sobject(f"{parent}History", "017", f"{parent} History", fields, writable=False)


LEAD_HISTORY, CONTACT_HISTORY = _history("Lead"), _history("Contact")

_PEOPLE_AND_SALES = (LEAD, CONTACT, ACCOUNT, OPPORTUNITY, OPPORTUNITY_CONTACT_ROLE, USER, GROUP)
_SETUP = (LEAD_STATUS, OPPORTUNITY_STAGE, RECORD_TYPE, CURRENCY_TYPE, ORGANIZATION)
OBJECTS: dict[str, SObject] = {o.name: o for o in (*_PEOPLE_AND_SALES, *_SETUP, LEAD_HISTORY, CONTACT_HISTORY)}
BY_PREFIX: dict[str, SObject] = {o.prefix: o for o in OBJECTS.values()}
_BY_LOWER = {name.lower(): o for name, o in OBJECTS.items()}


def find_object(name: str) -> SObject | None:
    """Return the object of this name, in any case."""
    return _BY_LOWER.get(name.lower())
