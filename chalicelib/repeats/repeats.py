"""Repeats: a request that comes again is answered with its first call's answer.

| what is known of the first call              | under a key           | an SDK's retry        |
|----------------------------------------------|-----------------------|-----------------------|
| nothing, or that it failed and cost nothing  | it is called          | it is called          |
| it was another request                       | 409, `KeyReused`      | it is called          |
| it runs                                      | waits; then           | waits; then           |
|                                              | 409, `StillRunning`   | 409, `StillRunning`   |
| its answer                                   | that answer           | that answer           |
| it was made, and its answer is lost          | 409, `OutcomeUnknown` | 502, `AnswerLost`     |

A request with neither costs no read and no write, unless its call takes long.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Final

from chalicelib import delivery
from chalicelib.aws_json import AwsFault
from chalicelib.errors import (
    AnswerLost,
    KeyReused,
    OutcomeUnknown,
    RepeatsUnavailable,
    StillRunning,
    TollgateError,
)
from chalicelib.repeats.answers import BucketAway, KeptAnswers
from chalicelib.repeats.claims import key_entry, mark_entry
from chalicelib.repeats.entry import Entry, State, foremost
from chalicelib.repeats.fingerprint import KEY_HEADER, is_retry
from chalicelib.repeats.hold import Call, Hold, Mark
from chalicelib.repeats.table import RepeatsTable
from chalicelib.repeats.waiting import Waiting
from chalicelib.surfaces.answers import Answer
from chalicelib.surfaces.invocation import Invocation
from chalicelib.tenants.nouns import Identity

BUFFERED_WAIT_SECONDS: Final = 25.0
"""Of the 29 s that API Gateway gives a request whose answer is not streamed."""

ANSWERING_SECONDS: Final = 5.0
"""Kept back of a Lambda's time, to read what was waited for and to answer."""

RETRY_AFTER_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class Joined:
    """The same request has a stored stream, which is the answer: read it from its start."""

    request_id: str
    runs: bool  # the Lambda that makes the call may still be at work

    def missing(self) -> TollgateError:
        """Say what it means that there is no such stream."""
        return _still_running() if self.runs else _unknown(self.request_id)


class Repeats:
    """Makes a tenant's call once. `route` is what a surface calls this kind of request."""

    def __init__(
        self,
        table: RepeatsTable,
        answers: KeptAnswers,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._table = table
        self._answers = answers
        self._clock = clock
        self._wait = wait
        self._now = now

    def once(self, identity: Identity, invocation: Invocation, route: str, call: Call) -> Answer:
        """Make the call once under its Idempotency-Key; without one, as `joined` does.

        Raises what the call raises, BadRequest, KeyReused, StillRunning, OutcomeUnknown, and
        RepeatsUnavailable before any call is made.
        """
        return self._answered(self._keyed(identity, invocation, route, "running"), call)

    def joined(self, identity: Identity, invocation: Invocation, route: str, call: Call) -> Answer:
        """Make the call, unless an SDK says that this is its retry of one that took long.

        Raises what the call raises, AnswerLost, StillRunning and RepeatsUnavailable.
        """
        return self._answered(self._marked(identity, invocation, route, "running"), call)

    def freed(self, identity: Identity, invocation: Invocation, route: str) -> None:
        """Let go of a key whose answer, kept before its call was made, came to nothing.

        Raises RepeatsUnavailable.
        """
        asked = key_entry(identity, invocation, route, "running", self._now_ms())
        try:
            for entry in self._table.find(asked.pk):
                if entry.fingerprint == asked.fingerprint:
                    self._table.delete(entry)
        except AwsFault as fault:
            raise RepeatsUnavailable from fault

    def stream_once(self, identity: Identity, invocation: Invocation, route: str) -> Hold | Joined:
        """The same as `once` for a stream that is stored under the request's id.

        Whoever gets the Hold makes the call, with its patience, and says `ended` when it ended.
        """
        return self._streamed(self._keyed(identity, invocation, route, "stream"))

    def stream_joined(
        self, identity: Identity, invocation: Invocation, route: str
    ) -> Hold | Joined:
        """The same as `joined` for a stream that is stored under the request's id."""
        return self._streamed(self._marked(identity, invocation, route, "stream"))

    def _answered(self, found: Hold | Entry, call: Call) -> Answer:
        if isinstance(found, Hold):
            return found.called(call)
        if found.answer is None:
            raise _unknown(found.request_id)
        try:
            return self._answers.unpacked(found, found.answer)
        except BucketAway as away:
            raise RepeatsUnavailable from away

    def _streamed(self, found: Hold | Entry) -> Hold | Joined:
        if isinstance(found, Hold):
            return found
        return Joined(found.request_id, runs=self._now_ms() < found.lease_until)

    def _keyed(
        self, identity: Identity, invocation: Invocation, route: str, state: State
    ) -> Hold | Entry:
        """Take the key for this request, or find the call that has it."""
        if KEY_HEADER not in invocation.headers:
            return self._marked(identity, invocation, route, state)
        asked = key_entry(identity, invocation, route, state, self._now_ms())
        waiting = self._waiting(invocation)
        while not self._taken(asked):
            found = self._ended(asked, waiting)
            if found and not found.can_be_read():
                raise _unknown(found.request_id)
            if found:
                return found
        return Hold(_later(invocation, waiting), asked, self._table, self._answers)

    def _marked(
        self, identity: Identity, invocation: Invocation, route: str, state: State
    ) -> Hold | Entry:
        """Find the marked call that an SDK's retry asks for; most requests are none."""
        entry = partial(mark_entry, identity, invocation, route, state, self._now_ms())
        if is_retry(invocation.headers):
            waiting = self._waiting(invocation)
            found = self._ended(entry(), waiting)
            if found and not found.can_be_read():
                raise AnswerLost
            if found:
                return found
            invocation = _later(invocation, waiting)
        return Mark(invocation, entry, self._table, self._answers, self._now)

    def _taken(self, asked: Entry) -> bool:
        try:
            return self._table.write(asked)
        except AwsFault as fault:
            with suppress(AwsFault):  # it may have been written, and nothing is called for it
                self._table.delete(asked)
            raise RepeatsUnavailable from fault

    def _ended(self, asked: Entry, waiting: Waiting) -> Entry | None:
        """Wait until the same request's call is over; None where it is free to be made."""
        while True:
            found = self._found(asked)
            if found is None or not found.runs_at(self._now_ms()):
                return found
            if not waiting.pause():
                raise _still_running()

    def _found(self, asked: Entry) -> Entry | None:
        try:
            entries = self._table.find(asked.pk)
        except AwsFault as fault:
            raise RepeatsUnavailable from fault
        found = foremost(entries, self._now_ms())
        if found and found.fingerprint != asked.fingerprint:
            raise KeyReused
        return found

    def _waiting(self, invocation: Invocation) -> Waiting:
        seconds = invocation.seconds_left - ANSWERING_SECONDS
        if not delivery.streaming:
            seconds = min(seconds, BUFFERED_WAIT_SECONDS)
        return Waiting(seconds, self._clock, self._wait)

    def _now_ms(self) -> int:
        return int(self._now().timestamp() * 1000)


def _later(invocation: Invocation, waiting: Waiting) -> Invocation:
    """The request, with what is left of its time after a wait."""
    return replace(invocation, seconds_left=invocation.seconds_left - waiting.waited)


def _still_running() -> StillRunning:
    return StillRunning(headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def _unknown(request_id: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"The first request with this Idempotency-Key, {request_id}, was sent to the model or may "
        "have been, and its answer is lost. It may have been billed: your team's usage has it "
        "under that id. To have the model called again, send a new key."
    )
