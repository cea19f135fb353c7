"""`ops capacity`: formulas held to the code, and a page that shows what is printed."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from builders import provider_call

from chalicelib.metering.usage import Usage
from chalicelib.settings import Settings
from chalicelib.usage_record import Outcome, record_line
from ops import __main__ as command_line
from ops.sizing import costs, limits, load, page
from ops.sizing.costs import standing
from ops.sizing.limits import LIMITS, by_rate
from ops.sizing.load import Load
from ops.sizing.report import scans

ROOT = Path(__file__).parents[3]
WHOLE = Load(Decimal(100), Decimal(5), 1000, 500)
SMALL = replace(WHOLE, requests=Decimal("0.4"))
README_ROWS = {
    "API Gateway": ("API Gateway",),
    "Lambda": ("Lambda (arm64)",),
    "usage records and other logs": ("usage records", "other logs"),
    "the daily report's queries": ("daily report",),
    "DynamoDB, data out": ("DynamoDB", "data out"),
    "metrics of calls": ("metrics",),
    "alarms, dashboard and what else stands without traffic": ("standing",),
}
LIVE = replace(WHOLE, live_share=Decimal(1))
QUEUED = replace(WHOLE, queued_share=Decimal(1))


def limit(name: str) -> limits.Limit:
    (found,) = (each for each in LIMITS if each.name.startswith(name))
    return found


# What a load needs


def test_what_runs_at_once_is_the_rate_times_the_time_of_each() -> None:
    assert WHOLE.processes == 100 * (5 + load.OWN_SECONDS)


def test_a_queued_stream_holds_a_worker_and_whoever_polls_for_it() -> None:
    assert QUEUED.workers_busy == 100 * (5 + load.OWN_SECONDS)
    assert QUEUED.processes > 2 * WHOLE.processes - 1


def test_a_long_poll_is_a_request_for_every_twenty_seconds_begun() -> None:
    assert QUEUED.api_requests == 200
    assert replace(QUEUED, latency=Decimal(41)).api_requests == 400


def test_a_call_is_recorded_twice_however_it_is_answered() -> None:
    assert [each.record_writes for each in (WHOLE, LIVE, QUEUED)] == [200, 200, 200]


def test_a_whole_answer_writes_nothing_to_the_table_of_streams() -> None:
    assert (WHOLE.stream_writes, WHOLE.stream_reads, WHOLE.lease_writes) == (0, 0, 0)


def test_a_live_stream_writes_every_half_second_its_job_and_its_lease() -> None:
    a_stream = 5 * 2 + 1 + load.JOB_UNITS["live"] + Decimal(5) / 20 * load.RENEWAL_UNITS
    assert LIVE.stream_writes == 100 * a_stream


def test_many_tokens_take_more_than_a_unit_a_flush() -> None:
    fast = replace(LIVE, output_tokens=5000)
    assert fast.stream_writes - LIVE.stream_writes == 100 * (5000 / load.CHUNK_TOKENS - 11)


def test_a_process_asks_for_no_more_keys_than_it_has_calls() -> None:
    many, slow = replace(WHOLE, keys=1000), replace(WHOLE, latency=Decimal(120))
    assert many.tenant_reads == WHOLE.processes * (1 + 2 * 12) / 60
    assert slow.tenant_reads == slow.requests * (1 + 2)


def test_tokens_a_minute_are_what_goes_in_and_what_comes_out() -> None:
    assert WHOLE.tokens_a_minute == 100 * 60 * 1500


@pytest.mark.parametrize(
    "wrong",
    [
        {"requests": Decimal(0)},
        {"latency": Decimal(-1)},
        {"keys": 0},
        {"live_share": Decimal("0.6"), "queued_share": Decimal("0.5")},
        {"live_share": Decimal("-0.1")},
    ],
)
def test_a_load_that_cannot_be_is_refused(wrong) -> None:
    with pytest.raises(ValueError):
        replace(WHOLE, **wrong)


# The numbers are the code's


def test_the_workers_are_as_many_as_the_app_lets_run() -> None:
    app = (ROOT / "app.py").read_text(encoding="utf-8")
    assert re.findall(r"maximum_concurrency=(\d+)", app) == [str(limits.WORKERS)]


def test_keys_are_kept_as_long_as_the_settings_say() -> None:
    assert Settings("us-east-1", "t", "r", "p").key_cache_seconds == load.KEY_CACHE_SECONDS


def test_a_record_has_about_the_size_that_is_reckoned() -> None:
    call = provider_call(call_id="0" * 32, request_id="c6af9ac6-7b61-11e6-9a41-93e8deadbeef")
    used = Outcome("usage", Usage(input_tokens=1000, output_tokens=500), "header", latency_ms=5000)
    at = datetime(2026, 11, 23, tzinfo=UTC)
    sizes = [
        len(record_line(call, outcome, at=at, instance="0" * 16, seq=100)) + 26
        for outcome in (None, used)
    ]
    assert all(0.9 < size / load.RECORD_BYTES < 1.1 for size in sizes)


def test_the_metrics_that_cost_all_the_time_are_those_of_the_sweeps() -> None:
    sweeps = [ROOT / "chalicelib" / each / "sweep.py" for each in ("async_jobs", "streams")]
    names = [re.findall(r"^ +(\w+)=swept\.", p.read_text("utf-8"), re.MULTILINE) for p in sweeps]
    assert sum(map(len, names)) == costs.SWEPT_METRICS


# Where it ends


def test_a_limit_holds_to_the_same_rate_whatever_rate_is_asked_for() -> None:
    ten_times = replace(WHOLE, requests=WHOLE.requests * 10)
    for each in LIMITS:
        assert each.holds_to(ten_times) == each.holds_to(WHOLE)


def test_the_first_limit_is_the_one_that_is_met_first() -> None:
    rates = [rate for rate, _ in by_rate(replace(LIVE, queued_share=Decimal(0)))]
    assert rates == sorted(rates)


def test_lambda_holds_to_as_many_as_fit_into_a_thousand_processes() -> None:
    assert limit("Lambda").holds_to(WHOLE) == 1000 / (5 + load.OWN_SECONDS)


def test_what_a_load_does_not_use_is_no_limit_of_it() -> None:
    assert limit("workers").holds_to(WHOLE) is None
    assert limit("workers") not in [each for _, each in by_rate(WHOLE)]


def test_every_limit_names_its_source_and_what_to_change() -> None:
    for each in LIMITS:
        assert each.source
        assert each.change


@pytest.mark.parametrize(("more", "whole"), [(0, True), (200_000, False)])
def test_the_report_s_limit_is_how_many_records_it_can_read(more, whole) -> None:
    assert scans(limits.REPORTED_RECORDS + more).whole == whole
    assert round(limit("records").holds_to(WHOLE) * 2 * 86_400) == limits.REPORTED_RECORDS


def test_a_day_that_is_busy_half_the_time_has_half_the_records() -> None:
    half = replace(WHOLE, busy=Decimal("0.5"))
    assert half.records_a_day == WHOLE.records_a_day / 2
    assert limit("records").need(half) == limit("records").need(WHOLE) / 2


# What it costs


def test_a_day_whose_answers_fit_is_asked_three_questions_and_then_counted_on_three_nights() -> (
    None
):
    assert scans(60_000).queries == 3 + 2 * 3 + 2


def test_more_records_than_an_answer_has_are_scanned_again_for_each_slice() -> None:
    fit, double, many = (scans(n) for n in (99_999, 200_000, 2_000_000))
    assert fit.days < double.days < many.days
    assert many.queries > 3 * double.queries


def test_a_price_falls_for_what_is_beyond_its_tier() -> None:
    assert costs.priced(Decimal("333e6"), costs.API_REQUEST) == Decimal("1165.5")
    assert costs.priced(Decimal("433e6"), costs.API_REQUEST) == Decimal("1445.5")


def test_a_million_whole_calls_cost_what_is_reckoned_by_hand() -> None:
    a_month = Decimal(1_000_000) / costs.MONTH_SECONDS
    lines = costs.costs(Load(a_month, Decimal(2), 200, 200))
    usd = {line.name: line.usd.quantize(Decimal("0.01")) for line in lines}
    assert usd["API Gateway"] == Decimal("3.50")
    by_hand = Decimal("2.05") * Decimal("13.3334") + Decimal("0.20")
    assert usd["Lambda (arm64)"] == by_hand.quantize(Decimal("0.01"))
    assert usd["usage records"] == Decimal("1.40")  # 2.5 GB × (0.50 + kept 0.06)
    read = 2 * Decimal("1.09") + Decimal("1.02")  # days of log: by totals and pairs, and for gaps
    counted = Decimal("2.09") + Decimal("3.09") + Decimal("4.09") + 3 * Decimal("1.02")
    by_hand = Decimal("2.5") * (read + counted + 2 * 15) * costs.INSIGHTS_GB
    assert abs(usd["daily report"] - by_hand) < Decimal("0.01")
    assert "SQS" not in usd


def test_what_is_busy_a_quarter_of_the_time_costs_a_quarter_but_for_what_stands() -> None:
    whole, quarter = (
        sum(
            line.usd
            for line in costs.costs(replace(SMALL, busy=Decimal(busy)))
            if line.name not in ("metrics", "standing")
        )
        for busy in ("1", "0.25")
    )
    assert abs(quarter / whole - Decimal("0.25")) < Decimal("0.01")  # some prices fall


def test_what_stands_costs_a_few_dollars() -> None:
    assert 3 < standing().usd < 8


# The command, and the page


def test_the_page_shows_what_is_printed() -> None:
    shown = page.PAGE.read_text(encoding="utf-8")
    assert shown == page.rendered(shown), "run python -m ops.sizing.page, and read what changed"
    assert shown.count("US dollars a month, list price") == 4
    assert max(map(len, shown.splitlines())) <= 100


def test_what_is_over_is_told_with_what_to_change(capsys) -> None:
    asked = "capacity --requests-per-second 400 --latency 5 --input-tokens 1 --output-tokens 1"
    assert command_line.main(asked.split()) == 0
    out = capsys.readouterr().out
    assert "breaks, at 198 requests a second: Lambda, running at once\n  -> ask for more" in out
    assert "breaks first" not in out


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        (("--busy", "0"), "--busy is more than 0"),
        (("--streamed-share", "2"), "the shares of live and queued streams"),
    ],
)
def test_what_cannot_be_is_one_line_on_stderr_and_status_1(capsys, option, sentence) -> None:
    asked = "capacity --requests-per-second 4 --latency 5 --input-tokens 1 --output-tokens 1"
    assert command_line.main([*asked.split(), *option]) == 1
    assert capsys.readouterr().err.startswith(f"error: {sentence}")


def test_a_rate_that_is_no_number_is_a_usage_error() -> None:
    with pytest.raises(SystemExit) as left:
        command_line.main(["capacity", "--requests-per-second", "many"])
    assert left.value.code == 2


# The README's table


def test_the_readme_s_costs_are_those_of_a_million_calls() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^\| ([^|*]+) \| ([\d.]+) \|$", readme, re.MULTILINE))
    a_month = Load(Decimal("0.3805"), Decimal(2), 200, 200)
    usd = {line.name: line.usd for line in costs.costs(a_month)}
    reckoned = {row: sum(usd[name] for name in names) for row, names in README_ROWS.items()}
    assert shown == {row: f"{amount:.2f}" for row, amount in reckoned.items()}
    assert f"**about {sum(usd.values()):.0f}**" in readme
