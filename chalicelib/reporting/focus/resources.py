"""What was used, as AWS names it: the ARN, name and type of a model or an endpoint. Pure.

ARN formats: AWS Service Authorization Reference, "Actions, resources, and condition keys for Amazon
Bedrock" and "… for Amazon SageMaker".
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from chalicelib.pricing.capacity import Resource
from chalicelib.pricing.count_line import CountLine

AWS: Final = "AWS"
_DEVELOPERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ai21": "AI21 Labs",
        "anthropic": "Anthropic",
        "cohere": "Cohere",
        "deepseek": "DeepSeek",
        "google": "Google",
        "luma": "Luma AI",
        "meta": "Meta",
        "minimax": "MiniMax",
        "mistral": "Mistral AI",
        "moonshot": "Moonshot AI",
        "moonshotai": "Moonshot AI",
        "nvidia": "NVIDIA",
        "openai": "OpenAI",
        "qwen": "Qwen",
        "stability": "Stability AI",
        "twelvelabs": "TwelveLabs",
        "writer": "Writer",
        "xai": "xAI",
        "zai": "Z.ai",
    }
)
"""Who made a model, by the first label of its id: Bedrock user guide, "Supported models"."""

_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "endpoint": "Endpoint",
        "provisioned": "Provisioned Throughput",
        "imported": "Imported Model",
        "marketplace": "Marketplace Endpoint",
        "custom": "Custom Model",
    }
)
"""By a line's basis, where the resource is not a foundation model."""


_PARTITIONS: Final = (("us-gov-", "aws-us-gov"), ("cn-", "aws-cn"))


class Used(NamedTuple):
    """A resource; empty texts for a guardrail, of which no record says which it was."""

    resource_id: str
    name: str
    kind: str


NO_RESOURCE: Final = Used("", "", "")


def of_line(line: CountLine) -> Used:
    """Return what a line of counts used: what its price is for, not the profile it came through."""
    if line.service == "sagemaker":
        return _endpoint(line.region, line.account, line.base_model)
    if line.base_model == "guardrails":
        return NO_RESOURCE
    if line.base_model.startswith("arn:"):
        return Used(line.base_model, _last(line.base_model), _TYPES.get(line.basis, "Model"))
    arn = f"arn:{_partition(line.region)}:bedrock:{line.region}::foundation-model/{line.base_model}"
    return Used(arn, line.base_model, "Foundation Model")


def of_hours(resource: Resource, account: str) -> Used:
    """Return what ran for hours: an endpoint, or provisioned throughput."""
    if resource.service == "sagemaker":
        return _endpoint(resource.region, account, resource.model_id)
    return Used(resource.model_id, _last(resource.model_id), _TYPES["provisioned"])


def developer(model: str) -> str:
    """Return who made a model of the price book; AWS for its own, and where nobody is named."""
    return _DEVELOPERS.get(model.partition(".")[0], AWS)


def _endpoint(region: str, account: str, name: str) -> Used:
    owner = account.removeprefix("aws:")
    arn = f"arn:{_partition(region)}:sagemaker:{region}:{owner}:endpoint/{name.lower()}"
    return Used(arn, name, _TYPES["endpoint"])


def _partition(region: str) -> str:
    return next((name for start, name in _PARTITIONS if region.startswith(start)), "aws")


def _last(arn: str) -> str:
    return arn.rpartition("/")[2]
