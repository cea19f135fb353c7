"""What Lambda gets: the package, unpacked in an empty folder, with nothing else on the path."""

import json
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

import pytest
from unpacked_function import UnpackedFunction, install_runtime

from local import installed_package, project
from local.invoke import SCHEDULED_EVENT
from local.stack import Stack
from ops import keys, tenants
from ops.deploy import hooks
from ops.deploy.contents import SERVICES
from ops.directory import Directory

pytestmark = pytest.mark.system
NOVA = "amazon.nova-lite-v1:0"
LIMIT_BYTES = 3_500_000
MAKE_CLIENTS = """
import sys
sys.path.insert(0, sys.argv.pop(1))
import boto3
for service in sys.argv[1:]:
    boto3.client(service, "us-east-1")
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Path:
    """The package as Chalice's commands make it, of what is installed here."""
    copy = installed_package.copy_project(tmp_path_factory.mktemp("project"))
    made = hooks.create_small_package(
        installed_package.packager(), str(copy), installed_package.RUNTIME
    )
    return Path(made)


@pytest.fixture(scope="module")
def task_root(package, tmp_path_factory) -> Path:
    return installed_package.unpack(package, tmp_path_factory.mktemp("task"))


@pytest.fixture(scope="module")
def runtime(tmp_path_factory) -> Path:
    pytest.importorskip("awslambdaric")  # it is made for Linux alone
    return install_runtime(tmp_path_factory.mktemp("runtime"))


@pytest.fixture(scope="module")
def stack():
    with Stack() as stack:
        yield stack


@pytest.fixture(scope="module")
def key(stack) -> str:
    directory = Directory(stack.client("dynamodb"), stack.environ["TENANTS_TABLE"])
    now = datetime.now(UTC)
    tenants.create(directory, "search", now, allow=["amazon.*"])
    return keys.create(directory, "search", now)[0]


@pytest.fixture
def function(task_root, runtime, stack):
    """Makes a function, by its handler, that runs until it is left."""
    return lambda handler: UnpackedFunction(task_root, runtime, handler, stack.environ)


def invoke_event(key: str, model_id: str, body: object) -> dict:
    return {
        "path": "/invoke",
        "requestContext": {
            "resourcePath": "/invoke",
            "path": "/api/invoke",
            "httpMethod": "POST",
            "requestId": "r-1",
        },
        "headers": {"authorization": f"Bearer {key}", "content-type": "application/json"},
        "multiValueQueryStringParameters": {"model_id": [model_id]},
        "pathParameters": None,
        "stageVariables": None,
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }


def billed(stack) -> int:
    with urllib.request.urlopen(f"{stack.urls['control']}/_sim/ledger") as ledger:
        return len(json.load(ledger))


def test_it_is_small(package):
    assert package.stat().st_size <= LIMIT_BYTES


def test_it_has_nothing_of_what_stays_behind(package):
    tops = {name.split("/")[0] for name in ZipFile(package).namelist()}
    assert tops.isdisjoint({"ops", "local", "bench", "tests", "moto", ".chalice"})


def test_the_api_s_function_calls_a_model(function, stack, key):
    body = {"messages": [{"role": "user", "content": [{"text": "Which bridge held?"}]}]}
    before = billed(stack)

    with function("app.app") as api:
        cold = api.invoke(invoke_event(key, NOVA, body))
        warm = api.invoke(invoke_event(key, NOVA, body))

    assert (cold.outcome, cold.json["statusCode"]) == ("response", 200)
    assert json.loads(cold.json["body"])["output"]["message"]["role"] == "assistant"
    assert warm.json["statusCode"] == 200
    assert billed(stack) == before + 2


@pytest.mark.parametrize("name", project.scheduled())
def test_each_scheduled_function_runs(function, name):
    event = {**SCHEDULED_EVENT, "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}

    with function(f"app.{name}") as scheduled:
        sent = scheduled.invoke(event)

    assert (sent.outcome, type(sent.json)) == ("response", dict), sent.body


def test_a_client_of_every_service_in_use_can_be_made(task_root):
    clients(task_root, *SERVICES).check_returncode()


def test_of_no_other_service_is_there_anything(task_root):
    refused = clients(task_root, "ec2")
    assert b"UnknownServiceError" in refused.stderr


def clients(task_root: Path, *services: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-I", "-S", "-c", MAKE_CLIENTS, task_root, *services]
    return subprocess.run(command, capture_output=True, check=False)
