"""What a tenant may be told when a call is not answered by the model, with its HTTP status.

A message says what to do. It never carries a stack trace, a key, another tenant's data or an AWS
account detail.
"""

from collections.abc import Mapping
from typing import ClassVar


class TollgateError(Exception):
    """An error with a public face: `status`, `code` and `message`.

    `may_be_billed`: it ended a provider call whose record is not `failed`, so who repeats the
    request may pay twice.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    may_be_billed: ClassVar[bool] = False
    message: str = "The gateway failed. Try again; if it stays, send your platform team the id."

    def __init__(
        self,
        message: str = "",
        headers: Mapping[str, str] | None = None,
        provider: tuple[int, str] | None = None,
    ) -> None:
        """Take words of its own, headers, and the status and type that the provider gave it.

        The last two are for native routes, where a client expects the provider's own.
        """
        self.message = message or self.message
        self.headers = dict(headers or {})
        self.provider = provider
        super().__init__(self.message)


class BadRequest(TollgateError):
    status = 400
    code = "bad_request"
    message = "The request is not valid."


class BadModelId(BadRequest):
    code = "bad_model_id"
    message = "'model_id' is not an identifier of a model."


class Unauthorized(TollgateError):
    """Every bad key answers alike: malformed, unknown, expired, revoked or disabled."""

    status = 401
    code = "unauthorized"
    message = "Send a valid Tollgate key as 'Authorization: Bearer', 'x-api-key' or 'api-key'."


class ModelNotAllowed(TollgateError):
    status = 403
    code = "model_not_allowed"
    message = "Your team may not use this model. Ask your platform team to allow it."


class ModelBlocked(ModelNotAllowed):
    """An operator has stopped the model for everyone, whoever's allow-list has it."""

    code = "model_blocked"
    message = (
        "This model is blocked for every team just now. Use another, or ask your platform team."
    )


class TeamDisabled(ModelNotAllowed):
    """Told of a call that waited in the queue until its team was disabled."""

    code = "team_disabled"
    message = "The model was not called, because your team was disabled while the call waited."


class NotFound(TollgateError):
    status = 404
    code = "not_found"
    message = "There is nothing here."


class MethodNotAllowed(TollgateError):
    status = 405
    code = "method_not_allowed"
    message = "This route does not take this method."


class UnsupportedMediaType(TollgateError):
    status = 415
    code = "unsupported_media_type"
    message = "This route does not take this content type."


class Conflict(TollgateError):
    status = 409
    code = "conflict"
    message = "The same token was used before, with another request."


class KeyReused(Conflict):
    code = "idempotency_key_reused"
    message = (
        "Your team used this Idempotency-Key for another request within the last 24 hours. "
        "Send each request with a key of its own."
    )


class StillRunning(Conflict):
    """The same request was sent before, and its call goes on."""

    code = "still_running"
    message = (
        "The same request still runs. Send it again after the seconds in Retry-After: it will "
        "not be called twice."
    )


class OutcomeUnknown(Conflict):
    """The same request was sent before, and what became of its call is not known."""

    code = "outcome_unknown"
    may_be_billed = True


class PayloadTooLarge(TollgateError):
    status = 413
    code = "payload_too_large"
    message = "The body is larger than this gateway passes on."


class Throttled(TollgateError):
    status = 429
    code = "throttled"
    message = "The model's provider is over its limit. Try again after the seconds in Retry-After."


class ProviderFault(TollgateError):
    """The provider failed, or what it answered cannot be handed on."""

    status = 502
    code = "provider_fault"
    message = "The model's provider failed. Try again."


class AnswerLost(ProviderFault):
    """The provider ran the model, or may have, and its answer did not arrive whole."""

    may_be_billed = True
    message = (
        "The model's answer was cut off on its way. The call may have been billed to your team."
    )


class AnswerKept(TollgateError):
    """The answer is in S3, and this route has no way to send the client there."""

    status = 502
    code = "answer_kept"
    may_be_billed = True


class AnswerNotKept(TollgateError):
    """The model answered and was paid; its answer was too large to return and could not be kept."""

    status = 502
    code = "answer_not_kept"
    may_be_billed = True
    message = "The model answered and was billed, but its large answer could not be kept for you."


class ProviderUnavailable(TollgateError):
    status = 503
    code = "provider_unavailable"
    message = "The model's provider is not available just now. Try again."


class LedgerUnavailable(TollgateError):
    """Nothing is spent that cannot be recorded."""

    status = 503
    code = "ledger_unavailable"
    message = "The call was not made, because it could not be recorded. Try again."


class DirectoryUnavailable(TollgateError):
    status = 503
    code = "directory_unavailable"
    message = "Your key could not be checked just now. Try again."


class JobsUnavailable(TollgateError):
    """The table of asynchronous jobs is away."""

    status = 503
    code = "jobs_unavailable"
    message = "Your team's asynchronous jobs could not be read just now. Try again."


class RepeatsUnavailable(TollgateError):
    """Whether the same request was sent before cannot be read, or written down, just now."""

    status = 503
    code = "repeats_unavailable"
    message = (
        "The call was not made, because it is not known whether it was made before. Try again."
    )


class StreamsUnavailable(TollgateError):
    """The table or the queue of streamed answers is away."""

    status = 503
    code = "streams_unavailable"
    message = "Streamed answers are not available just now, and nothing was called. Try again."


class ReportsUnavailable(TollgateError):
    """A team's own files of the reports, or its day so far, cannot be read."""

    status = 503
    code = "reports_unavailable"
    message = "Your team's usage cannot be read just now. Try again."


class IntakeUnknown(StreamsUnavailable):
    """The table broke off: it may have the request, and then it is run."""

    code = "streams_unknown"
    may_be_billed = True
    message = (
        "It is not known whether this request was taken in. Look for its answer under its request "
        "id, in half an hour at the latest, before you send it again."
    )


class ProviderTimeout(TollgateError):
    status = 504
    code = "provider_timeout"
    may_be_billed = True
    message = "The model did not answer in time. The call may have been billed to your team."


class NoTimeLeft(ProviderTimeout):
    may_be_billed = False
    message = "There was no time left to call the model. Try again."


class ModelTooSlow(ProviderTimeout):
    """The provider itself gave the model up, which it answers as an error and does not bill."""

    may_be_billed = False
    message = "The model took too long. Ask for less, or try again."
