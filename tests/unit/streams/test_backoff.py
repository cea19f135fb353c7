import pytest

from chalicelib.aws_json import AwsFault
from chalicelib.streams.backoff import LONGEST_PAUSE, insist, pause


class Away:
    """An operation that fails so many times. Its clock is moved by pauses alone."""

    def __init__(self, failures, code="ThrottlingException") -> None:
        self.failures = failures
        self.code = code
        self.calls = 0
        self.now = 0.0

    def __call__(self):
        self.calls += 1
        if self.calls <= self.failures:
            raise AwsFault(self.code)
        return "done"

    def sleep(self, seconds):
        self.now += seconds

    def insisted(self, seconds):
        return insist(self, seconds, lambda: self.now, self.sleep)


def test_what_is_throttled_is_asked_again_until_it_is_done() -> None:
    away = Away(failures=5)
    assert away.insisted(10.0) == "done"
    assert away.calls == 6


def test_nobody_waits_longer_than_they_can() -> None:
    away = Away(failures=100)
    with pytest.raises(AwsFault):
        away.insisted(10.0)
    assert 8.0 <= away.now <= 10.0


def test_who_cannot_wait_has_asked_once() -> None:
    away = Away(failures=100)
    with pytest.raises(AwsFault):
        away.insisted(0.0)
    assert (away.calls, away.now) == (1, 0.0)


def test_what_is_refused_for_good_is_not_asked_again() -> None:
    away = Away(failures=100, code="ValidationException")
    with pytest.raises(AwsFault):
        away.insisted(10.0)
    assert away.calls == 1


def test_pauses_grow_to_a_longest_one_and_differ_by_chance() -> None:
    assert [pause(n, lambda: 1.0) for n in (1, 2, 3)] == [0.05, 0.1, 0.2]
    assert [pause(n, lambda: 0.0) for n in (1, 2, 3)] == [0.025, 0.05, 0.1]
    assert pause(1_000, lambda: 1.0) == LONGEST_PAUSE
