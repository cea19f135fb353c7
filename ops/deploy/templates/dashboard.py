"""The dashboard: what is spent, how requests fare, and what needs a person, top to bottom.

Tables of the usage log are Logs Insights queries, which cost what they scan each time the dashboard
is opened or refreshed. Source: CloudWatch API Reference, "Dashboard body structure and syntax".
"""

import json
from collections.abc import Sequence
from typing import Any, Final

from ops.deploy.templates.cloudformation import Node, resource, sub
from ops.deploy.templates.usage_metrics import NAMESPACE, THROTTLES

WIDTH: Final = 24
HEIGHT: Final = 6
STAGE: Final = "tollgate-${Stage}"
API: Final = ("ApiName", STAGE)
FUNCTION: Final = ("FunctionName", STAGE)
WORKER: Final = ("FunctionName", f"{STAGE}-stream_worker")
QUEUE: Final = ("QueueName", f"{STAGE}-streams")
DEAD: Final = ("QueueName", f"{STAGE}-streams-dead")
OURS: Final = ("Stage", "${Stage}")

Metric = list[Any]


def dashboard(alarms: Sequence[str]) -> Node:
    """Make the dashboard; `alarms` are the names of the stage's alarms."""
    body = json.dumps({"widgets": _placed(_rows(alarms))})
    return resource(
        "CloudWatch::Dashboard", {"DashboardName": sub(STAGE), "DashboardBody": sub(body)}
    )


def _rows(alarms: Sequence[str]) -> list[list[Node]]:
    return [
        [_alarms(alarms)],
        [_numbers("The last reported day", _ours("Sum", *REPORTED)), _faults()],
        [_log("Tokens and calls, by team and model", BY_TEAM_AND_MODEL)],
        [_log("Tokens an hour", TOKENS_AN_HOUR, view="timeSeries"), _requests()],
        [_latency(), _log("The provider's latency, by model", LATENCY_BY_MODEL)],
        [_calls(), _providers_latency()],
        [_functions(), _provider()],
        [_streams(), _jobs()],
    ]


REPORTED: Final = (
    *("ReportIncomplete", "ReportWaiting", "Orphaned", "Lost", "Unpriced"),
    *("Unreported", "ReconciliationDifference", "NoticesFailed"),
)
FAULTS: Final = (
    "LedgerFault",
    "UsageNotKnown",
    "JobNotWritten",
    "StreamInterrupted",
    "StreamsNotBegun",
)
SWEPT: Final = (
    *("JobsSettled", "JobsRunning", "JobsLeft"),
    *("StreamsResumed", "StreamsSentAgain", "StreamsLeft"),
)

BY_TEAM_AND_MODEL: Final = (
    "filter tollgate = 'usage'",
    "stats sum(n_usage) as calls, sum(input_tokens) as input, sum(output_tokens) as output,"
    " sum(cache_read_tokens) as cached, sum(images) as made by team_id, model_id",
    "sort output desc",
    "limit 30",
)
TOKENS_AN_HOUR: Final = (
    "filter tollgate = 'usage'",
    "stats sum(input_tokens) as input, sum(output_tokens) as output by bin(1h)",
)
LATENCY_BY_MODEL: Final = (
    "filter tollgate = 'usage'",
    "stats count(*) as calls, pct(latency_ms, 50) as p50, pct(latency_ms, 99) as p99 by model_id",
    "sort calls desc",
    "limit 20",
)


def _placed(rows: Sequence[Sequence[Node]]) -> list[Node]:
    """Give each widget its place: rows below each other, the widgets of a row equally wide."""
    return [
        {
            **widget,
            "x": number * (WIDTH // len(row)),
            "y": below * HEIGHT,
            "width": WIDTH // len(row),
            "height": HEIGHT,
        }
        for below, row in enumerate(rows)
        for number, widget in enumerate(row)
    ]


def _alarms(names: Sequence[str]) -> Node:
    arn = "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm"
    alarms = [f"{arn}:{STAGE}-{name}" for name in names]
    return {"type": "alarm", "properties": {"title": "Alarms", "alarms": alarms}}


def _graph(title: str, metrics: Sequence[Metric], **properties: Any) -> Node:
    return {
        "type": "metric",
        "properties": {
            "title": title,
            "region": "${AWS::Region}",
            "view": "timeSeries",
            "period": 300,
            "metrics": list(metrics),
            **properties,
        },
    }


def _numbers(title: str, metrics: Sequence[Metric]) -> Node:
    return _graph(title, metrics, view="singleValue", period=86_400, setPeriodToTimeRange=False)


def _log(title: str, query: Sequence[str], view: str = "table") -> Node:
    text = " | ".join(("SOURCE '/tollgate/${Stage}/usage'", *query))
    properties = {"title": title, "region": "${AWS::Region}", "view": view, "query": text}
    return {"type": "log", "properties": properties}


def _metric(
    namespace: str, name: str, dimension: tuple[str, str], stat: str = "Sum", **how: Any
) -> Metric:
    return [namespace, name, *dimension, {"stat": stat, **how}]


def _ours(stat: str, *names: str) -> list[Metric]:
    return [_metric("Tollgate", name, OURS, stat) for name in names]


def _faults() -> Node:
    return _graph("Faults of our own", _ours("Sum", *FAULTS))


def _requests() -> Node:
    names = ("Count", "4XXError", "5XXError")
    return _graph("Requests", [_metric("AWS/ApiGateway", name, API) for name in names])


def _latency() -> Node:
    stats = ("p50", "p90", "p99")
    metrics = [_metric("AWS/ApiGateway", "Latency", API, stat, label=stat) for stat in stats]
    return _graph("Latency of answers, ms", metrics)


def _calls() -> Node:
    """Every way in which calls of models ended, and how many the providers turned away."""
    search = f"SEARCH('{{{NAMESPACE},Outcome,Error}} MetricName=\"ProviderCalls\"', 'Sum', 300)"
    turned_away = [NAMESPACE, THROTTLES, {"stat": "Sum", "label": "turned away (429)"}]
    return _graph("Calls of models, by outcome", [[{"expression": search}], turned_away])


def _providers_latency() -> Node:
    answered = ("Outcome", "usage")
    metrics = [
        _metric(NAMESPACE, name, answered, stat, label=f"{what}: {stat}")
        for name, what in (("ProviderLatency", "answers"), ("ProviderStreamLatency", "streams"))
        for stat in ("p50", "p99")
    ]
    return _graph("Latency of models, ms", metrics)


def _functions() -> Node:
    counted = [
        _metric("AWS/Lambda", name, function, label=f"{who}: {name}")
        for who, function in (("api", FUNCTION), ("worker", WORKER))
        for name in ("Errors", "Throttles")
    ]
    most = [
        _metric("AWS/Lambda", "ConcurrentExecutions", function, "Maximum", label=f"{who}: at once")
        for who, function in (("api", FUNCTION), ("worker", WORKER))
    ]
    return _graph("Functions", [*counted, *most])


def _provider() -> Node:
    """Bedrock's own counters, whoever called: a model's throttles are the account's."""
    searches = [
        f"SEARCH('{{AWS/Bedrock,ModelId}} MetricName=\"{name}\"', 'Sum', 300)"
        for name in ("InvocationThrottles", "InvocationServerErrors")
    ]
    return _graph("Bedrock: throttles and faults", [[{"expression": text}] for text in searches])


def _streams() -> Node:
    queue = [
        _metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", QUEUE, "Maximum", label="waiting"),
        _metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", DEAD, "Maximum", label="dead"),
        _metric("AWS/SQS", "ApproximateAgeOfOldestMessage", QUEUE, "Maximum", label="oldest, s"),
    ]
    return _graph("Queued streams", queue)


def _jobs() -> Node:
    return _graph("Sweeps: asynchronous jobs and dead streams", _ours("Maximum", *SWEPT))
