"""How a call and its answer travel: compressed both ways, and JSON for people's eyes when it is asked for.

After the REST guide's pages on compression and X-PrettyPrint: gzip and deflate, named in Content-Encoding and asked for in Accept-Encoding.
"""

import json
import zlib
from dataclasses import replace

from leadhub_sandbox.http import Request, Response
from leadhub_sandbox.salesforce.errors import ApiError

MAX_BODY = 50_000_000
"""The most bytes of a body once it is unpacked."""
_FORMS = {"gzip": 31, "deflate": 15}


def opened(request: Request) -> Request:
    """Return the request with its body unpacked; raises ApiError for one that cannot be."""
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding == "identity":
        return request
    if coding not in _FORMS:
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", f"Content encoding '{coding}' is not supported")
    unpacker = zlib.decompressobj(_FORMS[coding])
    try:
        body = unpacker.decompress(request.body, MAX_BODY)
    except zlib.error as problem:
        raise ApiError(400, "JSON_PARSER_ERROR", f"The body is not {coding}: {problem}") from None
    if not unpacker.eof:
        raise ApiError(400, "JSON_PARSER_ERROR", f"The {coding} body ends too early or is too large")
    return replace(request, body=body)


def closed(request: Request, response: Response) -> Response:
    """Return the answer in the form that the request asks for."""
    if request.headers.get("x-prettyprint", "").strip() == "1" and isinstance(response.body, dict | list):
        response.body = json.dumps(response.body, indent=2, separators=(",", " : ")).encode()
    coding = _asked(request.headers.get("accept-encoding", ""))
    payload = response.payload()
    if not coding or not payload:
        return response
    packer = zlib.compressobj(1, zlib.DEFLATED, _FORMS[coding])
    response.body = packer.compress(payload) + packer.flush()
    response.headers["Content-Encoding"] = coding
    return response


def _asked(header: str) -> str | None:
    """Return the first known coding of Accept-Encoding that is not ruled out by q=0."""
    for part in header.lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() in _FORMS and weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            return name.strip()
    return None
