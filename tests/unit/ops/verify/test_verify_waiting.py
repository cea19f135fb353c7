"""Waiting for what AWS shows late: records by seconds, counters by minutes."""

from datetime import UTC, datetime
from typing import Any

from ops.verify import proof, records
from ops.verify.calls import Models, planned
from ops.verify.counters import Made
from ops.verify.counts import Counts
from ops.verify.gateway import Answer
from ops.verify.patience import Waiting
from ops.verify.proof import Round

MODEL = "us.amazon.nova-micro-v1:0"
AT = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)
CALL = planned(Models(MODEL), "n")[0]
ROUND = Round(((CALL, Answer(200, {}, b"", ("r1",))),), AT, AT)
MADE = [Made(MODEL, 1, Counts(5, 7))]
ALL = {"Invocations": [1.0], "InputTokenCount": [2.0, 3.0], "OutputTokenCount": [7.0]}


class CloudWatch:
    """Answers look after look with these values; the last of them from then on."""

    def __init__(self, *looks: dict[str, list[float]]) -> None:
        self._looks = looks
        self.asked: list[dict] = []

    def get_paginator(self, operation: str) -> "CloudWatch":
        assert operation == "get_metric_data"
        return self

    def paginate(self, **asked: Any) -> list[dict]:
        self.asked.append(asked)
        look = self._looks[min(len(self.asked), len(self._looks)) - 1]
        queries = {
            each["MetricStat"]["Metric"]["MetricName"]: each["Id"]
            for each in asked["MetricDataQueries"]
        }
        results = [
            {"Id": queries[metric], "Timestamps": [AT] * len(values), "Values": values}
            for metric, values in look.items()
        ]
        return [{"MetricDataResults": results}]


def patience(seconds: float = 600) -> Waiting:
    slept = [0.0]
    return Waiting(seconds, lambda: slept[0], lambda pause: slept.append(slept.pop() + pause))


def test_counters_are_asked_for_until_none_is_less() -> None:
    cloudwatch = CloudWatch({}, {**ALL, "OutputTokenCount": [6.0]}, ALL)
    (found,) = proof.counted(ROUND, MADE, cloudwatch, patience())
    assert (found.late, found.more, len(cloudwatch.asked)) == ([], [], 3)
    assert found.counts == Counts(5, 7)


def test_when_the_time_is_up_what_did_not_arrive_is_known() -> None:
    (found,) = proof.counted(ROUND, MADE, CloudWatch({"Invocations": [1.0]}), patience())
    assert found.late == ["InputTokenCount", "OutputTokenCount"]


def test_the_minutes_of_the_calls_are_asked_for_and_one_on_either_side() -> None:
    cloudwatch = CloudWatch(ALL)
    proof.counted(ROUND, MADE, cloudwatch, patience())
    (asked,) = cloudwatch.asked
    assert asked["StartTime"] == AT.replace(minute=59, hour=11, second=0)
    assert asked["EndTime"] == AT.replace(minute=2, second=0)
    assert len(asked["MetricDataQueries"]) == 6


def test_records_are_read_until_every_answered_call_has_its_end(monkeypatch) -> None:
    ended = {"r1": records.Recorded((_end(),))}
    looks = iter([{}, {}, ended])
    monkeypatch.setattr(records, "read", lambda *_: next(looks))
    assert proof.recorded(ROUND, None, ["usage"], patience()) == ended


def test_a_call_that_was_refused_has_no_record_to_wait_for(monkeypatch) -> None:
    refused = Round(((CALL, Answer(403, {}, b"", ("r1",))),), AT, AT)
    looks = iter([{}])
    monkeypatch.setattr(records, "read", lambda *_: next(looks))
    assert proof.recorded(refused, None, ["usage"], patience()) == {}


def _end() -> records.Record:
    from builders import count_line

    return records.Record("c1", "r1", AT.date(), count_line(n_usage=1))
