"""Signed JWTs, checked with integers alone: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, 8.2.2), so the sandbox needs no crypto library."""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

_SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def read_claims(token: str) -> dict[str, Any]:
    """Return a JWT's claims without trusting them; raises ValueError for what is not an RS256 JWT."""
    try:
        header, claims, _ = (json.loads(_decode(part)) if n < 2 else part for n, part in enumerate(token.split(".")))
    except ValueError as problem:
        raise ValueError(f"not a JWT: {problem}") from None
    if not isinstance(header, dict) or not isinstance(claims, dict) or header.get("alg") != "RS256":
        raise ValueError("not an RS256 JWT")
    return claims


def signed_by(token: str, key: Mapping[str, str]) -> bool:
    """Return whether a JWK's public key {"n", "e"} made the token's signature."""
    signed, _, signature = token.rpartition(".")
    try:
        number = int.from_bytes(_decode(signature))
    except ValueError:
        return False
    modulus, exponent = (int.from_bytes(_decode(key[part])) for part in ("n", "e"))
    size = (modulus.bit_length() + 7) // 8
    found = pow(number, exponent, modulus).to_bytes(size)
    tail = b"\x00" + _SHA256_PREFIX + hashlib.sha256(signed.encode()).digest()
    return found == b"\x00\x01" + b"\xff" * (size - 2 - len(tail)) + tail
