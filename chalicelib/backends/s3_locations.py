"""S3 locations that a request names: Bedrock reads and writes them with the gateway's own role.

So each must lie under the team's own prefix of the payloads bucket, whatever else the role could
reach. This is checked before the call, and the role reaches no other bucket besides. A location
begins with `s3://`, in lower case (service model bedrock-runtime, S3Uri).
"""

import json
import re
from collections.abc import Iterator
from typing import Final

from chalicelib.errors import BadRequest
from chalicelib.json_text import hides_ascii

WRITTEN_BY_PEOPLE: Final = frozenset(
    {
        "content",
        "documents",
        "inputText",
        "inputs",
        "message",
        "prompt",
        "query",
        "system",
        "text",
        "texts",
    }
)
"""Keys under which a text, or a list of texts, is only that, even if it begins with `s3://`."""

_PLAIN: Final = re.compile(rb'"s3://')
_ESCAPED: Final = re.compile(rb"s3:")
"""Patterns, because they are found in half the time that `in` takes."""

OUTSIDE: Final = (
    "An S3 location in a request must lie under your team's own prefix, teams/<your team>/, "
    "of the gateway's payloads bucket."
)


def check_s3_locations(body: bytes, own_prefix: str) -> None:
    """Refuse a body that names an S3 location outside `own_prefix` (`s3://bucket/…/`).

    Raises BadRequest, also where a body that may name one cannot be read here.
    """
    # Without an escape in the body, a location can be spelled in one way only; unless the body is
    # UTF-16, which has a NUL in every such letter.
    spelled = _ESCAPED if b"\\" in body else _PLAIN
    if not spelled.search(body) and not hides_ascii(body):
        return
    try:
        # Objects as tuples of pairs: of a key that is there twice, both values are seen.
        content = json.loads(body, object_pairs_hook=tuple)
    except (ValueError, RecursionError) as error:  # another parser may read it
        raise BadRequest(
            "The body may name an S3 location, and is not JSON that can be read."
        ) from error
    for location in _locations(content):
        if not location.startswith(own_prefix) or ".." in location:
            raise BadRequest(OUTSIDE)


def _locations(content: object) -> Iterator[str]:
    """Yield every text that is an S3 location, wherever it stands but in prose."""
    waiting: list[object] = [content]
    while waiting:
        each = waiting.pop()
        if isinstance(each, tuple):
            waiting.extend(value for key, value in each if not _is_prose(key, value))
        elif isinstance(each, list):
            waiting.extend(each)
        elif isinstance(each, str) and each.startswith("s3:/"):
            yield each


def _is_prose(key: str, value: object) -> bool:
    if key not in WRITTEN_BY_PEOPLE:
        return False
    texts = value if isinstance(value, list) else [value]
    return all(isinstance(text, str) for text in texts)
