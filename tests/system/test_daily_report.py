"""The daily report over log events, by unmodified boto3, on AWS as it behaves and misbehaves."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from chalicelib.metering.usage import Usage
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting import daily, reported_day
from chalicelib.reporting.insights import RESERVE_MS, IncompleteReport
from chalicelib.reporting.manifest import Manifest
from chalicelib.settings import Settings
from chalicelib.usage_record import Outcome, ProviderCall, record_line
from local.aws import ENVIRON, REGION, Aws
from local.insights.engine import Rendering
from local.insights.service import Behaviour

pytestmark = pytest.mark.system
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
DAY = NOON.date()
SETTINGS = Settings(
    region=REGION,
    tenants_table="tenants",
    reports_bucket="reports",
    payloads_bucket="payloads",
    usage_log_groups=("usage",),
)
CALL = ProviderCall(
    call_id="call-1",
    request_id="request-1",
    attempt=1,
    day=DAY.isoformat(),
    team_id="search",
    key_id="abcdefghijkl",
    service="bedrock",
    region="us-east-1",
    account="aws:123456789012",
    model_id="amazon.nova-lite-v1:0",
    base_model="amazon.nova-lite-v1:0",
    family="nova",
    basis="on_demand",
    geo="none",
    operation="InvokeModel",
    surface="invoke",
    streamed=0,
)
METERED = Outcome("usage", Usage(input_tokens=12_000_000, output_tokens=50), "header")


class Account:
    """An AWS account with a log group of usage records and a bucket for reports."""

    def __init__(self, aws: Aws) -> None:
        self.aws = aws
        self._logs = boto3.client("logs", REGION)
        self._s3 = boto3.client("s3", REGION)
        self._logs.create_log_group(logGroupName="usage")
        self._logs.create_log_stream(logGroupName="usage", logStreamName="i1")
        self._s3.create_bucket(Bucket="reports")
        self._seq = 0

    def write(self, *lines: str) -> None:
        events = [{"timestamp": int(NOON.timestamp() * 1000), "message": line} for line in lines]
        self._logs.put_log_events(logGroupName="usage", logStreamName="i1", logEvents=events)

    def record(self, call: ProviderCall, outcome: Outcome | None) -> str:
        self._seq += 1
        return record_line(call, outcome, at=NOON, instance="i1", seq=self._seq)

    def pair(self, **fields: Any) -> list[str]:
        call = replace(CALL, **fields)
        return [self.record(call, None), self.record(call, METERED)]

    def report(self, remaining_ms: int = 900_000) -> Manifest:
        return daily.report(
            DAY,
            logs=self._logs,
            s3=self._s3,
            settings=SETTINGS,
            book=PriceBook.load(),
            now=datetime.now(UTC),
            remaining_ms=lambda: remaining_ms,
            sleep=lambda seconds: None,
        ).manifest

    def files(self) -> dict[str, bytes]:
        listed = self._s3.list_objects_v2(Bucket="reports").get("Contents", [])
        return {
            entry["Key"]: self._s3.get_object(Bucket="reports", Key=entry["Key"])["Body"].read()
            for entry in listed
        }

    def costs(self) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.files()[reported_day.costs_key(DAY)].decode())))


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with Aws() as aws:
        for name, value in {**ENVIRON, "AWS_ENDPOINT_URL": aws.url}.items():
            monkeypatch.setenv(name, value)
        yield Account(aws)


def test_records_become_a_bill(account: Account) -> None:
    account.write(*account.pair(call_id="c1"), *account.pair(call_id="c2"))
    account.write(*account.pair(call_id="c3", team_id="ads"))

    manifest = daily.run(DAY, SETTINGS, remaining_ms=lambda: 900_000).manifest

    assert manifest.complete
    rows = account.costs()
    assert [(row["team_id"], row["invocations"], row["input_tokens"]) for row in rows] == [
        ("ads", "1", "12000000"),
        ("search", "2", "24000000"),
    ]
    assert {row["status"] for row in rows} == {"PRICED"}


def test_two_answers_of_one_provider_request_id_are_two_calls(account: Account) -> None:
    same = replace(METERED, provider_request_id="aws-1")
    first, second = replace(CALL, call_id="c1"), replace(CALL, call_id="c2")
    account.write(account.record(first, None), account.record(first, same))
    account.write(account.record(second, None), account.record(second, same))

    manifest = account.report()

    assert (manifest.usage, manifest.duplicated, manifest.complete) == (2, 0, True)
    assert [(row["invocations"], row["input_tokens"]) for row in account.costs()] == [
        ("2", "24000000")
    ]


@pytest.mark.parametrize("rendering", list(Rendering))
def test_numbers_are_the_same_in_every_rendering(account: Account, rendering: Rendering) -> None:
    account.write(*account.pair(call_id="c1"))
    first = account.report()
    account.aws.insights.behave(Behaviour(rendering=rendering))

    again = account.report()

    assert again.csv_sha256 == first.csv_sha256
    assert again.counts_sha256 == first.counts_sha256


def test_a_slow_query_is_waited_for_and_its_partial_results_are_not_taken(
    account: Account,
) -> None:
    account.write(*account.pair(call_id="c1"), *account.pair(call_id="c2", team_id="ads"))
    account.aws.insights.behave(Behaviour(running_polls=3))

    assert account.report().usage == 2
    assert len(account.costs()) == 2


@pytest.mark.parametrize("end", ["Failed", "Timeout", "Cancelled"])
def test_a_query_that_does_not_complete_leaves_the_last_report_as_it_was(
    account: Account, end: str
) -> None:
    account.write(*account.pair(call_id="c1"))
    account.report()
    before = account.files()
    account.write(*account.pair(call_id="c2"))
    account.aws.insights.behave(Behaviour(ends=end))

    with pytest.raises(IncompleteReport):
        account.report()

    assert account.files() == before


def test_a_report_out_of_time_writes_nothing(account: Account) -> None:
    account.write(*account.pair(call_id="c1"))
    account.aws.insights.behave(Behaviour(running_polls=1000))

    with pytest.raises(IncompleteReport):
        account.report(remaining_ms=RESERVE_MS)

    assert account.files() == {}


def test_an_orphan_a_duplicate_a_gap_and_an_unannounced_end_are_each_found(
    account: Account,
) -> None:
    account.write(*account.pair(call_id="c1"))
    account.write(account.record(replace(CALL, call_id="c2", request_id="killed"), None))
    start, end = account.pair(call_id="c3")
    account.write(start, end, end)
    account.record(replace(CALL, call_id="c4"), None)  # numbered, and never written
    account.write(account.record(replace(CALL, call_id="c4"), METERED))

    manifest = account.report()

    assert manifest.orphaned_request_ids == ("killed",)
    assert (manifest.orphaned, manifest.duplicated) == (1, 1)
    assert (manifest.unannounced, manifest.lost) == (1, 1)
    assert (manifest.started, manifest.usage) == (3, 3)
    assert account.costs()[0]["status"] == "INCOMPLETE"


def test_forged_lines_are_foreign_on_nobodys_bill_and_both_files_stay_clean(
    account: Account,
) -> None:
    forged = {
        "tollgate": "usage",
        "day": DAY.isoformat(),
        "team_id": '=cmd()|"x"!A0',
        "model_id": "line\nbreak,é",
        "n_usage": 1,
        "seq": "abc",
        "instance": "i9",
    }
    account.write(*account.pair(call_id="c1"), json.dumps(forged), "not JSON at all")

    manifest = account.report()

    assert (manifest.foreign, manifest.complete) == (1, False)
    assert [row["team_id"] for row in account.costs()] == ["search"]
    counts = account.files()[reported_day.counts_key(DAY)]
    assert b"\n%3Dcmd%28%29%7C%22x%22%21A0,,,,line%0Abreak%2C%C3%A9," in counts
    assert b'"' not in counts


@pytest.mark.parametrize("field", ["usage_source", "tier", "family"])
def test_a_forged_copy_of_a_real_pair_charges_its_team_nothing(
    account: Account, field: str
) -> None:
    account.write(*account.pair(call_id="c1"))
    before = account.report()
    copies = [json.loads(line) | {field: "=cmd()"} for line in account.pair(call_id="c2")]
    account.write(*map(json.dumps, copies))

    after = account.report()

    assert (after.foreign, after.csv_sha256) == (2, before.csv_sha256)


def test_records_of_another_day_in_the_same_window_are_not_counted(account: Account) -> None:
    tomorrow = (DAY + timedelta(days=1)).isoformat()
    account.write(*account.pair(call_id="c1"), *account.pair(call_id="c2", day=tomorrow))

    assert account.report().started == 1


def test_the_same_day_again_is_the_same_bytes(account: Account) -> None:
    account.write(*account.pair(call_id="c1"), *account.pair(call_id="c2", team_id="ads"))

    first, files = account.report(), account.files()
    again = account.report()

    assert (first.counts_sha256, first.csv_sha256) == (again.counts_sha256, again.csv_sha256)
    for key in (reported_day.counts_key(DAY), reported_day.costs_key(DAY)):
        assert account.files()[key] == files[key]
