"""What is on this machine: the sandbox calls nobody else, names nobody else, and answers to no other name."""

import ipaddress
from urllib.parse import SplitResult, urlsplit

HOSTS = ("127.0.0.1", "localhost")


def is_local(address: str) -> bool:
    """Say whether an origin, or a host after two slashes, is this machine by one of its own names: a page from elsewhere comes by another (DNS rebinding)."""
    try:
        return urlsplit(address).hostname in HOSTS
    except ValueError:
        return False


def loopback(url: str) -> SplitResult:
    """Return an address's parts. Raises ValueError unless it is plain HTTP on this machine."""
    parts = urlsplit(url)
    host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname or ""
    try:
        here = ipaddress.ip_address(host).is_loopback and parts.port != 0  # a port beyond all ports is a ValueError too
    except ValueError:
        here = False
    if parts.scheme != "http" or not here:
        raise ValueError(f"the sandbox knows http://127.0.0.1:PORT/… alone, not {url!r}")
    return parts
