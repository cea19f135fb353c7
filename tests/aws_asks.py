"""What AWS is asked by a signed request: the IAM actions, and the resources that they are on.

Requests are read as AWS reads them, by botocore's service models. Which actions an operation needs,
where that is not its own name: the API references, "This operation requires permission for …", and
the Service Authorization Reference of each service. What Bedrock does on the caller's behalf: its
user guide, "Set up Amazon Bedrock Marketplace", "Configure access to Amazon S3 buckets", "Use a
guardrail with inference APIs", "Prerequisites for inference profiles".
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote

from botocore.session import get_session
from iam_policies import DIRECT, Ask

REGION, ACCOUNT = "us-east-1", "123456789012"
VIA_BEDROCK = (
    ("aws:CalledViaLast", "bedrock.amazonaws.com"),
    ("aws:ViaAWSService", "true"),
)
_SCOPE = re.compile(r"Credential=(?P<key>[^/]+)/\d{8}/[^/]+/(?P<service>[^/]+)/aws4_request")
_PREFIXES = {"monitoring": "cloudwatch"}
"""Of actions, where it is not the signing name."""
_MODELS = {
    "bedrock": ("bedrock-runtime", "bedrock"),
    "sagemaker": ("sagemaker-runtime", "sagemaker"),
}
"""The service models behind a signing name, where it is not the only one's own."""

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Request:
    method: str
    path: str  # percent-encoded, as it came
    query: str
    headers: Mapping[str, str]  # lower-case names
    body: bytes

    @property
    def access_key(self) -> str:
        return self._scope["key"]

    @property
    def service(self) -> str:
        return self._scope["service"]

    @property
    def _scope(self) -> re.Match[str]:
        signed = parse_qs(self.query).get("X-Amz-Credential", [""])[0]
        text = self.headers.get("authorization") or f"Credential={signed}"
        found = _SCOPE.search(text)
        assert found, text
        return found


def asks(request: Request) -> Iterator[Ask]:
    if request.service == "s3":
        yield _of_s3(request)
        return
    operation, parameters = _read(request)
    yield from _ASKS[operation](operation, parameters)


def _of_s3(request: Request) -> Ask:
    bucket, _, key = unquote(request.path).removeprefix("/").partition("/")
    actions = {"GET": "GetObject", "PUT": "PutObject", "POST": "PutObject"}  # POST: of uploads
    actions |= {"DELETE": "DeleteObject"}
    action = actions[request.method] if key else "ListBucket"
    if key:
        return Ask(f"s3:{action}", f"arn:aws:s3:::{bucket}/{key}")
    query = parse_qs(request.query)
    assert query["list-type"] == ["2"]
    prefix = query.get("prefix", [""])[0]
    return Ask(f"s3:{action}", f"arn:aws:s3:::{bucket}", (*DIRECT, ("s3:prefix", prefix)))


def _read(request: Request) -> tuple[str, Parameters]:
    """Return an operation as `service:Operation`, and its parameters by their names."""
    if target := request.headers.get("x-amz-target"):
        prefix = _PREFIXES.get(request.service, request.service)
        return f"{prefix}:{target.rpartition('.')[2]}", json.loads(request.body)
    if request.service in ("sns", "sts"):
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        return f"{request.service}:{form['Action']}", form
    for operation, method, path in _rest_operations(request.service):
        if method == request.method and (found := path.fullmatch(request.path)):
            labels = {name: unquote(value) for name, value in found.groupdict().items()}
            body = json.loads(request.body) if request.body.startswith(b"{") else {}
            return operation, {**request.headers, **body, **labels}
    raise AssertionError(f"{request.method} {request.path} is no operation of {request.service}")


@cache
def _rest_operations(service: str) -> list[tuple[str, str, re.Pattern[str]]]:
    found = []
    for name in _MODELS.get(service, (service,)):
        model = get_session().get_service_model(name)
        for operation in map(model.operation_model, model.operation_names):
            uri = operation.http["requestUri"].partition("?")[0]
            path = re.compile(re.sub(r"\{(\w+)\+?\}", r"(?P<\1>[^/]+)", uri.rstrip("/")) + "/?")
            found.append((f"{service}:{operation.name}", operation.http["method"], path))
    return found


def own(service: str, resource: str, region: str = REGION, account: str = ACCOUNT) -> str:
    return f"arn:aws:{service}:{region}:{account}:{resource}"


def foundation(model: str, region: str = REGION) -> str:
    return own("bedrock", f"foundation-model/{model}", region, "")


def _models(model_id: str) -> list[str]:
    """What has to be allowed for a model: with a profile, the models that it routes to as well."""
    if model_id.startswith("arn:aws:sagemaker:"):
        return [own("bedrock", "marketplace/model-endpoint/all-access")]
    if model_id.startswith("arn:"):
        behind = [foundation("any")] if ":application-inference-profile/" in model_id else []
        return [model_id, *behind]
    geo, _, base = model_id.partition(".")
    if geo in ("us", "global"):
        regions = {"us": ("us-east-1", "us-west-2"), "global": ("us-east-1", "")}[geo]
        profile = own("bedrock", f"inference-profile/{model_id}")
        return [profile, *(foundation(base, region) for region in regions)]
    if "." not in model_id:
        return [own("bedrock", f"provisioned-model/{model_id}")]
    return [foundation(model_id)]


def _invoking(action: str, *endpoint_actions: str) -> Callable[[str, Parameters], Iterator[Ask]]:
    def needed(_operation: str, parameters: Parameters) -> Iterator[Ask]:
        model_id = parameters["modelId"]
        for arn in _models(model_id):
            yield Ask(f"bedrock:{action}", arn)
        if model_id.startswith("arn:aws:sagemaker:"):
            for each in ("InvokeEndpoint", *endpoint_actions):
                yield Ask(f"sagemaker:{each}", model_id, VIA_BEDROCK)
            yield from _described(model_id)
        yield from _media_read(parameters)
        named = parameters.get("guardrailConfig", {}).get("guardrailIdentifier")
        if guardrail := named or parameters.get("x-amzn-bedrock-guardrailidentifier"):
            yield from _guarded(own("bedrock", f"guardrail/{guardrail}"))

    return needed


def _guarded(guardrail: str) -> Iterator[Ask]:
    """A guardrail that has a profile is evaluated in any of the profile's regions."""
    yield Ask("bedrock:ApplyGuardrail", guardrail)
    for region in (REGION, "us-west-2"):
        profile = own("bedrock", "guardrail-profile/us.guardrail.v1:0", region)
        yield Ask("bedrock:ApplyGuardrail", profile)


def _described(endpoint: str) -> Iterator[Ask]:
    """Bedrock sees on the caller's behalf what a marketplace model's endpoint is."""
    config = endpoint.replace(":endpoint/", ":endpoint-config/")
    yield Ask("sagemaker:DescribeEndpoint", endpoint, VIA_BEDROCK)
    yield Ask("sagemaker:DescribeEndpointConfig", config, VIA_BEDROCK)


def _starting(_operation: str, parameters: Parameters) -> Iterator[Ask]:
    """Bedrock writes to S3 as whoever starts a job."""
    job = own("bedrock", "async-invoke/abcdefghijkl")
    yield Ask("bedrock:InvokeModel", job)
    for arn in _models(parameters["modelId"]):
        yield Ask("bedrock:InvokeModel", arn)
    if parameters.get("tags"):
        yield Ask("bedrock:TagResource", job)
    output = parameters["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"]
    yield Ask("s3:PutObject", _object(output) + "output.mp4", VIA_BEDROCK)
    yield from _media_read(parameters)


def _media_read(parameters: Parameters) -> Iterator[Ask]:
    """Bedrock reads media out of S3 as whoever calls the model."""
    for uri in re.findall(r'"uri": "(s3://[^"]+)"', json.dumps(parameters)):
        yield Ask("s3:GetObject", _object(uri), VIA_BEDROCK)


def _object(uri: str) -> str:
    return f"arn:aws:s3:::{uri.removeprefix('s3://')}"


def _on(name: str, resource: Callable[[str], str]) -> Callable[[str, Parameters], Iterator[Ask]]:
    """An operation is its own action, on the resource that a parameter names."""

    def needed(operation: str, parameters: Parameters) -> Iterator[Ask]:
        yield Ask(operation, resource(parameters[name]))

    return needed


def _on_nothing(operation: str, _parameters: Parameters) -> Iterator[Ask]:
    yield Ask(operation, "*")


def _table(operation: str, parameters: Parameters) -> Iterator[Ask]:
    index = f"/index/{parameters['IndexName']}" if "IndexName" in parameters else ""
    key = parameters.get("Key", {}).get("pk", {}).get("S")
    leading = (("dynamodb:LeadingKeys", key),) if key else ()
    table = own("dynamodb", f"table/{parameters['TableName']}{index}")
    yield Ask(operation, table, (*DIRECT, *leading))


def _scan(operation: str, parameters: Parameters) -> Iterator[Ask]:
    """A scan reads what it projects, and the key that its filter names. An ask for each."""
    table = own("dynamodb", f"table/{parameters['TableName']}")
    projected = parameters["ProjectionExpression"].split(", ")
    names = [parameters["ExpressionAttributeNames"][each] for each in projected]
    for name in ("pk", *names):
        select = ("dynamodb:Select", parameters["Select"])
        yield Ask(operation, table, (*DIRECT, select, ("dynamodb:Attributes", name)))


def _tables(operation: str, parameters: Parameters) -> Iterator[Ask]:
    for name in parameters["RequestItems"]:
        yield Ask(operation, own("dynamodb", f"table/{name}"))


def _transaction(_operation: str, parameters: Parameters) -> Iterator[Ask]:
    actions = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem"}
    for item in parameters["TransactItems"]:
        ((kind, what),) = item.items()
        yield Ask(f"dynamodb:{actions[kind]}", own("dynamodb", f"table/{what['TableName']}"))


def _log_stream(operation: str, parameters: Parameters) -> Iterator[Ask]:
    group = f"log-group:{parameters['logGroupName']}:log-stream:{parameters['logStreamName']}"
    yield Ask(operation, own("logs", group))


def _log_groups(operation: str, parameters: Parameters) -> Iterator[Ask]:
    for name in parameters["logGroupNames"]:
        yield Ask(operation, own("logs", f"log-group:{name}:log-stream:"))


def _streamed_endpoint(operation: str, parameters: Parameters) -> Iterator[Ask]:
    for action in (operation, "sagemaker:InvokeEndpoint"):
        yield Ask(action, own("sagemaker", f"endpoint/{parameters['EndpointName']}"))


def _marketplace(operation: str, parameters: Parameters) -> Iterator[Ask]:
    yield Ask(operation, own("bedrock", "marketplace/model-endpoint/all-access"))
    yield from _described(parameters["endpointArn"])


def _assuming(_operation: str, parameters: Parameters) -> Iterator[Ask]:
    tagged = tuple(
        (f"aws:RequestTag/{parameters[name]}", parameters[name.replace(".Key", ".Value")])
        for name in parameters
        if name.endswith(".Key")
    )
    keys = tuple(("aws:TagKeys", name.partition("/")[2]) for name, _ in tagged)
    context = (*DIRECT, ("sts:RoleSessionName", parameters["RoleSessionName"]), *tagged, *keys)
    for action in ("sts:AssumeRole", *(["sts:TagSession"] if tagged else [])):
        yield Ask(action, parameters["RoleArn"], context)


def _bedrock(kind: str) -> Callable[[str], str]:
    return lambda name: name if name.startswith("arn:") else own("bedrock", f"{kind}/{name}")


def _queue_of(url: str) -> str:
    return own("sqs", url.rpartition("/")[2])


_ENDPOINT = _on("EndpointName", lambda name: own("sagemaker", f"endpoint/{name.lower()}"))
_QUEUE = _on("QueueUrl", _queue_of)
_ASKS: Mapping[str, Callable[[str, Parameters], Iterator[Ask]]] = {
    "bedrock:InvokeModel": _invoking("InvokeModel"),
    "bedrock:Converse": _invoking("InvokeModel"),
    "bedrock:InvokeModelWithResponseStream": _invoking(
        "InvokeModelWithResponseStream", "InvokeEndpointWithResponseStream"
    ),
    "bedrock:ConverseStream": _invoking(
        "InvokeModelWithResponseStream", "InvokeEndpointWithResponseStream"
    ),
    "bedrock:CountTokens": lambda operation, parameters: (
        Ask(operation, arn) for arn in _models(parameters["modelId"])
    ),
    "bedrock:ApplyGuardrail": lambda _operation, parameters: _guarded(
        _bedrock("guardrail")(parameters["guardrailIdentifier"])
    ),
    "bedrock:StartAsyncInvoke": _starting,
    "bedrock:GetAsyncInvoke": _on("invocationArn", str),
    "bedrock:ListAsyncInvokes": _on_nothing,
    "bedrock:GetInferenceProfile": _on("inferenceProfileIdentifier", _bedrock("inference-profile")),
    "bedrock:GetProvisionedModelThroughput": _on(
        "provisionedModelId", _bedrock("provisioned-model")
    ),
    "bedrock:GetCustomModelDeployment": _on("customModelDeploymentIdentifier", str),
    "bedrock:GetCustomModel": _on("modelIdentifier", str),
    "bedrock:GetImportedModel": _on("modelIdentifier", str),
    "bedrock:GetMarketplaceModelEndpoint": _marketplace,
    "bedrock:ListProvisionedModelThroughputs": _on_nothing,
    "sagemaker:InvokeEndpoint": _ENDPOINT,
    "sagemaker:InvokeEndpointWithResponseStream": _streamed_endpoint,
    "sagemaker:DescribeEndpoint": _ENDPOINT,
    "sagemaker:DescribeEndpointConfig": _on(
        "EndpointConfigName", lambda name: own("sagemaker", f"endpoint-config/{name.lower()}")
    ),
    "ce:GetCostAndUsage": _on_nothing,
    "cloudwatch:GetMetricData": _on_nothing,
    "cloudwatch:ListMetrics": _on_nothing,
    "dynamodb:GetItem": _table,
    "dynamodb:PutItem": _table,
    "dynamodb:UpdateItem": _table,
    "dynamodb:DeleteItem": _table,
    "dynamodb:Query": _table,
    "dynamodb:Scan": _scan,
    "dynamodb:BatchWriteItem": _tables,
    "dynamodb:TransactWriteItems": _transaction,
    "sqs:GetQueueAttributes": _QUEUE,
    "sqs:GetQueueUrl": _on("QueueName", lambda name: own("sqs", name)),
    "sqs:SendMessage": _QUEUE,
    "sqs:ChangeMessageVisibility": _QUEUE,
    "logs:PutLogEvents": _log_stream,
    "logs:CreateLogStream": _on(
        "logGroupName", lambda name: own("logs", f"log-group:{name}:log-stream:")
    ),
    "logs:StartQuery": _log_groups,
    "logs:GetQueryResults": _on_nothing,
    "logs:StopQuery": _on_nothing,
    "sns:Publish": _on("TopicArn", str),
    "sts:AssumeRole": _assuming,
}
"""An operation that is not here is one that nobody has thought about: a KeyError."""
