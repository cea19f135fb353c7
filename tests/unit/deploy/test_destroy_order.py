"""A stage in a network is taken away in an order in which nothing sticks."""

from types import SimpleNamespace
from typing import Any

import pytest
from deploy_fakes import FakeAccount, NotThere, stage

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


NOTHING: dict[str, Any] = {
    "iam": {"list_attached_role_policies": NotThere()},
    "events": {"list_targets_by_rule": NotThere()},
}
NO_ALIAS = {"get_paginator": lambda _: SimpleNamespace(paginate=lambda **_: [])}


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

    account = FakeAccount(**{"lambda": {"get_paginator": paginator}}, **NOTHING)

    (said,) = destroy.held(stage(), account)  # type: ignore[arg-type]

    assert said.startswith("the alias blue of tollgate-dev is somebody's own, and would go with")
    assert said.endswith("delete-alias --function-name tollgate-dev --name blue")


def test_a_policy_that_was_attached_to_a_role_is_named_before_anything_goes() -> None:
    baseline = {"PolicyName": "org-baseline", "PolicyArn": "arn:aws:iam::1:policy/org-baseline"}

    def attached(RoleName: str) -> Any:  # noqa: N803
        if RoleName != "tollgate-dev-stream_worker":
            return NotThere()
        return {"AttachedPolicies": [baseline]}

    services = {**NOTHING, "iam": {"list_attached_role_policies": attached}, "lambda": NO_ALIAS}

    (said,) = destroy.held(stage(), FakeAccount(**services))  # type: ignore[arg-type]

    assert said.endswith(
        "aws iam detach-role-policy --role-name tollgate-dev-stream_worker"
        " --policy-arn arn:aws:iam::1:policy/org-baseline"
    )


def test_a_second_target_of_a_schedule_is_named_before_anything_goes() -> None:
    def started(Rule: str) -> Any:  # noqa: N803
        if Rule != "tollgate-dev-stream_worker-event":
            return NotThere()
        return {"Targets": [{"Id": "1", "Arn": "ours"}, {"Id": "mail", "Arn": "arn:topic"}]}

    services = {**NOTHING, "events": {"list_targets_by_rule": started}, "lambda": NO_ALIAS}

    (said,) = destroy.held(stage(), FakeAccount(**services))  # type: ignore[arg-type]

    assert said == (
        "the rule tollgate-dev-stream_worker-event starts arn:topic, too, and cannot be deleted"
        " with it: aws events remove-targets --rule tollgate-dev-stream_worker-event --ids mail"
    )
