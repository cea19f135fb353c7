"""Builders for metering: models, exchanges with a provider, and the pictures in them."""

import json
import struct
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from chalicelib.catalog import Model, resolve
from chalicelib.metering.exchange import Exchange
from chalicelib.metering.meter import meter
from chalicelib.metering.metered import Metered
from chalicelib.settings import Endpoint

REGION = "us-east-1"
ACCOUNT = "123456789012"


def model(model_id: str) -> Model:
    return resolve(model_id, endpoints={}, region=REGION, account=ACCOUNT)


def endpoint(container: str) -> Model:
    endpoints = {"chat": Endpoint("chat", container)}
    return resolve("chat", endpoints=endpoints, region=REGION, account=ACCOUNT)


def token_headers(
    input_tokens: object = None,
    output_tokens: object = None,
    cache_read: object = None,
    cache_write: object = None,
) -> dict[str, str]:
    """Bedrock's count headers, as the transport hands them on; None leaves one out."""
    counts = {
        "x-amzn-bedrock-input-token-count": input_tokens,
        "x-amzn-bedrock-output-token-count": output_tokens,
        "x-amzn-bedrock-cache-read-input-token-count": cache_read,
        "x-amzn-bedrock-cache-write-input-token-count": cache_write,
    }
    return {name: str(count) for name, count in counts.items() if count is not None}


def exchange(
    answer: Any = None,
    *,
    headers: Mapping[str, str] | None = None,
    request: Any = None,
    complete: bool = True,
) -> Exchange:
    """Bodies are given as bytes, or as what they hold in JSON."""
    return Exchange(_bytes(request), headers or {}, _bytes(answer), complete)


def metered(model_id: str, answer: Any = None, **parts: Any) -> Metered:
    return meter(model(model_id), exchange(answer, **parts))


def _bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def png(width: int, height: int) -> str:
    """A picture in base64, as far as its size: nothing more of it is ever read."""
    header = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)
    return b64encode(header + bytes(200)).decode()
