"""`python -m ops reconcile`: its last line and its exit status."""

from decimal import Decimal

import pytest

from chalicelib.reconciliation.causes import Cause
from chalicelib.reconciliation.morning import Reconciler
from chalicelib.reconciliation.row import Row, Status
from chalicelib.reconciliation.statement import Statement
from ops.__main__ import main

ENVIRON = {
    "AWS_REGION": "us-east-1",
    "TENANTS_TABLE": "tenants",
    "STREAMS_TABLE": "streams",
    "STREAMS_QUEUE": "queue",
    "REPORTS_BUCKET": "reports",
    "PAYLOADS_BUCKET": "payloads",
    "STAGE": "dev",
}


def status_of(monkeypatch: pytest.MonkeyPatch, cause: Cause, status: Status) -> int:
    row = Row("counters", "m", "images", Decimal(1), Decimal(2), (cause,), status, 1)
    found = Statement("date=2026-11-22", "reconciliation", (row,), {})
    monkeypatch.setattr(Reconciler, "day", lambda _self, _day: found)
    return main(["reconcile", "--date", "2026-11-22"], ENVIRON)


def test_a_difference_is_exit_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of(monkeypatch, Cause.BYPASS, "difference") == 1
    printed = capsys.readouterr()
    assert printed.out.splitlines()[-1].startswith("reconciliation: 1 difference, found: a direct")
    assert printed.err == "error: 2026-11-22 is not what AWS says: 1 number differs\n"


def test_what_is_explained_is_exit_status_0(monkeypatch: pytest.MonkeyPatch) -> None:
    assert status_of(monkeypatch, Cause.MIDNIGHT, "explained") == 0
