"""API Gateway's two ways to a Lambda function: BUFFERED and STREAM (`responseTransferMode`).

docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html, and
docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html for the sizes.
"""

import base64
import json
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from itertools import chain
from typing import Any, Protocol

from chalice.app import Chalice

from chalicelib.runtime import STREAM_ALIAS
from local.functions.faults import FunctionError
from local.functions.service import Functions
from local.http_answer import HttpAnswer, StreamedHttpAnswer, headers_of, refusal
from local.lambda_runtime import LambdaContext
from local.proxy_event import HttpRequest, binary_types, is_binary

MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
"""Lambda's, for an event or a buffered answer as serialised."""
MAX_STREAM_BYTES = 200 * 1024 * 1024
"""Lambda's, for a streamed answer."""
INTEGRATION_TIMEOUT_S = 29.0
"""How long API Gateway waits for a buffered answer; for a streamed one as long as it runs."""
_MAX_METADATA_BYTES = 16 * 1024
_SEPARATOR = bytes(8)
_WORKERS = 512
_WORST_ESCAPE = 6  # bytes of JSON that one character may take: \\u0000

Event = Mapping[str, Any]


class Integration(Protocol):
    def answer(self, request: HttpRequest, event: Event) -> HttpAnswer | StreamedHttpAnswer:
        """Answer a request by the function, which is given the event."""


class Buffered:
    """Runs the app in this process, as many requests at a time as are sent.

    The binary types are those that are deployed, so what AWS would spoil on its way is spoilt here.
    """

    def __init__(
        self,
        app: Chalice,
        context: Callable[[], LambdaContext],
        timeout_s: float = INTEGRATION_TIMEOUT_S,
    ) -> None:
        self._app = app
        self._context = context
        self._timeout_s = timeout_s
        # Threads are used again, so that what the app keeps per thread (connections) lasts.
        self._calls = ThreadPoolExecutor(_WORKERS, thread_name_prefix="lambda")

    def answer(self, request: HttpRequest, event: Event) -> HttpAnswer:
        call = self._calls.submit(self._app, event, self._context())
        if not wait([call], self._timeout_s).done:
            return refusal(504, request.request_id)  # the function goes on, as it does in AWS
        if error := call.exception():
            traceback.print_exception(error)
            return refusal(502, request.request_id)
        as_bytes = is_binary(request.header("accept"), binary_types(self._app))
        return _translated(call.result(), request.request_id, as_bytes=as_bytes)


class Streamed:
    """Invokes the API's function by its alias; its answer is passed on as it comes."""

    def __init__(self, functions: Functions, name: str = "api_handler") -> None:
        self._functions = functions
        self._name = f"{name}:{STREAM_ALIAS}"

    def answer(self, request: HttpRequest, event: Event) -> HttpAnswer | StreamedHttpAnswer:
        running = ExitStack()
        try:
            invocation = running.enter_context(self._functions.invoke(self._name, event))
            metadata, pieces = _parted(invocation.pieces)
            return StreamedHttpAnswer(
                metadata["statusCode"],
                headers_of(metadata, request.request_id),
                _limited(pieces),
                running.close,
            )
        except (FunctionError, ValueError, KeyError) as error:
            running.close()
            sys.stderr.write(f"{error}\n")
            return refusal(502, request.request_id)


def too_large(payload: Any, characters: int) -> bool:
    """Say whether a payload is too large for Lambda; small ones are not serialised to know."""
    if characters * _WORST_ESCAPE < MAX_PAYLOAD_BYTES // 2:
        return False
    return len(json.dumps(payload, ensure_ascii=False).encode()) > MAX_PAYLOAD_BYTES


def _translated(answer: dict[str, Any], request_id: str, *, as_bytes: bool) -> HttpAnswer:
    """Turn the function's answer into HTTP; one that Lambda or API Gateway refuses is a 502.

    Base64 is decoded only for a client whose Accept names a binary type first.
    """
    body = answer.get("body") or ""
    if isinstance(body, bytes) or too_large(answer, len(body)):
        return refusal(502, request_id)
    decoded = as_bytes and answer.get("isBase64Encoded")
    content = base64.b64decode(body) if decoded else body.encode()
    return HttpAnswer(answer["statusCode"], headers_of(answer, request_id), content)


def _parted(pieces: Iterator[bytes]) -> tuple[dict[str, Any], Iterator[bytes]]:
    """Part an answer's metadata from its body. Raises ValueError where there are none."""
    read = bytearray()
    while _SEPARATOR not in read[: _MAX_METADATA_BYTES + len(_SEPARATOR)]:
        piece = next(pieces, b"")
        if not piece or len(read) > _MAX_METADATA_BYTES:
            raise ValueError("the answer does not begin with metadata")
        read += piece
    metadata, _, first = bytes(read).partition(_SEPARATOR)
    return json.loads(metadata), chain((first,), pieces)


def _limited(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Cut an answer that is larger than Lambda streams."""
    sent = 0
    for piece in pieces:
        sent += len(piece)
        if sent > MAX_STREAM_BYTES:
            raise FunctionError("Function.ResponseSizeTooLarge", f"over {MAX_STREAM_BYTES} bytes")
        yield piece
