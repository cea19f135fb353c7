"""Metrics of the usage records: counted by CloudWatch Logs as they come in, so no request counts.

A filter cannot write the stage into a dimension, so it is in the namespace. Only what has few
values is a dimension: each combination is a metric that is paid for. Sources: CloudWatch Logs user
guide, "Filter pattern syntax for metric filters", "Creating metrics from log events using filters".
"""

from dataclasses import dataclass
from typing import Final

from ops.deploy.templates.cloudformation import Node, resource, sub

NAMESPACE: Final = "Tollgate/${Stage}"
LOG_GROUP: Final = "/tollgate/${Stage}/usage"
ENDED: Final = '($.tollgate = "usage" || $.tollgate = "failed")'
OUTCOME: Final = ("Outcome", "tollgate")
"""A dimension and the field of a record that it is: `usage`, or `failed` for what cost nothing."""
ERROR: Final = ("Error", "error_code")


@dataclass(frozen=True, slots=True)
class UsageMetric:
    """What is counted, or measured, of the records that a pattern matches."""

    name: str
    pattern: str
    value: str = "1"
    unit: str = "Count"
    dimensions: tuple[tuple[str, str], ...] = ()

    def resource(self) -> Node:
        dimensions = [{"Key": key, "Value": f"$.{field}"} for key, field in self.dimensions]
        always = {"DefaultValue": 0}  # which a metric with dimensions cannot have
        return resource(
            "Logs::MetricFilter",
            {
                "LogGroupName": sub(LOG_GROUP),
                "FilterName": self.name,
                "FilterPattern": f"{{ {self.pattern} }}",
                "MetricTransformations": [
                    {
                        "MetricNamespace": sub(NAMESPACE),
                        "MetricName": self.name,
                        "MetricValue": self.value,
                        "Unit": self.unit,
                        **({"Dimensions": dimensions} if dimensions else always),
                    }
                ],
            },
        )


def _latency(name: str, streamed: int) -> UsageMetric:
    """How long providers took, whole streams apart; a job's settlement took nobody any time."""
    pattern = f"{ENDED} && ($.streamed = {streamed}) && ($.latency_ms > 0)"
    return UsageMetric(name, pattern, "$.latency_ms", "Milliseconds", (OUTCOME,))


THROTTLES: Final = "ProviderThrottles"
METRICS: Final = (
    UsageMetric("ProviderCalls", ENDED, dimensions=(OUTCOME, ERROR)),
    _latency("ProviderLatency", 0),
    _latency("ProviderStreamLatency", 1),
    UsageMetric(THROTTLES, '($.tollgate = "failed") && ($.status_code = 429)'),
)


def usage_metrics() -> Node:
    """Make a filter for each; the log group is of the stack that goes first."""
    return {f"{metric.name}Filter": metric.resource() for metric in METRICS}
