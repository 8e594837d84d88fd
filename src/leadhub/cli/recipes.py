"""What `leadhub connect` knows of each CRM: what a person makes there, what is asked for, and what to look at when it is refused.

What the screens are called comes from the vendors' documentation. It was not seen live.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that is asked for: a setting of the connector, the variable that may hold it, and where a person finds it."""

    key: str
    variable: str
    question: str
    where: str
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one CRM is connected. `address` is the setting that `--url` gives, `probe` a path that answers there without a login."""

    title: str
    steps: tuple[str, ...]
    asked: tuple[Asked, ...]
    address: str
    probe: str | None
    refused: tuple[str, ...]
    guide: str


RECIPES: Mapping[str, Recipe] = {
    "salesforce": Recipe(
        title="Salesforce, by an External Client App with the client credentials flow",
        steps=(
            "Setup > Users > New User: a user of its own for leadhub (an integration user licence will do). Its edits count as leadhub's.",
            "Setup > Permission Sets > New: API Enabled; Read, Create, Edit on Lead; Read, Edit on Contact; View All Records on both;",
            "    Read and Edit Access to the mapped fields, Status and LeadhubId__c. Assign it to that user.",
            "Setup > Object Manager > Lead > Fields & Relationships > New: Text, length 64, Unique, External ID, named LeadhubId__c.",
            "Setup > External Client App Manager > New External Client App: enable OAuth, scope api, Enable Client Credentials Flow.",
            "    In its policies: the client credentials flow on, Run As: that user. New connected apps cannot be made any more.",
        ),
        asked=(
            Asked("login_url", "SALESFORCE_LOGIN_URL", "The org's My Domain address, such as https://acme.my.salesforce.com", "Setup > My Domain"),
            Asked("client_id", "SALESFORCE_CLIENT_ID", "The consumer key", "the app > Settings > OAuth Settings > Consumer Key and Secret"),
            Asked("client_secret", "SALESFORCE_CLIENT_SECRET", "The consumer secret", "the same page", secret=True),
        ),
        address="login_url",
        probe="/services/data",
        refused=(
            "the app's OAuth settings: is the client credentials flow enabled, in the settings and in the policies?",
            "the app's policies: is a Run As user chosen, active, with API Enabled?",
            "the address: it has to be the org's My Domain; login.salesforce.com refuses this flow",
            "a new app takes up to ten minutes until it answers",
        ),
        guide="docs/how-to/connect-salesforce.md",
    ),
    "hubspot": Recipe(
        title="HubSpot, by a service key",
        steps=(
            "Settings > Integrations > Service Keys > Create: a key named leadhub. Legacy private apps cannot be made any more.",
            "Scopes: crm.objects.contacts.read, crm.schemas.contacts.read, crm.objects.owners.read;",
            "    to write also crm.objects.contacts.write, and communication_preferences.write to pass opt-outs on.",
            "Settings > Properties > Contact properties > Create property: single-line text, named leadhub_id, unique values required.",
        ),
        asked=(Asked("token", "HUBSPOT_TOKEN", "The service key", "Settings > Integrations > Service Keys > leadhub > Show", secret=True),),
        address="base_url",
        probe=None,
        refused=(
            "the key: is it the whole of it, and was it not rotated or deleted since?",
            "the account: a key is good for the one account in which it was made",
        ),
        guide="docs/how-to/connect-hubspot.md",
    ),
}
