"""Hour-priced capacity in the day's report and in its re-rating."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from kept_files import Bucket
from reported_days import DAY, SETTINGS, manifest_of, report
from scripted_logs import Row, numbering, scripted_day, total

from chalicelib.pricing.capacity import Resource, Sample
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting import reported_day
from chalicelib.reporting.capacity_files import hour_key, write_hour
from chalicelib.reporting.kept_counts import CannotRerate
from chalicelib.reporting.rerating import rerate

PRICES = """\
model,region,geo,basis,tier,variant,unit,usd_per_unit,effective_from,effective_to,source,checked
ml.g5.xlarge,us-east-1,none,endpoint,default,none,instance_hour,1.5,2026-01-01,,test,2026-11-01
"""
BOOK = PriceBook.read(PRICES)
CHAT = Sample(Resource("sagemaker", "us-east-1", "chat"), "ml.g5.xlarge", "none", 1, 1)
HOUR_MS = 3_600_000


def used(team: str, busy_ms: int) -> Row:
    return total(
        2,
        {"n_started": 1, "n_usage": 1, "busy_ms": busy_ms},
        team_id=team,
        service="sagemaker",
        model_id="chat",
        base_model="chat",
        family="sagemaker_none",
        basis="endpoint",
        usage_source="clock",
    )


def sampled_bucket(*hours: int, sample: Sample = CHAT) -> Bucket:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    return Bucket(files={hour_key(DAY, hour): write_hour([sample], at) for hour in hours})


def reported(bucket: Bucket, book: PriceBook = BOOK) -> dict[str, Any]:
    teams = [used("ads", 6 * HOUR_MS), used("search", 12 * HOUR_MS)]
    report(scripted_day(teams, gaps=[numbering(1, 4, 4)]), bucket, book=book)
    return manifest_of(bucket)


def rows(bucket: Bucket) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(bucket.files[reported_day.costs_key(DAY)].decode())))


def test_the_day_s_hours_are_shared_and_what_nobody_used_is_a_row_of_its_own() -> None:
    bucket = sampled_bucket(*range(24))

    reported(bucket)

    assert [(row["team_id"], row["capacity_cost"], row["status"]) for row in rows(bucket)] == [
        ("(idle)", "9", "PRICED"),
        ("ads", "9", "PRICED"),
        ("search", "18", "PRICED"),
    ]
    assert sum(Decimal(row["total_cost"]) for row in rows(bucket)) == 36


def test_the_manifest_says_that_every_hour_was_sampled() -> None:
    manifest = reported(sampled_bucket(*range(24)))

    assert (manifest["capacity_hours_missing"], manifest["capacity_unpriced"]) == (0, 0)
    assert len(manifest["capacity_sha256"]) == 64


def test_hours_without_a_sample_are_counted_and_their_rows_incomplete() -> None:
    bucket = sampled_bucket(*range(22))

    manifest = reported(bucket)

    assert manifest["capacity_hours_missing"] == 2
    assert {row["status"] for row in rows(bucket)} == {"INCOMPLETE"}
    assert sum(Decimal(row["total_cost"]) for row in rows(bucket)) == 33


def test_an_instance_without_a_price_is_counted_and_so_are_its_calls() -> None:
    bucket = sampled_bucket(*range(24), sample=replace(CHAT, sku="ml.new.xlarge"))

    manifest = reported(bucket)

    assert (manifest["capacity_unpriced"], manifest["unpriced"]) == (1, 2)
    assert {(row["status"], row["total_cost"]) for row in rows(bucket)} == {("UNPRICED", "")}


def test_the_price_rows_of_the_day_hold_those_of_its_hours() -> None:
    bucket = sampled_bucket(*range(24))

    reported(bucket)

    assert bucket.files[reported_day.price_rows_key(DAY)].decode() == PRICES


def test_the_day_rated_again_reads_the_same_samples_and_is_the_same_bytes() -> None:
    bucket = sampled_bucket(*range(22))
    reported(bucket)
    before = bucket.reports

    rerate(DAY, s3=bucket, settings=SETTINGS, book=BOOK)

    assert bucket.reports == before


def test_the_day_rated_again_at_another_price_restates_every_share() -> None:
    bucket = sampled_bucket(*range(24))
    reported(bucket)

    rerate(DAY, s3=bucket, settings=SETTINGS, book=PriceBook.read(PRICES.replace(",1.5,", ",3,")))

    assert [row["capacity_cost"] for row in rows(bucket)] == ["18", "18", "36"]


def test_samples_that_are_not_those_of_the_manifest_are_not_rated() -> None:
    bucket = sampled_bucket(*range(24))
    reported(bucket)
    del bucket.files[hour_key(DAY, 3)]

    with pytest.raises(CannotRerate, match="samples of 2026-11-23 are not those"):
        rerate(DAY, s3=bucket, settings=SETTINGS, book=BOOK)


def test_a_day_from_before_there_were_samples_can_be_rated_again() -> None:
    bucket = Bucket()
    manifest = reported(bucket)
    older = {name: v for name, v in manifest.items() if not name.startswith("capacity_")}
    bucket.files[reported_day.manifest_key(DAY)] = json.dumps(older).encode()

    rerate(DAY, s3=bucket, settings=SETTINGS, book=BOOK)

    assert manifest_of(bucket)["capacity_hours_missing"] == 24
    assert {row["status"] for row in rows(bucket)} == {"UNPRICED"}


def test_samples_that_cannot_be_read_stop_the_report_before_it_writes() -> None:
    bucket = Bucket(files={hour_key(DAY, 8): b"not a sample"})

    with pytest.raises(ValueError, match=r"hour=08\.csv"):
        reported(bucket)

    assert list(bucket.reports) == [hour_key(DAY, 8)]
