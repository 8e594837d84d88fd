"""What a deployment says about its files."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from leadhub.values.fields import FIELDS
from leadhub.values.headers import IGNORE, NAMES
from leadhub_files.mapping import OPTIONS


def _one_character(text: str) -> str:
    if text != "auto" and len(text) != 1:
        raise ValueError('"auto" or one character, for instance ";"')
    return text


def _canonical(headers: dict[str, str]) -> dict[str, str]:
    for header, name in headers.items():
        if name not in NAMES and name != IGNORE:
            raise ValueError(f'"{header}" = "{name}": leadhub has no such field; it has {", ".join(NAMES)}; "{IGNORE}" leaves the column out')
    return headers


def _encoding(name: str) -> str:
    try:
        "".encode(name)
    except LookupError as error:
        raise ValueError(f'"{name}" is no encoding of text; common are "utf-8", "cp1252" (Windows), "mac_roman", "utf-16", "shift_jis"') from error
    return name


def _region(code: str) -> str:
    if len(code) != 2 or not code.isalpha():
        raise ValueError('a country by its two letters (ISO 3166-1), for instance "DE"')
    return code.upper()


def _date_formats(formats: dict[str, str]) -> dict[str, str]:
    sample = datetime(2026, 11, 27, 13, 5, tzinfo=UTC)
    for header, pattern in formats.items():
        try:
            read = datetime.strptime(sample.strftime(pattern), pattern).replace(tzinfo=UTC)
        except ValueError as error:
            raise ValueError(f'"{header}" = "{pattern}" is no format of a date: {error}') from error
        if read.date() != sample.date():
            raise ValueError(f'"{header}" = "{pattern}" does not tell day, month and year: "%d.%m.%Y" reads 27.11.2026')
    return formats


Delimiter = Annotated[str, AfterValidator(_one_character)]


class _Settings(BaseModel):
    """`base` is the deployment's folder, against which a relative `path` is taken."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Annotated[str, Field(min_length=1)]
    base: Path = Path()


class FilesSettings(_Settings):
    """The settings of one system of files.

    `path` may hold `*`, `?`, `[…]` and `**`. `headers` names the columns that are not known already ({own header: field, or "ignore"}), and outranks
    them. `key` is the header of the column that identifies a row; without it the connector looks for a column of ids, then takes the e-mail address,
    then the row's content. `formats` says how the dates of a column are written ({header: a format of strptime}). `region` is the country of local
    phone numbers in rows without a country. `consent = "explicit"` takes a yes to e-mails as permission; otherwise only a no counts.
    """

    headers: Annotated[dict[str, str], AfterValidator(_canonical)] = {}
    delimiter: Delimiter = "auto"
    encoding: Annotated[str, AfterValidator(_encoding)] = "utf-8-sig"
    key: str | None = None
    formats: Annotated[dict[str, str], AfterValidator(_date_formats)] = {}
    region: Annotated[str, AfterValidator(_region)] | None = None
    consent: Literal["restrictive", "explicit"] = "restrictive"


def _columns(names: tuple[str, ...]) -> tuple[str, ...]:
    known = (*FIELDS, *OPTIONS)
    for name in names:
        if name not in known:
            raise ValueError(f'"{name}" is no column that leadhub fills; it fills {", ".join(known)}')
    return tuple(dict.fromkeys(names))


class CsvSettings(_Settings):
    """The settings of one CSV file that leadhub reads and writes.

    `columns` are those of a file that leadhub begins; without it all that it knows. `owner_on_create` is the deployment's `on_create.owner`: whom the
    column `owner` of a new row names, where nothing else is known.
    """

    columns: Annotated[tuple[str, ...], AfterValidator(_columns)] = (*FIELDS, *OPTIONS)
    delimiter: Delimiter = "auto"
    owner_on_create: str | None = None
