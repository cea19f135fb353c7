"""What API Gateway answers: what the function does, or a refusal in the project's error shape."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ops.deploy.api_gateway import REFUSALS

Headers = list[tuple[str, str]]

_REMAPPED = frozenset({"date", "server", "www-authenticate"})
_CONNECTION_HEADERS = frozenset({"connection", "content-length", "transfer-encoding"})


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    status: int
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class StreamedHttpAnswer:
    """An answer whose body comes in pieces; they raise FunctionError where it is cut.

    `close` it in any case: what is left of it is read, so that the function comes to its end.
    """

    status: int
    headers: Headers
    pieces: Iterator[bytes]
    close: Callable[[], None]


def refusal(status: int, request_id: str) -> HttpAnswer:
    """API Gateway's own answers, in the project's error shape; nothing of the request is in it."""
    code, message = _REFUSALS[status]
    error = {"code": code, "message": message, "request_id": request_id}
    return HttpAnswer(
        status,
        [("content-type", "application/json"), ("x-request-id", request_id)],
        json.dumps({"error": error}, separators=(",", ":")).encode(),
    )


_REFUSALS = {
    400: ("bad_request", "This is not a valid HTTP request."),
    411: ("length_required", "Send the body's length as Content-Length."),
    414: ("uri_too_long", "The URI is too long."),
    431: ("headers_too_large", "The request's headers are too large."),
    501: ("method_not_supported", "This HTTP method is not supported."),
    505: ("http_version_not_supported", "This HTTP version is not supported."),
    **{
        status: (REFUSALS[kind].code, REFUSALS[kind].message)
        for status, kind in {
            403: "MISSING_AUTHENTICATION_TOKEN",
            413: "REQUEST_TOO_LARGE",
            502: "DEFAULT_5XX",
            504: "INTEGRATION_TIMEOUT",
        }.items()
    },
}


def headers_of(answer: Mapping[str, Any], request_id: str) -> Headers:
    """Return the headers of a proxy answer as API Gateway sends them on, and its own."""
    several = answer.get("multiValueHeaders") or {}
    single = {n: [v] for n, v in (answer.get("headers") or {}).items() if n not in several}
    passed_on = [
        (f"x-amzn-remapped-{name}" if name.lower() in _REMAPPED else name, str(value))
        for name, values in {**single, **several}.items()
        for value in values
        if name.lower() not in _CONNECTION_HEADERS
    ]
    return [*passed_on, ("x-amzn-requestid", request_id)]
