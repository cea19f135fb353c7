"""Bedrock's control plane as its service model has it: answers by path, and who asked what."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from chalicelib.transport import Reply, Service

REGION = "us-east-1"
ACCOUNT = "123456789012"


def arn(kind: str, name: str = "abc123def456", service: str = "bedrock") -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{kind}/{name}"


def foundation(model_id: str, region: str = REGION) -> str:
    return f"arn:aws:bedrock:{region}::foundation-model/{model_id}"


def routed(*arns: str) -> list[dict[str, str]]:
    return [{"modelArn": each} for each in arns]


@dataclass
class ControlPlane:
    """A transport. What it was not given is not there: 404, as AWS answers."""

    answers: dict[str, Reply | Exception] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def call(self, service: Service, method: str, path: str, *_: object, timeout: float) -> Reply:
        assert (service.service_id, method) == ("BEDROCK", "GET")
        self.asked.append(path)
        answer = self.answers.get(path, Reply(404, {}, b'{"message":"no such resource"}'))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def has(self, collection: str, identifier: str, **fields: Any) -> None:
        self.answers[path(collection, identifier)] = Reply(200, {}, json.dumps(fields).encode())

    def has_profile(self, profile_arn: str, *models: str) -> None:
        fields = {"inferenceProfileArn": profile_arn, "models": routed(*models)}
        self.has("inference-profiles", profile_arn, **fields)

    def has_system_profile(self, profile_id: str, *models: str) -> None:
        self.has("inference-profiles", profile_id, models=routed(*models))

    def has_custom_model(self, model_arn: str, base: str) -> None:
        self.has("custom-models", model_arn, modelArn=model_arn, baseModelArn=base)


def path(collection: str, identifier: str) -> str:
    return f"/{collection}/{quote(identifier, safe='')}"
