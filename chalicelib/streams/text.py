"""What a person reads of a stream: the text of its events, why it stopped, and each as JSON. Pure.

The shape of an event says how it is read, not its model's family, so that the text of a model that
nobody here has heard of is shown as well.
"""

from chalicelib.stream_event import StreamEvent


def text_of(event: StreamEvent) -> str:
    """Return the text that the model wrote in an event; empty where it wrote none. Never raises."""
    raise NotImplementedError


def stop_reason_of(event: StreamEvent) -> str | None:
    """Return why the model stopped, in its own words, if this event says so. Never raises."""
    raise NotImplementedError


def as_json(event: StreamEvent) -> str:
    """Return an event as one line of JSON. Never raises.

    ConverseStream's: `{"<name>": its members}`, without Bedrock's padding `p`. A `chunk`: the
    model's own JSON. A `PayloadPart`: the JSON of its line. What is no JSON:
    `{"bytes": "<base64>"}`.
    """
    raise NotImplementedError
