"""What an administrator configures for one Salesforce org."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import BaseModel, ConfigDict, Field, SecretStr, StrictBool, field_validator, model_validator

from leadhub_salesforce.values import full_id, is_id

ASSIGNMENT_RULES = "assignment_rules"
LOOPBACK = ("127.0.0.1", "localhost")
Contacts = Literal["converted", "all", "none"]


class Settings(BaseModel):
    """The settings of a Salesforce system.

    `login_url` is the org's My Domain address (client credentials are refused at login.salesforce.com). The login is by `client_secret`, or as
    `username` with `private_key`, an RSA key in PEM whose certificate the app holds. `owner_on_create` is "assignment_rules",
    the id of a user (005...) or queue (00G...), or absent: new leads then belong to leadhub's own user. `external_id` names a text field on Lead
    that is unique and an external id; without one (false) a create whose answer is lost is not repeated but left to a person. `contacts` chooses
    the Contacts to read: those that converted leads became, all of the org's, or none. `opportunities` has Opportunities read, which tell how far
    the lead they belong to has come; they are never written. `converted_status` is the status that a conversion gives, where the org has several that mean
    converted.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    login_url: str
    client_id: Annotated[str, Field(min_length=1)]
    client_secret: SecretStr | None = None
    username: Annotated[str, Field(min_length=1)] | None = None
    private_key: SecretStr | None = None
    api_version: Annotated[str, Field(pattern=r"^\d{2,3}\.0$")] = "66.0"
    owner_on_create: str | None = None
    external_id: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")] | None = "LeadhubId__c"
    contacts: Contacts = "converted"
    opportunities: StrictBool = False
    converted_status: str | None = None

    @field_validator("login_url")
    @classmethod
    def _only_https(cls, url: str) -> str:
        parts = urlsplit(url)
        if not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)) or not parts.hostname:
            raise ValueError("must start with https:// (plain http only for 127.0.0.1 and localhost): the client secret is sent there")
        if parts.path.strip("/") or parts.query or parts.username:
            raise ValueError(f"must be the bare address, such as https://acme.my.salesforce.com: {url!r} has more to it")
        return url.rstrip("/")

    @field_validator("private_key")
    @classmethod
    def _is_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key is None:
            return None
        text = key.get_secret_value().replace("\\n", "\n")  # how a key of many lines stands in one line of the environment
        try:
            load_pem_private_key(text.encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise ValueError("is no private key in PEM without a passphrase (-----BEGIN PRIVATE KEY-----)") from None
        return SecretStr(text)

    @model_validator(mode="after")
    def _one_login(self) -> "Settings":
        if (self.client_secret is None) == (self.private_key is None):
            raise ValueError("needs one way to log in: client_secret, or username and private_key")
        if (self.private_key is None) != (self.username is None):
            raise ValueError("username and private_key belong together: the key is the app's, and the name says who logs in with it")
        return self

    @field_validator("external_id", mode="before")
    @classmethod
    def _false_is_none(cls, name: object) -> object:
        return None if name is False or name == "" else name  # TOML has no null

    @field_validator("owner_on_create")
    @classmethod
    def _known_owner(cls, owner: str | None) -> str | None:
        if owner is None or owner == ASSIGNMENT_RULES:
            return owner
        if not is_id(owner) or not owner.startswith(("005", "00G")):
            raise ValueError(f'must be "{ASSIGNMENT_RULES}" or the id of a user (005...) or queue (00G...), not {owner!r}')
        return full_id(owner)
