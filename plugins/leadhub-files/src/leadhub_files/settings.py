"""What a deployment says about its files."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from leadhub_files.mapping import CANONICAL


def _one_character(text: str) -> str:
    if text != "auto" and len(text) != 1:
        raise ValueError('"auto" or one character, for instance ";"')
    return text


def _canonical(headers: dict[str, str]) -> dict[str, str]:
    for header, name in headers.items():
        if name not in CANONICAL:
            raise ValueError(f'"{header}" = "{name}": leadhub has no such field; it has {", ".join(CANONICAL)}')
    return headers


class FilesSettings(BaseModel):
    """The settings of one system of files.

    `base` is the deployment's folder, against which a relative `path` is taken. `path` may hold `*`, `?`, `[…]` and `**`. `headers` names the
    columns that the synonyms do not know ({own header: canonical field}), and outranks them. `key` is the header of the column that identifies a
    row; without it the connector looks for a column of ids, then takes the e-mail address, then the row's content.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Annotated[str, Field(min_length=1)]
    base: Path = Path()
    headers: Annotated[dict[str, str], AfterValidator(_canonical)] = {}
    delimiter: Annotated[str, AfterValidator(_one_character)] = "auto"
    encoding: Literal["utf-8-sig"] = "utf-8-sig"
    key: str | None = None
