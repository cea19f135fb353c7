"""The local stack: what it starts, what it tells its clients, and that it leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from local import project
from local.functions.faults import FunctionError
from local.insights.service import Behaviour
from local.stack import Stack

pytestmark = pytest.mark.system
NOWHERE = "http://127.0.0.1:9"
KEY = "tg_not-a-key"
PATIENCE_SECONDS = 30


@pytest.fixture(scope="module")
def stack():
    with Stack(environ={"KEY_CACHE_SECONDS": "7"}) as running:
        yield running


def get(url):
    with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as response:
        return response.status


def refuses_connections(url):
    with pytest.raises(urllib.error.URLError) as caught:
        get(url)
    return isinstance(caught.value.reason, ConnectionRefusedError)


def test_it_says_where_everything_is(stack):
    assert list(stack.urls) == [
        "gateway",
        "aws",
        "bedrock",
        "sagemaker",
        "control",
        "bucket",
        "region",
        "gateway_tls",
        "ca",
        "functions",
    ]
    assert get(stack.urls["gateway"] + "/healthz") == 200


def test_its_environment_holds_settings_and_overrides_and_no_account_of_this_shell(stack):
    assert stack.environ["KEY_CACHE_SECONDS"] == "7"
    assert stack.environ["TENANTS_TABLE"] == "tollgate-local-tenants"
    assert stack.environ["AWS_ENDPOINT_URL"] == stack.urls["aws"]
    assert stack.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] == stack.urls["bedrock"]
    assert stack.environ["AWS_ACCESS_KEY_ID"] == "testing"


def test_its_resources_are_there(stack):
    tables = stack.client("dynamodb").list_tables()["TableNames"]
    buckets = [bucket["Name"] for bucket in stack.client("s3").list_buckets()["Buckets"]]

    assert set(tables) == {"tollgate-local-streams", "tollgate-local-tenants"}
    assert stack.urls["bucket"] in buckets


def test_a_second_gateway_runs_beside_the_first(stack):
    second = stack.start_gateway()
    assert get(second.url + "/healthz") == 200

    second.kill()
    assert refuses_connections(second.url + "/healthz")
    assert get(stack.urls["gateway"] + "/healthz") == 200


def test_the_daily_report_runs_on_a_scheduled_event(stack):
    result = stack.invoke("daily_report", {"time": "2026-11-24T02:15:00Z"})

    assert [day["date"] for day in result["days"]] == ["2026-11-23"]


def test_a_function_that_raises_fails_with_its_own_words(stack):
    stack.aws.insights.behave(Behaviour(ends="Failed"))

    with pytest.raises(FunctionError, match="in daily_report"):
        stack.invoke("daily_report", {"time": "2026-11-25T02:15:00Z"})

    stack.aws.insights.behave(Behaviour())


def test_usage_records_are_read_back(stack):
    logs, group = stack.client("logs"), stack.environ["USAGE_LOG_GROUP"]
    logs.create_log_stream(logGroupName=group, logStreamName="test")
    record = {"timestamp": int(time.time() * 1000), "message": '{"tollgate": "started"}'}

    logs.put_log_events(logGroupName=group, logStreamName="test", logEvents=[record])

    assert stack.log_events() == [{"tollgate": "started"}]


def post(url, headers):
    request = urllib.request.Request(url, b"{}", headers)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=PATIENCE_SECONDS)
    caught.value.close()
    return caught.value.code


@contextmanager
def reserved_port():
    """A port that nobody is given meanwhile but who asks for it, as its socket does not listen."""
    with socket.socket() as reserving:
        reserving.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserving.bind(("127.0.0.1", 0))
        yield reserving.getsockname()[1]


def serve(*options):
    return subprocess.Popen(
        [sys.executable, "-m", "local", "serve", "--port", "0", *options],
        cwd=project.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def print_env():
    return run_local("env")


def run_local(*arguments):
    command = [sys.executable, "-m", "local", *arguments]
    return subprocess.run(command, cwd=project.ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_a_served_stack_prints_its_urls_and_its_environment_and_ends_with_a_signal(name):
    with serve("--bedrock-url", NOWHERE, "--sagemaker-url", NOWHERE) as process:
        urls = json.loads(process.stdout.readline())
        exported = print_env().stdout

        process.send_signal(name)
        assert process.wait(PATIENCE_SECONDS) == 0

    assert (urls["bedrock"], urls["sagemaker"]) == (NOWHERE, NOWHERE)
    assert f"export AWS_ENDPOINT_URL={urls['aws']}\n" in exported
    assert refuses_connections(urls["gateway"])
    assert refuses_connections(urls["aws"])
    assert print_env().returncode == 1


def test_a_served_stacks_scheduled_functions_run_when_they_are_told_to():
    with serve("--bedrock-url", NOWHERE, "--sagemaker-url", NOWHERE) as process:
        process.stdout.readline()
        report = run_local("invoke", "daily_report", "--time", "2026-11-24T02:15:00Z")
        sweep = run_local("invoke", "settle_jobs")
        sample = run_local("invoke", "sample_capacity", "--time", "2026-11-24T09:30:00+01:00")
        process.terminate()

    assert [day["date"] for day in json.loads(report.stdout)["days"]] == ["2026-11-23"]
    assert json.loads(sweep.stdout)["settled"] == 0
    assert json.loads(sample.stdout)["key"] == "capacity/date=2026-11-24/hour=08.csv"


def test_a_gateway_does_not_outlive_a_stack_that_is_killed():
    with serve("--bedrock-url", NOWHERE, "--sagemaker-url", NOWHERE) as process:
        url = urlsplit(json.loads(process.stdout.readline())["gateway"])
        with socket.create_connection(
            (url.hostname, url.port), timeout=PATIENCE_SECONDS
        ) as gateway:
            process.kill()

            assert gateway.recv(1) == b""

    assert print_env().returncode == 1


def test_chalice_s_own_server_works_against_the_stack(stack):
    command = "from chalice.cli import main; main()"
    options = ["local", "--stage", "local", "--no-autoreload", "--port"]
    with (
        reserved_port() as port,
        subprocess.Popen(
            [sys.executable, "-c", command, *options, str(port)],
            cwd=project.ROOT,
            env={**os.environ, **stack.environ, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
        ) as process,
    ):
        process.stdout.readline()
        unauthorized = post(f"http://127.0.0.1:{port}/invoke?model_id=x", {"x-api-key": KEY})
        process.terminate()

    assert unauthorized == 401
