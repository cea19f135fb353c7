"""SQS's long polls: each waits for a message while others may send one.

moto 5.2 waits inside the request, and here a service takes one request at a time: a poll would
hold up the very message that it waits for. So it waits on the service's turn, which lets others
have theirs.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition
from typing import Any
from unittest.mock import patch

from moto.sqs.models import Message, SQSBackend

_LOOK_SECONDS = 0.5  # how often to see whether a message is visible again
_receive = SQSBackend.receive_message


class LongPolls:
    """The turn of SQS's requests, on which polls wait."""

    def __init__(self) -> None:
        self.turn = Condition()
        self._ended = 0

    def end(self) -> None:
        """Let every poll that waits come back, now."""
        with self.turn:
            self._ended += 1
            self.turn.notify_all()

    def receive(
        self,
        backend: SQSBackend,
        name: str,
        count: int,
        wait: int | None,
        visibility: int,
        *rest: Any,
    ) -> list[Message]:
        """Receive as moto does, but for the wait. The caller has the turn.

        A message is hidden for as long as its queue says when it comes, not when the poll began.
        """
        queue = backend.get_queue(name)
        as_the_queue_says = visibility == queue.visibility_timeout
        ended, until = self._ended, time.monotonic() + (wait or 0)
        while True:
            hidden = queue.visibility_timeout if as_the_queue_says else visibility
            messages = _receive(backend, name, count, 0, hidden, *rest)
            left = until - time.monotonic()
            if messages or left <= 0 or self._ended > ended:
                return messages
            self.turn.wait(min(left, _LOOK_SECONDS))


@contextmanager
def installed(polls: LongPolls) -> Iterator[None]:
    """Let moto's SQS poll so while the context lasts."""

    def receive(backend: SQSBackend, *arguments: Any) -> list[Message]:
        return polls.receive(backend, *arguments)

    with patch.object(SQSBackend, "receive_message", receive):
        yield
