"""A provider's open stream, step by step as it arrives: metered, and ready to be handed on."""

import logging
from collections.abc import Iterator, Sequence
from typing import Final

from chalicelib.admission import Plan
from chalicelib.backends.eventstream import BadFrame, Decoder, Frame
from chalicelib.backends.streamed import Step, joined
from chalicelib.metering.streams import StreamMeter
from chalicelib.streams import ends
from chalicelib.streams.ends import Loss
from chalicelib.transport import Cut, Stream

SILENCE_SECONDS: Final = 15.0
"""After so long without an event a live reader is told that the connection lives."""

log = logging.getLogger("tollgate.streams")


class Source:
    """Iterate it to the end: what arrived together is a step, and None stands for silence.

    Then `held` is what ends the answer. Once a final event came (`Step.final`) the newest
    is always held, so that the last one can wait for the call's end record. `loss` says why the
    stream did not come to its own end.
    """

    def __init__(self, stream: Stream, plan: Plan) -> None:
        self.headers = stream.headers
        self.loss: Loss | None = None
        self.meter = StreamMeter(
            plan.model,
            plan.operation.name,
            plan.prepared.payload.body,
            guardrail=bool(plan.prepared.guardrail),
            headers=stream.headers,
        )
        self._stream = stream
        self._call_id = plan.call.call_id
        self._decoder = Decoder()
        self._reading = plan.prepared.reading()
        self._held: list[Step] = []

    def __iter__(self) -> Iterator[Step | None]:
        try:
            while (data := self._stream.read(SILENCE_SECONDS)) != b"":
                if data is None:
                    yield None
                elif taken := self._taken(self._decoder.feed(data)):
                    yield taken
                if self.loss:
                    return
            self._end()
        except Cut as cut:
            self.loss = ends.TIME_IS_UP if cut.timed_out else ends.CUT
        except BadFrame:
            self.loss = ends.GARBLED
        except Exception:
            log.exception("the gateway broke in call %s", self._call_id)
            self.loss = ends.BROKEN
        finally:
            self._stream.close()

    @property
    def held(self) -> Step:
        return joined(self._held)

    def _taken(self, frames: Sequence[Frame]) -> Step | None:
        steps: list[Step] = []
        for frame in frames:
            if frame.kind != "event":
                self.loss = ends.refusal(frame)
                break
            step = self._reading.frame(frame)
            for event in step.events:
                self.meter.add(event)
            if step.final or self._held:
                steps += self._held
                self._held = [step]
            else:
                steps.append(step)
        return joined(steps) if steps else None

    def _end(self) -> None:
        if self._decoder.pending:
            self._decoder.feed(b"")  # a bad frame that good ones came with is found only now
            self.loss = ends.CUT
            return
        step = self._reading.end()
        for event in step.events:
            self.meter.add(event)
        self._held.append(step)
