"""When the first text of a stream is there: live, beside boto3 direct; and queued, by its reader.

Live: an unmodified boto3 asks a model that takes 300 ms to its first token; directly, and through
the whole local stack (API Gateway, a Lambda process with the real runtime loop, strict records),
whose AWS answers at once.

Queued: the time from when the model wrote its first word, which is that time itself, until
`GET /responses` shows it: through the table of the local stack, its queue and its worker.
"""

import json
import os
import statistics
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from unittest.mock import patch

import boto3
from botocore.config import Config

from bench.surroundings import environment, tenant_with_key, upstream
from chalicelib.streams.writer import FLUSH_SECONDS
from local import certificate, project
from local.gateway_process import GatewayProcess
from local.stack import Stack
from ops import keys, tenants
from ops.directory import Directory

MODEL: Final = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
TOKENS: Final = 5
FIRST_TOKEN_SECONDS: Final = 0.3
MESSAGES: Final = [{"role": "user", "content": [{"text": "Hello"}]}]
GOALS: Final = {"stream_first_text_ratio": 1.05, "queued_first_text_ratio": 1.5}


def live(rounds: int) -> dict[str, float]:
    """Return the median milliseconds to the first text, direct and through the gateway."""
    key, items = tenant_with_key()
    with upstream(items, first=FIRST_TOKEN_SECONDS) as url, _gateway(url, key) as through:
        clients = {
            "boto3 direct": _client(url, Config(signature_version="v4")),
            "through the gateway": through,
        }
        times = [
            {name: _seconds_to_text(client) for name, client in clients.items()}
            for _ in range(rounds + 1)
        ]
    return {name: statistics.median(each[name] for each in times[1:]) * 1e3 for name in clients}


@contextmanager
def _gateway(url: str, key: str) -> Iterator[Any]:
    """Run the gateway with strict records, its AWS at `url`; yield a client of it.

    Over TLS, for boto3 asks for that where it sends a tenant's key.
    """
    project.STATE.mkdir(exist_ok=True)
    client = {**environment(url), "AWS_BEARER_TOKEN_BEDROCK": key}
    with patch.dict(os.environ, client), TemporaryDirectory() as folder:
        strict = {**os.environ, "USAGE_LOG_GROUP": "/tollgate/bench/usage"}
        tls = certificate.issue(Path(folder))
        gateway = GatewayProcess(strict, tls.server)
        try:
            yield _client(gateway.tls_url, Config(), verify=str(tls.ca))
        finally:
            gateway.stop()


def _client(url: str, config: Config, **options: str) -> Any:
    once = config.merge(Config(retries={"total_max_attempts": 1}))
    return boto3.client("bedrock-runtime", endpoint_url=url, config=once, **options)


def _seconds_to_text(client: Any) -> float:
    began = time.perf_counter()
    limit = {"maxTokens": TOKENS}
    answer = client.converse_stream(modelId=MODEL, messages=MESSAGES, inferenceConfig=limit)
    there = [time.perf_counter() - began for event in answer["stream"] if _is_text(event)]
    return there[0]


def _is_text(event: dict[str, Any]) -> bool:
    return "contentBlockDelta" in event


def queued(rounds: int) -> float:
    """Return the median milliseconds from a model's first word to a reader who sees it."""
    with (
        upstream({}, first=FIRST_TOKEN_SECONDS) as url,
        Stack(bedrock_url=url, sagemaker_url=url) as stack,
    ):
        directory = Directory(stack.client("dynamodb"), stack.environ["TENANTS_TABLE"])
        tenants.create(directory, "bench", datetime.now(UTC), allow=["us.*"])
        key = keys.create(directory, "bench", datetime.now(UTC))[0]
        asked = _caller(stack.urls["gateway"], key)
        return statistics.median(_seconds_unseen(asked) for _ in range(rounds + 1)) * 1e3


def _caller(url: str, key: str) -> Callable[..., dict[str, Any]]:
    def call(path: str, body: bytes | None = None) -> dict[str, Any]:
        request = urllib.request.Request(url + path, body, {"x-api-key": key})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    return call


def _seconds_unseen(asked: Callable[..., dict[str, Any]]) -> float:
    body = {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": TOKENS,
        "messages": [{"role": "user", "content": "Hello"}],
    }
    job = asked(f"/invoke?model_id={MODEL}&stream=true", json.dumps(body).encode())
    page: dict[str, Any] = {"text": ""}
    while not page["text"]:
        page = asked(f"/responses/{job['request_id']}?wait=20")
    return (time.monotonic_ns() - int(page["text"].split()[0])) / 1e9


def figures(live_ms: dict[str, float], queued_ms: float) -> dict[str, float]:
    return {
        "stream_first_text_ratio": live_ms["through the gateway"] / live_ms["boto3 direct"],
        "queued_first_text_ratio": queued_ms / 1e3 / FLUSH_SECONDS,
    }
