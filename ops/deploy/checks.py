"""What is looked at before anything is changed. Each check yields a sentence where it fails."""

import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from chalicelib.settings import SettingError, load
from ops.deploy import aliases, gateway, leaving, network, ownership, stack_state, stacks, zones
from ops.deploy.account import Account
from ops.deploy.stage import FOLDER, Stage
from ops.directory import Refused

PYTHONS: Final = ((3, 12), (3, 13))
"""The first that does not escape what is not ASCII in answers, and the last that we test."""
MAX_ENVIRONMENT_BYTES: Final = 4_096
"""Lambda's, for the names and values of a function's variables ("Lambda quotas")."""

Check = Callable[[Stage, Account], Iterator[str]]


def problems(stage: Stage, account: Account, wanted: Iterable[Check] | None = None) -> list[str]:
    """Make checks, by default those before a deployment; return a sentence for each that fails."""
    made = CHECKS if wanted is None else wanted
    return [sentence for check in made for sentence in _made(check, stage, account)]


def _made(check: Check, stage: Stage, account: Account) -> Iterator[str]:
    try:
        yield from check(stage, account)
    except ClientError as error:
        told = error.response["Error"]
        yield f"AWS refuses {error.operation_name}, which a check asks: {told['Code']}"
    except BotoCoreError as error:
        yield f"AWS cannot be asked: {' '.join(str(error).split())}"


def python(_stage: Stage, _account: Account) -> Iterator[str]:
    """The functions run on the Python that deploys them: Chalice takes its version."""
    if sys.version_info[:2] not in PYTHONS:
        first, last = (".".join(map(str, version)) for version in PYTHONS)
        running = ".".join(map(str, sys.version_info[:2]))
        yield (
            f"the functions would run on this Python, {running}: deploy from {first} or {last}"
            f" (`make clean install PYTHON=python{first}`)"
        )


def right_account(stage: Stage, account: Account) -> Iterator[str]:
    wanted = stage.options.account
    if wanted and wanted != account.number:
        yield (
            f"these credentials are of account {account.number},"
            f" and stage {stage.name} goes to {wanted}"
        )


def names(stage: Stage, account: Account) -> Iterator[str]:
    environment = stage.environment(account.place)
    for name, made in stage.conventional(account.number).items():
        if environment.get(name) != made:
            yield f"{name} is {environment.get(name)!r} in config.json; what is made is {made!r}"


def settings(stage: Stage, account: Account) -> Iterator[str]:
    """What would stop the functions' start stops their deployment."""
    try:
        load({"AWS_REGION": account.region, **stage.environment(account.place)})
    except SettingError as error:
        yield f"a setting in config.json: {error}"


def environment_size(stage: Stage, account: Account) -> Iterator[str]:
    variables = stage.environment(account.place)
    size = sum(len(name) + len(value.encode()) for name, value in variables.items())
    if size > MAX_ENVIRONMENT_BYTES:
        yield (
            f"the settings of stage {stage.name} have {size} bytes, and Lambda takes"
            f" {MAX_ENVIRONMENT_BYTES}: name a file for the longest"
        )


def policies(stage: Stage, _account: Account) -> Iterator[str]:
    for name in stage.policies():
        if not (FOLDER / name).is_file():
            yield f"a function's policy is missing: .chalice/{name}"


def buckets(stage: Stage, account: Account) -> Iterator[str]:
    """A bucket's name must be free, or its bucket ours and here."""
    s3 = account.client("s3")
    for setting in ("REPORTS_BUCKET", "PAYLOADS_BUCKET"):
        bucket = stage.conventional(account.number)[setting]
        try:
            found = s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=account.number)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                continue
            yield f"the bucket {bucket} is somebody else's, or may not be looked at from here"
        else:
            region = found.get("BucketRegion", account.region)
            if region != account.region:
                yield f"the bucket {bucket} is in {region}, and this is {account.region}"


def model_access(stage: Stage, account: Account) -> Iterator[str]:
    bedrock = account.client("bedrock")
    try:
        listed = bedrock.list_foundation_models()["modelSummaries"]
    except EndpointConnectionError:
        yield f"Bedrock is not to be reached in {account.region}"
        return
    if not listed:
        yield f"Bedrock lists no model in {account.region}"
    for model in stage.options.models:
        found = bedrock.get_foundation_model_availability(modelId=model)
        lacking = [name for name, (path, fit) in _USABLE.items() if _read(found, path) not in fit]
        if lacking:
            yield f"this account may not use {model} in {account.region} yet: {', '.join(lacking)}"


_USABLE: Final = {
    "the account is not authorized": (("authorizationStatus",), ("AUTHORIZED",)),
    "it has no entitlement": (("entitlementAvailability",), ("AVAILABLE",)),
    "it is not in this region": (("regionAvailability",), ("AVAILABLE",)),
    "its agreement is not accepted": (("agreementAvailability", "status"), ("AVAILABLE",)),
}
"""bedrock 2023-04-20, GetFoundationModelAvailability: what must hold, and how it says so."""


def _read(answer: object, path: tuple[str, ...]) -> object:
    for name in path:
        answer = answer.get(name) if isinstance(answer, dict) else None
    return answer


def concurrency(stage: Stage, account: Account) -> Iterator[str]:
    limit = account.client("lambda").get_account_settings()["AccountLimit"]
    free = limit["UnreservedConcurrentExecutions"]
    if free < stage.options.concurrency:
        yield (
            f"Lambda may run {free} functions at a time here, and stage {stage.name} needs"
            f" {stage.options.concurrency}: ask for more (Service Quotas, Lambda, concurrent"
            " executions), or set `concurrency` in the stage's `deploy`"
        )


def ours(stage: Stage, account: Account) -> Iterator[str]:
    """What has a name of ours is this stage's, or not there."""
    owner = f"stage={stage.name}:app={stage.config['app_name']}"
    function = partial(ownership.function, account.client("lambda"), wanted=owner)
    role = partial(ownership.role, account.client("iam"), region=account.region)
    rule = partial(ownership.rule, account.client("events"))
    looks = [
        *(partial(function, stage.function(key)) for key in stage.functions),
        *(partial(role, stage.role(key)) for key in stage.functions),
        *(partial(rule, stage.rule(key), stage.function(key)) for key in stage.functions),
        partial(ownership.api, account.client("apigateway"), stage.api),
    ]
    for look in looks:
        try:
            look()
        except Refused as refused:
            yield str(refused)


def one_release(stage: Stage, account: Account) -> Iterator[str]:
    """The alias that an API streams from leads to one version, or a release would mix up two."""
    if stage.streams:
        yield from aliases.shared_out(account.client("lambda"), stage.api)


def app(stage: Stage, account: Account) -> Iterator[str]:
    """The app must be one that can be imported, with this stage's settings."""
    try:
        from ops.deploy.chalice_stage import ChaliceStage  # Chalice is slow to import

        ChaliceStage.of(stage, account, network={}, say=print)
    except ModuleNotFoundError as error:
        yield f"{error.name} is not installed here: `make install`, then `. .venv/bin/activate`"
    except Refused as refused:
        yield str(refused)


def stacks_at_rest(stage: Stage, account: Account) -> Iterator[str]:
    cloudformation = account.client("cloudformation")
    for part in stacks.PARTS:
        name = stage.stack(part)
        if words := _NOT_NOW.get(stack_state.course(cloudformation, name)):
            yield f"the stack {name} is {stack_state.status(cloudformation, name)}: {words}"


_NOT_NOW: Final = {
    stack_state.Course.AWAIT: "wait until that has ended",
    stack_state.Course.SETTLE: (
        "it cannot be rolled back, only deleted, and not only what is retained is in it: delete it"
        " in CloudFormation, which leaves the billing data, and deploy again, which takes that up"
    ),
}
"""Stacks with which nothing can be done from here, and what to do."""

CHECKS: Final[tuple[Check, ...]] = (
    *(python, right_account, names, settings, environment_size, policies),
    *(
        app,
        buckets,
        model_access,
        concurrency,
        ours,
        one_release,
        gateway.log_role,
        leaving.held,
        stacks_at_rest,
        network.problems,
        zones.unserved,
    ),
)
