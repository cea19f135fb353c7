"""Sampling: all that runs and is billed by the hour, or no file at all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from kept_files import Bucket

from chalicelib.pricing.capacity import Resource, Sample
from chalicelib.reporting.capacity import hour_of, sample
from chalicelib.reporting.capacity_files import read_hour
from chalicelib.settings import Endpoint, Settings

NOW = datetime(2026, 11, 23, 8, 7, 2, tzinfo=UTC)
HOUR = datetime(2026, 11, 23, 8, tzinfo=UTC)
KEY = "capacity/date=2026-11-23/hour=08.csv"
CHAT = Resource("sagemaker", "us-east-1", "chat")
ARN = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghijkl"
THROUGHPUT = {
    "provisionedModelName": "nova-for-all",
    "provisionedModelArn": ARN,
    "foundationModelArn": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0:24k",
    "modelUnits": 2,
    "desiredModelUnits": 5,
    "status": "InService",
}


def fleet(config: str = "config", **variants: Mapping[str, Any]) -> dict[str, Any]:
    found = [{"VariantName": name, **fields} for name, fields in variants.items()]
    return {"EndpointConfigName": config, "ProductionVariants": found}


def config(**types: str) -> dict[str, Any]:
    return {"ProductionVariants": [{"VariantName": n, "InstanceType": t} for n, t in types.items()]}


ONE = fleet(all={"CurrentInstanceCount": 2, "DesiredInstanceCount": 3})
G5 = {"config": config(all="ml.g5.xlarge")}


@dataclass
class Aws:
    """Makes clients: of SageMaker, which has these endpoints, of Bedrock, and of S3."""

    endpoints: dict[str, Any] = field(default_factory=dict)
    configs: dict[str, Any] = field(default_factory=dict)
    throughputs: list[dict[str, Any]] = field(default_factory=list)
    bucket: Bucket = field(default_factory=Bucket)
    fails: str = ""
    asked: list[str] = field(default_factory=list)

    def __call__(self, service: str) -> Any:
        self.asked.append(service)
        return self.bucket if service == "s3" else self

    def describe_endpoint(self, **request: str) -> Any:
        name = request["EndpointName"]
        if self.fails == name:
            raise ClientError(
                {"Error": {"Code": "ThrottlingException", "Message": "Slow down"}},
                "DescribeEndpoint",
            )
        if name not in self.endpoints:
            message = f'Could not find endpoint "arn:aws:sagemaker:us-east-1:1:endpoint/{name}".'
            raise ClientError(
                {"Error": {"Code": "ValidationException", "Message": message}}, "DescribeEndpoint"
            )
        return self.endpoints[name]

    def describe_endpoint_config(self, **request: str) -> Any:
        return self.configs[request["EndpointConfigName"]]

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_provisioned_model_throughputs"
        return self

    def paginate(self) -> list[dict[str, Any]]:
        return [{"provisionedModelSummaries": [each]} for each in self.throughputs]


def settings(*endpoints: Endpoint, **fields: Any) -> Settings:
    return Settings(
        region="us-east-1",
        tenants_table="tenants",
        reports_bucket="reports",
        payloads_bucket="payloads",
        endpoints={endpoint.name: endpoint for endpoint in endpoints},
        **fields,
    )


CHAT_ONLY = settings(Endpoint("chat", "tgi", concurrency=4))


def sampled(aws: Aws, config: Settings = CHAT_ONLY) -> list[Sample]:
    sample(HOUR, client=aws, settings=config, now=NOW)
    return read_hour(aws.bucket.files[KEY])


def test_an_endpoint_s_instances_are_those_that_run_not_those_that_are_wanted():
    found = sampled(Aws({"chat": ONE}, G5))

    assert found == [Sample(CHAT, "ml.g5.xlarge", "none", count=2, concurrency=4)]


def test_variants_of_one_instance_type_are_one_sample_and_shadows_are_billed_too():
    endpoint = {
        **fleet(a={"CurrentInstanceCount": 2}, b={"CurrentInstanceCount": 1}),
        "ShadowProductionVariants": [{"VariantName": "s", "CurrentInstanceCount": 3}],
    }
    types = {
        **config(a="ml.g5.xlarge", b="ml.m5.large"),
        "ShadowProductionVariants": [{"VariantName": "s", "InstanceType": "ml.g5.xlarge"}],
    }

    found = sampled(Aws({"chat": endpoint}, {"config": types}))

    assert {each.sku: each.count for each in found} == {"ml.g5.xlarge": 5, "ml.m5.large": 1}


def test_a_variant_of_several_instance_types_is_sampled_by_its_pools():
    pools = [
        {"InstanceType": "ml.g5.xlarge", "CurrentInstanceCount": 1},
        {"InstanceType": "ml.g6.xlarge", "CurrentInstanceCount": 2},
        {"InstanceType": "ml.p5.48xlarge", "CurrentInstanceCount": 0},
    ]
    endpoint = fleet(all={"CurrentInstanceCount": 3, "InstancePools": pools})
    untyped = {"ProductionVariants": [{"VariantName": "all"}]}

    found = sampled(Aws({"chat": endpoint}, {"config": untyped}))

    assert {each.sku: each.count for each in found} == {"ml.g5.xlarge": 1, "ml.g6.xlarge": 2}


def test_a_deployment_in_progress_runs_beside_the_old_one():
    pending = fleet("next", all={"InstanceType": "ml.g6.xlarge", "CurrentInstanceCount": 1})
    aws = Aws(
        {"chat": {**ONE, "PendingDeploymentSummary": pending}},
        {**G5, "next": config(all="ml.g6.xlarge")},
    )

    assert {each.sku: each.count for each in sampled(aws)} == {
        "ml.g5.xlarge": 2,
        "ml.g6.xlarge": 1,
    }


@pytest.mark.parametrize(
    "endpoint",
    [
        fleet(all={"CurrentInstanceCount": 0}),
        fleet(all={"CurrentServerlessConfig": {"MaxConcurrency": 5}}),
        {"EndpointConfigName": "config"},
    ],
    ids=["scaled to zero", "serverless", "failed before it ran"],
)
def test_an_endpoint_without_instances_has_no_samples_and_the_hour_is_known(endpoint):
    assert sampled(Aws({"chat": endpoint}, G5)) == []


def test_an_endpoint_that_does_not_exist_has_no_samples_and_the_hour_is_known():
    assert sampled(Aws()) == []


def test_where_aws_does_not_answer_for_one_endpoint_the_hour_is_not_written():
    aws = Aws({"chat": ONE}, G5, fails="chat")

    with pytest.raises(ClientError, match="ThrottlingException"):
        sampled(aws)

    assert aws.bucket.files == {}


def test_the_same_hour_again_replaces_its_file():
    aws = Aws({"chat": ONE}, G5)
    sampled(aws)
    aws.endpoints["chat"] = fleet(all={"CurrentInstanceCount": 7})

    found = sampled(aws)

    assert [each.count for each in found] == [7]
    assert list(aws.bucket.files) == [KEY]


def test_model_units_are_those_that_run_by_base_model_and_commitment():
    aws = Aws(throughputs=[{**THROUGHPUT, "commitmentDuration": "SixMonths"}])

    found = sampled(aws, settings(model_arns=("arn:*",), model_unit_concurrency=8))

    resource = Resource("bedrock", "us-east-1", ARN)
    assert found == [Sample(resource, "amazon.nova-lite-v1:0", "6mo", count=2, concurrency=8)]


@pytest.mark.parametrize(
    ("fields", "variant"),
    [
        ({}, "no_commit"),
        ({"commitmentDuration": "OneMonth"}, "1mo"),
        ({"commitmentDuration": "SixMonths"}, "6mo"),
        ({"commitmentDuration": "TwoYears"}, "TwoYears"),
    ],
)
def test_a_commitment_is_the_price_s_variant(fields, variant):
    aws = Aws(throughputs=[{**THROUGHPUT, **fields}])

    assert [each.variant for each in sampled(aws, settings(model_arns=("arn:*",)))] == [variant]


@pytest.mark.parametrize(
    ("status", "billed"), [("InService", 1), ("Updating", 1), ("Creating", 0), ("Failed", 0)]
)
def test_model_units_that_do_not_run_are_not_billed(status, billed):
    aws = Aws(throughputs=[{**THROUGHPUT, "status": status}])

    assert len(sampled(aws, settings(model_arns=("arn:*",)))) == billed


@pytest.mark.parametrize(
    ("globs", "sampled_"),
    [((ARN,), 1), (("nova-for-*",), 1), (("arn:aws:bedrock:*:imported-model/*",), 0), (("*",), 1)],
)
def test_only_throughput_that_the_gateway_may_use_is_its_to_report(globs, sampled_):
    aws = Aws(throughputs=[THROUGHPUT])

    assert len(sampled(aws, settings(model_arns=globs))) == sampled_


def test_a_gateway_without_any_capacity_asks_nothing_and_knows_the_hour():
    aws = Aws()

    assert sampled(aws, settings()) == []
    assert aws.asked == ["s3"]


@pytest.mark.parametrize(
    "event_time", ["2026-11-23T08:07:00Z", "2026-11-23T08:59:59Z", "2026-11-23T09:07:00+01:00"]
)
def test_the_hour_is_that_of_the_event_s_own_time_in_utc(event_time):
    assert hour_of(event_time) == HOUR


@pytest.mark.parametrize("event_time", ["", "now", "2026-11-23T08:07:00"])
def test_an_event_without_a_time_zone_names_no_hour(event_time):
    with pytest.raises(ValueError):
        hour_of(event_time)
