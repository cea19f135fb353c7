"""Exchange: the bytes of one call to a provider, read as JSON only where a meter asks for it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Exchange:
    """What went to the provider and what came back, of a call that was not refused."""

    request: bytes
    headers: Mapping[str, str]
    """The response's, by lower-case name."""
    response: bytes
    complete: bool = True
    """False when the answer was cut: its headers still count, its body does not."""
    operation: str = "InvokeModel"
    """AWS's own name of what was called."""
    guardrail: bool = False
    """A guardrail went with the call: its units are billed, too."""

    @cached_property
    def request_json(self) -> object:
        """The request's body, or None where it is not JSON."""
        return _parsed(self.request)

    @cached_property
    def response_json(self) -> object:
        """The answer's body, or None where it is not JSON or was cut."""
        return _parsed(self.response) if self.complete else None


def _parsed(body: bytes) -> object:
    try:
        parsed: object = json.loads(body)
    except (ValueError, RecursionError):  # not JSON, not UTF-8, nested too deeply
        return None
    return parsed


_SPELLED_ASCII = re.compile(rb"\\u00[2-7]")


def names(body: bytes, word: bytes) -> bool:
    r"""Say whether JSON has a piece of text in it, without parsing what need not be parsed.

    Letters may be spelled as escapes (`\u0073` is an `s`) or, in UTF-16, with zeros between them:
    only then is the body read, so that no spelling hides what is billed.
    """
    if word in body:
        return True
    if b"\0" not in body and not (b"\\u00" in body and _SPELLED_ASCII.search(body)):
        return False
    parsed = _parsed(body)
    if parsed is None:
        return True  # it may
    try:
        return word in json.dumps(parsed, ensure_ascii=False).encode(errors="replace")
    except RecursionError:
        return True


def at(body: object, *path: str) -> object:
    """Return what stands at a path of keys in parsed JSON, or None where the path ends early."""
    for key in path:
        if not isinstance(body, dict):
            return None
        body = body.get(key)
    return body


def at_or_zero(body: object, *path: str) -> object:
    """Return an optional count: 0 where it is absent or null."""
    value = at(body, *path)
    return 0 if value is None else value
