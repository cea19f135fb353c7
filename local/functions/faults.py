"""What whoever invokes a function is told when it fails: Lambda's error object."""

import base64
import json
from collections.abc import Mapping
from typing import Any, Self


class FunctionError(Exception):
    """A function raised, could not start, ended, or took too long."""

    def __init__(self, kind: str, message: str, trace: tuple[str, ...] = ()) -> None:
        super().__init__(f"{kind}: {message}\n{''.join(trace)}".rstrip())
        self.kind = kind
        self.message = message
        self.trace = trace

    @classmethod
    def of(cls, payload: bytes) -> Self:
        """Read what a runtime, or the Invoke API, says of an error."""
        told: dict[str, Any] = json.loads(payload)
        return cls(told["errorType"], told["errorMessage"], tuple(told.get("stackTrace", ())))

    @classmethod
    def in_trailers(cls, trailers: Mapping[str, str]) -> Self | None:
        """Read what followed a streamed answer; None for one that ended as it should."""
        body = trailers.get("lambda-runtime-function-error-body")
        return cls.of(base64.b64decode(body)) if body else None

    def to_json(self) -> bytes:
        told = {"errorMessage": self.message, "errorType": self.kind, "stackTrace": self.trace}
        return json.dumps(told).encode()
