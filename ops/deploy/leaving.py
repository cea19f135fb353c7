"""A stage that leaves its private network: what still runs there ends first.

A function that is taken out of a network leaves its earlier versions inside, and calls that run in
them. While a version is inside, Lambda keeps the network's interfaces, and CloudFormation cannot
delete the network.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ops.deploy import aliases, change_sets, interfaces, stack_state
from ops.deploy.account import Account
from ops.deploy.stage import SEES_PROMPTS, Say, Stage
from ops.directory import Refused

LONGEST_CALL: Final = timedelta(minutes=15)
"""Lambda's: a call that began in an earlier version runs no longer."""

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)

Version = dict[str, Any]
"""A version of a function, `$LATEST` too, as Lambda describes it."""


def is_leaving(stage: Stage, account: Account) -> bool:
    """Say whether a stage has a network, and neither its options nor its functions ask for one."""
    if stage.options.network is not None or _asks_by_hand(stage):
        return False
    return stack_state.is_there(account.client("cloudformation"), stage.stack("network"))


def functions(stage: Stage) -> list[str]:
    """Name the functions that ran in the network."""
    return [stage.function(key) for key in SEES_PROMPTS]


def held(stage: Stage, account: Account) -> Iterator[str]:
    """Say which alias of an operator's own leads into a network that is to be left."""
    if not is_leaving(stage, account):
        return
    lambdas = account.client("lambda")
    for alias in (each for name in functions(stage) for each in aliases.others(lambdas, name)):
        inside = {v["Version"] for v in _versions(lambdas, alias.function) if _is_inside(v)}
        for version in sorted(alias.versions & (inside - {"$LATEST"})):
            yield (
                f"the alias {alias.name} of {alias.function} leads to version {version}, which runs"
                " in the network that is to be left: lead it elsewhere, or delete it"
            )


def leave(stage: Stage, account: Account, say: Say, deployed: datetime) -> None:
    """Take away the network of a stage whose functions have left it. Raises Refused.

    `deployed` is when its API was: what that called before may still run.
    """
    _end_versions(stage, account, say, deployed)
    interfaces.await_gone(stage, account, say)
    change_sets.delete(account, stage.stack("network"))
    say(f"deleted the stack {stage.stack('network')}")


def _asks_by_hand(stage: Stage) -> bool:
    """Say whether config.json itself names subnets, as for plain `chalice deploy`."""
    own = stage.config["stages"][stage.name]
    functions = (config.get("lambda_functions", {}) for config in (stage.config, own))
    layers = (stage.config, own, *(each for group in functions for each in group.values()))
    return any(each.get("subnet_ids") for each in layers)


def _end_versions(stage: Stage, account: Account, say: Say, deployed: datetime) -> None:
    """Delete the versions that are inside, when the last call in them has ended."""
    lambdas = account.client("lambda")
    versions = [each for name in functions(stage) for each in _versions(lambdas, name)]
    changed = (_modified(each) for each in versions if not _is_inside(each))
    calls_end = max(deployed, _led(lambdas, stage.api), *changed) + LONGEST_CALL
    seconds = (calls_end - datetime.now(UTC)).total_seconds()
    if seconds > 0:
        say(f"waiting for calls that still run in the network: until {calls_end:%H:%M} UTC")
        time.sleep(seconds)
    for each in versions:
        if _is_inside(each):
            _delete(lambdas, each, with_alias=not stage.streams)
            say(f"deleted version {each['Version']} of {each['FunctionName']}")


def _led(lambdas: Any, api: str) -> datetime:
    """Return when the last call went elsewhere than our alias leads now; now, if nobody knows."""
    now = datetime.now(UTC)
    ours = (each for each in aliases.found(lambdas, api) if each.is_ours)
    return max((each.since or now for each in ours), default=_LONG_AGO)


def _versions(lambdas: Any, function: str) -> Iterator[Version]:
    pages = lambdas.get_paginator("list_versions_by_function").paginate(FunctionName=function)
    return (each for page in pages for each in page["Versions"])


def _is_inside(version: Version) -> bool:
    return bool((version.get("VpcConfig") or {}).get("SubnetIds"))


def _modified(version: Version) -> datetime:
    return datetime.fromisoformat(version["LastModified"])


def _delete(lambdas: Any, version: Version, *, with_alias: bool) -> None:
    """Delete a version, and our alias if it leads there, of a stage that no longer streams.

    Raises Refused where the API calls the alias (somebody went back to that release meanwhile), and
    where the alias is an operator's own.
    """
    named = {"FunctionName": version["FunctionName"]}
    for alias in aliases.found(lambdas, version["FunctionName"]):
        if version["Version"] not in alias.versions:
            continue
        if not (alias.is_ours and with_alias):
            raise Refused(
                f"the alias {alias.name} of {alias.function} leads to version"
                f" {version['Version']} again, which runs in the network: repeat the deployment"
            )
        lambdas.delete_alias(**named, Name=alias.name)
    lambdas.delete_function(**named, Qualifier=version["Version"])
