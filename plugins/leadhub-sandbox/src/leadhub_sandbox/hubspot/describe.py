# ruff: noqa: ARG002 - the router calls every handler alike, with the request and the names in its path
"""What describes the account: owners, account details."""

from typing import Any

from leadhub_sandbox.http import Request, Response
from leadhub_sandbox.hubspot.account import Account
from leadhub_sandbox.hubspot.errors import not_found
from leadhub_sandbox.hubspot.views import is_true, number_of

LARGEST_AFTER = 1_000_000


class DescribeHandlers:
    """The endpoints that tell what the account is like."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def list_owners(self, request: Request, version: str) -> Response:
        """GET …/owners: the active ones or the archived ones, by e-mail if asked, a page at a time."""
        limit, archived, email = number_of(request.param("limit"), 100, 500), is_true(request, "archived"), request.param("email")
        after = number_of(request.param("after"), 0, LARGEST_AFTER, "after")
        found = [entry for entry in self._account.owners if entry["archived"] is archived and email in (None, entry["email"])]
        body: dict[str, Any] = {"results": found[after : after + limit]}
        if after + limit < len(found):
            body["paging"] = {"next": {"after": str(after + limit)}}
        return Response(body=body)

    def get_owner(self, request: Request, version: str, owner_id: str) -> Response:
        """GET …/owners/{id}: an active one, or with archived an archived one."""
        archived = is_true(request, "archived")
        owner = next((entry for entry in self._account.owners if entry["id"] == owner_id and entry["archived"] is archived), None)
        if owner is None:
            raise not_found(f"There is no owner {owner_id}.", [owner_id])
        return Response(body=owner)

    def account_details(self, request: Request, version: str) -> Response:
        """GET …/account-info/…/details: which account this is, and whether it is a real one."""
        settings = self._account.settings
        hours = settings.utc_offset_hours
        body = {
            "portalId": self._account.portal_id,
            "accountType": settings.account_type,
            "timeZone": settings.time_zone,
            "companyCurrency": "USD",
            "additionalCurrencies": [],
            "utcOffset": f"{'-' if hours < 0 else '+'}{abs(hours):02}:00",
            "utcOffsetMilliseconds": hours * 3_600_000,
            "uiDomain": settings.ui_domain,
            "dataHostingLocation": "na1",
        }
        return Response(body=body)
