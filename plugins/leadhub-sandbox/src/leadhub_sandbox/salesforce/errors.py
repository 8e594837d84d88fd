"""Salesforce's refusals, in its own words and its two shapes: a REST error array and a save result's error list."""

from typing import Any

from leadhub_sandbox.http import Response


class ApiError(Exception):
    """One refusal. `fields` is None where Salesforce sends no such key (errors that are not about a record's values)."""

    def __init__(self, status: int, code: str, message: str, fields: list[str] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message, self.fields = status, code, message, fields
        self.more: dict[str, Any] = {}

    def response(self) -> Response:
        """Return the REST form: an array of {message, errorCode[, fields]} and what an error tells besides."""
        error: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            error["fields"] = self.fields
        return Response(self.status, [error | self.more])

    def save_error(self) -> dict[str, Any]:
        """Return the form used inside collections, where the code's key is `statusCode`."""
        return {"statusCode": self.code, "message": self.message, "fields": self.fields or []}


def not_found(message: str = "The requested resource does not exist") -> ApiError:
    """Return the 404 for a path, an object or a row that is not there."""
    return ApiError(404, "NOT_FOUND", message)


def deleted() -> ApiError:
    """Return the 404 for a write to a row that is in the recycle bin."""
    return ApiError(404, "ENTITY_IS_DELETED", "entity is deleted", [])


def not_shared() -> ApiError:
    """Return the error for a write to, or a reference to, a record that the user does not see."""
    return ApiError(400, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "insufficient access rights on cross-reference id", [])


def id_given() -> ApiError:
    """Return the 400 for a record that is named by the call and by its own data."""
    return ApiError(400, "INVALID_FIELD_FOR_INSERT_UPDATE", "The Id field should not be specified in the sobject data.", ["Id"])


def malformed_query(message: str) -> ApiError:
    """Return the 400 for SOQL that the grammar does not take."""
    return ApiError(400, "MALFORMED_QUERY", message)


def invalid_field(message: str) -> ApiError:
    """Return the 400 for a field that is unknown, hidden, or used against its type."""
    return ApiError(400, "INVALID_FIELD", message)


def no_such_column(field: str, entity: str) -> ApiError:
    """Return the SOQL error for an unknown (or hidden: the two look the same) field."""
    return invalid_field(
        f"No such column '{field}' on entity '{entity}'. If you are attempting to use a custom field, "
        "be sure to append the '__c' after the custom field name."
    )


def bad_value(kind: str, value: object) -> ApiError:
    """Return the 400 for a JSON value of the wrong type."""
    tokens = {bool: f"VALUE_{str(value).upper()}", int: "VALUE_NUMBER_INT", float: "VALUE_NUMBER_FLOAT", str: "VALUE_STRING"}
    token = tokens.get(type(value), "START_ARRAY" if isinstance(value, list) else "START_OBJECT")
    return ApiError(
        400, "JSON_PARSER_ERROR", f"Cannot deserialize instance of {kind} from {token} value {value} or request may be missing a required field"
    )
