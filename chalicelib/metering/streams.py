"""StreamMeter: what one streamed answer used, out of the events that it is made of. Pure."""

from collections.abc import Mapping

from chalicelib.catalog import Model
from chalicelib.metering.metered import Metered
from chalicelib.metering.usage import Usage
from chalicelib.stream_event import StreamEvent


class StreamMeter:
    """Takes the events of one stream in order, and says what the provider reported in them.

    `operation` is AWS's own name, `request` the body as it was sent, `headers` are the answer's by
    lower-case name, and `guardrail` says that one went with the call.
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
        raise NotImplementedError

    def add(self, event: StreamEvent) -> None:
        """Take the next event. Never raises; one that holds no counts is not parsed."""
        raise NotImplementedError

    @property
    def progress(self) -> Usage:
        """What the provider itself has reported so far: never a guess, never more than the end."""
        raise NotImplementedError

    def settle(self, complete: bool, busy_ms: int = 0) -> Metered:
        """Read what the call used, after its last event. Never raises.

        `complete` is False where the stream was cut; `busy_ms` counts where capacity is billed by
        time. `stream`: its own final counts came. `partial`: they did not, and the usage is the
        `progress`. `clock`: a container that reported nothing. `derived`: of a model that is billed
        by its request, too. `none`: nobody meters this.
        """
        raise NotImplementedError
