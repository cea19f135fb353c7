"""Add, replace or remove one member of a JSON object, and leave every other byte as it is.

A body that is parsed and written again may not be the same body: numbers change their spelling,
texts their escapes, and 100 KB cost a millisecond.
"""

import re
from collections.abc import Iterator
from json import JSONDecoder
from typing import Final, NamedTuple

_DECODE: Final = JSONDecoder().raw_decode
_SPACE: Final = re.compile(r"[ \t\n\r]*")


class Member(NamedTuple):
    """A member of an object: its key, its value, and where in the text they stand."""

    key: str
    value: object
    start: int  # of the key's first quote
    value_start: int
    end: int  # just after the value


def members(text: str) -> Iterator[Member]:
    """Walk the members of the object that a text is. Raises ValueError where it is none."""
    at = _skip(text, 0)
    if text[at : at + 1] != "{":
        raise ValueError("not a JSON object")
    at = _skip(text, at + 1)
    while text[at : at + 1] == '"':
        start = at
        key, at = _DECODE(text, at)
        at = _skip(text, at)
        if text[at : at + 1] != ":":
            raise ValueError("a key has no value")
        value_start = _skip(text, at + 1)
        value, end = _DECODE(text, value_start)
        yield Member(key, value, start, value_start, end)
        at = _skip(text, end)
        if text[at : at + 1] != ",":
            break
        at = _skip(text, at + 1)
    if text[at : at + 1] != "}":
        raise ValueError("an object does not end")


def member(text: str, key: str) -> Member | None:
    """Return the member of this key, or None.

    Raises ValueError where the text is no object, or the key is there twice: parsers differ in
    which one they take, so what we read might not be what the provider obeys.
    """
    found = [each for each in members(text) if each.key == key]
    if len(found) > 1:
        raise ValueError(f"{key} is there twice")
    return found[0] if found else None


def added(text: str, key: str, value: str) -> str:
    """Put a member before the others of an object: a plain key, and the JSON text `value`."""
    at = text.index("{") + 1
    comma = "" if text[_skip(text, at)] == "}" else ","
    return f'{text[:at]}"{key}":{value}{comma}{text[at:]}'


def replaced(text: str, old: Member, value: str) -> str:
    """Put the JSON text `value` in the place of a member's value."""
    return text[: old.value_start] + value + text[old.end :]


def removed(text: str, old: Member) -> str:
    """Take a member out, with the comma that parted it from its neighbour."""
    before, after = text[: old.start], text[old.end :]
    if after.lstrip().startswith(","):
        return before + after.lstrip()[1:].lstrip()
    kept = before.rstrip()
    return (kept.removesuffix(",") if kept.endswith(",") else before) + after


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
