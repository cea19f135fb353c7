"""The alias that streams: it leads to a version that streams, whatever becomes of the function."""

from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.runtime import STREAM_ALIAS
from ops.deploy.releases import KEPT, RUNTIME, release
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

    def create_alias(self, FunctionVersion: str, **_: str) -> None:  # noqa: N803
        assert not self.alias
        self._point(FunctionVersion)

    def update_alias(self, FunctionVersion: str, **_: str) -> None:  # noqa: N803
        assert self.alias
        self._point(FunctionVersion)

    def _point(self, version: str) -> None:
        assert version in self.waited  # nobody is sent to a version that is not up
        self.alias = version

    def get_paginator(self, _: str) -> Any:
        listed = [{"Version": "$LATEST"}, *({"Version": number} for number in self.versions)]
        return SimpleNamespace(paginate=lambda **_: [{"Versions": listed}])

    def delete_function(self, Qualifier: str, **_: str) -> None:  # noqa: N803
        del self.versions[Qualifier]


def test_a_function_is_released_as_it_is() -> None:
    lambdas = FakeLambda()
    assert release(lambdas, "f")
    assert lambdas.versions[lambdas.alias] == lambdas.latest


def test_what_did_not_change_is_not_released_again() -> None:
    lambdas = FakeLambda()
    release(lambdas, "f")
    assert not release(lambdas, "f")
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
    release(lambdas, "f")
    lambdas.latest.update(changed)
    assert release(lambdas, "f")
    assert lambdas.versions[lambdas.alias] == lambdas.latest


def test_a_network_s_parts_have_no_order() -> None:
    lambdas = FakeLambda(VpcConfig={"SubnetIds": ["s-1", "s-2"], "SecurityGroupIds": []})
    release(lambdas, "f")
    lambdas.latest["VpcConfig"] = {"SubnetIds": ["s-2", "s-1"], "SecurityGroupIds": []}
    assert not release(lambdas, "f")


def test_a_function_that_would_not_stream_is_never_released() -> None:
    lambdas = FakeLambda()
    release(lambdas, "f")
    lambdas.latest["Environment"] = {"Variables": {}}
    with pytest.raises(Refused, match="cannot stream: AWS_LAMBDA_EXEC_WRAPPER is not set"):
        release(lambdas, "f")
    assert lambdas.alias == "1"


def test_an_alias_that_was_led_back_is_led_forward_by_the_next_deployment() -> None:
    lambdas = FakeLambda()
    release(lambdas, "f")
    lambdas.latest["CodeSha256"] = "two"
    release(lambdas, "f")
    lambdas.alias = "1"
    assert release(lambdas, "f")
    assert lambdas.versions[lambdas.alias]["CodeSha256"] == "two"


def test_the_last_releases_stay_to_go_back_to() -> None:
    lambdas = FakeLambda()
    for number in range(KEPT + 3):
        lambdas.latest["CodeSha256"] = str(number)
        release(lambdas, "f")
    assert list(lambdas.versions) == [str(number) for number in range(4, KEPT + 4)]
    assert lambdas.alias in lambdas.versions
