"""Orders to a CRM's admin API from within its own process: what the console, the first people and the pytest fixtures work by."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from leadhub_sandbox.http import Request, SandboxServer

REFUSED_FROM = 400


class RefusedError(Exception):
    """An order that the CRM, or the sandbox, did not take. `body` is the whole answer, `words` what it says."""

    def __init__(self, status: int, body: Any) -> None:
        self.status, self.body = status, body
        self.words = words_of(body)
        super().__init__(f"{status}: {'; '.join(self.words)}")


class Orders:
    """Gives orders to one server, with every rule that holds for them over HTTP."""

    def __init__(self, server: SandboxServer) -> None:
        self._server = server

    def get(self, path: str, **query: str) -> Any:
        """Return what is told. Raises RefusedError."""
        return self.give("GET", path, query=query)

    def post(self, path: str, /, **order: Any) -> Any:
        """Give an order and return the answer, None for an empty one. Raises RefusedError."""
        return self.give("POST", path, order)

    def give(self, method: str, path: str, order: object = None, query: Mapping[str, str] | None = None) -> Any:
        """Give an order by any method. Raises RefusedError."""
        full = f"/_sandbox/{path}"
        asked = {name: [value] for name, value in (query or {}).items()}
        target = f"{full}?{urlencode(query)}" if query else full
        answer, _ = self._server.answer(Request(method, full, target, asked, {}, b"" if order is None else json.dumps(order).encode()))
        if answer.status >= REFUSED_FROM:
            raise RefusedError(answer.status, answer.body)
        return answer.body


def words_of(body: Any) -> list[str]:
    """Return what a refusal says, a line for each thing that is wrong: Salesforce's list, HubSpot's object, or the sandbox's own error."""
    match body:
        case list():
            return [_salesforce(entry) for entry in body if isinstance(entry, dict)]
        case {"errors": [_, *_] as errors, "category": category}:
            return [f"{category}: {entry.get('message', entry)}" for entry in errors]
        case {"message": message}:
            return [f"{body['category']}: {message}" if "category" in body else str(message)]
        case {"error": error}:
            return [str(error)]
        case _:
            return [str(body)]


def _salesforce(entry: Mapping[str, Any]) -> str:
    named = ", ".join(str(name) for name in entry.get("fields") or ())
    return f"{entry.get('errorCode')}: {entry.get('message')}" + (f" [{named}]" if named else "")
