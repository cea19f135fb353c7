"""Exchange: the bytes of one call to a provider, read as JSON only where a meter asks for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from chalicelib.json_text import Ambiguous, parsed


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
        """The request's body, or None where it is not JSON, or ambiguous."""
        return certain(self.request)

    @cached_property
    def response_json(self) -> object:
        """The answer's body, or None where it is not JSON, ambiguous, or was cut."""
        return certain(self.response) if self.complete else None

    def request_is_ambiguous(self) -> bool:
        """Say whether the provider may have obeyed another request than the one we read."""
        try:
            parsed(self.request)
        except Ambiguous:
            return True
        except ValueError:
            return False
        return False


def certain(body: bytes) -> object:
    """Return what a body says, or None where it is not JSON, or ambiguous."""
    try:
        return parsed(body)
    except ValueError:
        return None


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
