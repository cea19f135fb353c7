"""CloudTrail's event history where moto 5.2 has none: who called which operation, and when.

The events are those of the simulator's calls. Sources: CloudTrail API reference, LookupEvents
(management events alone, of one region, 50 a page, newest first, one attribute to look for);
CloudTrail user guide, "Working with CloudTrail event history" (events come late, within some
15 minutes).
"""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from unittest.mock import patch

from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.exceptions import JsonRESTError

Event = dict[str, Any]
MAX_RESULTS = 50


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How late the history is from now on."""

    late_looks: int = 0
    """Requests that find nothing yet."""


class EventHistory:
    """The event history of one AWS. Without calls to follow it is empty."""

    def __init__(self) -> None:
        self._events: Callable[[], Iterable[Event]] = tuple
        self._behaviour = Behaviour()
        self._looks = 0

    def follow(self, events: Callable[[], Iterable[Event]]) -> None:
        """Show these events, from now on and before."""
        self._events = events

    def behave(self, behaviour: Behaviour) -> None:
        """Be late; `Behaviour()` ends it."""
        self._behaviour, self._looks = behaviour, 0

    def look_up(self, request: dict[str, Any], region: str) -> dict[str, Any]:
        """Answer LookupEvents."""
        page, offset = _page(request), int(request.get("NextToken") or 0)
        start, end = request.get("StartTime", 0), request.get("EndTime", float("inf"))
        if start > end:
            raise JsonRESTError("InvalidTimeRangeException", "The start is after the end.")
        self._looks += 1
        events = () if self._looks <= self._behaviour.late_looks else self._events()
        found = [
            event
            for event in events
            if event["eventCategory"] == "Management"
            and event["awsRegion"] == region
            and start <= _seconds(event) <= end
            and all(_has(event, wanted) for wanted in request.get("LookupAttributes", ()))
        ]
        found.sort(key=_seconds, reverse=True)
        more = {"NextToken": str(offset + page)} if offset + page < len(found) else {}
        return {"Events": [_listed(event) for event in found[offset : offset + page]], **more}


@contextmanager
def installed(history: EventHistory) -> Iterator[None]:
    """Let moto's CloudTrail have a history while the context lasts."""

    def lookup_events(response: CloudTrailResponse) -> str:
        return json.dumps(history.look_up(json.loads(response.body), response.region))

    with patch.object(CloudTrailResponse, "lookup_events", lookup_events, create=True):
        yield


def _page(request: dict[str, Any]) -> int:
    page: int = request.get("MaxResults", MAX_RESULTS)
    if not 1 <= page <= MAX_RESULTS:
        raise JsonRESTError("InvalidMaxResultsException", f"MaxResults is 1 to {MAX_RESULTS}.")
    if len(request.get("LookupAttributes", ())) > 1:
        raise JsonRESTError("InvalidLookupAttributesException", "There is at most one attribute.")
    return page


def _has(event: Event, wanted: dict[str, str]) -> bool:
    found = _listed(event).get(wanted["AttributeKey"])
    return found == wanted["AttributeValue"]


def _listed(event: Event) -> Event:
    return {
        "EventId": event["eventID"],
        "EventName": event["eventName"],
        "ReadOnly": "true",
        "AccessKeyId": event["userIdentity"]["accessKeyId"],
        "EventTime": _seconds(event),
        "EventSource": event["eventSource"],
        "Username": event["userIdentity"]["arn"].rpartition("/")[2],
        "Resources": [],
        "CloudTrailEvent": json.dumps(event),
    }


def _seconds(event: Event) -> float:
    return datetime.fromisoformat(event["eventTime"]).timestamp()
