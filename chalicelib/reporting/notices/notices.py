"""Notices: SNS messages, one a cause a day, whoever and however often a day is reported.

What was begun to be told is kept until SNS has taken it: `notices/date=D/CAUSE.json` says
`telling` with the message, then `told`, or `failed`. The next run tells what is not told.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, Final, Literal, Self

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.reporting.store import Kept, ReportStore
from chalicelib.settings import Settings
from chalicelib.usage_record import rfc3339

Cause = Literal[
    "report_missing",
    "report_incomplete",
    "unreported",
    "unpriced",
    "reconciliation",
    "month_reconciliation",
    "spend",
]

State = Literal["telling", "failed", "told"]
NOTHING: Final[Mapping[str, str]] = {}
_NOTICES: Final = "notices/date="

MAX_SUBJECT: Final = 99
"""Characters, ASCII, on one line (SNS API, Publish)."""

MAX_TEXT: Final = 60_000
"""Characters, of which each is at most 4 bytes of the 256 KB that SNS takes."""

LEFT_BEHIND: Final = timedelta(minutes=15)
"""Whoever began to tell so long ago does not live any more: no Lambda runs longer."""

LOOKED_BACK: Final = timedelta(days=46)
"""Days whose notices are tried again: a month's is of its first, and told until the next's 15th."""

_PATIENT: Final = Config(
    connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 5}
)


@dataclass(frozen=True, slots=True)
class Notice:
    """What people are told: for the subject of a mail, and for its body."""

    cause: Cause
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Marker:
    """What the reports bucket says of a notice."""

    state: State
    at: datetime
    message: Mapping[str, str]  # subject and text, until it is told

    @classmethod
    def read(cls, content: bytes) -> Self:
        said = json.loads(content)
        message = {name: said[name] for name in ("subject", "text") if name in said}
        return cls(said["state"], datetime.fromisoformat(said["at"]), message)

    def to_json(self) -> bytes:
        return json.dumps({"state": self.state, "at": rfc3339(self.at), **self.message}).encode()

    def is_left(self, now: datetime) -> bool:
        """Say whether nobody tells it any more, and it is not told."""
        left_behind = self.state == "telling" and now - self.at >= LEFT_BEHIND
        return left_behind or self.state == "failed"


def notice_key(day: date, cause: Cause) -> str:
    return f"{_NOTICES}{day}/{cause}.json"


class Notices:
    """Tells an SNS topic. With no topic nobody is told, and nothing is written.

    A marker in the reports bucket says that a cause of a day is being told, then that it was: only
    one can take it. Who dies in between leaves the first, and the next run tells it: a message that
    comes twice is better than none.
    """

    def __init__(
        self,
        sns: Any,
        topic_arn: str,
        store: ReportStore,
        stage: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._sns = sns
        self._topic_arn = topic_arn
        self._stage = stage
        self._now = now
        self.store = store

    @classmethod
    def of(cls, settings: Settings, store: ReportStore) -> Self:
        """Make them with a client of their own."""
        topic = settings.alerts_topic_arn
        sns = boto3.client("sns", settings.region, config=_PATIENT) if topic else None
        return cls(sns, topic, store, settings.stage)

    def __bool__(self) -> bool:
        """Whether anybody is told."""
        return bool(self._topic_arn)

    def tell(self, day: date, cause: Cause, subject: str, text: str) -> bool:
        """Tell a cause of a day, if nobody has; say whether it was told now.

        Raises botocore's errors where SNS or S3 cannot be reached. What SNS did not take is kept,
        and told by the next run.
        """
        if not self:
            return False
        key = notice_key(day, cause)
        seen = self.store.kept(key)
        if seen and not Marker.read(seen.body).is_left(self._now()):
            return False
        return self._tell(key, {"subject": subject, "text": text[:MAX_TEXT]}, seen)

    def left(self) -> Iterator[Callable[[], bool]]:
        """Yield what tells each notice of the last weeks that was begun and is not told.

        Each says whether it told it now, and raises as `tell` does.
        """
        since = self.today() - LOOKED_BACK
        for key in self.store.keys(_NOTICES, after=f"{_NOTICES}{since}") if self else ():
            seen = self.store.kept(key)
            marker = Marker.read(seen.body) if seen else None
            if marker and marker.message and marker.is_left(self._now()):
                yield partial(self._tell, key, marker.message, seen)

    def today(self) -> date:
        return self._now().date()

    def _tell(self, key: str, message: Mapping[str, str], seen: Kept | None) -> bool:
        """Tell what nobody else tells: `seen` is what stood at the key, of which one is taken."""
        if not self.store.put_if(
            key, self._marker("telling", message), seen.etag if seen else None
        ):
            return False
        try:
            self._publish(message)
        except (ClientError, BotoCoreError):
            self._mark(key, "failed", message)
            raise
        self._mark(key, "told")
        return True

    def _mark(self, key: str, state: State, message: Mapping[str, str] = NOTHING) -> None:
        if mine := self.store.kept(key):
            self.store.put_if(key, self._marker(state, message), mine.etag)

    def _publish(self, message: Mapping[str, str]) -> None:
        subject = f"Tollgate {self._stage}: {message['subject']}"
        plain = subject.encode("ascii", "replace").decode()
        self._sns.publish(
            TopicArn=self._topic_arn, Subject=plain[:MAX_SUBJECT], Message=message["text"]
        )

    def _marker(self, state: State, message: Mapping[str, str]) -> bytes:
        return Marker(state, self._now(), message).to_json()
