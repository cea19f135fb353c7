"""StreamMeter: what one streamed answer used, out of the events that it is made of. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from chalicelib.catalog import Model
from chalicelib.metering.assembly import Assembly
from chalicelib.metering.chunks import ChunkAssembly
from chalicelib.metering.container_stream import LineAssembly
from chalicelib.metering.converse_stream import ConverseAssembly
from chalicelib.metering.meter import AMBIGUOUS, OF_THE_REQUEST, meter
from chalicelib.metering.metered import Metered, unknown
from chalicelib.metering.usage import Usage
from chalicelib.stream_event import StreamEvent


def _lines(
    model: Model, request: bytes, *, guardrail: bool, headers: Mapping[str, str]
) -> Assembly:
    return LineAssembly(model)


ASSEMBLIES: Mapping[str, Callable[..., Assembly]] = {
    "ConverseStream": ConverseAssembly,
    "InvokeEndpointWithResponseStream": _lines,
    "InvokeModelWithResponseStream": ChunkAssembly,
}
"""How a stream is put together, by AWS's own name of its operation."""

_NOT_THE_STREAMS = OF_THE_REQUEST | {AMBIGUOUS}
"""Problems that a stream has not, however whole it came."""


class StreamMeter:
    """Takes the events of one stream in order, and says what the provider reported in them.

    `operation` is one of ASSEMBLIES, `request` the body as it was sent, `headers` are the answer's
    by lower-case name, and `guardrail` says that one went with the call.
    """

    wrote: bool
    """Any event came: the model ran, or a guardrail answered for it."""

    def __init__(
        self,
        model: Model,
        operation: str,
        request: bytes,
        *,
        guardrail: bool = False,
        headers: Mapping[str, str],
    ) -> None:
        self._model = model
        self._assembly = ASSEMBLIES[operation](model, request, guardrail=guardrail, headers=headers)
        self.wrote = False

    def add(self, event: StreamEvent) -> None:
        """Take the next event. Never raises; one that holds no counts is not parsed."""
        self.wrote = True
        self._assembly.add(event)

    @property
    def progress(self) -> Usage:
        """What the provider itself has reported so far: never a guess, never more than the end."""
        return self._assembly.progress

    def settle(self, complete: bool, busy_ms: int = 0) -> Metered:
        """Read what the call used, after its last event. Never raises.

        `complete` is False where the stream was cut; `busy_ms` counts where capacity is billed by
        time. `stream`: its own final counts came. `partial`: they did not, or are not exact, and
        the usage is the `progress`. `clock`: a container that reported nothing. `derived`: of a
        model that is billed by its request, too; `none` where that cannot be measured.
        """
        whole = self._assembly.whole(complete)
        metered = unknown("") if whole is None else meter(self._model, whole, busy_ms)
        if metered.usage_source == "none" and metered.problem not in _NOT_THE_STREAMS:
            return self._partial(metered.problem, busy_ms)
        if metered.usage_source in ("header", "body"):
            return replace(metered, usage_source="stream")
        return metered

    def _partial(self, problem: str, busy_ms: int) -> Metered:
        usage = self.progress
        if self._model.billed_by_time:
            usage = replace(usage, busy_ms=busy_ms)
        return self._assembly.served(Metered(usage, "partial", problem=problem))
