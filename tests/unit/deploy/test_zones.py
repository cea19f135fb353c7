"""The zones of a private network: where every service has an endpoint, and always the same."""

from types import SimpleNamespace
from typing import Any

import pytest
from deploy_fakes import FakeAccount, refused, stage

from ops.deploy import zones
from ops.deploy.templates.network import INTERFACES
from ops.directory import Refused


def account(now: dict[str, str] | None = None, **served: str) -> Any:
    """An account whose services have endpoints in zones `abc`, but for those that are named."""

    zones_of = {"sts-fips": "abc"} | dict.fromkeys(INTERFACES, "abc") | served
    details = [
        {
            "ServiceName": f"com.amazonaws.us-east-1.{name}",
            "AvailabilityZones": [f"us-east-1{letter}" for letter in letters],
        }
        for name, letters in zones_of.items()
        if letters
    ]
    services = [{"ServiceDetails": details[:2]}, {"ServiceDetails": details[2:]}]

    given = [{"ParameterKey": n, "ParameterValue": v} for n, v in (now or {}).items()]
    described = {"Stacks": [{"StackStatus": "CREATE_COMPLETE", "Parameters": given}]}
    subnets = [{"SubnetId": f"s-{z}", "AvailabilityZone": f"us-east-1{z}"} for z in "ab"]
    return FakeAccount(
        cloudformation={"describe_stacks": described if now else refused("ValidationError")},
        ec2={
            "get_paginator": lambda _: SimpleNamespace(paginate=lambda **_: services),
            "describe_subnets": {"Subnets": subnets},
        },
    )


def test_subnets_are_made_where_every_service_has_an_endpoint() -> None:
    found = zones.chosen(stage(network={}), account(logs="bc", sqs="cba"))
    assert found == {"FirstZone": "us-east-1b", "SecondZone": "us-east-1c"}


def test_a_network_that_is_there_keeps_its_zones() -> None:
    now = {"FirstZone": "us-east-1c", "SecondZone": "us-east-1b", "Stage": "dev"}
    assert zones.chosen(stage(network={}), account(now)) == {
        "FirstZone": "us-east-1c",
        "SecondZone": "us-east-1b",
    }


def test_zones_that_cloudformation_chose_stay_as_they_are() -> None:
    now = {"FirstZone": "", "SecondZone": "", "Stage": "dev"}
    assert zones.chosen(stage(network={}), account(now)) == {"FirstZone": "", "SecondZone": ""}


def test_the_second_zone_is_another_than_the_one_that_is_told() -> None:
    told = stage(network={"FirstZone": "us-east-1a"})
    assert zones.chosen(told, account()) == {"SecondZone": "us-east-1b"}


@pytest.mark.parametrize(
    "told", [{"VpcId": "vpc-1"}, {"FirstZone": "us-east-1a", "SecondZone": "us-east-1b"}]
)
def test_zones_that_are_given_are_not_chosen(told: dict[str, str]) -> None:
    assert zones.chosen(stage(network=told), account()) == {}


def test_a_region_without_two_such_zones_is_refused() -> None:
    with pytest.raises(Refused, match=r"two zones of us-east-1 .* there is: us-east-1a"):
        zones.chosen(stage(network={}), account(logs="a"))
    with pytest.raises(Refused, match="there is: none"):
        zones.chosen(stage(network={}), account(logs=""))


def test_a_given_subnet_where_a_service_has_no_endpoint_is_said() -> None:
    told = stage(network={"VpcId": "vpc-1", "SubnetIds": "s-a,s-b"})
    (sentence,) = zones.unserved(told, account(**{"bedrock-runtime": "a", "sts": "ac"}))
    assert sentence.startswith("the subnet s-b is in us-east-1b, where bedrock-runtime, sts have")


@pytest.mark.parametrize(
    "network", [None, {}, {"VpcId": "vpc-1", "SubnetIds": "s-b", "Endpoints": "given"}]
)
def test_only_subnets_that_are_given_to_our_endpoints_are_looked_at(network: Any) -> None:
    asking = account(logs="a")
    assert list(zones.unserved(stage(network=network), asking)) == []
    assert asking.asked == []
