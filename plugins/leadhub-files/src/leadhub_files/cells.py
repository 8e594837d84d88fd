"""Cells to values: blanks, yes and no, dates as a column declares them, and what is no e-mail address or phone number. Pure; it runs for every cell."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from leadhub import NativeValue
from leadhub.values.booleans import yes_or_no
from leadhub.values.dates import parse_date, parse_instant
from leadhub.values.email import email_problem
from leadhub.values.fields import FIELDS
from leadhub.values.headers import FULL_NAME, OPT_IN, form
from leadhub.values.names import split_name
from leadhub.values.phone import phone_display, phone_problem
from leadhub_files.headers import Columns

Read = Callable[[str], str | None]
"""Returns the value of a trimmed cell that is not blank, None for one that says nothing. Raises ValueError, which says what the cell is not."""

_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@(?:[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\.)+[A-Za-z]{2,24}").fullmatch
"""Most addresses are of this form, and need no closer look."""
_PHONES = frozenset({"phone", "mobile", "fax"})
_FEWEST_DIGITS = 4
"""The shortest numbers that somebody can be called at have so many; "n/a" and "see above" have none."""


def _email(cell: str) -> str:
    if _PLAIN_ADDRESS(cell) is None and email_problem(cell) is not None:
        raise ValueError("no e-mail address")
    return cell


def _phone(cell: str) -> str:
    if sum(map(str.isdigit, cell)) < _FEWEST_DIGITS:
        raise ValueError("no phone number")
    if "e" in cell.lower() and not phone_display(
        cell
    ):  # a look at the letters first: most numbers have none, and are read once more with their country
        raise ValueError(f"no phone number, for {phone_problem(cell)}")
    return cell


def _consent(*, yes_refuses: bool, explicit: bool) -> Read:
    """A refusal counts at once. Its opposite says nothing unless the deployment takes it for an explicit permission."""

    def read(cell: str) -> str | None:
        said = yes_or_no(cell)
        if said is None:
            raise ValueError("neither yes nor no")
        if said is yes_refuses:
            return "true"
        return "false" if explicit else None

    return read


def _dated(pattern: str | None, kind: str) -> Read:
    """A day, or an instant where the field holds one and the cell has a time: by the column's format, else as ISO 8601 or with the month in words."""

    def read(cell: str) -> str:
        instant = parse_instant(cell, pattern) if kind == "instant" else None
        found = instant or parse_date(cell, pattern)
        if found is None:
            raise ValueError(
                f'not of the form "{pattern}"' if pattern else 'no date that can be read in one way only; say how it is written in "formats"'
            )
        return found.isoformat()

    return read


def _reader(field: str, pattern: str | None, *, explicit: bool) -> Read | None:
    """Return what reads the cells of a field; None for one whose cells are taken as they are."""
    if field == OPT_IN:
        return _consent(yes_refuses=False, explicit=explicit)
    kind = FIELDS[field].kind.name if field in FIELDS else "text"
    match kind:
        case "email" if field == "email":  # an owner may be a queue
            return _email
        case "phone":
            return _phone
        case "date" | "instant":
            return _dated(pattern, kind)
        case "boolean":
            return _consent(yes_refuses=True, explicit=explicit)
        case _:
            return None


class CellReader:
    """Reads the rows of one file. `problems`: the rows of values that could not be meant, by header and by what they are not; those are left out.

    `doubts`: the same of phone numbers that cannot be dialed as they are written; those are kept as typed.
    """

    def __init__(self, layout: Columns, *, formats: Mapping[str, str], region: str | None, explicit: bool) -> None:
        self.problems: dict[tuple[str, str], list[int]] = {}
        self.doubts: dict[tuple[str, str], list[int]] = {}
        self._layout = layout
        self._region = region
        patterns = {form(header): pattern for header, pattern in formats.items()}
        self._plain: list[tuple[str, int]] = []
        self._read: list[tuple[str, int, Read]] = []
        self._full_name = layout.fields.get(FULL_NAME)
        for field, i in layout.fields.items():
            read = None if field == FULL_NAME else _reader(field, patterns.get(form(layout.names[i])), explicit=explicit)
            if read is not None:
                self._read.append(("email_opt_out" if field == OPT_IN else field, i, read))
            elif field != FULL_NAME:
                self._plain.append((field, i))

    def values(self, number: int, cells: Sequence[str]) -> dict[str, NativeValue]:
        """Return the values of a row: None for a blank, and no key at all where a blank, or what the cell says, tells nothing."""
        values: dict[str, NativeValue] = {field: cells[i].strip() or None for field, i in self._plain}
        for field, i, read in self._read:
            cell = cells[i].strip()
            if not cell:
                if FIELDS[field].merge != "restrictive":  # a file that is silent about consent takes nothing back
                    values.setdefault(field, None)
                continue
            try:
                value = read(cell)
            except ValueError as problem:
                self.problems.setdefault((self._layout.names[i], str(problem)), []).append(number)
                continue
            if value is not None and values.get(field) != "true":  # of an opt-in and an opt-out column the refusal counts
                values[field] = value
        if self._full_name is not None:
            _add_names(values, cells[self._full_name].strip())
        self._look_at_phones(number, values)
        return values

    def _look_at_phones(self, number: int, values: dict[str, NativeValue]) -> None:
        """Read local phone numbers as those of the deployment's country, where the row has none of its own, and note what cannot be dialed."""
        country = str(values.get("country") or "")
        region = (FIELDS["country"].kind.display(country, None) if country else self._region) or None
        for field in _PHONES & values.keys():
            if isinstance(cell := values[field], str):
                if (problem := phone_problem(cell, region)) is not None:
                    self.doubts.setdefault((self._layout.names[self._layout.fields[field]], problem), []).append(number)
                if not country and region is not None:
                    values[field] = phone_display(cell, region)

    def forget(self, number: int) -> None:
        """Leave out what was said of the last row, which was rejected as a whole."""
        for noted in (self.problems, self.doubts):
            for problem, numbers in list(noted.items()):
                if numbers[-1] == number:
                    numbers.pop()
                if not numbers:
                    del noted[problem]


class IdentityReader(CellReader):
    """Reads no more of a row than tells whom it is about."""

    def __init__(self, layout: Columns, *, formats: Mapping[str, str], region: str | None, explicit: bool) -> None:
        telling = {field: i for field, i in layout.fields.items() if field in {"email", "first_name", "last_name", FULL_NAME}}
        super().__init__(replace(layout, fields=telling), formats=formats, region=None, explicit=explicit)
        self._all = CellReader(layout, formats=formats, region=region, explicit=explicit)

    def values(self, number: int, cells: Sequence[str]) -> dict[str, NativeValue]:
        """Return the address and the name; all values where there is no address, since the row's id is then made of them."""
        values = super().values(number, cells)
        return values if values.get("email") is not None else self._all.values(number, cells)


def _add_names(values: dict[str, NativeValue], full: str) -> None:
    """Split a full name, where the row has neither of its parts."""
    if values.get("first_name") or values.get("last_name"):
        return
    name = split_name(full)
    values["first_name"], values["last_name"] = name.first or None, name.last or None
