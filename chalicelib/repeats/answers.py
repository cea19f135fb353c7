"""Answers as they are kept for a repeat: compressed, in the entry or in the payloads bucket."""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from chalicelib.repeats.entry import Entry, KeptAnswer
from chalicelib.surfaces.answers import Answer

MAX_IN_ENTRY: Final = 200 * 1024
"""Bytes of a compressed body beside the rest of an item, which holds 400 KB (DynamoDB limits)."""

REPLAYED: Final = "idempotency-replayed"
"""The header of an answer for which nothing was called."""


class BucketAway(Exception):
    """The payloads bucket cannot be reached, or does not have the body any more."""


class KeptAnswers:
    """Packs and unpacks answers. The S3 client is made when a large one needs it."""

    def __init__(self, bucket: str, s3: Callable[[], Any]) -> None:
        self._bucket = bucket
        self._s3 = s3

    def packed(self, answer: Answer, entry: Entry) -> KeptAnswer:
        """Make an answer one to keep; a large body goes to the bucket. Raises BucketAway."""
        body = zlib.compress(answer.body, level=1)
        in_entry = len(body) <= MAX_IN_ENTRY
        if not in_entry:
            self._put(entry, body)
        headers = {name: str(value) for name, value in answer.headers.items()}
        return KeptAnswer(
            answer.status_code, headers, answer.content_type, body if in_entry else None
        )

    def unpacked(self, entry: Entry, kept: KeptAnswer) -> Answer:
        """Give the answer again, byte for byte. Raises BucketAway."""
        body = self._got(entry) if kept.body is None else kept.body
        headers = {**kept.headers, REPLAYED: "true"}
        return Answer(kept.status, zlib.decompress(body), headers, kept.content_type)

    def _put(self, entry: Entry, body: bytes) -> None:
        with _s3_faults():
            self._s3().put_object(**self._place(entry), Body=body)

    def _got(self, entry: Entry) -> bytes:
        with _s3_faults():
            body: bytes = self._s3().get_object(**self._place(entry))["Body"].read()
        return body

    def _place(self, entry: Entry) -> dict[str, str]:
        """Where an entry's body is: a key that begins with its team, and that nobody can guess."""
        return {"Bucket": self._bucket, "Key": f"repeats/{entry.team_id}/{entry.holder}"}


@contextmanager
def _s3_faults() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError  # rare: not in a cold start

    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise BucketAway(type(error).__name__) from error
