"""Every call that is not whole is listed with its ids, once for each thing that is wrong."""

from datetime import UTC, date, datetime

from kept_files import Bucket
from reported_days import quiet_day, report
from scripted_logs import Row, ScriptedLogs, call, record, scripted_day, total, unsure_call

from chalicelib.reporting.exception_files import exceptions_key
from chalicelib.reporting.exceptions import ExceptionRow
from chalicelib.reporting.insights import Insights, Patience
from chalicelib.reporting.usage_query import read_day

DAY = date(2026, 11, 23)
WHOSE = ("search", "bedrock", "amazon.nova-lite-v1:0")
AT = "2026-11-23T08:54:35.123Z"


def listed(logs: ScriptedLogs) -> tuple[ExceptionRow, ...]:
    patience = Patience(lambda: 900_000, lambda seconds: None)
    now = datetime(2026, 11, 24, 2, 15, tzinfo=UTC)
    return read_day(Insights(logs, ["usage"], patience), DAY, now).exceptions


def test_an_orphan_is_listed_with_the_time_of_its_record() -> None:
    pairs = [call(1, 0, call_id="c2", request_id="r2", time=AT)]

    rows = listed(scripted_day([total(1, {"n_started": 1})], pairs))

    assert rows == (ExceptionRow("orphaned", "r2", "c2", *WHOSE, AT),)


def test_a_call_that_nothing_announced_is_listed() -> None:
    rows = listed(scripted_day([total(1, {"n_usage": 1})], [call(0, 1, time=AT)]))

    assert rows == (ExceptionRow("unannounced", "r1", "c1", *WHOSE, AT),)


def test_a_call_that_was_recorded_twice_is_listed_as_that_alone() -> None:
    copies = [record(f"c1-{n}", {kind: 1}) for n, kind in (("s", "n_started"), ("e", "n_usage"))]
    totals = [total(3, {"n_started": 1, "n_usage": 2})]

    rows = listed(scripted_day(totals, [call(1, 2)], repeated=[*copies, copies[-1]]))

    assert [row.kind for row in rows] == ["duplicated"]


def test_partial_and_unknown_calls_are_listed() -> None:
    pairs = [{"n_started": 1}, {"n_usage": 1}, {"n_started": 1}, {"n_usage": 1}]
    sources = ["none", "partial", "none", "none"]
    totals: list[Row] = [
        total(1, counts, usage_source=source, tier=f"t{n}")
        for n, (counts, source) in enumerate(zip(pairs, sources, strict=True))
    ]
    unsure = [unsure_call("partial", time=AT), unsure_call("none", request_id="r2", time=AT)]

    rows = listed(scripted_day(totals, unsure=unsure))

    assert [(row.kind, row.request_id, row.time) for row in rows] == [
        ("partial", "r1", AT),
        ("unknown", "r2", AT),
    ]


def test_forged_ids_are_listed_in_cells_that_nothing_misreads() -> None:
    forged = {"call_id": "=c,1", "request_id": 'a"b', "team_id": "Mallory", "time": "\n"}

    (row,) = listed(
        scripted_day([total(1, {"n_usage": 1}, team_id="Mallory")], [call(0, 1, **forged)])
    )

    assert (row.request_id, row.call_id, row.time) == ("a%22b", "%3Dc%2C1", "%0A")


def test_a_whole_day_has_no_exceptions() -> None:
    assert listed(scripted_day([total(2, {"n_started": 1, "n_usage": 1})])) == ()


def test_a_day_without_exceptions_has_a_file_with_its_header_alone() -> None:
    bucket = Bucket()

    report(quiet_day(), bucket)

    assert bucket.files[exceptions_key(DAY)] == (
        b"kind,request_id,call_id,team_id,service,model_id,time\n"
    )
