"""What Lambda gets: the package, unpacked in an empty folder, with nothing else on the path."""

import json
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from fake_runtime_api import FakeRuntimeApi
from unpacked_function import WRAPPER, install_runtime, running

from chalicelib.runtime import STREAM_ALIAS
from local import installed_package, project
from local.stack import Stack
from ops import keys, tenants
from ops.deploy import hooks
from ops.deploy.contents import SERVICES
from ops.directory import Directory

pytestmark = pytest.mark.system
NOVA = "amazon.nova-lite-v1:0"
BODY = {"messages": [{"role": "user", "content": [{"text": "Which bridge held?"}]}]}
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
    """Runs a function, by its handler, until it is left."""
    return lambda handler, **environ: running(
        task_root, runtime, handler, {**stack.environ, **environ}
    )


@pytest.fixture
def streaming(task_root):
    """What a stage that streams has in its environment."""
    return {WRAPPER: str(task_root / "chalicelib" / "runtime.sh")}


def invoked(function: FakeRuntimeApi, event: dict) -> Any:
    """Send a function an event and return what it answers."""
    function.send(event)
    posted = function.answer()
    assert posted.path.endswith("/response"), posted.body
    return posted.json


def invoke_event(key: str, model_id: str, body: object, **query: str) -> dict:
    return {
        "resource": "/invoke",
        "path": "/invoke",
        "httpMethod": "POST",
        "requestContext": {
            "resourcePath": "/invoke",
            "path": "/api/invoke",
            "httpMethod": "POST",
            "requestId": "r-1",
        },
        "headers": {
            "authorization": f"Bearer {key}",
            "content-type": "application/json",
            "accept": "text/event-stream" if query else "application/json",
        },
        "multiValueQueryStringParameters": {
            "model_id": [model_id],
            **{name: [value] for name, value in query.items()},
        },
        "pathParameters": None,
        "stageVariables": None,
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }


def scheduled_event() -> dict:
    return {
        "version": "0",
        "id": "00000000-0000-4000-8000-000000000000",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": project.ACCOUNT,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": project.REGION,
        "resources": [],
        "detail": {},
    }


def message_event() -> dict:
    job = {"team_id": "search", "request_id": "r-0", "attempt": 1}
    record = {
        "messageId": "m-1",
        "receiptHandle": "h-1",
        "body": json.dumps(job),
        "attributes": {"ApproximateReceiveCount": "1"},
        "eventSource": "aws:sqs",
    }
    return {"Records": [record]}


def billed(stack) -> int:
    with urllib.request.urlopen(f"{stack.urls['control']}/_sim/ledger") as ledger:
        return len(json.load(ledger))


def test_it_is_small(package):
    assert package.stat().st_size <= LIMIT_BYTES


def test_it_has_nothing_of_what_stays_behind(package):
    tops = {name.split("/")[0] for name in ZipFile(package).namelist()}
    assert tops.isdisjoint({"ops", "local", "bench", "tests", "moto", ".chalice"})


def test_the_api_s_function_calls_a_model(function, stack, key):
    before = billed(stack)

    with function("app.app") as api:
        answers = [invoked(api, invoke_event(key, NOVA, BODY)) for _ in ("cold", "warm")]

    for answer in answers:
        assert answer["statusCode"] == 200
        assert json.loads(answer["body"])["output"]["message"]["role"] == "assistant"
    assert billed(stack) == before + 2


def test_it_streams_a_model_s_answer_by_our_own_loop(function, streaming, stack, key):
    before = billed(stack)

    with function("app.app", **streaming) as api:
        api.arn += f":{STREAM_ALIAS}"
        api.send(invoke_event(key, NOVA, BODY, stream="true"))
        posted = api.answer()

    metadata, _, body = posted.body.partition(bytes(8))
    assert json.loads(metadata)["statusCode"] == 200
    assert posted.headers["lambda-runtime-function-response-mode"] == "streaming"
    assert body.count(b"event: chunk") > 1
    assert body.count(b"event: done") == 1
    assert billed(stack) == before + 1


@pytest.mark.parametrize("name", project.scheduled())
def test_each_scheduled_function_runs(function, name):
    with function(f"app.{name}") as scheduled:
        assert isinstance(invoked(scheduled, scheduled_event()), dict)


@pytest.mark.parametrize("name", sorted(project.STARTED_BY_MESSAGES))
def test_each_function_of_a_queue_takes_a_message_of_a_job_that_was_deleted(function, name):
    with function(f"app.{name}") as worker:
        assert invoked(worker, message_event()) is None


def test_a_client_of_every_service_in_use_can_be_made(task_root):
    clients(task_root, *SERVICES).check_returncode()


def test_of_no_other_service_is_there_anything(task_root):
    refused = clients(task_root, "ec2")
    assert b"UnknownServiceError" in refused.stderr


def clients(task_root: Path, *services: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-I", "-S", "-c", MAKE_CLIENTS, task_root, *services]
    return subprocess.run(command, capture_output=True, check=False)
