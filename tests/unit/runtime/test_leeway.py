"""For how long the reader of an answer may block its writer."""

import pytest

from chalicelib.runtime_api import Leeway


def leeway(seconds_left: float) -> Leeway:
    """What a reader has who may block for 20 s, of an invocation that has so long to run."""
    return Leeway(20.0, 1_000.0 + seconds_left, clock=lambda: 1_000.0)


@pytest.mark.parametrize(("seconds_left", "expected"), [(900, 20), (80, 20), (75, 15)])
def test_a_reader_may_block_for_as_long_as_he_has_but_not_the_last_minute(
    seconds_left: float, expected: float
) -> None:
    assert leeway(seconds_left).seconds == expected


@pytest.mark.parametrize("seconds_left", [60, 30, -5])
def test_in_the_last_minute_a_reader_blocks_nothing(seconds_left: float) -> None:
    assert 0 < leeway(seconds_left).seconds <= 0.001


def test_what_a_reader_spends_is_spent_for_good() -> None:
    his = leeway(900)
    his.spend(12.0)
    his.spend(7.0)
    assert his.seconds == 1.0
    his.spend(7.0)
    assert 0 < his.seconds <= 0.001


def test_a_write_that_does_not_wait_costs_a_reader_nothing() -> None:
    his = leeway(900)
    his.spend(0.0005)
    assert his.seconds == 20.0


def test_at_the_end_nothing_is_left_that_a_reader_could_block() -> None:
    his = leeway(30)
    his.end()
    assert his.seconds == 20.0
