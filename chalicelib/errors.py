"""What a tenant may be told when a call is not answered by the model, with its HTTP status.

A message says what to do. It never carries a stack trace, a key, another tenant's data or an AWS
account detail.
"""

from collections.abc import Mapping
from typing import ClassVar


class TollgateError(Exception):
    """An error with a public face: `status`, `code` and `message`."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    message: str = "The gateway failed. Try again; if it stays, send your platform team the id."

    def __init__(self, message: str = "", headers: Mapping[str, str] | None = None) -> None:
        self.message = message or self.message
        self.headers = dict(headers or {})
        super().__init__(self.message)


class BadRequest(TollgateError):
    status = 400
    code = "bad_request"
    message = "The request is not valid."


class Unauthorized(TollgateError):
    """Every bad key answers alike: malformed, unknown, expired, revoked or disabled."""

    status = 401
    code = "unauthorized"
    message = "Send a valid Tollgate key as 'Authorization: Bearer', 'x-api-key' or 'api-key'."


class ModelNotAllowed(TollgateError):
    status = 403
    code = "model_not_allowed"
    message = "Your team may not use this model. Ask your platform team to allow it."


class NotFound(TollgateError):
    status = 404
    code = "not_found"
    message = "There is nothing here."


class PayloadTooLarge(TollgateError):
    status = 413
    code = "payload_too_large"
    message = "The body is larger than this gateway passes on."


class ProviderFault(TollgateError):
    """The provider failed, or what it answered cannot be handed on."""

    status = 502
    code = "provider_fault"
    message = "The model's provider failed. Try again."


class LedgerUnavailable(TollgateError):
    """Nothing is spent that cannot be recorded."""

    status = 503
    code = "ledger_unavailable"
    message = "The call was not made, because it could not be recorded. Try again."


class DirectoryUnavailable(TollgateError):
    status = 503
    code = "directory_unavailable"
    message = "Your key could not be checked just now. Try again."


class ProviderTimeout(TollgateError):
    status = 504
    code = "provider_timeout"
    message = "The model did not answer in time. The call may have been billed to your team."
