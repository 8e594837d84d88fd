"""The Lead's fields as data. Lengths: Salesforce's field reference for Lead; the live describe has the last word."""

from leadhub import FieldMapping, ObjectMapping

LEAD = "Lead"

MAPPINGS = (
    ObjectMapping(
        LEAD,
        fields=(
            FieldMapping("email", "Email", max_length=80, normal="lower"),
            FieldMapping("phone", "Phone", max_length=40),
            FieldMapping("first_name", "FirstName", max_length=40),
            FieldMapping("last_name", "LastName", max_length=80, required=True),
            FieldMapping("company", "Company", max_length=255, required=True),
            FieldMapping("job_title", "Title", max_length=128),
        ),
        state="salesforce-lead",
        own_lead=True,
        created="CreatedDate",
    ),
)
