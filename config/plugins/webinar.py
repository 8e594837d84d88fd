"""A connector in a single file: reads the people who registered for a webinar from the JSON that the webinar tool exports.

Copy it, rename it, and change what differs. A file in a deployment's `plugins/` folder is found without being installed.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel

from leadhub import Context, Cursor, FatalError, FieldMapping, Identity, ObjectMapping, Page, Record, Source, hookimpl

FIELDS = {"email": "mail", "first_name": "first", "last_name": "last", "company": "company", "phone": "phone", "job_title": "role"}


class WebinarSettings(BaseModel):
    """Where the export lies: {"webinar": name, "host": who, "registrations": [{"id", "changed", "mail", "first", …}]}."""

    base: Path = Path()
    path: Path = Path("webinar.json")


class Webinar:
    """Cursor: the newest `changed` that was read. A run begins with it again, since another row may have the same second."""

    name: ClassVar[str] = "webinar"
    settings_model: ClassVar[type[BaseModel]] = WebinarSettings
    mappings: ClassVar[tuple[ObjectMapping, ...]] = (ObjectMapping("registration", tuple(FieldMapping(*pair) for pair in FIELDS.items())),)

    def __init__(self, context: Context) -> None:
        self.file = context.settings.base / context.settings.path

    def check(self) -> Identity:
        """Say whose export it is."""
        export = self.export()
        return Identity(export["webinar"], export["webinar"], production=False, user=export["host"])

    def pull(self, since: Cursor | None) -> Iterator[Page]:
        """Yield the registrations that changed, oldest first, a hundred a page."""
        rows = sorted(self.export()["registrations"], key=lambda row: row["changed"])
        rows = [row for row in rows if since is None or row["changed"] >= since]
        for start in range(0, max(len(rows), 1), 100):
            page = rows[start : start + 100]
            yield Page(tuple(map(self.record, page)), page[-1]["changed"] if page else since)

    def record(self, row: dict[str, Any]) -> Record:
        """Return a row as a record: an empty text is a known blank, a key that is not there is unknown."""
        return Record("registration", str(row["id"]), {name: row[name] or None for name in FIELDS.values() if name in row})

    def export(self) -> Any:
        """Read the file, and say in leadhub's words when that fails."""
        try:
            return json.loads(self.file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise FatalError(f"{self.file} cannot be read: {error}", next_step="Export the webinar again.") from error


@hookimpl
def register_connectors() -> Sequence[type[Source]]:
    """Return the connector of this file."""
    return [Webinar]
