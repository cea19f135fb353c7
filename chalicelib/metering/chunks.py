"""InvokeModelWithResponseStream: Bedrock's own counts stand at the top of the model's last chunk.

`amazon-bedrock-invocationMetrics` counts as the headers of a whole answer do. A guardrail's
action is in every chunk that it touched, its trace in the last. None of them is in the service
model; the names and places are those of recorded streams. Text that a model wrote cannot pass for
them: within a JSON string the quotes are escaped, and only what stands at the top is Bedrock's.
"""

from collections.abc import Mapping

from chalicelib.catalog import Model
from chalicelib.metering import bedrock_headers
from chalicelib.metering.assembly import Assembled
from chalicelib.metering.chunk_families import (
    CACHE_READ,
    CACHE_WRITE,
    CHUNK_FAMILIES,
    INPUT,
    OUTPUT,
    Body,
    ChunkFamily,
    Metrics,
)
from chalicelib.metering.exchange import at, certain
from chalicelib.metering.guardrails import INVOKE_ACTION, INVOKE_TRACE
from chalicelib.metering.meter import METERS
from chalicelib.metering.metered import Metered, unknown
from chalicelib.metering.served import DEFAULT, LATENCY, STANDARD, TIER, as_served
from chalicelib.metering.usage import NO_USAGE, Usage
from chalicelib.stream_event import StreamEvent

METRICS = "amazon-bedrock-invocationMetrics"
WHERE = "Bedrock's metrics"

AS_HEADERS: Mapping[str, str] = {
    INPUT: bedrock_headers.INPUT_TOKENS,
    OUTPUT: bedrock_headers.OUTPUT_TOKENS,
    CACHE_READ: bedrock_headers.CACHE_READ_TOKENS,
    CACHE_WRITE: bedrock_headers.CACHE_WRITE_TOKENS,
}
"""The header that says the same of a whole answer, by the metrics' name."""

_ADDED = b'"amazon-bedrock-'
_METRICS, _TRACE = f'"{METRICS}"'.encode(), f'"{INVOKE_TRACE}"'.encode()
_ACTION = f'"{INVOKE_ACTION}"'.encode()
_SERVED = (TIER, LATENCY)
_WRITTEN: Body = {"chunks": True}  # no stream is without a model's or a guardrail's words


class ChunkAssembly:
    """The metrics become the headers of a whole answer, and the family's own counts its body."""

    def __init__(
        self, model: Model, request: bytes, *, guardrail: bool, headers: Mapping[str, str]
    ) -> None:
        self._model = model
        self._request = request
        self._guardrail = guardrail
        self._headers = {name: headers[name] for name in _SERVED if name in headers}
        self._family = CHUNK_FAMILIES.get(model.family, ChunkFamily())
        self._marks = self._family.marks
        self._body: Body = {}
        self._final = False  # the family's own counts
        self._latest = b""  # chunk of a family that counts in every chunk, not yet read
        self._metrics: Metrics | None = None
        self._trace: object = None
        self._touched = b""  # the latest chunk that says what a guardrail did
        self._progress: Usage | None = NO_USAGE  # None: to be read again

    def add(self, event: StreamEvent) -> None:
        data = event.data
        if _ADDED in data:
            self._add_bedrocks(data)
        for mark in self._marks:
            if mark in data:
                self._add_own(data)
                return

    def _add_bedrocks(self, data: bytes) -> None:
        if _ACTION in data:
            self._touched = data
        if _METRICS in data or _TRACE in data:  # a masked answer's every chunk has an action
            chunk = certain(data)
            metrics, trace = at(chunk, METRICS), at(chunk, INVOKE_TRACE)
            if isinstance(metrics, dict):
                self._metrics = metrics
            if trace is not None:
                self._trace = trace
        self._progress = None

    def _add_own(self, data: bytes) -> None:
        if self._family.in_every_chunk and self._body:
            self._latest = data
        else:
            self._take(data)
        self._progress = None

    def _take(self, data: bytes) -> None:
        self._final = self._family.take(self._body, certain(data)) or self._final

    def _read_latest(self) -> None:
        if self._latest:
            self._take(self._latest)
            self._latest = b""

    @property
    def progress(self) -> Usage:
        if self._progress is None:
            self._progress = self._tokens()
        return self._progress

    def _tokens(self) -> Usage:
        """Read what was reported of the model's work, without its guardrail's."""
        self._read_latest()
        if self._metrics is None and not self._is_the_models():
            return NO_USAGE
        family = METERS.get(self._model.family)
        metered = family.read(self._assembled(self._body)) if family else unknown("")
        if metered.usage_source != "none" or metered.usage != NO_USAGE:
            return metered.usage
        return self._family.least(self._metrics or {}, self._body)

    def _is_the_models(self) -> bool:
        """Say whether chunks count the model's own work.

        A blocked input runs no model: the family's counts are then of the guardrail's message.
        """
        action = self._action()
        return action == "NONE" or (action is None and not self._guardrail)

    def _action(self) -> object:
        return at(certain(self._touched), INVOKE_ACTION) if self._touched else None

    def whole(self, complete: bool) -> Assembled | None:
        self._read_latest()
        ended = complete and self._final
        if self._metrics is None and self._trace is None and not ended:
            return None
        action = self._action()
        answer = {**self._body, **_WRITTEN, INVOKE_ACTION: action, INVOKE_TRACE: self._trace}
        return self._assembled(answer, self._guardrail or action is not None)

    def _assembled(self, answer: Body, guardrail: bool = False) -> Assembled:
        counted = self._family.counted(self._metrics, self._body) if self._metrics else {}
        if counted is None:  # the two disagree: neither is believed
            answer, counted = {}, {}
        headers = {
            AS_HEADERS[name]: _spelled(counted[name]) for name in AS_HEADERS.keys() & counted.keys()
        }
        return Assembled(
            self._request, {**self._headers, **headers}, b"", guardrail=guardrail, answer=answer
        )

    def served(self, metered: Metered) -> Metered:
        tier = self._headers.get(TIER, DEFAULT)
        return as_served(
            metered, self._model.base_model, tier, self._headers.get(LATENCY, STANDARD)
        )


def _spelled(amount: object) -> str:
    """Spell a count as a header does; what is none is none in any spelling."""
    return str(amount) if type(amount) in (int, float, str) else ""
