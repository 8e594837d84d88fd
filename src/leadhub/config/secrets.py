"""Finds secrets that stand in leadhub.toml itself (M19), by the name of their key and by their shape. A value found is never repeated."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from leadhub.config.faults import Faults
from leadhub.config.references import REFERENCE

_NAME = re.compile(r"(?:^|_)(?:secret|token|password|passwd|passphrase|apikey)(?:$|_)|_key$", re.IGNORECASE)
_BEGIN = r"(?<![A-Za-z0-9])"
_SHAPES = (
    re.compile(r"pat-\w{2,4}-[0-9a-f-]{30,}"),  # HubSpot: the token of a private app
    re.compile(r"00D\w{12,15}!"),  # Salesforce: a session
    re.compile(r"(?:sk|rk|ghp|gho|xox[abprs]|glpat|AKIA)[-_]?\w{8,}"),
    re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*"),  # a JSON web token
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    re.compile(r"[\w+.-]+://[^/@\s:]*:[^/@\s]+@"),  # a password in an address
    re.compile(r"https://hooks\.slack\.com/services/\w"),
)
_INSIDE = (
    *(re.compile(_BEGIN + shape.pattern) for shape in _SHAPES),
    re.compile(r"\b(?:secret|token|password|passwd|api_?key)=[^\s&\"']{6,}", re.IGNORECASE),
    re.compile(r"\b(?:bearer|basic)\s+[^\s\"']{8,}", re.IGNORECASE),
    re.compile(r"(?:^|\s)(?:-u|--user)[= ]?[^\s:]+:[^\s:]+"),  # curl's
)
"""The same anywhere in a command or an address, and how these hand a secret over."""
_BETWEEN = re.compile(r"[\s\"':,/?&]+")
_DRESS = re.compile(r"\b(?:bearer|basic|token)\b|[^A-Za-z0-9]+", re.IGNORECASE)
"""What may stand around a reference to a secret: the word for the scheme, and signs."""
_DRESSED = 6
_RANDOM = re.compile(r"[A-Za-z0-9_+=-]{32,}")
_NOT_SECRET = re.compile(r"(?:^|_)(?:id|hash|url|path)$")
"""Names of what may look random and is none: ids of accounts and apps, hashes."""
_NEVER = frozenset({"field", "scope", "owner_map", "required_defaults", "headers", "date_formats", "consent"})
"""Tables of a system in which people write native names and values."""


def check(raw: Mapping[str, Any], faults: Faults) -> None:
    """Note a fault for every secret in the file's own keys and in the tables of its systems. What a reference leaves over is looked at too."""
    for keys, value in _texts({key: raw.get(key) for key in ("store", "on_failure", "system")}):
        if value.startswith("file:"):
            continue
        name, written = keys[-1], REFERENCE.sub("", value)
        told_by_name = keys[0] == "system" and bool(_NAME.search(name)) and not _NOT_SECRET.search(name)
        if (told_by_name and _is_more(written, value)) or (
            looks_secret(written, random=not _NOT_SECRET.search(name)) if keys[0] == "system" else holds_secret(written)
        ):
            variable = _variable(keys)
            mend = f'Write "${{{variable}}}" and set {variable} in the environment, or "file:PATH" for a file of its own.'
            faults.add(keys, f"{'.'.join(keys)} looks like a secret, and this file holds none. {mend} Then renew it: it may have been seen.", "M19")


def _is_more(written: str, value: str) -> bool:
    """Whether the value of a secret's key says something by itself; beside a reference a few letters may stand."""
    return bool(written) if written == value else len(_DRESS.sub("", written)) >= _DRESSED


def looks_secret(value: str, *, random: bool = True) -> bool:
    """Whether a value has the shape of a token, a key, or an address with a password; `random`: also that of a long random word."""
    return any(shape.match(value.strip()) for shape in _SHAPES) or (random and _looks_random(value.strip()))


def holds_secret(text: str) -> bool:
    """Whether a secret stands anywhere in a command or an address."""
    return any(shape.search(text) for shape in _INSIDE) or any(map(_looks_random, _BETWEEN.split(text)))


def _looks_random(word: str) -> bool:
    return _RANDOM.fullmatch(word) is not None and all(any(kind(c) for c in word) for kind in (str.islower, str.isupper, str.isdigit))


def _variable(keys: tuple[str, ...]) -> str:
    """A name for the environment: HUBSPOT_TOKEN, LEADHUB_STORE."""
    words = keys[1:] if keys[0] == "system" else ("leadhub", *keys)
    return re.sub(r"\W+", "_", "_".join(words)).upper()


def _texts(value: Any, keys: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, str):
        yield keys, value
    elif isinstance(value, dict):
        for key, item in value.items():
            if not (len(keys) == 2 and key in _NEVER):
                yield from _texts(item, (*keys, str(key)))
