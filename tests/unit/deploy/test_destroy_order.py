"""A stage in a network is taken away in an order in which nothing sticks."""

from types import SimpleNamespace
from typing import Any

import pytest
from deploy_fakes import FakeAccount, stage

from ops.deploy import destroy
from ops.directory import Refused


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is done, in order."""
    steps: list[str] = []

    def delete(*, roles: bool) -> None:
        steps.append("roles" if roles else "functions")

    def stack(_: Any, name: str) -> bool:
        steps.append(name.removeprefix("tollgate-dev-"))
        return True

    monkeypatch.setattr(destroy.ChaliceStage, "of", lambda *_, **__: SimpleNamespace(delete=delete))
    monkeypatch.setattr(destroy.interfaces, "await_gone", lambda *_: steps.append("interfaces"))
    monkeypatch.setattr(destroy.change_sets, "delete", stack)
    monkeypatch.setattr(destroy, "payloads", SimpleNamespace(empty=ignored, remove=ignored))
    monkeypatch.setattr(destroy, "_shrink", lambda *_: steps.append("resources"))
    return steps


def ignored(*_: Any) -> None:
    pass


def test_roles_outlive_the_interfaces_and_the_interfaces_not_the_network(done: list[str]) -> None:
    destroy.destroy(stage(), FakeAccount(), ignored)  # type: ignore[arg-type]
    assert done == [
        *("functions", "interfaces", "roles"),
        *("alarms", "views", "analytics", "network", "resources"),
    ]


def test_while_interfaces_are_left_roles_and_network_stay_for_a_repeat(
    done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise Refused("Lambda still has network interfaces")

    monkeypatch.setattr(destroy.interfaces, "await_gone", refuse)
    with pytest.raises(Refused):
        destroy.destroy(stage(), FakeAccount(), ignored)  # type: ignore[arg-type]
    assert done == ["functions"]


def test_an_alias_of_somebody_s_own_keeps_the_whole_stage() -> None:
    aliases = {"Aliases": [{"Name": n, "FunctionVersion": "7"} for n in ("stream", "blue")]}
    pages = {"tollgate-dev": [aliases], "tollgate-dev-stream_worker": []}

    def paginator(_: str) -> Any:
        return SimpleNamespace(paginate=lambda FunctionName: pages[FunctionName])  # noqa: N803

    account = FakeAccount(**{"lambda": {"get_paginator": paginator}})

    (said,) = destroy.held(stage(), account)  # type: ignore[arg-type]

    assert said.startswith("the alias blue of tollgate-dev is somebody's own, and would go with")
    assert said.endswith("delete-alias --function-name tollgate-dev --name blue")
