"""What others send to leadhub: the door that it comes in by, and a delivery as it was kept."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Door:
    """How one system is delivered to: `POST /in/SYSTEM/TOKEN`.

    `token_hash` is the SHA-256 of the token. `content_types` are the media types taken, in lower case. `origins` are those whose pages may post by
    script, as a browser writes them. `thanks_url` is where a browser goes after a form. `max_bytes` bounds a body, `per_minute` the deliveries.
    """

    token_hash: bytes
    content_types: frozenset[str]
    origins: frozenset[str] = frozenset()
    thanks_url: str | None = None
    max_bytes: int = 262_144
    per_minute: int = 600


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery as it came. `id` is the same for a delivery that is repeated, and names it within its system; `content_type` is the whole header."""

    id: str
    content_type: str
    body: bytes = field(repr=False)
    received_at: datetime
