"""AWS's own counters in CloudWatch: which there are, and their sums.

Sources: Bedrock user guide, "Monitor bedrock-runtime inference using CloudWatch metrics";
CloudWatch API reference, GetMetricData (500 queries a request, its start counts and its end does
not) and ListMetrics (what had values in the last two weeks). Counters come minutes late, and belong
to an account: whoever else calls a model is in them.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

BEDROCK: Final = "AWS/Bedrock"
SAGEMAKER: Final = "AWS/SageMaker"
MODEL: Final = "ModelId"
ENDPOINT: Final = "EndpointName"
INVOCATIONS: Final = "Invocations"
INPUT_TOKENS: Final = "InputTokenCount"
FAILURES: Final = ("InvocationClientErrors", "InvocationServerErrors")
THROTTLES: Final = "InvocationThrottles"
METRICS: Final[Mapping[str, str]] = {
    INPUT_TOKENS: "input_tokens",
    "OutputTokenCount": "output_tokens",
    "CacheReadInputTokenCount": "cache_read_tokens",
    "CacheWriteInputTokenCount": "cache_write_tokens",
    "OutputImageCount": "images",
}
"""What a metric of Bedrock adds up, as a column of costs.csv is called."""

QUERIES_A_REQUEST: Final = 500
SUM: Final = "Sum"
SAMPLES: Final = "SampleCount"
"""How many values a metric was given: one a call (CloudWatch user guide, "Statistics
definitions")."""


class Series(NamedTuple):
    namespace: str
    dimensions: tuple[tuple[str, str], ...]  # names and values, in any order that is kept
    metric: str
    statistic: str = SUM

    @classmethod
    def of_model(cls, model: str, metric: str, statistic: str = SUM) -> "Series":
        """Name a counter of one model, which goes by what it was called as (`metric_name`)."""
        return cls(BEDROCK, ((MODEL, model),), metric, statistic)


Points = Mapping[datetime, int]
"""A counter's sums by the UTC time at which their period begins; a period without any is not."""


def metric_name(model_id: str) -> str:
    """Name a model as its counters do: as it was called, but an application's profile by its id."""
    _, profile, short = model_id.partition(":application-inference-profile/")
    return short if profile else model_id


def read(
    cloudwatch: Any, series: Sequence[Series], start: datetime, end: datetime, period: int
) -> dict[Series, Points]:
    """Add counters up by periods of so many seconds. Raises ValueError where one is no count."""
    found: dict[Series, dict[datetime, int]] = {each: {} for each in series}
    for first in range(0, len(series), QUERIES_A_REQUEST):
        some = series[first : first + QUERIES_A_REQUEST]
        for each, at, value in _values(cloudwatch, some, start, end, period):
            found[each][at] = found[each].get(at, 0) + value
    return dict(found)


def listed(cloudwatch: Any, namespace: str, metric: str) -> list[Series]:
    """Return the counters of that name that have dimensions, in their order."""
    pages = cloudwatch.get_paginator("list_metrics").paginate(
        Namespace=namespace, MetricName=metric
    )
    found = (each.get("Dimensions", ()) for page in pages for each in page["Metrics"])
    return sorted(
        Series(namespace, tuple((each["Name"], each["Value"]) for each in dimensions), metric)
        for dimensions in found
        if dimensions
    )


def _values(
    cloudwatch: Any, series: Sequence[Series], start: datetime, end: datetime, period: int
) -> Iterator[tuple[Series, datetime, int]]:
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=[_query(i, each, period) for i, each in enumerate(series)],
        StartTime=start,
        EndTime=end,
    )
    for page in pages:
        for result in page["MetricDataResults"]:
            each = series[int(result["Id"][1:])]
            for at, value in zip(result["Timestamps"], result["Values"], strict=True):
                yield each, at, _whole(each, value)


def _query(number: int, series: Series, period: int) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in series.dimensions]
    named = {
        "Namespace": series.namespace,
        "MetricName": series.metric,
        "Dimensions": dimensions,
    }
    stat = {"Metric": named, "Period": period, "Stat": series.statistic}
    return {"Id": f"m{number}", "MetricStat": stat}


def _whole(series: Series, value: float) -> int:
    """CloudWatch answers in doubles, which hold any count below 2**53."""
    if value != int(value):
        raise ValueError(f"{series.metric} of {series.dimensions} is {value}, which is no count")
    return int(value)
