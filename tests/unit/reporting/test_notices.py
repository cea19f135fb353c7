"""One message a cause a day, whoever tells it, and whatever fails."""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from kept_files import Bucket

from chalicelib.reporting.notices.notices import LEFT_BEHIND, Cause, Notices, notice_key
from chalicelib.reporting.store import ReportStore

DAY = date(2026, 11, 22)
TOPIC = "arn:aws:sns:us-east-1:123456789012:tollgate-test-alerts"


@dataclass
class Sns:
    """A topic; `during` happens while something is being told."""

    fails: bool = False
    during: Any = None
    told: list[dict[str, str]] = field(default_factory=list)

    def publish(self, **message: str) -> None:
        if self.during:
            self.during()
        if self.fails:
            raise ClientError({"Error": {"Code": "NotFound"}}, "Publish")
        self.told.append(message)


@dataclass
class World:
    sns: Sns = field(default_factory=Sns)
    bucket: Bucket = field(default_factory=Bucket)
    now: datetime = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)

    def tell(
        self, cause: Cause = "spend", day: date = DAY, topic: str = TOPIC, **told: str
    ) -> bool:
        store = ReportStore(self.bucket, "reports")
        notices = Notices(self.sns, topic, store, "test", lambda: self.now)
        return notices.tell(day, cause, told.get("subject", "a subject"), told.get("text", "text"))

    def tell_left(self) -> list[bool]:
        """Tell what is left, as the next run does."""
        store = ReportStore(self.bucket, "reports")
        return [each() for each in Notices(self.sns, TOPIC, store, "test", lambda: self.now).left()]

    def state(self, cause: Cause = "spend") -> str:
        marker: dict[str, str] = json.loads(self.bucket.files[notice_key(DAY, cause)])
        return marker["state"]


def test_a_cause_is_told_once_a_day() -> None:
    world = World()
    assert [world.tell(), world.tell()] == [True, False]
    assert [told["Subject"] for told in world.sns.told] == ["Tollgate test: a subject"]
    assert world.sns.told[0]["TopicArn"] == TOPIC


def test_another_cause_and_another_day_are_told_as_well() -> None:
    world = World()
    told = [world.tell(), world.tell("unpriced"), world.tell(day=DAY + timedelta(days=1))]
    assert told == [True, True, True]


def test_a_restated_day_is_not_told_of_again_the_next_night() -> None:
    world = World()
    world.tell()
    world.now += timedelta(days=1)
    assert not world.tell()


def test_of_two_who_tell_at_once_one_does() -> None:
    world = World()
    another: list[bool] = []

    def meanwhile() -> None:
        world.sns.during = None
        another.append(world.tell())

    world.sns.during = meanwhile
    assert world.tell()
    assert another == [False]
    assert len(world.sns.told) == 1


def test_what_could_not_be_told_is_told_by_the_next_report() -> None:
    world = World(Sns(fails=True))
    with pytest.raises(ClientError):
        world.tell()
    world.sns.fails = False
    assert world.tell()
    assert (len(world.sns.told), world.state()) == (1, "told")


def killed() -> None:
    raise KeyboardInterrupt


def test_whoever_tells_just_now_is_left_to_it() -> None:
    world = World(Sns(during=killed))
    with pytest.raises(KeyboardInterrupt):
        world.tell()
    world.sns.during = None
    assert not world.tell()
    assert world.tell_left() == []


def test_what_sns_refused_is_told_by_the_next_run_with_the_same_words() -> None:
    world = World(Sns(fails=True))
    with pytest.raises(ClientError):
        world.tell(subject="too dear", text="see to it")
    assert world.state() == "failed"
    world.sns.fails = False
    assert world.tell_left() == [True]
    assert [(each["Subject"], each["Message"]) for each in world.sns.told] == [
        ("Tollgate test: too dear", "see to it")
    ]
    assert (world.state(), world.tell_left(), world.tell()) == ("told", [], False)


def test_what_a_dead_run_began_to_tell_is_told_by_a_later_one() -> None:
    world = World(Sns(during=killed))
    with pytest.raises(KeyboardInterrupt):
        world.tell()
    world.sns.during = None
    world.now += LEFT_BEHIND
    assert world.tell_left() == [True]


def test_who_dies_between_telling_and_saying_so_tells_twice_and_not_never() -> None:
    world = World()

    def dies_after() -> None:
        world.bucket.fails_at = notice_key(DAY, "spend")

    world.sns.during = dies_after
    with pytest.raises(ClientError):
        world.tell()
    world.bucket.fails_at, world.sns.during = "", None
    world.now += LEFT_BEHIND
    assert world.tell_left() == [True]
    assert len(world.sns.told) == 2


def test_what_is_refused_again_stays_to_be_told() -> None:
    world = World(Sns(fails=True))
    with pytest.raises(ClientError):
        world.tell()
    with pytest.raises(ClientError):
        world.tell_left()
    world.sns.fails = False
    assert world.tell_left() == [True]


def test_of_two_runs_that_tell_what_is_left_one_does() -> None:
    world = World(Sns(fails=True))
    with pytest.raises(ClientError):
        world.tell()
    world.sns.fails = False
    store = ReportStore(world.bucket, "reports")
    first, second = (
        next(Notices(world.sns, TOPIC, store, "test", lambda: world.now).left()) for _ in range(2)
    )
    assert [first(), second()] == [True, False]
    assert len(world.sns.told) == 1


def test_what_was_begun_before_messages_were_kept_is_left_to_the_days_report() -> None:
    world = World()
    old = {"state": "telling", "at": "2026-11-20T02:30:00Z"}
    world.bucket.files[notice_key(DAY, "spend")] = json.dumps(old).encode()
    assert world.tell_left() == []
    assert world.tell()


def test_what_is_months_old_is_not_told_any_more() -> None:
    world = World(Sns(fails=True))
    with pytest.raises(ClientError):
        world.tell()
    world.sns.fails = False
    world.now += timedelta(days=60)
    assert world.tell_left() == []


def test_without_a_topic_nobody_is_told_and_nothing_is_written() -> None:
    world = World()
    assert not world.tell(topic="")
    assert (world.sns.told, world.bucket.files) == ([], {})


def test_a_subject_is_what_sns_takes() -> None:
    world = World()
    world.tell(subject="ü" * 200)
    subject = world.sns.told[0]["Subject"]
    assert (subject.isascii(), len(subject)) == (True, 99)
