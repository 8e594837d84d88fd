# ruff: noqa: ARG002 - the router calls every handler alike, with the request and the names in its path
"""The account's one OAuth app: access tokens for a refresh token, how long they live, and taking them back."""

from typing import Any
from urllib.parse import parse_qs

from leadhub_sandbox.http import Request, Response
from leadhub_sandbox.hubspot.account import Account
from leadhub_sandbox.hubspot.errors import ApiError
from leadhub_sandbox.hubspot.oauth_app import LIFETIME_S

_FORM = "application/x-www-form-urlencoded"


class OAuthHandlers:
    """The endpoints below /oauth, which take a form and no token."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def token(self, request: Request, version: str) -> Response:
        """POST …/token: an access token for the refresh token, for half an hour."""
        form = self._client_form(request)
        if form.get("grant_type") != "refresh_token":
            raise _refusal("BAD_GRANT_TYPE", "grant_type must be refresh_token: this account's app is installed already.")
        if form.get("refresh_token") != self._account.oauth.refresh_token or self._account.oauth.revoked:
            raise _refusal("BAD_REFRESH_TOKEN", "missing or invalid refresh token")
        access = self._account.oauth.issue(self._account.seed, self._account.now_ms())
        lent = {"access_token": access, "refresh_token": self._account.oauth.refresh_token, "expires_in": LIFETIME_S}
        return Response(body={"token_type": "bearer", **lent})

    def introspect(self, request: Request, version: str) -> Response:
        """POST …/token/introspect: whether a token of the app's is good, and for how long."""
        token = self._client_form(request).get("token", "")
        now = self._account.now_ms()
        expires = self._account.oauth.access.get(token)
        if token == self._account.oauth.refresh_token:
            return Response(body={"active": not self._account.oauth.revoked})
        if expires is None or expires <= now:
            return Response(body={"active": False})
        held: dict[str, Any] = {"client_id": self._account.oauth.client_id, "token_type": "bearer", "expires_in": (expires - now) // 1_000}
        return Response(body={"active": True, "scope": " ".join(self._account.settings.scopes), **held})

    def revoke(self, request: Request, version: str) -> Response:
        """POST …/token/revoke: the token is good for nothing from now on; one that nobody knows changes nothing."""
        token = self._client_form(request).get("token", "")
        if token == self._account.oauth.refresh_token:
            self._account.oauth.revoked = True
        self._account.oauth.access.pop(token, None)
        return Response(200, {})

    def _client_form(self, request: Request) -> dict[str, str]:
        """Return the fields of a form that the app itself sent. Parameters in the address do not count."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
            raise _refusal("BAD_REQUEST", f"The body must be a form: {_FORM}.")
        form = {name: values[0] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}
        if form.get("client_id") != self._account.oauth.client_id:
            raise _refusal("BAD_CLIENT_ID", "missing or unknown client id")
        if form.get("client_secret") != self._account.oauth.client_secret:
            raise _refusal("BAD_CLIENT_SECRET", "missing or invalid client secret")
        return form


class OAuthError(ApiError):
    """A refusal by the OAuth endpoints, whose `status` is the code."""

    def body(self, correlation_id: str) -> dict[str, Any]:
        """Return the body, which has no category."""
        return {"status": self.category, "message": self.message, "correlationId": correlation_id}


def _refusal(code: str, message: str) -> OAuthError:
    return OAuthError(400, code, message)
