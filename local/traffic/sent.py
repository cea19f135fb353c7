"""Sent: a request and what its client saw."""

import json
from dataclasses import dataclass, replace
from typing import Self

from local.traffic.plan import AnyRequest
from local.traffic.reading import Read


@dataclass(frozen=True, slots=True)
class Sent:
    """Status 0 means that the connection ended without an answer."""

    request: AnyRequest
    status: int = 0
    request_id: str = ""
    error_code: str = ""
    retry_after: str = ""
    invocation_arn: str = ""  # of the asynchronous job that it started
    reads: tuple[Read, ...] = ()  # of its streamed answer, one for each time that it was read
    others: "tuple[Sent, ...]" = ()  # the same request, sent before by its SDK, or again

    @property
    def all(self) -> "tuple[Sent, ...]":
        """Every time that it was sent."""
        return (self, *self.others)

    def with_reads(self, *reads: Read) -> Self:
        return replace(self, reads=(*self.reads, *reads))

    def with_others(self, *others: "Sent") -> Self:
        return replace(self, others=(*self.others, *others))


def error_code(status: int, body: bytes) -> str:
    """Read the gateway's own code of an error."""
    if status < 400:
        return ""
    try:
        code = json.loads(body)["error"]["code"]
    except (ValueError, KeyError, TypeError):
        return "unreadable"
    return str(code)
