"""OAuth: tokens given for client credentials, a password, a signed JWT or a refresh token; and whose a token is."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from leadhub_sandbox.http import Request, Response
from leadhub_sandbox.salesforce import tokens
from leadhub_sandbox.salesforce.duplicates import DuplicateHeader
from leadhub_sandbox.salesforce.errors import ApiError
from leadhub_sandbox.salesforce.objects import USER
from leadhub_sandbox.salesforce.org import AUTOMATED, INTEGRATION, Actor, Org

MAX_JWT_SECONDS = 300
PASSWORD = "sandbox-password"  # noqa: S105 - the sandbox's own, for every user
SECURITY_TOKEN = "sandboxtoken"  # noqa: S105 - the same


class OAuthError(Exception):
    """A refusal of the token endpoint, which has a shape of its own."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.answer = Response(400, {"error": error, "error_description": description})


@dataclass(slots=True)
class Session:
    """One access token's user and the instant it ends."""

    user_id: str
    expires: datetime


@dataclass(slots=True)
class Auth:
    """The org's one connected client and the sessions that it opened."""

    org: Org
    sessions: dict[str, Session] = field(default_factory=dict)
    refresh: dict[str, str] = field(default_factory=dict)
    _number: int = 0

    @property
    def client_id(self) -> str:
        """The client's public name."""
        return f"3MVG9sandbox{self._derive('client')[:24]}"

    @property
    def client_secret(self) -> str:
        """The client's secret: derived from the seed, worth nothing outside this process."""
        return self._derive("secret")

    def _derive(self, what: str) -> str:
        return hashlib.sha256(f"{what}-{self.org.seed}".encode()).hexdigest()

    def token(self, request: Request) -> Response:
        """Answer POST /services/oauth2/token."""
        form = {k: v[0] for k, v in parse_qs(request.body.decode("utf-8", "replace"), keep_blank_values=True).items()}
        form |= _basic(request)
        try:
            user_id, refresh = self._grant(request, form)
        except OAuthError as refusal:
            return refusal.answer
        return Response(body=self._answer(request, user_id, refresh))

    def _grant(self, request: Request, form: Mapping[str, str]) -> tuple[str, str | None]:
        match form.get("grant_type"):
            case "client_credentials":
                self._check_client(form)
                return self.org.user_id(INTEGRATION), None
            case "password":
                self._check_client(form)
                user_id = self.by_password(form.get("username", ""), form.get("password", ""))
                return user_id, self._new_refresh(user_id)
            case "refresh_token":
                self._check_client(form)
                return self._by_refresh(form.get("refresh_token", ""))
            case "urn:ietf:params:oauth:grant-type:jwt-bearer":
                return self._by_jwt(request, form.get("assertion", "")), None
            case _:
                raise OAuthError("unsupported_grant_type", "grant type not supported")

    def _check_client(self, form: Mapping[str, str]) -> None:
        if form.get("client_id") != self.client_id:
            raise OAuthError("invalid_client_id", "client identifier invalid")
        if form.get("client_secret") != self.client_secret:
            raise OAuthError("invalid_client", "invalid client credentials")

    def _active(self, name: str) -> str:
        try:
            user_id = self.org.user_id(name)
        except ValueError:
            raise OAuthError("invalid_grant", "authentication failure") from None
        row = self.org.store.get(USER, user_id)
        # Aliases and ids are for the admin API: nobody logs in by one.
        if row and (row["Username"] != name or row["UserType"] == AUTOMATED):
            raise OAuthError("invalid_grant", "authentication failure")
        if row is None or not row["IsActive"]:
            raise OAuthError("invalid_grant", "inactive user")
        return user_id

    def by_password(self, name: str, password: str) -> str:
        """Return the id of the active user of this name and password; raises OAuthError."""
        if password not in (PASSWORD, PASSWORD + SECURITY_TOKEN):
            raise OAuthError("invalid_grant", "authentication failure")
        return self._active(name)

    def _by_refresh(self, old: str) -> tuple[str, str | None]:
        user_id = self.refresh.get(old)
        if user_id is None:
            raise OAuthError("invalid_grant", "expired access/refresh token")
        if not self.org.settings.rotate_refresh_tokens:
            return user_id, None
        del self.refresh[old]
        return user_id, self._new_refresh(user_id)

    def _by_jwt(self, request: Request, assertion: str) -> str:
        try:
            claims = tokens.read_claims(assertion)
            key = self.org.settings.jwt_keys.get(str(claims.get("iss")))
            expires = float(claims.get("exp", 0))
        except (ValueError, TypeError):
            raise OAuthError("invalid_grant", "invalid assertion") from None
        if claims.get("iss") != self.client_id or key is None:
            raise OAuthError("invalid_client_id", "client identifier invalid")
        if not tokens.signed_by(assertion, key):
            raise OAuthError("invalid_grant", "invalid assertion")
        if claims.get("aud") not in (base(request), "https://login.salesforce.com", "https://test.salesforce.com"):
            raise OAuthError("invalid_grant", "audience is invalid")
        left = expires - self.org.clock.now().timestamp()
        if not 0 < left <= MAX_JWT_SECONDS:
            raise OAuthError("invalid_grant", "token validity expired" if left <= 0 else "expiry is too far in the future")
        return self._active(str(claims.get("sub", "")))

    def _new_refresh(self, user_id: str) -> str:
        self._number += 1
        token = f"5Aep861{self._derive(f'refresh-{self._number}')}"
        self.refresh[token] = user_id
        return token

    def open(self, user_id: str) -> str:
        """Return a new access token of a user."""
        self._number += 1
        token = f"{self.org.organization_id[:15]}!{self._derive(f'session-{self._number}')}"
        ends = self.org.clock.now() + timedelta(seconds=self.org.settings.session_seconds)
        self.sessions[token] = Session(user_id, ends)
        return token

    def _answer(self, request: Request, user_id: str, refresh: str | None) -> dict[str, Any]:
        here = base(request)
        issued = str(int(self.org.clock.now().timestamp() * 1000))
        answer = {
            "access_token": self.open(user_id),
            "instance_url": self.instance(request),
            "id": f"{here}/id/{self.org.organization_id}/{user_id}",
            "token_type": "Bearer",
            "scope": "api",
            "issued_at": issued,
            "signature": base64.b64encode(hashlib.sha256(f"{user_id}{issued}".encode()).digest()).decode(),
        }
        return answer | ({"refresh_token": refresh} if refresh else {})

    def instance(self, request: Request) -> str:
        """Return the address at which the org's data is, which need not be the one that gives tokens."""
        return self.org.settings.instance_url.rstrip("/") or base(request)

    def actor(self, request: Request) -> Actor:
        """Return whose request it is; raises 401 INVALID_SESSION_ID."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        return self.owner_of(token.strip() if kind in ("Bearer", "OAuth") else "")

    def owner_of(self, token: str) -> Actor:
        """Return whose session a token is; raises 401 INVALID_SESSION_ID."""
        session = self.sessions.get(token)
        if session is None or session.expires <= self.org.clock.now():
            raise ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")
        return Actor(session.user_id, client=True, duplicates=DuplicateHeader())


def base(request: Request) -> str:
    """Return this server's own address, as the client reached it."""
    return f"http://{request.headers.get('host', '127.0.0.1')}"


def _basic(request: Request) -> dict[str, str]:
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    if kind != "Basic":
        return {}
    try:
        name, _, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return {}
    return {"client_id": name, "client_secret": secret}
