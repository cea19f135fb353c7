"""AWS's JSON protocol over the signed transport: what the hot path needs of DynamoDB and Logs.

Only operations that may be repeated go through here (a read; a write that is the same when it is
made twice), so a failed attempt is made once more.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from chalicelib.transport import NoAnswer, NotSent, Reply, Service, Transport

ATTEMPTS: Final = 2
_REPEAT = frozenset(
    {"ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded"}
)


class AwsFault(Exception):
    """An AWS call failed. `code` is AWS's error type, or why no answer came."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class AwsApi:
    """One service's operations by name: JSON objects in, JSON objects out."""

    transport: Transport
    service: Service
    target: str  # what stands before the operation's name in X-Amz-Target
    json_version: str = "1.1"
    timeout: float = 3.0  # seconds for each attempt

    def call(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Call an operation. Raises AwsFault once its attempts are used up."""
        headers = {
            "Content-Type": f"application/x-amz-json-{self.json_version}",
            "X-Amz-Target": f"{self.target}.{operation}",
        }
        body = json.dumps(payload, separators=(",", ":")).encode()
        for _ in range(ATTEMPTS):
            try:
                reply = self.transport.call(
                    self.service, "POST", "/", headers, body, timeout=self.timeout
                )
            except NotSent:
                code = "NotSent"
                continue
            except NoAnswer:
                code = "NoAnswer"
                continue
            if reply.complete and reply.status == 200:
                return _answer(reply)
            code = _error_code(reply)
            if reply.complete and reply.status < 500 and code not in _REPEAT:
                break
        raise AwsFault(code)


def _answer(reply: Reply) -> dict[str, Any]:
    try:
        answer = json.loads(reply.body or b"{}")
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise AwsFault("AnswerNotJson")
    return answer


def _error_code(reply: Reply) -> str:
    """Read AWS's error type: `com.amazonaws.logs#ThrottlingException` is ThrottlingException."""
    if not reply.complete:
        return "AnswerCut"
    try:
        kind = str(json.loads(reply.body)["__type"])
    except (ValueError, KeyError, TypeError):
        kind = reply.headers.get("x-amzn-errortype", f"Http{reply.status}")
    return kind.rpartition("#")[2].partition(":")[0]
