"""What moto 5.2 leaves out of Lambda: an alias's own policy, version numbers that are given once,
that a version stays to which an alias leads, and what the account may run at a time. And it finds
no mapping by its function's name that was made by the function's ARN.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from moto.awslambda import urls
from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaAlias, LambdaBackend, LambdaFunction, LambdaStorage
from moto.awslambda.policy import Policy

CONCURRENT_EXECUTIONS = 1_000
"""A quota's default in an account that is not new."""
_publish = LambdaStorage.publish_version
_get_policy = LambdaBackend.get_policy
_add_permission = LambdaBackend.add_permission
_mappings = LambdaBackend.list_event_source_mappings
_delete_from = LambdaStorage.del_function


def publish_version(storage: LambdaStorage, name: str, description: str = "") -> Any:
    """Publish a version under a number that none had before, those that were deleted included."""
    function = storage.get_function_by_name_or_arn_forbid_qualifier(name)
    versions = storage._functions[function.function_name]["versions"]
    before = list(versions)
    published = _publish(storage, name, description)
    if before and published not in before:
        _renumber(storage, published, before[-1].version + 1)
        storage._arns.update({each.function_arn: each for each in before})  # or one lost its own
    return published


def _renumber(storage: LambdaStorage, function: LambdaFunction, version: int) -> None:
    del storage._arns[function.function_arn]
    function.set_version(version)
    storage._arns[function.function_arn] = function


def get_policy(backend: LambdaBackend, name: str, qualifier: str | None = None) -> str:
    alias = _alias(backend, name, qualifier)
    return _policy(alias).wire_format() if alias else _get_policy(backend, name, qualifier)


def add_permission(backend: LambdaBackend, name: str, qualifier: str, raw: str) -> Any:
    alias = _alias(backend, name, qualifier)
    if alias:
        return _policy(alias).add_statement(raw)[0]
    return _add_permission(backend, name, qualifier, raw)


def list_mappings(backend: LambdaBackend, source: str, function: str) -> list[Any]:
    def named(told: str) -> str:
        return told.rpartition(":function:")[2]

    found = _mappings(backend, source, "")
    return [each for each in found if not function or named(each.function_name) == named(function)]


def delete_from(storage: LambdaStorage, name: str, qualifier: str | None) -> None:
    """Delete a function or one of its versions, unless an alias leads there."""
    for alias in storage.list_aliases(name.rpartition(":function:")[2]) if qualifier else ():
        weights = (alias.routing_config or {}).get("AdditionalVersionWeights", {})
        if qualifier in (alias.function_version, *weights):
            told = f"the alias {alias.name} leads to version {qualifier}"
            raise LambdaClientError("ResourceConflictException", told)
    _delete_from(storage, name, qualifier)


def _alias(backend: LambdaBackend, name: str, qualifier: str | None) -> LambdaAlias | None:
    """Find the alias that is named by a function's name or ARN, or beside it."""
    function, _, behind = name.rpartition(":function:")[2].partition(":")
    aliases = backend.list_aliases(function)
    return next((each for each in aliases if each.name == (behind or qualifier)), None)


def _policy(alias: LambdaAlias) -> Policy:
    if not hasattr(alias, "policy"):
        alias.policy = Policy(SimpleNamespace(function_arn=alias.arn))
    return alias.policy


def account_settings(*_: Any) -> tuple[int, dict[str, str], str]:
    limit = {
        "ConcurrentExecutions": CONCURRENT_EXECUTIONS,
        "UnreservedConcurrentExecutions": CONCURRENT_EXECUTIONS,
    }
    answer = {"AccountLimit": limit, "AccountUsage": {}}
    return 200, {"Content-Type": "application/json"}, json.dumps(answer)


@contextmanager
def installed() -> Iterator[None]:
    """Let moto's Lambda do so while the context lasts."""
    with ExitStack() as patches:
        served = {"{0}/2016-08-19/account-settings/?$": account_settings}
        patches.enter_context(patch.dict(urls.url_paths, served))
        for owner, name, filled in (
            (LambdaStorage, "publish_version", publish_version),
            (LambdaBackend, "get_policy", get_policy),
            (LambdaBackend, "add_permission", add_permission),
            (LambdaBackend, "list_event_source_mappings", list_mappings),
            (LambdaStorage, "del_function", delete_from),
        ):
            patches.enter_context(patch.object(owner, name, filled))
        yield
