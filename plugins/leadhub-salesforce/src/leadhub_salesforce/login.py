"""The two ways of logging in, as what is posted to the token endpoint. Pure.

Client credentials: the app's own secret. JWT bearer: a short note, signed with the private key whose certificate the app holds, that names a user
(RFC 7523). Nothing secret but the signature goes over the wire then.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import jwt

from leadhub_salesforce.settings import Settings

VALID = timedelta(minutes=3)
"""Salesforce takes a note that is valid for five minutes at most."""

_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def grant(settings: Settings, now: datetime) -> tuple[Mapping[str, str], tuple[str, str] | None]:
    """Return the form to post, and the name and secret to send with it, if any."""
    if settings.client_secret is not None:
        return {"grant_type": "client_credentials"}, (settings.client_id, settings.client_secret.get_secret_value())
    assert settings.private_key is not None
    claims = {"iss": settings.client_id, "sub": settings.username, "aud": settings.login_url, "exp": int((now + VALID).timestamp())}
    note = jwt.encode(claims, settings.private_key.get_secret_value(), algorithm="RS256")
    return {"grant_type": _JWT_BEARER, "assertion": note}, None
