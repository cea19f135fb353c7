"""Chalice's client, made ours: what Chalice would leave as it is, and is not as it is to be."""

from types import SimpleNamespace
from typing import Any

import pytest
from deploy_fakes import FakeAccount

from ops.deploy.client import StageClient

QUEUE = "arn:aws:sqs:us-east-1:111122223333:tollgate-dev-streams"
TEXT = {"LogFormat": "Text"}


class Settling(Exception):
    """What Lambda says of a mapping that is in use, or of a function that is being changed."""


def client(**lambdas: Any) -> tuple[StageClient, list[str], FakeAccount]:
    """A stage's client over a Lambda that answers as it is told; what it says, and asks."""
    account, said = FakeAccount(**{"lambda": lambdas}), list[str]()

    def create(service: str) -> Any:
        made = account.client(service)
        made.exceptions.InvalidParameterValueException = Settling
        made.exceptions.ResourceInUseException = Settling
        return made

    session: Any = SimpleNamespace(create_client=create)
    return StageClient(session, "api", streams=True, say=said.append), said, account


def writes(account: FakeAccount) -> list[dict[str, Any]]:
    return [asked for name, asked in account.asked if not name.startswith("get_")]


def mapped(state: str) -> dict[str, Any]:
    return {
        "get_event_source_mapping": {
            "UUID": "1",
            "EventSourceArn": QUEUE,
            "State": state,
            "BatchSize": 1,
            "ScalingConfig": {"MaximumConcurrency": 100},
        },
        "update_event_source_mapping": {},
    }


@pytest.mark.parametrize("state", ["Disabled", "Disabling"])
def test_a_mapping_that_somebody_disabled_reads_its_queue_again(state: str) -> None:
    stage_client, said, account = client(**mapped(state))
    stage_client.update_lambda_event_source("1", 1, 0, 100)
    assert writes(account) == [{"UUID": "1", "Enabled": True}]
    assert said == [f"enabled the mapping of {QUEUE}"]


@pytest.mark.parametrize("state", ["Enabled", "Creating", "Updating", "Enabling"])
def test_a_mapping_that_is_as_it_is_to_be_is_left_alone(state: str) -> None:
    stage_client, said, account = client(**mapped(state))
    stage_client.update_lambda_event_source("1", 1, 0, 100)
    assert (writes(account), said) == ([], [])


def configured(**now: Any) -> dict[str, Any]:
    return {
        "get_function_configuration": {"MemorySize": 512, **now},
        "update_function_configuration": {"LastUpdateStatus": "Successful"},
    }


@pytest.mark.parametrize("now", [{}, {"LoggingConfig": {**TEXT, "LogGroup": "/aws/lambda/f"}}])
def test_a_function_whose_log_is_as_it_is_written_is_left_alone(now: dict[str, Any]) -> None:
    stage_client, said, account = client(**configured(**now))
    stage_client._do_update_function_config("f", {"MemorySize": 512})
    assert (writes(account), said) == ([], [])


def test_a_function_whose_log_somebody_made_json_writes_lines_again() -> None:
    stage_client, said, account = client(**configured(LoggingConfig={"LogFormat": "JSON"}))
    stage_client._do_update_function_config("f", {"MemorySize": 512})
    assert writes(account) == [{"FunctionName": "f", "MemorySize": 512, "LoggingConfig": TEXT}]
    assert said == ["changed the settings of f: LoggingConfig"]


def test_a_function_is_made_with_a_log_of_lines() -> None:
    made = {"FunctionArn": "arn", "State": "Active"}
    stage_client, _, account = client(create_function=made)
    stage_client.create_function(
        function_name="f", role_arn="r", zip_contents=b"", runtime="python3.12", handler="app.app"
    )
    (asked,) = writes(account)
    assert asked["LoggingConfig"] == TEXT
