"""docs/operate.md: its commands are ones that there are, its snippet does what it says."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import boto3
import botocore.session
import pytest
from moto import mock_aws

from ops.__main__ import parser

ROOT = Path(__file__).parents[3]
PAGES = (ROOT / "docs" / "operate.md", ROOT / "examples" / "quicksight" / "README.md")
OPERATE = PAGES[0].read_text(encoding="utf-8")
BY_ITSELF = {("s3", "cp")}
"""Commands of the AWS CLI that are no operation of an API."""
WAITS = {("dynamodb", "table-exists")}


def commands(page: Path, program: str) -> Iterator[list[str]]:
    """Every command of a program that the page writes out, in a block or in a line."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    inline = re.findall(r"`([^`\n]+(?:\n[^`\n]+)?)`", re.sub(r"```.*?```", "", text, flags=re.S))
    lines = [line for block in blocks for line in block.splitlines()] + inline
    for line in lines:
        for part in re.findall(rf"(?:^|[\s(]){program} [^)#`]*", line.replace("\n", " ")):
            yield shlex.split(part.strip(" (").replace('"', ""))[len(program.split()) :]


OPS = sorted({" ".join(each) for each in commands(PAGES[0], "python -m ops")})
AWS = sorted({" ".join(each) for page in PAGES for each in commands(page, "aws")})


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", title.lower()) for title in titles)
    return {title.replace(" ", "-") for title in kept}


@pytest.mark.parametrize("command", OPS)
def test_our_commands_are_ones_that_there_are(command) -> None:
    words = shlex.split(command.partition(">")[0])
    asks_for_more = words in (["capacity"],)
    if not asks_for_more:
        parser().parse_args(words)


@pytest.mark.parametrize("command", AWS)
def test_commands_of_aws_are_ones_that_there_are(command) -> None:
    service, name, *words = command.split()
    if (service, name) in BY_ITSELF:
        return
    if name == "wait":
        assert (service, words[0]) in WAITS
        name = "describe-table"
    api = {"s3api": "s3"}.get(service, service)
    model = botocore.session.get_session().get_service_model(api)
    operation = next(each for each in model.operation_names if kebab(each) == name)
    members = {kebab(each) for each in model.operation_model(operation).input_shape.members}
    flags = {word[2:] for word in words if word.startswith("--")}
    assert flags <= members | {"cli-input-json", "query", "output"}


def kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_links_lead_somewhere(page) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.is_file(), target
        assert not anchor or anchor in anchors(found), target


@mock_aws
def test_what_is_gone_is_put_back_and_what_is_there_stays(monkeypatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    dynamodb = boto3.client("dynamodb")
    key = {"AttributeName": "pk"}
    dynamodb.create_table(
        TableName="tollgate-prod-tenants",
        AttributeDefinitions=[key | {"AttributeType": "S"}],
        KeySchema=[key | {"KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )

    def put(pk: str, state: str) -> None:
        item = {"pk": {"S": pk}, "state": {"S": state}}
        dynamodb.put_item(TableName="tollgate-prod-tenants", Item=item)

    put("gone", "active")
    put("changed", "active")
    dynamodb.restore_table_to_point_in_time(
        SourceTableName="tollgate-prod-tenants",
        TargetTableName="tollgate-prod-tenants-restored",
        UseLatestRestorableTime=True,
    )
    dynamodb.delete_item(TableName="tollgate-prod-tenants", Key={"pk": {"S": "gone"}})
    put("changed", "disabled")

    snippets = re.findall(r"^```python\n(.*?)^```", OPERATE, re.MULTILINE | re.DOTALL)
    (snippet,) = (each for each in snippets if "tollgate-prod-tenants-restored" in each)
    exec(snippet, {})

    items = dynamodb.scan(TableName="tollgate-prod-tenants")["Items"]
    assert {each["pk"]["S"]: each["state"]["S"] for each in items} == {
        "gone": "active",
        "changed": "disabled",
    }
