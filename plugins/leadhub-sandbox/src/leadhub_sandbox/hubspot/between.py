"""What others do in the account between two calls of one client: a person's edit, a workflow, a deal that is won."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from leadhub_sandbox.http import Request, Response
from leadhub_sandbox.hubspot.admin import Admin
from leadhub_sandbox.hubspot.errors import ApiError
from leadhub_sandbox.hubspot.records import body_of


@dataclass(slots=True)
class Act:
    """One edit that is to happen once, right after a call that fits and before anybody can call again."""

    edit: dict[str, Any]
    method: str
    path: str
    skip: int

    def is_due(self, request: Request) -> bool:
        """Say whether it is time, and count the call down if it is one to let pass."""
        if not (re.fullmatch(self.method, request.method) and re.search(self.path, request.path)):
            return False
        self.skip -= 1
        return self.skip < 0


class Between:
    """The acts that wait for their call."""

    def __init__(self, admin: Admin) -> None:
        self._admin = admin
        self._waiting: list[Act] = []

    def order(self, request: Request) -> Response:
        """Take all that `edit` takes, and "method"?, "path"?, "skip"?. Raises ApiError or ValueError for what could never happen."""
        order = body_of(request)
        method, path = str(order.pop("method", ".*")), str(order.pop("path", ".*"))
        for pattern in (method, path):
            try:
                re.compile(pattern)
            except re.error as problem:
                raise ValueError(f"{pattern!r} is no regular expression: {problem}") from problem
        act = Act(order, method, path, int(order.pop("skip", 0)))
        self._admin.check_edit(act.edit)
        self._waiting.append(act)
        return Response(204)

    def forget(self, request: Request) -> Response:  # noqa: ARG002 - an order's handler takes its request
        """Drop all that wait."""
        self._waiting.clear()
        return Response(204)

    def act(self, request: Request) -> None:
        """Do what was to be done after this call. A refused edit is dropped, as that of a workflow is."""
        due = [one for one in self._waiting if one.is_due(request)]
        self._waiting = [one for one in self._waiting if one not in due]
        for one in due:
            with suppress(ApiError):
                self._admin.edit(one.edit)

    def dump(self) -> list[dict[str, Any]]:
        """Return what waits as plain data."""
        return [asdict(one) for one in self._waiting]

    def load(self, state: list[Mapping[str, Any]]) -> None:
        """Put back what `dump` returned."""
        self._waiting = [Act(**one) for one in state]
