"""A stage taken away, but for its billing data, which a later deployment takes up again.

The stack of resources stays, with what it retains: tables, reports, usage records. Deleted, it
would leave them behind under names that no new stack could take.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Final

from ops.deploy import (
    aliases,
    change_sets,
    checks,
    interfaces,
    leftovers,
    ownership,
    payloads,
    stacks,
)
from ops.deploy.account import Account
from ops.deploy.chalice_stage import ChaliceStage
from ops.deploy.stage import Say, Stage


def held(stage: Stage, account: Account) -> Iterator[str]:
    """Say what of somebody's own would go with the stage, or keep it from going."""
    for look in (_aliases, _policies, _targets):
        yield from look(stage, account)


def _aliases(stage: Stage, account: Account) -> Iterator[str]:
    """Say which functions an operator's own alias holds: it would go with its function."""
    lambdas = account.client("lambda")
    for key in stage.functions:
        for alias in aliases.others(lambdas, stage.function(key)):
            yield (
                f"the alias {alias.name} of {alias.function} is somebody's own, and would go with"
                " the function: when nobody calls it any more, aws lambda delete-alias"
                f" --function-name {alias.function} --name {alias.name}"
            )


def _policies(stage: Stage, account: Account) -> Iterator[str]:
    """Say which policies are attached to our roles: IAM deletes no role that has one."""
    iam = account.client("iam")
    for role in map(stage.role, stage.functions):
        with suppress(iam.exceptions.NoSuchEntityException):
            for each in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
                yield (
                    f"the role {role} has the policy {each['PolicyName']} attached, and cannot be"
                    f" deleted with it: aws iam detach-role-policy --role-name {role}"
                    f" --policy-arn {each['PolicyArn']}"
                )


def _targets(stage: Stage, account: Account) -> Iterator[str]:
    """Say what else our schedules start: EventBridge deletes no rule that has a target."""
    events = account.client("events")
    for rule in map(stage.rule, stage.functions):
        with suppress(events.exceptions.ResourceNotFoundException):
            for each in ownership.targets(events, rule):
                if each["Id"] != OUR_TARGET:
                    yield (
                        f"the rule {rule} starts {each['Arn']}, too, and cannot be deleted with it:"
                        f" aws events remove-targets --rule {rule} --ids {each['Id']}"
                    )


OUR_TARGET: Final = "1"
"""The id that Chalice gives to the function that a rule starts."""
CHECKS: Final[tuple[checks.Check, ...]] = (
    *(checks.right_account, checks.buckets, checks.ours),
    *(checks.stacks_at_rest, held),
)
"""What is looked at before. Roles and buckets have one name for all regions: those of a stage that
is in another region are not taken from it."""


def kept(stage: Stage, account: Account) -> stacks.Stack:
    """Return the stack of resources as it is without its stage."""
    alone = replace(stage, options=replace(stage.options, network=None))
    whole = stacks.wanted(alone, account)[0]
    return stacks.Stack(whole.name, leftovers.retained(whole.template), whole.parameters)


def destroy(stage: Stage, account: Account, say: Say) -> None:
    """Take away everything else, saying what. What is gone already is no fault. Raises Refused."""
    chalice = ChaliceStage.of(stage, account, network={}, say=say)
    chalice.delete(roles=False)
    interfaces.await_gone(stage, account, say)
    chalice.delete(roles=True)
    for part in reversed(stacks.PARTS[1:]):
        if change_sets.delete(account, stage.stack(part)):
            say(f"deleted the stack {stage.stack(part)}")
    bucket = stage.conventional(account.number)["PAYLOADS_BUCKET"]
    payloads.empty(account, bucket)
    _shrink(account, kept(stage, account), say)
    payloads.remove(account, bucket, say)


def _shrink(account: Account, remaining: stacks.Stack, say: Say) -> None:
    """Have the stack of resources keep what is to remain; one that was never made goes whole."""
    if change_sets.outlook(account.client("cloudformation"), remaining) == "create":
        if change_sets.delete(account, remaining.name):
            say(f"deleted the stack {remaining.name}, which was never whole")
    elif change_sets.apply(account, remaining):
        say(f"left the stack {remaining.name} with {', '.join(remaining.template['Resources'])}")
