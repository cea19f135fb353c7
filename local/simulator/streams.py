"""What a streamed answer is made of, before faults and delivery: events, one a token or so.

The events are made while they are sent, so that a long answer takes no memory.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from string import ascii_letters, digits
from typing import Any

from local.simulator import frames

_ALPHABET = "abcdefghijklmnopqrstuvwxyz" + ascii_letters[26:] + digits


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `tokens` of the answer are in it. `final` events tell the counts or follow that.

    A stream that loses its first final event is one whose caller does not know what was used.
    """

    name: str
    payload: bytes
    content_type: str = frames.JSON
    tokens: int = 0
    final: bool = False

    def encode(self) -> bytes:
        return frames.event(self.name, self.payload, self.content_type)


@dataclass(frozen=True, slots=True)
class Stream:
    """A streamed answer: the headers that it has beyond every answer's, and its events."""

    headers: Mapping[str, str]
    events: Iterator[Event]


class Padding:
    """The random padding `p` of Bedrock's payloads, of letters and digits in their order."""

    def __init__(self, seed: int) -> None:
        self._draw = Random(seed)

    def __call__(self, payload: Mapping[str, Any]) -> bytes:
        """Return a padded payload as JSON, its keys in the order of the alphabet."""
        padded = {**payload, "p": _ALPHABET[: self._draw.randrange(2, len(_ALPHABET) + 1)]}
        return as_json(dict(sorted(padded.items())))


def as_json(body: Any) -> bytes:
    """Return JSON without blanks, in UTF-8; half a surrogate pair becomes a question mark."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
