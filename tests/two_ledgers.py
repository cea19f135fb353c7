"""Evidence for the proof: calls as a provider and the gateway book them, and a way to tamper."""

import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from builders import provider_call

from chalicelib.metering.usage import Usage
from chalicelib.pricing.capacity import Capacity, Resource, Sample, shared
from chalicelib.pricing.costs import CSV_COLUMNS, rate
from chalicelib.pricing.count_line import CountLine
from chalicelib.pricing.price_book import PriceBook
from chalicelib.pricing.price_file import COLUMNS
from chalicelib.usage_record import PRICE_FIELDS, Outcome, record_line, rfc3339
from local.proof import Evidence

DAY = date(2026, 11, 23)
AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
ENDPOINT = {
    "service": "sagemaker",
    "model_id": "embed",
    "base_model": "embed",
    "family": "sagemaker_none",
    "basis": "endpoint",
    "geo": "none",
}


def _price(model: str, geo: str, basis: str, unit: str, amount: str) -> str:
    key = f"{model},us-east-1,{geo},{basis},default,none,{unit},{amount}"
    return f"{key},2026-01-01,,the test,2026-01-01"


BOOK = PriceBook.read(
    "\n".join(
        (
            ",".join(COLUMNS),
            _price("amazon.nova-lite-v1:0", "us", "on_demand", "input_tokens", "0.00000006"),
            _price("amazon.nova-lite-v1:0", "us", "on_demand", "output_tokens", "0.00000024"),
            _price("embed", "none", "endpoint", "busy_ms", "0.000001"),
            _price("guardrails", "none", "on_demand", "guardrail_topic_units", "0.00015"),
            _price("amazon.nova-reel-v1:1", "none", "on_demand", "video_ms", "0.00008"),
            _price("amazon.rerank-v1:0", "none", "on_demand", "queries", "0.001"),
            _price("amazon.nova-lite-v1:0", "none", "provisioned", "model_unit_hour", "0.5"),
        )
    )
)

Json = dict[str, Any]


def records(call: Json | None = None, outcome: Outcome | None = None) -> list[Json]:
    """Return the pair of records of a call; only `started` without an outcome."""
    made = provider_call(**(call or {}))
    ends = [None] if outcome is None else [None, outcome]
    lines = [record_line(made, end, at=AT, instance="i", seq=1) for end in ends]
    return [json.loads(line) for line in lines]


def entry(**fields: Any) -> Json:
    """Return a provider's entry: by default an answered call of Nova Lite."""
    return {
        "request_id": "provider-1",
        "time": rfc3339(AT),
        "service": "bedrock",
        "model": "us.amazon.nova-lite-v1:0",
        "base_model": "amazon.nova-lite-v1:0",
        "team": "search",
        "gateway_request": "request-1",
        "operation": "InvokeModel",
        "status": 200,
        "outcome": "answered",
        "error": None,
        "fault": None,
        "counts": {"input_tokens": 100, "output_tokens": 10},
        "image": None,
        "billed_usd": "0.0000084",
        "characters_in": 350,
        "characters_out": 35,
        "attempt": 1,
    } | fields


METERED = Outcome("usage", Usage(100, 10), "header", provider_request_id="provider-1")
REFUSED = Outcome(
    "failed",
    provider_request_id="provider-2",
    status_code=429,
    error_code="ThrottlingException",
)
TIMED_OUT = Outcome("usage", error_code="timeout")
CLOCKED = Outcome("usage", Usage(busy_ms=250), "clock", provider_request_id="provider-4")


def evidence(
    provider: list[Json], logged: list[Json], samples: Sequence[Json] = (), **fields: Any
) -> Evidence:
    """Report the records as the gateway would, and let clients have sent what they say."""
    manifest, costs = reported(logged, samples)
    parts = {
        "provider": provider,
        "records": logged,
        "sent": {record["request_id"]: record["team_id"] for record in logged},
        "unanswered": (),
        "costs": costs,
        "manifests": [manifest],
        "samples": samples,
    }
    return Evidence(**(parts | fields))


def one_of_each() -> Evidence:
    """Return an honest day: a metered call, a refused, a timed-out, a clocked and an orphan."""
    return evidence(
        [
            entry(),
            entry(
                request_id="provider-2",
                gateway_request="request-2",
                status=429,
                outcome="refused",
                fault="throttle",
                counts={},
                billed_usd="0",
            ),
            entry(
                request_id="provider-3",
                gateway_request="request-3",
                outcome="timeout",
                fault="timeout",
            ),
            entry(
                request_id="provider-4",
                gateway_request="request-4",
                service="sagemaker",
                model="embed",
                base_model="embed",
                counts={},
                billed_usd=None,
            ),
            entry(request_id="provider-5", gateway_request="request-5"),
        ],
        [
            *records({}, METERED),
            *records({"call_id": "call-2", "request_id": "request-2"}, REFUSED),
            *records({"call_id": "call-3", "request_id": "request-3"}, TIMED_OUT),
            *records({"call_id": "call-4", "request_id": "request-4", **ENDPOINT}, CLOCKED),
            *records({"call_id": "call-5", "request_id": "request-5"}),
        ],
    )


JOB = "arn:aws:bedrock:us-east-1:123456789012:async-invoke/abc123def456"
REEL = {
    "model_id": "amazon.nova-reel-v1:1",
    "base_model": "amazon.nova-reel-v1:1",
    "family": "nova_reel",
    "geo": "none",
}
RERANK = {
    "model_id": "amazon.rerank-v1:0",
    "base_model": "amazon.rerank-v1:0",
    "family": "rerank",
    "geo": "none",
}
UNITS = {
    "model_id": "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc123def456",
    "geo": "none",
    "basis": "provisioned",
}


def a_job() -> Evidence:
    """Return an honest day of one video: begun, asked after, ended, and settled by its ARN."""
    video = entry(model="amazon.nova-reel-v1:1", base_model="amazon.nova-reel-v1:1")
    free = {"counts": {}, "billed_usd": "0"}
    made = {"counts": {"video_ms": 6_000}, "billed_usd": "0.48"}
    begun = Outcome("usage", usage_source="deferred", provider_request_id="provider-1")
    settled = Outcome("usage", Usage(video_ms=6_000), "derived", provider_request_id=JOB)
    settlement = {"call_id": "call-2", "operation": "AsyncInvokeSettlement"}
    return evidence(
        [
            video | free | {"operation": "StartAsyncInvoke"},
            entry(request_id="look-1", operation="GetAsyncInvoke", model=JOB, team=None, **free),
            video | made | {"request_id": JOB, "operation": "AsyncInvokeEnded"},
        ],
        [
            *records({**REEL, "operation": "StartAsyncInvoke"}, begun),
            *records({**REEL, **settlement}, settled),
        ],
    )


def a_guarded_call() -> Evidence:
    """Return an honest day of one call that a guardrail watched."""
    counts = {"input_tokens": 100, "output_tokens": 10, "guardrail_topic_units": 2}
    usage = Usage(100, 10, guardrail_topic_units=2)
    outcome = Outcome("usage", usage, "header", provider_request_id="provider-1")
    return evidence([entry(counts=counts, billed_usd="0.0003084")], records({}, outcome))


def a_long_document() -> Evidence:
    """Return an honest day of one reranking, of which the provider alone knows the chunks."""
    ranked = entry(
        model="amazon.rerank-v1:0",
        base_model="amazon.rerank-v1:0",
        fault="rerank_chunks",
        counts={"queries": 2},
        billed_usd="0.002",
    )
    derived = Outcome("usage", Usage(queries=1), "derived", provider_request_id="provider-1")
    return evidence([ranked], records(RERANK, derived))


def a_day_of_capacity() -> Evidence:
    """Return an honest day of provisioned throughput that two teams used a little."""
    sample = {
        "date": DAY.isoformat(),
        "service": "bedrock",
        "region": "us-east-1",
        "model_id": UNITS["model_id"],
        "sku": "amazon.nova-lite-v1:0",
        "variant": "none",
        "count": "1",
        "concurrency": "1",
    }
    calls = (("search", "1", 700), ("ads", "2", 300))
    return evidence(
        [
            entry(
                request_id=f"provider-{n}",
                gateway_request=f"request-{n}",
                model=UNITS["model_id"],
                team=team,
                billed_usd="0",
            )
            for team, n, _ in calls
        ],
        [
            record
            for team, n, busy in calls
            for record in records(
                {**UNITS, "team_id": team, "call_id": f"call-{n}", "request_id": f"request-{n}"},
                Outcome(
                    "usage",
                    Usage(100, 10, busy_ms=busy),
                    "header",
                    provider_request_id=f"provider-{n}",
                ),
            )
        ],
        samples=[sample] * 24,
    )


def tampered(honest: Evidence, part: str, change: Callable[[Any], object]) -> Evidence:
    """Return the evidence with a change made to a copy of one part."""
    copy = deepcopy(getattr(honest, part))
    change(copy)
    return replace(honest, **{part: copy})


def reported(logged: list[Json], samples: Sequence[Json] = ()) -> tuple[Json, list[dict[str, str]]]:
    """Return the manifest and the rows of costs.csv that these records of one day make."""
    started = [record for record in logged if record["n_started"]]
    ends = {record["call_id"]: record for record in logged if not record["n_started"]}
    orphans = [record for record in started if record["call_id"] not in ends]
    lines = [_line(record) for record in logged]
    orphaned = {(o["team_id"], o["service"], o["model_id"]): 1 for o in orphans}
    unknown = sum(end["n_usage"] for end in ends.values() if end["usage_source"] == "none")
    manifest = {
        "date": DAY.isoformat(),
        "complete": not (orphans or unknown),
        "started": len(started),
        "usage": sum(end["n_usage"] for end in ends.values()),
        "failed": sum(end["n_failed"] for end in ends.values()),
        "orphaned": len(orphans),
        "orphaned_request_ids": sorted(orphan["request_id"] for orphan in orphans),
        "unknown": unknown,
        "unpriced": 0,
        "derived": _of_source(ends, "derived"),
        "deferred": _of_source(ends, "deferred"),
        "partial": _of_source(ends, "partial"),
        **dict.fromkeys(("unannounced", "duplicated", "lost", "foreign"), 0),
    }
    capacity = Capacity(tuple(map(_sample, samples)), hours_missing=0)
    shares = shared(lines, capacity, BOOK, DAY)
    rows = [line.cells() for line in rate(lines, BOOK, DAY, orphaned, shares)]
    return manifest, [dict(zip(CSV_COLUMNS, row, strict=True)) for row in rows]


def _sample(row: Json) -> Sample:
    resource = Resource(row["service"], row["region"], row["model_id"])
    return Sample(resource, row["sku"], row["variant"], int(row["count"]), int(row["concurrency"]))


def _of_source(ends: dict[str, Json], source: str) -> int:
    return sum(end["n_usage"] for end in ends.values() if end["usage_source"] == source)


def _line(record: Json) -> CountLine:
    return CountLine(
        team_id=record["team_id"],
        **{name: record[name] for name in PRICE_FIELDS},
        n_started=record["n_started"],
        n_usage=record["n_usage"],
        n_failed=record["n_failed"],
        usage=Usage.from_counts(record),
    )
