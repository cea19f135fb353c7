"""What is told once a day is reported, and what happens where nobody can be told."""

import json
from dataclasses import MISSING, dataclass, field, fields, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError
from builders import count_line, price_book
from kept_files import Bucket
from reported_days import SETTINGS

from chalicelib.metering.usage import Usage
from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.notices.after_report import after_report, not_reported, tell_left
from chalicelib.reporting.notices.notices import Notices, notice_key
from chalicelib.reporting.notices.spend import before, same_weekdays
from chalicelib.reporting.rated import rated
from chalicelib.reporting.reported_day import ReportedDay, costs_key, manifest_key
from chalicelib.reporting.store import ReportStore

DAY = date(2026, 11, 22)
TOLD = replace(SETTINGS, alerts_topic_arn="arn:aws:sns:us-east-1:123456789012:alerts")
BOOK = price_book(
    "m,us-east-1,none,on_demand,default,none,input_tokens,1,2026-01-01,,list,2026-11-01"
)
NOTHING_SPENT = b"team_id,total_cost\n"


@dataclass
class Sns:
    fails: bool = False
    subjects: list[str] = field(default_factory=list)

    def publish(self, **message: str) -> None:
        if self.fails:
            raise ClientError({"Error": {"Code": "NotFound"}}, "Publish")
        self.subjects.append(message["Subject"])


def notices(sns: Sns, bucket: Bucket | None = None, topic: str = TOLD.alerts_topic_arn) -> Notices:
    store = ReportStore(bucket or Bucket(), "reports")
    return Notices(sns, topic, store, "test", lambda: datetime(2026, 11, 23, tzinfo=UTC))


def reported(*models: str) -> ReportedDay:
    lines = [count_line(model_id=m, base_model=m, usage=Usage(input_tokens=50)) for m in models]
    return rated(DAY, lines, {}, BOOK)


def manifest(**told: Any) -> Manifest:
    required = {each.name: 0 for each in fields(Manifest) if each.default is MISSING}
    return Manifest(**{**required, "files": {}, "complete": True, **told})


def failures(capsys: pytest.CaptureFixture[str]) -> list[int]:
    return [json.loads(line)["NoticesFailed"] for line in capsys.readouterr().out.splitlines()]


def test_a_day_on_which_all_is_well_tells_nobody(capsys) -> None:
    sns = Sns()
    after_report(notices(sns), reported("m"), manifest(), TOLD)
    assert (sns.subjects, failures(capsys)) == ([], [0])


def test_each_cause_is_a_message_of_its_own(capsys) -> None:
    sns = Sns()
    bucket = Bucket(files={costs_key(day): NOTHING_SPENT for day in same_weekdays(DAY)})
    short = manifest(complete=False, lost=1)
    for _ in range(2):
        after_report(notices(sns, bucket), reported("m", "new"), short, TOLD)
    assert sns.subjects == [
        "Tollgate test: the report of 2026-11-22 is not complete",
        "Tollgate test: 2026-11-22 has usage without a price: new",
        "Tollgate test: search spent far more than usual on 2026-11-22",
    ]


def test_a_report_stands_though_nobody_can_be_told(capsys) -> None:
    after_report(notices(Sns(fails=True)), reported("new"), manifest(), TOLD)
    assert failures(capsys) == [1]


def test_each_message_that_sns_refused_is_kept_and_told_by_the_next_run(capsys) -> None:
    sns, bucket = Sns(fails=True), Bucket()
    after_report(notices(sns, bucket), reported("new"), manifest(complete=False, lost=1), TOLD)
    tell_left(notices(sns, bucket), TOLD)
    sns.fails = False
    for _ in range(2):
        tell_left(notices(sns, bucket), TOLD)
    assert len(sns.subjects) == len(set(sns.subjects)) == 2
    assert failures(capsys) == [2, 2]


def test_where_the_notices_cannot_be_read_nothing_is_raised(capsys) -> None:
    sns, bucket = Sns(fails=True), Bucket()
    after_report(notices(sns, bucket), reported("new"), manifest(), TOLD)
    bucket.fails_at = notice_key(DAY, "unpriced")
    tell_left(notices(sns, bucket), TOLD)
    assert failures(capsys) == [1, 1]


def test_costs_that_cannot_be_read_leave_the_other_causes_told(capsys) -> None:
    sns = Sns()
    bucket = Bucket(fails_at=costs_key(same_weekdays(DAY)[0]))
    after_report(notices(sns, bucket), reported("new"), manifest(), TOLD)
    assert (len(sns.subjects), failures(capsys)) == (1, [1])


@dataclass
class InPieces:
    """A body of S3 that is too large to be read at once."""

    content: bytes

    def read(self, size: int) -> bytes:
        piece, self.content = self.content[:7], self.content[7:]
        return piece


class LargeBucket(Bucket):
    def get_object(self, **request: Any) -> dict[str, Any]:
        answer = super().get_object(**request)
        if request["Key"].startswith("costs/"):
            answer["Body"] = InPieces(answer["Body"].read())
        return answer


def test_earlier_costs_are_added_up_as_they_come() -> None:
    first, second, *_ = same_weekdays(DAY)
    costs = b"team_id,total_cost\nads,1.5\nsearch,\nads,2\n"
    bucket = LargeBucket(files={costs_key(first): costs, costs_key(second): NOTHING_SPENT})

    found = before(ReportStore(bucket, "reports"), DAY)

    assert found == {first: {"ads": Decimal("3.5"), "search": Decimal(0)}, second: {}}


def test_a_day_that_could_not_be_reported_is_told_once(capsys) -> None:
    sns, bucket = Sns(), Bucket()
    for _ in range(2):
        not_reported(notices(sns, bucket), TOLD, {DAY: "the query ended as Failed"})
    assert sns.subjects == ["Tollgate test: there is no report of 2026-11-22"]


def test_a_day_that_keeps_the_report_it_has_is_not_missing(capsys) -> None:
    sns, bucket = Sns(), Bucket(files={manifest_key(DAY): b"{}"})
    not_reported(notices(sns, bucket), TOLD, {DAY: "the query ended as Failed"})
    assert sns.subjects == []


def test_without_a_topic_nothing_is_looked_at(capsys) -> None:
    bucket = Bucket(fails_at=costs_key(same_weekdays(DAY)[0]))
    after_report(notices(Sns(), bucket, ""), reported("new"), manifest(complete=False), SETTINGS)
    assert (bucket.files, failures(capsys)) == ({}, [])
