"""A provider's error answer → what the tenant is told, and the code that the record keeps.

Only validation text passes, with ARNs and account numbers taken out: it is about the tenant's own
payload. Everything else a provider says is about us. Error types and statuses: the service models
of bedrock-runtime and sagemaker-runtime.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from chalicelib.errors import (
    BadRequest,
    Conflict,
    ModelTooSlow,
    NotFound,
    PayloadTooLarge,
    ProviderFault,
    ProviderUnavailable,
    Throttled,
    TollgateError,
)
from chalicelib.transport import Reply

Answer = tuple[type[TollgateError], str]  # the error, and what it says ("": its own words)

_OURS: Final = (
    ProviderFault,
    "The gateway's own access to the model's provider was refused. Tell your platform team.",
)
_NO_MODEL: Final = (NotFound, "The provider has no such model in this region.")
_TOO_SLOW: Final = (ModelTooSlow, "")
_AWAY: Final = (ProviderUnavailable, "")

_KINDS: Final[Mapping[str, Answer]] = {
    "ResourceNotFoundException": _NO_MODEL,
    "ModelTimeoutException": _TOO_SLOW,
    "ServiceUnavailableException": _AWAY,
    "ServiceUnavailable": _AWAY,
    "ConflictException": (Conflict, ""),
}
_STATUSES: Final[Mapping[int, Answer]] = {
    401: _OURS,
    403: _OURS,
    404: _NO_MODEL,
    408: _TOO_SLOW,
    413: (PayloadTooLarge, "The provider found the payload too large."),
    503: _AWAY,
}
_VALIDATION: Final = frozenset({"ValidationException", "ValidationError"})
_THROTTLING: Final = frozenset(
    {"ThrottlingException", "ServiceQuotaExceededException", "ModelNotReadyException"}
)
_PASSED_ON: Final = (
    frozenset(
        {
            "ConflictException",
            "InternalDependencyException",
            "InternalFailure",
            "InternalServerException",
            "ModelError",
            "ModelErrorException",
            "ModelTimeoutException",
            "ResourceNotFoundException",
        }
    )
    | _VALIDATION
    | _THROTTLING
    | frozenset({"ServiceUnavailableException", "ServiceUnavailable"})
)
"""Types that a native route passes on, with their status; the others are about us."""

_SECRETS: Final = re.compile(r"arn:aws[^\s\"',;)]*|\b\d{12}\b|https?://[^\s\"']*")
MAX_MESSAGE: Final = 1_000


def error_code(reply: Reply) -> str:
    """Name a provider's error by its type: `ValidationException`, or `Http500` without one."""
    kind = reply.headers.get("x-amzn-errortype", "").partition(":")[0]
    return kind if re.fullmatch(r"\w{1,64}", kind, re.ASCII) else f"Http{reply.status}"


def tenant_error(reply: Reply) -> TollgateError:
    """Say to the tenant what a provider's error answer means for them."""
    kind = error_code(reply)
    error = _tenant_error(kind, reply)
    if kind in _PASSED_ON:
        error.provider = (reply.status, kind)
    return error


def _tenant_error(kind: str, reply: Reply) -> TollgateError:
    if kind in _VALIDATION:
        return BadRequest(_cleaned(_body(reply).get("message") or _body(reply).get("Message")))
    if kind in _THROTTLING or reply.status == 429:
        seconds = reply.headers.get("retry-after", "")
        return Throttled(headers={"Retry-After": seconds if seconds.isdigit() else "1"})
    if kind == "ModelError":
        return _container_error(_body(reply))
    error, words = _KINDS.get(kind) or _STATUSES.get(reply.status) or (ProviderFault, "")
    return error(words)


def _container_error(body: Mapping[str, Any]) -> TollgateError:
    """Read SageMaker's 424: what the container answered, 4xx for a payload it does not take."""
    status = body.get("OriginalStatusCode")
    if isinstance(status, int) and 400 <= status < 500:
        return BadRequest(_cleaned(body.get("OriginalMessage")))
    return ProviderFault("The endpoint's container failed. Try again.")


def _body(reply: Reply) -> Mapping[str, Any]:
    try:
        body = json.loads(reply.body)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _cleaned(message: object) -> str:
    """Take out what is about us, and halves of characters, which no encoding has."""
    text = message.encode(errors="replace").decode() if isinstance(message, str) else ""
    return _SECRETS.sub("[…]", text)[:MAX_MESSAGE] or "The provider found the payload not valid."
