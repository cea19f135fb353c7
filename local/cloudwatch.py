"""AWS's own counters of model calls, in moto's CloudWatch: what the providers counted, by minute.

moto 5.2 keeps the metrics that somebody puts. Those that Bedrock and SageMaker publish by
themselves follow from a ledger of calls here, the simulator's: calls that the gateway never saw are
in them, too. A metric has no value in a minute without any. Sources: Bedrock user guide, "Monitor
bedrock-runtime inference using CloudWatch metrics" (which says in one version that `Invocations`
are the successful ones, in another that they are those accepted: here a refused call is an error
and no invocation); SageMaker developer guide, "Amazon SageMaker AI metrics in Amazon CloudWatch".

moto's own: GetMetricStatistics counts its periods from the first value, not from the full minute.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from moto.cloudwatch.models import CloudWatchBackend, MetricAggregatedDatum

Entry = Mapping[str, Any]
"""A call as the simulator's ledger has it (local/simulator/ledger.py)."""
Dimensions = tuple[tuple[str, str], ...]
Value = tuple[str, int]

BEDROCK_OPERATIONS = frozenset(
    {"InvokeModel", "InvokeModelWithResponseStream", "Converse", "ConverseStream"}
)
SAGEMAKER_OPERATIONS = frozenset({"InvokeEndpoint", "InvokeEndpointWithResponseStream"})
COUNTED: Mapping[str, tuple[str, ...]] = {
    "InputTokenCount": ("input_tokens",),
    "OutputTokenCount": ("output_tokens",),
    "CacheReadInputTokenCount": ("cache_read_tokens",),
    "CacheWriteInputTokenCount": ("cache_write_tokens", "cache_write_1h_tokens"),
    "OutputImageCount": ("images",),
    "SearchUnits": ("queries",),
}
"""Which of a call's counts add up to a metric of Bedrock."""

POLICIES: Mapping[str, str] = {
    "ContentPolicy": "guardrail_content_units",
    "ContextualGroundingPolicy": "guardrail_grounding_units",
    "SensitiveInformationPolicy": "guardrail_pii_units",
    "TopicPolicy": "guardrail_topic_units",
}
"""Which of a call's counts are a policy's text units (Bedrock user guide, "Monitor Amazon Bedrock
Guardrails using CloudWatch metrics")."""

_published = CloudWatchBackend.aws_metric_data


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How slow the counters are from now on; on AWS they take minutes."""

    late_looks: int = 0
    """Requests for metrics that find nothing yet."""
    missing: frozenset[str] = frozenset()
    """Names of metrics that do not come at all."""


class Counters:
    """The counters of one AWS. Without a ledger there are none."""

    def __init__(self) -> None:
        self._entries: Callable[[], Iterable[Entry]] = tuple
        self._behaviour = Behaviour()
        self._looks = 0

    def follow(self, entries: Callable[[], Iterable[Entry]]) -> None:
        """Count the calls of a ledger, from now on and before."""
        self._entries = entries

    def behave(self, behaviour: Behaviour) -> None:
        """Be late, or lack something; `Behaviour()` ends it."""
        self._behaviour, self._looks = behaviour, 0

    def values(self, region: str) -> list[MetricAggregatedDatum]:
        """Return every metric's value of every minute in which it has one, in order of time."""
        self._looks += 1
        if self._looks <= self._behaviour.late_looks:
            return []
        counted: dict[tuple[datetime, str, Dimensions, str], list[int]] = defaultdict(list)
        for entry in self._entries():
            if entry["region"] == region:
                for namespace, dimensions, values in (_published_by(entry), *_guarded(entry)):
                    for name, value in values:
                        counted[_minute(entry), namespace, dimensions, name].append(value)
        return [
            _datum(*key, counted[key])
            for key in sorted(counted)
            if key[-1] not in self._behaviour.missing
        ]


@contextmanager
def installed(counters: Counters) -> Iterator[None]:
    """Let moto's CloudWatch have the counters while the context lasts."""

    def all_metrics(backend: CloudWatchBackend) -> list[Any]:
        return [*_published.__get__(backend), *counters.values(backend.region_name)]

    with patch.object(CloudWatchBackend, "aws_metric_data", property(all_metrics)):
        yield


def _published_by(entry: Entry) -> tuple[str, Dimensions, Sequence[Value]]:
    """Return a call's namespace, dimensions and values; no values, of what has no metrics here."""
    if entry["operation"] in SAGEMAKER_OPERATIONS:
        dimensions = (("EndpointName", entry["model"]), ("VariantName", "AllTraffic"))
        return "AWS/SageMaker", dimensions, (("Invocations", 1), *_endpoint_errors(entry["status"]))
    values = tuple(_of_model(entry)) if entry["operation"] in BEDROCK_OPERATIONS else ()
    return "AWS/Bedrock", (("ModelId", _model_id(entry["model"])),), values


def _guarded(entry: Entry) -> Iterator[tuple[str, Dimensions, Sequence[Value]]]:
    """Yield a guardrail's text units by policy, whatever it went with."""
    for policy, unit in POLICIES.items():
        if value := entry["counts"].get(unit, 0):
            dimensions = (("GuardrailPolicyType", policy), ("Operation", "ApplyGuardrail"))
            yield "AWS/Bedrock/Guardrails", dimensions, (("TextUnitCount", value),)


def _of_model(entry: Entry) -> Iterator[Value]:
    if entry["outcome"] == "refused":
        yield _bedrock_error(entry["status"]), 1
        return
    yield "Invocations", 1
    for metric, names in COUNTED.items():
        if value := sum(entry["counts"][name] for name in names):
            yield metric, value


def _bedrock_error(status: int) -> str:
    if status == 429:
        return "InvocationThrottles"
    return "InvocationClientErrors" if 400 <= status < 500 else "InvocationServerErrors"


def _endpoint_errors(status: int) -> tuple[Value, ...]:
    if status < 400:
        return ()
    return (("Invocation4XXErrors" if status < 500 else "Invocation5XXErrors", 1),)


def _model_id(model: str) -> str:
    """Name a model as its metrics do: as it was called, but an application's profile by its id."""
    _, profile, short = model.partition(":application-inference-profile/")
    return short if profile else model


def _minute(entry: Entry) -> datetime:
    """Return the minute of a call in UTC, as moto keeps times: without saying so."""
    at = datetime.fromisoformat(entry["time"]).astimezone(UTC)
    return at.replace(second=0, microsecond=0, tzinfo=None)


def _datum(
    minute: datetime, namespace: str, dimensions: Dimensions, name: str, values: Sequence[int]
) -> MetricAggregatedDatum:
    return MetricAggregatedDatum(
        namespace,
        name,
        min(values),
        max(values),
        len(values),
        sum(values),
        [{"Name": each, "Value": value} for each, value in dimensions],
        minute,
        "Count",
    )
