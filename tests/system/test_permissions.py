"""Each function may do what it does, and nothing else: what is asked of AWS, beside the policies.

Everything that the deployed functions do runs once. Whoever made a request is told by the access
key that signed it; a session of the tenants' role by its token.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import deployed_traffic as traffic
import one_day
import pytest
from aws_asks import Request, asks, own
from iam_policies import Ask, Grant, allows, granted

import local.aws
from local import credentials, project
from local.functions.client import FunctionsClient
from local.proof.collect import control
from local.queue_delivery import QueueDelivery
from local.simulator.provider import Provider
from local.stack import Stack
from ops.deploy import policies
from ops.deploy.named import Named
from ops.deploy.place import Place

pytestmark = pytest.mark.system
FUNCTIONS = ("api_handler", *sorted(project.STARTED_BY_MESSAGES), *project.scheduled())
STAGES = ("dev", "prod")
TENANT_ROLE = "tollgate-local-tenant"
SETTINGS = {
    "ALERTS_TOPIC_ARN": own("sns", "tollgate-local-alerts"),
    "SAGEMAKER_ENDPOINTS": json.dumps({"chat-openai": {"container": "openai"}}),
    "MODEL_ARNS": json.dumps(
        ["arn:aws:bedrock:us-east-1:123456789012:*", traffic.ENDPOINT, "chat-throughput"]
    ),
    "PRICES_OVERRIDE": "prices.csv",
}
OTHER_TEAM = "ads"
HERE = Place("aws", project.REGION, project.ACCOUNT)
SWEEP = {"time": "2026-11-23T12:00:00Z"}

OF_AN_EVENT_SOURCE = ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")
"""What Lambda asks with a function's role to deliver messages. AWS Lambda developer guide, "Using
Lambda with Amazon SQS", "Execution role permissions"."""
SOURCES = {"stream_worker": "streams", "stream_dead_letters": "streams-dead"}
OF_A_LOG = ("logs:CreateLogStream", "logs:PutLogEvents")
"""What Lambda asks to write what a function prints: "Working with Lambda execution environment
credentials" and the managed policy AWSLambdaBasicExecutionRole, whose log group is made here."""

STATED = {"daily_report": ("s3:AbortMultipartUpload", "/focus/date=2026-11-23/focus.csv")}
"""What a function needs of the reports bucket and does not ask for here: to end the upload of many
megabytes that fails."""

Asked = Mapping[str, set[Ask]]


def stated(function: str, stage: str) -> Iterator[Ask]:
    """What nobody asks here: what Lambda itself does with a function's role, and STATED."""
    if function in STATED:
        action, key = STATED[function]
        yield Ask(action, f"arn:aws:s3:::tollgate-{stage}-reports-{project.ACCOUNT}{key}")
    group = f"log-group:/aws/lambda/{project.function(function, stage).name}:log-stream:a"
    yield from (Ask(action, own("logs", group)) for action in OF_A_LOG)
    if queue := SOURCES.get(function):
        for action in OF_AN_EVENT_SOURCE:
            yield Ask(action, own("sqs", f"tollgate-{stage}-{queue}"))


@contextmanager
def recorded() -> Iterator[Asked]:
    """Note who asks what, of AWS and of the models' providers."""
    asked: defaultdict[str, set[Ask]] = defaultdict(set)

    def note(request: Request) -> None:
        key = request.access_key
        if function := credentials.function_of(key):
            asked[function].update(asks(request))
        elif (caller := credentials.principal(key)) and f"/{TENANT_ROLE}/" in caller.arn:
            tag = ("aws:PrincipalTag/team_id", caller.arn.rpartition("/")[2])
            asked["tenant"].update(ask.within(tag) for ask in asks(request))

    with pytest.MonkeyPatch.context() as patch:
        _listen_to_aws(patch, note)
        _listen_to_providers(patch, note)
        yield asked


def _listen_to_aws(patch: pytest.MonkeyPatch, note: Any) -> None:
    answer = local.aws._Dispatcher.answer

    def heard(self: Any, environ: dict[str, Any]) -> Any:
        path, _, query = environ["RAW_URI"].partition("?")
        named = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        body = environ["wsgi.input"].read()
        environ["wsgi.input"].seek(0)
        note(Request(environ["REQUEST_METHOD"], path, query, named, body))
        return answer(self, environ)

    patch.setattr(local.aws._Dispatcher, "answer", heard)


def _listen_to_providers(patch: pytest.MonkeyPatch, note: Any) -> None:
    handle = Provider.handle

    def heard(self: Any, request: Any) -> Any:
        note(Request(request.method, request.path, request.query, request.headers, request.body))
        return handle(self, request)

    patch.setattr(Provider, "handle", heard)


@dataclass(frozen=True)
class Run:
    asked: Asked
    as_teams: list[dict[str, Any]]
    """What CloudTrail shows of the calls that were made with the tenants' role."""


@pytest.fixture(scope="module")
def run() -> Run:
    one_day.with_room()
    with recorded() as asked, Stack(environ=SETTINGS) as stack:
        key, models = traffic.create_tenant(stack), traffic.create_models(stack)
        client = traffic.Client(stack.urls["gateway"], key)
        with closing(traffic.LeftBehind(stack.environ)) as left:
            use_as_tenants_do(stack, client, models)
            traffic.lose_a_race(client, stack, left)
            stack.stop_queues()
            work_off(stack, left)
        traffic.report(stack)
        before = len(control(stack, "GET", "trail"))
        use_with_the_tenants_role(stack, key, models)
        return Run(asked, control(stack, "GET", "trail")[before:])


@pytest.fixture
def asked(run: Run) -> Asked:
    return run.asked


def use_as_tenants_do(stack: Stack, client: traffic.Client, models: Mapping[str, Any]) -> None:
    traffic.call_models(client, models)
    traffic.queue_models(client, models)
    traffic.count_tokens(client)
    traffic.look_at_the_usage(client, stack)
    traffic.look_at_a_video(client, stack)
    traffic.start_a_job(client, stack)
    traffic.read_and_forget(client)
    traffic.repeat(client, stack)
    traffic.queue_much(client)


def work_off(stack: Stack, left: traffic.LeftBehind) -> None:
    left.job(stack)
    left.streams("swept")
    for function in ("settle_jobs", "sweep_streams"):
        stack.invoke(function, SWEEP)
    for function in SOURCES:
        traffic.deliver(stack.functions, function, *left.streams(function))


def use_with_the_tenants_role(stack: Stack, key: str, models: Mapping[str, Any]) -> None:
    """Once more, signed with sessions of the tenants' role; and buffered, for large answers."""
    role = f"arn:aws:iam::{project.ACCOUNT}:role/{TENANT_ROLE}"
    gateway = stack.start_gateway(answers="buffered", environ={"TENANT_ROLE_ARN": role})
    functions = FunctionsClient(gateway.functions_url)
    deliveries = [
        QueueDelivery(source, stack.client("sqs"), functions, stack.aws.end_long_polls)
        for source in gateway.queues
    ]
    client = traffic.Client(gateway.url, key)
    traffic.call_models(client, models)
    traffic.count_tokens(client)
    traffic.look_at_a_video(client, stack)
    traffic.start_a_job(client, stack)
    traffic.take_a_large_answer(client, stack)
    other = traffic.Client(gateway.url, traffic.create_tenant(stack, OTHER_TEAM))
    other.invoke(traffic.NOVA, traffic.NOVA_BODY)
    for delivery in deliveries:
        delivery.stop()


def of_stage(ask: Ask, stage: str) -> Ask:
    """What was asked on this machine, as a deployed function of a stage asks it."""
    return ask._replace(resource=_renamed(ask.resource, stage))


def _renamed(text: str, stage: str) -> str:
    own_name = text.replace("tollgate-local-", f"tollgate-{stage}-")
    return own_name.replace("/tollgate/local/", f"/tollgate/{stage}/")


def policy(function: str, stage: str) -> dict[str, Any]:
    """A function's policy, as it is deployed."""
    path = project.ROOT / ".chalice" / f"policy-{stage}-{function}.json"
    return policies.narrowed(json.loads(path.read_text(encoding="utf-8")), HERE, named(stage))


def named(stage: str) -> Named:
    """What the settings of a stage would name, were they these."""
    variables = {**project.environment(), **SETTINGS}
    return Named.of({name: _renamed(text, stage) for name, text in variables.items()}, HERE)


def tenant_role() -> dict[str, Any]:
    """The properties of the role that calls models for tenants, of the stage `local`."""
    text = Path(project.ROOT, ".chalice", "resources.json").read_text(encoding="utf-8")
    properties: dict[str, Any] = resolved(json.loads(text)["Resources"]["TenantRole"]["Properties"])
    return properties


def tenant_policy() -> dict[str, Any]:
    (inline,) = tenant_role()["Policies"]
    document: dict[str, Any] = inline["PolicyDocument"]
    return document


def trusts(ask: Ask) -> bool:
    """Say whether the tenants' role may be assumed so: a role trusts principals, not resources."""
    trust = tenant_role()["AssumeRolePolicyDocument"]
    statements = [{**each, "Resource": "*"} for each in trust["Statement"]]
    principals = [each.pop("Principal") for each in statements]
    assert principals == [{"AWS": project.ACCOUNT}] * len(statements)
    return allows({**trust, "Statement": statements}, ask)


def by_role_of(function: str) -> tuple[str, str]:
    arn = f"arn:aws:iam::{project.ACCOUNT}:role/tollgate-local-{function}"
    return "aws:PrincipalArn", arn


def resolved(node: Any) -> Any:
    """Fill in what CloudFormation does."""
    match node:
        case {"Fn::Sub": text}:
            place = {"Partition": "aws", "Region": project.REGION, "AccountId": project.ACCOUNT}
            for name, value in place.items():
                text = text.replace(f"${{AWS::{name}}}", value)
            return text.replace("${Stage}", "local")
        case {"Ref": "AWS::AccountId"}:
            return project.ACCOUNT
        case {"Ref": "SageMakerEndpoints"}:
            return named("local").endpoints
        case {"Ref": "MarketplaceEndpoints"}:
            return named("local").marketplace
        case {"Fn::If": [_, there, _]}:
            return resolved(there)
        case {"Fn::Join": [between, parts]}:
            return between.join(map(resolved, parts))
        case dict():
            return {name: resolved(value) for name, value in node.items()}
        case list():
            return [resolved(value) for value in node]
    return node


def refused(document: Mapping[str, Any], asked: set[Ask]) -> set[Ask]:
    return {ask for ask in asked if not allows(document, ask)}


def unused(document: Mapping[str, Any], asked: set[Ask]) -> set[Grant]:
    return {grant for grant, serves in granted(document) if not any(map(serves, asked))}


def test_everybody_has_asked_for_something(asked: Asked) -> None:
    assert set(asked) == {*FUNCTIONS, "tenant"}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_ask_for_all_that_it_asks_for(asked, function, stage) -> None:
    theirs = {of_stage(ask, stage) for ask in asked[function]} | set(stated(function, stage))
    assert refused(policy(function, stage), theirs) == set()


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_ask_for_nothing_that_nobody_asks_for(asked, function, stage) -> None:
    theirs = {of_stage(ask, stage) for ask in asked[function]} | set(stated(function, stage))
    assert unused(policy(function, stage), theirs) == set()


def test_a_team_s_session_may_ask_for_what_it_asks_for_and_no_more(asked) -> None:
    assert refused(tenant_policy(), asked["tenant"]) == set()
    assert unused(tenant_policy(), asked["tenant"]) == set()


@pytest.mark.parametrize("function", ["api_handler", "stream_worker"])
def test_who_calls_models_assumes_the_tenants_role_as_it_is_trusted_to(asked, function) -> None:
    assumed = {ask for ask in asked[function] if ask.action.startswith("sts:")}
    assert {ask.action for ask in assumed} == {"sts:AssumeRole", "sts:TagSession"}
    assert {ask for ask in assumed if not trusts(ask.within(by_role_of(function)))} == set()


def test_no_other_role_is_trusted_nor_a_session_that_says_another_team() -> None:
    role = own("iam", f"role/{TENANT_ROLE}", region="")
    team = (
        *(("sts:RoleSessionName", "search"), ("aws:RequestTag/team_id", "search")),
        ("aws:TagKeys", "team_id"),
    )
    api = by_role_of("api_handler")
    assume, tag = (Ask(f"sts:{action}", role, team) for action in ("AssumeRole", "TagSession"))
    assert trusts(assume.within(api))
    assert trusts(tag.within(api))
    assert not trusts(assume.within(by_role_of("daily_report")))
    assert not trusts(assume.within(api, ("sts:RoleSessionName", "another-team")))
    assert not trusts(tag.within(api, ("aws:TagKeys", "department")))


def test_a_team_s_session_reaches_no_other_team_s_objects(asked) -> None:
    theirs = next(each for each in asked["tenant"] if each.action == "s3:GetObject")
    assert allows(tenant_policy(), theirs)
    assert not allows(tenant_policy(), theirs.within(("aws:PrincipalTag/team_id", "another-team")))


def test_cloudtrail_names_the_team_of_every_call_that_was_made_with_the_role(run: Run) -> None:
    for event in run.as_teams:
        arn, agent = event["userIdentity"]["arn"], event["userAgent"]
        if event["eventName"] in ("GetAsyncInvoke", "ListAsyncInvokes"):
            continue  # nobody's call of a model
        team = arn.rpartition("/")[2]
        assert arn == f"arn:aws:sts::{project.ACCOUNT}:assumed-role/{TENANT_ROLE}/{team}"
        assert f"md/team#{team} " in agent
    teams = {event["userIdentity"]["arn"].rpartition("/")[2] for event in run.as_teams}
    assert {traffic.TEAM, OTHER_TEAM} <= teams
