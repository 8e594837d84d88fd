"""Every path of HubSpot's API that the connector calls itself, by API version.

Properties and owners are not here: hubspot-api-client brings its own paths, and they are v3 whatever the version below.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Paths:
    """The paths of one API version."""

    contacts: str
    account: str

    def batch(self, verb: str) -> str:
        """Return the path of a batch: read, create, update, upsert or archive."""
        return f"{self.contacts}/batch/{verb}"

    @property
    def search(self) -> str:
        """The path of the search over contacts."""
        return f"{self.contacts}/search"


BY_VERSION = {
    "v3": Paths("/crm/v3/objects/contacts", "/account-info/v3/details"),
    "2026-03": Paths("/crm/objects/2026-03/contacts", "/account-info/2026-03/details"),
    "2026-09": Paths("/crm/objects/2026-09/contacts", "/account-info/2026-09/details"),
}
