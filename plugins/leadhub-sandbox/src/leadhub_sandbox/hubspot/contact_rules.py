"""What HubSpot does of itself with contacts: the life cycle moves forward, e-mails stay whole, opt-outs go with the address."""

from collections.abc import Container, Mapping

from leadhub_sandbox.hubspot.catalog import PIPELINE_ID
from leadhub_sandbox.hubspot.errors import bad_properties, invalid, problem
from leadhub_sandbox.hubspot.linker import Wanted
from leadhub_sandbox.hubspot.rules import Rules
from leadhub_sandbox.hubspot.schema import ADDITIONAL, OPTED_OUT, STAGE, stage_dates
from leadhub_sandbox.hubspot.store import Record, Source, Version
from leadhub_sandbox.hubspot.timestamps import iso

_NAMES = ("email", "firstname", "lastname")


class ContactRules(Rules):
    """The rules of contacts."""

    def require(self, record: Record | None, values: Mapping[str, str], links: Wanted) -> None:  # noqa: ARG002 - contacts need none
        """Hold a create to a name or an e-mail, and every write to addresses that are not blocked."""
        if record is None and not any(values.get(name) for name in _NAMES):
            raise invalid("A contact needs at least one of the properties email, firstname or lastname.")
        if self._account.blocks(values.get("email", "")):
            text = f"Email address {values['email']} is blocked"
            raise bad_properties([problem("email", "BLOCKED_EMAIL", text)], self._account.portal_id)

    def first_values(self) -> dict[str, str]:
        """Return what a new contact has from HubSpot."""
        return {"hs_is_unworked": "true", "hs_pipeline": PIPELINE_ID}

    def presets(self, values: Mapping[str, str]) -> dict[str, str]:
        """Make a new contact without a stage a lead, where the account is set so."""
        return {STAGE: "lead"} if self._account.settings.lifecycle_on_create and not values.get(STAGE) else {}

    def may_set(self, record: Record, name: str, value: str, source: Source) -> bool:
        """Let a stage go only forward, or from or to blank; a person in HubSpot's own pages may go back (HubSpot's contacts guide)."""
        if name != STAGE or not value or source.kind == "CRM_UI":
            return True
        schema = self._objects.schema
        return schema.stage_rank(value) > schema.stage_rank(record.values.get(STAGE, ""))

    def before_set(self, record: Record, name: str, value: str, version: Version) -> None:
        """Swap when a secondary e-mail becomes the primary one, so that no address is lost or held twice."""
        others = record.additional_emails()
        if name != "email" or value not in others:
            return
        others[others.index(value)] = record.values.get("email", "")
        joined = ";".join(entry for entry in others if entry)
        self._objects.store.set_value(record, ADDITIONAL, joined, Version(joined, version.ms, version.source))

    def after_write(self, record: Record, values: Mapping[str, str], changed: Container[str], source: Source, now: int) -> None:
        """Date the stage that was entered, and keep opt-outs by address, which is where HubSpot has them."""
        if STAGE in changed and values[STAGE]:
            self._date_stage(record, values[STAGE], now)
        account, address = self._account, record.values.get("email", "")
        if OPTED_OUT in values and address:
            account.opted_out.discard(address)
            account.opted_out |= {address} if values[OPTED_OUT] == "true" else set()
        elif "email" in values:
            account.show_opt_out(record, Version("", now, source))

    def _date_stage(self, record: Record, stage: str, now: int) -> None:
        calculated = Source("CALCULATED", "LifecycleStageDates", "Calculated")
        for name in stage_dates(stage):
            self._objects.store.set_value(record, name, iso(now), Version(iso(now), now, calculated))
