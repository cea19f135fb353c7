"""Sampling capacity: what runs in this hour and is billed by the hour. AWS keeps no history of it.

All that this gateway may send calls to: the endpoints of SAGEMAKER_ENDPOINTS, the provisioned
throughput that MODEL_ARNS admits. An hour is written whole or not at all: where AWS does not answer
for one of them, the function fails, Lambda tries it again twice, and an hour that then is without a
file is known to be missing. Shapes: service models sagemaker 2017-07-24, bedrock 2023-04-20.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from botocore.exceptions import ClientError

from chalicelib.catalog import Opaque, admits, foundation_model
from chalicelib.pricing.capacity import Resource, Sample
from chalicelib.reporting.capacity_files import hour_key, write_hour
from chalicelib.settings import Endpoint, Settings

Client = Callable[[str], Any]
"""Makes the boto3 client of a service, or gives the one that there is."""

COMMITMENTS: Final[Mapping[str | None, str]] = {
    None: "no_commit",
    "OneMonth": "1mo",
    "SixMonths": "6mo",
}
"""How the price book names a provisioned model's `commitmentDuration`."""

RUNNING: Final = frozenset({"InService", "Updating"})
"""Statuses in which provisioned model units are billed."""

_VARIANTS: Final = ("ProductionVariants", "ShadowProductionVariants")  # both run, both are billed


@dataclass(frozen=True, slots=True)
class Sampled:
    """What an hour's sampling wrote."""

    key: str
    samples: tuple[Sample, ...]


def hour_of(event_time: str) -> datetime:
    """Return the UTC hour of a scheduled event's `time`, such as `2026-11-24T08:07:00Z`.

    Raises ValueError where it is not a time with its offset.
    """
    at = datetime.fromisoformat(event_time)
    if at.tzinfo is None:
        raise ValueError(f"{event_time!r} has no time zone")
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def run(hour: datetime, settings: Settings) -> Sampled:
    """Sample for a UTC hour with clients of our own."""
    import boto3
    from botocore.config import Config

    config = Config(retries={"mode": "standard"})  # nothing that is asked here is billed

    @cache
    def client(service: str) -> Any:
        return boto3.client(service, settings.region, config=config)

    return sample(hour, client=client, settings=settings, now=datetime.now(UTC))


def sample(hour: datetime, *, client: Client, settings: Settings, now: datetime) -> Sampled:
    """Write what runs now as the sample of an hour; the same hour again replaces it.

    Raises botocore's errors where AWS refuses, ValueError where its answer cannot be priced.
    """
    running = tuple(_running(client, settings))
    key = hour_key(hour.date(), hour.hour)
    client("s3").put_object(
        Bucket=settings.reports_bucket,
        Key=key,
        Body=write_hour(running, now),
        ContentType="text/csv; charset=utf-8",
    )
    return Sampled(key, running)


def _running(client: Client, settings: Settings) -> Iterator[Sample]:
    for endpoint in settings.endpoints.values():
        resource = Resource("sagemaker", settings.region, endpoint.name)
        instances: Counter[str] = Counter()
        for instance, count in _instances(client("sagemaker"), endpoint):
            instances[instance] += count
        for instance, count in instances.items():
            yield Sample(resource, instance, "none", count, endpoint.concurrency)
    if settings.model_arns:
        yield from _provisioned(client("bedrock"), settings)


def _instances(sagemaker: Any, endpoint: Endpoint) -> Iterator[tuple[str, int]]:
    """Yield the instances of an endpoint, by type; none where there is no such endpoint.

    Those of a deployment in progress run beside the old ones, and are billed, too.
    """
    try:
        described = sagemaker.describe_endpoint(EndpointName=endpoint.name)
    except ClientError as error:
        if "Could not find" not in error.response["Error"].get("Message", ""):
            raise
        return
    for fleet in (described, described.get("PendingDeploymentSummary")):
        if fleet:
            yield from _of_fleet(sagemaker, fleet)


def _of_fleet(sagemaker: Any, fleet: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Yield a fleet's instances: of each variant's one type, or of each of its pools.

    A serverless variant has none, and an endpoint that is scaled to zero has none just now.
    """
    config = sagemaker.describe_endpoint_config(EndpointConfigName=fleet["EndpointConfigName"])
    for kind in _VARIANTS:
        types = {each["VariantName"]: each.get("InstanceType", "") for each in config.get(kind, ())}
        for variant in fleet.get(kind, ()):
            alone = {"InstanceType": types.get(variant["VariantName"], ""), **variant}
            for pool in variant.get("InstancePools") or [alone]:
                if count := pool.get("CurrentInstanceCount", 0):
                    yield pool["InstanceType"], count


def _provisioned(bedrock: Any, settings: Settings) -> Iterator[Sample]:
    pages = bedrock.get_paginator("list_provisioned_model_throughputs").paginate()
    for throughput in (each for page in pages for each in page["provisionedModelSummaries"]):
        if throughput["status"] in RUNNING and _admitted(throughput, settings):
            commitment = throughput.get("commitmentDuration")
            yield Sample(
                Resource("bedrock", settings.region, throughput["provisionedModelArn"]),
                foundation_model(throughput["foundationModelArn"])
                or throughput["foundationModelArn"],
                COMMITMENTS.get(commitment, commitment),
                throughput["modelUnits"],
                settings.model_unit_concurrency,
            )


def _admitted(throughput: Mapping[str, Any], settings: Settings) -> bool:
    """Say whether calls may name it, by its ARN or by its name."""
    return any(
        admits(settings.model_arns, Opaque(throughput[name], "provisioned-model"))
        for name in ("provisionedModelArn", "provisionedModelName")
    )
