"""What finance does with a reported day: reconciles it, follows a call to its end, draws the month.

Before that, somebody calls a model directly, with credentials of his own: no gateway can record
that, but AWS counts it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from chalicelib import settings
from chalicelib.reporting.months.month import Month
from chalicelib.reporting.store import ReportStore
from local.demo import one_cent
from local.demo.reports import KEPT
from local.proof import Proof
from local.stack import Stack
from ops.month_page.page import render
from ops.month_page.reading import read_month
from ops.trace import command as trace

BYPASSED = "us.amazon.nova-pro-v1:0"
RECONCILED_AT = time(6, 45, tzinfo=UTC)
TOLD = ("request", "AWS", "report")
"""The lines of a trace that the screen has room for, besides its arithmetic."""


@dataclass(frozen=True, slots=True)
class Books:
    reconciled: Sequence[str]  # a sentence for each day
    traced: Sequence[str]
    page: Path


def close(stack: Stack, days: Sequence[date], proof: Proof) -> Books:
    """Bypass the gateway, reconcile the days, trace a call of some cents, and draw their month."""
    bypass(stack)
    reconciled = [_reconciled(stack, day) for day in days]
    traced = one_cent.choose(proof.verdicts).call
    request_id = traced.request_id if traced else ""
    return Books(reconciled, _traced(stack, request_id), _page(stack, Month.of(days[-1])))


def bypass(stack: Stack) -> None:
    """Call a model without the gateway."""
    text = {"role": "user", "content": [{"text": "Who pays for this?"}]}
    stack.client("bedrock-runtime").converse(modelId=BYPASSED, messages=[text])


def _reconciled(stack: Stack, day: date) -> str:
    """Let the scheduled function reconcile a day, as on the morning after."""
    at = datetime.combine(day + timedelta(days=1), RECONCILED_AT)
    done = stack.invoke("reconcile", {"time": at.isoformat()})["reconciled"]
    said = {each["period"]: each["said"] for each in done}
    return str(said[f"date={day}"])


def _traced(stack: Stack, request_id: str) -> list[str]:
    configured, now = settings.load(stack.environ), datetime.now(UTC)
    lines = trace.lines(
        request_id,
        configured,
        lambda service, _region: stack.client(service),
        now - timedelta(days=1),
        now,
    )
    return [" ".join(line.split()) for line in lines if line.startswith(TOLD) or " x " in line]


def _page(stack: Stack, month: Month) -> Path:
    store = ReportStore(stack.client("s3"), stack.urls["bucket"])
    path = KEPT / f"month-{month}.html"
    path.write_bytes(render(read_month(month, store, "local", datetime.now(UTC))))
    return path
