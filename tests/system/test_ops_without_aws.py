"""Every command of `python -m ops` where AWS cannot be asked: one line says why, no traceback."""

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from socket import socket
from typing import Any

import pytest
from scripted_server import Script, answer, scripted_server

from local.project import ACCOUNT
from ops import __main__ as command_line
from ops.deploy.stage import ROOT

pytestmark = pytest.mark.system

COMMANDS = """
deploy --stage prod
destroy --stage prod --yes
tenants create genomics
tenants list
tenants show genomics
tenants allow genomics anthropic.*
tenants update genomics --name Genes
tenants disable genomics
keys create genomics
keys list genomics
keys rotate aaaaaaaaaaaa
keys revoke aaaaaaaaaaaa
models block anthropic.*
models unblock anthropic.*
models blocked
report --date 2026-10-01
report --month 2026-10
month close 2026-10
month adjust 2026-10
month show 2026-10
reconcile --date 2026-10-01
trace 7f1c9a52-0f3e-4a3e-9d77-0c4b5e0e2a11
prices check --override s3://tollgate/prices.csv
prices show amazon.nova-lite-v1:0 --override s3://tollgate/prices.csv
prices diff nowhere.csv nowhere.csv
prices import nowhere.json --region us-east-1
doctor --stage prod
verify --stage prod
env --stage prod
openapi
capacity --requests-per-second 1 --latency 1 --input-tokens 1 --output-tokens 1
""".strip().splitlines()
"""Each command there is, with what it needs."""
ASKS_NO_AWS = ("openapi", "capacity")
ASKS_WHO_CALLS = (*ASKS_NO_AWS, "env")  # which anybody may ask
STAGED = [each for each in COMMANDS if "--stage" in each]
NEED_CHALICE = ("deploy --stage prod", "destroy --stage prod", "openapi")
SETTINGS = {
    "STAGE": "prod",
    "TENANTS_TABLE": "tenants",
    "STREAMS_TABLE": "streams",
    "STREAMS_QUEUE": "streams",
    "REPORTS_BUCKET": "reports",
    "PAYLOADS_BUCKET": "payloads",
    "USAGE_LOG_GROUP": "/usage",
}
NOBODY = "http://127.0.0.1:9"
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
ONCE = {"AWS_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true"}
NO_FILES = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
CALLER = f"""<GetCallerIdentityResponse><GetCallerIdentityResult>
<Arn>arn:aws:iam::{ACCOUNT}:user/ada</Arn><Account>{ACCOUNT}</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>"""
SAYS = {
    "no network": r"Could not connect to the endpoint URL|usage log could not be read",
    "no credentials": r"no AWS credentials here|Unable to locate credentials",
    "denied": r"AccessDenied|things are wrong",
    "not there": r"NotFound|NoSuch|there is no|does not exist|things are wrong",
}

"""What is said in each case. In the last one the stage's stacks were never made."""
TRIED = [
    (case, command) for case in SAYS for command in (STAGED if case == "not there" else COMMANDS)
]


def refusing(code: str) -> Script:
    """An AWS that says who calls, which needs no permission, and refuses all else with a code."""

    def respond(connection: socket, request: bytes) -> None:
        head = request.partition(b"\r\n\r\n")[0].lower()
        if b"Action=GetCallerIdentity" in request:
            told = answer(200, CALLER.encode(), "Content-Type: text/xml")
        elif b"x-amz-target" in head or b"/2015-03-31/" in head or b"/restapis" in head:
            body = json.dumps({"__type": f"{code}Exception", "message": "not so"}).encode()
            told = answer(400, body, f"x-amzn-ErrorType: {code}Exception")
        else:
            fault = f"<Error><Code>{code}</Code><Message>not so</Message></Error>"
            of_s3 = b"/s3/aws4_request" in head
            body = (fault if of_s3 else f"<ErrorResponse>{fault}</ErrorResponse>").encode()
            told = answer(403, body, "Content-Type: text/xml")
        connection.sendall(told)

    return respond


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, str]]:
    """What AWS_ENDPOINT_URL is in each case."""
    with ExitStack() as running:
        codes = {"denied": "AccessDenied", "not there": "ResourceNotFound"}
        urls = {
            name: running.enter_context(scripted_server(refusing(code))).url
            for name, code in codes.items()
        }
        yield {"no network": NOBODY, "no credentials": NOBODY, **urls}


@pytest.fixture(scope="module")
def told(servers: Mapping[str, str]) -> Any:
    """Run commands in a case, all in one process, once; return what each told."""

    @cache
    def ran(case: str, commands: tuple[str, ...], path: str = "") -> dict[str, dict[str, Any]]:
        keys = {} if case == "no credentials" else KEYS
        environ = {**SETTINGS, **keys, **ONCE, **NO_FILES, "AWS_ENDPOINT_URL": servers[case]}
        asked = json.dumps([each.split() for each in commands])
        program = str(ROOT / "tests" / "ops_session.py")
        done = operator([program], environ, path=path, stdin=asked)
        assert done.returncode == 0, done.stderr
        return dict(zip(commands, json.loads(done.stdout), strict=True))

    return ran


def operator(
    command: list[str], environ: Mapping[str, str], path: str = "", stdin: str = "", cwd: Any = ROOT
) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    found = os.pathsep.join(filter(None, (path, str(ROOT))))
    return subprocess.run(
        [sys.executable, *command],
        env={**clean, **environ, "PYTHONPATH": found},
        input=stdin,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


def without(package: str, folder: Path) -> str:
    """Return a path on which a package is not to be found, though it is installed."""
    fault = f"raise ModuleNotFoundError({package!r}, name={package!r})"
    (folder / f"{package}.py").write_text(fault)
    return str(folder)


def one_line(told: Mapping[str, Any]) -> str:
    assert told["fault"] == ""
    assert told["status"] == 1
    assert told["err"].startswith("error: ")
    assert told["err"].count("\n") == 1
    return str(told["err"])


def leaves(parser: argparse.ArgumentParser, named: tuple[str, ...] = ()) -> Iterator[str]:
    groups = [each for each in parser._actions if isinstance(each, argparse._SubParsersAction)]
    if not groups:
        yield " ".join(named)
    for group in groups:
        for name, command in group.choices.items():
            yield from leaves(command, (*named, name))


def test_every_command_is_tried_here() -> None:
    tried = [each.split(" --")[0] for each in COMMANDS]
    for leaf in leaves(command_line.parser()):
        assert [each for each in tried if f"{each} ".startswith(f"{leaf} ")], leaf


@pytest.mark.parametrize(("case", "command"), TRIED)
def test_a_command_says_in_one_line_why_it_cannot(told, case, command) -> None:
    answered = told(case, tuple(each for of, each in TRIED if of == case))[command]
    goes = ASKS_NO_AWS if case in ("no network", "no credentials") else ASKS_WHO_CALLS
    if command.split()[0] in goes:
        assert (answered["status"], answered["fault"]) == (0, "")
        return
    said = one_line(answered)
    about_files = "nowhere" in command and "No such file" in said
    assert about_files or re.search(SAYS[case], said), said


@pytest.mark.parametrize("command", STAGED)
def test_a_stage_that_is_not_in_config_json_is_named(told, command) -> None:
    wrong = {each: each.replace("prod", "moon") for each in STAGED}
    said = one_line(told("denied", tuple(wrong.values()))[wrong[command]])
    assert "there is no stage 'moon' to deploy in config.json, only dev, prod" in said


@pytest.mark.parametrize("command", NEED_CHALICE)
def test_without_chalice_it_is_said_what_to_install(told, tmp_path_factory, command) -> None:
    path = without("chalice", tmp_path_factory.getbasetemp())
    said = one_line(told("denied", NEED_CHALICE, path)[command])
    assert "chalice is not installed" in said
    assert "`make install`, then `. .venv/bin/activate`" in said


def test_without_boto3_it_is_said_what_to_install(tmp_path: Path) -> None:
    done = operator(["-m", "ops", "tenants", "list"], {}, without("botocore", tmp_path))
    assert done.stderr == (
        "error: botocore is not installed for this Python: `make install`,"
        " then `. .venv/bin/activate`\n"
    )
    assert done.returncode == 1


def test_a_command_is_the_same_from_another_folder(servers, tmp_path: Path) -> None:
    environ = {**KEYS, **ONCE, **NO_FILES, "AWS_ENDPOINT_URL": servers["denied"]}
    done = operator(["-m", "ops", "env", "--stage", "prod"], environ, cwd=tmp_path)
    assert f"REPORTS_BUCKET=tollgate-prod-reports-{ACCOUNT}\n" in done.stdout
    assert done.returncode == 0


def test_a_command_that_is_interrupted_says_so(monkeypatch, capsys) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ops.directory.boto3.client", interrupted)
    assert command_line.main(["tenants", "list"], {"TENANTS_TABLE": "tenants"}) == 1
    assert capsys.readouterr().err.startswith("error: interrupted: what was begun in AWS goes on")
