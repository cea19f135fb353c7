"""A stage taken away, but for its billing data, which a later deployment takes up again.

The stack of resources stays, with what it retains: tables, reports, usage records. Deleted, it
would leave them behind under names that no new stack could take.
"""

from ops.deploy import change_sets, leftovers, stack_state, stacks
from ops.deploy.account import Account
from ops.deploy.chalice_stage import ChaliceStage
from ops.deploy.stage import Say, Stage


def kept(stage: Stage, account: Account) -> stacks.Stack:
    """Return the stack of resources as it is without its stage."""
    whole = stacks.wanted(stage, account)[0]
    return stacks.Stack(whole.name, leftovers.retained(whole.template), whole.parameters)


def destroy(stage: Stage, account: Account, say: Say) -> None:
    """Take away everything else, saying what. What is gone already is no fault."""
    ChaliceStage.of(stage, account, network={}, say=say).delete()
    for part in reversed(stacks.PARTS[1:]):
        if change_sets.delete(account, stage.stack(part)):
            say(f"deleted the stack {stage.stack(part)}")
    remaining = kept(stage, account)
    if stack_state.status(account.client("cloudformation"), remaining.name) is None:
        return
    _empty(account, stage.conventional(account.number)["PAYLOADS_BUCKET"])
    if change_sets.apply(account, remaining):
        say(f"left the stack {remaining.name} with {', '.join(remaining.template['Resources'])}")


def _empty(account: Account, bucket: str) -> None:
    """Empty a bucket, which cannot be deleted before."""
    if not leftovers.has_bucket(account, bucket):
        return
    s3 = account.client("s3")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        if keys := [{"Key": each["Key"]} for each in page.get("Contents", ())]:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
