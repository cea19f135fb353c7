"""Bedrock's list of foundation models, and whether an account may use one: moto 5.2 has neither."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from moto.bedrock import urls

from local.project import REGION

MODELS = ("amazon.nova-lite-v1:0", "amazon.nova-micro-v1:0", "amazon.titan-embed-text-v2:0")
"""Some of those that the simulator answers for; it takes any id of Bedrock's form."""

Answer = tuple[int, dict[str, str], str]


def listed(*_: Any) -> Answer:
    summaries = [
        {
            "modelArn": f"arn:aws:bedrock:{REGION}::foundation-model/{model}",
            "modelId": model,
            "providerName": "Amazon",
        }
        for model in MODELS
    ]
    return _json({"modelSummaries": summaries})


def availability(request: Any, *_: Any) -> Answer:
    """Every model may be used (service model bedrock 2023-04-20)."""
    return _json(
        {
            "modelId": request.path.rpartition("/")[2],
            "agreementAvailability": {"status": "AVAILABLE"},
            "authorizationStatus": "AUTHORIZED",
            "entitlementAvailability": "AVAILABLE",
            "regionAvailability": "AVAILABLE",
        }
    )


def _json(answer: object) -> Answer:
    return 200, {"Content-Type": "application/json"}, json.dumps(answer)


@contextmanager
def installed() -> Iterator[None]:
    """Let moto serve both while the context lasts."""
    served = {
        "{0}/foundation-models$": listed,
        "{0}/foundation-model-availability/(?P<model>.+)$": availability,
    }
    with patch.dict(urls.url_paths, served):
        yield
