"""Tollgate, as Chalice deploys it: the routes and what runs on a schedule. Wiring only."""

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial, wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from chalice.app import Chalice, CloudWatchEvent, Cron, Rate, Request, Response

from chalicelib import __version__, settings
from chalicelib.aws_json import AwsApi
from chalicelib.errors import NotFound, TollgateError
from chalicelib.ledger import Ledger, LogGroupWriter, StdoutWriter, new_instance
from chalicelib.router import Router
from chalicelib.surfaces.answers import Answer, error_answer, in_our_shape, json_answer
from chalicelib.surfaces.aws_errors import bedrock_error, sagemaker_error
from chalicelib.surfaces.invocation import Invocation
from chalicelib.surfaces.invoke import InvokeSurface
from chalicelib.surfaces.large_answers import LargeAnswers
from chalicelib.surfaces.native import NativeSurface
from chalicelib.tenants.authenticator import Authenticator
from chalicelib.tenants.nouns import Identity
from chalicelib.tenants.table import TenantsTable
from chalicelib.transport import CLOUDWATCH_LOGS, DYNAMODB, Transport

if TYPE_CHECKING:
    from chalicelib.async_jobs.sweep import Sweep
    from chalicelib.surfaces.async_invoke import AsyncInvokeSurface

app = Chalice(app_name="tollgate")
ANY_TYPE = ["*/*"]


@dataclass(frozen=True, slots=True)
class Gateway:
    """The parts that serve requests, made once in a process."""

    transport: Transport
    dynamodb: AwsApi
    ledger: Ledger
    router: Router
    authenticator: Authenticator
    invoke: InvokeSurface
    native: NativeSurface


@cache
def gateway() -> Gateway:
    config = settings.load()
    transport = Transport(config.region)
    dynamodb = AwsApi(transport, DYNAMODB, "DynamoDB_20120810", json_version="1.0")
    instance = new_instance()
    writer = (
        LogGroupWriter(
            AwsApi(transport, CLOUDWATCH_LOGS, "Logs_20140328"), config.usage_log_group, instance
        )
        if config.usage_log_group
        else StdoutWriter()
    )
    ledger = Ledger(writer, stage=config.stage, instance=instance)
    router = Router(config, ledger, transport)
    tenants = TenantsTable(dynamodb, config.tenants_table)
    large_answers = LargeAnswers(config.payloads_bucket, lambda: client("s3"))
    return Gateway(
        transport,
        dynamodb,
        ledger,
        router,
        Authenticator(tenants.read_item, config.key_cache_seconds),
        InvokeSurface(router, large_answers),
        NativeSurface(router, large_answers, config.region),
    )


@dataclass(frozen=True, slots=True)
class AsyncJobs:
    """The parts that serve and settle asynchronous jobs; made when the first one is asked for."""

    surface: "AsyncInvokeSurface"
    sweep: "Sweep"


@cache
def async_jobs() -> AsyncJobs:
    from chalicelib.async_jobs.sweep import Sweep
    from chalicelib.async_jobs.table import JobsTable
    from chalicelib.backends.async_invokes import AsyncInvokes
    from chalicelib.surfaces.async_invoke import AsyncInvokeSurface

    config, parts = settings.load(), gateway()
    jobs = JobsTable(parts.dynamodb, config.streams_table)
    invokes = AsyncInvokes(parts.transport, lambda: client("bedrock-runtime"))
    return AsyncJobs(
        AsyncInvokeSurface(parts.router, jobs, invokes, stage=config.stage),
        Sweep(jobs, invokes, parts.ledger, stage=config.stage),
    )


@cache
def client(service: str) -> Any:
    """Make a boto3 client, where the path is not hot: importing boto3 costs a cold start."""
    import boto3
    from botocore.config import Config

    config = Config(
        signature_version="s3v4" if service == "s3" else None,
        connect_timeout=3,
        read_timeout=5,
        retries={"mode": "standard", "total_max_attempts": 2},  # within what a call keeps back
    )
    return boto3.client(service, region_name=settings.load().region, config=config)


@cache
def price_book() -> Any:
    from chalicelib.pricing.price_book import PriceBook

    return PriceBook.load()


def account_id(context: Any) -> str:
    """Our AWS account: a Lambda's own ARN says it; elsewhere AWS is asked, once."""
    arn = context.invoked_function_arn
    return arn.split(":")[4] if arn else _asked_account_id()


@cache
def _asked_account_id() -> str:
    account: str = client("sts").get_caller_identity()["Account"]
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
    return gateway().authenticator.identify(invocation.headers), invocation


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
    listed = models_of(tenant, settings.load(), price_book(), datetime.now(UTC).date())
    return json_answer(200, listed, {"x-request-id": this_id})


@app.route("/invoke", methods=["POST"], content_types=ANY_TYPE)
@answered
def invoke(request: Request, this_id: str) -> Answer:
    return gateway().invoke.answer(*identified(request, this_id))


@app.route("/model/{model_id}/{operation}", methods=["POST"], content_types=ANY_TYPE)
@as_bedrock
def bedrock_model(request: Request, this_id: str, model_id: str, operation: str) -> Answer:
    return gateway().native.model(*identified(request, this_id), model_id, operation)


@app.route(
    "/guardrail/{guardrail_id}/version/{version}/apply", methods=["POST"], content_types=ANY_TYPE
)
@as_bedrock
def bedrock_guardrail(request: Request, this_id: str, guardrail_id: str, version: str) -> Answer:
    return gateway().native.guardrail(*identified(request, this_id), guardrail_id, version)


@app.route("/async-invoke", methods=["POST"], content_types=ANY_TYPE)
@as_bedrock
def start_async_invoke(request: Request, this_id: str) -> Answer:
    return async_jobs().surface.start(*identified(request, this_id))


@app.route("/async-invoke", methods=["GET"])
@as_bedrock
def list_async_invokes(request: Request, this_id: str) -> Answer:
    return async_jobs().surface.list(*identified(request, this_id))


@app.route("/async-invoke/{arn}", methods=["GET"])
@as_bedrock
def get_async_invoke(request: Request, this_id: str, arn: str) -> Answer:
    return async_jobs().surface.get(*identified(request, this_id), arn)


@app.route("/guardrail-checks/{operation}", methods=["POST"], content_types=ANY_TYPE)
@as_bedrock
def bedrock_guardrail_checks(_request: Request, _this_id: str, operation: str) -> Answer:
    raise NotFound(f"This gateway does not serve the operation {operation!r} of guardrail checks.")


@app.route("/endpoints/{name}/{operation}", methods=["POST"], content_types=ANY_TYPE)
@as_sagemaker
def sagemaker_endpoint(request: Request, this_id: str, name: str, operation: str) -> Answer:
    return gateway().native.endpoint(*identified(request, this_id), name, operation)


@app.schedule(Cron(15, 2, "*", "*", "?", "*"))
def daily_report(event: CloudWatchEvent) -> Any:
    """Report the UTC day before the event's own time, whenever it is delivered."""
    from chalicelib.reporting import daily

    context = cast(Any, event.context)
    manifest = daily.run(
        daily.day_before(event.time),
        settings.load(),
        remaining_ms=context.get_remaining_time_in_millis,
    )
    return json.loads(manifest.to_json())


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
    return async_jobs().sweep.run(context.get_remaining_time_in_millis).to_dict()


if "AWS_CHALICE_CLI_MODE" not in os.environ:
    gateway()  # a wrong setting stops the start, and a cold start does its work before it is billed
else:  # one of Chalice's own commands, which is to deploy the small package
    import_module("ops.deploy.hooks").install()
