"""Who a token's user is: the OpenID Connect answer and Salesforce's own identity address.

Both refuse a bad token with 403 and one word, not with the REST API's 401 (Salesforce help, "Identity URLs").
"""

from dataclasses import dataclass
from typing import Any

from leadhub_sandbox.http import Request, Response
from leadhub_sandbox.salesforce import ids
from leadhub_sandbox.salesforce.auth import Auth, base
from leadhub_sandbox.salesforce.errors import ApiError
from leadhub_sandbox.salesforce.objects import USER
from leadhub_sandbox.salesforce.org import Org
from leadhub_sandbox.salesforce.schema import Row


@dataclass(frozen=True, slots=True)
class Identity:
    """Answers /services/oauth2/userinfo and /id/{org}/{user}."""

    org: Org
    auth: Auth

    def userinfo(self, request: Request) -> Response:
        """Return the token's user as OpenID Connect names things."""
        row, refusal = self._user(request)
        if refusal:
            return refusal
        here = base(request)
        return Response(
            body={
                "sub": f"{here}/id/{self.org.organization_id}/{row['Id']}",
                "user_id": row["Id"],
                "organization_id": self.org.organization_id,
                "preferred_username": row["Username"],
                "nickname": row["Alias"],
                "name": row["Name"],
                "email": row["Email"],
                "email_verified": True,
                "given_name": row["FirstName"],
                "family_name": row["LastName"],
                "zoneinfo": "GMT",
                "active": row["IsActive"],
                "user_type": "STANDARD",
                "language": "en_US",
                "locale": "en_US",
                "utcOffset": 0,
                "updated_at": row["LastModifiedDate"],
                "is_app_installed": True,
                "urls": self._urls(here, row),
            }
        )

    def identity(self, request: Request, organization: str, user: str) -> Response:
        """Return the token's user as the identity address names things; only this org's, and only the token's own user's."""
        row, refusal = self._user(request)
        if refusal:
            return refusal
        if ids.full(organization) != self.org.organization_id:
            return _word(403, "Wrong_Org")
        if ids.full(user) != row["Id"]:
            return _word(404, "Bad_Id")
        here = base(request)
        return Response(
            body={
                "id": f"{here}/id/{self.org.organization_id}/{row['Id']}",
                "asserted_user": True,
                "user_id": row["Id"],
                "organization_id": self.org.organization_id,
                "username": row["Username"],
                "nick_name": row["Alias"],
                "display_name": row["Name"],
                "email": row["Email"],
                "email_verified": True,
                "first_name": row["FirstName"],
                "last_name": row["LastName"],
                "timezone": "GMT",
                "active": row["IsActive"],
                "user_type": "STANDARD",
                "language": "en_US",
                "locale": "en_US",
                "utcOffset": 0,
                "last_modified_date": row["LastModifiedDate"],
                "is_app_installed": True,
                "urls": self._urls(here, row),
            }
        )

    def _user(self, request: Request) -> tuple[Row, Response | None]:
        if not request.headers.get("authorization"):
            return {}, _word(403, "Missing_OAuth_Token")
        try:
            return self.org.store.get(USER, self.auth.actor(request).user_id) or {}, None
        except ApiError:
            return {}, _word(403, "Bad_OAuth_Token")

    def _urls(self, here: str, row: Row) -> dict[str, Any]:
        data, soap = f"{here}/services/data/v{{version}}/", f"{here}/services/Soap/u/{{version}}/{self.org.organization_id[:15]}"
        rest = {"rest": data, "sobjects": f"{data}sobjects/", "query": f"{data}query/", "partner": soap}
        return rest | {"profile": f"{here}/{row['Id']}", "custom_domain": here}


def _word(status: int, word: str) -> Response:
    return Response(status, word.encode(), content_type="text/html;charset=UTF-8")
