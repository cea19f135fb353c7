"""A stage that leaves its network: no call is cut off, and nothing holds the network any more."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from chalice.deploy import models
from deploy_fakes import PLACE, FakeAccount, refused, stage

from ops.deploy import aliases, leaving, policies
from ops.deploy.stage import Stage
from ops.directory import Refused

API, WORKER = "tollgate-dev", "tollgate-dev-stream_worker"
NETWORK = "tollgate-dev-network"
INSIDE = {"VpcConfig": {"SubnetIds": ["s-1"], "SecurityGroupIds": ["sg-1"]}}


class FakeLambda:
    """The versions of functions, each since so many minutes, and the aliases of the API's."""

    exceptions = SimpleNamespace(ResourceNotFoundException=LookupError)

    def __init__(self, **aliases: str) -> None:
        self.versions: dict[str, list[dict[str, Any]]] = {API: [], WORKER: []}
        self.aliases = aliases
        self.led = ""
        self.done: list[tuple[str, ...]] = []

    def has(self, function: str, version: str, minutes: int, **more: Any) -> None:
        since = datetime.now(UTC) - timedelta(minutes=minutes)
        told = since.strftime("%Y-%m-%dT%H:%M:%S.000+0000")  # as Lambda spells it
        known = {"FunctionName": function, "Version": version, "LastModified": told, **more}
        self.versions[function].append(known)

    def get_paginator(self, operation: str) -> Any:
        told = {"list_aliases": self._aliases, "list_versions_by_function": self._versions}
        return SimpleNamespace(paginate=told[operation])

    def _versions(self, FunctionName: str) -> list[dict[str, Any]]:  # noqa: N803
        return [{"Versions": self.versions[FunctionName]}]

    def _aliases(self, FunctionName: str) -> list[dict[str, Any]]:  # noqa: N803
        named = self.aliases if FunctionName == API else {}
        told = {"Description": self.led}
        return [{"Aliases": [{"Name": n, "FunctionVersion": v, **told}]} for n, v in named.items()]

    def delete_alias(self, FunctionName: str, Name: str) -> None:  # noqa: N803
        self.done.append(("alias", FunctionName, Name))

    def delete_function(self, FunctionName: str, Qualifier: str) -> None:  # noqa: N803
        self.done.append(("version", FunctionName, Qualifier))


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is done besides versions, in order."""
    done: list[str] = []
    monkeypatch.setattr(leaving.time, "sleep", lambda s: done.append(f"slept {round(s / 60)} min"))
    monkeypatch.setattr(leaving.interfaces, "await_gone", lambda *_: done.append("interfaces gone"))
    monkeypatch.setattr(
        leaving.change_sets, "delete", lambda _, name: done.append(f"deleted {name}")
    )
    return done


def leave(lambdas: FakeLambda, deployed: int = 900, **options: Any) -> None:
    """Leave the network, with an API that was deployed so many minutes ago."""
    account = FakeAccount()
    account.client = lambda _: lambdas  # type: ignore[method-assign]
    since = datetime.now(UTC) - timedelta(minutes=deployed)
    leaving.leave(stage(**options), account, lambda _: None, since)  # type: ignore[arg-type]


def led(version: str, minutes: int) -> str:
    """Describe the alias as led to a version so many minutes ago."""
    return aliases.led(version, datetime.now(UTC) - timedelta(minutes=minutes))


def having(status: str) -> Any:
    """An account with a network's stack of this status, or with none."""
    described = {"Stacks": [{"StackStatus": status}]} if status else refused("ValidationError")
    return FakeAccount(cloudformation={"describe_stacks": described})


def test_versions_go_when_their_last_call_has_ended_then_interfaces_then_the_network(
    left: list[str],
) -> None:
    lambdas = FakeLambda(stream="3")
    lambdas.led = led("3", minutes=5)
    lambdas.has(API, "$LATEST", minutes=6)
    lambdas.has(API, "2", minutes=900, **INSIDE)
    lambdas.has(API, "3", minutes=5)
    lambdas.has(WORKER, "$LATEST", minutes=7)

    leave(lambdas)

    assert lambdas.done == [("version", API, "2")]
    assert left == ["slept 10 min", "interfaces gone", f"deleted {NETWORK}"]


@pytest.mark.parametrize(
    ("described", "waits"),
    [("3 since 4", 11), ("3 since 20", 0), ("2 since 20", 15), ("", 15)],
)
def test_calls_in_a_release_that_was_gone_back_to_end_before_it_goes(
    left: list[str], described: str, waits: int
) -> None:
    lambdas = FakeLambda(stream="3")  # of an hour ago; the alias was led to 2 again since
    version, _, minutes = described.partition(" since ")
    lambdas.led = led(version, int(minutes)) if described else "led by hand"
    lambdas.has(API, "$LATEST", minutes=60)
    lambdas.has(API, "2", minutes=900, **INSIDE)
    lambdas.has(API, "3", minutes=60)

    leave(lambdas)

    slept = [f"slept {waits} min"] if waits else []
    assert left == [*slept, "interfaces gone", f"deleted {NETWORK}"]


def test_calls_of_an_api_that_was_just_deployed_end_first(left: list[str]) -> None:
    lambdas = FakeLambda()
    lambdas.has(API, "$LATEST", minutes=60)
    lambdas.has(API, "2", minutes=900, **INSIDE)

    leave(lambdas, deployed=1, answers="buffered")

    assert left[0] == "slept 14 min"


def test_a_repeat_later_waits_for_no_call(left: list[str]) -> None:
    lambdas = FakeLambda()
    lambdas.has(API, "$LATEST", minutes=16)
    lambdas.has(WORKER, "$LATEST", minutes=90)

    leave(lambdas)

    assert left == ["interfaces gone", f"deleted {NETWORK}"]


def test_the_alias_of_a_stage_that_streams_no_longer_goes_with_its_version(left: list[str]) -> None:
    lambdas = FakeLambda(stream="2")
    lambdas.has(API, "$LATEST", minutes=20)
    lambdas.has(API, "1", minutes=900, **INSIDE)
    lambdas.has(API, "2", minutes=800, **INSIDE)

    leave(lambdas, answers="buffered")

    assert lambdas.done == [
        ("version", API, "1"),
        ("alias", API, "stream"),
        ("version", API, "2"),
    ]


def test_a_release_that_somebody_went_back_to_meanwhile_is_not_taken_from_its_api(
    left: list[str],
) -> None:
    lambdas = FakeLambda(stream="2")
    lambdas.has(API, "$LATEST", minutes=20)
    lambdas.has(API, "2", minutes=800, **INSIDE)

    with pytest.raises(Refused, match="the alias stream of tollgate-dev leads to version 2 again"):
        leave(lambdas)

    assert lambdas.done == []


def test_a_version_that_somebody_s_own_alias_took_meanwhile_is_not_deleted(
    left: list[str],
) -> None:
    lambdas = FakeLambda(blue="2")
    lambdas.has(API, "$LATEST", minutes=20)
    lambdas.has(API, "2", minutes=800, **INSIDE)

    with pytest.raises(Refused, match="the alias blue of tollgate-dev leads to version 2 again"):
        leave(lambdas, answers="buffered")

    assert lambdas.done == []


def test_an_alias_of_somebody_s_own_keeps_the_network_before_anything_is_changed() -> None:
    lambdas = FakeLambda(blue="2", green="3", red="$LATEST", stream="2")
    lambdas.has(API, "$LATEST", minutes=1, **INSIDE)
    lambdas.has(API, "2", minutes=800, **INSIDE)
    lambdas.has(API, "3", minutes=900)
    account, others = having("CREATE_COMPLETE"), having("CREATE_COMPLETE").client
    account.client = lambda name: lambdas if name == "lambda" else others(name)

    (said,) = leaving.held(stage(), account)

    assert said == (
        "the alias blue of tollgate-dev leads to version 2, which runs in the network that is to be"
        " left: lead it elsewhere, or delete it"
    )
    assert list(leaving.held(stage(network={}), account)) == []


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "DELETE_FAILED"])
def test_a_network_that_is_no_longer_asked_for_is_left(status: str) -> None:
    assert leaving.is_leaving(stage(), having(status))


@pytest.mark.parametrize(
    ("made", "status"),
    [
        (stage(network={}), "CREATE_COMPLETE"),
        (stage(), ""),
        (stage(), "DELETE_COMPLETE"),
    ],
)
def test_a_network_that_is_asked_for_or_is_not_there_is_not_left(made: Stage, status: str) -> None:
    assert not leaving.is_leaving(made, having(status))


def test_a_network_whose_subnets_config_json_names_by_hand_is_not_left() -> None:
    made = stage()
    made.config["stages"]["dev"]["lambda_functions"] = {"api_handler": {"subnet_ids": ["s-1"]}}
    assert not leaving.is_leaving(made, having("CREATE_COMPLETE"))


@pytest.mark.parametrize(("names", "kept"), [((WORKER,), True), ((), False)])
def test_a_function_s_role_may_give_interfaces_back_until_they_are_gone(
    names: tuple[str, ...], kept: bool
) -> None:
    policy = models.FileBasedIAMPolicy(document={"Statement": []}, filename="")
    role = models.ManagedIAMRole("role", "lambda", {}, policy)
    function = Mock(models.LambdaFunction, role=role, subnet_ids=[], function_name=WORKER)
    function.environment_variables = stage().environment(PLACE)
    policies.narrow([function], PLACE, names)
    assert ("ec2:DeleteNetworkInterface" in str(policy.document)) is kept
