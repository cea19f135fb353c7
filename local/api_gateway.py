"""API Gateway in front of one Lambda function: routes, limits, time-out, errors, binary types.

The binary types are those that Chalice deploys (`app.api.binary_types`), so what AWS would spoil on
its way is spoilt here. Limits: "Amazon API Gateway quotas" in its Developer Guide, and
docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

import base64
import json
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from chalice.app import Chalice

from local.lambda_runtime import LambdaContext
from local.proxy_event import HttpRequest, Routes, is_binary, proxy_event

MAX_REQUEST_BYTES = 10 * 1024 * 1024
MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
"""Lambda's, for an event or an answer as serialised."""
INTEGRATION_TIMEOUT_S = 29.0
_WORKERS = 512
_WORST_ESCAPE = 6  # bytes of JSON that one character may take: \\u0000
_REMAPPED = frozenset({"date", "server", "www-authenticate"})
_CONNECTION_HEADERS = frozenset({"connection", "content-length", "transfer-encoding"})

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    status: int
    headers: Headers
    body: bytes


class ApiGateway:
    """Answers requests by running the app's function, as many at a time as are sent."""

    def __init__(
        self,
        app: Chalice,
        context: Callable[[], LambdaContext],
        timeout_s: float = INTEGRATION_TIMEOUT_S,
    ) -> None:
        self._app = app
        self._context = context
        self._timeout_s = timeout_s
        self._routes = Routes(app.routes)
        # Threads are used again, so that what the app keeps per thread (connections) lasts.
        self._functions = ThreadPoolExecutor(_WORKERS, thread_name_prefix="lambda")

    def answer(self, request: HttpRequest) -> HttpAnswer:
        match = self._routes.match(request.method, request.path)
        if match is None:
            return refusal(403, request.request_id)
        if len(request.body) > MAX_REQUEST_BYTES:
            return refusal(413, request.request_id)
        binary_types = self._app.api.binary_types
        event = proxy_event(request, match, binary_types)
        if _too_large(event, len(request.body) + len(request.target)):
            return refusal(413, request.request_id)
        call = self._functions.submit(self._app, event, self._context())
        if not wait([call], self._timeout_s).done:
            return refusal(504, request.request_id)  # the function goes on, as it does in AWS
        if error := call.exception():
            traceback.print_exception(error)
            return refusal(502, request.request_id)
        as_bytes = is_binary(request.header("accept"), binary_types)
        return _translated(call.result(), request.request_id, as_bytes=as_bytes)


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
    403: ("no_such_route", "There is no such route, or not for this method."),
    411: ("length_required", "Send the body's length as Content-Length."),
    413: ("payload_too_large", "The request is larger than API Gateway or Lambda accepts."),
    414: ("uri_too_long", "The URI is too long."),
    431: ("headers_too_large", "The request's headers are too large."),
    501: ("method_not_supported", "This HTTP method is not supported."),
    502: ("provider_fault", "The gateway's function failed, or its answer is too large."),
    504: (
        "gateway_timeout",
        "No answer within API Gateway's 29 seconds. The call goes on, and is billed to your team.",
    ),
    505: ("http_version_not_supported", "This HTTP version is not supported."),
}


def _too_large(payload: Any, characters: int) -> bool:
    """Say whether a payload is too large for Lambda; small ones are not serialised to know."""
    if characters * _WORST_ESCAPE < MAX_PAYLOAD_BYTES // 2:
        return False
    return len(json.dumps(payload, ensure_ascii=False).encode()) > MAX_PAYLOAD_BYTES


def _translated(answer: dict[str, Any], request_id: str, *, as_bytes: bool) -> HttpAnswer:
    """Turn the function's answer into HTTP; one that Lambda or API Gateway refuses is a 502.

    Base64 is decoded only for a client whose Accept names a binary type first.
    """
    body = answer.get("body") or ""
    if isinstance(body, bytes) or _too_large(answer, len(body)):
        return refusal(502, request_id)
    headers = [*_headers(answer), ("x-amzn-requestid", request_id)]
    decoded = as_bytes and answer.get("isBase64Encoded")
    content = base64.b64decode(body) if decoded else body.encode()
    return HttpAnswer(answer["statusCode"], headers, content)


def _headers(answer: dict[str, Any]) -> Headers:
    several = answer.get("multiValueHeaders") or {}
    single = {n: [v] for n, v in (answer.get("headers") or {}).items() if n not in several}
    return [
        (f"x-amzn-remapped-{name}" if name.lower() in _REMAPPED else name, str(value))
        for name, values in {**single, **several}.items()
        for value in values
        if name.lower() not in _CONNECTION_HEADERS
    ]
