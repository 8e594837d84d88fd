"""What one file's columns hold, as far as reading it needs: the fields, the column of ids, and what is left out. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from leadhub.values.fields import FIELDS
from leadhub.values.headers import FULL_NAME, Question, form, recognize_headers
from leadhub_files.mapping import KEYS


class HeaderError(Exception):
    """The header does not tell what is needed. `str(error)` says what and what to do; `questions` are what a person could answer."""

    def __init__(self, message: str, questions: tuple[Question, ...] = ()) -> None:
        super().__init__(message)
        self.questions = questions


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column holds what: `fields` by name, `key` identifies a row, `unused` are the headers of the rest.

    `width` is how many columns have a header; `missing` are headers that the deployment named and that this file does not have.
    """

    names: tuple[str, ...]
    width: int
    fields: Mapping[str, int]
    key: int | None
    unused: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def own_id(self) -> int | None:
        """The column of ids, None where a row is known by its address: then the addresses of one person may be spelled in several ways."""
        return None if self.key == self.fields.get("email") else self.key


def columns(
    header: Sequence[str], *, own: Mapping[str, str], key: str | None, wanted: Collection[str], sample: Sequence[Sequence[str]] = ()
) -> Columns:
    """Return what the columns hold. `own` (the deployment's words) outranks the known ones; a `wanted` name beyond the fields is looked up as it is.

    `sample` are the first rows, which settle what the headers leave open. Raises HeaderError.
    """
    names = tuple(cell.strip() for cell in header)
    key_column = _key(names, key)
    reading = recognize_headers(names, sample, own, [name for name in wanted if name not in FIELDS])
    if reading.questions:
        raise HeaderError(" ".join(question.text for question in reading.questions), reading.questions)
    fields = {field: i for i, field in reading.fields.items()}
    if not fields.keys() & {"email", "last_name", FULL_NAME}:
        raise HeaderError(
            f"No column is known to hold an e-mail address or a last name. The header has: {_listed(names)}."
            ' Name them: headers = { "YOUR HEADER" = "email" }.'
        )
    unused = tuple(names[i] for i in reading.unknown if i != key_column)
    missing = tuple(name for name in own if form(name) not in set(map(form, names)))
    width = max((i + 1 for i, name in enumerate(names) if name), default=0)
    return Columns(names, width, fields, key_column, unused, missing)


def _key(names: Sequence[str], key: str | None) -> int | None:
    if key is not None:
        chosen = [i for i, name in enumerate(names) if form(name) == form(key)]
        if len(chosen) != 1:
            raise HeaderError(f'{"No" if not chosen else "More than one"} column is called "{key}" (key). The header has: {_listed(names)}.')
        return chosen[0]
    for candidate in KEYS:
        chosen = [i for i, name in enumerate(names) if form(name) == form(candidate)]
        if len(chosen) == 1:
            return chosen[0]
    return None


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names if name) or "nothing"
