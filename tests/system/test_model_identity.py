"""Ids that do not name their model, from the operator's list to the day's costs."""

import csv
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest

from chalicelib.usage_record import UNANSWERED
from local.stack import Stack
from ops import keys, tenants
from ops.directory import Directory

pytestmark = pytest.mark.system

OWN = "arn:aws:bedrock:us-east-1:123456789012"
HAIKU = "anthropic.claude-haiku-4-5-20251001-v1:0"
NOVA = "amazon.nova-lite-v1:0"
TITAN = "amazon.titan-text-express-v1"
ENDPOINT = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/falcon"
MODEL_ARNS = [f"{OWN}:*", ENDPOINT, "chat-throughput"]
ROLE = "arn:aws:iam::123456789012:role/models"
NOW = datetime.now(UTC)

CLAUDE_BODY = {
    "anthropic_version": "bedrock-2023-05-31",
    "max_tokens": 50,
    "messages": [{"role": "user", "content": "Which bridge held in April?"}],
}
NOVA_BODY = {"messages": [{"role": "user", "content": [{"text": "Which bridge held?"}]}]}
TITAN_BODY = {"inputText": "Which bridge held in April?"}
CHAT_BODY = {"messages": [{"role": "user", "content": "Which bridge held in April?"}]}


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any


@dataclass(frozen=True)
class Account:
    """The stack, a tenant's key that may use every ARN of the account, and what was called."""

    stack: Stack
    bedrock: Any
    key: str

    def invoke(self, model_id: str, body: Any) -> Answer:
        request = urllib.request.Request(
            f"{self.stack.urls['gateway']}/invoke?model_id={quote(model_id, safe='')}",
            json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return Answer(answer.status, json.loads(answer.read()))
        except urllib.error.HTTPError as refused:
            return Answer(refused.code, json.loads(refused.read()))

    def records(self) -> list[dict[str, Any]]:
        return self.stack.log_events()

    def billed(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.stack.urls['control']}/_sim/ledger") as answer:
            return json.loads(answer.read())


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with Stack(environ={"MODEL_ARNS": json.dumps(MODEL_ARNS)}) as stack:
        directory = Directory(stack.client("dynamodb"), stack.environ["TENANTS_TABLE"])
        tenants.create(directory, "search", NOW, allow=["arn:aws:*"])
        yield Account(stack, stack.client("bedrock"), keys.create(directory, "search", NOW)[0])


@pytest.fixture(scope="module")
def profile_of(account: Account) -> Callable[[str, str], str]:
    def create(name: str, source: str) -> str:
        made = account.bedrock.create_inference_profile(
            inferenceProfileName=name, modelSource={"copyFrom": source}
        )
        return str(made["inferenceProfileArn"])

    return create


@pytest.fixture(scope="module")
def throughput(account: Account) -> str:
    made = account.bedrock.create_provisioned_model_throughput(
        modelUnits=1, provisionedModelName="chat-throughput", modelId=NOVA
    )
    return str(made["provisionedModelArn"])


@pytest.fixture(scope="module")
def deployment(account: Account) -> str:
    account.bedrock.create_model_customization_job(
        jobName="tune",
        customModelName="tuned",
        roleArn=ROLE,
        baseModelIdentifier=TITAN,
        trainingDataConfig={"s3Uri": "s3://data/in"},
        outputDataConfig={"s3Uri": "s3://data/out"},
    )
    model = account.bedrock.get_custom_model(modelIdentifier="tuned")["modelArn"]
    made = account.bedrock.create_custom_model_deployment(
        modelDeploymentName="tuned", modelArn=model
    )
    return str(made["customModelDeploymentArn"])


@pytest.fixture(scope="module")
def imported(account: Account) -> str:
    account.bedrock.create_model_import_job(
        jobName="import",
        importedModelName="mine",
        roleArn=ROLE,
        modelDataSource={"s3DataSource": {"s3Uri": "s3://weights/mine"}},
    )
    return str(account.bedrock.get_imported_model(modelIdentifier="mine")["modelArn"])


@pytest.fixture(scope="module")
def marketplace(account: Account) -> str:
    account.bedrock.create_marketplace_model_endpoint(
        endpointName="falcon",
        modelSourceIdentifier=(
            "arn:aws:sagemaker:us-east-1:aws:hub-content/SageMakerPublicHub/Model/falcon/2.0.1"
        ),
        endpointConfig={
            "sageMaker": {
                "initialInstanceCount": 1,
                "instanceType": "ml.g5.xlarge",
                "executionRole": ROLE,
            }
        },
    )
    return ENDPOINT


def identity_of(record: dict[str, Any]) -> tuple[str, str, str, str]:
    return record["model_id"], record["base_model"], record["basis"], record["geo"]


@pytest.mark.parametrize(
    ("source", "geo"),
    [
        (f"arn:aws:bedrock:us-east-1::foundation-model/{HAIKU}", "none"),
        (f"{OWN}:inference-profile/us.{HAIKU}", "us"),
        (f"{OWN}:inference-profile/global.{HAIKU}", "global"),
    ],
)
def test_a_profile_is_metered_and_billed_as_what_it_was_copied_from(
    account, profile_of, source, geo
) -> None:
    arn = profile_of(f"search-{geo}", source)
    assert account.invoke(arn, CLAUDE_BODY).status == 200
    record, billed = account.records()[-1], account.billed()[-1]
    assert identity_of(record) == (arn, HAIKU, "on_demand", geo)
    assert (billed["model"], billed["base_model"]) == (arn, HAIKU)
    assert record["output_tokens"] == billed["counts"]["output_tokens"]


def test_throughput_is_one_model_by_its_arn_and_by_its_name(account, throughput) -> None:
    assert account.invoke(throughput, NOVA_BODY).status == 200
    assert account.invoke("chat-throughput", NOVA_BODY).status == 200
    by_arn, by_name = account.records()[-3], account.records()[-1]
    assert identity_of(by_arn) == (throughput, NOVA, "provisioned", "none")
    assert identity_of(by_name) == identity_of(by_arn)
    assert account.billed()[-1]["billed_usd"] == "0"


def test_a_custom_deployment_is_metered_as_its_base_model(account, deployment) -> None:
    assert account.invoke(deployment, TITAN_BODY).status == 200
    assert identity_of(account.records()[-1]) == (deployment, TITAN, "custom", "none")


def test_an_imported_model_is_its_own_base(account, imported) -> None:
    assert account.invoke(imported, CHAT_BODY).status == 200
    record = account.records()[-1]
    assert identity_of(record) == (imported, imported, "imported", "none")
    assert record["input_tokens"] == account.billed()[-1]["counts"]["input_tokens"]


def test_a_marketplace_endpoint_is_called_through_bedrock(account, marketplace) -> None:
    assert account.invoke(marketplace, CHAT_BODY).status == 200
    record = account.records()[-1]
    assert identity_of(record) == (marketplace, marketplace, "marketplace", "none")
    assert record["service"] == "bedrock"


@pytest.mark.parametrize(
    "model_id",
    [
        f"{OWN}:application-inference-profile/nosuch123456",
        f"{OWN}:provisioned-model/nosuch123456",
        f"{OWN}:custom-model/{TITAN}/abc123def456",
        f"{OWN}:prompt/ABCDEFGHIJ:1",
        f"{OWN}:default-prompt-router/anthropic.claude:1",
        f"{OWN.replace('123456789012', '210987654321')}:imported-model/abc123def456",
        "arn:aws:sagemaker:us-east-1:123456789012:endpoint/not-listed",
        "no-such-throughput",
    ],
)
def test_what_cannot_be_told_or_was_not_admitted_costs_nothing(account, model_id) -> None:
    before = len(account.records()), len(account.billed())
    answer = account.invoke(model_id, NOVA_BODY)
    assert (answer.status, answer.body["error"]["code"]) == (403, "model_not_allowed")
    assert (len(account.records()), len(account.billed())) == before


def test_the_days_costs_know_an_arn_by_its_base_model(account, profile_of, throughput) -> None:
    profile = profile_of("report", f"{OWN}:inference-profile/us.{HAIKU}")
    account.invoke(profile, CLAUDE_BODY)
    billed = Decimal(account.billed()[-1]["billed_usd"])
    account.invoke(throughput, NOVA_BODY)
    day = account.records()[-1]["day"]

    account.stack.invoke("daily_report", {"time": next_morning(day)})

    rows = {row["model_id"]: row for row in costs(account.stack, day)}
    assert Decimal(rows[profile]["total_cost"]) == billed
    assert (rows[throughput]["input_cost"], rows[throughput]["output_cost"]) == ("0", "0")


def test_ids_that_no_model_has_are_one_row_of_their_team(account) -> None:
    directory = Directory(account.stack.client("dynamodb"), account.stack.environ["TENANTS_TABLE"])
    tenants.create(directory, "vandals", NOW, allow=["*"])
    vandals = replace(account, key=keys.create(directory, "vandals", NOW)[0])
    invented = ["anthropic.none-1", "us.meta.none-2", "anthropic.none-1:1k"]

    assert {vandals.invoke(model_id, NOVA_BODY).status // 100 for model_id in invented} == {4}
    assert vandals.invoke(NOVA, NOVA_BODY).status == 200

    day = account.records()[-1]["day"]
    account.stack.invoke("daily_report", {"time": next_morning(day)})
    rows = [row for row in costs(account.stack, day) if row["team_id"] == "vandals"]
    assert [row["model_id"] for row in rows] == [NOVA, UNANSWERED]
    assert (rows[1]["invocations"], rows[1]["total_cost"], rows[1]["status"]) == (
        "0",
        "0",
        "PRICED",
    )
    assert set(invented) <= {record["model_id"] for record in account.records()}


def next_morning(day: str) -> str:
    return datetime.fromtimestamp(
        datetime.fromisoformat(f"{day}T02:15:00+00:00").timestamp() + 86_400, UTC
    ).strftime("%Y-%m-%dT%H:%M:%SZ")


def costs(stack: Stack, day: str) -> list[dict[str, str]]:
    body = stack.client("s3").get_object(
        Bucket=stack.urls["bucket"], Key=f"costs/date={day}/costs.csv"
    )["Body"]
    return list(csv.DictReader(body.read().decode().splitlines()))
