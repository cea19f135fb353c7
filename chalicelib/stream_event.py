"""One event of a streamed answer, as its model wrote it. Pure."""

from typing import NamedTuple


class StreamEvent(NamedTuple):
    """What is metered, kept and shown of a stream. A tuple, because one is made for every token.

    `name` is AWS's own of the event, and `data` what the model says in it:

    | operation                        | name                     | data                           |
    |----------------------------------|--------------------------|--------------------------------|
    | ConverseStream                   | `contentBlockDelta`, …   | the event's JSON payload       |
    | InvokeModelWithResponseStream    | `chunk`                  | the JSON in its `bytes`        |
    | InvokeEndpointWithResponseStream | `PayloadPart`            | a line of the container, whole |
    """

    name: str
    data: bytes

    @property
    def json(self) -> bytes:
        """The data without what Server-Sent Events put before the JSON of a container's line."""
        return self.data.removeprefix(b"data:") if self.name == "PayloadPart" else self.data
