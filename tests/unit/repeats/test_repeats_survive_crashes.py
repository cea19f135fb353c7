"""Wherever a process dies or DynamoDB fails, no key is called twice while its call may run or cost.

What can be asked again is answered again, or free because nothing was billed, or it is said that
nobody knows.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from builders import identity
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from job_fakes import Killed
from repeat_fakes import Bucket, Gateway, Table, Time, answer, invocation

from chalicelib.aws_json import AwsFault
from chalicelib.errors import (
    AnswerLost,
    OutcomeUnknown,
    RepeatsUnavailable,
    StillRunning,
    Throttled,
    TollgateError,
)

TEAM = identity()
LEASE = 60.0

FAULTS = ("", "killed before", "killed after", "away before", "away after")
"""What can happen to a read or write: the process dies, or it fails, done or not."""

ENDS = ("answered", "refused", "lost", "killed before", "killed after")
"""What can happen to a call. Only what was refused, or not sent, cannot have been billed."""


class Faulty(Table):
    """DynamoDB with one fault for each of its next operations, in turn."""

    faults: Iterator[str] = iter(())

    def call(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        kind, _, when = next(self.faults, "").partition(" ")
        done = {} if when == "before" else super().call(operation, payload)
        if kind == "killed":
            raise Killed
        if kind == "away":
            raise AwsFault("NoAnswer")
        return done


@dataclass
class Provider:
    """Makes calls, and knows which were sent and which still run."""

    time: Time
    end: str = "answered"
    billed: list[str] = field(default_factory=list)
    may_run_until: float = 0.0

    def __call__(self, asked: Any, _patience: object) -> Any:
        assert self.time.seconds >= self.may_run_until, "called twice at once"
        if self.end == "killed before":
            raise Killed
        if self.end == "refused":
            raise Throttled
        self.billed.append(asked.request_id)
        if self.end == "lost":
            raise AnswerLost
        if self.end == "killed after":
            self.may_run_until = self.time.seconds + asked.seconds_left
            raise Killed
        return answer(asked.request_id, asked.request_id)


@dataclass
class World:
    """A gateway, whose processes die, and one request that is sent again and again."""

    table: Faulty
    time: Time = field(default_factory=Time)

    def __post_init__(self) -> None:
        self.provider = Provider(self.time)
        self.sent = 0

    def send(self, end: str = "answered", faults: tuple[str, ...] = ()) -> object:
        """Send the request: an answer's text, what it was refused with, or Killed."""
        self.sent += 1
        self.provider.end, self.table.faults = end, iter(faults)
        repeats = Gateway(self.table, Bucket(), self.time).repeats
        asked = invocation(f"request-{self.sent}", seconds_left=LEASE)
        try:
            return repeats.once(TEAM, asked, "invoke", self.provider).body.decode()
        except (TollgateError, Killed) as error:
            return type(error)
        finally:
            self.table.faults = iter(())

    def later(self) -> None:
        self.time.seconds += LEASE + 1


@pytest.fixture
def world(table: Table) -> World:
    return World(Faulty(table.client))


@pytest.mark.parametrize(
    ("end", "faults", "at_once", "later"),
    [
        # The key is not taken, or taken and nobody knows for what.
        ("answered", ("killed before",), "request-2", "request-2"),
        ("answered", ("killed after",), StillRunning, OutcomeUnknown),
        ("answered", ("away before",), "request-2", "request-2"),
        ("answered", ("away after",), "request-2", "request-2"),
        ("answered", ("away after", "away before"), StillRunning, OutcomeUnknown),
        # The call is made, or was about to be.
        ("killed before", (), StillRunning, OutcomeUnknown),
        ("killed after", (), StillRunning, OutcomeUnknown),
        # Its answer is written, or was about to be.
        ("answered", ("", "killed before"), StillRunning, OutcomeUnknown),
        ("answered", ("", "killed after"), "request-1", "request-1"),
        ("answered", ("", "away before"), StillRunning, OutcomeUnknown),
        ("answered", ("", "away after"), "request-1", "request-1"),
        # It cost nothing, and the key is set free, or was about to be.
        ("refused", ("", "killed before"), StillRunning, OutcomeUnknown),
        ("refused", ("", "killed after"), "request-2", "request-2"),
        ("refused", ("", "away before"), StillRunning, OutcomeUnknown),
        # Its answer is lost, and that is written, or was about to be.
        ("lost", ("", "killed before"), StillRunning, OutcomeUnknown),
        ("lost", ("", "killed after"), OutcomeUnknown, OutcomeUnknown),
        ("lost", ("", "away before"), StillRunning, OutcomeUnknown),
    ],
)
def test_what_a_crash_leaves_behind(world, end, faults, at_once, later) -> None:
    world.send(end, faults)
    first = world.send()
    world.later()
    assert (first, world.send()) == (at_once, later)
    assert len(world.provider.billed) <= 1


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    sends=st.lists(
        st.tuples(
            st.sampled_from(ENDS),
            st.lists(st.sampled_from(FAULTS), max_size=3).map(tuple),
            st.booleans(),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_whatever_happens_a_key_is_billed_once(table, sends) -> None:
    table.clear()
    world = World(Faulty(table.client))
    for end, faults, wait in sends:
        world.send(end, faults)
        if wait:
            world.later()
    world.later()
    last = world.send()
    assert len(world.provider.billed) <= 1
    assert last is OutcomeUnknown or last == world.provider.billed[0]


def test_the_faults_are_real(world) -> None:
    assert world.send("answered", ("killed before",)) is Killed
    assert world.send("answered", ("away before",)) is RepeatsUnavailable
