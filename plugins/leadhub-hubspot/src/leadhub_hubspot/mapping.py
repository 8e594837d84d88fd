"""Which HubSpot properties hold leadhub's fields. Data only. Of a deal its stage alone is read, and whom it is
associated with; of a lead of the Leads object its stage, owner and label, and whom it is about.

Left out because HubSpot has no default property that holds the like: do_not_call, rating, the utm fields, occurred_at. Left out although it has
one: employees, for `numemployees` is a choice of ranges ("100-500"), which no number can be written to and none be read from.
"""

from dataclasses import replace
from zoneinfo import available_timezones

from leadhub import FieldMapping, ObjectMapping, ValueMapping

CONTACTS, DEALS, LEADS = "contacts", "deals", "leads"
STAGE = "lifecyclestage"  # the one ordered property: HubSpot moves it forward only, unless it is blank
OWNER = "hubspot_owner_id"
EMAIL = "email"
OPT_OUT = "hs_email_optout"  # read-only as a property; written through the subscriptions API (consent.py)
RECORD_ID = "hs_object_id"
MERGED_IDS = "hs_merged_object_ids"
ASSOCIATED = "associations.contacts"  # no property: the contacts that a deal is associated with, or the one that a lead is about
LEAD_STAGE = "hs_pipeline_stage"
LONGEST = 65_536  # characters of a text (HubSpot's page "Property field types in HubSpot")

# "Original source" as a channel. A coarse value stands for each of several; the first is what it says by itself.
CHANNELS = (
    ValueMapping("ORGANIC_SEARCH", ("organic_search",), writes=False),
    ValueMapping("PAID_SEARCH", ("paid_search",), writes=False),
    ValueMapping("EMAIL_MARKETING", ("email",), writes=False),
    ValueMapping("SOCIAL_MEDIA", ("organic_social",), writes=False),
    ValueMapping("PAID_SOCIAL", ("paid_social",), writes=False),
    ValueMapping("REFERRALS", ("referral",), writes=False),
    ValueMapping("AI_REFERRALS", ("ai_assistant",), writes=False),
    ValueMapping("DIRECT_TRAFFIC", ("direct",), writes=False),
    ValueMapping("OTHER_CAMPAIGNS", ("unknown", "content", "partner"), writes=False),
    ValueMapping("OFFLINE", ("offline_other", "event", "import", "phone_in", "purchased_list"), writes=False),
)

# HubSpot's codes with a region are in lower case and its options know no other; a bare "de" is the same in both.
_REGIONAL = (
    *("da-DK", "de-AT", "de-CH", "de-DE", "de-LI", "de-LU", "en-AU", "en-CA", "en-GB", "en-IE", "en-IN", "en-NZ", "en-SG", "en-US", "en-ZA"),
    *("es-AR", "es-CL", "es-CO", "es-ES", "es-MX", "es-PE", "fi-FI", "fr-BE", "fr-CA", "fr-CH", "fr-FR", "fr-LU", "he-IL", "it-CH", "it-IT"),
    *("ja-JP", "ko-KR", "nl-BE", "nl-NL", "no-NO", "pl-PL", "pt-BR", "pt-PT", "ru-RU", "sv-FI", "sv-SE", "tr-TR", "zh-CN", "zh-HK", "zh-TW"),
)
LANGUAGES = tuple(ValueMapping(code.lower(), (code,)) for code in _REGIONAL)
# HubSpot writes America/New_York as america_slash_new_york.
ZONES = tuple(ValueMapping(zone.lower().replace("/", "_slash_"), (zone,)) for zone in sorted(available_timezones()))

_FIELDS = (
    FieldMapping("email", EMAIL, normal="lower"),
    FieldMapping("email", "hs_additional_emails", writable=False, type="multi", member=True, normal="lower"),
    FieldMapping("phone", "phone"),
    FieldMapping("mobile", "mobilephone"),
    FieldMapping("fax", "fax"),
    FieldMapping("salutation", "salutation"),
    FieldMapping("first_name", "firstname"),
    FieldMapping("last_name", "lastname"),
    FieldMapping("company", "company"),
    FieldMapping("website", "website"),
    FieldMapping("job_title", "jobtitle"),
    FieldMapping("department", "job_function"),
    FieldMapping("seniority", "seniority"),
    FieldMapping("street", "address"),
    FieldMapping("city", "city"),
    FieldMapping("region", "state"),
    FieldMapping("postal_code", "zip"),
    FieldMapping("country", "country", style="name"),
    FieldMapping("language", "hs_language", normal="lower", values=LANGUAGES),
    FieldMapping("timezone", "hs_timezone", values=ZONES),
    FieldMapping("linkedin", "hs_linkedin_url"),
    FieldMapping("twitter", "twitterhandle"),
    FieldMapping("industry", "industry"),
    FieldMapping("annual_revenue", "annualrevenue", type="decimal"),
    FieldMapping("email_opt_out", OPT_OUT, type="boolean", follows="email", own_call=True),
    FieldMapping("email_bounced", "hs_email_hard_bounce_reason_enum", writable=False),
    FieldMapping("tags", "hs_persona", writable=False, member=True),
    FieldMapping("created_at", "createdate", writable=False, type="datetime"),
    FieldMapping("last_activity_at", "notes_last_contacted", writable=False, type="datetime"),
    FieldMapping("score", "hubspotscore", writable=False, type="decimal"),
    FieldMapping("owner", OWNER, type="owner"),
    FieldMapping("source", "hs_analytics_source", writable=False, values=CHANNELS),
    FieldMapping("source_detail", "hs_analytics_source_data_1", writable=False),
    FieldMapping("campaign", "hs_analytics_first_touch_converting_campaign", writable=False),
    FieldMapping("gclid", "hs_google_click_id", writable=False),
    FieldMapping("referrer", "hs_analytics_first_referrer", writable=False),
    FieldMapping("landing_page", "hs_analytics_first_url", writable=False),
    FieldMapping("message", "message"),
    FieldMapping("next_step_at", "notes_next_activity_date", writable=False, type="datetime"),
)
_LABELS = (ValueMapping("HOT", ("hot",)), ValueMapping("WARM", ("warm",)), ValueMapping("COLD", ("cold",)))
MAPPINGS = (
    ObjectMapping(
        object=CONTACTS,
        fields=tuple(replace(mapped, max_length=LONGEST) if mapped.type == "text" and mapped.writable else mapped for mapped in _FIELDS),
        state="hubspot-contact",
        own_lead=False,
        created="createdate",
    ),
    ObjectMapping(
        object=DEALS,
        fields=(),
        state="hubspot-deal",
        created="createdate",
        same_person={CONTACTS: ASSOCIATED},
        creates=False,
        evidence=True,
        opt_in="deals",
    ),
    ObjectMapping(
        object=LEADS,
        fields=(
            FieldMapping("owner", OWNER, type="owner", writable=False),
            FieldMapping("rating", "hs_lead_label", writable=False, values=_LABELS),
        ),
        state="hubspot-lead-object",
        own_lead=True,
        created="hs_createdate",
        same_person={CONTACTS: ASSOCIATED},
        creates=False,
        opt_in="leads",
    ),
)
