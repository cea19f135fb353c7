"""The engine: one stream, from the call that opens it to the record that ends it.

    started → call → events to the live reader and the keeper → settled → end record → emitted

The job is opened in the table before (`StreamsTable.open`), so that whoever finds it later knows
which call was made for it. The stream is read to its end whether anybody listens or not: the
provider bills the whole of it.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import ceil
from typing import Final, NamedTuple

from chalicelib import endings
from chalicelib.admission import Plan
from chalicelib.backends.streamed import Step
from chalicelib.errors import ProviderUnavailable
from chalicelib.ledger import Ledger
from chalicelib.settings import Settings
from chalicelib.stream_event import StreamEvent
from chalicelib.streams import ends
from chalicelib.streams.books import Books
from chalicelib.streams.ends import End, Loss
from chalicelib.streams.job import StreamJob
from chalicelib.streams.keeper import Keeper
from chalicelib.streams.source import Source
from chalicelib.streams.table import StreamsTable
from chalicelib.streams.text import stop_reason_of
from chalicelib.transport import NoAnswer, NotSent, Stream, Transport

KEEP_SECONDS: Final = 10.0
"""Of what is kept back from a Lambda's time: how long its last events are tried to be kept."""

log = logging.getLogger("tollgate.streams")


class Batch(NamedTuple):
    """What arrived together: bytes for a native client, and events, numbered from `first`."""

    raw: bytes
    events: Sequence[StreamEvent]
    first: int


class Engine:
    """Opens the providers' streams of jobs that are opened in the table."""

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        transport: Transport,
        table: StreamsTable,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self.books = Books(table, ledger, stage=settings.stage)
        self._ledger = ledger
        self._transport = transport
        self._table = table
        self._clock = clock

    def begin(self, job: StreamJob, plan: Plan) -> "Running":
        """Announce the call and open its stream; what runs then must be read to its end.

        Raises LedgerUnavailable, and nothing was called; or the TollgateError with which the
        call ended, and then it is settled and recorded.
        """
        self._ledger.started(plan.call)
        began = self._clock()
        keeper = Keeper(self._table, job)  # first: a model may be silent for longer than a lease
        opened = self._opened(plan, began)
        if isinstance(opened, Stream):
            return Running(self, job, plan, Source(opened, plan), keeper, began)
        kept = keeper.finish(KEEP_SECONDS)
        self.books.close(self.books.settle(job, plan, opened, kept))
        raise opened.error or ProviderUnavailable()

    def _opened(self, plan: Plan, began: float) -> Stream | End:
        model, operation = plan.model, plan.operation
        timeout = min(plan.deadline - began, self._settings.model_timeout_seconds)
        if timeout <= 0:  # the ledger took it
            return ends.unopened(endings.no_time_left())
        try:
            answer = operation.open(
                self._transport, model, plan.prepared.payload, plan.call, timeout, plan.patience
            )
        except NotSent:
            return ends.unopened(endings.not_sent(self.ms_since(began)))
        except NoAnswer as loss:
            ms = self.ms_since(began)
            return ends.unopened(endings.unanswered(model, operation.name, loss, ms))
        except Exception:  # ours; the model may have run
            log.exception("the gateway broke in call %s", plan.call.call_id)
            return ends.BROKE_AT_THE_START
        if isinstance(answer, Stream):
            return answer
        ms = self.ms_since(began)
        return ends.unopened(endings.answered(model, operation.name, plan.prepared, answer, ms))

    def ms_since(self, began: float) -> int:
        """Whole milliseconds, a begun one included."""
        return ceil((self._clock() - began) * 1000)


class Running:
    """A stream that runs: an iterator of what arrives; None where nothing did for a while.

    The last event comes only when the end of its call is recorded. `close` reads on to the end:
    a reader who goes away stops nothing.
    """

    def __init__(
        self,
        engine: Engine,
        job: StreamJob,
        plan: Plan,
        source: Source,
        keeper: Keeper,
        began: float,
    ) -> None:
        self.headers: Mapping[str, str] = source.headers
        self.job = job  # once it has ended, as it was settled
        self.last_event = job.first_event - 1  # so far
        self._engine = engine
        self._source = source
        self._stop_reason = ""
        self._plan = plan
        self._began = began
        self._keeper = keeper
        self._batches = self._run()

    def __iter__(self) -> Iterator[Batch | None]:
        return self._batches

    def __next__(self) -> Batch | None:
        return next(self._batches)

    def close(self) -> None:
        for _ in self._batches:
            pass

    @property
    def loss(self) -> Loss | None:
        """Why it did not come to its own end, if so."""
        return self._source.loss

    @property
    def service(self) -> str:
        return self._plan.model.service

    def _run(self) -> Iterator[Batch | None]:
        source, books = self._source, self._engine.books
        for step in source:
            yield self._numbered(step) if step else None
        last = self._numbered(source.held)
        kept = self._keeper.finish(KEEP_SECONDS)
        end = ends.ended(
            source.meter,
            source.loss,
            source.headers,
            latency_ms=self._engine.ms_since(self._began),
            busy=self._plan.model.billed_by_time,
        )
        settled = books.settle(self.job, self._plan, end, kept, self._stop_reason)
        self.job = settled.job
        yield last
        books.close(settled)

    def _numbered(self, step: Step) -> Batch:
        first = self.last_event + 1
        self.last_event += len(step.shown)
        self._keeper.add(step.shown, self._source.meter.progress)
        for event in step.shown:
            self._stop_reason = stop_reason_of(event) or self._stop_reason
        return Batch(step.raw, step.shown, first)
