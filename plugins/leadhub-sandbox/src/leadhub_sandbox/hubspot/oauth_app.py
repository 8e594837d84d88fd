"""The OAuth app that the account has installed, with the tokens that it holds. Plain data."""

import uuid
from dataclasses import dataclass, field

LIFETIME_S = 1_800


@dataclass(slots=True)
class OAuthApp:
    """An app that the account has installed, and the access tokens that it holds. It checks nothing."""

    client_id: str
    client_secret: str
    refresh_token: str
    revoked: bool = False
    issued: int = 0
    access: dict[str, int] = field(default_factory=dict)  # token → when it expires, in epoch milliseconds

    @classmethod
    def of(cls, seed: int) -> "OAuthApp":
        """Return the app of a fresh account."""
        return cls(_secret(seed, "client"), _secret(seed, "secret"), _secret(seed, "refresh"))

    def issue(self, seed: int, now_ms: int) -> str:
        """Return a new access token."""
        self.issued += 1
        token = f"oauth-{_secret(seed, f'access {self.issued}')}"
        self.access[token] = now_ms + LIFETIME_S * 1_000
        return token


def _secret(seed: int, name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"leadhub-sandbox hubspot oauth {seed} {name}"))
