"""Every fault of Logs Insights, at every call of a job that asks it: the right files, or none.

Never wrong ones. A day read whole is struck by each fault at each call; of longer jobs each fault
strikes calls spread over all of them, other ones than the fault before it. `make report-faults`
strikes every call of every job.
"""

from collections.abc import Iterable
from dataclasses import replace
from itertools import chain, islice

import pytest
from every_fault import BUSY, Bench, Verdict
from struck_jobs import JOBS
from struck_stage import SLICED, TRICKLE

from local.insights.engine import Rendering
from local.insights.faults import Broken, Does, Fault, Page, Refusal

ONE_IN = {
    "a day read in slices": 37,
    "a day that another run began": 53,
    "a day of a closed month": 11,
    "the nights' four days": 11,
    "late records of older days": 11,
    "the closing of a month": 211,
}
"""Of so many faults at calls one is tried; primes, so that no fault has the calls of another."""

PAIRS = 7
BENCHES = {name: Bench(job) for name, job in JOBS.items()}
OF_A_DAY = ["a day read whole", "a day read in slices", "a day of a closed month"]


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest) -> Bench:
    return BENCHES[request.param]


def wrong(bench: Bench, strikes: Iterable[tuple[Fault, ...]]) -> list[tuple[Fault, ...]]:
    return [faults for faults in strikes if bench.verdict(*faults) is Verdict.WRONG]


def texts(name: str) -> list[str]:
    calls = BENCHES[name].undisturbed.logs.calls
    return [asked["queryString"] for operation, asked in calls if operation == "StartQuery"]


@pytest.mark.parametrize("name", OF_A_DAY[:2])
def test_the_day_has_something_of_everything_that_a_report_reads(name: str) -> None:
    marks = ("by instance", "as starts", "call_id in", "usage_source in", "counted_as =")

    assert [mark for mark in marks if not any(mark in text for text in texts(name))] == []
    assert any("nextToken" in asked for _, asked in BENCHES[name].undisturbed.logs.calls)


def test_a_sliced_day_is_read_in_slices_of_slices() -> None:
    deepest = max(text.count("filter call_id like") for text in texts("a day read in slices"))

    assert deepest > 2
    assert any("by team_id | limit" in text for text in texts("a day read in slices"))
    assert all(f"limit {SLICED}" in text for text in texts("a day read in slices"))


def test_every_job_asks_and_all_but_one_that_finds_nothing_new_do_something() -> None:
    same = [name for name, bench in BENCHES.items() if bench.before == bench.right]
    assert same == ["a day that has no other records"]
    assert [name for name, bench in BENCHES.items() if not bench.calls["StartQuery"]] == []


def test_a_fault_at_a_call_ends_in_the_right_files_or_in_none_and_an_alarm(bench: Bench) -> None:
    faults = islice(bench.faults(), 0, None, ONE_IN.get(bench.job.name, 1))

    assert wrong(bench, ((fault,) for fault in faults)) == []


def test_two_faults_end_in_the_right_files_or_in_none_and_an_alarm(bench: Bench) -> None:
    assert wrong(bench, bench.pairs(PAIRS, seed=7)) == []


@pytest.mark.parametrize(
    ("operation", "does"),
    [
        *(("StartQuery", Refusal(code)) for code in BUSY),
        *(("StartQuery", broken) for broken in Broken),
        ("StartQuery", replace(TRICKLE, scheduled_polls=3, running_polls=5)),
        *(("StartQuery", replace(TRICKLE, rendering=rendering)) for rendering in Rendering),
        *(("GetQueryResults", Refusal(code)) for code in BUSY),
        *(("GetQueryResults", broken) for broken in Broken),
        ("GetQueryResults", Page.EMPTY),
    ],
    ids=str,
)
def test_what_passes_by_itself_ends_in_the_right_report(operation: str, does: Does) -> None:
    bench = BENCHES["a day read whole"]

    verdicts = {bench.verdict(Fault(operation, does, nth)) for nth in (1, 3, 6)}

    assert verdicts == {Verdict.RIGHT}


@pytest.mark.parametrize(
    ("operation", "does"),
    [
        ("StartQuery", Refusal("AccessDeniedException")),
        *(("StartQuery", replace(TRICKLE, ends=end)) for end in ("Failed", "Cancelled", "Unknown")),
        ("StartQuery", replace(TRICKLE, silent=True)),
        *(("GetQueryResults", page) for page in (Page.FAILED, Page.SHORT)),
    ],
    ids=str,
)
def test_what_nobody_can_mend_ends_in_no_report_and_an_alarm(operation: str, does: Does) -> None:
    bench = BENCHES["a day read whole"]

    assert {bench.verdict(Fault(operation, does, nth)) for nth in (1, 3)} == {Verdict.NONE}


@pytest.mark.parametrize(
    ("name", "one_in"), [(OF_A_DAY[0], 3), (OF_A_DAY[1], 131), (OF_A_DAY[2], 7)]
)
def test_a_record_that_comes_between_two_queries_is_in_all_of_the_report_or_in_none_of_it(
    name: str, one_in: int
) -> None:
    bench = BENCHES[name]
    arrivals = chain.from_iterable(map(bench.arriving, bench.job.begun.events))

    verdicts = {bench.verdict(behaviour=each) for each in islice(arrivals, 0, None, one_in)}

    assert Verdict.RIGHT in verdicts
    assert Verdict.WRONG not in verdicts


@pytest.mark.parametrize(
    ("name", "one_in"), [(OF_A_DAY[0], 3), (OF_A_DAY[1], 131), (OF_A_DAY[2], 7)]
)
def test_a_record_that_one_query_overlooks_is_in_the_report_or_counts_as_lost(
    name: str, one_in: int
) -> None:
    bench = BENCHES[name]
    blind = chain.from_iterable(map(bench.overlooked, bench.job.begun.events))

    verdicts = {bench.verdict(fault) for fault in islice(blind, 0, None, one_in)}

    assert verdicts <= {Verdict.RIGHT, Verdict.LOUD}


def test_a_query_that_cannot_be_stopped_hides_nothing_of_what_went_wrong() -> None:
    refused = Fault("StopQuery", Refusal("ServiceUnavailableException"))

    verdict = BENCHES["a day read whole"].verdict(
        Fault("StartQuery", replace(TRICKLE, ends="Failed"), 1), refused
    )

    assert verdict is Verdict.NONE
