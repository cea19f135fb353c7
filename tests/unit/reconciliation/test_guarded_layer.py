"""Guardrails' text units by policy, beside the counter that AWS keeps of them."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from builders import count_line

from chalicelib.metering.usage import Usage
from chalicelib.reconciliation import guarded
from chalicelib.reconciliation.calls import Day
from chalicelib.reconciliation.counted import Counted
from chalicelib.reconciliation.row import Hidden, Row

QUIET = Day(lost=0, carried={}, tolerance=Decimal(0))
ALONE = count_line(
    model_id="guardrail/abc", base_model="guardrails", usage=Usage(guardrail_topic_units=4)
)
WITH_A_MODEL = count_line(usage=Usage(10, 5, guardrail_topic_units=6))
CUT = replace(count_line(), usage_source="partial")


def found(*lines: Any, aws: Counted | int) -> Row:
    theirs = aws if isinstance(aws, Counted) else Counted(aws)
    counted = {"guardrail_topic_units": theirs}
    (row,) = guarded.rows(lines, counted, "us-east-1", QUIET, lambda *_: Decimal("0.01"))
    return row


def test_units_are_equal_whether_aws_counts_those_that_went_with_a_model_or_not() -> None:
    assert found(ALONE, WITH_A_MODEL, aws=4).status == "equal"
    assert found(ALONE, WITH_A_MODEL, aws=10).status == "equal"


def test_a_guardrail_that_was_called_directly_is_found() -> None:
    row = found(ALONE, WITH_A_MODEL, aws=13)
    assert (row.causes, row.status, row.difference) == (("bypass",), "difference", -3)
    assert "ApplyGuardrail" in row.advice


def test_units_that_aws_did_not_count_are_late_or_wrong_here() -> None:
    assert found(ALONE, aws=0).causes == ("aws_less",)


def test_a_cut_answers_guardrail_explains_units_that_nobody_reported() -> None:
    row = found(WITH_A_MODEL, CUT, aws=8)
    assert (row.causes, row.status) == (("cut_stream",), "explained")
    assert row.hidden == Hidden(2, 0, Decimal("0.02"))


def test_a_cut_answer_of_a_team_without_guardrails_explains_nothing() -> None:
    row = found(WITH_A_MODEL, replace(CUT, team_id="ads"), aws=8)
    assert (row.causes, row.hidden) == (("bypass",), None)


def test_a_guardrail_over_midnight_is_carried() -> None:
    assert found(ALONE, aws=Counted(0, after=4)).carried == 4


NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
Dimensions = frozenset[tuple[str, str]]


def by(policy: str, *operation: str) -> Dimensions:
    pairs = [("GuardrailPolicyType", policy), *(("Operation", each) for each in operation)]
    return frozenset(pairs)


@dataclass(frozen=True)
class CloudWatch:
    """Has counted text units at noon, and lists the series of the last two weeks alone."""

    units: Mapping[Dimensions, int]
    listed: Collection[Dimensions] = ()

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=getattr(self, operation))

    def list_metrics(self, **_request: Any) -> Iterator[dict[str, Any]]:
        named = [[{"Name": k, "Value": v} for k, v in sorted(each)] for each in self.listed]
        yield {"Metrics": [{"Dimensions": each} for each in named]}

    def get_metric_data(self, **request: Any) -> Iterator[dict[str, Any]]:
        yield {"MetricDataResults": [self._result(each) for each in request["MetricDataQueries"]]}

    def _result(self, query: dict[str, Any]) -> dict[str, Any]:
        named = query["MetricStat"]["Metric"]["Dimensions"]
        units = self.units.get(frozenset((each["Name"], each["Value"]) for each in named))
        values = [] if units is None else [float(units)]
        return {"Id": query["Id"], "Timestamps": [NOON] * len(values), "Values": values}


def counted(cloudwatch: CloudWatch) -> dict[str, int]:
    found = guarded.counted(cloudwatch, NOON.date(), NOON + timedelta(days=30))
    return {unit: each.day for unit, each in found.items()}


TOPICS, CONTENT = by("TopicPolicy", "ApplyGuardrail"), by("ContentPolicy", "ApplyGuardrail")


@pytest.mark.parametrize("topics", [TOPICS, by("TopicPolicy")])
def test_units_of_an_older_day_are_found_though_cloudwatch_lists_none(topics: Dimensions) -> None:
    assert counted(CloudWatch({topics: 3})) == {"guardrail_topic_units": 3}


def test_a_policy_that_nobody_uses_any_more_is_found_beside_one_that_is_listed() -> None:
    found = counted(CloudWatch({TOPICS: 3, CONTENT: 4}, listed=[TOPICS]))
    assert found == {"guardrail_topic_units": 3, "guardrail_content_units": 4}


def test_units_that_are_published_in_both_ways_are_counted_once() -> None:
    both = {TOPICS: 3, by("TopicPolicy"): 3}
    assert counted(CloudWatch(both, listed=both.keys())) == {"guardrail_topic_units": 3}
    assert counted(CloudWatch(both)) == {"guardrail_topic_units": 3}


def test_what_aws_publishes_nothing_of_is_not_compared_and_a_listed_counter_without_units_is() -> (
    None
):
    assert counted(CloudWatch({})) == {}
    assert counted(CloudWatch({}, listed=[by("TopicPolicy")])) == {"guardrail_topic_units": 0}


def test_another_regions_units_are_left_out() -> None:
    elsewhere = replace(ALONE, region="eu-west-1")
    counted = {"guardrail_topic_units": Counted()}
    assert list(guarded.rows([elsewhere], counted, "us-east-1", QUIET, lambda *_: None)) == []
