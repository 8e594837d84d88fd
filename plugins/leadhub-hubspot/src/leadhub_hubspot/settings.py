"""What a deployment may set for a HubSpot system."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StrictBool, model_validator


def _safe_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost"}):
        return url.rstrip("/")
    raise ValueError("base_url must start with https:// (plain http only to 127.0.0.1 or localhost): the token goes there")


def _an_owner(owner: str) -> str:
    if owner.isascii() and owner.isdigit():
        return owner
    name, at, domain = owner.partition("@")
    if name and at and "." in domain:
        return owner
    raise ValueError("HubSpot has no assignment rules or queues for contacts: name an owner, by e-mail address or numeric id")


class Settings(BaseModel):
    """One HubSpot account.

    `token` is a service key, or the access token of a static-auth app. An OAuth app has `client_id`, `client_secret` and `refresh_token` in its place.
    `owner_on_create` is an owner's id or e-mail address. `external_id`
    is a custom contact property with unique values that carries leadhub's key; None gives up finding a contact whose create got no answer.
    `deals` has deals read, which tell how far the lead they belong to has come; they are never written. `leads` has
    the Leads object read and the stages of its records written, for accounts with seats for it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: SecretStr | None = None
    client_id: str | None = Field(default=None, min_length=1)
    client_secret: SecretStr | None = None
    refresh_token: SecretStr | None = None
    base_url: Annotated[str, AfterValidator(_safe_url)] = "https://api.hubapi.com"
    api_version: Literal["v3", "2026-03", "2026-09"] = "2026-03"
    owner_on_create: Annotated[str, AfterValidator(_an_owner)] | None = None
    external_id: str | None = Field(default="leadhub_id", min_length=1)
    deals: StrictBool = False
    leads: StrictBool = False
    overlap_minutes: int = Field(default=60, ge=0)
    """How far each pull reaches back behind the last one.

    HubSpot's search shows a change "a few moments" late and at times out of order by close to an hour (Estuary's connector, which trails
    one hour for that reason); an hour of reading twice costs little, a change missed is missed for good.
    """

    @model_validator(mode="after")
    def _one_way_in(self) -> "Settings":
        """Demand a service key or a whole OAuth app, and not both: nobody could tell as whom leadhub acts."""
        app = (self.client_id, self.client_secret, self.refresh_token)
        if (self.token is None) == any(part is None for part in app) or (self.token is not None and any(part is not None for part in app)):
            raise ValueError("give token (a service key), or client_id, client_secret and refresh_token (an OAuth app)")
        return self
