# ruff: noqa: ARG002 - the router calls every handler alike, with the request and the names in its path
"""Who may be mailed: subscription types and opt-outs, kept by e-mail address and not by contact (HubSpot's "Subscriptions" guide)."""

from typing import Any

from leadhub_sandbox.http import Request, Response
from leadhub_sandbox.hubspot.account import API_SOURCE, Account
from leadhub_sandbox.hubspot.catalog import SUBSCRIPTIONS
from leadhub_sandbox.hubspot.errors import invalid
from leadhub_sandbox.hubspot.records import body_of
from leadhub_sandbox.hubspot.schema import is_address
from leadhub_sandbox.hubspot.store import Version
from leadhub_sandbox.hubspot.views import is_true

_STATES = ("SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED")


class SubscriptionHandlers:
    """The endpoints below /communication-preferences. An address needs no contact: one that comes later shows what its address chose."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def definitions(self, request: Request, version: str) -> Response:
        """GET …/definitions: the account's subscription types."""
        listed = [{"id": str(number), "name": name, "isActive": True, "communicationMethod": "Email"} for number, name in SUBSCRIPTIONS.items()]
        return self._answer(listed)

    def statuses(self, request: Request, version: str, address: str) -> Response:
        """GET …/statuses/{address}: the state of each subscription type."""
        return self._answer([self._status(_address(address), number) for number in SUBSCRIPTIONS])

    def set_status(self, request: Request, version: str, address: str) -> Response:
        """POST …/statuses/{address}: subscribe to one type or unsubscribe from it. Subscribing lifts an opt-out of everything."""
        email, body = _address(address), body_of(request)
        state, number = body.get("statusState"), body.get("subscriptionId")
        if body.get("channel") != "EMAIL" or state not in _STATES or number not in SUBSCRIPTIONS:
            raise invalid("A status needs channel EMAIL, a statusState, and a subscriptionId of this account.")
        self._account.subscribed.setdefault(email, {})[number] = state
        if state == "SUBSCRIBED":
            self._opt(email, out=False)
        return self._answer([self._status(email, number)])

    def opted_out(self, request: Request, version: str, address: str) -> Response:
        """GET …/statuses/{address}/unsubscribe-all: empty unless the address opted out of everything."""
        email = _address(address)
        listed = [{"subscriberIdString": email, "channel": "EMAIL", "status": "UNSUBSCRIBED", "wideStatusType": "PORTAL_WIDE"}]
        return self._answer(listed if email in self._account.opted_out else [])

    def opt_out(self, request: Request, version: str, address: str) -> Response:
        """POST …/statuses/{address}/unsubscribe-all: no e-mail at all from now on. A second time changes nothing."""
        if request.param("channel") != "EMAIL":
            raise invalid("channel must be EMAIL.", channel=[str(request.param("channel"))])
        email = _address(address)
        self._opt(email, out=True)
        return self._answer([self._status(email, number) for number in SUBSCRIPTIONS] if is_true(request, "verbose") else [])

    def _opt(self, email: str, *, out: bool) -> None:
        account, now = self._account, self._account.now_ms()
        account.opted_out.discard(email)
        account.opted_out |= {email} if out else set()
        contact = account.store.find("email", email)
        if contact is not None and account.show_opt_out(contact, Version("", now, API_SOURCE)):
            account.store.touch(contact, now)
            account.store.queue(contact.id, now)

    def _status(self, email: str, number: int) -> dict[str, Any]:
        chosen = self._account.subscribed.get(email, {}).get(number, "NOT_SPECIFIED")
        state = "UNSUBSCRIBED" if email in self._account.opted_out else chosen
        named = {"subscriptionId": number, "subscriptionName": SUBSCRIPTIONS[number], "channel": "EMAIL", "source": "API"}
        return {"subscriberIdString": email, "status": state, "timestamp": self._account.now_iso(), **named}

    def _answer(self, results: list[dict[str, Any]]) -> Response:
        now = self._account.now_iso()
        return Response(body={"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now})


def _address(text: str) -> str:
    """Return the address in the form in which HubSpot keeps it. Raises ApiError 400 for what is none."""
    email = text.strip().lower()
    if not is_address(email):
        raise invalid(f"Email address {text} is invalid")
    return email
