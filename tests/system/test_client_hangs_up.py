"""A client that goes away in the middle of a call: the model runs on, and its team is charged."""

import http.client
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.proof.collect import control
from local.stack import Stack
from ops import keys, tenants
from ops.directory import Directory

pytestmark = pytest.mark.system
NOVA = "us.amazon.nova-lite-v1:0"
BODY = json.dumps({"messages": [{"role": "user", "content": [{"text": "Which bridge held?"}]}]})


@pytest.fixture
def stack():
    with Stack() as running:
        yield running


@pytest.fixture
def key(stack) -> str:
    directory = Directory(stack.client("dynamodb"), stack.environ["TENANTS_TABLE"])
    tenants.create(directory, "search", datetime.now(UTC), kind="team", allow=("us.amazon.*",))
    return keys.create(directory, "search", datetime.now(UTC))[0]


def ends(stack) -> list[dict[str, Any]]:
    """Wait for the record that the gateway writes after nobody listens any more."""
    stack.functions.rest()
    return [each for each in stack.log_events() if each["tollgate"] != "started"]


def test_a_client_that_hangs_up_in_mid_call_leaves_its_usage_record(stack, key):
    control(stack, "PUT", "faults", [{"do": "hang", "times": 1}])
    client = http.client.HTTPConnection(urlsplit(stack.urls["gateway"]).netloc, timeout=10)
    client.request("POST", f"/invoke?model_id={NOVA}", BODY, {"x-api-key": key})
    control(stack, "GET", "inflight?at_least=1")

    client.close()
    control(stack, "POST", "release")

    [end] = ends(stack)
    [billed] = control(stack, "GET", "ledger")
    assert (end["tollgate"], end["usage_source"], end["team_id"]) == ("usage", "header", "search")
    assert end["output_tokens"] == billed["counts"]["output_tokens"] > 0
