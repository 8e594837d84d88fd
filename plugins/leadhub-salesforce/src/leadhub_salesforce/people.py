"""Who can own records, and who changed them: users, queues, field history, and who saved last. Reads only."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from leadhub import Author, Owner
from leadhub_salesforce.client import Client, format_soql
from leadhub_salesforce.errors import ReadRefused
from leadhub_salesforce.reading import NAMES_AT_ONCE, READ_AT_ONCE, parts
from leadhub_salesforce.schema import Field, Schema
from leadhub_salesforce.values import full_id, is_id, parse_time

PERSONS = ("Standard", "PowerPartner")
"""The user types of people who work in an org (object reference, User.UserType): not the Automated Process user, guests or customers."""

LONGEST_KEPT = 255
"""Field history keeps no values of longer fields (help, "Field History Tracking"): there the newest row cannot be compared."""

_USERS = format_soql("SELECT Id, Name, Email, IsActive FROM User WHERE UserType IN {} ORDER BY Id", list(PERSONS))
_QUEUES = "SELECT Id, Name FROM Group WHERE Type = 'Queue' ORDER BY Id"
_NAMED = "SELECT Id, Name, UserType FROM User WHERE Id IN {}"
_SAVED = ("LastModifiedById", "LastModifiedDate")
_HISTORY = (
    "SELECT {:literal}, Field, NewValue, CreatedDate, CreatedById, CreatedBy.Name, CreatedBy.UserType FROM {:literal}"
    " WHERE {:literal} IN {} AND Field IN {} ORDER BY CreatedDate DESC, Id DESC"
)


class People:
    """Reads users, queues and histories of one org."""

    def __init__(self, client: Client, schema: Callable[[str], Schema]) -> None:
        self._client = client
        self._schema = schema
        self._own_id: str | None = None
        self._users: dict[str, Mapping[str, Any]] = {}

    def owners(self) -> Iterator[Owner]:
        """Yield the users who can own a record, inactive ones too, and the queues; two calls for up to 2,000 of each."""
        for row in self._client.rows(_USERS):
            yield Owner(row["Id"], row["Name"], row["Email"], active=bool(row["IsActive"]))
        for row in self._client.rows(_QUEUES):
            yield Owner(row["Id"], row["Name"], queue=True)

    def authors(self, object_name: str, ids: Sequence[str], fields: Sequence[str]) -> dict[tuple[str, str], Author]:
        """Return who set the present values, by (record id, field), as far as field history tells.

        Nothing for a field that is not tracked, and nothing where the newest row is not about the present value: tracking was off when it was set.
        """
        schema = self._schema(object_name)
        tracked = {_name_in_history(schema.fields[name]): schema.fields[name] for name in schema.visible(fields)}
        asked = {text: full_id(text) for text in ids if is_id(text)}
        found: dict[tuple[str, str], Author] = {}
        if tracked and asked:
            for part in parts(sorted(set(asked.values())), NAMES_AT_ONCE):
                found |= self._newest(object_name, part, tracked)
        return {
            (text, field.name): found[full, field.name] for text, full in asked.items() for field in tracked.values() if (full, field.name) in found
        }

    def _newest(self, object_name: str, ids: list[str], tracked: Mapping[str, Field]) -> dict[tuple[str, str], Author]:
        try:
            newest = self._rows(object_name, ids, tracked)
        except ReadRefused as error:
            if error.code == "INVALID_TYPE":  # no history of this object for this login
                return {}
            raise
        present: dict[str, Mapping[str, Any]] = {}
        for part in parts(sorted({row_id for row_id, _ in newest}), READ_AT_ONCE):
            read = self._client.read_many(object_name, part, [field.name for field in tracked.values()])
            present |= {row["Id"]: row for row in read if row}
        found: dict[tuple[str, str], Author] = {}
        for (row_id, name), row in newest.items():
            field = tracked[name]
            if row_id in present and _is_about(row["NewValue"], present[row_id].get(field.name), field):
                found[row_id, field.name] = self._author(row)
        return found

    def _rows(self, object_name: str, ids: list[str], tracked: Mapping[str, Field]) -> dict[tuple[str, str], dict[str, Any]]:
        """Return the newest row of each record and field. A new owner makes two rows, of which the one with ids counts."""
        parent = f"{object_name}Id"
        newest: dict[tuple[str, str], dict[str, Any]] = {}
        for row in self._client.rows(format_soql(_HISTORY, parent, f"{object_name}History", parent, ids, list(tracked))):
            if tracked[row["Field"]].type == "reference" and not is_id(str(row["NewValue"] or "")):
                continue
            newest.setdefault((row[parent], row["Field"]), row)
        return newest

    def modified(self, object_name: str, ids: Sequence[str]) -> dict[str, Author]:
        """Return who saved the records last, by the id asked for; nothing of a record that is gone, or of a user who is out of sight.

        It says nothing of any one field: a background process may change one and leave these stamps as they are.
        """
        if len(self._schema(object_name).visible(_SAVED)) < len(_SAVED):
            return {}
        asked = {text: full_id(text) for text in ids if is_id(text)}
        saved: dict[str, Mapping[str, Any]] = {}
        for part in parts(sorted(set(asked.values())), READ_AT_ONCE):
            saved |= {row["Id"]: row for row in self._client.read_many(object_name, part, list(_SAVED)) if row}
        self._meet({str(row["LastModifiedById"]) for row in saved.values()})
        return {
            text: self._named(user, row["LastModifiedById"], row["LastModifiedDate"])
            for text, full in asked.items()
            if (row := saved.get(full)) and (user := self._users.get(row["LastModifiedById"]))
        }

    def _meet(self, ids: Collection[str]) -> None:
        for part in parts(sorted(set(ids) - self._users.keys()), NAMES_AT_ONCE):
            self._users |= {row["Id"]: row for row in self._client.rows(format_soql(_NAMED, part))}

    def _author(self, row: Mapping[str, Any]) -> Author:
        return self._named(row.get("CreatedBy") or {}, row["CreatedById"], row["CreatedDate"])

    def _named(self, user: Mapping[str, Any], user_id: str, at: str) -> Author:
        if self._own_id is None:
            self._own_id = str(self._client.user_info().get("user_id", ""))
        is_person = user.get("UserType") in PERSONS and user_id != self._own_id
        return Author("person" if is_person else "automation", str(user.get("Name") or ""), parse_time(at))


def _name_in_history(field: Field) -> str:
    """Return a field's name as history has it: `OwnerId` is `Owner` there."""
    return field.name.removesuffix("Id") if field.type == "reference" else field.name


def _is_about(noted: object, present: object, field: Field) -> bool:
    if field.length > LONGEST_KEPT or field.type == "multipicklist":
        return True
    if field.type == "reference":
        return present is not None and full_id(str(noted)) == full_id(str(present))
    return str(noted).lower() == str(present).lower()
