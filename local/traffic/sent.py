"""Sent: a request and what its client saw."""

from dataclasses import dataclass

from local.traffic.plan import NativeRequest, Request


@dataclass(frozen=True, slots=True)
class Sent:
    """Status 0 means that the connection ended without an answer."""

    request: Request | NativeRequest
    status: int = 0
    request_id: str = ""
    error_code: str = ""
    retry_after: str = ""
    invocation_arn: str = ""  # of the asynchronous job that it started
