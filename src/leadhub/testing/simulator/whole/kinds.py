"""The kinds of system that the simulation knows: one with leads that are converted, one with an ordered stage, a plain one, and one that only receives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from leadhub.model.record import FieldMapping, NativeValue, ObjectMapping

LONGEST = 12
"""Characters of a title where a system cuts it off."""

_LEAD = ObjectMapping(
    "Lead",
    (
        FieldMapping("email", "Email", normal="lower"),
        FieldMapping("last_name", "LastName", required=True),
        FieldMapping("company", "Company", required=True, missing=("[not provided]",)),
        FieldMapping("job_title", "Title", max_length=LONGEST),
        FieldMapping("email_opt_out", "OptOut", type="boolean"),
    ),
    state="salesforce-lead",
    own_lead=True,
    created="CreatedDate",
    same_person={"Contact": "ConvertedContactId"},
    converted="IsConverted",
)
_CONTACT = ObjectMapping(
    "Contact",
    (
        FieldMapping("email", "Email", normal="lower"),
        FieldMapping("last_name", "LastName", required=True),
        FieldMapping("job_title", "Title", max_length=LONGEST),
        FieldMapping("email_opt_out", "OptOut", type="boolean"),
    ),
    created="CreatedDate",
    creates=False,
)
_CONTACTS = ObjectMapping(
    "contacts",
    (
        FieldMapping("email", "email", normal="lower"),
        FieldMapping("email", "hs_additional_emails", writable=False, type="multi", member=True, normal="lower"),
        FieldMapping("last_name", "lastname"),
        FieldMapping("company", "company"),
        FieldMapping("job_title", "jobtitle"),
        FieldMapping("email_opt_out", "optout", type="boolean"),
    ),
    state="hubspot-contact",
    created="createdate",
)
_PEOPLE = ObjectMapping(
    "person",
    (
        FieldMapping("email", "mail", normal="lower"),
        FieldMapping("last_name", "name", required=True),
        FieldMapping("company", "firm"),
        FieldMapping("job_title", "title"),
        FieldMapping("email_opt_out", "no_mail", type="boolean"),
    ),
    created="made",
)
_POST = ObjectMapping(
    "post",
    (
        FieldMapping("email", "mail", normal="lower"),
        FieldMapping("last_name", "name"),
        FieldMapping("company", "firm"),
        FieldMapping("job_title", "title"),
        FieldMapping("email_opt_out", "no_mail", type="boolean"),
    ),
    event=True,
    created="made",
)


@dataclass(frozen=True)
class Kind:
    """What one kind of system has. `contact` names what a converted lead's fields are called in its contact."""

    mappings: tuple[ObjectMapping, ...]
    states: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ordered: Mapping[str, tuple[NativeValue, ...]] = field(default_factory=dict)
    defaults: Mapping[str, Mapping[str, NativeValue]] = field(default_factory=dict)
    contact: Mapping[str, str] = field(default_factory=dict)
    further: tuple[str, ...] = ()
    upserts: bool = True
    """Whether a create with a key that is there already makes no second record."""
    receives: bool = False
    """Whether it is nothing but what senders deliver: nobody edits it, and nothing can be asked."""

    @cached_property
    def fields(self) -> dict[str, tuple[str, ...]]:
        """The native fields by object."""
        return {m.object: (*(f.native for f in m.fields), *self.states.get(m.object, ()), *self.further) for m in self.mappings}

    @cached_property
    def plain(self) -> frozenset[str]:
        """The native names of texts that are normalized where a system does so."""
        return frozenset(f.native for m in self.mappings for f in m.fields if f.type == "text")

    @cached_property
    def cut(self) -> frozenset[str]:
        """The native names that are cut off."""
        return frozenset(f.native for m in self.mappings for f in m.fields if f.max_length)

    @cached_property
    def title(self) -> dict[str, str]:
        """What the title is called, by object."""
        return {m.object: f.native for m in self.mappings for f in m.fields if f.canonical == "job_title"}

    @cached_property
    def surname(self) -> dict[str, str]:
        """What the last name is called, by object."""
        return {m.object: f.native for m in self.mappings for f in m.fields if f.canonical == "last_name"}

    @cached_property
    def company(self) -> dict[str, str]:
        """What the company is called, by object that has it."""
        return {m.object: f.native for m in self.mappings for f in m.fields if f.canonical == "company"}


STAGES = ("", "subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer", "evangelist")
KINDS: Mapping[str, Kind] = {
    "leads": Kind(
        (_LEAD, _CONTACT),
        states={"Lead": ("Status", "ConvertedOpportunityId")},
        defaults={"Lead": {"Status": "Open - Not Contacted"}},
        contact={"Email": "Email", "LastName": "LastName", "Title": "Title", "OptOut": "OptOut"},
        further=("IsConverted", "ConvertedContactId"),
    ),
    "contacts": Kind(
        (_CONTACTS,),
        states={"contacts": ("lifecyclestage", "hs_lead_status")},
        ordered={"lifecyclestage": STAGES[1:]},
    ),
    "people": Kind((_PEOPLE,), upserts=False),
    "posts": Kind((_POST,), receives=True),
}
