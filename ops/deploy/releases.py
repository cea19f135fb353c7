"""The function that an API streams from: a version that does not change, behind an alias.

The API invokes the alias, and the alias says to the function that it is to stream
(chalicelib/runtime.py). It moves to a new version at once, code and settings together, while
`$LATEST` is updated in two steps. Whatever happens to `$LATEST`, the alias leads to a function that
streams.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from chalicelib.runtime import STREAM_ALIAS
from ops.deploy import aliases
from ops.deploy.stage import Say
from ops.directory import Refused

WRAPPER: Final = "AWS_LAMBDA_EXEC_WRAPPER"
RUNTIME: Final = {WRAPPER: "/var/task/chalicelib/runtime.sh"}
"""What of a function's environment has it run by our loop."""
KEPT: Final = 5
"""Versions that stay, to go back to; and because calls run in them for up to 15 minutes."""
AS_WRITTEN: Final = {"LoggingConfig": {"LogFormat": "Text"}}
"""Lambda's default, and what is tested: a function's log has the lines that it wrote. In its JSON
format Lambda leaves lines out by their level and wraps what is no JSON ("Configuring JSON and plain
text log formats", "Log-level filtering" in its Developer Guide): metrics are such lines."""
_CONFIGURATION: Final = (
    *("CodeSha256", "Runtime", "Handler", "Role", "Timeout", "MemorySize", "Architectures"),
    *("Environment", "Layers", "LoggingConfig", "TracingConfig", "EphemeralStorage"),
)

Lambda = Any


def release(lambdas: Lambda, function: str, say: Say) -> None:
    """Have the alias lead to the function as it now is, and say so if it did not.

    Raises Refused for a function that would not stream, and for an alias that was shared out since
    checks.py looked.
    """
    latest = lambdas.get_function_configuration(FunctionName=function)
    released = _released(lambdas, function)
    if released and _same(latest, released):
        return
    if shared := [*aliases.shared_out(lambdas, function)]:
        raise Refused(*shared)
    if not RUNTIME.items() <= latest["Environment"]["Variables"].items():
        raise Refused(f"{function} is not run by our loop and cannot stream: {WRAPPER} is not set")
    version = lambdas.publish_version(FunctionName=function)["Version"]
    lambdas.get_waiter("published_version_active").wait(
        FunctionName=function, Qualifier=version, WaiterConfig={"Delay": 2, "MaxAttempts": 150}
    )
    point = lambdas.update_alias if released else lambdas.create_alias
    told = aliases.led(version, datetime.now(UTC))
    point(FunctionName=function, Name=STREAM_ALIAS, FunctionVersion=version, Description=told)
    say(f"released {function}")
    _forget(lambdas, function, say)


def _released(lambdas: Lambda, function: str) -> Mapping[str, Any] | None:
    try:
        lambdas.get_alias(FunctionName=function, Name=STREAM_ALIAS)
    except lambdas.exceptions.ResourceNotFoundException:
        return None
    found: Mapping[str, Any] = lambdas.get_function_configuration(
        FunctionName=function, Qualifier=STREAM_ALIAS
    )
    return found


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    alike = all(one.get(name) == other.get(name) for name in _CONFIGURATION)
    return alike and _network(one) == _network(other)


def _network(configuration: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    told = configuration.get("VpcConfig") or {}
    return sorted(told.get("SubnetIds", ())), sorted(told.get("SecurityGroupIds", ()))


def _forget(lambdas: Lambda, function: str, say: Say) -> None:
    """Delete the oldest versions, but for those that an alias leads to: Lambda keeps those."""
    held = {v: each.name for each in aliases.found(lambdas, function) for v in each.versions}
    pages = lambdas.get_paginator("list_versions_by_function").paginate(FunctionName=function)
    versions = [each["Version"] for page in pages for each in page["Versions"]]
    numbers = sorted(int(version) for version in versions if version.isdigit())
    for version in map(str, numbers[:-KEPT]):
        if version in held:
            say(f"kept version {version} of {function}, to which the alias {held[version]} leads")
        else:
            lambdas.delete_function(FunctionName=function, Qualifier=version)
