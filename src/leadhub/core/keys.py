"""The key that leadhub writes into a record that it makes: it begins with the name of the installation that made it. Pure.

Keys that were made before there were such names are digests alone, and tell nothing.
"""

import re

_SIGNED = re.compile(r"lh([0-9a-f]{8})-[0-9a-f]{24}", re.IGNORECASE)


def signed(installation: str, digest: str) -> str:
    """Return the key of a new record: 35 characters, of the 64 that the field has."""
    return f"lh{installation}-{digest}" if installation else digest


def signer(key: object) -> str | None:
    """Return the installation whose key this is; None where it is none, or an old one."""
    found = _SIGNED.fullmatch(key) if isinstance(key, str) else None
    return found[1].lower() if found else None
