"""JSON of strangers: which words it holds, without parsing it, and what it says for certain."""

import json
import re
from typing import Final

_ESCAPED: Final = re.compile(rb"\\u00[2-7]")


class Ambiguous(ValueError):
    """An object has a key twice: parsers differ in which one they take."""


def hides_ascii(body: bytes) -> bool:
    r"""Say whether a plain letter may be spelled otherwise: as an escape (`\u0073` for an `s`), or
    in UTF-16, with a zero beside it.

    Only then can a word be in a JSON text and not be found in its bytes.
    """
    if b"\\" in body and b"\\u00" in body and _ESCAPED.search(body):  # cheapest first
        return True
    return b"\0" in body


def names(body: bytes, word: bytes) -> bool:
    """Say whether JSON has a word in it; of what cannot be read, that it may.

    The body is parsed only where the word could be hidden by its spelling.
    """
    if word in body:
        return True
    if not hides_ascii(body):
        return False
    try:
        # Objects as pairs: of a key that is there twice, both values are seen.
        pairs = json.loads(body, object_pairs_hook=tuple)
        return word in json.dumps(pairs, ensure_ascii=False).encode(errors="replace")
    except (ValueError, RecursionError):
        return True


def parsed(body: bytes | str) -> object:
    """Return what a body says. Raises ValueError where it is not JSON, Ambiguous where it is not
    the same to every parser.
    """
    try:
        content: object = json.loads(body, object_pairs_hook=_each_once)
    except Ambiguous:
        raise
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8, nested too deeply
        raise ValueError("not JSON that can be read") from error
    return content


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Ambiguous("a key is there twice")
    return found
