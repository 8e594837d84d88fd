"""/composite and /composite/batch: several requests in one call.

After the REST guide's pages on both resources and their bodies: a composite's parts know of each other and can stand or fall together; those of
a batch are independent, and each of them counts as a call of the day.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from leadhub_sandbox.http import Request, Response
from leadhub_sandbox.salesforce.errors import ApiError, not_found
from leadhub_sandbox.salesforce.org import Org
from leadhub_sandbox.salesforce.rest import NEWEST, Call
from leadhub_sandbox.salesforce.usage import Usage

MAX_PARTS, MAX_HEAVY = 25, 5
COMPOSITE_SINCE, BATCH_SINCE = 38, 34
INHERITED = ("accept", "authorization", "content-type")
"""The headers that a subrequest has from the call and may not name."""
_METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*")
_REFERENCE = re.compile(r"@\{([^}]*)\}")
_STEP = re.compile(r"([A-Za-z0-9_]+)((?:\[\d+\])*)")
_IN_COMPOSITE = re.compile(r"/(sobjects|query|queryAll|composite/sobjects)(/.*)?")
_IN_BATCH = re.compile(r"/(limits|sobjects|query|queryAll)(/.*)?")
_HEAVY = re.compile(r"/(query|queryAll|composite/sobjects)(/.*)?")
_HALTED = "The transaction was rolled back since another operation in the same transaction failed."

Part = dict[str, Any]
Dispatch = Callable[[Call, str], Response]


@dataclass(frozen=True, slots=True)
class Composite:
    """The two handlers; `dispatch` answers one request as if it had come alone."""

    org: Org
    usage: Usage
    dispatch: Dispatch

    def resources(self, call: Call) -> Response:
        """List the composite resources."""
        base = f"/services/data/{call.version}/composite"
        return Response(body={name: f"{base}/{name}" for name in ("batch", "sobjects")})

    def composite(self, call: Call) -> Response:
        """Run up to 25 requests that may refer to each other's answers; with allOrNone one failure undoes all."""
        _since(call, COMPOSITE_SINCE)
        body = _known(call.record(), ("allOrNone", "collateSubrequests", "compositeRequest"))
        parts = [_known(part, ("method", "url", "referenceId", "body", "httpHeaders")) for part in _parts(body, "compositeRequest")]
        _check_names(parts)
        for part in parts:
            _check_part(part, r"/services/data/v\d+\.0/.+")
            if named := {name.lower() for name in part.get("httpHeaders") or {}} & set(INHERITED):
                raise _malformed(f"The header {min(named)} is inherited from the request and may not be in httpHeaders")
        if sum(1 for part in parts if _HEAVY.fullmatch(_split(part["url"], "/services/data/")[1])) > MAX_HEAVY:
            raise ApiError(400, "LIMIT_EXCEEDED", f"at most {MAX_HEAVY} subrequests may be queries or sObject collections")
        start = self.org.store.begin()
        answers = self._run(call, parts, strict=body.get("allOrNone") is True)
        if body.get("allOrNone") is True and any(_failed(answer.status) for answer in answers):
            self.org.store.rollback(start)
            answers = [answer if _failed(answer.status) else _halted(_HALTED) for answer in answers]
        return Response(body={"compositeResponse": [_told(part, answer) for part, answer in zip(parts, answers, strict=True)]})

    def _run(self, call: Call, parts: list[Part], *, strict: bool) -> list[Response]:
        known: dict[str, Any] = {}
        answers: list[Response] = []
        for part in parts:
            if strict and answers and _failed(answers[-1].status):
                answers += [_halted(_HALTED)] * (len(parts) - len(answers))
                break
            try:
                url, content = _filled(part["url"], known), _filled(part.get("body"), known)
            except LookupError as problem:
                answers.append(_halted(str(problem.args[0])))
                continue
            answers.append(self._one(call, part["method"], url, content, part.get("httpHeaders") or {}))
            if not _failed(answers[-1].status):
                known[part["referenceId"]] = answers[-1].body
        return answers

    def _one(self, call: Call, method: str, url: str, content: object, headers: Mapping[str, str]) -> Response:
        version, path = _split(url, "/services/data/")
        if not COMPOSITE_SINCE <= _number(version) <= NEWEST or not _IN_COMPOSITE.fullmatch(path):
            return not_found(f"The resource {url} is not supported in a composite request").response()
        return self._answered(call, _request(call, method, url, content, headers), version, path)

    def batch(self, call: Call) -> Response:
        """Run up to 25 independent requests; with haltOnError those after a failure are not run."""
        _since(call, BATCH_SINCE)
        body = _known(call.record(), ("batchRequests", "haltOnError"))
        parts = [_known(part, ("method", "url", "richInput")) for part in _parts(body, "batchRequests")]
        for part in parts:
            _check_part(part, r"v\d+\.0/.+")
        results: list[Part] = []
        for part in parts:
            if body.get("haltOnError") is True and results and _failed(results[-1]["statusCode"]):
                halted = ApiError(412, "BATCH_PROCESSING_HALTED", "Batch processing halted per request").response()
                results += [{"statusCode": halted.status, "result": halted.body}] * (len(parts) - len(results))
                break
            answer = self._in_batch(call, part, counted=bool(results))
            results.append({"statusCode": answer.status, "result": answer.body})
        return Response(body={"hasErrors": any(_failed(r["statusCode"]) for r in results), "results": results})

    def _in_batch(self, call: Call, part: Part, *, counted: bool) -> Response:
        version, path = _split(part["url"], "")
        if not BATCH_SINCE <= _number(version) <= _number(call.version) or not _IN_BATCH.fullmatch(path):
            return not_found(f"The resource {part['url']} is not supported in a batch request").response()
        if counted and path != "/limits" and self.usage.full():
            return ApiError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.").response()
        if counted:  # the first is the call itself
            self.usage.add()
        return self._answered(call, _request(call, part["method"], f"/services/data/{part['url']}", part.get("richInput"), {}), version, path)

    def _answered(self, call: Call, request: Request, version: str, path: str) -> Response:
        mark = self.org.store.begin()
        try:
            return self.dispatch(Call(request, version, call.actor), path)
        except ApiError as refusal:
            self.org.store.rollback(mark)
            return refusal.response()


def _since(call: Call, first: int) -> None:
    if _number(call.version) < first:
        raise not_found()


def _number(version: str) -> int:
    return int(version[1:].partition(".")[0])


def _malformed(message: str) -> ApiError:
    return ApiError(400, "JSON_PARSER_ERROR", message)


def _known(part: object, names: tuple[str, ...]) -> Part:
    if not isinstance(part, dict):
        raise _malformed("Each subrequest must be an object")
    if unknown := set(part) - set(names):
        raise _malformed(f"Unrecognized field '{min(unknown)}'")
    return part


def _parts(body: Part, name: str) -> list[Any]:
    parts = body.get(name)
    if not isinstance(parts, list) or not parts:
        raise _malformed(f"The request body needs a list named {name}")
    if len(parts) > MAX_PARTS:
        raise ApiError(400, "LIMIT_EXCEEDED", f"at most {MAX_PARTS} subrequests a call, not {len(parts)}")
    return parts


def _check_names(parts: list[Part]) -> None:
    names = [part.get("referenceId") for part in parts]
    for name in names:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            text = "must start with a letter or a number, and it can contain only letters, numbers and underscores ('_')."
            raise ApiError(400, "INVALID_INPUT", f"Provided referenceId ('{name}') {text}")
        if names.count(name) > 1:
            raise ApiError(400, "INVALID_INPUT", f"Duplicate ReferenceId provided in the request: {name}")


def _check_part(part: Part, form: str) -> None:
    if part.get("method") not in _METHODS:
        raise _malformed(f"Each subrequest needs a method of {', '.join(_METHODS)}, not {part.get('method')!r}")
    if not isinstance(part.get("url"), str) or not re.fullmatch(form, part["url"]):
        raise _malformed(f"Each subrequest needs a url of the form {form}, not {part.get('url')!r}")
    headers = part.get("httpHeaders") or {}
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise _malformed("httpHeaders must be an object of texts")


def _split(url: str, before: str) -> tuple[str, str]:
    version, _, rest = urlsplit(url).path.removeprefix(before).partition("/")
    return version, unquote(f"/{rest}")


def _request(call: Call, method: str, url: str, content: object, headers: Mapping[str, str]) -> Request:
    parts = urlsplit(url)
    given = {name: value for name, value in call.request.headers.items() if name in INHERITED}
    body = b"" if content is None else json.dumps(content).encode()
    query = parse_qs(parts.query, keep_blank_values=True)
    return Request(method, unquote(parts.path), url, query, given | {n.lower(): v for n, v in headers.items()}, body)


def _filled(value: Any, known: Mapping[str, Any]) -> Any:
    """Return a url or a body with the references replaced by earlier answers; raises LookupError for one that leads nowhere."""
    if isinstance(value, dict):
        return {name: _filled(inner, known) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, known) for inner in value]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value)
    return _found(whole[1], known) if whole else _REFERENCE.sub(lambda match: str(_found(match[1], known)), value)


def _found(path: str, known: Mapping[str, Any]) -> Any:
    name = path.partition(".")[0].partition("[")[0]
    value: Any = known
    for step in path.split("."):
        match = _STEP.fullmatch(step)
        for key in [match[1], *map(int, re.findall(r"\d+", match[2]))] if match else [None]:
            try:
                value = value[key]
            except (LookupError, TypeError):
                raise LookupError(f"Invalid reference specified. No value for {path} found in {name}") from None
    match value:
        case dict() | list():
            raise LookupError(f"Invalid reference specified. No value for {path} found in {name}")
        case _:
            return value


def _failed(status: int) -> bool:
    return status == 300 or status >= 400


def _halted(message: str) -> Response:
    return ApiError(400, "PROCESSING_HALTED", message).response()


def _told(part: Part, answer: Response) -> Part:
    return {"body": answer.body, "httpHeaders": dict(answer.headers), "httpStatusCode": answer.status, "referenceId": part["referenceId"]}
