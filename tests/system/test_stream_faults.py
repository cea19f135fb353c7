"""Streams broken in every way there is, a few of each run of the tests; `make stream-faults`: all.

Another seed each time; SEED=… draws that one again.
"""

import os
import secrets
import sys

import pytest

from local.stream_faults.result import Result
from local.stream_faults.run import SMALL, run

pytestmark = pytest.mark.system

SEED = int(os.environ.get("SEED") or secrets.randbelow(10**6))


@pytest.fixture(scope="module")
def result() -> Result:
    return run(SEED, SMALL)


def test_both_ledgers_are_one(result, capsys):
    with capsys.disabled():
        sys.stdout.write(f"\nseed {SEED}: {result.proof.lines()[-1]}\n")

    assert result.proof.mismatches == ()


def test_every_stream_came_to_an_end_that_it_may_have_and_none_was_called_twice(result):
    assert result.problems == []


def test_no_job_is_left(result):
    assert result.left == []


def test_processes_were_killed_and_streams_were_read(result):
    assert result.killed > 0
    assert any(read.whole for read in result.evidence.reads)
