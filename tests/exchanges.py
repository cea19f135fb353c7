"""Builders for metering: models, exchanges with a provider, and the pictures in them."""

import json
import struct
from base64 import b64encode
from collections.abc import Iterator, Mapping
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
    operation: str = "InvokeModel",
    guardrail: bool = False,
) -> Exchange:
    """Bodies are given as bytes, or as what they hold in JSON."""
    sent, answered = _bytes(request), _bytes(answer)
    return Exchange(sent, headers or {}, answered, complete, operation, guardrail)


def metered(model_id: str, answer: Any = None, **parts: Any) -> Metered:
    return meter(model(model_id), exchange(answer, **parts))


def conversed(model_id: str, answer: Any = None, **parts: Any) -> Metered:
    return metered(model_id, answer, operation="Converse", **parts)


def guarded(answer: Any = None, **parts: Any) -> Metered:
    """Meter a guardrail that is applied by itself."""
    applied = Model(
        model_id="guardrail/abc123def456",
        service="bedrock",
        base_model="guardrails",
        geo="none",
        basis="on_demand",
        family="guardrail",
        target="abc123def456",
    )
    return meter(applied, exchange(answer, operation="ApplyGuardrail", **parts))


def _bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def spoilt(body: Any, wrong: object) -> Iterator[Any]:
    """Yield a copy of what JSON holds for each number in it, with that number replaced."""
    if isinstance(body, dict):
        for name, value in body.items():
            yield from ({**body, name: each} for each in spoilt(value, wrong))
    elif isinstance(body, list):
        for place, value in enumerate(body):
            yield from ([*body[:place], each, *body[place + 1 :]] for each in spoilt(value, wrong))
    elif type(body) in (int, float):
        yield wrong


def png(width: int, height: int) -> str:
    """A picture in base64, as far as its size: nothing more of it is ever read."""
    header = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)
    return b64encode(header + bytes(200)).decode()


def mp4(milliseconds: int, *, moov_first: bool = False, wide: bool = False) -> str:
    """A video in base64, as far as its length: nothing more of it is ever read."""
    ftyp, mdat = _box(b"ftyp", b"isom" + bytes(4)), _box(b"mdat", bytes(1001))
    times = struct.pack(">QQIQ", 1, 2, 1000, milliseconds)
    if not wide:
        times = struct.pack(">IIII", 1, 2, 1000, milliseconds)
    moov = _box(b"moov", _box(b"mvhd", bytes([wide, 0, 0, 0]) + times + bytes(80)))
    parts = (ftyp, moov, mdat) if moov_first else (ftyp, mdat, moov)
    return b64encode(b"".join(parts)).decode()


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def wav(frames: int, rate: int = 16_000) -> str:
    """A recording in base64: 16-bit PCM, one channel."""
    form = struct.pack("<HHIIHH", 1, 1, rate, 2 * rate, 2, 16)
    sound = bytes(2 * frames)
    chunks = b"".join(
        kind + struct.pack("<I", len(content)) + content
        for kind, content in ((b"fmt ", form), (b"data", sound))
    )
    return b64encode(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks).decode()
