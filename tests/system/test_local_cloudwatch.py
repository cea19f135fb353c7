"""AWS's own counters of model calls, asked for through an unmodified boto3."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from local.aws import Aws
from local.clients import Clients
from local.cloudwatch import Behaviour

pytestmark = pytest.mark.system
NOVA = "us.amazon.nova-lite-v1:0"
NOON = datetime.fromisoformat("2026-11-23T12:00:00+00:00")
COUNTS = dict.fromkeys(
    (
        *("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"),
        *("cache_write_1h_tokens", "images", "queries"),
    ),
    0,
)


def called(second: int = 0, model: str = NOVA, **fields: Any) -> dict[str, Any]:
    """A call as the simulator's ledger has it, so many seconds after noon."""
    entry = {
        "time": (NOON + timedelta(seconds=second)).isoformat(),
        "operation": "Converse",
        "region": "us-east-1",
        "model": model,
        "status": 200,
        "outcome": "answered",
        **fields,
    }
    return entry | {"counts": COUNTS | fields.get("counts", {})}


@pytest.fixture(scope="module")
def aws():
    with Aws() as served:
        yield served


@pytest.fixture(scope="module")
def cloudwatch(aws):
    with Clients({"": aws.url}) as clients:
        yield clients("cloudwatch")


@pytest.fixture
def sums(aws, cloudwatch):
    """Sum a metric of the hour from noon on, by period."""

    def sums(entries, metric, period=3600, namespace="AWS/Bedrock", **dimensions):
        aws.counters.follow(lambda: entries)
        named = [{"Name": each, "Value": value} for each, value in dimensions.items()]
        asked = {"Namespace": namespace, "MetricName": metric, "Dimensions": named}
        stat = {"Metric": asked, "Period": period, "Stat": "Sum"}
        answer = cloudwatch.get_metric_data(
            MetricDataQueries=[{"Id": "sum", "MetricStat": stat}],
            StartTime=NOON,
            EndTime=NOON + timedelta(hours=1),
            ScanBy="TimestampAscending",
        )
        (result,) = answer["MetricDataResults"]
        return dict(zip(result["Timestamps"], result["Values"], strict=True))

    return sums


def total(found: dict[datetime, float]) -> float:
    return sum(found.values())


def test_tokens_of_a_model_are_added_up_by_minute(sums) -> None:
    entries = [called(at, counts={"input_tokens": 5}) for at in (0, 59, 60)]
    found = sums(entries, "InputTokenCount", 60, ModelId=NOVA)
    assert [(at - NOON, value) for at, value in found.items()] == [
        (timedelta(0), 10.0),
        (timedelta(minutes=1), 5.0),
    ]


@pytest.mark.parametrize(
    ("metric", "counts", "value"),
    [
        ("OutputTokenCount", {"output_tokens": 7}, 7),
        ("CacheReadInputTokenCount", {"cache_read_tokens": 2004}, 2004),
        ("CacheWriteInputTokenCount", {"cache_write_tokens": 3, "cache_write_1h_tokens": 4}, 7),
        ("OutputImageCount", {"images": 2}, 2),
        ("SearchUnits", {"queries": 4}, 4),
        ("Invocations", {}, 1),
    ],
)
def test_each_count_has_a_metric_of_its_own(sums, metric, counts, value) -> None:
    assert total(sums([called(counts=counts)], metric, ModelId=NOVA)) == value


def test_a_profile_is_a_series_of_its_own(sums) -> None:
    entries = [called(), called(model="amazon.nova-lite-v1:0")]
    assert total(sums(entries, "Invocations", ModelId=NOVA)) == 1


def test_an_applications_profile_goes_by_its_id(sums) -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123def456"
    assert total(sums([called(model=arn)], "Invocations", ModelId="abc123def456")) == 1


@pytest.mark.parametrize(
    ("status", "metric"),
    [
        (429, "InvocationThrottles"),
        (400, "InvocationClientErrors"),
        (503, "InvocationServerErrors"),
        (200, "InvocationServerErrors"),  # an exception as the stream's first event
    ],
)
def test_a_refused_call_is_an_error_and_no_invocation(sums, status, metric) -> None:
    entries = [called(status=status, outcome="refused")]
    assert total(sums(entries, metric, ModelId=NOVA)) == 1
    assert sums(entries, "Invocations", ModelId=NOVA) == {}


def test_a_cut_call_counts_as_it_is_billed(sums) -> None:
    entries = [called(outcome="cut_stream", counts={"output_tokens": 9})]
    assert total(sums(entries, "OutputTokenCount", ModelId=NOVA)) == 9


@pytest.mark.parametrize("operation", ["CountTokens", "StartAsyncInvoke", "ApplyGuardrail"])
def test_what_runs_no_model_at_once_is_not_counted(sums, operation) -> None:
    assert sums([called(operation=operation)], "Invocations", ModelId=NOVA) == {}


def test_another_regions_calls_are_counted_there(sums) -> None:
    assert sums([called(region="eu-west-1")], "Invocations", ModelId=NOVA) == {}


def test_endpoints_count_calls_and_errors(sums) -> None:
    call = {"model": "chat", "operation": "InvokeEndpoint"}
    entries = [called(**call), called(**call, status=424, outcome="refused")]
    series = {"namespace": "AWS/SageMaker", "EndpointName": "chat", "VariantName": "AllTraffic"}
    assert total(sums(entries, "Invocations", **series)) == 2
    assert total(sums(entries, "Invocation4XXErrors", **series)) == 1


def test_models_that_were_called_are_listed(aws, cloudwatch) -> None:
    aws.counters.follow(lambda: [called(), called(60), called(model="amazon.nova-micro-v1:0")])
    listed = cloudwatch.list_metrics(Namespace="AWS/Bedrock", MetricName="Invocations")["Metrics"]
    assert sorted(each["Dimensions"][0]["Value"] for each in listed) == [
        "amazon.nova-micro-v1:0",
        NOVA,
    ]


def test_statistics_of_one_metric_can_be_asked_for(aws, cloudwatch) -> None:
    aws.counters.follow(lambda: [called(at, counts={"input_tokens": 5 + at}) for at in (0, 1)])
    answer = cloudwatch.get_metric_statistics(
        Namespace="AWS/Bedrock",
        MetricName="InputTokenCount",
        Dimensions=[{"Name": "ModelId", "Value": NOVA}],
        StartTime=NOON,
        EndTime=NOON + timedelta(hours=1),
        Period=3600,
        Statistics=["Sum", "Maximum", "SampleCount"],
    )
    (point,) = answer["Datapoints"]
    assert (point["Sum"], point["Maximum"], point["SampleCount"]) == (11.0, 6.0, 2.0)


def test_counters_come_late_when_told_to(aws, sums) -> None:
    aws.counters.behave(Behaviour(late_looks=2))
    looks = [total(sums([called()], "Invocations", ModelId=NOVA)) for _ in range(3)]
    aws.counters.behave(Behaviour())
    assert looks == [0, 0, 1]


def test_a_counter_does_not_come_when_told_so(aws, sums) -> None:
    entries = [called(counts={"input_tokens": 5})]
    aws.counters.behave(Behaviour(missing=frozenset({"InputTokenCount"})))
    found = [sums(entries, each, ModelId=NOVA) for each in ("InputTokenCount", "Invocations")]
    aws.counters.behave(Behaviour())
    assert list(map(total, found)) == [0, 1]


def test_a_guardrails_text_units_are_counted_by_policy(sums):
    entries = [
        called(counts={"guardrail_topic_units": 3}),
        called(operation="ApplyGuardrail", counts={"guardrail_topic_units": 2}),
    ]
    by = {"GuardrailPolicyType": "TopicPolicy", "Operation": "ApplyGuardrail"}
    found = sums(entries, "TextUnitCount", namespace="AWS/Bedrock/Guardrails", **by)
    assert list(found.values()) == [5]
