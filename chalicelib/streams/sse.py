"""Server-Sent Events: how a streamed answer looks to a browser or to `curl -N`. Pure.

A frame ends with an empty line, its text is UTF-8, and its `id` is what a client that lost its
connection sends back as `Last-Event-ID`. Source: HTML Living Standard, 9.2 Server-sent events.
"""

import json
import re
from collections.abc import Mapping
from typing import Final

CONTENT_TYPE: Final = "text/event-stream; charset=utf-8"

PING: Final = b": ping\n\n"
"""A comment: clients drop it, and whatever stands between sees that the connection lives."""

RETRY: Final = b"retry: 1000\n\n"
"""Come back after 1,000 ms: the answer goes on, but this connection has to end."""

_LINE_END: Final = re.compile("\r\n|\r|\n")  # and no others: U+2028 may stand in JSON


def chunk(number: int, data: str) -> bytes:
    """Frame the model's event of this number; `data` is the event's JSON."""
    if "\n" in data or "\r" in data:  # white space of its JSON, for a string has them escaped
        data = "\ndata: ".join(_LINE_END.split(data))
    return f"id: {number}\nevent: chunk\ndata: {data}\n\n".encode()


def done(number: int, told: Mapping[str, object]) -> bytes:
    """Frame the whole answer's end; `number` is its last event's."""
    return _frame("done", number, told)


def error(number: int, told: Mapping[str, object]) -> bytes:
    """Frame the end of an answer that is not whole; `number` is its last event's."""
    return _frame("error", number, told)


def restart(number: int, told: Mapping[str, object]) -> bytes:
    """Say that the model was called anew: what was read so far is void.

    `number` is the one before the new call's first event.
    """
    return _frame("restart", number, told)


def _frame(event: str, number: int, told: Mapping[str, object]) -> bytes:
    data = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return f"id: {number}\nevent: {event}\ndata: {data}\n\n".encode()
