"""Answers larger than a Lambda may return: kept in S3, and the tenant is sent there."""

import json
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from chalicelib import delivery
from chalicelib.errors import AnswerNotKept
from chalicelib.surfaces.answers import Answer
from chalicelib.tenants.nouns import Identity
from chalicelib.usage_record import rfc3339

MAX_SERIALISED: Final = 6 * 1024 * 1024 - 4096
"""Bytes of JSON that a Lambda may answer with (AWS Lambda quotas: 6 MB), less its wrapping."""

LINK_SECONDS: Final = 3600
_NEVER_TOO_LARGE: Final = MAX_SERIALISED // 6  # JSON makes at most six characters of a byte

log = logging.getLogger("tollgate.large_answers")


@dataclass(frozen=True, slots=True)
class Kept:
    """Where an answer is kept: a signed link, the time at which it expires, and its size."""

    location: str
    expires: str
    bytes: int


class LargeAnswers:
    """Puts answers that do not fit into the payloads bucket. The S3 client is made when needed."""

    def __init__(
        self,
        bucket: str,
        s3: Callable[[], Any],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._bucket = bucket
        self._s3 = s3
        self._now = now

    def keep(self, answer: Answer, identity: Identity) -> Kept | None:
        """Keep an answer that is too large to return; None for one that is not.

        Streamed, none is: a Lambda streams up to 200 MB, and no model answers with so much.
        Its key begins with the team, and the link is signed: nobody else can read it.
        Raises AnswerNotKept.
        """
        if delivery.streaming or _fits(answer):
            return None
        expires = self._now() + timedelta(seconds=LINK_SECONDS)
        return Kept(self._kept(answer, identity), rfc3339(expires), len(answer.body))

    def _kept(self, answer: Answer, identity: Identity) -> str:
        from botocore.exceptions import BotoCoreError, ClientError  # rare: not in a cold start

        place = {
            "Bucket": self._bucket,
            "Key": f"answers/{identity.tenant.team_id}/{secrets.token_hex(16)}",
        }
        try:
            s3 = self._s3()
            s3.put_object(**place, Body=answer.body, ContentType=answer.content_type)
            url: str = s3.generate_presigned_url("get_object", place, LINK_SECONDS)
        except (ClientError, BotoCoreError) as error:
            log.error("large answer not kept: %s", type(error).__name__)
            raise AnswerNotKept from error
        return url


def _fits(answer: Answer) -> bool:
    return len(answer.body) <= _NEVER_TOO_LARGE or _serialised(answer) <= MAX_SERIALISED


def _serialised(answer: Answer) -> int:
    return len(json.dumps(answer.to_dict()))
