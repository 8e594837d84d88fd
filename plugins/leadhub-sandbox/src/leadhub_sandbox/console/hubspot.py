"""HubSpot as the console sees it: by its admin orders and its own description of objects and properties."""

from collections.abc import Mapping
from typing import Any, ClassVar

from leadhub_sandbox.console.model import SURE, Act, Change, Field, Kind, Related, Row, picked
from leadhub_sandbox.http import SandboxServer
from leadhub_sandbox.orders import Orders, RefusedError

_COLUMNS = {
    "contacts": ("email", "company", "lifecyclestage", "hs_lead_status"),
    "deals": ("amount", "dealstage", "closedate"),
    "leads": ("hs_pipeline_stage", "hs_lead_type"),
}
_FIRST = ("email", "firstname", "lastname", "company", "phone", "lifecyclestage", "hs_lead_status", "dealname", "amount", "dealstage", "hs_lead_name")
_REQUIRED = {"deals": ("dealname", "dealstage"), "leads": ("hs_lead_name",)}
_PRIMARY_CONTACT = 578
_YES_NO = (("true", "true"), ("false", "false"))
_CONTACTS = "contacts"


class HubSpot:
    """One account."""

    name: ClassVar[str] = "hubspot"
    title: ClassVar[str] = "HubSpot"
    person: ClassVar[str] = "jane@people.example"

    def __init__(self, server: SandboxServer) -> None:
        self.orders = Orders(server)
        self.address = server.url

    def facts(self) -> list[tuple[str, str]]:
        """Return address, key and the OAuth app."""
        account = self.orders.get("account")
        oauth = account["oauth"]
        return [
            ("Address", self.address),
            ("Service key", account["token"]),
            ("OAuth client id", oauth["clientId"]),
            ("OAuth client secret", oauth["clientSecret"]),
            ("OAuth refresh token", oauth["refreshToken"]),
            ("Account id", str(account["portalId"])),
        ]

    def kinds(self) -> list[Kind]:
        """Return contacts, deals and leads."""
        return [
            Kind(one["name"], one["name"].capitalize(), _COLUMNS[one["name"]], _FIRST, creatable=True, mergeable=one["mergeable"])
            for one in self.orders.get("describe")
        ]

    def fields(self, kind: Kind) -> list[Field]:
        """Return the properties; a lead is made with the contact that it is about."""
        found = [_field(one, kind) for one in self.orders.get(f"describe/{kind.name}")["properties"]]
        if kind.name == "leads":
            contacts = picked(self._rows(_CONTACTS))
            found.insert(0, Field("contact", "The contact that it is about", "pick", options=contacts, create=True, required=True))
        return found

    def rows(self, kind: Kind) -> list[Row]:
        """Return the records, the newest first."""
        return self._rows(kind.name)

    def _rows(self, name: str) -> list[Row]:
        told = self.orders.get("records")
        return [_row(one) for one in reversed(told["results" if name == _CONTACTS else name])]

    def _one(self, name: str, row_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.orders.get(f"records/{name}/{row_id}")
        return found

    def row(self, kind: Kind, row_id: str) -> Row | None:
        """Return one record; an id that was merged away leads to the record that is left."""
        try:
            return _row(self._one(kind.name, row_id))
        except RefusedError:
            return None

    def changes(self, kind: Kind, row: Row) -> list[Change]:
        """Return every value that a property had, with who set it."""
        kept = self._one(kind.name, row.id).get("propertiesWithHistory", {})
        found = []
        for name, versions in kept.items():
            before = [*(version["value"] for version in versions[1:]), ""]
            found += [
                Change(version["timestamp"], name, old, version["value"], f"{version['sourceType']}, {version['sourceLabel']}")
                for version, old in zip(versions, before, strict=True)
            ]
        return sorted(found, key=lambda change: change.at, reverse=True)

    def related(self, kind: Kind, row: Row) -> list[Related]:
        """Return the records that are associated with this one."""
        ends = self._one(kind.name, row.id).get("associations", {})
        return [
            Related(entry["type"].replace("_", " "), name, entry["id"], _row(self._one(name, entry["id"])).title)
            for name, held in ends.items()
            for entry in held["results"]
        ]

    def acts(self, kind: Kind, row: Row) -> list[Act]:
        """Return what HubSpot's pages offer."""
        purge = [Act("purge", "Delete for privacy", (SURE,), danger=True)] if kind.name == _CONTACTS else []
        if row.gone:
            return [Act("restore", "Restore"), *purge]
        acts = []
        if kind.mergeable:
            other = Field("other", "The other's id: this record stays the primary one", "pick", options=picked(self.rows(kind), row), required=True)
            acts.append(Act("merge", "Merge another into this one", (other,)))
        return [*acts, Act("archive", "Archive", danger=True), *purge]

    def create(self, kind: Kind, values: Mapping[str, str]) -> str:
        """Make a record."""
        given = dict(values)
        links = {}
        if contact := given.pop("contact", ""):
            kinds = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": _PRIMARY_CONTACT}]
            links = {"associations": [{"to": {"id": contact}, "types": kinds}]}
        return str(self.orders.post("create", object=kind.name, properties=given, **links)["id"])

    def edit(self, kind: Kind, row: Row, values: Mapping[str, str]) -> None:
        """Change properties; a blank clears."""
        self.orders.post("edit", object=kind.name, id=row.id, properties=dict(values))

    def do(self, kind: Kind, row: Row, act: str, values: Mapping[str, str]) -> str | None:
        """Give the order."""
        if act == "merge":
            return str(self.orders.post("merge", primaryObjectId=row.id, objectIdToMerge=values.get("other", ""))["id"])
        self.orders.post(act, object=kind.name, id=row.id)
        return None if act == "purge" else row.id


def _field(told: Mapping[str, Any], kind: Kind) -> Field:
    options = tuple((one["value"], one["label"]) for one in sorted(told["options"], key=lambda one: int(one["displayOrder"])) if not one["hidden"])
    asked, hint = "text", "" if told["type"] == "string" else str(told["type"])
    if told["type"] == "bool":
        asked, hint, options = "choice", "", _YES_NO
    elif options:
        asked, hint = ("choices" if told["fieldType"] == "checkbox" else "choice"), ""
    elif told["fieldType"] == "textarea":
        asked = "long"
    required = told["name"] in _REQUIRED.get(kind.name, ())
    return Field(told["name"], told["label"], asked, hint, options, told["byHand"], told["byHand"], required)


def _row(told: Mapping[str, Any]) -> Row:
    values = {name: "" if value is None else str(value) for name, value in told["properties"].items()}
    name = " ".join(values[part] for part in ("firstname", "lastname") if values.get(part))
    title = name or next((values[key] for key in ("dealname", "hs_lead_name", "email") if values.get(key)), str(told["id"]))
    return Row(str(told["id"]), title, values, told["updatedAt"], "archived" if told["archived"] else "")
