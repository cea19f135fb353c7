"""What moto 5.2 leaves out of the resources that it makes of a stack, without a word.

Of a table: restoring to a point in time, and forgetting in time. Of a bucket: its versions and its
privacy. Alarms and subscriptions it does not know, and so makes none.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, ClassVar
from unittest.mock import patch

from moto.cloudformation.parsing import get_model_map
from moto.cloudwatch.models import cloudwatch_backends
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.s3.models import FakeBucket, s3_backends
from moto.sns.models import sns_backends

Properties = dict[str, Any]
_make_table = Table.create_from_cloudformation_json
_make_bucket = FakeBucket.create_from_cloudformation_json


class Made:
    """A resource that a stack made, as moto asks of one."""

    TYPE: ClassVar[str]

    def __init__(self, physical_id: str) -> None:
        self.physical_resource_id = physical_id

    @classmethod
    def cloudformation_type(cls) -> str:
        return cls.TYPE

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Properties,
        account_id: str,
        region_name: str,
    ) -> Any:
        original_resource.delete(account_id, region_name)
        return cls.create_from_cloudformation_json(  # type: ignore
            new_resource_name, cloudformation_json, account_id, region_name
        )

    @staticmethod
    def has_cfn_attr(_: str) -> bool:
        return True

    @staticmethod
    def is_created() -> bool:
        return True


class StackAlarm(Made):
    TYPE = "AWS::CloudWatch::Alarm"

    @classmethod
    def create_from_cloudformation_json(
        cls, _: str, resource: Properties, account: str, region: str, **__: Any
    ) -> "StackAlarm":
        told = resource["Properties"]
        cloudwatch_backends[account][region].put_metric_alarm(
            name=told["AlarmName"],
            namespace=told.get("Namespace"),
            metric_name=told.get("MetricName"),
            comparison_operator=told["ComparisonOperator"],
            evaluation_periods=int(told["EvaluationPeriods"]),
            period=told.get("Period"),
            threshold=float(told["Threshold"]),
            statistic=told.get("Statistic"),
            description=told["AlarmDescription"],
            dimensions=[],
            alarm_actions=told["AlarmActions"],
            treat_missing_data=told["TreatMissingData"],
        )
        return cls(told["AlarmName"])

    def delete(self, account: str, region: str) -> None:
        cloudwatch_backends[account][region].delete_alarms([self.physical_resource_id])


class StackSubscription(Made):
    TYPE = "AWS::SNS::Subscription"

    @classmethod
    def create_from_cloudformation_json(
        cls, _: str, resource: Properties, account: str, region: str, **__: Any
    ) -> "StackSubscription":
        told = resource["Properties"]
        made = sns_backends[account][region].subscribe(
            told["TopicArn"], told["Endpoint"], told["Protocol"]
        )
        return cls(made.arn)

    def delete(self, account: str, region: str) -> None:
        sns_backends[account][region].unsubscribe(self.physical_resource_id)


def make_table(name: str, resource: Properties, account: str, region: str, **more: Any) -> Table:
    made = _make_table(name, resource, account, region, **more)
    backend, told = dynamodb_backends[account][region], resource["Properties"]
    if recovery := told.get("PointInTimeRecoverySpecification"):
        backend.update_continuous_backups(name, recovery)
    if forgetting := told.get("TimeToLiveSpecification"):
        backend.update_time_to_live(name, forgetting)
    return made


def make_bucket(
    name: str, resource: Properties, account: str, region: str, **more: Any
) -> FakeBucket:
    made = _make_bucket(name, resource, account, region, **more)
    backend, told = s3_backends[account]["aws"], resource["Properties"]
    if versioning := told.get("VersioningConfiguration"):
        backend.put_bucket_versioning(name, versioning["Status"])
    if privacy := told.get("PublicAccessBlockConfiguration"):
        backend.put_public_access_block(name, privacy)
    return made


@contextmanager
def installed() -> Iterator[None]:
    """Let moto's stacks have all of it while the context lasts."""
    made = {each.TYPE: each for each in (StackAlarm, StackSubscription)}
    with ExitStack() as patches:
        patches.enter_context(patch.dict(get_model_map(), made))
        for owner, filled in ((Table, make_table), (FakeBucket, make_bucket)):
            named = "create_from_cloudformation_json"
            patches.enter_context(patch.object(owner, named, staticmethod(filled)))
        yield
