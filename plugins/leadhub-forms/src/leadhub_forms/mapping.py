"""What a stranger may say in a form. Data only."""

from leadhub import FieldMapping, ObjectMapping

POST = "post"

FIELDS = (
    *("email", "phone", "mobile", "fax", "salutation", "first_name", "last_name", "company", "website", "job_title", "department"),
    *("street", "city", "region", "postal_code", "country", "language", "timezone", "linkedin", "twitter", "industry", "employees"),
    *("email_opt_out", "do_not_call"),
    *("source", "source_detail", "campaign", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "gclid"),
    *("referrer", "landing_page", "message", "occurred_at"),
)
"""Anybody can post to a form: its owner, its score and what happened to its e-mails are not for the sender to say."""

MAPPING = ObjectMapping(POST, tuple(FieldMapping(name, name) for name in FIELDS), event=True)

OPT_OUTS = ("email_opt_out", "do_not_call")
"""Boxes in which only a yes says something: a box that is left empty takes nothing back."""

PHONES = ("phone", "mobile")
LEAST_DIGITS = 5
"""Fewer digits are no phone number by which somebody can be reached."""

CONSENT_TEXT = "consent_text"
"""The native field that says which text the person agreed to."""
