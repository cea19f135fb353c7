"""The bucket of payloads, which goes with its stage: emptied before its stack lets go of it, and
deleted after, if something was written to it in between.

CloudFormation deletes what an update took out of a stack when the update has succeeded, and goes on
where it cannot: the bucket would be left, and in no stack (CloudFormation User Guide, "Update
behaviors of stack resources").
"""

from typing import Any

from botocore.exceptions import ClientError

from ops.deploy.account import Account
from ops.deploy.stage import Say


def empty(account: Account, bucket: str) -> None:
    """Empty the bucket, if it is there: it cannot be deleted before. It keeps no versions."""
    if not _is_here(account, bucket):
        return
    s3, ours = account.client("s3"), _of(account, bucket)
    for page in s3.get_paginator("list_objects_v2").paginate(**ours):
        if keys := [{"Key": each["Key"]} for each in page.get("Contents", ())]:
            s3.delete_objects(**ours, Delete={"Objects": keys, "Quiet": True})


def remove(account: Account, bucket: str, say: Say) -> None:
    """Delete the bucket where it outlived its stack, saying so; leave it while it is written to."""
    if not _is_here(account, bucket):
        return
    empty(account, bucket)
    try:
        account.client("s3").delete_bucket(**_of(account, bucket))
    except ClientError as error:
        if error.response["Error"]["Code"] != "BucketNotEmpty":
            raise
        say(f"left the bucket {bucket}, which a job still writes to: repeat this when it has ended")
    else:
        say(f"deleted the bucket {bucket}")


def _is_here(account: Account, bucket: str) -> bool:
    """Say whether there is the bucket, in this region: botocore would follow it to another."""
    try:
        found = account.client("s3").head_bucket(**_of(account, bucket))
    except ClientError as error:
        if error.response["Error"]["Code"] != "404":
            raise
        return False
    return bool(found.get("BucketRegion", account.region) == account.region)


def _of(account: Account, bucket: str) -> dict[str, Any]:
    """Name the bucket, as long as it is this account's."""
    return {"Bucket": bucket, "ExpectedBucketOwner": account.number}
