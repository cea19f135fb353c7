"""`.chalice/` agrees with itself: names, limits and policies."""

import ast
import json

import pytest

from chalicelib import settings
from chalicelib.catalog import Opaque, admits
from chalicelib.streams.job import QUEUED_SECONDS
from local import project, resources

CHALICE = project.ROOT / ".chalice"
DEPLOYED = ("dev", "prod")
FUNCTIONS = (
    *("api_handler", "daily_report", "reconcile", "sample_capacity", "settle_jobs"),
    *("stream_worker", "stream_dead_letters", "sweep_streams"),
)


def read(name):
    return json.loads((CHALICE / name).read_text(encoding="utf-8"))


def declared(decorator):
    """The functions of app.py under a decorator of Chalice's."""
    tree = ast.parse((project.ROOT / "app.py").read_text(encoding="utf-8"))
    return {
        function.name
        for function in tree.body
        if isinstance(function, ast.FunctionDef)
        and any(
            ast.unparse(each).startswith(f"app.{decorator}(") for each in function.decorator_list
        )
    }


def policy(stage, function):
    name = read("config.json")["stages"][stage]["lambda_functions"][function]["iam_policy_file"]
    return read(name)["Statement"]


@pytest.mark.parametrize("stage", ["local", *DEPLOYED])
def test_every_stage_has_settings_that_the_gateway_accepts(stage):
    loaded = settings.load({"AWS_REGION": "us-east-1", **project.environment(stage)})

    assert loaded.stage == stage


@pytest.mark.parametrize("stage", ["local", *DEPLOYED])
def test_a_stage_names_the_resources_that_its_stack_makes(stage):
    template = json.loads(resources.TEMPLATE.read_text(encoding="utf-8"))["Resources"]
    named = {
        "TENANTS_TABLE": template["Tenants"]["Properties"]["TableName"],
        "STREAMS_TABLE": template["Streams"]["Properties"]["TableName"],
        "STREAMS_QUEUE": template["StreamsQueue"]["Properties"]["QueueName"],
        "REPORTS_BUCKET": template["Reports"]["Properties"]["BucketName"],
        "PAYLOADS_BUCKET": template["Payloads"]["Properties"]["BucketName"],
        "USAGE_LOG_GROUP": template["UsageLogs"]["Properties"]["LogGroupName"],
    }

    environment = project.environment(stage)

    for variable, name in named.items():
        text = name["Fn::Sub"].replace("${Stage}", stage)
        assert environment[variable] == text.replace("${AWS::AccountId}", project.ACCOUNT)


@pytest.mark.parametrize("stage", ["local", *DEPLOYED])
def test_a_stage_tells_the_topic_of_its_alarms(stage):
    made = read("alarms.json")["Resources"]["Alerts"]["Properties"]["TopicName"]["Fn::Sub"]

    told = project.environment(stage)["ALERTS_TOPIC_ARN"]

    name = made.replace("${Stage}", stage)
    assert told == f"arn:aws:sns:{project.REGION}:{project.ACCOUNT}:{name}"


@pytest.mark.parametrize("stage", DEPLOYED)
def test_a_deployed_stage_is_regional_and_runs_on_arm(stage):
    config = read("config.json")["stages"][stage]

    assert config["api_gateway_endpoint_type"] == "REGIONAL"
    assert config["lambda_architecture"] == "arm64"


def test_a_model_call_ends_before_its_function_does():
    longest = int(project.environment("prod")["MODEL_TIMEOUT_SECONDS"])

    assert longest < project.function("api_handler", "prod").timeout_s <= 900


@pytest.mark.parametrize("function", FUNCTIONS)
def test_stages_differ_in_their_policies_by_name_alone(function):
    dev, prod = (json.dumps(policy(stage, function)) for stage in DEPLOYED)

    assert dev.replace("tollgate-dev", "tollgate-prod").replace("/dev/", "/prod/") == prod


@pytest.mark.parametrize("stage", DEPLOYED)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_policy_allows_every_action_of_a_service(stage, function):
    allowed = [each for each in policy(stage, function) if each["Effect"] == "Allow"]

    assert "*" not in json.dumps([statement["Action"] for statement in allowed])


@pytest.mark.parametrize("stage", DEPLOYED)
def test_only_what_knows_no_resource_type_is_allowed_on_every_resource(stage):
    statements = [s for function in FUNCTIONS for s in policy(stage, function)]

    allowed = [s for s in statements if s["Effect"] == "Allow"]
    unbounded = [s["Action"] for s in allowed if s["Resource"] == "*"]

    # Service Authorization Reference: CloudWatch Logs, CloudWatch, Cost Explorer, Amazon Bedrock.
    assert unbounded == [
        "logs:GetQueryResults",
        ["logs:GetQueryResults", "logs:StopQuery"],
        ["cloudwatch:GetMetricData", "cloudwatch:ListMetrics"],
        "ce:GetCostAndUsage",
        "bedrock:ListProvisionedModelThroughputs",
        "bedrock:ListAsyncInvokes",
    ]


@pytest.mark.parametrize("stage", DEPLOYED)
def test_the_role_that_calls_models_reaches_no_report_but_what_is_for_teams(stage):
    reports = f"arn:aws:s3:::tollgate-{stage}-reports-*"
    allowed = [s for s in policy(stage, "api_handler") if s["Effect"] == "Allow"]
    reaching = {(s["Action"], s["Resource"]) for s in allowed if "reports" in json.dumps(s)}
    assert reaching == {("s3:GetObject", f"{reports}/teams/*"), ("s3:ListBucket", reports)}


@pytest.mark.parametrize("bucket", ["Reports", "Payloads"])
def test_a_bucket_refuses_everything_but_tls(bucket):
    template = json.loads(resources.TEMPLATE.read_text(encoding="utf-8"))["Resources"]

    document = template[f"{bucket}Policy"]["Properties"]["PolicyDocument"]

    (statement,) = document["Statement"]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize("name", ["Tenants", "Streams", "Reports", "UsageLogs"])
def test_what_a_bill_rests_on_outlives_its_stack(name):
    resource = json.loads(resources.TEMPLATE.read_text(encoding="utf-8"))["Resources"][name]

    assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
    assert resource["UpdateReplacePolicy"] == "Retain"


def test_every_function_of_the_app_has_its_size_and_its_policies() -> None:
    functions = {"api_handler"} | declared("schedule") | declared("on_sqs_message")
    assert set(FUNCTIONS) == functions == set(read("config.json")["lambda_functions"])


def test_what_a_schedule_runs_is_told_from_what_a_queue_starts() -> None:
    assert set(project.scheduled()) == declared("schedule")
    assert declared("on_sqs_message") == project.STARTED_BY_MESSAGES


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_logs_to_a_group_that_expires(function):
    template = json.loads(resources.TEMPLATE.read_text(encoding="utf-8"))["Resources"]
    name = project.function(function, "dev").name.replace("tollgate-dev", "tollgate-${Stage}")

    (group,) = (
        each["Properties"]
        for each in template.values()
        if each["Type"] == "AWS::Logs::LogGroup"
        and each["Properties"]["LogGroupName"]["Fn::Sub"] == f"/aws/lambda/{name}"
    )

    assert group["RetentionInDays"] == 30


@pytest.mark.parametrize("stage", DEPLOYED)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_writes_its_own_log_alone(stage, function):
    logs = [s["Resource"] for s in policy(stage, function) if s["Sid"] == "OwnLogs"]
    name = project.function(function, stage).name
    assert logs == [f"arn:aws:logs:*:*:log-group:/aws/lambda/{name}:*"]


@pytest.mark.parametrize(
    ("queue", "function"),
    [("StreamsQueue", "stream_worker"), ("StreamsDeadLetters", "stream_dead_letters")],
)
def test_a_message_stays_with_its_function_while_that_may_run(queue, function):
    template = json.loads(resources.TEMPLATE.read_text(encoding="utf-8"))["Resources"]
    visibility = template[queue]["Properties"]["VisibilityTimeout"]
    assert visibility > project.function(function, "prod").timeout_s


def test_a_message_is_not_taken_for_lost_while_sqs_may_deliver_it():
    template = json.loads(resources.TEMPLATE.read_text(encoding="utf-8"))["Resources"]
    assert template["StreamsQueue"]["Properties"]["VisibilityTimeout"] < QUEUED_SECONDS


@pytest.mark.parametrize(
    ("identifier", "kind"),
    [
        ("chat-throughput", "provisioned-model"),
        ("arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc", "provisioned-model"),
    ],
)
def test_the_local_stage_admits_what_its_operator_makes_by_arn_and_by_name(identifier, kind):
    globs = settings.load({"AWS_REGION": "us-east-1", **project.environment()}).model_arns

    assert admits(globs, Opaque(identifier, kind))
