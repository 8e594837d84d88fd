"""Addresses of web pages. Nothing here reaches for the network."""

import re
from urllib.parse import unquote_plus, urlsplit, urlunsplit

from leadhub.values.cached import cached
from leadhub.values.text import text_display

_LONGEST = 2_048
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)+(?=[a-z0-9-]*[a-z]){_LABEL}")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_BARE = re.compile(r"https?://(?:www\.)?")

_USERINFO = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://|//)[^/?#]*@")
_PARAMETER = re.compile(r"(?:^|[?&#;])([^=&?#;]+)=")
_SECRETS = re.compile(r"(?:token|secret|password|passwd|pwd|passphrase|apikey|accesskey|signature|session|sessionid|credentials?)$")
_SHORT_SECRETS = frozenset({"auth", "authorization", "code", "jwt", "key", "otp", "pass", "sid", "phpsessid", "jsessionid", "sig", "ticket", "nonce"})


def url_display(value: str) -> str:
    """Return the address of a page with https as the default scheme, its host in lower case and Unicode; any other text as typed.

    Dropped are the fragment, a trailing slash, a scheme's own port, and a user and password before the host.
    """
    text = text_display(value)
    return _canonical(text) or text


def url_match(value: str) -> str:
    """Return the address without scheme and "www.": with them or without, it is the same page."""
    return _BARE.sub("", url_display(value), count=1)


def page_display(value: str) -> str:
    """Return the page that somebody came from or landed on, as `url_display` does, without the secrets in it."""
    return url_display(strip_secrets(text_display(value)))


def page_match(value: str) -> str:
    """Return the page as `url_match` does, without the secrets in it."""
    return _BARE.sub("", page_display(value), count=1)


def strip_secrets(url: str) -> str:
    """Return the address without user, password, and those parameters (of query and fragment) that are named like a secret, also when nested.

    Whole parameters go; the others stay byte for byte. Any text is accepted.
    """
    rest, _, fragment = _USERINFO.sub(r"\1", url).partition("#")
    rest, _, query = rest.partition("?")
    query, fragment = _without_secrets(query), _without_secrets(fragment)
    return rest + (f"?{query}" if query else "") + (f"#{fragment}" if fragment else "")


def _without_secrets(parameters: str) -> str:
    return "&".join(part for part in parameters.split("&") if not _tells_a_secret(part))


def _tells_a_secret(parameter: str) -> bool:
    readable = unquote_plus(unquote_plus(parameter))
    names = (re.sub(r"[^a-z0-9]", "", name.lower()) for name in _PARAMETER.findall(readable))
    return any(name in _SHORT_SECRETS or _SECRETS.search(name) for name in names)


@cached
def _canonical(text: str) -> str | None:
    """Return the address in its one spelling; None if the text is no address of a page."""
    if not text or len(text) > _LONGEST or " " in text:
        return None
    if "://" not in text:
        if "@" in text.partition("/")[0]:
            return None
        text = f"https://{text.removeprefix('//')}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS:
        return None
    host = _host(parts.hostname or "")
    if host is None:
        return None
    place = host if port is None or port == _DEFAULT_PORTS[parts.scheme] else f"{host}:{port}"
    path = parts.path if parts.query else parts.path.rstrip("/")
    return urlunsplit((parts.scheme, place, path, parts.query, ""))


def _host(host: str) -> str | None:
    if host.isascii() and "xn--" not in host:
        return host if _HOST.fullmatch(host) and len(host) <= 253 else None
    import idna

    try:
        encoded = idna.encode(host, uts46=True)
        return idna.decode(encoded) if _HOST.fullmatch(encoded.decode("ascii")) else None
    except UnicodeError:  # idna's errors are
        return None
