"""What a stage's functions have besides config.json, and what Chalice's client leaves alone."""

import copy
from typing import Any

import pytest
from deploy_fakes import FakeAccount, refused, stage

from ops.deploy import command
from ops.deploy.chalice_stage import as_deployed
from ops.deploy.client import _holds
from ops.deploy.releases import RUNTIME
from ops.directory import Refused

NETWORK = {"SubnetIds": "s-1,s-2", "SecurityGroupIds": "sg-1"}


def functions(made: Any, network: Any = None) -> dict[str, Any]:
    """A stage's functions as Chalice is told of them."""
    told: dict[str, Any] = as_deployed(made.config, made, network or {})["stages"]["dev"]
    return told["lambda_functions"]


def test_the_api_s_function_of_a_stage_that_streams_is_run_by_our_loop() -> None:
    assert functions(stage()) == {"api_handler": {"environment_variables": RUNTIME}}


def test_a_buffered_stage_is_run_by_lambda_s_own_loop() -> None:
    assert functions(stage(answers="buffered")) == {}


def test_in_a_network_run_the_functions_that_see_prompts_and_no_other() -> None:
    told = functions(stage(answers="buffered"), NETWORK)
    inside = {"subnet_ids": ["s-1", "s-2"], "security_group_ids": ["sg-1"]}
    assert told == {"api_handler": inside, "stream_worker": inside}


def test_what_config_json_says_of_a_function_stays_and_the_file_is_not_changed() -> None:
    made = stage()
    own = {"api_handler": {"iam_policy_file": "p.json", "environment_variables": {"A": "b"}}}
    made.config["stages"]["dev"]["lambda_functions"] = own
    before = copy.deepcopy(dict(made.config))

    told = functions(made, NETWORK)["api_handler"]

    assert told["iam_policy_file"] == "p.json"
    assert told["environment_variables"] == {"A": "b", **RUNTIME}
    assert made.config == before


def test_functions_that_are_to_be_in_a_network_are_not_deployed_outside_of_it() -> None:
    found = {"Stacks": [{"StackStatus": "CREATE_COMPLETE", "Outputs": []}]}
    account: Any = FakeAccount(cloudformation={"describe_stacks": found})
    with pytest.raises(Refused, match="tollgate-dev-network names no subnets"):
        command._network(stage(network={}), account)


def test_a_stage_without_a_network_asks_for_none() -> None:
    account: Any = FakeAccount(cloudformation={"describe_stacks": refused("ValidationError")})
    assert command._network(stage(), account) == {}
    assert account.asked == []


@pytest.mark.parametrize(
    ("now", "wanted"),
    [
        (900, 900),
        (None, []),
        ({"Variables": {"A": "b"}}, {"Variables": {"A": "b"}}),
        ({"Mode": "Active"}, {"Mode": "Active"}),
        (None, {"SubnetIds": [], "SecurityGroupIds": []}),
        (
            {"SubnetIds": ["s-2", "s-1"], "SecurityGroupIds": ["sg-1"], "VpcId": "vpc-1"},
            {"SubnetIds": ["s-1", "s-2"], "SecurityGroupIds": ["sg-1"]},
        ),
    ],
)
def test_a_setting_that_is_as_wanted_is_left_alone(now: Any, wanted: Any) -> None:
    assert _holds(now, wanted)


@pytest.mark.parametrize(
    ("now", "wanted"),
    [
        (60, 900),
        ({"Variables": {"A": "b", "C": "d"}}, {"Variables": {"A": "b"}}),
        (None, {"Variables": {"A": "b"}}),
        ({"SubnetIds": ["s-1"], "SecurityGroupIds": []}, {"SubnetIds": [], "SecurityGroupIds": []}),
    ],
)
def test_a_setting_that_is_not_is_changed(now: Any, wanted: Any) -> None:
    assert not _holds(now, wanted)
