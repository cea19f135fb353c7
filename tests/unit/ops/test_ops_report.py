"""`ops report`: the nightly report by hand."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from chalicelib import metrics
from chalicelib.reporting import daily
from chalicelib.reporting.insights import IncompleteReport
from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.restating import Outcome
from ops import __main__ as command_line
from ops import report

DAY = date(2026, 11, 22)
WHOLE = Manifest(
    schema=1,
    date="2026-11-22",
    complete=True,
    started=370,
    usage=352,
    failed=18,
    orphaned=0,
    unannounced=0,
    duplicated=0,
    lost=0,
    partial=0,
    unknown=0,
    derived=0,
    deferred=0,
    foreign=0,
    unpriced=3,
    window={},
    queries=(),
    price_book_sha256="",
    counts_sha256="",
    csv_sha256="",
    orphaned_request_ids=(),
    orphaned_rows=(),
    price_rows_sha256="",
)
ENVIRON = {
    "AWS_REGION": "us-east-1",
    "TENANTS_TABLE": "tenants",
    "STREAMS_TABLE": "streams",
    "STREAMS_QUEUE": "streams",
    "REPORTS_BUCKET": "reports",
    "PAYLOADS_BUCKET": "payloads",
    "USAGE_LOG_GROUP": "usage",
}


@pytest.fixture
def nightly(monkeypatch):
    """The nightly run, recorded: what it was called with."""
    calls = []

    def run(day, settings, *, remaining_ms):
        calls.append((day, settings.usage_log_groups, remaining_ms()))
        metrics.emit("prod", Lost=0)
        return Outcome(WHOLE)

    monkeypatch.setattr(daily, "run", run)
    return calls


def test_the_nightly_code_runs_for_that_day_with_time_to_wait(nightly):
    assert command_line.main(["report", "--date", "2026-11-22"], ENVIRON) == 0
    ((day, groups, remaining_ms),) = nightly
    assert (day, groups) == (DAY, ("usage",))
    assert 890_000 < remaining_ms <= 900_000


def test_the_balance_and_the_files_are_printed_and_no_metrics(nightly, capsys):
    command_line.main(["report", "--date", "2026-11-22"], ENVIRON)
    assert capsys.readouterr().out.splitlines() == [
        "balance   370 started + 0 unannounced = 352 usage + 18 failed + 0 orphaned",
        "complete  yes",
        "unpriced  3",
        "costs     s3://reports/costs/date=2026-11-22/costs.csv",
        "counts    s3://reports/counts/date=2026-11-22/counts.csv",
        "prices    s3://reports/prices/date=2026-11-22/prices.csv",
        "manifest  s3://reports/manifests/date=2026-11-22/manifest.json",
    ]


def test_what_is_missing_of_a_day_is_said():
    broken = replace(WHOLE, complete=False, orphaned=1, unknown=2, foreign=4)
    assert "complete  no: 1 orphaned, 2 unknown, 0 lost, 4 foreign" in report.summary(broken)


def test_of_a_day_that_is_not_whole_the_list_of_what_is_missing_is_named(monkeypatch, capsys):
    broken = Outcome(replace(WHOLE, complete=False, orphaned=1))
    monkeypatch.setattr(daily, "run", lambda *_args, **_kwargs: broken)
    command_line.main(["report", "--date", "2026-11-22"], ENVIRON)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "missing   s3://reports/exceptions/date=2026-11-22/exceptions.csv"


@pytest.mark.parametrize(
    "asked",
    [
        ("--date", "2026-11-22", "--out", "page.html"),
        ("--month", "2026-11", "--rerate"),
        ("--month", "2026-11", "--print"),
    ],
)
def test_an_option_of_a_day_is_none_of_a_month_nor_the_other_way_round(asked, capsys):
    assert command_line.main(["report", *asked], ENVIRON) == 1
    assert capsys.readouterr().err.startswith("error: --")


def test_a_report_of_today_is_said_to_be_of_a_day_that_goes_on(nightly, capsys):
    today = datetime.now(UTC).date().isoformat()
    command_line.main(["report", "--date", today], ENVIRON)
    assert "note      the day is not over" in capsys.readouterr().out


def test_a_report_that_is_not_complete_is_an_error(monkeypatch, capsys):
    def run(*_args, **_kwargs):
        raise IncompleteReport("the query of totals is not complete: it ended as Failed")

    monkeypatch.setattr(daily, "run", run)
    assert command_line.main(["report", "--date", "2026-11-22"], ENVIRON) == 1
    assert capsys.readouterr().err == (
        "error: the report of 2026-11-22 was not made:"
        " the query of totals is not complete: it ended as Failed\n"
    )


@pytest.mark.parametrize("text", ["2026-13-01", "yesterday", "22.11.2026", ""])
def test_a_day_that_is_no_date_is_refused(text):
    with pytest.raises(ValueError, match="is not a date YYYY-MM-DD"):
        report.read_day(text, today=DAY)


def test_a_day_that_has_not_begun_is_refused():
    with pytest.raises(ValueError, match=r"2026-11-23 has not begun"):
        report.read_day("2026-11-23", today=DAY)
