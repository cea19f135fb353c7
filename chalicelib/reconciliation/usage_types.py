"""Usage types: what AWS's bill calls a line, taken apart. Pure.

The forms, and where each was seen:

- `USW2-Claude4.6Sonnet-cache-write-input-token-count`: a billing name and words; the Bedrock user
  guide, "Understanding your Amazon Bedrock Cost and Usage Report data", and the AWS Machine
  Learning blog's "Amazon Bedrock cost attribution with Amazon Athena and CUDOS"
- `USW2-anthropic.claude-opus-4-8-mantle-cache-write-tokens-standard`: a model's id and words; there
- `USW2-MP:USW2_InputTokenCount-Units`, `USE1-MP:USE1_input_tokens_global_standard-Units`: words
  alone, the service is the model's name; github.com/awssteph/reinvent25-cop401, price lists
- `USE1-Nova2.0Lite-ProvisionedThroughput-NoCommit-ModelUnits`: the AmazonBedrock price list
- `USE1-Guardrail-ContentPolicyUnitsConsumed`: the AmazonBedrock price list, and mappings of bills
- `USE1-Host:ml.g5.xlarge`: the AmazonSageMaker price list, and queries of bills

Nothing is guessed: a line of no known form is none.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

_REGION: Final = r"(?:[A-Z]{2,4}[0-9]?-)?"
_FIRST_WORD: Final = r"cache|input|output|text-input|created|[TI]2[IV]|search|query"
_TOKENS: Final = re.compile(
    rf"{_REGION}(?P<model>.+?)-(?:mantle-)?(?P<words>(?:{_FIRST_WORD})\b.*)"
)
_MARKETPLACE: Final = re.compile(rf"{_REGION}MP:[A-Z0-9]+_(?P<words>.+)-Units")
_THROUGHPUT: Final = re.compile(
    rf"{_REGION}(?P<model>.+)-ProvisionedThroughput-(?P<term>[A-Za-z0-9]+)-ModelUnits"
)
_MARKETPLACE_THROUGHPUT: Final = re.compile(
    r"ProvisionedThroughput_(?P<term>[A-Za-z0-9]+)_ModelUnits(?:_Usage)?"
)
_GUARDRAIL: Final = re.compile(rf"{_REGION}Guardrail-(?P<policy>[A-Za-z]+)UnitsConsumed")
_HOST: Final = re.compile(rf"{_REGION}Host:(?P<instance>ml\.[a-z0-9.-]+)")
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[0-9][a-z])(?=[A-Z])")

COMMITMENTS: Final[Mapping[str, str]] = {
    "nocommit": "no_commit",
    "1month": "1mo",
    "6month": "6mo",
    "6months": "6mo",
}
"""A commitment as the price book has it (`variant` of `model_unit_hour`)."""

POLICIES: Final[Mapping[str, str]] = {
    "ContentPolicy": "guardrail_content_units",
    "ContentPolicyImage": "guardrail_content_image_units",
    "TopicPolicy": "guardrail_topic_units",
    "SensitiveInformationPolicyPaid": "guardrail_pii_units",
    "ContextualGroundingPolicy": "guardrail_grounding_units",
    "AutomatedReasoningPolicy": "guardrail_reasoning_units",
}
"""What a policy's units are in costs.csv. Word filters and regular expressions are free."""


class Used(NamedTuple):
    """A line that a model's calls are billed by."""

    model: str  # a billing name, an id, or empty: the service's name says it
    words: str


class Hours(NamedTuple):
    """A line of capacity that is billed by the hour."""

    sku: str  # an instance type, or a model's billing name; empty: the service's name says it
    unit: str
    variant: str  # as the price book has it


class Checked(NamedTuple):
    """A line of a guardrail's policy."""

    unit: str


Line = Used | Hours | Checked


def read(usage_type: str) -> Line | None:
    """Take a usage type apart; None where it is of no known form."""
    if found := _GUARDRAIL.fullmatch(usage_type):
        unit = POLICIES.get(found["policy"])
        return Checked(unit) if unit else None
    if found := _HOST.fullmatch(usage_type):
        return Hours(found["instance"], "instance_hour", "none")
    if found := _MARKETPLACE.fullmatch(usage_type):
        return _of_marketplace(found["words"])
    if found := _THROUGHPUT.fullmatch(usage_type):
        return _throughput(found["model"], found["term"])
    found = _TOKENS.fullmatch(usage_type)
    return Used(found["model"], found["words"]) if found else None


def _of_marketplace(words: str) -> Line | None:
    if found := _MARKETPLACE_THROUGHPUT.fullmatch(words):
        return _throughput("", found["term"])
    return Used("", _CAMEL.sub(" ", words))


def _throughput(model: str, term: str) -> Hours | None:
    variant = COMMITMENTS.get(term.lower())
    return Hours(model, "model_unit_hour", variant) if variant else None
