"""The fields of a row, and the headers that people give them. Data only."""

from leadhub import FieldMapping, ObjectMapping

ROW = "row"

CANONICAL = ("email", "first_name", "last_name", "company", "phone", "job_title")

MAPPING = ObjectMapping(ROW, tuple(FieldMapping(name, name) for name in CANONICAL))

SYNONYMS: dict[str, tuple[str, ...]] = {
    "email": ("email", "e-mail", "mail", "email address", "e-mail address", "work email", "business email"),
    "first_name": ("first name", "firstname", "given name", "forename"),
    "last_name": ("last name", "lastname", "surname", "family name"),
    "company": ("company", "company name", "organization", "organisation", "account", "account name", "employer"),
    "phone": ("phone", "phone number", "telephone", "telephone number", "tel"),
    "job_title": ("job title", "title", "position", "role"),
}
"""English headers by canonical field, compared as `headers.form` has them: case, spaces and punctuation do not count."""

KEYS = ("lead id", "external id", "record id", "id")
"""Headers of a column of ids, the most telling first."""
