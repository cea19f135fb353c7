"""Records that the gateway did not write: kept, counted and told, and never on anybody's bill."""

from datetime import UTC, datetime
from typing import Any

import pytest
import reported_days
from kept_files import Bucket
from reported_days import DAY, PAIR, PRICES, SETTINGS, manifest_of
from scripted_logs import COLUMN_OF, Row, ScriptedLogs, call, numbering, record, scripted_day, total

from chalicelib.metering.usage import Usage
from chalicelib.pricing.capacity import Resource, Sample
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting import reported_day
from chalicelib.reporting.capacity_files import hour_key, write_hour
from chalicelib.reporting.cells import KEY_FIELDS
from chalicelib.reporting.insights import Insights, Patience
from chalicelib.reporting.rerating import rerate
from chalicelib.reporting.usage_query import DayCounts, read_day

NOW = datetime(2026, 11, 24, 2, 15, tzinfo=UTC)
HOURS = (
    "ml.g5.xlarge,us-east-1,none,endpoint,default,none,instance_hour,1.5,2026-01-01,,t,2026-11-01"
)
BOOK = PriceBook.read(PRICES + HOURS)
A_MILLION_TOKENS = {"n_started": 1, "n_usage": 1, "input_tokens": 10**6, "output_tokens": 10**6}
CHAT = {
    "service": "sagemaker",
    "model_id": "chat",
    "base_model": "chat",
    "family": "sagemaker_none",
    "basis": "endpoint",
    "usage_source": "clock",
}


def report(logs: ScriptedLogs, bucket: Bucket) -> dict[str, Any]:
    reported_days.report(logs, bucket, book=BOOK)
    return manifest_of(bucket)


def costs(*totals: Row, pairs: tuple[Row, ...] = (), sampled: Bucket | None = None) -> bytes:
    bucket = sampled or Bucket()
    report(scripted_day(totals, pairs), bucket)
    return bucket.files[reported_day.costs_key(DAY)]


def read(logs: ScriptedLogs) -> DayCounts:
    patience = Patience(lambda: 900_000, lambda seconds: None)
    return read_day(Insights(logs, ["usage"], patience), DAY, NOW)


def sampled_chat() -> Bucket:
    sample = Sample(Resource("sagemaker", "us-east-1", "chat"), "ml.g5.xlarge", "none", 1, 1)
    return Bucket(files={hour_key(DAY, 8): write_hour([sample], NOW)})


@pytest.mark.parametrize("field", KEY_FIELDS)
@pytest.mark.parametrize("odd", ["=cmd()", "a b", "50%", "x\ny", "é"])
def test_a_copy_of_a_real_record_with_one_odd_field_adds_nothing_to_any_bill(
    field: str, odd: str
) -> None:
    forged = total(2, A_MILLION_TOKENS, **{field: odd})

    assert costs(total(2, PAIR), forged) == costs(total(2, PAIR))


@pytest.mark.parametrize("field", [name for name in KEY_FIELDS if name != "team_id"])
def test_a_copy_of_a_real_record_that_lacks_a_field_and_has_an_odd_one_adds_nothing(
    field: str,
) -> None:
    forged = total(2, A_MILLION_TOKENS, team_id="=cmd()")
    del forged[COLUMN_OF[field]]

    assert costs(total(2, PAIR), forged) == costs(total(2, PAIR))


def test_a_forged_record_stays_in_the_counts_and_is_told_in_the_manifest() -> None:
    bucket = Bucket()

    manifest = report(
        scripted_day([total(2, PAIR), total(2, A_MILLION_TOKENS, usage_source="=cmd()")]), bucket
    )

    assert b",%3Dcmd%28%29,1,1,0,1000000," in bucket.files[reported_day.counts_key(DAY)]
    assert manifest["foreign"] == 2


def test_a_day_with_foreign_records_is_not_complete() -> None:
    logs = scripted_day([total(2, PAIR), total(2, PAIR, tier="a b")], gaps=[numbering(1, 2, 2)])

    assert report(logs, Bucket())["complete"] is False


def test_a_forged_record_of_a_model_without_a_price_is_no_unpriced_call() -> None:
    forged = total(2, PAIR, model_id="acme.new", base_model="acme.new", family="a b")

    assert report(scripted_day([forged]), Bucket())["unpriced"] == 0


def test_a_forged_beginning_of_an_odd_team_has_no_row_in_the_costs() -> None:
    forged = total(1, {"n_started": 1}, team_id="=cmd()")
    orphan = call(1, 0, team_id="=cmd()")

    assert costs(total(2, PAIR), forged, pairs=(orphan,)) == costs(total(2, PAIR))


@pytest.mark.parametrize("field", KEY_FIELDS)
def test_rating_the_kept_counts_again_leaves_foreign_lines_out_too(field: str) -> None:
    bucket = Bucket()
    report(scripted_day([total(2, PAIR), total(2, A_MILLION_TOKENS, **{field: "=cmd()"})]), bucket)
    before = bucket.reports

    rerate(DAY, s3=bucket, settings=SETTINGS, book=BOOK)

    assert bucket.reports == before


@pytest.mark.parametrize("field", ["team_id", "account", "family", "tier", "usage_source"])
def test_time_that_a_forged_record_claims_takes_no_share_of_an_endpoints_hours(field: str) -> None:
    real = total(2, {"n_started": 1, "n_usage": 1, "busy_ms": 900_000}, **CHAT)
    busy = {"n_started": 1, "n_usage": 1, "busy_ms": 3_600_000}
    forged = total(2, busy, **{**CHAT, field: "=cmd()"})

    assert costs(real, forged, sampled=sampled_chat()) == costs(real, sampled=sampled_chat())


def test_a_forged_copy_of_a_records_event_never_takes_the_records_place() -> None:
    real = {"n_usage": 1, "input_tokens": 30, "output_tokens": 50}
    copies = [
        record("c1-s", {"n_started": 1}, time="t1"),
        record("c1-e", real, time="t2"),
        record("c1-e", {"n_usage": 1}, time="t0", variant="=cmd()"),
    ]
    totals = [
        total(2, {"n_started": 1, **real}),
        total(1, {"n_usage": 1}, variant="=cmd()"),
    ]

    day = read(scripted_day(totals, [call(1, 2)], repeated=copies))

    ours = [line for line in day.lines if line.variant == "none"]
    assert [line.usage for line in ours] == [Usage(input_tokens=30, output_tokens=50)]
    assert (day.foreign, day.duplicated, day.unannounced) == (1, 0, 1)


def test_a_real_record_that_was_written_twice_counts_once_beside_a_forged_copy() -> None:
    real = {"n_usage": 1, "input_tokens": 30}
    copies = [
        record("c1-s", {"n_started": 1}, time="t1"),
        record("c1-e", {"n_usage": 1}, time="t0", variant="=cmd()"),
        record("c1-e", real, time="t2"),
        record("c1-e", real, time="t2"),
    ]
    totals = [
        total(3, {"n_started": 1, "n_usage": 2, "input_tokens": 60}),
        total(1, {"n_usage": 1}, variant="=cmd()"),
    ]

    day = read(scripted_day(totals, [call(1, 3)], repeated=copies))

    (ours,) = [line for line in day.lines if line.variant == "none"]
    assert (ours.n_usage, ours.usage) == (1, Usage(input_tokens=30))
