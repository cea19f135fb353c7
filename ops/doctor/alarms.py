"""The alarms of a stage, and whether anybody is told of them."""

from collections.abc import Iterator
from typing import Any

from ops.doctor.examined import Examined
from ops.doctor.finding import Finding, ok, runbook, wrong


def alarms(examined: Examined) -> Iterator[Finding]:
    if examined.is_local:
        return
    found = _alarms(examined)
    if not found:
        todo = "deploy .chalice/alarms.json: python -m ops deploy does"
        yield wrong("alarms", f"there is none of {examined.prefix}", todo)
        return
    ringing = [each for each in found if each["StateValue"] == "ALARM"]
    for each in ringing:
        name = each["AlarmName"].removeprefix(f"{examined.prefix}-")
        since = each["StateUpdatedTimestamp"].strftime("%Y-%m-%d %H:%M")
        yield wrong("alarm", f"{name}, since {since}", runbook(name))
    if not ringing:
        yield ok("alarms", f"{len(found)}, none in ALARM")
    yield _told(examined, found)


def _alarms(examined: Examined) -> list[dict[str, Any]]:
    pages = examined.client("cloudwatch").get_paginator("describe_alarms")
    asked = pages.paginate(AlarmNamePrefix=f"{examined.prefix}-", AlarmTypes=["MetricAlarm"])
    return [alarm for page in asked for alarm in page["MetricAlarms"]]


def _told(examined: Examined, found: list[dict[str, Any]]) -> Finding:
    """Somebody must be told: the alarms' actions on, and an address that confirmed."""
    topics = {topic for each in found if each["ActionsEnabled"] for topic in each["AlarmActions"]}
    sns = examined.client("sns")
    listed = [
        each
        for topic in topics
        for each in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    ]
    confirmed = [each for each in listed if each["SubscriptionArn"].startswith("arn:")]
    if confirmed:
        return ok("told", f"{len(confirmed)} subscribed to the alarms")
    todo = f"subscribe to the topic {examined.prefix}-alerts, and confirm the mail"
    return wrong("told", "nobody is told of an alarm", todo)
