"""From an HTTP request to the event of API Gateway's Lambda proxy integration, version 1.0.

docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

import base64
import re
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qsl

from chalice.app import Chalice

from local.project import ACCOUNT
from ops.deploy.api_gateway import ALSO_BINARY

STAGE = "api"
_PARAMETER = re.compile(r"\{(\w+)(\+?)\}")
_NOT_PASSED_ON = frozenset(
    {"connection", "content-length", "expect", "keep-alive", "te", "transfer-encoding", "upgrade"}
)


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as it arrived; `target` still has its query, and its percent signs."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    client: str = "127.0.0.1"
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def path(self) -> str:
        """The path, still encoded, without the slash at its end that API Gateway drops."""
        path = self.target.partition("?")[0]
        return path.rstrip("/") or "/"

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    def header(self, name: str) -> str:
        """The last value of a header, or nothing."""
        return next((v for n, v in reversed(self.headers) if n.lower() == name), "")


@dataclass(frozen=True, slots=True)
class Match:
    resource: str
    parameters: dict[str, str]


class Routes:
    """Finds the resource of a path; a fixed segment goes before a parameter."""

    def __init__(self, methods: Mapping[str, Iterable[str]]) -> None:
        """Take resources such as `/responses/{id}`, each with its methods."""
        ordered = sorted(methods, key=lambda r: [part.startswith("{") for part in r.split("/")])
        self._patterns = [(resource, _pattern(resource)) for resource in ordered]
        self._methods = {resource: frozenset(names) for resource, names in methods.items()}

    def match(self, method: str, path: str) -> Match | None:
        """Match a path whose segments are still encoded: `%2F` is no slash."""
        for resource, pattern in self._patterns:
            if (found := pattern.fullmatch(path)) and method in self._methods[resource]:
                return Match(resource, found.groupdict())
        return None


def proxy_event(
    request: HttpRequest, match: Match, binary_types: Iterable[str] = ()
) -> dict[str, Any]:
    """Build the event: queries decoded, path parameters not, a body of a binary type in base64."""
    headers = [(n, v) for n, v in request.headers if n.lower() not in _NOT_PASSED_ON]
    spelled = {name.lower(): name for name, _ in reversed(headers)}
    by_name = _grouped((spelled[name.lower()], value) for name, value in headers)
    queries = _grouped(parse_qsl(request.query, keep_blank_values=True))
    body, encoded = _body(request, binary_types)
    return {
        "resource": match.resource,
        "path": request.path,
        "httpMethod": request.method,
        "headers": _last(by_name),
        "multiValueHeaders": by_name,
        "queryStringParameters": _last(queries) or None,
        "multiValueQueryStringParameters": queries or None,
        "pathParameters": match.parameters or None,
        "stageVariables": None,
        "requestContext": _context(request, match.resource),
        "body": body,
        "isBase64Encoded": encoded,
    }


def _context(request: HttpRequest, resource: str) -> dict[str, Any]:
    now = time.time()
    return {
        "accountId": ACCOUNT,
        "apiId": "local",
        "domainName": request.header("host"),
        "extendedRequestId": request.request_id,
        "httpMethod": request.method,
        "identity": {
            "accountId": None,
            "sourceIp": request.client,
            "userAgent": request.header("user-agent"),
        },
        "path": request.path,  # as by a domain name of one's own: without the stage
        "protocol": "HTTP/1.1",
        "requestId": request.request_id,
        "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "requestTimeEpoch": int(now * 1000),
        "resourceId": "local",
        "resourcePath": resource,
        "stage": STAGE,
    }


def binary_types(app: Chalice) -> list[str]:
    """Return the binary types of the API as it is deployed: Chalice's, and some more."""
    return [*app.api.binary_types, *ALSO_BINARY]


def is_binary(header: str, binary_types: Iterable[str]) -> bool:
    """Say whether the API treats a Content-Type, or the first type of an Accept, as binary.

    A `*` in the list covers many types; in the header it is none of them but itself.
    docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings.html
    """
    first = re.split("[,;]", header, maxsplit=1)[0].strip().lower()
    return any(fnmatchcase(first or "application/json", covered) for covered in binary_types)


def _body(request: HttpRequest, binary_types: Iterable[str]) -> tuple[str | None, bool]:
    if not request.body:
        return None, False
    if is_binary(request.header("content-type"), binary_types):
        return base64.b64encode(request.body).decode("ascii"), True
    return request.body.decode("utf-8", errors="replace"), False  # what is no text is lost


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for name, value in pairs:
        groups.setdefault(name, []).append(value)
    return groups


def _last(groups: dict[str, list[str]]) -> dict[str, str]:
    return {name: values[-1] for name, values in groups.items()}


def _pattern(resource: str) -> re.Pattern[str]:
    parts = [
        f"(?P<{parameter[1]}>{'.+' if parameter[2] else '[^/]+'})"
        if (parameter := _PARAMETER.fullmatch(part))
        else re.escape(part)
        for part in resource.split("/")
    ]
    return re.compile("/".join(parts))
