"""Every canonical field: what kind of value it holds, whether it is the person's or the lead's, and how its edits are merged. Data only.

The names and classes are those of the design's field table (lifecycle.md 3d). Stage, status and exit are no fields here: they have a rule of their own.
"""

from dataclasses import dataclass
from typing import Literal

from leadhub.values.kinds import (
    BOOLEAN,
    COMPANY,
    COUNTRY,
    DATE,
    EMAIL,
    INSTANT,
    LANGUAGE,
    MULTILINE,
    NUMBER,
    PAGE,
    PERSON_NAME,
    PHONE,
    TAGS,
    TEXT,
    URL,
    Kind,
)

Entity = Literal["person", "lead"]
Merge = Literal["edit", "owner", "first", "max", "restrictive", "union"]
"""How edits of a field are merged.

`edit`: the later edit wins; of edits that did not know of each other the trusted system's. `owner`: one system alone may change it. `first`: the
first value stands for good. `max`: only a greater value is an edit. `restrictive`: the more protective value travels at once, the other way is
asked. `union`: members are only ever added.
"""


@dataclass(frozen=True, slots=True)
class CanonicalField:
    """One canonical field. Fields of one `group` are merged whole: an address never has its street from one system and its city from another.

    `conflict` is `review` where edits that did not know of each other are asked even if a system is trusted.
    """

    name: str
    kind: Kind
    merge: Merge = "edit"
    entity: Entity = "person"
    group: str | None = None
    conflict: Literal["trust", "review"] = "trust"


_ALL = (
    CanonicalField("email", EMAIL, conflict="review"),
    CanonicalField("phone", PHONE),
    CanonicalField("mobile", PHONE),
    CanonicalField("fax", PHONE),
    CanonicalField("salutation", TEXT),
    CanonicalField("first_name", PERSON_NAME),
    CanonicalField("last_name", PERSON_NAME),
    CanonicalField("company", COMPANY),
    CanonicalField("website", URL),
    CanonicalField("job_title", TEXT),
    CanonicalField("department", TEXT),
    CanonicalField("seniority", TEXT, merge="owner"),
    CanonicalField("street", MULTILINE, group="address"),
    CanonicalField("city", TEXT, group="address"),
    CanonicalField("region", TEXT, group="address"),
    CanonicalField("postal_code", TEXT, group="address"),
    CanonicalField("country", COUNTRY, group="address"),
    CanonicalField("language", LANGUAGE),
    CanonicalField("timezone", TEXT),
    CanonicalField("linkedin", URL),
    CanonicalField("twitter", TEXT),
    CanonicalField("industry", TEXT, merge="owner"),
    CanonicalField("employees", NUMBER),
    CanonicalField("annual_revenue", NUMBER),
    CanonicalField("email_opt_out", BOOLEAN, merge="restrictive"),
    CanonicalField("do_not_call", BOOLEAN, merge="restrictive"),
    CanonicalField("email_bounced", TEXT, merge="first"),
    CanonicalField("tags", TAGS, merge="union"),
    CanonicalField("created_at", INSTANT, merge="first"),
    CanonicalField("last_activity_at", INSTANT, merge="max"),
    CanonicalField("rating", TEXT, merge="owner", entity="lead"),
    CanonicalField("score", NUMBER, merge="owner", entity="lead"),
    CanonicalField("owner", EMAIL, entity="lead", conflict="review"),
    CanonicalField("source", TEXT, merge="first", entity="lead"),
    CanonicalField("source_detail", TEXT, merge="first", entity="lead"),
    CanonicalField("campaign", TEXT, merge="first", entity="lead"),
    CanonicalField("utm_source", TEXT, merge="first", entity="lead"),
    CanonicalField("utm_medium", TEXT, merge="first", entity="lead"),
    CanonicalField("utm_campaign", TEXT, merge="first", entity="lead"),
    CanonicalField("utm_term", TEXT, merge="first", entity="lead"),
    CanonicalField("utm_content", TEXT, merge="first", entity="lead"),
    CanonicalField("gclid", TEXT, merge="first", entity="lead"),
    CanonicalField("referrer", PAGE, merge="first", entity="lead"),
    CanonicalField("landing_page", PAGE, merge="first", entity="lead"),
    CanonicalField("message", MULTILINE, merge="first", entity="lead"),
    CanonicalField("occurred_at", INSTANT, merge="first", entity="lead"),
    CanonicalField("next_step_at", DATE, entity="lead"),
)

FIELDS: dict[str, CanonicalField] = {field.name: field for field in _ALL}
"""By name, in the order in which they are shown."""
