"""Every fault of Logs Insights, at every call of a day's report: the right report, or none.

Never a wrong one. The calls are listed by reporting the day once without a fault. The bucket holds
an older report, made before the day's last records came; a report that fails leaves it as it was.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest
from botocore.exceptions import ClientError
from builders import provider_call
from kept_files import Bucket
from reported_days import BOOK, DAY, SETTINGS

from chalicelib.metering.usage import Usage
from chalicelib.reporting import daily
from chalicelib.reporting.insights import MAX_ROWS, IncompleteReport, Insights
from chalicelib.usage_record import Outcome, record_line
from local.insights.client import LogsClient
from local.insights.engine import Rendering
from local.insights.faults import Behaviour, Fault, Page, Refusal
from local.insights.service import InsightsService
from local.insights.table import Event, Events

NOON = datetime.fromisoformat(f"{DAY}T12:00:00Z")
NEXT_NIGHT = datetime.fromisoformat("2026-11-24T02:15:00Z")
METERED = Outcome("usage", Usage(input_tokens=12_000_000, output_tokens=50), "header")
TRICKLE = Behaviour(page_rows=2)
"""Pages of two rows, so that a small day has several."""

Files = dict[str, bytes]


def event(seq: int, call_id: str, outcome: Outcome | None, **fields: Any) -> Event:
    about = {"call_id": call_id, "request_id": f"r-{call_id}", "geo": "none"} | fields
    call = provider_call(day=DAY.isoformat(), **about)
    at = NOON + timedelta(minutes=seq)
    line = record_line(call, outcome, at=at, instance="i1", seq=seq)
    return int(at.timestamp() * 1000), line, "i1"


def pair(seq: int, call_id: str, **fields: Any) -> list[Event]:
    return [event(seq, call_id, None, **fields), event(seq + 1, call_id, METERED, **fields)]


EARLY = [*pair(1, "1a", team_id="search"), *pair(3, "5b", team_id="ads")]
EVENTS = [
    *EARLY,
    *pair(5, "8c", team_id="search", region="eu-west-1"),
    *(doubled := pair(7, "bd", team_id="ads", model_id="amazon.nova-pro-v1:0")),
    doubled[-1],
    event(9, "fe", None, team_id="search"),  # an orphan
]

AT_THE_ENDS = ("1a", "bd", "fe")
"""Calls of the first and the last records, and of a copy: without them no gap shows."""


@dataclass
class Night:
    """A bucket with an older report, and the nights' runs over it; time passes where they sleep."""

    events: list[Event] = field(default_factory=lambda: EVENTS)
    bucket: Bucket = field(default_factory=lambda: Bucket(files=dict(OLDER)))
    now: datetime = NEXT_NIGHT
    limit: int = MAX_ROWS

    def report(self, *faults: Fault, behaviour: Behaviour = TRICKLE) -> LogsClient:
        """Report the day. Raises what the report raises."""
        logs = LogsClient(InsightsService(), Events(self.events))
        logs.service.behave(behaviour, *faults)
        end = self.now + timedelta(minutes=15)
        with patch.object(daily, "Insights", partial(Insights, max_rows=self.limit)):
            daily.report(
                DAY,
                logs=logs,
                s3=self.bucket,
                settings=SETTINGS,
                book=BOOK,
                now=self.now,
                remaining_ms=lambda: int((end - self.now).total_seconds() * 1000),
                sleep=self._pass,
            )
        return logs

    def files(self) -> Files:
        """Return the report as a reader finds it; the manifest tells of queries and of the time."""
        report = ("counts/", "costs/", "prices/", "manifests/", "exceptions/")
        return {
            key: _hashes(body) if key.startswith("manifests/") else body
            for key, body in self.bucket.files.items()
            if key.startswith(report)
        }

    def lost(self) -> int:
        (manifest,) = (body for key, body in self.bucket.files.items() if "manifest" in key)
        return int(json.loads(manifest)["lost"])

    def _pass(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def _hashes(manifest: bytes) -> bytes:
    run = ("window", "queries", "reported_at", "restated")
    said = {name: value for name, value in json.loads(manifest).items() if name not in run}
    return json.dumps(said).encode()


def tables(files: Files) -> Files:
    """Leave out the manifest: a record that only the query of gaps did not find is lost in it."""
    return {key: body for key, body in files.items() if key.startswith(("counts/", "costs/"))}


def made(events: list[Event], older: Files | None = None) -> Bucket:
    night = Night(events, Bucket(files=dict(older or {})))
    night.report()
    return night.bucket


OLDER: Files = {}
OLDER.update(made(EARLY).files)
SLICED = 8
"""A limit on rows at which the day can only be read in slices."""

CALLS = {limit: Night(limit=limit).report().calls for limit in (MAX_ROWS, SLICED)}
KEPT = Night().files()
RIGHT = Night(bucket=made(EVENTS, OLDER)).files()


def calls(operation: str, limit: int = MAX_ROWS) -> int:
    return sum(called == operation for called, _ in CALLS[limit])


def at_every_call(
    operation: str, does: Refusal | Behaviour | Page, limit: int = MAX_ROWS
) -> Iterator[Fault]:
    """Yield the fault for each of the operation's calls in turn, and then for all of them."""
    count = calls(operation, limit)
    yield from (Fault(operation, does, nth) for nth in range(1, count + 1))
    yield Fault(operation, does)


def outcome(fault: Fault, capsys: pytest.CaptureFixture[str], limit: int = MAX_ROWS) -> str:
    """Report a day with a fault, and then without; say what the first run left behind."""
    night = Night(limit=limit)
    try:
        night.report(fault)
        ended = "a report"
    except (IncompleteReport, ClientError):
        ended = "none"
    found, incomplete = night.files(), metric(capsys)
    night.now += timedelta(hours=1)
    night.report()
    assert night.files() == RIGHT, f"the run after {fault}"
    expected = {"a report": (RIGHT, 0), "none": (KEPT, 1)}[ended]
    return ended if (found, incomplete) == expected else f"a wrong report after {fault}"


def metric(capsys: pytest.CaptureFixture[str]) -> int:
    """Return what rings: the report was not made, or waits for a run that has more time."""
    lines = map(json.loads, capsys.readouterr().out.splitlines())
    names = ("ReportIncomplete", "ReportWaiting")
    told = [line[name] for line in lines for name in names if name in line]
    return int(told[-1])


def test_the_day_has_something_of_everything_that_a_report_reads() -> None:
    assert RIGHT != KEPT
    assert calls("StartQuery") >= 4
    assert any("nextToken" in request for _, request in CALLS[MAX_ROWS])
    assert calls("StartQuery", SLICED) > 20


@pytest.mark.parametrize(
    "does",
    [
        *map(Refusal, ("LimitExceededException", "ThrottlingException")),
        Refusal("ServiceUnavailableException"),
        replace(TRICKLE, running_polls=5),
        *(replace(TRICKLE, rendering=rendering) for rendering in Rendering),
    ],
    ids=str,
)
def test_what_passes_by_itself_ends_in_the_right_report(
    does: Refusal | Behaviour, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = list(at_every_call("StartQuery", does))[:-1]

    assert {outcome(fault, capsys) for fault in faults} == {"a report"}


@pytest.mark.parametrize(
    "does",
    [Refusal("ThrottlingException"), Refusal("ServiceUnavailableException"), Page.EMPTY],
    ids=str,
)
def test_an_answer_that_comes_when_asked_again_ends_in_the_right_report(
    does: Refusal | Page, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = list(at_every_call("GetQueryResults", does))[:-1]

    assert {outcome(fault, capsys) for fault in faults} == {"a report"}


@pytest.mark.parametrize(
    "does",
    [
        Refusal("InvalidParameterException"),
        Refusal("LimitExceededException"),
        *(replace(TRICKLE, ends=end) for end in ("Failed", "Timeout", "Cancelled", "Unknown")),
        replace(TRICKLE, running_polls=10_000),
        replace(TRICKLE, cut_to=1),
        replace(TRICKLE, silent=True),
    ],
    ids=str,
)
def test_a_query_that_goes_wrong_ends_in_the_right_report_or_in_none(
    does: Refusal | Behaviour, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes = {outcome(fault, capsys) for fault in at_every_call("StartQuery", does)}

    assert outcomes <= {"a report", "none"}
    assert "none" in outcomes


@pytest.mark.parametrize(
    "does",
    [
        *map(Refusal, ("ResourceNotFoundException", "ThrottlingException")),
        *(Page.FAILED, Page.SHORT, Page.LAST),
    ],
    ids=str,
)
def test_a_page_that_goes_wrong_ends_in_the_right_report_or_in_none(
    does: Refusal | Page, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes = {outcome(fault, capsys) for fault in at_every_call("GetQueryResults", does)}

    assert outcomes <= {"a report", "none"}
    assert "none" in outcomes


@pytest.mark.parametrize(
    ("operation", "does"),
    [("StartQuery", replace(TRICKLE, ends="Timeout")), ("GetQueryResults", Page.SHORT)],
    ids=str,
)
def test_a_slice_that_goes_wrong_ends_in_the_right_report_or_in_none(
    operation: str, does: Behaviour | Page, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = at_every_call(operation, does, SLICED)

    outcomes = {outcome(fault, capsys, SLICED) for fault in faults}

    assert outcomes <= {"a report", "none"}
    assert "none" in outcomes


@pytest.mark.parametrize("call_id", ["1a", "5b", "8c", "bd", "fe"])
@pytest.mark.parametrize("half", ["-s", "-e", "-"])
def test_records_that_become_searchable_in_between_are_all_in_it_or_none_or_next_time(
    call_id: str, half: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f'"event_id":"{call_id}{half}'
    without = [event for event in EVENTS if text not in event[1]]
    unseen = (len(EVENTS) - len(without)) * (call_id not in AT_THE_ENDS)
    accepted = [tables(files) for files in (RIGHT, KEPT, made(without, OLDER).files)]

    for looks in range(1, calls("StartQuery") + 1):
        night = Night()
        incomplete = False
        try:
            night.report(behaviour=replace(TRICKLE, late=text, late_looks=looks))
        except IncompleteReport:
            incomplete = True

        assert tables(night.files()) in accepted
        assert incomplete or tables(night.files()) == tables(RIGHT) or night.lost() >= unseen
        assert incomplete == (metric(capsys) == 1)
        night.now += timedelta(hours=1)
        night.report()
        assert night.files() == RIGHT


def test_a_query_that_cannot_be_stopped_hides_nothing_of_what_went_wrong(
    capsys: pytest.CaptureFixture[str],
) -> None:
    night = Night()
    refused = Fault("StopQuery", Refusal("ServiceUnavailableException"))

    with pytest.raises(IncompleteReport):
        night.report(Fault("StartQuery", Behaviour(ends="Failed"), 1), refused)

    assert (night.files(), metric(capsys)) == (KEPT, 1)
