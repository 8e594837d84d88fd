"""What a fresh account holds before anybody writes: the properties of contacts, its owners and its subscription types. Data only.

Names, types and field types of the properties are those that several accounts' own descriptions show; HUBSPOT.md says what is a guess.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from leadhub_sandbox.hubspot.schema import OPTED_OUT, OWNER, STAGE, Option, Property, options

PIPELINE_ID = "contacts-lifecycle-pipeline"
SUBSCRIPTIONS = {501: "Marketing Information", 502: "One to One"}

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
_CHANNELS = {
    "ORGANIC_SEARCH": "Organic Search",
    "PAID_SEARCH": "Paid Search",
    "EMAIL_MARKETING": "Email Marketing",
    "SOCIAL_MEDIA": "Organic Social",
    "REFERRALS": "Referrals",
    "OTHER_CAMPAIGNS": "Other Campaigns",
    "DIRECT_TRAFFIC": "Direct Traffic",
    "OFFLINE": "Offline Sources",
    "PAID_SOCIAL": "Paid Social",
    "AI_REFERRALS": "AI Referrals",
}
_LANGUAGES = {
    "da": "Danish",
    "de": "German",
    "de-at": "German - Austria",
    "en": "English",
    "en-gb": "English - United Kingdom",
    "en-us": "English - United States",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "ja": "Japanese",
    "nl": "Dutch",
    "pl": "Polish",
    "pt-br": "Portuguese - Brazil",
    "sv": "Swedish",
    "zh-cn": "Chinese - China",
}
_ZONES = {
    "america_slash_new_york": "UTC -05:00 America New York",
    "america_slash_los_angeles": "UTC -08:00 America Los Angeles",
    "europe_slash_berlin": "UTC +01:00 Europe Berlin",
    "europe_slash_london": "UTC +00:00 Europe London",
    "asia_slash_tokyo": "UTC +09:00 Asia Tokyo",
}
_LEGAL_BASES = (
    "Legitimate interest – prospect/lead",
    "Legitimate interest – existing customer",
    "Legitimate interest - other",
    "Performance of a contract",
    "Freely given consent from contact",
    "Not applicable",
)
_BOUNCES = ("UNKNOWN_USER", "MAILBOX_FULL", "SPAM", "CONTENT", "POLICY", "OTHER")

# Texts that the API may write, by field type: name → label.
_TEXTS = {
    "text": {
        "firstname": "First Name",
        "lastname": "Last Name",
        "salutation": "Salutation",
        "company": "Company Name",
        "jobtitle": "Job Title",
        "job_function": "Job function",
        "seniority": "Seniority",
        "website": "Website URL",
        "address": "Street Address",
        "city": "City",
        "state": "State/Region",
        "zip": "Postal Code",
        "country": "Country/Region",
        "industry": "Industry",
        "annualrevenue": "Annual Revenue",
        "company_size": "Company size",
        "work_email": "Work email",
        "fax": "Fax Number",
        "twitterhandle": "Twitter Username",
        "hs_linkedin_url": "LinkedIn URL",
        "hs_google_click_id": "Google ad click id",
        "hs_facebook_click_id": "Facebook click id",
    },
    "phonenumber": {"phone": "Phone Number", "mobilephone": "Mobile Phone Number"},
    "textarea": {"message": "Message"},
}
# Choices that the API may write: name → (label, field type, options).
_CHOICES: Mapping[str, tuple[str, str, Mapping[str, str]]] = {
    STAGE: ("Lifecycle Stage", "radio", _STAGES),
    "hs_lead_status": ("Lead Status", "radio", _STATUSES),
    "hs_language": ("Preferred language", "select", _LANGUAGES),
    "hs_timezone": ("Time Zone", "select", _ZONES),
    "hs_persona": ("Persona", "select", {"persona_1": "Owner Olga", "persona_2": "Engineer Emil"}),
    "hs_legal_basis": ("Legal basis for processing contact's data", "checkbox", {name: name for name in _LEGAL_BASES}),
    "numemployees": (
        "Number of Employees",
        "select",
        {size: size for size in ("1-5", "5-25", "25-50", "50-100", "100-500", "500-1000", "1000+")},
    ),
}
# What HubSpot itself keeps and the API cannot write, by (type, field type): name → label.
_KEPT: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("string", "text"): {
        "hs_object_source": "Record source",
        "hs_email_domain": "Email Domain",
        "hs_ip_timezone": "IP Timezone",
        "hs_analytics_source_data_1": "Original Source Drill-Down 1",
        "hs_analytics_source_data_2": "Original Source Drill-Down 2",
        "hs_analytics_first_url": "First Page Seen",
        "hs_analytics_first_referrer": "First Referring Site",
        "hs_analytics_first_touch_converting_campaign": "First Touch Converting Campaign",
        "first_conversion_event_name": "First Conversion",
        "recent_conversion_event_name": "Recent Conversion",
    },
    ("datetime", "date"): {
        "createdate": "Create Date",
        "lastmodifieddate": "Last Modified Date",
        "notes_last_contacted": "Last Contacted",
        "notes_next_activity_date": "Next Activity Date",
        "hs_last_sales_activity_timestamp": "Last Engagement Date",
        "hubspot_owner_assigneddate": "Owner assigned date",
        "first_conversion_date": "First Conversion Date",
        "recent_conversion_date": "Recent Conversion Date",
    },
    ("number", "number"): {"hs_object_id": "Record ID", "hubspotscore": "HubSpot Score"},
    ("bool", "booleancheckbox"): {OPTED_OUT: "Unsubscribed from all email", "hs_email_bad_address": "Invalid email address"},
    ("enumeration", "select"): {
        "hs_pipeline": "Pipeline",
        "hs_calculated_merged_vids": "Merged vids with timestamps of a contact",
        "hs_additional_emails": "Additional email addresses",
    },
    ("enumeration", "checkbox"): {"hs_merged_object_ids": "Merged Contact IDs"},
}


def default_properties(owners: Iterable[Mapping[str, Any]]) -> list[Property]:
    """Return the definitions of a fresh account; `leadhub_id` is the custom one that an administrator made for the hub."""
    channels = {"hs_analytics_source": "Original Source", "hs_latest_source": "Latest Traffic Source"}
    return [
        Property("email", "Email", unique=True),
        *(Property(name, label, "string", kind) for kind, labels in _TEXTS.items() for name, label in labels.items()),
        *(Property(name, label, "enumeration", kind, options=options(choices)) for name, (label, kind, choices) in _CHOICES.items()),
        *(Property(name, label, *types, read_only=True) for types, labels in _KEPT.items() for name, label in labels.items()),
        *(Property(name, label, "enumeration", "select", options=options(_CHANNELS), read_only=True) for name, label in channels.items()),
        Property(
            "hs_email_hard_bounce_reason_enum",
            "Email hard bounce reason",
            "enumeration",
            "radio",
            options=options({name: name for name in _BOUNCES}),
            read_only=True,
        ),
        Property(OWNER, "Contact owner", "enumeration", "select", options=owner_options(owners), external_options=True),
        Property("num_associated_deals", "Number of Associated Deals", "number", "number", read_only=True, calculated=True),
        Property("closedate", "Close Date", "datetime", "date"),
        Property("hs_data_privacy_ads_consent", "Ads Consent from Forms", "bool", "booleancheckbox"),
        Property("hs_is_unworked", "Contact unworked", "bool", "calculation_equation", read_only=True, calculated=True),
        Property("leadhub_id", "leadhub ID", unique=True, hubspot_defined=False),
    ]


def owner_options(owners: Iterable[Mapping[str, Any]]) -> list[Option]:
    """Return who may be written as a contact's owner: those who are not archived."""
    return [Option(owner["id"], owner["email"], at) for at, owner in enumerate(owners) if not owner["archived"]]


def default_owners() -> list[dict[str, Any]]:
    """Return the account's users that can own a contact; the last of them has left."""
    names = (("Ana", "Lopez"), ("Ben", "Okafor"), ("Chloe", "Martin"), ("Dirk", "Vos"))
    owners = [new_owner(at, f"{first}.{last}@owners.example".lower(), first, last) for at, (first, last) in enumerate(names)]
    archive_owner(owners[-1])
    return owners


def new_owner(at: int, email: str, first: str, last: str) -> dict[str, Any]:
    """Return an owner as the owners API lists it (fields: HubSpot's "Owners" guide). `at` counts from 0."""
    return {
        "id": str(7001 + at),
        "email": email,
        "type": "PERSON",
        "firstName": first,
        "lastName": last,
        "userId": 9001 + at,
        "userIdIncludingInactive": 9001 + at,
        "createdAt": "2026-01-05T09:00:00.000Z",
        "updatedAt": "2026-01-05T09:00:00.000Z",
        "archived": False,
    }


def archive_owner(owner: dict[str, Any]) -> None:
    """Make an owner one whose user was deactivated: the user id is then told in the second field alone."""
    owner.update(archived=True, userId=None)
