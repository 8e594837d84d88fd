"""Reads the body of a form post, as browsers and scripts write it, into names and texts. Pure.

Sources: the WHATWG's HTML standard ("Form submission": urlencoded and multipart/form-data encoding) and RFC 7578.
"""

import json
import re
from collections.abc import Iterator
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl

from leadhub import InvalidValue

JSON = "application/json"
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

MOST_FIELDS = 1000
JOIN = ";"
"""Between the values of a name that comes several times: a group of boxes."""

_NAME = re.compile(r';\s*name="([^"]*)"', re.IGNORECASE)
_FILE_NAME = re.compile(r';\s*filename\*?="?([^";]*)', re.IGNORECASE)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def read(content_type: str, body: bytes) -> dict[str, str]:
    """Return the fields of a post, in their order. Raises InvalidValue with the reason where it cannot be read."""
    media_type, parameters = _taken_apart(content_type)
    try:
        match media_type:
            case "application/json":
                pairs = list(_from_json(body))
            case "application/x-www-form-urlencoded":
                pairs = _from_urlencoded(body, parameters.get("charset", "utf-8"))
            case "multipart/form-data":
                pairs = [(name, content.decode()) for name, file_name, content in _parts(body, parameters) if file_name is None]
            case _:
                raise InvalidValue(f"{media_type} is no form: {JSON}, {URLENCODED} and {MULTIPART} are.")
    except UnicodeDecodeError as error:
        raise InvalidValue(f"It is no {error.encoding} text (byte {error.start}).") from None
    return _collected(pairs)


def file_names(content_type: str, body: bytes) -> tuple[str, ...]:
    """Return the names of the files that a post brings; a file input that was left empty brings none."""
    media_type, parameters = _taken_apart(content_type)
    if media_type != MULTIPART:
        return ()
    try:
        return tuple(file_name for _, file_name, _ in _parts(body, parameters) if file_name)
    except (InvalidValue, UnicodeDecodeError):
        return ()


def _taken_apart(content_type: str) -> tuple[str, dict[str, str]]:
    header = Message()
    header["Content-Type"] = re.sub(r"[\r\n]", " ", content_type)
    return header.get_content_type(), {name.lower(): value for name, value in header.get_params([])[1:]}


def _collected(pairs: list[tuple[str, str]]) -> dict[str, str]:
    if len(pairs) > MOST_FIELDS:
        raise InvalidValue(f"It has {len(pairs):,} fields; {MOST_FIELDS:,} are the most.")
    fields: dict[str, list[str]] = {}
    for name, text in pairs:
        if _UNSTORABLE.search(name + text):
            raise InvalidValue(f'The field "{_UNSTORABLE.sub("?", name)}" contains a character that no text has (NUL, or half of a surrogate pair).')
        fields.setdefault(name.strip(), []).append(text.strip())
    return {name: JOIN.join(filter(None, texts)) for name, texts in fields.items()}


# ---- urlencoded ------------------------------------------------------------------------------------------------------------------------


def _from_urlencoded(body: bytes, charset: str) -> list[tuple[str, str]]:
    text = body.decode("ascii")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, encoding=charset, errors="strict", max_num_fields=MOST_FIELDS)
    except UnicodeDecodeError:
        raise  # a ValueError too, but told apart above
    except LookupError:
        raise InvalidValue(f'Its charset "{charset}" is not known.') from None
    except ValueError:
        raise InvalidValue(f"It has more than {MOST_FIELDS:,} fields.") from None
    if not pairs:
        raise InvalidValue("It holds no field.")
    return pairs


# ---- JSON ------------------------------------------------------------------------------------------------------------------------------


def _from_json(body: bytes) -> Iterator[tuple[str, str]]:
    try:
        found = json.loads(body.decode("utf-8-sig"), parse_float=str, parse_int=str)
        if not isinstance(found, dict):
            raise InvalidValue("Its JSON is no object with a key for each field.")
        yield from _flat(found, "")
    except json.JSONDecodeError as error:
        raise InvalidValue(f"It is no JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from None
    except RecursionError:
        raise InvalidValue("Its JSON is nested too deep.") from None


def _flat(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """Yield the leaves under dotted names; the items of a list all under the list's."""
    match value:
        case dict():
            for key, item in value.items():
                yield from _flat(item, f"{name}.{key}" if name else key)
        case list():
            for item in value:
                yield from _flat(item, name)
        case None:
            yield name, ""
        case bool():
            yield name, "true" if value else "false"
        case _:
            yield name, str(value)


# ---- multipart -------------------------------------------------------------------------------------------------------------------------


def _parts(body: bytes, parameters: dict[str, str]) -> Iterator[tuple[str, str | None, bytes]]:
    """Yield name, file name and content of each part. The file name is None where the part is no file, blank where none was chosen."""
    boundary = parameters.get("boundary", "")
    if not boundary:
        raise InvalidValue("Its Content-Type names no boundary.")
    _, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary.encode())
    if not parts or not parts.pop().startswith(b"--"):
        raise InvalidValue("It breaks off before its last boundary.")
    for part in parts:
        raw_head, blank, content = part.partition(b"\r\n\r\n")
        head = raw_head.decode()
        name, file_name = _NAME.search(head), _FILE_NAME.search(head)
        if not blank or name is None:
            raise InvalidValue("A part of it has no name.")
        yield _unescaped(name[1]), None if file_name is None else file_name[1].strip(), content


def _unescaped(name: str) -> str:
    """Undo what browsers do to the three characters that a quoted name cannot hold."""
    return name.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")
