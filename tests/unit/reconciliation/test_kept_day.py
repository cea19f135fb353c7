"""The counts that a day is reconciled by: the newest that were kept, and whole."""

from datetime import UTC, date, datetime, timedelta

import pytest
from month_world import MODEL, SETTINGS, World

from chalicelib.reconciliation import days, months
from chalicelib.reconciliation.counted import Counted
from chalicelib.reconciliation.kept_day import KeptDay, NotReported
from chalicelib.reconciliation.made import Scope
from chalicelib.reconciliation.statement import Statement
from chalicelib.reporting.months.month import Month
from chalicelib.reporting.reported_day import counts_key, manifest_key, price_rows_key
from chalicelib.reporting.restating import ADJUSTED

M = 1_000_000
LAST = date(2026, 10, 31)
OCTOBER = Month.of(LAST)


@pytest.fixture
def world() -> World:
    """A gateway whose October is over, with one call on its last day."""
    world = World(now=datetime(2026, 11, 1, 9, tzinfo=UTC))
    world.write(*world.records(LAST, "search", (M, 0), call="c1"))
    return world


def a_late_call(world: World) -> None:
    world.write(*world.records(LAST, "ads", (M, 0), call="c2"))
    world.now += timedelta(days=1)
    world.report(LAST)


@pytest.fixture
def two_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS counted two calls on the last day of October, and no others."""
    scope = Scope("bedrock", MODEL)
    last = {scope: {"invocations": Counted(2), "input_tokens": Counted(2 * M)}}
    monkeypatch.setattr(days, "counted", lambda _, day, *about: last if day == LAST else {})
    monkeypatch.setattr(days.guarded, "counted", lambda *_about: {})


def reconciled(world: World, day: date = LAST) -> Statement:
    return days.reconcile(day, cloudwatch=None, store=world.store, settings=SETTINGS, now=world.now)


@pytest.mark.usefixtures("two_calls")
def test_a_record_that_came_after_the_closing_is_reconciled(world: World) -> None:
    world.close(OCTOBER)
    assert "bypassed" in reconciled(world).sentence()
    a_late_call(world)
    assert LAST in days.due(world.store, world.now.date())
    assert reconciled(world).sentence() == "no difference"


@pytest.mark.usefixtures("two_calls")
def test_an_adjusted_day_that_is_reconciled_is_not_due(world: World) -> None:
    world.close(OCTOBER)
    a_late_call(world)
    for day in days.due(world.store, world.now.date()):
        reconciled(world, day)
    assert days.due(world.store, world.now.date()) == []


def test_an_adjusted_day_is_held_against_the_bill_by_its_newest_counts_and_prices(
    world: World,
) -> None:
    world.close(OCTOBER)
    a_late_call(world)
    kept = KeptDay.read(world.store, LAST)
    assert sum(line.usage.input_tokens for line in kept.lines) == 2 * M
    del world.bucket.files[price_rows_key(LAST)]
    assert {price.key.unit for price in kept.prices(world.store)} >= {"input_tokens"}


def broken_off(world: World) -> None:
    """Report a late call, by a writer who died before the manifest."""
    world.report(LAST)
    before = world.bucket.files[manifest_key(LAST)]
    a_late_call(world)
    world.bucket.files[manifest_key(LAST)] = before


def test_counts_that_are_not_those_of_their_manifest_are_not_reconciled(world: World) -> None:
    broken_off(world)
    with pytest.raises(NotReported, match="not that of its manifest: report the day again"):
        reconciled(world)
    assert not any(key.startswith("reconcil") for key in world.bucket.files)


def test_a_month_is_not_held_against_its_bill_without_a_day_that_broke_off(world: World) -> None:
    broken_off(world)
    with pytest.raises(NotReported, match=f"{counts_key(LAST)} is not that of its manifest"):
        months.reconcile(OCTOBER, cost_explorer=None, s3=None, store=world.store, settings=SETTINGS)


def test_prices_that_are_not_those_of_their_manifest_are_refused(world: World) -> None:
    world.report(LAST)
    world.bucket.files[price_rows_key(LAST)] += b"\n"
    with pytest.raises(NotReported, match=r"prices\.csv is not that of its manifest"):
        KeptDay.read(world.store, LAST).prices(world.store)


def test_a_day_without_a_report_says_so(world: World) -> None:
    with pytest.raises(NotReported, match="there is no report of 2026-10-31"):
        KeptDay.read(world.store, LAST)


def test_a_day_that_its_month_was_closed_without_is_known_by_its_adjustment(world: World) -> None:
    world.report(LAST)
    for key in (counts_key(LAST), manifest_key(LAST)):
        world.bucket.files[ADJUSTED + key] = world.bucket.files.pop(key)
    assert days.due(world.store, date(2026, 11, 1)) == [LAST]
