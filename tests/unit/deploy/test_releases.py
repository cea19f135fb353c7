"""The alias that streams: it leads to a version that streams, whatever becomes of the function."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from deploy_fakes import FakeAccount, stage

from chalicelib.runtime import STREAM_ALIAS
from ops.deploy import aliases, checks, releases
from ops.deploy.releases import KEPT, RUNTIME
from ops.directory import Refused


class NotThere(Exception):
    """Lambda's ResourceNotFoundException."""


class FakeLambda:
    """One function: `latest`, its versions, and its alias."""

    exceptions = SimpleNamespace(ResourceNotFoundException=NotThere)

    def __init__(self, **latest: Any) -> None:
        self.latest = {"CodeSha256": "one", "Environment": {"Variables": dict(RUNTIME)}, **latest}
        self.versions: dict[str, dict[str, Any]] = {}
        self.alias = ""
        self.others: list[dict[str, Any]] = []
        """Aliases of an operator's own, as Lambda describes them."""
        self.shares: dict[str, float] = {}
        self.waited: list[str] = []

    def get_function_configuration(
        self,
        FunctionName: str,  # noqa: N803
        Qualifier: str = "",  # noqa: N803
    ) -> dict[str, Any]:
        assert FunctionName == "f"
        return self.versions[self.alias] if Qualifier == STREAM_ALIAS else self.latest

    def get_alias(self, **_: str) -> None:
        if not self.alias:
            raise NotThere

    def publish_version(self, **_: str) -> dict[str, str]:
        number = str(max(map(int, self.versions), default=0) + 1)
        self.versions[number] = dict(self.latest)
        return {"Version": number}

    def get_waiter(self, name: str) -> Any:
        assert name == "published_version_active"
        return SimpleNamespace(wait=lambda Qualifier, **_: self.waited.append(Qualifier))  # noqa: N803

    def create_alias(self, FunctionVersion: str, **given: str) -> None:  # noqa: N803
        assert not self.alias
        self._point(FunctionVersion, given["Description"])

    def update_alias(self, FunctionVersion: str, **given: str) -> None:  # noqa: N803
        assert self.alias
        self._point(FunctionVersion, given["Description"])

    def _point(self, version: str, description: str) -> None:
        self.description = description
        assert version in self.waited  # nobody is sent to a version that is not up
        self.alias = version

    def get_paginator(self, operation: str) -> Any:
        listed = [{"Version": "$LATEST"}, *({"Version": number} for number in self.versions)]
        routing = {"AdditionalVersionWeights": self.shares} if self.shares else None
        ours = {"Name": STREAM_ALIAS, "FunctionVersion": self.alias, "RoutingConfig": routing}
        told = {
            "list_versions_by_function": [{"Versions": listed}],
            "list_aliases": [{"Aliases": self.others}, {"Aliases": [ours] if self.alias else []}],
        }
        return SimpleNamespace(paginate=lambda **_: told[operation])

    def delete_function(self, Qualifier: str, **_: str) -> None:  # noqa: N803
        held = {v for each in self.others for v in aliases.Alias.of("f", each).versions}
        assert Qualifier not in held | {self.alias}, "ResourceConflictException"
        del self.versions[Qualifier]


def release(lambdas: FakeLambda) -> list[str]:
    """Release, and return what was said."""
    said: list[str] = []
    releases.release(lambdas, "f", said.append)
    return said


def released_often(lambdas: FakeLambda) -> list[str]:
    """Release so often that three versions are too many; return what was said last."""
    said: list[str] = []
    for number in range(KEPT + 3):
        lambdas.latest["CodeSha256"] = str(number)
        said = release(lambdas)
    return said


def test_an_alias_says_since_when_it_leads_to_its_version() -> None:
    lambdas = FakeLambda()
    release(lambdas)
    told = {"Name": STREAM_ALIAS, "FunctionVersion": "1", "Description": lambdas.description}
    since = aliases.Alias.of("f", told).since
    assert since
    assert timedelta() <= datetime.now(UTC) - since < timedelta(minutes=1)
    assert aliases.Alias.of("f", {**told, "FunctionVersion": "2"}).since is None  # led by hand


def test_a_function_is_released_as_it_is() -> None:
    lambdas = FakeLambda()
    assert release(lambdas)
    assert lambdas.versions[lambdas.alias] == lambdas.latest


def test_what_did_not_change_is_not_released_again() -> None:
    lambdas = FakeLambda()
    release(lambdas)
    assert not release(lambdas)
    assert list(lambdas.versions) == ["1"]


@pytest.mark.parametrize(
    "changed",
    [
        {"CodeSha256": "two"},
        {"MemorySize": 2_048},
        {"Environment": {"Variables": {**RUNTIME, "A": "b"}}},
        {"VpcConfig": {"SubnetIds": ["s-1"], "SecurityGroupIds": []}},
        {"LoggingConfig": {"LogFormat": "JSON"}},
        {"TracingConfig": {"Mode": "Active"}},
        {"EphemeralStorage": {"Size": 1_024}},
    ],
)
def test_a_change_is_released_whole(changed: dict[str, Any]) -> None:
    lambdas = FakeLambda()
    release(lambdas)
    lambdas.latest.update(changed)
    assert release(lambdas)
    assert lambdas.versions[lambdas.alias] == lambdas.latest


def test_a_network_s_parts_have_no_order() -> None:
    lambdas = FakeLambda(VpcConfig={"SubnetIds": ["s-1", "s-2"], "SecurityGroupIds": []})
    release(lambdas)
    lambdas.latest["VpcConfig"] = {"SubnetIds": ["s-2", "s-1"], "SecurityGroupIds": []}
    assert not release(lambdas)


def test_a_function_that_would_not_stream_is_never_released() -> None:
    lambdas = FakeLambda()
    release(lambdas)
    lambdas.latest["Environment"] = {"Variables": {}}
    with pytest.raises(Refused, match="cannot stream: AWS_LAMBDA_EXEC_WRAPPER is not set"):
        release(lambdas)
    assert lambdas.alias == "1"


def test_an_alias_that_was_led_back_is_led_forward_by_the_next_deployment() -> None:
    lambdas = FakeLambda()
    release(lambdas)
    lambdas.latest["CodeSha256"] = "two"
    release(lambdas)
    lambdas.alias = "1"
    assert release(lambdas)
    assert lambdas.versions[lambdas.alias]["CodeSha256"] == "two"


def test_the_last_releases_stay_to_go_back_to() -> None:
    lambdas = FakeLambda()
    released_often(lambdas)
    assert list(lambdas.versions) == [str(number) for number in range(4, KEPT + 4)]
    assert lambdas.alias in lambdas.versions


def test_a_version_that_an_operator_s_own_alias_leads_to_stays_and_that_is_said() -> None:
    lambdas = FakeLambda()
    lambdas.others = [
        {"Name": "blue", "FunctionVersion": "1"},
        {
            "Name": "green",
            "FunctionVersion": "2",
            "RoutingConfig": {"AdditionalVersionWeights": {"8": 0.1}},
        },
    ]
    said = released_often(lambdas)
    assert list(lambdas.versions) == ["1", "2", *(str(number) for number in range(4, KEPT + 4))]
    assert said == [
        "released f",
        "kept version 1 of f, to which the alias blue leads",
        "kept version 2 of f, to which the alias green leads",
    ]


def test_an_alias_that_is_shared_out_is_not_released_under() -> None:
    lambdas = FakeLambda()
    release(lambdas)
    lambdas.shares = {"2": 0.1}
    lambdas.latest["CodeSha256"] = "two"
    with pytest.raises(Refused, match="leads to version 1 and shares calls out"):
        release(lambdas)
    assert list(lambdas.versions) == ["1"]


def test_an_alias_that_is_shared_out_is_said_before_anything_is_changed() -> None:
    lambdas = FakeLambda()
    release(lambdas)
    account = FakeAccount()
    account.client = lambda _: lambdas  # type: ignore[method-assign]
    assert checks.one_release in checks.CHECKS
    assert list(checks.one_release(stage(), account)) == []  # type: ignore[arg-type]

    lambdas.shares = {"2": 0.1}

    (said,) = checks.one_release(stage(), account)  # type: ignore[arg-type]
    assert "(10% to version 2), which a release would mix up: end that first" in said
    assert "--function-name tollgate-dev --name stream --routing-config Additional" in said
    assert list(checks.one_release(stage(answers="buffered"), account)) == []  # type: ignore[arg-type]
