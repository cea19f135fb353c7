"""Builders for the nouns: each gives a valid one, and takes what a test is about."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from chalicelib.pricing.count_line import CountLine
from chalicelib.pricing.price_book import PriceBook
from chalicelib.pricing.price_file import COLUMNS
from chalicelib.tenants.blocks import Blocks
from chalicelib.tenants.items import BLOCKS_PK, Item, blocks_to_item, team_pk, tenant_to_item
from chalicelib.tenants.nouns import Block, BlockList, Identity, Tenant
from chalicelib.usage_record import ProviderCall

ACCOUNT = "123456789012"

_CALL = ProviderCall(
    call_id="call-1",
    request_id="request-1",
    attempt=1,
    day="2026-11-23",
    team_id="search",
    key_id="abcdefghijkl",
    service="bedrock",
    region="us-east-1",
    account=f"aws:{ACCOUNT}",
    model_id="us.amazon.nova-lite-v1:0",
    base_model="amazon.nova-lite-v1:0",
    family="nova",
    basis="on_demand",
    geo="us",
    operation="InvokeModel",
    surface="invoke",
    streamed=0,
)
_LINE = CountLine(
    team_id="search",
    service="bedrock",
    region="us-east-1",
    account=f"aws:{ACCOUNT}",
    model_id="m",
    base_model="m",
    family="other",
    basis="on_demand",
    geo="none",
    tier="default",
    variant="none",
    usage_source="header",
    n_started=1,
    n_usage=1,
)
_ENDPOINT_LINE = replace(
    _LINE,
    service="sagemaker",
    model_id="chat",
    base_model="chat",
    family="sagemaker_tgi",
    basis="endpoint",
    usage_source="body",
)
_TENANT = Tenant(
    "search", "team", datetime(2026, 1, 1, tzinfo=UTC), allow=("us.amazon.*", "amazon.*")
)


def provider_call(**fields: Any) -> ProviderCall:
    return replace(_CALL, **fields)


def count_line(**fields: Any) -> CountLine:
    """One call of team `search` to the model `m`, which used nothing."""
    return replace(_LINE, **fields)


def endpoint_line(**fields: Any) -> CountLine:
    """One call of team `search` to the endpoint `chat`, which used nothing."""
    return replace(_ENDPOINT_LINE, **fields)


def price_book(*rows: str) -> PriceBook:
    """A price book of these rows, each in the columns of a price file."""
    return PriceBook.read("\n".join((",".join(COLUMNS), *rows)))


def tenant(**fields: Any) -> Tenant:
    return replace(_TENANT, **fields)


def identity(key_id: str = "abcdefghijkl", **fields: Any) -> Identity:
    return Identity(tenant(**fields), key_id)


def tenants_items(*blocked: str, **fields: Any) -> dict[str, Item]:
    """The table `tenants`, by key: a tenant of these fields, and what is blocked for everyone."""
    found, since = tenant(**fields), datetime(2026, 11, 23, tzinfo=UTC)
    in_force = BlockList(tuple(Block(glob, since) for glob in blocked))
    return {
        team_pk(found.team_id): tenant_to_item(found),
        BLOCKS_PK: blocks_to_item(in_force),
    }


def blocks(*blocked: str, **fields: Any) -> Blocks:
    """What says what is blocked, out of such a table; it remembers nothing."""
    return Blocks(tenants_items(*blocked, **fields).get, cache_seconds=0)


class LambdaContext:
    """What a Lambda is told of itself, with `seconds` left to run."""

    def __init__(self, seconds: float = 900.0) -> None:
        self.invoked_function_arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:tollgate"
        self._seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self._seconds * 1000)


def proxy_event(
    method: str = "POST",
    path: str = "/invoke",
    *,
    headers: Mapping[str, str] = MappingProxyType({}),
    query: Mapping[str, list[str]] = MappingProxyType({"model_id": ["us.amazon.nova-lite-v1:0"]}),
    body: str | None = "{}",
    path_parameters: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """What API Gateway's Lambda proxy integration (REST) hands to the function."""
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": {"Content-Type": "application/json", **headers},
        "multiValueHeaders": {
            name: [value] for name, value in {"Content-Type": "application/json", **headers}.items()
        },
        "multiValueQueryStringParameters": dict(query) or None,
        "pathParameters": path_parameters,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": path,
            "httpMethod": method,
            "requestId": "request-1",
            "accountId": ACCOUNT,
        },
        "body": body,
        "isBase64Encoded": False,
    }
