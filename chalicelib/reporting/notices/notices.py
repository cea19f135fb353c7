"""Notices: SNS messages, one a cause a day, whoever and however often a day is reported."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal, Self

import boto3
from botocore.config import Config

from chalicelib.reporting.store import Kept, ReportStore
from chalicelib.settings import Settings
from chalicelib.usage_record import rfc3339

Cause = Literal[
    "report_missing",
    "report_incomplete",
    "unpriced",
    "reconciliation",
    "month_reconciliation",
    "spend",
]

MAX_SUBJECT: Final = 99
"""Characters, ASCII, on one line (SNS API, Publish)."""

MAX_TEXT: Final = 60_000
"""Characters, of which each is at most 4 bytes of the 256 KB that SNS takes."""

LEFT_BEHIND: Final = timedelta(minutes=15)
"""Whoever began to tell so long ago does not live any more: no Lambda runs longer."""

_PATIENT: Final = Config(retries={"mode": "standard", "total_max_attempts": 5})


@dataclass(frozen=True, slots=True)
class Notice:
    """What people are told: for the subject of a mail, and for its body."""

    cause: Cause
    subject: str
    text: str


def notice_key(day: date, cause: Cause) -> str:
    return f"notices/date={day}/{cause}.json"


class Notices:
    """Tells an SNS topic. With no topic nobody is told, and nothing is written.

    A marker in the reports bucket says that a cause of a day is being told, then that it was.
    Who dies in between leaves the first, and the next report of the day tells it: a message that
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

        Raises botocore's errors where SNS or S3 cannot be reached: the cause is then told by the
        next report of the day.
        """
        if not self:
            return False
        key = notice_key(day, cause)
        seen = self.store.kept(key)
        if seen and not self._left_behind(seen):
            return False
        if not self.store.put_if(key, self._marker("telling"), seen.etag if seen else None):
            return False
        self._publish(f"Tollgate {self._stage}: {subject}", text)
        if mine := self.store.kept(key):
            self.store.put_if(key, self._marker("told"), mine.etag)
        return True

    def today(self) -> date:
        return self._now().date()

    def _publish(self, subject: str, text: str) -> None:
        plain = subject.encode("ascii", "replace").decode()
        self._sns.publish(
            TopicArn=self._topic_arn, Subject=plain[:MAX_SUBJECT], Message=text[:MAX_TEXT]
        )

    def _marker(self, state: str) -> bytes:
        return json.dumps({"state": state, "at": rfc3339(self._now())}).encode()

    def _left_behind(self, seen: Kept) -> bool:
        marker = json.loads(seen.body)
        since = self._now() - datetime.fromisoformat(marker["at"])
        return marker["state"] == "telling" and since >= LEFT_BEHIND
