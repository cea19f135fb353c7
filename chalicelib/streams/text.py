"""What a person reads of a stream: the text of its events, why it stopped, and each as JSON. Pure.

The shape of an event says how it is read, not its model's family, so that the text of a model that
nobody here has heard of is shown as well. Of several choices, generations or outputs that a model
writes at once the first is read. What a model thinks, or gives to a tool, is no text of its answer.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NoReturn

from chalicelib.backends.json_splice import member, removed
from chalicelib.stream_event import StreamEvent

_NAMELESS: Final = frozenset({"chunk", "PayloadPart"})
"""Events whose data is the model's own; ConverseStream's are named for what is in them."""

_PADDING: Final = "p"
_FIRST: Final = re.compile(r'\{"p":"[0-9A-Za-z]*",')
_LAST: Final = re.compile(r',"p":"[0-9A-Za-z]*"\}\Z')
"""Padding as Bedrock sends it, first or last of an object's members: no other object's."""

_A_REASON: Final = re.compile(rb'eason"\s*:\s*"')
"""What every event has that says why the model stopped; text cannot, its quotes are escaped."""

Path = tuple[str | int, ...]

TEXTS: Final[tuple[Path, ...]] = (
    ("contentBlockDelta", "delta", "text"),  # Converse, Nova
    ("delta", "text"),  # Claude
    ("choices", 0, "delta", "content"),  # OpenAI's chat
    ("choices", 0, "message", "content"),
    ("choices", 0, "text"),  # OpenAI's completion, DeepSeek
    ("generation",),  # Llama
    ("outputText",),  # Titan
    ("outputs", 0, "text"),  # Mistral
    ("outputs", 0),  # DJL Serving, several requests at once
    ("generations", 0, "text"),  # Cohere Command
    ("text",),  # Cohere Command R
    ("completion",),  # Claude, legacy
    ("message",),  # Pegasus
    ("token", "text"),  # TGI, LMI
    ("generated_text",),  # … answering all at once
    (0, "generated_text"),
)
"""Where text stands in an event, by shape. Sources: Amazon Bedrock user guide, "Inference request
parameters and response fields for foundation models"; service model bedrock-runtime,
ConverseStreamOutput; the containers' own output schemas."""

SPECIAL: Final[tuple[Path, ...]] = (("token", "special"), ("token", "special_token"))
"""A token of TGI's or LMI's that ends the text, and is no part of it."""

STOPS: Final[tuple[Path, ...]] = (
    ("messageStop", "stopReason"),
    ("delta", "stop_reason"),
    ("stop_reason",),
    ("choices", 0, "finish_reason"),
    ("choices", 0, "stop_reason"),
    ("completionReason",),
    ("outputs", 0, "stop_reason"),
    ("generations", 0, "finish_reason"),
    ("finish_reason",),
    ("finishReason",),
    ("details", "finish_reason"),
    (0, "details", "finish_reason"),
)
"""Where the reason stands why a model stopped; absent or null until it does."""


def text_of(event: StreamEvent) -> str:
    """Return the text that the model wrote in an event; empty where it wrote none. Never raises."""
    content = _content(event)
    if any(_at(content, path) is True for path in SPECIAL):
        return ""
    return next(_texts_at(content, TEXTS), "")


def stop_reason_of(event: StreamEvent) -> str | None:
    """Return why the model stopped, in its own words, if this event says so. Never raises.

    Only an event that says so is parsed.
    """
    if b'eason"' not in event.data or not _A_REASON.search(event.data):  # cheapest first
        return None
    return next(_texts_at(_content(event), STOPS), None)


def as_json(event: StreamEvent) -> str:
    """Return an event as one line of JSON. Never raises.

    ConverseStream's: `{"<name>": its members}`, without Bedrock's padding `p`. A `chunk`: the
    model's own JSON. A `PayloadPart`: the JSON of its line. What is no JSON:
    `{"bytes": "<base64>"}`.
    """
    try:
        text = _one_line(event.json)
        if event.name in _NAMELESS:
            return text
        return f"{{{_quoted(event.name)}:{_unpadded(text)}}}"
    except (ValueError, RecursionError):
        return f'{{"bytes":"{b64encode(event.data).decode()}"}}'


def _content(event: StreamEvent) -> object:
    """Return what an event says, under its name where it has one of its own; None if unreadable."""
    try:
        content = json.loads(event.json.decode())
    except (ValueError, RecursionError):
        return None
    return content if event.name in _NAMELESS else {event.name: content}


def _texts_at(content: object, paths: tuple[Path, ...]) -> Iterator[str]:
    found = (_at(content, path) for path in paths)
    return (_encodable(text) for text in found if isinstance(text, str))


def _encodable(text: str) -> str:
    """Replace halves of characters, which an escape may stand for and no encoding has."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _at(content: object, path: Path) -> object:
    for step in path:
        if isinstance(step, str):
            content = content.get(step) if isinstance(content, dict) else None
        else:
            content = content[step] if isinstance(content, list) and content else None
    return content


def _one_line(data: bytes) -> str:
    """Return JSON as it was written, without its line breaks: they can only be between its tokens.

    Raises ValueError where it is no JSON, RecursionError where it is nested too deeply.
    """
    text = data.decode().strip()
    if _DECODE(text)[1] < len(text):
        raise ValueError("JSON is followed by something")
    return text.replace("\r", "").replace("\n", "") if "\n" in text or "\r" in text else text


def _unpadded(text: str) -> str:
    """Take the padding out, and leave every other byte as it is. Raises ValueError."""
    if '"p"' not in text:
        return text
    if first := _FIRST.match(text):
        return "{" + text[first.end() :]
    last = text.rfind(',"p"')
    if last > 0 and _LAST.match(text, last):
        return text[:last] + "}"
    padding = member(text, _PADDING)
    return removed(text, padding) if padding else text


@lru_cache(maxsize=64)
def _quoted(name: str) -> str:
    return json.dumps(name)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


_DECODE: Final = json.JSONDecoder(parse_constant=_refuse).raw_decode
