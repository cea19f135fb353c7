"""A function that does what its event asks for, and shows in which process it does it."""

import os
import socket
from collections.abc import Iterator
from typing import Any

from gates import arrive, pass_through

_invocations = 0
_stays: list[socket.socket] = []


def handler(event: Any, context: Any) -> Any:
    global _invocations
    _invocations += 1
    if "fail" in event:
        raise ValueError(event["fail"])
    if "stays_at" in event:
        _stays.append(arrive(event["stays_at"], "here"))
    if "gate" in event and "pieces" not in event:
        pass_through(event["gate"], str(os.getpid()))
    if "pieces" in event:
        return {"statusCode": 200, "body": _pieces(event)}
    return {
        "pid": os.getpid(),
        "invocations": _invocations,
        "request_id": context.aws_request_id,
        "arn": context.invoked_function_arn,
        "has_time": context.get_remaining_time_in_millis() > 0,
    }


def _pieces(event: Any) -> Iterator[bytes]:
    for piece in event["pieces"]:
        yield piece.encode()
        if "gate" in event:
            pass_through(event["gate"], piece)
    if "then_fail" in event:
        raise ValueError(event["then_fail"])
