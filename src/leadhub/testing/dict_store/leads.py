"""Leads as the commands look for them, in dictionaries."""

from collections.abc import Callable

from leadhub.model.person import Lead, Person
from leadhub.store import LeadQuery, LeadSummary
from leadhub.store.leads import Leads
from leadhub.testing.dict_store.repository import DictRepository

_SEARCHED = ("first_name", "last_name", "company")


class DictLeads(DictRepository, Leads):
    """Leads across persons."""

    def search(self, query: LeadQuery, *, after: str = "", limit: int = 50) -> tuple[LeadSummary, ...]:
        """See `Leads.search`."""
        fits = self._asked(query)
        found = (self.held.leads[id_] for id_ in sorted(self.held.leads) if id_ > after)
        wanted = [lead for lead in found if fits(lead, self.held.persons[lead.person_id])]
        return tuple(self._summary(lead) for lead in wanted[:limit])

    def _asked(self, query: LeadQuery) -> Callable[[Lead, Person], bool]:
        links = self.held.links
        showing = () if query.email is None else self.held.shown.get(("email", query.email), ())
        showers = {links[key].person_id for key in showing if key in links}
        inside = {link.person_id for link in links.values() if link.system == query.system}

        def fits(lead: Lead, person: Person) -> bool:
            if query.email is not None and not (person.id in showers if showers else _had(person, query.email)):
                return False
            if not (lead.id.startswith(query.id_prefix) or person.id.startswith(query.id_prefix)):
                return False
            if query.name and query.name.casefold() not in _searched(person):
                return False
            return (query.stage is None or lead.state.stage == query.stage) and (query.system is None or person.id in inside)

        return fits

    def _summary(self, lead: Lead) -> LeadSummary:
        shown = {name: canonical.value for name, canonical in self.held.persons[lead.person_id].fields.items()}
        return LeadSummary(
            lead=lead,
            name=" ".join(name for name in (shown.get("first_name"), shown.get("last_name")) if name),
            email=shown.get("email"),
            company=shown.get("company"),
            systems=tuple(sorted({link.system for link in self.held.links.values() if link.lead_id == lead.id})),
        )


def _had(person: Person, email: str) -> bool:
    return any(member.lower() == email for members in person.sets.values() for member in members)


def _searched(person: Person) -> str:
    shown = (person.fields[name].value for name in _SEARCHED if name in person.fields)
    return " ".join(value.casefold() for value in shown if value)
