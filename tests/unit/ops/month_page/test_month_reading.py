"""A month's figures as they are read out of the bucket: they add up to its books."""

from datetime import UTC, date, datetime

from builders import price_book
from month_world import World

from chalicelib.reporting.insights import IncompleteReport
from chalicelib.reporting.months import closing
from chalicelib.reporting.months.month import Month
from chalicelib.reporting.reported_day import manifest_key
from ops.month_page.reading import read_month

OCTOBER = Month.read("2026-10")
THIRTIETH = date(2026, 10, 30)


def test_what_adjusts_a_day_that_the_month_was_closed_without_is_in_the_total():
    world = World(now=datetime(2026, 11, 2, 9, tzinfo=UTC))
    for day in OCTOBER.days():
        world.report(day)
    del world.bucket.files[manifest_key(THIRTIETH)]  # its report was never finished
    world.write(*world.records(THIRTIETH, "search", (1_000_000, 0), call="c1"))
    closing.close(
        OCTOBER, store=world.store, report=_unread, with_gaps=True, clock=lambda: world.now
    )
    world.report(THIRTIETH)

    figures = read_month(OCTOBER, world.store, "test", world.now)

    assert f"{figures.cost}" == f"{world.balance(OCTOBER).now[-1]}" == "3"
    assert figures.lacking().unreported == (THIRTIETH,)


def test_what_was_priced_after_the_closing_is_not_said_to_lack_a_price():
    priced = World().book
    world = World(now=datetime(2026, 11, 2, 9, tzinfo=UTC), book=price_book())
    world.write(*world.records(THIRTIETH, "search", (1_000_000, 0), call="c1"))
    world.close(OCTOBER)
    world.book = priced
    world.rerate(THIRTIETH)

    figures = read_month(OCTOBER, world.store, "test", world.now)

    assert (figures.cost, figures.adjustments) == (3, 1)
    assert (figures.lacking().unpriced, figures.lacking().calls["unpriced"]) == ((), 0)


def _unread(day):
    raise IncompleteReport(f"{day} cannot be read")
