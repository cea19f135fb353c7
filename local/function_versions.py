"""What moto 5.2 leaves out of Lambda: an alias's own policy, version numbers that are given once,
and what the account may run at a time.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from moto.awslambda import urls
from moto.awslambda.models import LambdaAlias, LambdaBackend, LambdaFunction, LambdaStorage
from moto.awslambda.policy import Policy

CONCURRENT_EXECUTIONS = 1_000
"""A quota's default in an account that is not new."""
_publish = LambdaStorage.publish_version
_get_policy = LambdaBackend.get_policy
_add_permission = LambdaBackend.add_permission


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
        ):
            patches.enter_context(patch.object(owner, name, filled))
        yield
