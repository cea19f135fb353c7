"""The ledger: writes the pair of records of every provider call, `started` before, its end after.

Strict (a log group is named): a record counts as written when CloudWatch Logs has acknowledged
it. `started` is acknowledged before the provider is called, so nothing is spent that could not be
recorded; the end record before the answer is handed on. Without a log group: one write to stdout.

A record that could not be written is kept and sent again with the next one, under the same
`event_id`, so that the report can count it once.
"""

import logging
import secrets
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from chalicelib import metrics
from chalicelib.aws_json import AwsApi, AwsFault
from chalicelib.errors import LedgerUnavailable
from chalicelib.usage_record import Outcome, ProviderCall, record_line

MAX_UNWRITTEN: Final = 500
"""Records kept for a later attempt."""

MAX_BATCH_BYTES: Final = 1_048_576
EVENT_OVERHEAD_BYTES: Final = 26
MAX_BATCH_EVENTS: Final = 10_000
MS_PER_DAY: Final = 86_400_000
"""What one PutLogEvents takes: bytes with their overhead, events, and a span of at most 24 hours.

Source: CloudWatch Logs API, PutLogEvents.
"""

NEVER_TAKEN: Final = frozenset({"InvalidParameterException", "rejectedLogEventsInfo"})
"""How Logs says that it will not take these records, now or later."""

log = logging.getLogger("tollgate.ledger")


@dataclass(frozen=True, slots=True)
class Entry:
    """One record as it goes out: when it was made (epoch milliseconds), and its line of JSON."""

    at_ms: int
    line: str


class LedgerFault(Exception):
    """The writer could not make sure that the records were written.

    `for_good` says that another attempt with the same records would fail as well.
    """

    def __init__(self, why: str, *, for_good: bool = False) -> None:
        self.for_good = for_good
        super().__init__(why)


class Writer(Protocol):
    def write(self, entries: Sequence[Entry]) -> None:
        """Write the entries, oldest first. Raises LedgerFault."""


class StdoutWriter:
    """Writes each record with one `write`, so that lines of two threads cannot interleave."""

    def write(self, entries: Sequence[Entry]) -> None:
        try:
            for entry in entries:
                sys.stdout.write(entry.line + "\n")
            sys.stdout.flush()
        except (OSError, ValueError) as error:
            raise LedgerFault(str(error)) from error


class LogGroupWriter:
    """Writes records to a CloudWatch log group, in a log stream of this process's own."""

    def __init__(self, logs: AwsApi, log_group: str, instance: str) -> None:
        self._logs = logs
        self._place = {"logGroupName": log_group, "logStreamName": f"usage/{instance}"}
        self._stream_made = False

    def write(self, entries: Sequence[Entry]) -> None:
        try:
            self._make_stream()
            for batch in batches(entries):
                self._put([{"timestamp": e.at_ms, "message": e.line} for e in batch])
        except AwsFault as fault:
            self._stream_made = self._stream_made and fault.code != "ResourceNotFoundException"
            raise LedgerFault(fault.code, for_good=fault.code in NEVER_TAKEN) from fault

    def _put(self, events: list[dict[str, Any]]) -> None:
        reply = self._logs.call("PutLogEvents", {**self._place, "logEvents": events})
        if "rejectedLogEventsInfo" in reply:  # it took the others
            raise LedgerFault("rejectedLogEventsInfo", for_good=True)

    def _make_stream(self) -> None:
        if self._stream_made:
            return
        try:
            self._logs.call("CreateLogStream", self._place)
        except AwsFault as fault:
            if fault.code != "ResourceAlreadyExistsException":
                raise
        self._stream_made = True


def batches(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Cut records, oldest first, into what one PutLogEvents takes."""
    batch: list[Entry] = []
    size = 0
    for entry in sorted(entries, key=lambda entry: entry.at_ms):
        added = len(entry.line.encode()) + EVENT_OVERHEAD_BYTES
        if batch and (
            size + added > MAX_BATCH_BYTES
            or len(batch) == MAX_BATCH_EVENTS
            or entry.at_ms // MS_PER_DAY != batch[0].at_ms // MS_PER_DAY
        ):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += added
    if batch:
        yield batch


class Ledger:
    """Numbers the records of this process (`instance`, `seq`) and gets them written."""

    def __init__(
        self,
        writer: Writer,
        *,
        stage: str,
        instance: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._writer = writer
        self._stage = stage
        self._instance = instance
        self._now = now
        self._lock = threading.Lock()
        self._seq = 0
        self._unwritten: list[Entry] = []

    def started(self, call: ProviderCall) -> None:
        """Announce a provider call. Raises LedgerUnavailable: then it must not be made.

        What was written of a refused call is not known, so both of its records are kept to be
        sent again: it then shows as a call that failed, not as an orphan.
        """
        entry = self._entry(call, None)
        if not self._write(entry):
            self._keep(entry, self._entry(call, Outcome("failed", error_code="ledger_unavailable")))
            raise LedgerUnavailable

    def ended(self, call: ProviderCall, outcome: Outcome) -> bool:
        """Record how a call ended. Never raises: a paid answer goes out whatever happens here.

        False where the record is only kept, to be sent again.
        """
        entry = self._entry(call, outcome)
        written = self._write(entry)
        if not written:
            self._keep(entry)
        return written

    def settled(self, call: ProviderCall, outcome: Outcome) -> bool:
        """Record a call that is over already, with both of its records in one write.

        False where that failed. The records are kept to be sent again, and the caller may settle
        the same call once more: its records have the same `event_id`.
        """
        pair = self._entry(call, None), self._entry(call, outcome)
        written = self._write(*pair)
        if not written:
            self._keep(*pair)
        return written

    def _entry(self, call: ProviderCall, outcome: Outcome | None) -> Entry:
        with self._lock:
            self._seq += 1
            seq = self._seq
            at = self._now()
        line = record_line(call, outcome, at=at, instance=self._instance, seq=seq)
        return Entry(int(at.timestamp() * 1000), line)

    def _write(self, *entries: Entry) -> bool:
        """Write what waits, then the entries. False where the entries may not be written."""
        with self._lock:
            waiting, self._unwritten = self._unwritten, []
        fault = self._fault_of(waiting) if waiting else None
        if isinstance(fault, LedgerFault) and fault.for_good:
            log.error("usage records lost: %d", len(waiting))
        elif fault:
            self._keep(*waiting)
            return False
        return self._fault_of(entries) is None

    def _fault_of(self, entries: Sequence[Entry]) -> Exception | None:
        """Write entries, and tell aloud what stood in the way, if anything did."""
        try:
            self._writer.write(entries)
        except Exception as fault:  # whatever breaks here, a paid answer goes out
            log.error("usage record not written: %s", str(fault) or type(fault).__name__)
            metrics.emit(self._stage, LedgerFault=1)
            return fault
        return None

    def _keep(self, *entries: Entry) -> None:
        """Keep records for the next attempt, oldest first.

        When there are too many, the newest go: while nothing can be written every new call is
        refused, so the records of calls that were paid for are the oldest.
        """
        with self._lock:
            kept = sorted([*self._unwritten, *entries], key=lambda entry: entry.at_ms)
            self._unwritten = kept[:MAX_UNWRITTEN]
        if len(kept) > MAX_UNWRITTEN:
            log.error("usage records lost: %d", len(kept) - MAX_UNWRITTEN)


def new_instance() -> str:
    """Name this process in its records: 64 random bits, as hexadecimal digits."""
    return secrets.token_hex(8)
