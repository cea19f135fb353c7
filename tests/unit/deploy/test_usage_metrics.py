"""Metrics of the usage log: what each counts of records as they are written."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from builders import provider_call

from chalicelib.metering.usage import Usage
from chalicelib.usage_record import Outcome, record_line
from ops.deploy.templates.alarms import alarms
from ops.deploy.templates.usage_metrics import METRICS, UsageMetric

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MADE = {
    name: each["Properties"]
    for name, each in alarms()["Resources"].items()
    if each["Type"] == "AWS::Logs::MetricFilter"
}
ANSWERED = Outcome("usage", Usage(input_tokens=11), "header", latency_ms=412, status_code=200)
THROTTLED = Outcome("failed", latency_ms=12, status_code=429, error_code="ThrottlingException")
SETTLED = Outcome("usage", Usage(video_ms=6_000), "derived", status_code=200)


def record(outcome: Outcome | None, **call: Any) -> dict[str, Any]:
    line = record_line(provider_call(**call), outcome, at=NOW, instance="i-1", seq=1)
    fields: dict[str, Any] = json.loads(line)
    return fields


def matches(pattern: str, fields: dict[str, Any]) -> bool:
    """Evaluate the little of the pattern syntax that is used: `$.name op literal`, && and ||."""

    def told(found: re.Match[str]) -> str:
        name, operator, literal = found.groups()
        value = fields[name]  # a KeyError: no record has it
        literal = json.loads(literal)
        return str({"=": value == literal, ">": value > literal}[operator])

    said = re.sub(r'\$\.(\w+) (=|>) ("[a-z]+"|\d+)', told, pattern.strip("{} "))
    assert re.fullmatch(r"(?:True|False|[()&| ])+", said), said
    return bool(eval(said.replace("&&", " and ").replace("||", " or ")))


def counted(outcome: Outcome | None, **call: Any) -> set[str]:
    fields = record(outcome, **call)
    return {metric.name for metric in METRICS if matches(f"{{ {metric.pattern} }}", fields)}


@pytest.mark.parametrize(
    ("outcome", "call", "names"),
    [
        (None, {}, set()),
        (ANSWERED, {}, {"ProviderCalls", "ProviderLatency"}),
        (ANSWERED, {"streamed": 1}, {"ProviderCalls", "ProviderStreamLatency"}),
        (THROTTLED, {}, {"ProviderCalls", "ProviderLatency", "ProviderThrottles"}),
        (SETTLED, {}, {"ProviderCalls"}),
    ],
    ids=["started", "answered", "streamed", "throttled", "settled"],
)
def test_a_record_is_counted_once_by_its_end(outcome, call, names) -> None:
    assert counted(outcome, **call) == names


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_what_is_measured_and_told_apart_is_in_every_record(metric: UsageMetric) -> None:
    fields = record(ANSWERED)
    assert metric.value == "1" or isinstance(fields[metric.value.removeprefix("$.")], int)
    assert {fields[field] for _, field in metric.dimensions} <= {"usage", "none"}


def test_filters_read_the_stage_s_usage_log_and_write_metrics_of_the_stage() -> None:
    assert {made["FilterName"] for made in MADE.values()} == {metric.name for metric in METRICS}
    for made in MADE.values():
        (transformation,) = made["MetricTransformations"]
        assert made["LogGroupName"] == {"Fn::Sub": "/tollgate/${Stage}/usage"}
        assert transformation["MetricNamespace"] == {"Fn::Sub": "Tollgate/${Stage}"}


def test_no_metric_is_kept_by_team_or_by_model() -> None:
    """Each value of a dimension is a metric that is paid for; the usage log can be asked."""
    named = {field for metric in METRICS for _, field in metric.dimensions}
    assert named == {"tollgate", "error_code"}
