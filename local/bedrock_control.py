"""Bedrock's control plane where moto 5.2 has none: resources that run a model without naming it.

They are made and read with AWS's own operations (service model bedrock 2023-04-20), so boto3, the
AWS CLI and the gateway find them; the simulator asks `runs` what an ARN in a call stands for.
Custom models are moto's own, under an ARN of AWS's form. Nothing is created slowly: a resource is
there when its answer is.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any
from unittest.mock import patch

from moto.bedrock import models, urls

from local.project import ACCOUNT, REGION
from local.simulator.models import Model

CREATED = "2026-01-01T00:00:00Z"
SYSTEM_PROFILES: Mapping[str, tuple[str, ...]] = {
    "us": ("us-east-1", "us-east-2", "us-west-2"),
    "global": ("us-east-1", ""),
}
"""Where system inference profiles route from us-east-1; every model has one of each geography.
AWS writes a global one as our own region's model, and the model without a region.
"""

_FOUNDATION = re.compile(r"arn:aws:bedrock:[a-z0-9-]+::foundation-model/(?P<id>[a-z0-9.:-]+)")
_PROFILE = re.compile(
    r"(?:arn:aws:bedrock:[a-z0-9-]+:\d{12}:inference-profile/)?"
    rf"(?P<id>(?P<geo>{'|'.join(SYSTEM_PROFILES)})\.(?P<base>[a-z0-9.:-]+))"
)
PROFILES = "/inference-profiles/"
THROUGHPUTS = "/provisioned-model-throughput/"
ALL_THROUGHPUTS = "/provisioned-model-throughputs"
DEPLOYMENTS = "/model-customization/custom-model-deployments/"
IMPORTED_MODELS = "/imported-models/"
MARKETPLACE = "/marketplace-model/endpoints/"
CUSTOM_MODELS = "/custom-models/"
Resource = dict[str, Any]


class Refused(Exception):
    """An error answer, as AWS words and numbers it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status = status
        self.code = code
        super().__init__(message)


class BedrockControl:
    """The resources of one account in one region."""

    def __init__(self) -> None:
        self._resources: dict[str, dict[str, Resource]] = {}  # by collection, then ARN and name
        self._runs: dict[str, Model] = {}

    def runs(self, identifier: str) -> Model | None:
        """Say what an ARN, or the name of provisioned throughput, runs in a call."""
        return self._runs.get(identifier)

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, Resource]:
        """Return an operation's HTTP status and its answer. Raises Refused."""
        if method == "POST" and path in _CREATE:
            status, create = _CREATE[path]
            return status, create(self, json.loads(body))
        if method == "GET" and path == ALL_THROUGHPUTS:
            return 200, {"provisionedModelSummaries": self._throughputs()}
        for collection in (*_READ, CUSTOM_MODELS):
            if method == "GET" and path.startswith(collection):
                return 200, self._get(collection, path.removeprefix(collection))
        raise Refused(404, "UnknownOperationException", "There is no such operation here.")

    def create_inference_profile(self, request: Resource) -> Resource:
        source = request["modelSource"]["copyFrom"]
        routes, listed, base = _source(source)
        arn = arn_of("application-inference-profile", request["inferenceProfileName"])
        profile = _profile(arn, routes, "APPLICATION", request["inferenceProfileName"])
        self._keep(PROFILES, profile, arn, profile["inferenceProfileId"])
        self._runs[arn] = Model(arn, base, listed)
        return {"inferenceProfileArn": arn, "status": "ACTIVE"}

    def create_provisioned_throughput(self, request: Resource) -> Resource:
        name, model_id = request["provisionedModelName"], request["modelId"]
        model_arn = model_id if model_id.startswith("arn:") else _foundation_arn(model_id)
        arn = arn_of("provisioned-model", name)
        base = self._base(model_arn)
        throughput = {
            "provisionedModelName": name,
            "provisionedModelArn": arn,
            "modelArn": model_arn,
            "desiredModelArn": model_arn,
            "foundationModelArn": _foundation_arn(base),
            "modelUnits": request["modelUnits"],
            "desiredModelUnits": request["modelUnits"],
            "status": "InService",
            "creationTime": CREATED,
            "lastModifiedTime": CREATED,
        }
        if "commitmentDuration" in request:
            throughput["commitmentDuration"] = request["commitmentDuration"]
        self._keep(THROUGHPUTS, throughput, arn, name)
        self._runs[arn] = self._runs[name] = Model(arn, base, hourly=True)
        return {"provisionedModelArn": arn}

    def create_deployment(self, request: Resource) -> Resource:
        name, model_arn = request["modelDeploymentName"], request["modelArn"]
        base = self._base(model_arn)
        arn = arn_of("custom-model-deployment", name)
        deployment = {
            "customModelDeploymentArn": arn,
            "modelDeploymentName": name,
            "modelArn": model_arn,
            "createdAt": CREATED,
            "status": "Active",
        }
        self._keep(DEPLOYMENTS, deployment, arn, name)
        self._runs[arn] = Model(arn, base)
        return {"customModelDeploymentArn": arn}

    def import_model(self, request: Resource) -> Resource:
        name = request["importedModelName"]
        arn = arn_of("imported-model", name)
        model = {
            "modelArn": arn,
            "modelName": name,
            "jobName": request["jobName"],
            "modelDataSource": request["modelDataSource"],
            "creationTime": CREATED,
            "modelArchitecture": "llama",
            "instructSupported": True,
            "customModelUnits": {
                "customModelUnitsPerModelCopy": 1,
                "customModelUnitsVersion": "v1.0",
            },
        }
        self._keep(IMPORTED_MODELS, model, arn, name)
        self._runs[arn] = Model(arn, name)
        return {"jobArn": arn_of("model-import-job", request["jobName"])}

    def create_marketplace_endpoint(self, request: Resource) -> Resource:
        name = request["endpointName"]
        arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/{name}"
        endpoint = {
            "endpointArn": arn,
            "modelSourceIdentifier": request["modelSourceIdentifier"],
            "status": "REGISTERED",
            "createdAt": CREATED,
            "updatedAt": CREATED,
            "endpointConfig": request["endpointConfig"],
            "endpointStatus": "InService",
        }
        answer = {"marketplaceModelEndpoint": endpoint}
        self._keep(MARKETPLACE, answer, arn)
        self._runs[arn] = Model(arn, name)
        return answer

    def _keep(self, collection: str, resource: Resource, *identifiers: str) -> None:
        kept = self._resources.setdefault(collection, {})
        if identifiers[0] in kept:
            raise Refused(400, "ConflictException", "A resource of this name exists.")
        kept.update(dict.fromkeys(identifiers, resource))

    def _get(self, collection: str, identifier: str) -> Resource:
        if collection == CUSTOM_MODELS:
            return _custom_model(identifier).to_dict()
        found = self._resources.get(collection, {}).get(identifier)
        if found is None and collection == PROFILES:
            found = _system_profile(identifier)
        if found is None:
            raise _not_there(identifier)
        return found

    def _throughputs(self) -> list[Resource]:
        kept = self._resources.get(THROUGHPUTS, {})
        return [throughput for key, throughput in kept.items() if key.startswith("arn:")]

    def _base(self, model_arn: str) -> str:
        """Name the foundation model of its own ARN, or of a custom model's."""
        foundation = _FOUNDATION.fullmatch(model_arn)
        return foundation["id"] if foundation else str(_custom_model(model_arn).base_model_name)


Create = Callable[[BedrockControl, Resource], Resource]
_CREATE: Mapping[str, tuple[int, Create]] = {
    "/inference-profiles": (201, BedrockControl.create_inference_profile),
    "/provisioned-model-throughput": (201, BedrockControl.create_provisioned_throughput),
    "/model-customization/custom-model-deployments": (202, BedrockControl.create_deployment),
    "/model-import-jobs": (201, BedrockControl.import_model),
    "/marketplace-model/endpoints": (200, BedrockControl.create_marketplace_endpoint),
}
_READ = (PROFILES, THROUGHPUTS, DEPLOYMENTS, IMPORTED_MODELS, MARKETPLACE)


class _CustomModel(models.CustomModel):
    """moto's, under an ARN of AWS's form: its base model, then 12 characters."""

    def __init__(self, *args: Any, **fields: Any) -> None:
        super().__init__(*args, **fields)
        self.model_arn = arn_of("custom-model", self.model_name, f"{self.base_model_name}/")


def _custom_model(arn: str) -> models.CustomModel:
    kept = models.bedrock_backends[ACCOUNT][REGION].custom_models.values()
    found = next((model for model in kept if model.model_arn == arn), None)
    if found is None:
        raise _not_there(arn)
    return found


def _system_profile(identifier: str) -> Resource | None:
    found = _PROFILE.fullmatch(identifier)
    if found is None:
        return None
    arn = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:inference-profile/{found['id']}"
    return _profile(arn, _routes(found["geo"], found["base"]), "SYSTEM_DEFINED", found["id"])


def _profile(arn: str, routes: list[str], kind: str, name: str) -> Resource:
    return {
        "inferenceProfileArn": arn,
        "inferenceProfileId": arn.rpartition("/")[2],
        "inferenceProfileName": name,
        "models": [{"modelArn": route} for route in routes],
        "type": kind,
        "status": "ACTIVE",
        "createdAt": CREATED,
        "updatedAt": CREATED,
    }


def _source(arn: str) -> tuple[list[str], str, str]:
    """Return where a copy of this routes, what the price list calls it, and its base model."""
    if foundation := _FOUNDATION.fullmatch(arn):
        return [arn], foundation["id"], foundation["id"]
    if profile := _PROFILE.fullmatch(arn):
        return _routes(profile["geo"], profile["base"]), profile["id"], profile["base"]
    raise Refused(400, "ValidationException", "The provided model source is invalid.")


def _routes(geo: str, base: str) -> list[str]:
    return [_foundation_arn(base, region) for region in SYSTEM_PROFILES[geo]]


def _foundation_arn(model_id: str, region: str = REGION) -> str:
    return f"arn:aws:bedrock:{region}::foundation-model/{model_id}"


def arn_of(kind: str, name: str, within: str = "") -> str:
    """Give a resource an id of AWS's form: 12 characters, always the same for its name."""
    own = blake2b(f"{kind}/{name}".encode(), digest_size=6).hexdigest()
    return f"arn:aws:bedrock:{REGION}:{ACCOUNT}:{kind}/{within}{own}"


def _not_there(identifier: str) -> Refused:
    return Refused(404, "ResourceNotFoundException", f"There is no {identifier}.")


@contextmanager
def installed(control: BedrockControl) -> Iterator[None]:
    """Let moto serve these operations while the context lasts."""

    def handle(request: Any, _url: str, _headers: Any) -> tuple[int, dict[str, str], str]:
        headers = {"Content-Type": "application/json"}
        try:
            status, answer = control.answer(request.method, request.path, request.get_data())
        except Refused as refused:
            headers["x-amzn-ErrorType"] = refused.code
            return refused.status, headers, json.dumps({"message": str(refused)})
        return status, headers, json.dumps(answer)

    reads = [f"{collection}(?P<identifier>.+)" for collection in _READ]
    paths = [*_CREATE, ALL_THROUGHPUTS, *reads, f"{CUSTOM_MODELS}(?P<identifier>arn:.+/.+/.+)"]
    served = {"{0}" + path + "$": handle for path in paths}
    with (
        patch.dict(urls.url_paths, served),
        patch.object(models, "CustomModel", _CustomModel),
    ):
        yield
