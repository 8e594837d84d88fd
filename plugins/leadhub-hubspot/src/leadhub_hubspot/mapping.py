"""Which HubSpot properties hold leadhub's fields. Data only."""

from leadhub import FieldMapping, ObjectMapping

CONTACTS = "contacts"
STAGE = "lifecyclestage"  # the one ordered property: HubSpot moves it forward only, unless it is blank
OWNER = "hubspot_owner_id"
MODIFIED = "lastmodifieddate"  # contacts have their own name for it; every other object says hs_lastmodifieddate
MERGED_IDS = "hs_merged_object_ids"

MAPPINGS = (
    ObjectMapping(
        object=CONTACTS,
        fields=(
            FieldMapping("email", "email", normal="lower"),
            FieldMapping("phone", "phone"),
            FieldMapping("first_name", "firstname"),
            FieldMapping("last_name", "lastname"),
            FieldMapping("company", "company"),
            FieldMapping("job_title", "jobtitle"),
        ),
        state="hubspot-contact",
        own_lead=False,
        created="createdate",
    ),
)
