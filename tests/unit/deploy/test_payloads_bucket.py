"""The bucket of payloads goes with its stage, whenever it is written to; or a later one has it."""

from types import SimpleNamespace
from typing import Any

import pytest
from deploy_fakes import ACCOUNT, FakeAccount, refused

from ops.deploy import leftovers, payloads, stacks

BUCKET = f"tollgate-dev-payloads-{ACCOUNT}"
OURS = {"Bucket": BUCKET, "ExpectedBucketOwner": ACCOUNT}


def account(*keys: str, there: bool = True, deletes: Any = None) -> FakeAccount:
    pages = [{"Contents": [{"Key": key} for key in keys]}, {}]
    return FakeAccount(
        s3={
            "head_bucket": {} if there else refused("404", 404),
            "get_paginator": lambda _: SimpleNamespace(paginate=lambda **_: pages),
            "delete_objects": {},
            "delete_bucket": deletes or {},
        }
    )


def deleted(account: FakeAccount) -> list[tuple[str, dict[str, Any]]]:
    return [each for each in account.asked if each[0].startswith("delete")]


def test_a_bucket_that_outlived_its_stack_is_emptied_and_deleted() -> None:
    asked, said = account("a", "b"), list[str]()
    payloads.remove(asked, BUCKET, said.append)
    objects = {"Objects": [{"Key": "a"}, {"Key": "b"}], "Quiet": True}
    assert deleted(asked) == [
        ("delete_objects", {**OURS, "Delete": objects}),
        ("delete_bucket", OURS),
    ]
    assert said == [f"deleted the bucket {BUCKET}"]


def test_a_bucket_that_is_still_written_to_is_left_and_named() -> None:
    said: list[str] = []
    payloads.remove(account(deletes=refused("BucketNotEmpty")), BUCKET, said.append)
    (line,) = said
    assert line.startswith(f"left the bucket {BUCKET}, which a job still writes to")


def test_whatever_else_keeps_it_is_raised() -> None:
    with pytest.raises(Exception, match="AccessDenied"):
        payloads.remove(account(deletes=refused("AccessDenied")), BUCKET, print)


def test_a_bucket_that_went_with_its_stack_is_not_asked_for() -> None:
    asked = account(there=False)
    payloads.remove(asked, BUCKET, print)
    assert deleted(asked) == []


def test_a_bucket_of_another_region_is_left_to_its_stage() -> None:
    asked = account("a")
    asked._services["s3"]["head_bucket"] = {"BucketRegion": "eu-west-1"}
    payloads.empty(asked, BUCKET)
    payloads.remove(asked, BUCKET, print)
    assert deleted(asked) == []


def test_a_later_deployment_takes_it_up_into_the_stack_that_lacks_it() -> None:
    template = stacks.template("resources")
    gone = refused("ResourceNotFoundException")
    asked = FakeAccount(
        dynamodb={"describe_table": gone},
        logs={"describe_log_groups": {"logGroups": []}},
        s3={
            "head_bucket": lambda Bucket: {} if Bucket == BUCKET else refused("404", 404),  # noqa: N803
            "get_bucket_policy": lambda Bucket: (  # noqa: N803
                {} if Bucket == BUCKET else refused("NoSuchBucketPolicy")
            ),
        },
    )
    now = leftovers.retained(template)

    found = leftovers.found(asked, template, {"Stage": "dev"}, now)

    assert found == {"Payloads": BUCKET, "PayloadsPolicy": BUCKET}
    taken_up = leftovers.importing(now, template, found)
    assert {*taken_up["Resources"]} == {*now["Resources"], *found}
    assert all("DeletionPolicy" in taken_up["Resources"][name] for name in found)
