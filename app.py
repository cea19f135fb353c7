"""Tollgate, as Chalice deploys it: the routes and what runs on a schedule. Wiring only."""

import os
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, partial, wraps
from importlib import import_module
from typing import Any, cast

from chalice.app import (
    Chalice,
    CloudWatchEvent,
    CORSConfig,
    Cron,
    Rate,
    Request,
    Response,
    SQSEvent,
)

from chalicelib import __version__, parts, settings
from chalicelib.errors import NotFound, TollgateError
from chalicelib.surfaces.answers import Answer, error_answer, in_our_shape, json_answer
from chalicelib.surfaces.aws_errors import bedrock_error, sagemaker_error
from chalicelib.surfaces.invocation import Invocation
from chalicelib.tenants.nouns import Identity

app = Chalice(app_name="tollgate")
app.log.setLevel("WARNING")  # Chalice lets errors through alone, and it is all our loggers' parent
ANY_TYPE = ["*/*"]
STREAMS_QUEUE = os.environ["STREAMS_QUEUE"]  # a decorator needs it before settings are read
BROWSERS = CORSConfig(
    allow_origin="*",  # a key says who it is, not a page
    allow_headers=[
        *("Accept", "Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID"),
        *("X-Api-Key", "Api-Key", "X-Tollgate-Store"),
    ],
    expose_headers=["x-request-id", "Location", "Retry-After", "idempotency-replayed"],
    max_age=600,
)


def account_id(context: Any) -> str:
    """Our AWS account: a Lambda's own ARN says it; elsewhere AWS is asked, once."""
    arn = context.invoked_function_arn
    return arn.split(":")[4] if arn else _asked_account_id()


@cache
def _asked_account_id() -> str:
    account: str = parts.client("sts").get_caller_identity()["Account"]
    return account


def current_request() -> Request:
    return cast(Request, app.current_request)  # set before Chalice calls any view


def request_id() -> str:
    """API Gateway's id for this request; `chalice local` gives none."""
    return current_request().context.get("requestId") or secrets.token_hex(16)


Shape = Callable[[TollgateError, str], Answer]


def answered(view: Callable[..., Answer], shape: Shape = error_answer) -> Callable[..., Answer]:
    """Give a view its request and its id first; answer the errors that a tenant may be told."""

    @wraps(view)
    def answer(**path: str) -> Answer:
        this_id = request_id()
        try:
            return view(current_request(), this_id, **path)
        except TollgateError as error:
            return shape(error, this_id)

    return answer


def identified(request: Request, this_id: str) -> tuple[Identity, Invocation]:
    """Who calls, and with what."""
    context = cast(Any, request.lambda_context)
    invocation = Invocation.of(
        request.to_original_event(),
        cast(bytes, request.raw_body),
        request_id=this_id,
        account=account_id(context),
        context=context,
    )
    return parts.gateway().authenticator.identify(invocation.headers), invocation


as_bedrock = partial(answered, shape=bedrock_error)
as_sagemaker = partial(answered, shape=sagemaker_error)


@app.middleware("http")
def errors_in_our_shape(event: Any, get_response: Callable[[Any], Response]) -> Response:
    return in_our_shape(get_response(event), request_id)


@app.route("/healthz", methods=["GET"])
@answered
def healthz(_request: Request, this_id: str) -> Answer:
    return json_answer(200, {"status": "ok", "version": __version__}, {"x-request-id": this_id})


@app.route("/models", methods=["GET"])
@answered
def models(request: Request, this_id: str) -> Answer:
    from chalicelib.surfaces.models import models_of

    tenant = identified(request, this_id)[0].tenant
    book, blocked = parts.price_book(), parts.gateway().blocks.in_force()
    listed = models_of(tenant, settings.load(), book, datetime.now(UTC).date(), blocked)
    return json_answer(200, listed, {"x-request-id": this_id})


@app.route("/usage", methods=["GET"])
@answered
def usage(request: Request, this_id: str) -> Answer:
    return parts.usage().get(*identified(request, this_id))


@app.route("/invoke", methods=["POST"], content_types=ANY_TYPE, cors=BROWSERS)
@answered
def invoke(request: Request, this_id: str) -> Answer:
    return parts.gateway().invoke.answer(*identified(request, this_id))


@app.route("/responses/{response_id}", methods=["GET"], cors=BROWSERS)
@answered
def response(request: Request, this_id: str, response_id: str) -> Answer:
    return parts.streams().responses.get(*identified(request, this_id), response_id)


@app.route("/responses/{response_id}", methods=["DELETE"], cors=BROWSERS)
@answered
def forget_response(request: Request, this_id: str, response_id: str) -> Answer:
    return parts.streams().responses.delete(*identified(request, this_id), response_id)


@app.route("/responses/{response_id}/events", methods=["GET"], cors=BROWSERS)
@answered
def response_events(request: Request, this_id: str, response_id: str) -> Answer:
    return parts.streams().responses.events(*identified(request, this_id), response_id)


@app.route("/model/{model_id}/{operation}", methods=["POST"], content_types=ANY_TYPE)
@as_bedrock
def bedrock_model(request: Request, this_id: str, model_id: str, operation: str) -> Answer:
    return parts.gateway().native.model(*identified(request, this_id), model_id, operation)


@app.route(
    "/guardrail/{guardrail_id}/version/{version}/apply", methods=["POST"], content_types=ANY_TYPE
)
@as_bedrock
def bedrock_guardrail(request: Request, this_id: str, guardrail_id: str, version: str) -> Answer:
    return parts.gateway().native.guardrail(*identified(request, this_id), guardrail_id, version)


@app.route("/async-invoke", methods=["POST"], content_types=ANY_TYPE)
@as_bedrock
def start_async_invoke(request: Request, this_id: str) -> Answer:
    return parts.async_jobs().surface.start(*identified(request, this_id))


@app.route("/async-invoke", methods=["GET"])
@as_bedrock
def list_async_invokes(request: Request, this_id: str) -> Answer:
    return parts.async_jobs().surface.list(*identified(request, this_id))


@app.route("/async-invoke/{arn}", methods=["GET"])
@as_bedrock
def get_async_invoke(request: Request, this_id: str, arn: str) -> Answer:
    return parts.async_jobs().surface.get(*identified(request, this_id), arn)


@app.route("/guardrail-checks/{operation}", methods=["POST"], content_types=ANY_TYPE)
@as_bedrock
def bedrock_guardrail_checks(_request: Request, _this_id: str, operation: str) -> Answer:
    raise NotFound(f"This gateway does not serve the operation {operation!r} of guardrail checks.")


@app.route("/endpoints/{name}/{operation}", methods=["POST"], content_types=ANY_TYPE)
@as_sagemaker
def sagemaker_endpoint(request: Request, this_id: str, name: str, operation: str) -> Answer:
    return parts.gateway().native.endpoint(*identified(request, this_id), name, operation)


@app.schedule(Cron("15/20", "2-5", "*", "*", "?", "*"))
def daily_report(event: CloudWatchEvent) -> Any:
    """Report the days that are due at the event's own time, whenever it is delivered."""
    from chalicelib.reporting import nightly

    remaining_ms = cast(Any, event.context).get_remaining_time_in_millis
    return nightly.run(event.time, settings.load(), remaining_ms=remaining_ms).to_dict()


@app.schedule(Cron(45, 6, "*", "*", "?", "*"))
def reconcile(event: CloudWatchEvent) -> Any:
    """Hold the reported days against AWS's own counters, and a month against its bill."""
    from chalicelib.reconciliation.morning import Reconciler

    done = Reconciler.of(settings.load()).due(event.time)
    return {"reconciled": [{"period": each.period, "said": each.sentence()} for each in done]}


@app.schedule(Cron(7, "*", "*", "*", "?", "*"))
def sample_capacity(event: CloudWatchEvent) -> Any:
    """Keep what runs and is billed by the hour, for the hour of the event's own time."""
    from chalicelib.reporting import capacity

    sampled = capacity.run(capacity.hour_of(event.time), settings.load())
    return {"key": sampled.key, "samples": len(sampled.samples)}


@app.schedule(Rate(5, unit=Rate.MINUTES))
def settle_jobs(event: CloudWatchEvent) -> Any:
    """Settle the asynchronous jobs that have ended, each once, on the day on which it ended."""
    context = cast(Any, event.context)
    return parts.async_jobs().sweep.run(context.get_remaining_time_in_millis).to_dict()


@app.schedule(Rate(5, unit=Rate.MINUTES))
def sweep_streams(event: CloudWatchEvent) -> Any:
    """Bring the streams that nobody has to their end."""
    context = cast(Any, event.context)
    return parts.streams().sweep.run(context.get_remaining_time_in_millis).to_dict()


@app.on_sqs_message(queue=STREAMS_QUEUE, batch_size=1, maximum_concurrency=100)
def stream_worker(event: SQSEvent) -> None:
    """Run a queued stream to its end. What it raises has SQS deliver the message again."""
    seconds_left = cast(Any, event.context).get_remaining_time_in_millis() / 1000
    for record in event.to_dict()["Records"]:
        parts.streams().worker.handle(record, seconds_left)


@app.on_sqs_message(queue=f"{STREAMS_QUEUE}-dead", batch_size=1)
def stream_dead_letters(event: SQSEvent) -> None:
    """End the jobs whose messages died."""
    for record in event.to_dict()["Records"]:
        parts.streams().dead_letters.handle(record)


if "AWS_CHALICE_CLI_MODE" not in os.environ:
    parts.gateway()  # a wrong setting stops the start; a cold start does its work unbilled
else:  # one of Chalice's own commands, which is to deploy the small package
    import_module("ops.deploy.hooks").install()
