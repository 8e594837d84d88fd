"""Salesforce as the console sees it: by its admin orders and its own description of objects and fields."""

from collections.abc import Mapping
from typing import Any, ClassVar

from leadhub_sandbox.console.model import SURE, Act, Change, Field, Kind, Related, Row, picked
from leadhub_sandbox.http import SandboxServer
from leadhub_sandbox.orders import Orders

_COLUMNS = (
    *("Username", "MasterLabel", "Email", "Company", "Status", "StageName", "Amount", "Type", "IsActive"),
    *("LeadId", "ContactId", "OpportunityId", "Field", "OldValue", "NewValue", "Role", "SortOrder", "SobjectType"),
)
_TITLES = ("Name", "ApiName", "Username", "IsoCode", "Field", "Role")
_MOST_COLUMNS = 5
_FIRST = ("LastName", "FirstName", "Name", "Email", "Phone", "Company", "Status", "AccountId", "StageName", "CloseDate", "Amount")
_HINTS = ("date", "datetime", "int", "double", "currency", "percent")
_OWNERS = ("User", "Group")
_KINDS = {"textarea": "long", "picklist": "choice", "multipicklist": "choices", "boolean": "flag", "reference": "pick"}


class Salesforce:
    """One org."""

    name: ClassVar[str] = "salesforce"
    title: ClassVar[str] = "Salesforce"
    person: ClassVar[str] = "Jane Novak"

    def __init__(self, server: SandboxServer) -> None:
        self.orders = Orders(server)
        self.address = server.url

    def facts(self) -> list[tuple[str, str]]:
        """Return address, client and people."""
        account = self.orders.get("account")
        people = ", ".join(account["usernames"])
        return [
            ("Address", self.address),
            ("Client id", account["client_id"]),
            ("Client secret", account["client_secret"]),
            ("User names", people),
            ("Password of each", account["password"]),
            ("Organization id", account["organization_id"]),
        ]

    def kinds(self) -> list[Kind]:
        """Return the objects; those that clients write come first."""
        described = sorted(self.orders.get("describe"), key=lambda one: not one["createable"])
        return [self._kind(one) for one in described]

    def _kind(self, described: Mapping[str, Any]) -> Kind:
        fields = {field["name"] for field in self.orders.get(f"describe/{described['name']}")["fields"]}
        columns = tuple(name for name in _COLUMNS if name in fields)[:_MOST_COLUMNS]
        return Kind(described["name"], described["labelPlural"], columns, _FIRST, described["createable"], described["mergeable"])

    def fields(self, kind: Kind) -> list[Field]:
        """Return the fields that the org's people see."""
        described = self.orders.get(f"describe/{kind.name}")["fields"]
        return [self._field(one) for one in described if one["type"] != "address"]

    def _field(self, told: Mapping[str, Any]) -> Field:
        options = tuple((value["value"], value["label"]) for value in told["picklistValues"])
        asked = _KINDS.get(told["type"], "text")
        if set(told["referenceTo"]) & set(_OWNERS) and told["updateable"]:
            asked, options = "choice", self._owners(told["referenceTo"])
        elif asked == "pick":
            options = self._targets(told["referenceTo"]) if told["updateable"] or told["createable"] else ()
        required = told["createable"] and not told["nillable"] and not told["defaultedOnCreate"]
        hint = told["type"] if told["type"] in _HINTS else ""
        return Field(
            told["name"], told["label"], asked, hint, options, told["createable"], told["updateable"], required, given=_text(told["defaultValue"])
        )

    def _owners(self, objects: list[str]) -> tuple[tuple[str, str], ...]:
        rows = [row for name in objects for row in self.orders.get(f"records/{name}")]
        return tuple((row["Id"], row["Name"]) for row in rows if _may_own(row))

    def _targets(self, objects: list[str]) -> tuple[tuple[str, str], ...]:
        return picked([row for name in objects for row in self._rows(name)])

    def rows(self, kind: Kind) -> list[Row]:
        """Return the records, the newest first."""
        return self._rows(kind.name)

    def _rows(self, name: str) -> list[Row]:
        return [_row(row) for row in reversed(self.orders.get(f"records/{name}"))]

    def row(self, kind: Kind, row_id: str) -> Row | None:
        """Return one record."""
        return next((row for row in self.rows(kind) if row.id == row_id), None)

    def changes(self, kind: Kind, row: Row) -> list[Change]:
        """Return what the org keeps of the record's history: the fields that the setting `field_history` names."""
        if kind.name not in ("Lead", "Contact"):
            return []
        people = {one["Id"]: one["Name"] for one in self.orders.get("records/User")}
        kept = [one for one in self.orders.get(f"records/{kind.name}History") if one[f"{kind.name}Id"] == row.id]
        return [
            Change(one["CreatedDate"], one["Field"], _text(one["OldValue"]), _text(one["NewValue"]), people.get(one["CreatedById"], ""))
            for one in reversed(kept)
        ]

    def related(self, kind: Kind, row: Row) -> list[Related]:
        """Return the records that this one refers to, and those that refer to it by a field of their own."""
        prefixes = {one["keyPrefix"]: one["name"] for one in self.orders.get("describe")}
        described = self.orders.get(f"describe/{kind.name}")
        found = [
            Related(field["label"], prefixes.get(row.values[field["name"]][:3], ""), row.values[field["name"]], "")
            for field in described["fields"]
            if field["referenceTo"] and row.values.get(field["name"])
        ]
        named = [Related(one.how, one.kind, one.id, self._title(one.kind, one.id)) for one in found if one.kind]
        return named + [other for child in described["childRelationships"] if child["relationshipName"] for other in self._children(child, row)]

    def _title(self, name: str, row_id: str) -> str:
        return next((row.title for row in self._rows(name) if row.id == row_id), row_id)

    def _children(self, child: Mapping[str, Any], row: Row) -> list[Related]:
        name = child["childSObject"]
        if name.endswith("History"):
            return []
        there = [one for one in self._rows(name) if one.values.get(child["field"]) == row.id and not one.gone]
        return [Related(child["relationshipName"], name, one.id, one.title) for one in there]

    def acts(self, kind: Kind, row: Row) -> list[Act]:
        """Return what Salesforce's pages offer."""
        if not kind.creatable:
            return []
        if row.gone:
            return [Act("undelete", "Undelete"), Act("purge", "Purge from the recycle bin", (SURE,), danger=True)]
        acts = [Act("convert", "Convert", self._convert_fields())] if kind.name == "Lead" and row.values.get("IsConverted") != "true" else []
        if kind.mergeable:
            other = Field("other", "The other's id: it goes into the recycle bin", "pick", options=picked(self.rows(kind), row), required=True)
            acts.append(Act("merge", "Merge another into this one", (other,)))
        return [*acts, Act("delete", "Delete", danger=True)]

    def _convert_fields(self) -> tuple[Field, ...]:
        statuses = tuple((one["ApiName"], one["MasterLabel"]) for one in self.orders.get("settings")["statuses"] if one["IsConverted"])
        return (
            Field("status", "Status", "choice", options=statuses, given=statuses[0][0] if statuses else "", required=True),
            Field("create_opportunity", "With an opportunity", "flag", given="true"),
            Field("opportunity_name", "Name of the opportunity"),
            Field("account_id", "Into this account, or a new one", "pick", options=self._targets(["Account"])),
            Field("contact_id", "Into this contact, or a new one", "pick", options=self._targets(["Contact"])),
        )

    def create(self, kind: Kind, values: Mapping[str, str]) -> str:
        """Make a record; Salesforce reads numbers, dates and booleans out of texts, and a blank as none."""
        return str(self.orders.post("create", object=kind.name, fields=dict(values))["id"])

    def edit(self, kind: Kind, row: Row, values: Mapping[str, str]) -> None:
        """Change fields."""
        self.orders.post("edit", object=kind.name, id=row.id, fields=dict(values))

    def do(self, kind: Kind, row: Row, act: str, values: Mapping[str, str]) -> str | None:
        """Give the order."""
        named: dict[str, Any] = {"object": kind.name, "id": row.id}
        match act:
            case "convert":
                said: dict[str, Any] = {name: value for name, value in values.items() if value}
                self.orders.post("convert", id=row.id, **said | {"create_opportunity": said.get("create_opportunity") == "true"})
            case "merge":
                self.orders.post("merge", object=kind.name, winner=row.id, losers=[values.get("other", "")])
            case _:
                self.orders.post(act, **named)
        return None if act == "purge" else row.id


def _may_own(row: Mapping[str, Any]) -> bool:
    """Say whether a user or a group can be offered as an owner: an active person, or a queue."""
    return row.get("IsActive", True) and row.get("Type", "Queue") == "Queue" and row.get("UserType") != "AutomatedProcess"


def _row(row: Mapping[str, Any]) -> Row:
    values = {name: _text(value) for name, value in row.items()}
    title = next((values[name] for name in _TITLES if values.get(name)), values["Id"])
    gone = ("merged away" if row.get("MasterRecordId") else "in the recycle bin") if row.get("IsDeleted") else ""
    return Row(values["Id"], title, values, values.get("LastModifiedDate") or values.get("CreatedDate", ""), gone)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
