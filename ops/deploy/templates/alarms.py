"""Who is told, and of what: the alerts topic, the alarms that write to it, their metrics.

Every alarm is a row here, and has a section of its own name in docs/runbook.md. Where nothing was
measured nothing is wrong, but for reports and reconciliations, whose absence is the fault. The
topic is not under AWS's own key, which CloudWatch may not use; an alarm's text holds nothing of a
tenant.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from ops.deploy.templates.cloudformation import Node, logical_id, own, ref, resource, sub, template
from ops.deploy.templates.dashboard import dashboard
from ops.deploy.templates.usage_metrics import NAMESPACE, THROTTLES, usage_metrics

MINUTES: Final = 60
HOUR: Final = 3600
NEVER: Final = 1e12
"""What no metric reaches: such an alarm is of nothing but the metric's absence."""

FUNCTIONS: Final = {
    "api_handler": "Requests to the gateway end as 502 without a usage record of their end.",
    "daily_report": "A day's report was not made; the function has tried it thrice.",
    "reconcile": "A day was not held against AWS's own counters. What was reported stands.",
    "sample_capacity": "An hour's capacity was not sampled: its cost will be incomplete.",
    "settle_jobs": "Asynchronous jobs that ended are not billed until a sweep succeeds.",
    "stream_worker": "Queued streams are not run, or end without their records.",
    "stream_dead_letters": "Streams whose messages died are not ended, and read as running.",
    "sweep_streams": "Streams whose function died are not settled until a sweep succeeds.",
}
"""What it means that a function fails, by its key in `.chalice/config.json`."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One metric, or an expression over several, that must stay below a threshold."""

    name: str
    says: str
    metric: str = ""
    namespace: str = "Tollgate"
    dimensions: tuple[tuple[str, str], ...] = (("Stage", "${Stage}"),)
    statistic: str = "Sum"
    threshold: float = 1
    period: int = 5 * MINUTES
    periods: int = 1  # all of which must be over the threshold
    missing: str = "notBreaching"
    metrics: tuple[Node, ...] = field(default=())  # for an expression, in the metric's place

    def resource(self) -> Node:
        return resource(
            "CloudWatch::Alarm",
            {
                "AlarmName": own(self.name),
                "AlarmDescription": f"{self.says} Runbook: docs/runbook.md#{self.name}",
                "AlarmActions": [ref("Alerts")],
                "ComparisonOperator": "GreaterThanOrEqualToThreshold",
                "Threshold": self.threshold,
                "EvaluationPeriods": self.periods,
                "TreatMissingData": self.missing,
                **(self._measured() if self.metric else {"Metrics": list(self.metrics)}),
            },
        )

    def _measured(self) -> Node:
        return {
            "Namespace": sub(self.namespace) if "${" in self.namespace else self.namespace,
            "MetricName": self.metric,
            "Dimensions": [{"Name": name, "Value": sub(value)} for name, value in self.dimensions],
            "Statistic": self.statistic,
            "Period": self.period,
        }


def function_name(key: str) -> str:
    """How Chalice names a function; the API's has no suffix."""
    return "tollgate-${Stage}" + ("" if key == "api_handler" else f"-{key}")


def _of_function(metric: str, key: str, name: str, says: str) -> Alarm:
    dimensions = (("FunctionName", function_name(key)),)
    return Alarm(name, says, metric, "AWS/Lambda", dimensions)


def _of_queue(metric: str, queue: str, **how: Any) -> dict[str, Any]:
    dimensions = (("QueueName", f"tollgate-${{Stage}}-{queue}"),)
    return {"metric": metric, "namespace": "AWS/SQS", "dimensions": dimensions, **how}


def _measure(name: str, namespace: str, metric: str, **dimensions: str) -> Node:
    """One metric of an expression, under a name that the expression uses."""
    measured = {
        "Namespace": namespace,
        "MetricName": metric,
        "Dimensions": [{"Name": key, "Value": sub(value)} for key, value in dimensions.items()],
    }
    stat = {"Metric": measured, "Period": 5 * MINUTES, "Stat": "Sum"}
    return {"Id": name, "MetricStat": stat, "ReturnData": False}


def _expression(label: str, text: str, *measures: Node) -> tuple[Node, ...]:
    return ({"Id": "result", "Label": label, "Expression": text, "ReturnData": True}, *measures)


def _api(name: str, metric: str) -> Node:
    return _measure(name, "AWS/ApiGateway", metric, ApiName="tollgate-${Stage}")


def _throttled(name: str, table: str, metric: str) -> Node:
    return _measure(name, "AWS/DynamoDB", metric, TableName=f"tollgate-${{Stage}}-{table}")


ALARMS: Final = (
    Alarm(
        "report-missing",
        "No day's report became complete in the last 26 hours.",
        "ReportIncomplete",
        statistic="Minimum",
        period=HOUR,
        periods=26,
        missing="breaching",
    ),
    Alarm("report-incomplete", "A day's report was begun and not made.", "ReportIncomplete"),
    Alarm(
        "report-waiting",
        "In four hours no run had the time to finish a day's report.",
        "ReportWaiting",
        period=HOUR,
        periods=4,
    ),
    Alarm(
        "orphaned",
        "Calls began and left no record of their end: what they cost is not on the bill.",
        "Orphaned",
        period=HOUR,
    ),
    Alarm("lost", "Usage records are missing from the log group.", "Lost", period=HOUR),
    Alarm(
        "unreported",
        "Records are in the log group that no day's report can take in.",
        "Unreported",
        period=HOUR,
    ),
    Alarm(
        "unpriced",
        "Something that was used has no price: no total contains it.",
        "Unpriced",
        period=HOUR,
    ),
    Alarm(
        "reconciliation",
        "What was reported and what AWS counted or charged are not the same.",
        "ReconciliationDifference",
        period=HOUR,
    ),
    Alarm(
        "reconciliation-missing",
        "Nobody held a report against AWS's own counters in the last 26 hours.",
        "ReconciliationDifference",
        threshold=NEVER,
        period=HOUR,
        periods=26,
        missing="breaching",
    ),
    Alarm(
        "notices-failed",
        "What a report found could not be told to anybody; the report itself is there.",
        "NoticesFailed",
        period=HOUR,
    ),
    Alarm(
        "ledger-fault",
        "Usage records could not be written: calls are refused, or their end is kept for later.",
        "LedgerFault",
    ),
    Alarm(
        "usage-not-known",
        "A provider answered, and the numbers in its answer could not be used.",
        "UsageNotKnown",
    ),
    Alarm(
        "job-not-written",
        "An asynchronous job was started and its ARN not written down.",
        "JobNotWritten",
    ),
    Alarm(
        "jobs-left",
        "Sweeps do not get through the asynchronous jobs in their time.",
        "JobsLeft",
        periods=3,
    ),
    Alarm("streams-left", "Sweeps do not get through the dead streams.", "StreamsLeft", periods=3),
    Alarm(
        "stream-interrupted",
        "Streams were cut off when their function died: billed as far as is known.",
        "StreamInterrupted",
    ),
    Alarm(
        "dead-letters",
        "A queued stream failed five times and was given up.",
        **_of_queue("ApproximateNumberOfMessagesVisible", "streams-dead", statistic="Maximum"),
    ),
    Alarm(
        "queue-age",
        "Queued streams have waited for a worker longer than a quarter of an hour.",
        **_of_queue(
            "ApproximateAgeOfOldestMessage",
            "streams",
            statistic="Maximum",
            threshold=15 * MINUTES,
            periods=2,
        ),
    ),
    *(
        _of_function("Errors", key, f"failed-{key.replace('_', '-')}", says)
        for key, says in FUNCTIONS.items()
    ),
    _of_function(
        "Throttles",
        "api_handler",
        "throttled-api",
        "Requests were turned away: no more functions may run at once.",
    ),
    _of_function(
        "Throttles",
        "stream_worker",
        "throttled-worker",
        "Queued streams wait: no more functions may run at once.",
    ),
    Alarm(
        "throttled-tables",
        "DynamoDB turned reads or writes away: keys cannot be looked up, or streams not kept.",
        metrics=_expression(
            "throttled",
            "SUM(METRICS())",
            _throttled("reads1", "tenants", "ReadThrottleEvents"),
            _throttled("writes1", "tenants", "WriteThrottleEvents"),
            _throttled("reads2", "streams", "ReadThrottleEvents"),
            _throttled("writes2", "streams", "WriteThrottleEvents"),
        ),
    ),
    Alarm(
        "error-rate",
        "For a quarter of an hour five of a hundred requests ended as 5xx.",
        threshold=5,
        periods=3,
        metrics=_expression(
            "5xx of 100 requests",
            "IF(requests >= 20, 100 * errors / requests, 0)",  # one of a few is no rate
            _api("requests", "Count"),
            _api("errors", "5XXError"),
        ),
    ),
    Alarm(
        "provider-throttles",
        "For a quarter of an hour a provider has turned calls away: a quota is used up.",
        THROTTLES,
        NAMESPACE,
        dimensions=(),
        threshold=20,
        periods=3,
    ),
)


def alarms() -> Node:
    return template(
        "who is told when it needs a person, and the dashboard. It holds no data.",
        {
            "Alerts": resource("SNS::Topic", {"TopicName": own("alerts")}),
            "AlertsPolicy": _topic_policy(),
            "Mail": _mail(),
            **usage_metrics(),
            **{logical_id(alarm.name): alarm.resource() for alarm in ALARMS},
            "Dashboard": dashboard([alarm.name for alarm in ALARMS]),
        },
        Parameters={
            "AlertEmail": {
                "Type": "String",
                "Default": "",
                "Description": "Who is told; the address must confirm. Empty: nobody yet.",
            }
        },
        Conditions={"HasMail": {"Fn::Not": [{"Fn::Equals": [ref("AlertEmail"), ""]}]}},
        Outputs={"AlertsTopic": {"Value": ref("Alerts")}},
    )


def _mail() -> Node:
    properties = {"TopicArn": ref("Alerts"), "Protocol": "email", "Endpoint": ref("AlertEmail")}
    return resource("SNS::Subscription", properties, Condition="HasMail")


def _topic_policy() -> Node:
    """The stage's alarms may write to the topic; nobody may without TLS."""
    alarms_of_stage = "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm"
    written_by_alarms = {
        "Sid": "Alarms",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": ref("Alerts"),
        "Condition": {
            "ArnLike": {"aws:SourceArn": sub(f"{alarms_of_stage}:tollgate-${{Stage}}-*")},
            "StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")},
        },
    }
    tls_only = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": ref("Alerts"),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    document = {"Version": "2012-10-17", "Statement": [written_by_alarms, tls_only]}
    return resource("SNS::TopicPolicy", {"Topics": [ref("Alerts")], "PolicyDocument": document})
