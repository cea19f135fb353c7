"""The daily report: both files and a manifest, or nothing new."""

import hashlib
import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from botocore.exceptions import ClientError
from kept_files import Bucket
from reported_days import BOOK, DAY, PAIR, PRICES, SETTINGS, quiet_day, report
from scripted_logs import call, numbering, record, scripted_day, total

from chalicelib.pricing.price_book import PriceBook, PriceBookError
from chalicelib.reporting import daily
from chalicelib.reporting.claims import Busy, claim_key
from chalicelib.reporting.insights import IncompleteReport
from chalicelib.reporting.manifest import MAX_LISTED
from chalicelib.settings import SettingError

COUNTS = "counts/date=2026-11-23/counts.csv"
COSTS = "costs/date=2026-11-23/costs.csv"
PRICE_ROWS = "prices/date=2026-11-23/prices.csv"
MANIFEST = "manifests/date=2026-11-23/manifest.json"
OVERRIDE = "prices-override.csv"
FILES = [
    COUNTS,
    "tenants/date=2026-11-23/tenants.csv",
    "exceptions/date=2026-11-23/exceptions.csv",
    COSTS,
    PRICE_ROWS,
    "focus/date=2026-11-23/focus.csv",
    "teams/team=search/date=2026-11-23/costs.csv",
    "teams/date=2026-11-23/prices.csv",
    "teams/date=2026-11-23/day.json",
]


def metrics_of(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    (line,) = capsys.readouterr().out.splitlines()
    return {name: value for name, value in json.loads(line).items() if name != "_aws"}


def test_a_report_is_counts_costs_prices_and_last_a_manifest_each_under_its_own_prefix() -> None:
    bucket = Bucket()

    report(quiet_day(), bucket)

    assert list(bucket.reports) == [*FILES, MANIFEST]
    header, row = bucket.files[COSTS].decode().splitlines()
    assert header.startswith("date,team_id,service,model_id,invocations,")
    assert row.startswith("2026-11-23,search,bedrock,amazon.nova-lite-v1:0,1,30,50,")
    assert ",0.0000138,USD,PRICED," in row


def test_the_manifest_states_the_hashes_of_the_files_and_of_the_price_book() -> None:
    bucket = Bucket()

    report(quiet_day(), bucket)

    manifest = json.loads(bucket.files[MANIFEST])
    assert manifest["counts_sha256"] == hashlib.sha256(bucket.files[COUNTS]).hexdigest()
    assert manifest["csv_sha256"] == hashlib.sha256(bucket.files[COSTS]).hexdigest()
    assert manifest["price_rows_sha256"] == hashlib.sha256(bucket.files[PRICE_ROWS]).hexdigest()
    assert manifest["price_book_sha256"] == BOOK.sha256


def test_the_price_rows_that_made_the_costs_are_kept_with_them_and_no_others() -> None:
    bucket, dearer = Bucket(), "amazon.nova-pro-v1:0"
    book = PriceBook.read(PRICES + PRICES.splitlines()[1].replace("amazon.nova-lite-v1:0", dearer))

    report(quiet_day(), bucket, book=book)

    kept = PriceBook.read(bucket.files[PRICE_ROWS])
    assert {price.key.unit for price in kept} == {"input_tokens", "output_tokens"}
    assert {price.key.model for price in kept} == {"amazon.nova-lite-v1:0"}


def test_the_manifest_of_a_quiet_day_is_complete_and_balances() -> None:
    manifest = report(quiet_day())

    assert manifest.complete
    assert (manifest.started, manifest.usage, manifest.failed) == (1, 1, 0)
    assert manifest.window == {
        "start": "2026-11-22T23:55:00.000Z",
        "end": "2026-11-24T02:15:00.000Z",
    }
    assert [query["name"] for query in manifest.queries] == ["totals", "broken pairs", "gaps"]


def test_the_same_records_make_the_same_bytes_on_another_run() -> None:
    first, again = Bucket(), Bucket()

    report(quiet_day(), first, hour=2)
    report(quiet_day(), again, hour=9)

    assert first.files[COUNTS] == again.files[COUNTS]
    assert first.files[COSTS] == again.files[COSTS]
    manifests = [json.loads(bucket.files[MANIFEST]) for bucket in (first, again)]
    differing = {name for name in manifests[0] if manifests[0][name] != manifests[1][name]}
    assert differing == {"window", "reported_at"}


def test_an_orphan_makes_the_day_incomplete_and_is_listed_by_request_id() -> None:
    manifest = report(scripted_day([total(1, {"n_started": 1})], [call(1, 0, request_id="r7")]))

    assert not manifest.complete
    assert (manifest.orphaned, manifest.orphaned_request_ids) == (1, ("r7",))


def test_a_manifest_counts_all_orphans_and_lists_no_more_than_it_can_hold() -> None:
    calls = [call(1, 0, call_id=f"c{n}", request_id=f"r{n:04}") for n in range(MAX_LISTED + 1)]

    manifest = report(scripted_day([total(101, {"n_started": 101})], calls))

    assert manifest.orphaned == 101
    assert manifest.orphaned_request_ids[-1] == "r0099"


def test_an_orphans_row_is_incomplete_in_the_csv() -> None:
    bucket = Bucket()

    report(scripted_day([total(1, {"n_started": 1})], [call(1, 0)]), bucket)

    assert b",INCOMPLETE," in bucket.files[COSTS]


@pytest.mark.parametrize(
    ("source", "field_", "complete"),
    [
        ("none", "unknown", False),
        ("partial", "partial", True),
        ("derived", "derived", True),
        ("deferred", "deferred", True),
    ],
)
def test_calls_are_counted_by_where_their_usage_came_from(
    source: str, field_: str, complete: bool
) -> None:
    logs = scripted_day([total(1, {"n_started": 1}), total(1, {"n_usage": 1}, usage_source=source)])

    manifest = report(logs)

    assert getattr(manifest, field_) == 1
    assert manifest.complete is complete


def test_a_refused_call_is_failed_and_nothing_is_unknown_about_it() -> None:
    logs = scripted_day([total(2, {"n_started": 1, "n_failed": 1}, usage_source="none")])

    manifest = report(logs)

    assert (manifest.failed, manifest.unknown, manifest.complete) == (1, 0, True)


def test_a_lost_record_makes_the_day_incomplete() -> None:
    manifest = report(scripted_day([total(2, PAIR)], gaps=[numbering(1, 3, 2)]))

    assert (manifest.lost, manifest.complete) == (1, False)


def test_calls_without_a_price_are_counted_in_the_manifest() -> None:
    assert report(scripted_day([total(2, PAIR, base_model="mystery")])).unpriced == 1


def test_duplicates_and_foreign_records_are_counted_in_the_manifest() -> None:
    copies = [record("c1-s", {"n_started": 1})] * 2 + [record("c1-e", {"n_usage": 1})]
    totals = [total(3, {"n_started": 2, "n_usage": 1}), total(2, PAIR, team_id="=cmd()")]

    manifest = report(scripted_day(totals, [call(2, 1)], repeated=copies))

    assert (manifest.duplicated, manifest.foreign) == (1, 2)


def test_an_incomplete_query_writes_nothing_and_leaves_what_was_there() -> None:
    bucket = Bucket(files={COSTS: b"yesterday's run"})
    logs = quiet_day()
    logs.scripts["totals"].ends = "Timeout"

    with pytest.raises(IncompleteReport):
        report(logs, bucket)

    assert bucket.reports == {COSTS: b"yesterday's run"}


@pytest.mark.parametrize(
    ("fails_at", "written"),
    [(file, FILES[:place]) for place, file in enumerate([*FILES, MANIFEST])],
)
def test_when_s3_fails_no_manifest_claims_a_report(fails_at: str, written: list[str]) -> None:
    bucket = Bucket(fails_to_put=fails_at)

    with pytest.raises(ClientError, match="SlowDown"):
        report(quiet_day(), bucket)

    assert list(bucket.reports) == written


def test_when_s3_fails_in_a_repeated_report_the_older_manifest_does_not_match_the_new_file() -> (
    None
):
    bucket = Bucket()
    report(quiet_day(), bucket)
    older = json.loads(bucket.files[MANIFEST])
    bucket.fails_to_put = MANIFEST
    late = scripted_day([total(4, {"n_started": 2, "n_usage": 2, "input_tokens": 60})])

    with pytest.raises(ClientError):
        report(late, bucket)

    assert json.loads(bucket.files[MANIFEST]) == older
    assert older["csv_sha256"] != hashlib.sha256(bucket.files[COSTS]).hexdigest()


def test_a_report_tells_its_metrics_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    report(scripted_day([total(1, {"n_started": 1})], [call(1, 0)]))

    assert metrics_of(capsys) == {
        "Stage": "test",
        "ReportIncomplete": 0,
        "Orphaned": 1,
        "Lost": 0,
        "Unpriced": 0,
    }


def test_a_failed_report_raises_and_tells_the_alarm(capsys: pytest.CaptureFixture[str]) -> None:
    logs = quiet_day()
    logs.scripts["pairs"].ends = "Failed"

    with pytest.raises(IncompleteReport):
        report(logs)

    assert metrics_of(capsys) == {"Stage": "test", "ReportIncomplete": 1}


def test_a_report_that_another_run_is_at_is_told_apart_from_one_that_failed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    taken = {"holder": "another", "until": "2026-11-24T02:30:00.000Z", "clean": True}
    bucket = Bucket(files={claim_key(DAY.isoformat()): json.dumps(taken).encode()})

    with pytest.raises(Busy):
        report(quiet_day(), bucket)

    assert metrics_of(capsys) == {"Stage": "test", "ReportWaiting": 1}


def test_without_a_log_group_to_read_the_report_refuses_to_start() -> None:
    with pytest.raises(SettingError, match="USAGE_LOG_GROUPS is not set, nor is USAGE_LOG_GROUP"):
        report(quiet_day(), settings=replace(SETTINGS, usage_log_groups=()))


NEGOTIATED = PRICES.replace("6E-8", "5E-8").replace("24E-8", "20E-8")
OVERRIDDEN = replace(SETTINGS, prices_override=OVERRIDE)


def test_the_operators_own_prices_replace_the_lists() -> None:
    bucket = Bucket(files={OVERRIDE: NEGOTIATED.encode()})

    manifest = report(quiet_day(), bucket, OVERRIDDEN)

    assert b",0.0000115,USD,PRICED," in bucket.files[COSTS]
    assert manifest.price_book_sha256 != BOOK.sha256
    assert manifest.price_book_sha256 == BOOK.overridden_by(PriceBook.read(NEGOTIATED)).sha256


def test_a_bad_row_of_the_operators_stops_the_report_with_its_line_and_changes_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bad = NEGOTIATED.replace("output_tokens", "output_token").encode()
    bucket, logs = Bucket(files={OVERRIDE: bad, COSTS: b"yesterday's run"}), quiet_day()

    with pytest.raises(
        PriceBookError, match=r"^prices-override\.csv:3: unit 'output_token' is not"
    ):
        report(logs, bucket, OVERRIDDEN)

    assert bucket.files == {OVERRIDE: bad, COSTS: b"yesterday's run"}
    assert logs.started == []
    assert metrics_of(capsys) == {"Stage": "test", "ReportIncomplete": 1}


def test_an_override_that_is_not_there_stops_the_report() -> None:
    with pytest.raises(SettingError, match=r"^PRICES_OVERRIDE names prices-override\.csv, which"):
        report(quiet_day(), Bucket(), OVERRIDDEN)


def test_a_bucket_that_cannot_be_read_is_not_taken_for_one_without_an_override() -> None:
    with pytest.raises(ClientError, match="SlowDown"):
        report(quiet_day(), Bucket(fails_at=OVERRIDE), OVERRIDDEN)


@pytest.mark.parametrize(
    ("event_time", "day"),
    [
        ("2026-11-24T02:15:00Z", DAY),
        ("2026-11-24T02:15:00+00:00", DAY),
        ("2026-11-24T01:15:00+02:00", date(2026, 11, 22)),
        ("2027-01-01T00:00:00Z", date(2026, 12, 31)),
    ],
)
def test_the_day_is_the_one_before_the_events_own_time(event_time: str, day: date) -> None:
    assert daily.day_before(event_time) == day


@pytest.mark.parametrize("event_time", ["", "yesterday", "2026-11-24T02:15:00"])
def test_an_event_without_a_time_zone_names_no_day(event_time: str) -> None:
    with pytest.raises(ValueError):
        daily.day_before(event_time)


def test_ten_times_the_groups_are_ten_times_the_look_ups_and_no_more_queries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = [total(2, PAIR, team_id=f"team{n:03}") for n in range(10)]
    many = [total(2, PAIR, team_id=f"team{n:03}") for n in range(100)]
    find, asked = PriceBook.find, []
    monkeypatch.setattr(PriceBook, "find", lambda *key: asked.append(key) or find(*key))

    report(scripted_day(few))
    for_few = len(asked)
    logs = scripted_day(many)
    report(logs)

    assert len(asked) - for_few <= 10 * for_few
    assert len(logs.started) == 3
