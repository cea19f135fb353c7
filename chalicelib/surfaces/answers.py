"""Answers through Chalice and API Gateway: bytes as they are, errors in one shape."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from chalice.app import Response

from chalicelib import delivery
from chalicelib.errors import MethodNotAllowed, TollgateError, UnsupportedMediaType

JSON: Final = "application/json"
_TO_BROWSERS: Final = "Access-Control-"
_CHALICES_OWN: Final[Mapping[int, type[TollgateError]]] = {
    405: MethodNotAllowed,
    415: UnsupportedMediaType,
}


class Answer(Response):
    """A response that carries its bytes as they are.

    Chalice looks at a response's Content-Type once the view has run, and refuses one that was
    paid for with a 400 where the request's Accept names no binary type. So it is not told: the
    type joins the headers last. UTF-8 travels as text, anything else as base64.
    """

    def __init__(
        self, status: int, body: bytes, headers: Mapping[str, str], content_type: str = JSON
    ) -> None:
        super().__init__(body=body, headers=dict(headers), status_code=status)
        self.content_type = content_type

    def to_dict(self, binary_types: list[str] | None = None) -> dict[str, Any]:
        """Return the proxy response; Chalice's binary types do not matter here.

        A runtime that streams takes the body as it is: nothing of it is JSON there.
        """
        body, encoded = (self.body, False) if delivery.streaming else _as_text(self.body)
        return {
            "statusCode": self.status_code,
            "headers": {**self.headers, "Content-Type": self.content_type},
            "multiValueHeaders": {},
            "body": body,
            "isBase64Encoded": encoded,
        }


class StreamedAnswer(Answer):
    """An answer whose bytes come one after another. Where nothing streams it is read whole first.

    Whoever has the iterator reads it to its end or closes it. What must not stop when it is
    closed is for the iterator itself to see to.
    """

    def __init__(
        self, status: int, body: Iterator[bytes], headers: Mapping[str, str], content_type: str
    ) -> None:
        super().__init__(status, b"", headers, content_type)
        self.body = body

    def to_dict(self, binary_types: list[str] | None = None) -> dict[str, Any]:
        if not delivery.streaming:
            self.body = b"".join(self.body)
        return super().to_dict(binary_types)


def _as_text(body: bytes) -> tuple[str, bool]:
    """Return a body as text, and whether it is in base64."""
    try:
        return body.decode("utf-8"), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode("ascii"), True


def json_answer(status: int, content: object, headers: Mapping[str, str]) -> Answer:
    return Answer(status, json.dumps(content, separators=(",", ":")).encode(), headers)


def error_answer(error: TollgateError, request_id: str) -> Answer:
    """Tell a tenant what went wrong: `{"error": {"code", "message", "request_id"}}`."""
    return json_answer(
        error.status,
        {"error": {"code": error.code, "message": error.message, "request_id": request_id}},
        {**error.headers, "x-request-id": request_id},
    )


def in_our_shape(response: Response, request_id: Callable[[], str]) -> Response:
    """Put what Chalice itself answers (405, 415, an unhandled 500) into our error shape.

    What it says to browsers stays: without it no page could read the error.
    """
    if isinstance(response, Answer):
        return response
    error = _CHALICES_OWN.get(response.status_code, TollgateError)
    answer = error_answer(error(), request_id())
    answer.headers |= {n: v for n, v in response.headers.items() if n.startswith(_TO_BROWSERS)}
    return answer
