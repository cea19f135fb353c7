"""Re-rating a day: its kept counts, at the prices that the book now has for that day."""

import hashlib
import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from kept_files import Bucket
from reported_days import BOOK, DAY, PAIR, PRICES, SETTINGS, manifest_of, quiet_day, report
from scripted_logs import IDENTITY, ScriptedLogs, call, scripted_day, total

from chalicelib.metering.usage import COUNTERS, Usage
from chalicelib.pricing import price_file
from chalicelib.pricing.count_line import CountLine
from chalicelib.pricing.price_book import PriceBook, PriceBookError
from chalicelib.reporting import reported_day
from chalicelib.reporting.csv_writer import read_counts, write_counts
from chalicelib.reporting.kept_counts import CannotRerate
from chalicelib.reporting.rated import rated
from chalicelib.reporting.rerating import Restatement, rerate

DEARER = PriceBook.read(PRICES.replace("6E-8", "7E-8"))
ORPHAN_AND_UNANNOUNCED = {"n_started": 1, "n_usage": 1, "input_tokens": 30}


def reported(logs: ScriptedLogs, day: date = DAY, book: PriceBook = BOOK) -> Bucket:
    bucket = Bucket()
    report(logs, bucket, book=book, day=day)
    return bucket


def again(bucket: Bucket, book: PriceBook = BOOK, day: date = DAY, **settings: Any) -> Restatement:
    return rerate(day, s3=bucket, settings=replace(SETTINGS, **settings), book=book)


def test_the_same_counts_and_prices_make_the_same_bytes_of_every_file() -> None:
    bucket = reported(quiet_day())
    before = bucket.reports

    again(bucket)

    assert bucket.reports == before


def test_a_mended_price_restates_the_day_and_nothing_but_its_prices() -> None:
    bucket = reported(quiet_day())
    before = manifest_of(bucket)

    again(bucket, DEARER)

    assert (
        b",0.0000021,0.000012,0,0,0,0,0.0000141,USD,PRICED,"
        in bucket.files[reported_day.costs_key(DAY)]
    )
    after = manifest_of(bucket)
    assert {name for name in after if after[name] != before[name]} == {
        "price_book_sha256",
        "csv_sha256",
        "price_rows_sha256",
        "files",
        "restated",
    }


def test_a_restatement_holds_both_reports_so_that_it_can_be_explained() -> None:
    bucket = reported(quiet_day())
    costs, rows = (
        bucket.files[reported_day.costs_key(DAY)],
        bucket.files[reported_day.price_rows_key(DAY)],
    )

    restatement = again(bucket, DEARER)

    assert (restatement.costs_before, restatement.price_rows_before) == (costs, rows)
    assert restatement.costs_after == bucket.files[reported_day.costs_key(DAY)]
    assert restatement.manifest.price_book_sha256 == DEARER.sha256


def test_a_price_that_was_missing_is_no_longer_counted_as_unpriced() -> None:
    bucket = reported(quiet_day(), book=PriceBook.read(PRICES.splitlines()[0]))

    before = manifest_of(bucket)["unpriced"]
    again(bucket)

    assert (before, manifest_of(bucket)["unpriced"]) == (1, 0)


def test_orphans_survive_even_where_an_unannounced_call_of_the_row_hides_them() -> None:
    pairs = [call(1, 0, request_id="r7"), call(0, 1, call_id="c2")]
    bucket = reported(scripted_day([total(2, ORPHAN_AND_UNANNOUNCED)], pairs))
    before = bucket.reports

    again(bucket)

    assert b",INCOMPLETE," in before[reported_day.costs_key(DAY)]
    assert bucket.reports == before


def test_an_orphan_without_any_ended_call_keeps_its_row() -> None:
    bucket = reported(scripted_day([total(1, {"n_started": 1})], [call(1, 0)]))
    before = bucket.reports

    again(bucket, DEARER)

    assert bucket.files[reported_day.costs_key(DAY)] == before[reported_day.costs_key(DAY)]
    assert manifest_of(bucket)["orphaned_rows"] == [
        {
            "team_id": "search",
            "service": "bedrock",
            "model_id": "amazon.nova-lite-v1:0",
            "calls": 1,
        }
    ]


@pytest.mark.parametrize(("day", "total_cost"), [(22, "0.0000018"), (23, "0.0000027")])
def test_a_price_that_changes_on_a_date_rates_each_day_by_its_own(
    day: int, total_cost: str
) -> None:
    header, row, _ = PRICES.splitlines()
    until = row.replace("2026-01-01,,", "2026-01-01,2026-11-22,")
    since = row.replace("6E-8,2026-01-01", "9E-8,2026-11-23")
    book = PriceBook.read("\n".join((header, until, since)))
    the_day, logs = date(2026, 11, day), scripted_day([total(2, {**PAIR, "output_tokens": 0})])
    bucket = reported(logs, the_day, BOOK)

    again(bucket, book, the_day)

    assert f",{total_cost},USD,PRICED," in bucket.files[reported_day.costs_key(the_day)].decode()


def test_the_operators_own_prices_apply_to_a_past_day_too() -> None:
    bucket = reported(quiet_day())
    bucket.files["ours.csv"] = PRICES.replace("6E-8", "5E-8").encode()

    again(bucket, prices_override="ours.csv")

    assert b",0.0000135,USD,PRICED," in bucket.files[reported_day.costs_key(DAY)]


def test_a_bad_override_changes_nothing() -> None:
    bucket = reported(quiet_day())
    bucket.files["ours.csv"] = PRICES.replace("6E-8", "six").encode()
    before = bucket.reports

    with pytest.raises(PriceBookError, match=r"^ours\.csv:2: "):
        again(bucket, prices_override="ours.csv")

    assert bucket.reports == before


def test_counts_that_are_not_those_of_the_manifest_are_refused() -> None:
    bucket = reported(quiet_day())
    bucket.files[reported_day.counts_key(DAY)] = bucket.files[reported_day.counts_key(DAY)].replace(
        b",30,", b",3,"
    )
    before = bucket.reports

    with pytest.raises(CannotRerate, match="not those of its manifest: report it again"):
        again(bucket, DEARER)

    assert bucket.reports == before


def test_a_day_that_was_never_reported_cannot_be_rated_again() -> None:
    with pytest.raises(CannotRerate, match="2026-11-23 was not reported"):
        again(Bucket())


def test_a_manifest_that_says_what_this_version_does_not_know_is_refused() -> None:
    bucket = reported(quiet_day())
    bucket.files[reported_day.manifest_key(DAY)] = json.dumps(
        manifest_of(bucket) | {"new": 1}
    ).encode()

    with pytest.raises(ValueError, match="not a manifest that can be read"):
        again(bucket)


def test_a_re_rating_that_breaks_off_is_told_by_its_hashes_and_mended_by_the_next() -> None:
    bucket = reported(quiet_day())
    bucket.fails_to_put = reported_day.manifest_key(DAY)
    with pytest.raises(ClientError, match="SlowDown"):
        again(bucket, DEARER)

    bucket.fails_to_put = ""
    restatement = again(bucket, DEARER)

    assert manifest_of(bucket)["csv_sha256"] == hashlib.sha256(restatement.costs_after).hexdigest()


def test_a_bucket_that_fails_is_not_taken_for_one_without_the_report() -> None:
    with pytest.raises(ClientError, match="SlowDown"):
        again(Bucket(fails_at=reported_day.manifest_key(DAY)))


LINE = CountLine(**IDENTITY)
counts = st.integers(0, 10**9)
lines = st.builds(
    replace,
    st.just(LINE),
    team_id=st.sampled_from(["ads", "search"]),
    base_model=st.sampled_from(["amazon.nova-lite-v1:0", "mystery"]),
    usage_source=st.sampled_from(["header", "partial", "none", "deferred"]),
    n_started=counts,
    n_usage=counts,
    usage=st.builds(Usage, *[counts] * len(COUNTERS)),
)
orphans = st.dictionaries(
    st.tuples(st.sampled_from(["ads", "search"]), st.just("bedrock"), st.just("m")),
    st.integers(1, 9),
)


@given(st.lists(lines, max_size=4), orphans)
def test_rating_kept_counts_again_and_again_changes_nothing(
    day_lines: list[CountLine], orphaned: dict[tuple[str, str, str], int]
) -> None:
    first = rated(DAY, day_lines, orphaned, BOOK)
    kept = write_counts(day_lines)

    again = rated(DAY, read_counts(kept), orphaned, BOOK)
    assert again.costs == first.costs
    assert (again.prices, again.unpriced) == (first.prices, first.unpriced)


@given(st.lists(lines, max_size=4))
def test_the_price_rows_that_are_kept_rate_the_day_to_the_same_costs(
    day_lines: list[CountLine],
) -> None:
    first = rated(DAY, day_lines, {}, BOOK)

    kept = PriceBook.read(price_file.write(first.prices))
    assert rated(DAY, day_lines, {}, kept).costs == first.costs


def test_the_price_rows_that_are_kept_tell_of_tokens_that_nobody_counted() -> None:
    key = "chat,us-east-1,none,endpoint,default,none"
    rows = (
        f"{key},{unit},1E-6,2026-01-01,,test,2026-11-01" for unit in ("request", "input_tokens")
    )
    book = PriceBook.read("\n".join((PRICES.splitlines()[0], *rows)))
    silent = replace(
        LINE, base_model="chat", basis="endpoint", usage_source="clock", n_started=1, n_usage=1
    )
    first = rated(DAY, [silent], {}, book)

    again = rated(DAY, [silent], {}, PriceBook.read(price_file.write(first.prices)))

    assert ([line.status for line in first.costs], first.unpriced) == (["PARTLY_PRICED"], 1)
    assert (again.costs, again.prices) == (first.costs, first.prices)
