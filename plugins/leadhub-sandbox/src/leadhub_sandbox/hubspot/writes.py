"""What every write obeys, whoever writes: checks first, then a commit that cannot fail. It knows nothing of HTTP."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from leadhub_sandbox.hubspot.account import Account
from leadhub_sandbox.hubspot.catalog import PIPELINE_ID
from leadhub_sandbox.hubspot.errors import ApiError, bad_properties, conflict, invalid, problem
from leadhub_sandbox.hubspot.schema import ADDITIONAL, OPTED_OUT, STAGE, stage_dates
from leadhub_sandbox.hubspot.store import Contact, Source, Version
from leadhub_sandbox.hubspot.timestamps import iso, parse_ms

STRICT_VERSIONS = frozenset({"2026-09"})


@dataclass(slots=True)
class Change:
    """A checked write that waits for its commit. `contact` is None for a create."""

    contact: Contact | None
    values: dict[str, str]
    source: Source


@dataclass(slots=True)
class Claims:
    """The unique values that a batch's earlier inputs will take, so that a later one cannot take them too."""

    taken: set[tuple[str, str]] = field(default_factory=set)


class Writer:
    """Prepares and commits writes to one account's contacts."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def prepare(
        self,
        contact: Contact | None,
        properties: object,
        source: Source,
        version: str,
        claims: Claims | None = None,
        *,
        unlocked: Container[str] = (),
    ) -> Change:
        """Check a create (`contact` is None) or an update. Raises ApiError in HubSpot's words; nothing is written."""
        values, problems = self._account.schema.check(_texts(properties), unlocked)
        if problems:
            raise bad_properties(problems, self._account.portal_id)
        if contact is None and not any(values.get(name) for name in ("email", "firstname", "lastname")):
            raise invalid("A contact needs at least one of the properties email, firstname or lastname.")
        if version in STRICT_VERSIONS:
            self._require_rules(contact, values)
        self._require_unique(contact, values, (claims or Claims()).taken)
        return Change(contact, values, source)

    def _require_rules(self, contact: Contact | None, values: Mapping[str, str]) -> None:
        """Hold an API write to the administrator's rules, which HubSpot does from version 2026-09 on."""
        held = contact.values if contact else {}
        names = self._account.settings.required_from_2026_09
        missing = [name for name in names if not values.get(name, held.get(name, ""))]
        if missing:
            raise invalid(f"Required properties are missing: {', '.join(missing)}", properties=missing)

    def _require_unique(self, contact: Contact | None, values: Mapping[str, str], taken: set[tuple[str, str]]) -> None:
        store = self._account.store
        own_id = contact.id if contact else None
        wanted = [(name, values[name]) for name in ("email", *self._account.schema.unique_names()) if values.get(name)]
        wanted += [("email", address) for address in values.get(ADDITIONAL, "").split(";") if address]
        for name, value in wanted:
            holder = store.find(name, value)
            holder_id = holder.id if holder else None
            if holder_id == own_id and holder_id is not None:
                continue
            if holder_id is None and (name, value) not in taken:
                continue
            if name == "email":
                named = holder_id if self._account.settings.conflict_names_id else None
                raise conflict(named)
            text = f"{holder_id or 'Another input'} already has that value."
            raise bad_properties([problem(name, "CONFLICTING_UNIQUE_VALUE", text)], self._account.portal_id)
        taken.update(wanted)

    def commit(self, change: Change) -> Contact:
        """Write a prepared change and return the contact."""
        contact = change.contact or self._born(change)
        self._apply(contact, change.values, change.source)
        self._account.written.append((contact.id, frozenset(change.values)))
        return contact

    def _born(self, change: Change) -> Contact:
        account = self._account
        now = account.now_ms()
        contact = Contact(account.store.new_id(), now, now)
        account.store.add(contact)
        first = {
            "hs_object_id": str(contact.id),
            "createdate": iso(now),
            "lastmodifieddate": iso(now),
            "hs_is_unworked": "true",
            "hs_pipeline": PIPELINE_ID,
            "hs_object_source": change.source.kind,
        }
        for name, value in first.items():
            account.store.set_value(contact, name, value, Version(value, now, change.source))
        if account.settings.lifecycle_on_create and not change.values.get(STAGE):
            change.values = {**change.values, STAGE: "lead"}
        return contact

    def _apply(self, contact: Contact, values: Mapping[str, str], source: Source) -> None:
        account = self._account
        now = account.now_ms()
        unique = account.schema.unique_names()
        account.store.free_keys(contact, unique)
        changed = False
        for name, value in values.items():
            if value == contact.values.get(name, ""):
                continue
            if name == STAGE and not self._may_move(contact, value, source):
                continue
            if name == "email":
                self._keep_primary(contact, value, Version("", now, source))
            account.store.set_value(contact, name, value, Version(value, now, source))
            if name == STAGE and value:
                self._date_stage(contact, value, now)
            if name == "createdate":
                contact.created_ms = parse_ms(value)
            changed = True
        self._keep_opt_out(contact, values, source, now)
        backward = STAGE in values and values[STAGE] != contact.values.get(STAGE, "")
        if changed or backward or account.settings.noop_bumps_modified:
            account.store.touch(contact, now)
        account.store.claim_keys(contact, unique)
        account.store.queue(contact.id, now)

    def _may_move(self, contact: Contact, stage: str, source: Source) -> bool:
        """Only forward, or from or to blank; a person in HubSpot's own pages may go back (HubSpot's contacts guide)."""
        schema = self._account.schema
        present = contact.values.get(STAGE, "")
        return not stage or source.kind == "CRM_UI" or schema.stage_rank(stage) > schema.stage_rank(present)

    def _date_stage(self, contact: Contact, stage: str, now: int) -> None:
        calculated = Source("CALCULATED", "LifecycleStageDates", "Calculated")
        for name in stage_dates(stage):
            self._account.store.set_value(contact, name, iso(now), Version(iso(now), now, calculated))

    def _keep_primary(self, contact: Contact, address: str, version: Version) -> None:
        """Swap when a secondary e-mail becomes the primary one, so that no address is lost or held twice."""
        others = contact.additional_emails()
        if address not in others:
            return
        others[others.index(address)] = contact.values.get("email", "")
        joined = ";".join(entry for entry in others if entry)
        swapped = Version(joined, version.ms, version.source)
        self._account.store.set_value(contact, ADDITIONAL, joined, swapped)

    def _keep_opt_out(self, contact: Contact, values: Mapping[str, str], source: Source, now: int) -> None:
        """Keep opt-outs by address, which is where HubSpot has them: a contact shows that of the address it holds now."""
        account, address = self._account, contact.values.get("email", "")
        if OPTED_OUT in values and address:
            account.opted_out.discard(address)
            account.opted_out |= {address} if values[OPTED_OUT] == "true" else set()
        elif "email" in values:
            account.show_opt_out(contact, Version("", now, source))

    def mass_touch(self, contacts: Iterable[Contact], at_ms: int) -> None:
        """Give contacts one and the same time of change, as HubSpot's own monthly job does; no value changes."""
        now = self._account.now_ms()
        for contact in contacts:
            self._account.store.touch(contact, at_ms)
            self._account.store.queue(contact.id, now)

    def archive(self, contact: Contact) -> None:
        """Archive a contact; a second time changes nothing."""
        if contact.archived_ms is not None:
            return
        contact.archived_ms = self._account.now_ms()
        self._account.store.free_keys(contact, self._account.schema.unique_names())
        self._account.store.queue(contact.id, contact.archived_ms)

    def restore(self, contact: Contact) -> None:
        """Bring an archived contact back. Raises ApiError 409 when another one holds a value of its by now."""
        if contact.archived_ms is None:
            return
        values = {name: contact.values[name] for name in self._account.schema.unique_names() if name in contact.values}
        for address in contact.emails():
            self._require_unique(contact, {"email": address}, set())
        self._require_unique(contact, values, set())
        contact.archived_ms = None
        now = self._account.now_ms()
        self._account.store.touch(contact, now)
        self._account.store.claim_keys(contact, self._account.schema.unique_names())
        self._account.store.queue(contact.id, now)

    def merge(self, primary: Contact, other: Contact, source: Source) -> Contact:
        """Make one contact of two: the primary's values, blanks filled from the other. Raises ApiError for the same one twice."""
        if primary.id == other.id:
            raise invalid("A contact cannot be merged into itself.", ids=[str(primary.id)])
        account, now = self._account, self._account.now_ms()
        unique = account.schema.unique_names()
        emails = primary.emails() + other.emails()
        for old in (primary, other):
            account.store.free_keys(old, unique)
        survivor = self._survivor(primary)
        values = self._merged_values(survivor, primary, other, now)
        values[ADDITIONAL] = ";".join(dict.fromkeys(emails[1:]))
        for name, value in values.items():
            account.store.set_value(survivor, name, value, Version(value, now, source))
        account.show_opt_out(survivor, Version("", now, source))
        for old in (primary, other):
            if old.id != survivor.id:
                account.store.merge_away(old, survivor.id)
                account.store.queue(old.id, now)
        account.store.touch(survivor, now)
        account.store.claim_keys(survivor, unique)
        account.store.queue(survivor.id, now)
        return survivor

    def _survivor(self, primary: Contact) -> Contact:
        if not self._account.settings.merge_makes_new_id:
            return primary
        number = self._account.store.new_id()
        history = {name: list(versions) for name, versions in primary.history.items()}
        survivor = Contact(number, primary.created_ms, primary.modified_ms, dict(primary.values), history)
        survivor.values["hs_object_id"] = str(number)
        self._account.store.add(survivor)
        return survivor

    @staticmethod
    def _merged_values(survivor: Contact, primary: Contact, other: Contact, now: int) -> dict[str, str]:
        values = {name: value for name, value in other.values.items() if name not in survivor.values}
        olds = [other.id] if survivor.id == primary.id else [primary.id, other.id]
        before = [survivor.values.get("hs_merged_object_ids", ""), other.values.get("hs_merged_object_ids", "")]
        dated = [
            survivor.values.get("hs_calculated_merged_vids", ""),
            other.values.get("hs_calculated_merged_vids", ""),
        ]
        values["hs_merged_object_ids"] = _joined([*before, *map(str, olds)])
        values["hs_calculated_merged_vids"] = _joined([*dated, *(f"{old}:{now}" for old in olds)])
        return values


def _joined(parts: list[str]) -> str:
    return ";".join(part for part in parts if part)


def _texts(properties: Any) -> dict[str, str]:
    """Return the properties if they are what HubSpot's form asks for: an object of texts."""
    if not isinstance(properties, dict):
        raise invalid("Invalid input JSON: properties must be an object.")
    wrong = [name for name, value in properties.items() if not isinstance(value, str)]
    if wrong:
        raise ApiError(400, "VALIDATION_ERROR", f"Invalid input JSON: property values must be strings: {', '.join(wrong)}")
    return properties
