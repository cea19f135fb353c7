"""`ops deploy` and `ops destroy`: a stage in an account, made, brought up to date, taken away."""

import argparse
from collections.abc import Collection, Mapping
from typing import Any, Final

from ops.deploy import change_sets, checks, gateway, leaving, settling, stack_state, stacks
from ops.deploy.account import Account
from ops.deploy.stage import Stage
from ops.directory import Refused

DEPLOY: Final = "make a stage or bring it up to date: stacks, functions, API"
DESTROY: Final = "take a stage away, but for its tables, reports and usage records"
PLAN: Final = "check, and say what would change; no more"
YES: Final = "do it; without, only say what would be done"


def add_commands(groups: Any) -> None:
    """Add `deploy` and `destroy` to the command line."""
    _add(groups, "deploy", DEPLOY, run_deploy).add_argument(
        "--plan", action="store_true", help=PLAN
    )
    _add(groups, "destroy", DESTROY, run_destroy).add_argument(
        "--yes", action="store_true", help=YES
    )


def _add(groups: Any, name: str, says: str, run: Any) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = groups.add_parser(name, help=says, description=says)
    command.add_argument("--stage", required=True, help="a stage of .chalice/config.json")
    command.set_defaults(run=run, open=Account.of)
    return command


class Changes:
    """Says each change as it is made; `made` are all of them."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def __call__(self, change: str) -> None:
        print(f"+ {change}", flush=True)
        self.made.append(change)


def run_deploy(args: argparse.Namespace, account: Account) -> None:
    stage = Stage.load(args.stage)
    _refuse_with(checks.problems(stage, account))
    parts = stacks.wanted(stage, account)
    _print_plan(stage, account, parts)
    if args.plan:
        _foresee(stage, account)
        return
    say = Changes()
    for part in parts:
        if change_sets.apply(account, part):
            say(f"the stack {part.name} is up to date")
    leaves = leaving.is_leaving(stage, account)
    api = _deploy_functions(stage, account, say, leaving.functions(stage) if leaves else ())
    gateway.settle(account, stage, api["rest_api_id"], say)
    if leaves:
        leaving.leave(stage, account, say, gateway.deployed(account, stage, api["rest_api_id"]))
        _deploy_functions(stage, account, say)  # whose roles need no network any more
    print(f"{'deployed' if say.made else 'no change'}: {api['rest_api_url']}")


def _refuse_with(problems: list[str]) -> None:
    if problems:
        raise Refused("nothing was changed: " + "; ".join(problems))


def _print_plan(stage: Stage, account: Account, parts: list[stacks.Stack]) -> None:
    print(f"stage {stage.name}: account {account.number}, {account.region}")
    cloudformation = account.client("cloudformation")
    for part in parts:
        first = settling.outlook(cloudformation, part.name)
        print(f"  stack {part.name}: {change_sets.outlook(cloudformation, part)}{first}")
        for changed in change_sets.parameters_changed(cloudformation, part):
            print(f"    {changed}")
    if leaving.is_leaving(stage, account):
        print(f"  stack {stage.stack('network')}: delete, when nothing runs in it any more")
    how = "streaming" if stage.streams else "buffered"
    print(f"  {len(stage.functions)} functions and the API {stage.api}, {how}")
    models = ", ".join(stage.options.models)
    print(f"  model access: {models or 'not looked at, for `models` names none'}")
    told = stage.options.alert_email or "nobody by mail, for `alert_email` is not set"
    print(f"  told of alarms: {told}", flush=True)


def _foresee(stage: Stage, account: Account) -> None:
    """Say what would change of the functions, the API and its stage."""
    from ops.deploy.chalice_stage import ChaliceStage
    from ops.deploy.foresight import NEW, LookingAccount

    def say(change: str) -> None:
        print(f"  would have {change}", flush=True)

    there = stage.options.network is None or stack_state.made(
        account.client("cloudformation"), stage.stack("network")
    )
    network = _network(stage, account) if there else {"SubnetIds": NEW, "SecurityGroupIds": NEW}
    left = leaving.functions(stage) if leaving.is_leaving(stage, account) else ()
    api = ChaliceStage.of(stage, account, network, say).foresee(account, left)
    if api["rest_api_id"] != NEW:
        gateway.settle(LookingAccount.at(account), stage, api["rest_api_id"], say)


def _deploy_functions(
    stage: Stage, account: Account, say: Changes, left: Collection[str] = ()
) -> Mapping[str, str]:
    from ops.deploy.chalice_stage import ChaliceStage  # Chalice is slow to import

    return ChaliceStage.of(stage, account, _network(stage, account), say).deploy(left)


def _network(stage: Stage, account: Account) -> Mapping[str, str]:
    """Return where the functions that see prompts run; nothing where that is anywhere."""
    if stage.options.network is None:
        return {}
    name = stage.stack("network")
    network = stack_state.outputs(account.client("cloudformation"), name)
    if not (network.get("SubnetIds") and network.get("SecurityGroupIds")):
        raise Refused(f"the stack {name} names no subnets: the functions would run outside of it")
    return network


def run_destroy(args: argparse.Namespace, account: Account) -> None:
    from ops.deploy import destroy  # Chalice is slow to import

    stage = Stage.load(args.stage)
    _refuse_with(checks.problems(stage, account, destroy.CHECKS))
    remaining = destroy.kept(stage, account)
    print(f"stage {stage.name}: account {account.number}, {account.region}")
    print(f"  stays: {', '.join(remaining.template['Resources'])} (stack {remaining.name})")
    print("  goes: the API, functions, queues, payloads, logs, alarms, views, network", flush=True)
    if args.yes:
        destroy.destroy(stage, account, Changes())
    else:
        print("nothing was changed: --yes does it")
