"""Fetches the evidence of a run: the only module of the proof that does I/O."""

import csv
import json
import urllib.request
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from chalicelib.reporting.capacity_files import hour_key
from chalicelib.reporting.reported_day import costs_key, manifest_key
from local.proof.evidence import Evidence
from local.stack import Stack
from local.traffic.sent import Sent

REPORTED_AT = time(2, 15, tzinfo=UTC)


def control(stack: Stack, method: str, path: str, body: object = None) -> Any:
    """Call the simulator's control API, `/_sim/<path>`, and return its JSON."""
    data = None if body is None else json.dumps(body).encode()
    url = f"{stack.urls['control']}/_sim/{path}"
    request = urllib.request.Request(url, data, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def days_of(records: Iterable[dict[str, Any]]) -> list[date]:
    """Return the UTC days on which the recorded calls began: two, if midnight passed."""
    return sorted({date.fromisoformat(record["day"]) for record in records})


def report(stack: Stack, day: date) -> dict[str, Any]:
    """Let the scheduled function report a day, as on the morning after; return its manifest."""
    at = datetime.combine(day + timedelta(days=1), REPORTED_AT)
    stack.invoke("daily_report", {"time": at.isoformat()})
    manifest: dict[str, Any] = json.loads(fetch(stack, manifest_key(day)))
    return manifest


def sample_capacity(stack: Stack, day: date) -> None:
    """Let the scheduled function sample what runs, and keep that for every hour of the day.

    Nothing starts or stops meanwhile, so all 24 would find the same.
    """
    noon = datetime.combine(day, time(12, 7, tzinfo=UTC))
    content = fetch(stack, stack.invoke("sample_capacity", {"time": noon.isoformat()})["key"])
    for hour in range(24):
        stack.client("s3").put_object(
            Bucket=stack.urls["bucket"], Key=hour_key(day, hour), Body=content
        )


def collect(stack: Stack, sent: Sequence[Sent]) -> Evidence:
    """Fetch both ledgers, and the reports of every day that was touched, as S3 holds them."""
    records = stack.log_events()
    days = days_of(records)
    each_time = [once for each in sent for once in each.all]
    return Evidence(
        provider=control(stack, "GET", "ledger"),
        records=records,
        sent={each.request_id: each.request.team for each in each_time if each.request_id},
        unanswered=[each.request.team for each in each_time if not each.request_id],
        costs=[row for day in days for row in _rows(fetch(stack, costs_key(day)))],
        manifests=[json.loads(fetch(stack, manifest_key(day))) for day in days],
        samples=[
            {"date": day.isoformat(), **row}
            for day in days
            for hour in range(24)
            for row in _rows(fetch(stack, hour_key(day, hour)))
        ],
        told=control(stack, "GET", "told"),
        reads=[read for each in each_time for read in each.reads],
    )


def fetch(stack: Stack, key: str) -> bytes:
    """Return an object of the reports bucket."""
    kept = stack.client("s3").get_object(Bucket=stack.urls["bucket"], Key=key)
    content: bytes = kept["Body"].read()
    return content


def _rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(content.decode().splitlines(), strict=True))
