"""What a deployment says about a form."""

import hashlib
import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

SHORTEST_TOKEN = 16
_HASH = re.compile(r"[0-9a-f]{64}")


def _token(token: SecretStr) -> SecretStr:
    text = token.get_secret_value()
    if len(text) < SHORTEST_TOKEN or not re.fullmatch(r"[\w.~-]+", text, re.ASCII):
        raise ValueError(f"at least {SHORTEST_TOKEN} of the letters, digits and - _ . ~ that an address can hold; for instance: openssl rand -hex 16")
    return token


def _token_hash(text: str) -> str:
    if not _HASH.fullmatch(text.lower()):
        raise ValueError("the token's SHA-256 as 64 hexadecimal digits: printf %s TOKEN | sha256sum")
    return text.lower()


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not text.isprintable() or " " in text:
        raise ValueError('a whole address, for instance "https://www.example.com/thanks"')
    return text


def _origin(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or text != f"{parts.scheme}://{parts.netloc}" or "*" in text:
        raise ValueError('an origin as a browser names it, for instance "https://www.example.com": no path, no slash at its end, no *')
    return text.lower()


class Consent(BaseModel):
    """The box by which a person agrees to e-mails: the form's own name of it, and which text stood beside it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: Annotated[str, Field(min_length=1)]
    text: Annotated[str, Field(min_length=1)]


class FormsSettings(BaseModel):
    """The settings of one form.

    `token` is the last part of the form's address, or `token_hash` its SHA-256 in hexadecimal digits: one of both. `headers` names the form's fields
    that are not known already ({own name: canonical field, or "ignore"}), and outranks those that are. `consent` is the box that permits e-mails.
    `thanks_url` is where a browser goes after the form was taken. `allowed_origins` are the sites whose scripts may post. `max_bytes` bounds one post,
    `per_minute` all of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: Annotated[SecretStr, AfterValidator(_token)] | None = None
    token_hash: Annotated[str, AfterValidator(_token_hash)] | None = None
    headers: dict[str, str] = {}
    consent: Consent | None = None
    thanks_url: Annotated[str, AfterValidator(_address)] | None = None
    allowed_origins: tuple[Annotated[str, AfterValidator(_origin)], ...] = ()
    max_bytes: Annotated[int, Field(ge=1024, le=10_485_760)] = 262_144
    per_minute: Annotated[int, Field(ge=1)] = 600

    @model_validator(mode="after")
    def _one_token(self) -> "FormsSettings":
        if (self.token is None) == (self.token_hash is None):
            raise ValueError('token = "${FORM_TOKEN}", or token_hash = "…": one of both')
        return self

    @property
    def digest(self) -> bytes:
        """The token's SHA-256."""
        if self.token is not None:
            return hashlib.sha256(self.token.get_secret_value().encode()).digest()
        return bytes.fromhex(self.token_hash or "")
