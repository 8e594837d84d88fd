"""Every path of HubSpot's API that the connector calls, by API version. A new version is a row here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Paths:
    """The paths of one API version. Opting an address out of everything came with version 4 of the subscriptions; version 3 has no such call."""

    contacts: str
    properties: str
    owners: str
    account: str
    preferences: str
    oauth: str

    def batch(self, verb: str) -> str:
        """Return the path of a batch: read, create, update, upsert or archive."""
        return f"{self.contacts}/batch/{verb}"

    @property
    def search(self) -> str:
        """The path of the search over contacts."""
        return f"{self.contacts}/search"

    @property
    def subscriptions(self) -> str:
        """The path of the account's types of subscription."""
        return f"{self.preferences}/definitions"

    def opt_out(self, address: str) -> str:
        """Return the path that opts an e-mail address out of all e-mail (HubSpot's "Subscriptions" guide). `address` is escaped already."""
        return f"{self.preferences}/statuses/{address}/unsubscribe-all"


BY_VERSION = {
    "v3": Paths(
        contacts="/crm/v3/objects/contacts",
        properties="/crm/v3/properties/contacts",
        owners="/crm/v3/owners",
        account="/account-info/v3/details",
        preferences="/communication-preferences/v4",
        oauth="/oauth/v1/token",
    ),
    "2026-03": Paths(
        contacts="/crm/objects/2026-03/contacts",
        properties="/crm/properties/2026-03/contacts",
        owners="/crm/owners/2026-03",
        account="/account-info/2026-03/details",
        preferences="/communication-preferences/2026-03",
        oauth="/oauth/2026-03/token",
    ),
    "2026-09": Paths(
        contacts="/crm/objects/2026-09/contacts",
        properties="/crm/properties/2026-09/contacts",
        owners="/crm/owners/2026-09",
        account="/account-info/2026-09/details",
        preferences="/communication-preferences/2026-09",
        oauth="/oauth/2026-03/token",  # HubSpot has published none of its own for this version
    ),
}
