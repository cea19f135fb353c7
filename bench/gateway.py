"""How fast the gateway is, as ratios to bare boto3 in one run: `make bench`.

Everything is interleaved: each round makes one call of every kind, so that whatever else the
machine does falls on all of them alike. Medians are compared. The upstream is a process that
answers at once, so the times are those of the caller.
"""

import argparse
import base64
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from bench.lambda_context import Context
from bench.surroundings import ROOT, environment, print_figures, tenant_with_key, upstream

MODEL: Final = "us.amazon.nova-lite-v1:0"
GOALS: Final = {
    "warm_1k": 0.55,
    "warm_100k": 0.65,
    "strict_overhead": 0.6,
    "cold": 0.7,
    "converse_100k": 0.65,
    "meter_text_us_ratio": 2,
}
COLD_RUNS: Final = 15

BOTO3_COLD: Final = """
import time; began = time.perf_counter()
import boto3, os
client = boto3.client("bedrock-runtime")
client.invoke_model(modelId="{model}", body={body!r})["body"].read()
print(time.perf_counter() - began)
"""
GATEWAY_COLD: Final = """
import time; began = time.perf_counter()
import json, sys
import app
from bench.lambda_context import Context
out, sys.stdout = sys.stdout, open("/dev/null", "w")
assert app.app(json.loads({event!r}), Context())["statusCode"] == 200
print(time.perf_counter() - began, file=out)
"""


def payload(size: int) -> bytes:
    text = "x" * (size - 200)
    return json.dumps(
        {
            "schemaVersion": "messages-v1",
            "messages": [{"role": "user", "content": [{"text": text}]}],
            "inferenceConfig": {"maxTokens": 500},
        }
    ).encode()


def invoke_event(key: str, body: bytes, *, encoded: bool = False) -> dict[str, Any]:
    """An API Gateway proxy event for `POST /invoke`."""
    return proxy_event(key, body, "/invoke", query={"model_id": MODEL}, encoded=encoded)


def converse_event(key: str, body: bytes) -> dict[str, Any]:
    """An API Gateway proxy event for `POST /model/{modelId}/converse`."""
    path = {"model_id": quote(MODEL, safe=""), "operation": "converse"}
    return proxy_event(key, body, "/model/{model_id}/{operation}", path=path)


def proxy_event(
    key: str,
    body: bytes,
    resource: str,
    *,
    query: dict[str, str] | None = None,
    path: dict[str, str] | None = None,
    encoded: bool = False,
) -> dict[str, Any]:
    """An API Gateway proxy event of a POST, with the headers that clients send."""
    headers = {
        "Accept": "*/*",
        "Authorization": f"Bearer {key}",
        "CloudFront-Viewer-Country": "DE",
        "Content-Type": "application/json",
        "Host": "abc123.execute-api.us-east-1.amazonaws.com",
        "User-Agent": "python-requests/2.32",
        "X-Amzn-Trace-Id": "Root=1-65f0c0de-0123456789abcdef01234567",
        "X-Forwarded-For": "203.0.113.7",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
    }
    return {
        "resource": resource,
        "path": resource,
        "httpMethod": "POST",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": query and {n: [value] for n, value in query.items()},
        "pathParameters": path,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": resource,
            "httpMethod": "POST",
            "path": "/api" + resource,
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "accountId": "123456789012",
            "stage": "api",
            "identity": {"sourceIp": "203.0.113.7"},
        },
        "body": base64.b64encode(body).decode() if encoded else body.decode(),
        "isBase64Encoded": encoded,
    }


def medians(rounds: int, calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Make every call once a round; return each one's median in microseconds.

    In another order each round: a call that follows its like finds the caches warm.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _warming in range(50):
        for call in calls.values():
            call()
    order = random.Random(1)
    for _ in range(rounds):
        for name, call in order.sample(list(calls.items()), len(calls)):
            began = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - began)
    return {name: statistics.median(each) * 1e6 for name, each in times.items()}


def warm_calls(key: str, url: str) -> dict[str, Callable[[], object]]:
    import boto3
    from botocore.config import Config

    import app
    from chalicelib import parts

    once = {"retries": {"total_max_attempts": 1}}
    bare = boto3.client("bedrock-runtime")
    tuned = boto3.client("bedrock-runtime", config=Config(user_agent="tollgate/0.1.0", **once))
    logs = boto3.client("logs")
    stdout_gateway = parts.gateway()
    os.environ["USAGE_LOG_GROUP"] = "/tollgate/bench/usage"
    strict_gateway = parts.gateway.__wrapped__()
    context = Context()

    def handler(gateway: Any, event: dict[str, Any]) -> Callable[[], object]:
        def call() -> None:
            parts.gateway = lambda: gateway
            assert app.app(event, context)["statusCode"] == 200

        return call

    def boto(client: Any, body: bytes) -> Callable[[], object]:
        return lambda: client.invoke_model(
            modelId=MODEL, body=body, contentType="application/json"
        )["body"].read()

    line = "x" * 1300
    put = {"logGroupName": "g", "logStreamName": "s"}
    small, large = payload(1_000), payload(100_000)
    return {
        "boto3 1 KB": boto(bare, small),
        "boto3 1 KB, fixed user agent": boto(tuned, small),
        "gateway 1 KB": handler(stdout_gateway, invoke_event(key, small)),
        "gateway 1 KB, strict": handler(strict_gateway, invoke_event(key, small)),
        "boto3 put_log_events": lambda: logs.put_log_events(
            **put, logEvents=[{"timestamp": int(time.time() * 1000), "message": line}]
        ),
        "boto3 100 KB": boto(bare, large),
        "boto3 100 KB, fixed user agent": boto(tuned, large),
        "gateway 100 KB": handler(stdout_gateway, invoke_event(key, large)),
        "boto3 converse 100 KB": lambda: bare.converse(
            modelId=MODEL, messages=json.loads(large)["messages"]
        ),
        "gateway converse 100 KB": handler(stdout_gateway, converse_event(key, large)),
        "gateway 100 KB, base64": handler(stdout_gateway, invoke_event(key, large, encoded=True)),
    }


def pure_calls() -> dict[str, Callable[[], object]]:
    """Our own arithmetic alone: metering a text answer, beside its headers; rendering a record."""
    from bench.upstream import COUNTS
    from chalicelib import catalog
    from chalicelib.metering.exchange import Exchange
    from chalicelib.metering.meter import meter
    from chalicelib.metering.metered import Metered
    from chalicelib.metering.usage import Usage
    from chalicelib.usage_record import Outcome, ProviderCall, record_line

    model = catalog.resolve(MODEL, endpoints={}, region="us-east-1", account="123456789012")
    headers = {
        name.lower(): value
        for name, _, value in (line.partition(": ") for line in COUNTS.splitlines())
    }
    call = ProviderCall(
        "0" * 32,
        "r" * 36,
        1,
        "2026-11-23",
        "search",
        "abcdefghijkl",
        "bedrock",
        "us-east-1",
        "aws:123456789012",
        model.model_id,
        model.base_model,
        model.family,
        model.basis,
        model.geo,
        "InvokeModel",
        "invoke",
        0,
    )
    answered = Exchange(b"{}", headers, b"{}")
    metered = meter(model, answered)
    outcome = Outcome("usage", metered.usage, metered.usage_source)
    at = datetime.now(UTC)

    def read_by_hand() -> Metered:
        headers = answered.headers
        counts = Usage(
            int(headers["x-amzn-bedrock-input-token-count"]),
            int(headers["x-amzn-bedrock-output-token-count"]),
            int(headers.get("x-amzn-bedrock-cache-read-input-token-count", 0)),
            int(headers.get("x-amzn-bedrock-cache-write-input-token-count", 0)),
        )
        return Metered(counts, "header")

    assert read_by_hand() == metered
    return {
        "meter a text answer": lambda: meter(model, answered),
        "read its headers by hand": read_by_hand,
        "render a record": lambda: record_line(call, outcome, at=at, instance="i" * 16, seq=1),
    }


def cold_ratio(key: str) -> tuple[float, float]:
    """Seconds from a fresh interpreter's first line to the first answer: gateway, boto3."""
    body = payload(1_000)
    scripts = {
        "gateway": GATEWAY_COLD.format(event=json.dumps(invoke_event(key, body))),
        "boto3": BOTO3_COLD.format(model=MODEL, body=body),
    }
    times: dict[str, list[float]] = {name: [] for name in scripts}
    for _ in range(COLD_RUNS):
        for name, script in scripts.items():
            done = subprocess.run(
                [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
            )
            times[name].append(float(done.stdout))
    return statistics.median(times["gateway"]), statistics.median(times["boto3"])


def figures(warm: dict[str, float], cold: tuple[float, float]) -> dict[str, float]:
    one, hundred = warm["boto3 1 KB"], warm["boto3 100 KB"]
    strict = warm["gateway 1 KB, strict"] - warm["gateway 1 KB"]
    return {
        "warm_1k": warm["gateway 1 KB"] / one,
        "warm_100k": warm["gateway 100 KB"] / hundred,
        "warm_1k_tuned": warm["gateway 1 KB"] / warm["boto3 1 KB, fixed user agent"],
        "warm_100k_tuned": warm["gateway 100 KB"] / warm["boto3 100 KB, fixed user agent"],
        "strict_overhead": strict / (2 * warm["boto3 put_log_events"]),
        "cold": cold[0] / cold[1],
        "metering_us": warm["meter a text answer"],
        "meter_text_us_ratio": warm["meter a text answer"] / warm["read its headers by hand"],
        "record_us": warm["render a record"],
        "converse_100k": warm["gateway converse 100 KB"] / warm["boto3 converse 100 KB"],
        "base64_100k": warm["gateway 100 KB, base64"] / hundred,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=2_000, help="rounds (default 2,000)")
    rounds = parser.parse_args().calls
    key, items = tenant_with_key()
    with upstream(items) as url, Path(os.devnull).open("w") as nowhere:
        os.environ.update(environment(url))
        cold = cold_ratio(key)
        out, sys.stdout = sys.stdout, nowhere  # the records go to stdout, and are not shown
        try:
            warm = medians(rounds, warm_calls(key, url)) | medians(rounds, pure_calls())
        finally:
            sys.stdout = out
    print(f"medians of {rounds} rounds, interleaved, Python {sys.version.split()[0]}")
    for name, microseconds in warm.items():
        print(f"  {name:<34}{microseconds:>10.1f} µs")
    print(f"  {'cold start, gateway':<34}{cold[0] * 1e3:>10.1f} ms")
    print(f"  {'cold start, boto3':<34}{cold[1] * 1e3:>10.1f} ms")
    print_figures(figures(warm, cold), GOALS)


if __name__ == "__main__":
    main()
