"""The real `chalice deploy`, redeploy and `chalice delete`, run against AWS on this machine."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from local import project, resources
from local.aws import ENVIRON, Aws
from local.clients import Clients
from ops.deploy import policies
from ops.deploy.named import Named
from ops.deploy.place import Place
from ops.deploy.stage import Stage

pytestmark = pytest.mark.system
SIZES = {
    "api_handler": (1024, 900),
    "daily_report": (1024, 900),
    "reconcile": (512, 600),
    "sample_capacity": (512, 120),
    "settle_jobs": (512, 240),
    "stream_dead_letters": (512, 60),
    "stream_worker": (512, 900),
    "sweep_streams": (512, 240),
}
CHALICE = [sys.executable, "-c", "import sys; from chalice.cli import main; sys.exit(main())"]


@pytest.fixture(scope="module")
def aws():
    with Aws() as served:
        yield served


@pytest.fixture(scope="module")
def client(aws):
    with Clients({"": aws.url}) as clients:
        yield clients


@pytest.fixture(scope="module")
def chalice(aws, tmp_path_factory):
    """A function that runs a chalice command in a copy of the project that ships no packages."""
    copy = tmp_path_factory.mktemp("project")
    ignored = shutil.ignore_patterns("deployed", "deployments", "venv", "__pycache__")
    for folder in (".chalice", "chalicelib", "ops"):
        shutil.copytree(project.ROOT / folder, copy / folder, ignore=ignored)
    shutil.copy(project.ROOT / "app.py", copy)
    (copy / "requirements.txt").touch()
    environ = {**os.environ, **ENVIRON, "AWS_ENDPOINT_URL": aws.url}

    def run(command):
        subprocess.run(
            [*CHALICE, command, "--stage", "dev"],
            cwd=copy,
            env=environ,
            check=True,
        )

    return run


@pytest.fixture(scope="module")
def deployed(chalice, client):
    resources.create(client, "dev", project.ACCOUNT)
    chalice("deploy")
    chalice("deploy")


def test_each_function_is_deployed_once_with_its_size_and_settings(deployed, client):
    functions = client("lambda").list_functions()["Functions"]

    sizes = {f["FunctionName"]: (f["MemorySize"], f["Timeout"]) for f in functions}
    assert sizes == {project.function(name, "dev").name: size for name, size in SIZES.items()}
    for function in functions:
        assert function["Architectures"] == ["arm64"]
        # Where none is asked for, the format is Text: AWS Lambda developer guide, "Log format".
        assert function.get("LoggingConfig", {}).get("LogFormat", "Text") == "Text"
        variables = function["Environment"]["Variables"]
        assert variables.items() >= project.environment("dev").items()


def test_a_redeployed_api_is_the_same_one_with_every_route(deployed, client):
    gateway = client("apigateway")

    (api,) = gateway.get_rest_apis()["items"]
    assert api["name"] == "tollgate-dev"  # which its metrics are kept under
    resources = gateway.get_resources(restApiId=api["id"])["items"]

    methods = {r["path"]: sorted(r.get("resourceMethods", {})) for r in resources}
    assert methods["/invoke"] == ["OPTIONS", "POST"]
    assert methods["/healthz"] == ["GET"]


@pytest.mark.parametrize("function", SIZES)
def test_a_function_s_role_has_its_own_policy_and_no_other(deployed, client, function):
    iam = client("iam")
    role = f"tollgate-dev-{function}"
    written = project.ROOT / ".chalice" / f"policy-dev-{function}.json"

    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]

    here = Place("aws", project.REGION, project.ACCOUNT)
    named = Named.of(Stage.load("dev").environment(here), here)
    document = json.loads(written.read_text(encoding="utf-8"))
    assert policy == policies.narrowed(document, here, named)
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []


def test_the_report_is_scheduled_daily_at_0215_utc_and_samples_are_taken_every_hour(
    deployed, client
):
    rules = client("events").list_rules()["Rules"]

    assert {rule["Name"]: rule["ScheduleExpression"] for rule in rules} == {
        "tollgate-dev-daily_report-event": "cron(15/20 2-5 * * ? *)",
        "tollgate-dev-reconcile-event": "cron(45 6 * * ? *)",
        "tollgate-dev-sample_capacity-event": "cron(7 * * * ? *)",
        "tollgate-dev-settle_jobs-event": "rate(5 minutes)",
        "tollgate-dev-sweep_streams-event": "rate(5 minutes)",
    }


def test_a_queue_s_messages_go_to_their_function_one_at_a_time(deployed, client):
    mappings = client("lambda").list_event_source_mappings()["EventSourceMappings"]

    found = {
        m["FunctionArn"].rpartition(":")[2]: (
            m["EventSourceArn"].rpartition(":")[2],
            m["BatchSize"],
        )
        for m in mappings
    }
    assert found == {
        "tollgate-dev-stream_worker": ("tollgate-dev-streams", 1),
        "tollgate-dev-stream_dead_letters": ("tollgate-dev-streams-dead", 1),
    }


def test_delete_leaves_nothing_that_deploy_made(deployed, chalice, client):
    chalice("delete")

    assert client("lambda").list_functions()["Functions"] == []
    assert client("apigateway").get_rest_apis()["items"] == []
    assert client("events").list_rules()["Rules"] == []
    roles = client("iam").list_roles()["Roles"]
    assert [role["RoleName"] for role in roles] == ["tollgate-dev-tenant"]  # of the resources
