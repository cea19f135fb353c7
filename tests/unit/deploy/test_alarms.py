"""Alarms and the dashboard: of metrics that are measured, with somebody told."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ops.deploy.templates.alarms import ALARMS, FUNCTIONS, alarms, function_name

ROOT = Path(__file__).parents[3]
TEMPLATE = alarms()["Resources"]
MADE = {
    name: each["Properties"]
    for name, each in TEMPLATE.items()
    if each["Type"] == "AWS::CloudWatch::Alarm"
}
METRIC_NAME = re.compile(r"[A-Z][a-z]+(?:[A-Z][a-z]+)*")
CONFIG = json.loads((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))
SEVEN_DAYS = 604_800


def emitted(path: Path) -> Iterator[str]:
    """The metrics that a module emits, by keyword or in a dict that it passes on."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    emits = [c for c in calls if isinstance(c.func, ast.Attribute) and c.func.attr == "emit"]
    yield from (keyword.arg for call in emits for keyword in call.keywords if keyword.arg)
    if any(keyword.arg is None for call in emits for keyword in call.keywords):
        keys = (key for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys)
        names = (key.value for key in keys if isinstance(key, ast.Constant))
        yield from (name for name in names if METRIC_NAME.fullmatch(str(name)))


@pytest.fixture(scope="module")
def measured() -> set[str]:
    return {name for path in (ROOT / "chalicelib").rglob("*.py") for name in emitted(path)}


@pytest.fixture(scope="module")
def widgets() -> list[dict[str, Any]]:
    body = TEMPLATE["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    found: list[dict[str, Any]] = json.loads(body)["widgets"]
    return found


def shown(widgets: list[dict[str, Any]]) -> set[str]:
    metrics = [m for widget in widgets for m in widget["properties"].get("metrics", [])]
    return {metric[1] for metric in metrics if metric[0] == "Tollgate"}


def test_an_alarm_is_of_a_metric_that_the_code_emits(measured: set[str]) -> None:
    ours = {alarm.metric for alarm in ALARMS if alarm.metric and alarm.namespace == "Tollgate"}
    assert ours <= measured


def test_what_the_code_emits_is_watched(measured: set[str], widgets: list[dict[str, Any]]) -> None:
    alarming = {alarm.metric for alarm in ALARMS}
    assert measured <= alarming | shown(widgets)


def test_a_widget_is_of_metrics_that_the_code_emits(
    measured: set[str], widgets: list[dict[str, Any]]
) -> None:
    assert shown(widgets) <= measured


def test_every_alarm_tells_somebody_and_says_where_to_read_on() -> None:
    for alarm in ALARMS:
        made = alarm.resource()["Properties"]
        assert made["AlarmActions"] == [{"Ref": "Alerts"}]
        assert made["AlarmDescription"].endswith(f"docs/runbook.md#{alarm.name}")


def test_no_two_alarms_share_a_name() -> None:
    assert len(MADE) == len(ALARMS) == len({alarm.name for alarm in ALARMS})


def test_the_failure_of_every_function_is_an_alarm() -> None:
    assert set(FUNCTIONS) == set(CONFIG["lambda_functions"])
    failing = {
        dimension["Value"]["Fn::Sub"]
        for made in MADE.values()
        if made.get("MetricName") == "Errors"
        for dimension in made["Dimensions"]
    }
    assert failing == {function_name(key) for key in FUNCTIONS}


@pytest.mark.parametrize(
    "name",
    [
        *("report-missing", "report-incomplete", "orphaned", "unpriced", "ledger-fault"),
        *("dead-letters", "throttled-api", "throttled-tables", "error-rate"),
    ],
)
def test_what_loses_money_or_requests_is_an_alarm(name: str) -> None:
    assert name in {alarm.name for alarm in ALARMS}


def test_a_report_that_never_ran_is_as_bad_as_one_that_failed() -> None:
    made = MADE["ReportMissing"]
    assert made["TreatMissingData"] == "breaching"
    assert made["Statistic"] == "Minimum"  # one complete report is enough
    assert made["Period"] * made["EvaluationPeriods"] == 26 * 3600


def test_a_reconciliation_is_missing_where_nothing_was_said_whatever_was_found() -> None:
    made = MADE["ReconciliationMissing"]
    assert made["TreatMissingData"] == "breaching"
    assert made["Threshold"] > 1e9  # of which its metric is never
    assert made["Period"] * made["EvaluationPeriods"] == 26 * 3600


def test_a_report_waits_too_long_when_no_hour_of_the_night_was_enough() -> None:
    made = MADE["ReportWaiting"]
    assert (made["Period"], made["EvaluationPeriods"], made["Threshold"]) == (3600, 4, 1)


def test_silence_is_no_fault_of_anything_else() -> None:
    missing = ("ReportMissing", "ReconciliationMissing")
    others = [made for name, made in MADE.items() if name not in missing]
    assert {made["TreatMissingData"] for made in others} == {"notBreaching"}


def test_no_alarm_looks_back_longer_than_cloudwatch_does() -> None:
    spans = [m.get("Period", 300) * m["EvaluationPeriods"] for m in MADE.values()]
    assert max(spans) <= SEVEN_DAYS


def test_only_the_stage_s_alarms_may_write_to_the_topic() -> None:
    allowed, denied = TEMPLATE["AlertsPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    source = allowed["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Sub"]
    assert source.endswith(":alarm:tollgate-${Stage}-*")
    assert (denied["Effect"], denied["Condition"]) == (
        *("Deny", {"Bool": {"aws:SecureTransport": "false"}}),
    )


def test_nobody_is_mailed_who_was_not_named() -> None:
    assert TEMPLATE["Mail"]["Condition"] == "HasMail"
    assert alarms()["Parameters"]["AlertEmail"]["Default"] == ""


def test_widgets_fill_the_dashboard_and_do_not_overlap(widgets: list[dict[str, Any]]) -> None:
    places = {(w["x"] + dx, w["y"]) for w in widgets for dx in range(w["width"])}
    assert len(places) == sum(widget["width"] for widget in widgets)
    assert len(places) % 24 == 0


def test_the_dashboard_shows_spend_latency_errors_and_what_needs_a_person(
    widgets: list[dict[str, Any]],
) -> None:
    titles = {widget["properties"]["title"] for widget in widgets}
    assert {"Alarms", "Tokens and calls, by team and model", "Latency of answers, ms"} <= titles
    assert {"Orphaned", "Unpriced", "ReportIncomplete", "LedgerFault"} <= shown(widgets)


def test_a_table_of_the_usage_log_asks_for_fields_that_records_have(
    widgets: list[dict[str, Any]],
) -> None:
    from chalicelib.usage_record import RECORD_COUNTERS

    queries = [w["properties"]["query"] for w in widgets if w["type"] == "log"]
    summed = {name for query in queries for name in re.findall(r"sum\((\w+)\)", query)}
    assert summed <= set(RECORD_COUNTERS)
    assert all("SOURCE '/tollgate/${Stage}/usage'" in query for query in queries)
