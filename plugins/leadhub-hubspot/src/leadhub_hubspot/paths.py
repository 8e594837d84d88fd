"""Every path of HubSpot's API that the connector calls, by API version. A new version is a row here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Paths:
    """The paths of one API version. Opting an address out of everything came with version 4 of the subscriptions; version 3 has no such call."""

    objects: str
    properties: str
    pipelines: str
    associations: str
    owners: str
    account: str
    preferences: str
    oauth: str

    def records(self, of: str) -> str:
        """Return the path of the records of one type."""
        return f"{self.objects}/{of}"

    def batch(self, of: str, verb: str) -> str:
        """Return the path of a batch: read, create, update, upsert or archive."""
        return f"{self.objects}/{of}/batch/{verb}"

    def search(self, of: str) -> str:
        """Return the path of the search over one type."""
        return f"{self.objects}/{of}/search"

    def properties_of(self, of: str) -> str:
        """Return the path of a type's properties."""
        return f"{self.properties}/{of}"

    def pipelines_of(self, of: str) -> str:
        """Return the path of a type's pipelines."""
        return f"{self.pipelines}/{of}"

    def associated(self, of: str, to: str) -> str:
        """Return the path that tells which records of one type those of another are associated with."""
        return f"{self.associations}/{of}/{to}/batch/read"

    @property
    def subscriptions(self) -> str:
        """The path of the account's types of subscription."""
        return f"{self.preferences}/definitions"

    def opt_out(self, address: str) -> str:
        """Return the path that opts an e-mail address out of all e-mail (HubSpot's "Subscriptions" guide). `address` is escaped already."""
        return f"{self.preferences}/statuses/{address}/unsubscribe-all"


BY_VERSION = {
    "v3": Paths(
        objects="/crm/v3/objects",
        properties="/crm/v3/properties",
        pipelines="/crm/v3/pipelines",
        associations="/crm/v4/associations",  # version 3 tells of no primary one
        owners="/crm/v3/owners",
        account="/account-info/v3/details",
        preferences="/communication-preferences/v4",
        oauth="/oauth/v1/token",
    ),
    "2026-03": Paths(
        objects="/crm/objects/2026-03",
        properties="/crm/properties/2026-03",
        pipelines="/crm/pipelines/2026-03",
        associations="/crm/associations/2026-03",
        owners="/crm/owners/2026-03",
        account="/account-info/2026-03/details",
        preferences="/communication-preferences/2026-03",
        oauth="/oauth/2026-03/token",
    ),
    "2026-09": Paths(
        objects="/crm/objects/2026-09",
        properties="/crm/properties/2026-09",
        pipelines="/crm/pipelines/2026-09",
        associations="/crm/associations/2026-09",
        owners="/crm/owners/2026-09",
        account="/account-info/2026-09/details",
        preferences="/communication-preferences/2026-09",
        oauth="/oauth/2026-03/token",  # HubSpot has published none of its own for this version
    ),
}
