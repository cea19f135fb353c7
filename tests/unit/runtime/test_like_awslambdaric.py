"""Whatever is not streamed is answered as by Lambda's own loop: the same events through both."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fake_runtime_api import FakeRuntimeApi, Posted, fake_runtime_api

pytest.importorskip("awslambdaric", reason="Lambda's own loop is built for Linux alone")

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
OURS = [str(ROOT / "chalicelib" / "runtime.sh"), sys.executable, "/var/runtime/bootstrap.py"]
LAMBDAS = [sys.executable, "-m", "awslambdaric", "probe_functions.handler"]
ENVIRON = {
    **os.environ,
    "_HANDLER": "probe_functions.handler",
    "PYTHONPATH": str(HERE),
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12",
    "AWS_LAMBDA_FUNCTION_NAME": "probe",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/probe",
    "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/23/[$LATEST]1",
}
MOBILE = {
    "client_context": json.dumps({"custom": {"a": 1}, "env": {"b": 2}, "client": {}}),
    "cognito_identity": json.dumps({"cognitoIdentityId": "c", "cognitoIdentityPoolId": "p"}),
}
API_EVENT = {"do": "answer", "body": "é", "httpMethod": "POST", "requestContext": {}}
EVENTS: dict[str, tuple[Any, dict[str, str]]] = {
    "text beyond ASCII": ({"do": "echo", "text": "é 日本 😀 \u2028"}, {}),
    "a context": ({"do": "tell"}, {"trace_id": "Root=1-2-3;Sampled=1"}),
    "no trace": ({"do": "tell"}, {}),
    "a mobile client's context": ({"do": "tell"}, MOBILE),
    "an exception": ({"do": "fail", "message": "no: é"}, {}),
    "an answer that is no JSON": ({"do": "no_json"}, {}),
    "an event that is no JSON": (b'{"do": ', {}),
    "an answer to API Gateway": (API_EVENT, {}),
}


@contextmanager
def running(command: list[str], api: FakeRuntimeApi) -> Iterator[subprocess.Popen[bytes]]:
    """A loop in a process of its own, killed at the end as a Lambda environment is."""
    environ = {**ENVIRON, "AWS_LAMBDA_RUNTIME_API": api.address}
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def answers(command: list[str]) -> dict[str, Posted]:
    with fake_runtime_api() as api, running(command, api):
        for event, headers in EVENTS.values():
            api.send(event, **headers)
        return {name: api.answer() for name in EVENTS}


@pytest.fixture(scope="module")
def both() -> tuple[dict[str, Posted], dict[str, Posted]]:
    return answers(OURS), answers(LAMBDAS)


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_comes_to_the_same(name: str, both: Any) -> None:
    ours, lambdas = (each[name] for each in both)
    assert (ours.path, ours.json) == (lambdas.path, lambdas.json)


def test_an_exception_says_its_type_its_words_and_where_it_was_raised(both: Any) -> None:
    told = both[0]["an exception"].json
    assert (told["errorType"], told["errorMessage"], told["requestId"]) == (
        "ValueError",
        "no: é",
        "r-1",
    )
    assert "in _fail" in told["stackTrace"][-1]
    assert "runtime.py" not in "".join(told["stackTrace"])


def test_text_beyond_ascii_is_no_longer_than_it_was(both: Any) -> None:
    assert "é 日本 😀".encode() in both[0]["text beyond ASCII"].body


def test_an_error_s_type_is_in_its_header_too(both: Any) -> None:
    headers = both[0]["an exception"].headers
    assert headers["lambda-runtime-function-error-type"] == "ValueError"


def test_what_a_function_prints_is_out_before_its_answer() -> None:
    with fake_runtime_api() as api, running(OURS, api) as process:
        api.send({"do": "print", "line": "a record"})
        api.answer()
        process.kill()
        printed, _ = process.communicate()

    assert printed == b"a record\n"


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        ("no_such_module.handler", "Runtime.ImportModuleError"),
        ("probe_functions.gone", "Runtime.HandlerNotFound"),
    ],
)
def test_a_handler_that_is_not_there_fails_the_start(handler: str, kind: str) -> None:
    with fake_runtime_api() as api:
        environ = {**ENVIRON, "AWS_LAMBDA_RUNTIME_API": api.address, "_HANDLER": handler}
        ended = subprocess.run(OURS, cwd=ROOT, env=environ, capture_output=True, check=False)
        posted = api.answer()

    assert posted.path == "/2018-06-01/runtime/init/error"
    assert posted.json["errorType"] == posted.headers["lambda-runtime-function-error-type"] == kind
    assert (ended.returncode, ended.stdout) == (1, b"")
    assert handler.split(".")[0].encode() in ended.stderr
