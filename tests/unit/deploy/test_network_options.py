"""A stage's `network`: what is wrong with it is said before anything is made."""

from typing import Any

import pytest
from deploy_fakes import FakeAccount, refused, stage

from ops.deploy import network
from ops.deploy.templates.network_parameters import PARAMETERS, RULES

GIVEN = {"VpcId": "vpc-1", "SubnetIds": "s-1", "RouteTableIds": "rtb-1"}


def account(status: str = "UPDATE_COMPLETE", **now: str) -> FakeAccount:
    """An account with a network's stack, if any parameters of it are told."""
    given = [{"ParameterKey": name, "ParameterValue": value} for name, value in now.items()]
    described = {"Stacks": [{"StackStatus": status, "Parameters": given}]}
    answer = described if now else refused("ValidationError")
    return FakeAccount(cloudformation={"describe_stacks": answer})


def problems(options: Any, on: FakeAccount | None = None) -> str:
    return "; ".join(network.problems(stage(network=options), on or account()))


@pytest.mark.parametrize(
    "options",
    [None, {}, GIVEN, {**GIVEN, "Endpoints": "given", "EndpointSecurityGroupId": "sg-1"}],
)
def test_what_makes_or_names_a_whole_network_is_taken(options: Any) -> None:
    assert problems(options) == ""


def test_a_parameter_that_the_template_has_not_is_named() -> None:
    assert problems({"SubnetId": "s-1"}).startswith("config.json: `network` has no 'SubnetId'")


@pytest.mark.parametrize("lacking", ["SubnetIds", "RouteTableIds"])
def test_a_vpc_is_named_with_its_subnets_and_its_routes(lacking: str) -> None:
    told = {name: value for name, value in GIVEN.items() if name != lacking}
    assert problems(told) == f"config.json: with `VpcId`, `network` is to name `{lacking}`, too"


def test_what_is_needed_together_is_what_the_template_s_rules_say() -> None:
    asserted = {
        each["Assert"]["Fn::Not"][0]["Fn::Equals"][0]["Ref"]
        for rule in RULES.values()
        for each in rule["Assertions"]
    }
    assert {name for names in network.NEEDED.values() for name in names} == asserted


NOW = {"VpcId": "", "CidrBlock": PARAMETERS["CidrBlock"]["Default"], "FirstZone": "us-east-1a"}


@pytest.mark.parametrize(
    "options", [GIVEN, {"CidrBlock": "10.0.0.0/24"}, {"FirstZone": "us-east-1b"}]
)
def test_a_network_that_is_there_is_not_moved_under_its_functions(options: Any) -> None:
    assert "deploy once without `network`" in problems(options, account(**NOW))


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "DELETE_FAILED"])
def test_one_that_was_never_made_moves_nothing(status: str) -> None:
    assert problems(GIVEN, account(status, **NOW)) == ""


def test_a_network_stays_as_it_is() -> None:
    assert problems({}, account(**NOW)) == ""
    assert problems({"FirstZone": "us-east-1a"}, account(**NOW)) == ""
