"""The fields of Lead, Contact and Opportunity as data.

Names, types and lengths: Salesforce's object reference, Lead and Contact; the live describe has the last word. A converted lead's data live on in
a Contact, whose company, industry and size are its Account's and are left alone. Of an Opportunity its stage alone is read, and whom its contact roles name.
"""

from leadhub import FieldMapping, ObjectMapping, ValueMapping

LEAD, CONTACT, OPPORTUNITY = "Lead", "Contact", "Opportunity"

ROLES = "ContactRoles"
"""No field of Opportunity: the Contacts of its contact roles, by which it is read here."""

OWNER = "OwnerId"

FEW = 10
"""Up to so many writes of a status or an owner go row by row, each only if nobody saved the lead since it was reread. More cost too many calls."""

_SALUTATIONS = (
    ValueMapping("Mr.", ("Mr.", "Mr", "Herr")),
    ValueMapping("Ms.", ("Ms.", "Ms", "Miss", "Frau")),
    ValueMapping("Mrs.", ("Mrs.", "Mrs")),
    ValueMapping("Dr.", ("Dr.", "Dr")),
    ValueMapping("Prof.", ("Prof.", "Prof", "Professor")),
    ValueMapping("Mx.", ("Mx.", "Mx")),
)

_RATINGS = (ValueMapping("Hot", ("hot",)), ValueMapping("Warm", ("warm",)), ValueMapping("Cold", ("cold",)))

_OTHER_CHANNELS = (
    "unknown",
    "organic_social",
    "email",
    "event",
    "outbound",
    "direct_mail",
    "ai_assistant",
    "offline_other",
    "import",
)
_WEB_CHANNELS = ("organic_search", "direct", "referral", "paid_search", "paid_social", "content")
_SOURCES = (
    ValueMapping("Web", _WEB_CHANNELS),
    ValueMapping("Phone Inquiry", ("phone_in",)),
    ValueMapping("Partner Referral", ("partner", "referral_person")),
    ValueMapping("Purchased List", ("purchased_list",)),
    ValueMapping("Other", (*_OTHER_CHANNELS, *_WEB_CHANNELS, "phone_in", "partner", "referral_person", "purchased_list")),
)
"""Coarse words for leadhub's channels. "Other" agrees with every channel, and is written only for those that no other value stands for."""

_PERSON = (
    FieldMapping("email", "Email", max_length=80, normal="lower"),
    FieldMapping("phone", "Phone", max_length=40),
    FieldMapping("mobile", "MobilePhone", max_length=40),
    FieldMapping("fax", "Fax", max_length=40),
    FieldMapping("salutation", "Salutation", max_length=40, values=_SALUTATIONS),
    FieldMapping("first_name", "FirstName", max_length=40),
    FieldMapping("last_name", "LastName", max_length=80, required=True),
    FieldMapping("job_title", "Title", max_length=128),
    FieldMapping("email_opt_out", "HasOptedOutOfEmail", type="boolean"),
    FieldMapping("do_not_call", "DoNotCall", type="boolean"),
    FieldMapping("email_bounced", "EmailBouncedReason", max_length=255, writable=False),
    FieldMapping("last_activity_at", "LastActivityDate", type="date", writable=False),
)


def _address(prefix: str = "") -> tuple[FieldMapping, ...]:
    return (
        FieldMapping("street", f"{prefix}Street", max_length=255),
        FieldMapping("city", f"{prefix}City", max_length=40),
        FieldMapping("region", f"{prefix}State", max_length=80),
        FieldMapping("postal_code", f"{prefix}PostalCode", max_length=20),
        FieldMapping("country", f"{prefix}Country", max_length=80),
    )


MAPPINGS = (
    ObjectMapping(
        LEAD,
        fields=(
            *_PERSON,
            *_address(),
            FieldMapping("company", "Company", max_length=255, required=True, missing=("[not provided]",)),
            FieldMapping("website", "Website", max_length=255),
            FieldMapping("industry", "Industry", max_length=255),
            FieldMapping("employees", "NumberOfEmployees", type="integer"),
            FieldMapping("annual_revenue", "AnnualRevenue", type="decimal"),
            FieldMapping("created_at", "CreatedDate", type="datetime", writable=False),
            FieldMapping("rating", "Rating", max_length=255, values=_RATINGS),
            FieldMapping("owner", OWNER, required=True, type="owner"),
            FieldMapping("source", "LeadSource", max_length=255, values=_SOURCES),
            FieldMapping("message", "Description", max_length=32_000),
        ),
        state="salesforce-lead",
        own_lead=True,
        created="CreatedDate",
        same_person={CONTACT: "ConvertedContactId", OPPORTUNITY: "ConvertedOpportunityId"},
        converted="IsConverted",
        guarded=("Status", OWNER),
        guarded_most=FEW,
    ),
    ObjectMapping(
        CONTACT,
        fields=(*_PERSON, *_address("Mailing"), FieldMapping("department", "Department", max_length=80)),
        created="CreatedDate",
        creates=False,
    ),
    ObjectMapping(
        OPPORTUNITY,
        fields=(),
        state="salesforce-opportunity",
        created="CreatedDate",
        same_person={CONTACT: ROLES},
        creates=False,
        evidence=True,
        opt_in="opportunities",
    ),
)
