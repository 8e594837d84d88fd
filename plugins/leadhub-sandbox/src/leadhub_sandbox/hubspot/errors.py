"""HubSpot's refusals: one exception that knows its status and its JSON, alone or as one entry of a 207."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

Problem = dict[str, Any]


class ApiError(Exception):
    """A refusal with the status and the body that HubSpot would answer (fields: HubSpot's "Error handling" guide)."""

    def __init__(
        self,
        status: int,
        category: str,
        message: str,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        context: Mapping[str, list[str]] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.category = category
        self.message = message
        self.errors = [dict(error) for error in errors]
        self.context = dict(context or {})

    def body(self, correlation_id: str) -> dict[str, Any]:
        """Return the body of an answer that is nothing but this error."""
        body: dict[str, Any] = {"status": "error", "message": self.message, "correlationId": correlation_id}
        if self.errors:
            body["errors"] = self.errors
        if self.context:
            body["context"] = self.context
        return body | {"category": self.category}

    def entry(self, trace_id: str | None = None) -> dict[str, Any]:
        """Return this error as one of the `errors` of a 207; `links` and `errors` are there because the SDK demands them."""
        context = self.context | ({"objectWriteTraceId": [trace_id]} if trace_id is not None else {})
        base = {"status": "error", "category": self.category, "message": self.message}
        return base | {"context": context, "errors": self.errors, "links": {}}


def invalid(message: str, **context: list[str]) -> ApiError:
    """Return a 400 VALIDATION_ERROR."""
    return ApiError(400, "VALIDATION_ERROR", message, context=context)


def not_found(message: str, ids: Sequence[str] = ()) -> ApiError:
    """Return a 404 OBJECT_NOT_FOUND that names the ids."""
    return ApiError(404, "OBJECT_NOT_FOUND", message, context={"ids": list(ids)} if ids else None)


def conflict(existing_id: int | None) -> ApiError:
    """Return the 409 of an e-mail that is taken; the existing id, if known, is only in the text, as in HubSpot's own answers."""
    hint = f" Existing ID: {existing_id}" if existing_id else ""
    return ApiError(409, "CONFLICT", f"Contact already exists.{hint}")


def missing_scope(scope: str) -> ApiError:
    """Return the 403 of a token without a scope."""
    detail = {"message": "One of these scopes is needed.", "context": {"requiredGranularScopes": [scope]}}
    return ApiError(403, "MISSING_SCOPES", f"This token was not granted the scope {scope}.", errors=[detail])


def problem(name: str, code: str, message: str) -> Problem:
    """Return what is wrong with one property value, in the form that HubSpot puts into the message as JSON."""
    return {"isValid": False, "message": message, "error": code, "name": name, "localizedErrorMessage": message}


def bad_properties(problems: Sequence[Problem], portal_id: int) -> ApiError:
    """Return the 400 for wrong property values: JSON inside the message, and the same as `errors[]`."""
    listed = [{**entry, "portalId": portal_id} for entry in problems]
    details = [{"message": entry["message"], "code": entry["error"], "context": {"propertyName": [entry["name"]]}} for entry in problems]
    message = f"Property values were not valid: {json.dumps(listed)}"
    return ApiError(400, "VALIDATION_ERROR", message, errors=details)
