"""The consumer of dead letters: no job waits for ever for a message that is dead.

A message dies after five deliveries, each of which failed. Its job ends here: as failed, if its
call was never made, else as whoever resumes it finds it.
"""

import logging
from collections.abc import Mapping
from typing import Any

from chalicelib.streams.queue import Message, Queue, UnreadableMessage
from chalicelib.streams.recovery import LivingLease, Recovery
from chalicelib.streams.table import StreamsTable

log = logging.getLogger("tollgate.streams")


class DeadLetters:
    def __init__(self, table: StreamsTable, dead_queue: Queue, recovery: Recovery) -> None:
        self._table = table
        self._dead_queue = dead_queue
        self._recovery = recovery

    def handle(self, record: Mapping[str, Any]) -> None:
        """End the job of a dead message. Whatever it raises, SQS delivers the message again."""
        try:
            message = Message.of(record)
        except UnreadableMessage as unreadable:
            log.error("a dead message is not of this gateway: %s", unreadable)
            return
        try:
            self._end(message)
        except LivingLease as lease:  # another delivery's engine: not to be disturbed
            self._dead_queue.postpone(message.receipt_handle, lease.until)
            raise

    def _end(self, message: Message) -> None:
        job = self._table.find(message.team_id, message.request_id)
        if job is None or message.attempt < job.attempt or job.step == "emitted":
            return
        if job.step == "queued":
            self._recovery.give_up(job)
        else:
            self._recovery.resume(job)
