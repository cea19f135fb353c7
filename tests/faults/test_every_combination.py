"""Every fault of Logs Insights at every call of every job that asks it, and pairs of them.

`make report-faults` runs this and prints how many there were of each verdict; a part of it that is
spread over all calls is in tests/unit/reporting/test_every_fault.py.
"""

import sys
from collections import Counter
from itertools import chain

import pytest
from every_fault import Bench, Verdict
from struck_jobs import JOBS, report

pytestmark = pytest.mark.faults

PAIRS = 1_000
OF_A_DAY = [name for name, job in JOBS.items() if job.do is report]


def told(what: str, verdicts: Counter[Verdict]) -> set[Verdict]:
    figures = ", ".join(f"{count:,} {verdict.value}" for verdict, count in verdicts.items())
    sys.stdout.write(f"\n{what}: {verdicts.total():,}: {figures}\n")
    return set(verdicts)


@pytest.mark.parametrize("name", JOBS)
def test_a_fault_at_a_call_ends_in_the_right_files_or_in_none_and_an_alarm(name: str) -> None:
    bench = Bench(JOBS[name])

    verdicts = Counter(map(bench.verdict, bench.faults()))

    assert told(f"{name}, a fault at a call", verdicts) <= {Verdict.RIGHT, Verdict.NONE}


@pytest.mark.parametrize("name", JOBS)
def test_two_faults_end_in_the_right_files_or_in_none_and_an_alarm(name: str) -> None:
    bench = Bench(JOBS[name])

    verdicts = Counter(bench.verdict(*pair) for pair in bench.pairs(PAIRS, seed=1))

    assert told(f"{name}, two faults", verdicts) <= {Verdict.RIGHT, Verdict.NONE}


@pytest.mark.parametrize("name", OF_A_DAY)
def test_a_record_that_comes_late_or_is_overlooked_is_never_in_a_part_of_a_report(
    name: str,
) -> None:
    bench = Bench(JOBS[name])
    events = bench.job.begun.events
    arrivals = chain.from_iterable(map(bench.arriving, events))
    blind = chain.from_iterable(map(bench.overlooked, events))

    verdicts = Counter(bench.verdict(behaviour=each) for each in arrivals)
    verdicts += Counter(map(bench.verdict, blind))

    assert Verdict.WRONG not in told(f"{name}, a record seen by some queries", verdicts)


@pytest.mark.parametrize("name", OF_A_DAY)
def test_a_record_that_comes_late_beside_a_fault_is_never_in_a_part_of_a_report(name: str) -> None:
    bench = Bench(JOBS[name])

    found = (bench.verdict(fault, behaviour=late) for fault, late in bench.beside(PAIRS, seed=1))

    assert Verdict.WRONG not in told(f"{name}, a fault and a late record", Counter(found))
