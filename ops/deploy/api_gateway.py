"""What API Gateway does by itself, as it is told to with each deployment: data, and no Chalice.

Here as on this machine (local/) a request that no function sees is answered by these words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

ALSO_BINARY: Final = ("application/vnd.amazon.eventstream", "application/x-npy")
"""Binary types, of requests to containers and of buffered answers, that Chalice does not name."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What API Gateway answers by itself. `status` is None for a kind of many."""

    status: int | None
    code: str
    message: str


REFUSALS: Final[Mapping[str, Refusal]] = {
    "MISSING_AUTHENTICATION_TOKEN": Refusal(
        403, "no_such_route", "There is no such route, or not for this method."
    ),
    "INVALID_SIGNATURE": Refusal(
        403, "no_such_route", "There is no such route, or not for this method."
    ),
    "REQUEST_TOO_LARGE": Refusal(
        413, "payload_too_large", "The request is larger than API Gateway or Lambda accepts."
    ),
    "THROTTLED": Refusal(429, "throttled", "The gateway has too many requests: try again."),
    "INTEGRATION_TIMEOUT": Refusal(
        504,
        "gateway_timeout",
        "No answer within API Gateway's time. The call goes on, and is billed to your team.",
    ),
    "DEFAULT_4XX": Refusal(None, "refused", "API Gateway refused the request."),
    "DEFAULT_5XX": Refusal(
        None, "provider_fault", "The gateway's function failed, or its answer is too large."
    ),
}
"""By kind ("Gateway response types" in API Gateway's Developer Guide).

A path that leads nowhere is MISSING_AUTHENTICATION_TOKEN; with an Authorization that is no
signature, API Gateway's own words would repeat that header: a tenant's key. Hence no answer here
has anything of the request in it.
"""
