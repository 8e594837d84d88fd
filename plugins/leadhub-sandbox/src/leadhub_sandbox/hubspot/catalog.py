"""What a fresh account holds before anybody writes: its properties and its owners. Data only."""

from typing import Any

from leadhub_sandbox.hubspot.schema import STAGE, Option, Property

DEFAULT_PROPERTIES = ("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname")
PIPELINE_ID = "contacts-lifecycle-pipeline"

_STAGES = {
    "subscriber": "Subscriber",
    "lead": "Lead",
    "marketingqualifiedlead": "Marketing Qualified Lead",
    "salesqualifiedlead": "Sales Qualified Lead",
    "opportunity": "Opportunity",
    "customer": "Customer",
    "evangelist": "Evangelist",
    "other": "Other",
}
_STATUSES = {
    "NEW": "New",
    "OPEN": "Open",
    "IN_PROGRESS": "In Progress",
    "OPEN_DEAL": "Open Deal",
    "UNQUALIFIED": "Unqualified",
    "ATTEMPTED_TO_CONTACT": "Attempted to Contact",
    "CONNECTED": "Connected",
    "BAD_TIMING": "Bad Timing",
}
_SOURCES = {
    "ORGANIC_SEARCH": "Organic Search",
    "PAID_SEARCH": "Paid Search",
    "EMAIL_MARKETING": "Email Marketing",
    "SOCIAL_MEDIA": "Organic Social",
    "REFERRALS": "Referrals",
    "DIRECT_TRAFFIC": "Direct Traffic",
    "OFFLINE": "Offline Sources",
}
_TEXTS = {
    "firstname": "First Name",
    "lastname": "Last Name",
    "salutation": "Salutation",
    "company": "Company Name",
    "jobtitle": "Job Title",
    "phone": "Phone Number",
    "mobilephone": "Mobile Phone Number",
    "fax": "Fax Number",
    "website": "Website URL",
    "address": "Street Address",
    "city": "City",
    "state": "State/Region",
    "zip": "Postal Code",
    "country": "Country/Region",
    "industry": "Industry",
    "message": "Message",
    "annualrevenue": "Annual Revenue",
    "numemployees": "Number of Employees",
}
_SYSTEM_TEXTS = {
    "hs_pipeline": "Pipeline",
    "hs_object_source": "Record source",
    "hs_merged_object_ids": "Merged record IDs",
    "hs_calculated_merged_vids": "Merged vids with timestamps of a merge",
    "hs_additional_emails": "Additional email addresses",
}


def _options(labels: dict[str, str]) -> list[Option]:
    return [Option(value, label, at) for at, (value, label) in enumerate(labels.items())]


def default_properties(owners: list[dict[str, Any]]) -> list[Property]:
    """Return the definitions of a fresh account; `leadhub_id` is the custom one that an administrator made for the hub."""
    owner_options = [Option(owner["id"], owner["email"], at) for at, owner in enumerate(owners)]
    return [
        Property("email", "Email", unique=True),
        *(Property(name, label) for name, label in _TEXTS.items()),
        *(Property(name, label, read_only=True) for name, label in _SYSTEM_TEXTS.items()),
        Property(STAGE, "Lifecycle Stage", "enumeration", "radio", options=_options(_STAGES)),
        Property("hs_lead_status", "Lead Status", "enumeration", "radio", options=_options(_STATUSES)),
        Property(
            "hs_analytics_source",
            "Original Source",
            "enumeration",
            "select",
            options=_options(_SOURCES),
            read_only=True,
        ),
        Property("hubspot_owner_id", "Contact owner", "enumeration", "select", options=owner_options, external_options=True),
        Property("hs_object_id", "Record ID", "number", "number", read_only=True),
        Property("num_associated_deals", "Number of Associated Deals", "number", "number", read_only=True, calculated=True),
        Property("createdate", "Create Date", "datetime", "date", read_only=True),
        Property("lastmodifieddate", "Last Modified Date", "datetime", "date", read_only=True),
        Property("closedate", "Close Date", "datetime", "date"),
        Property("hs_email_optout", "Unsubscribed from all email", "bool", "booleancheckbox"),
        Property("hs_is_unworked", "Contact unworked", "bool", "calculation_equation", read_only=True, calculated=True),
        Property("leadhub_id", "leadhub ID", unique=True, hubspot_defined=False),
    ]


def default_owners() -> list[dict[str, Any]]:
    """Return the account's users that can own a contact."""
    names = [("Ana", "Lopez"), ("Ben", "Okafor"), ("Chloe", "Martin")]
    return [
        {
            "id": str(7001 + at),
            "email": f"{first}.{last}@owners.example".lower(),
            "type": "PERSON",
            "firstName": first,
            "lastName": last,
            "userId": 9001 + at,
            "userIdIncludingInactive": 9001 + at,
            "createdAt": "2026-01-05T09:00:00.000Z",
            "updatedAt": "2026-01-05T09:00:00.000Z",
            "archived": False,
        }
        for at, (first, last) in enumerate(names)
    ]
