"""Adjusting: a day whose month is closed, reported or rated again, becomes signed rows.

What is closed stays as it is. The day's newer files go under `adjusted/`, for the next time that
it is rated, and what moved is added to the month's adjustments in two steps, so that each row has
one reason: first what is counted now, at the prices by which the day was last rated; then the same
at the prices of now.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from heapq import merge
from typing import Final

from chalicelib.pricing import price_file
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting import day_files
from chalicelib.reporting.claims import Claim
from chalicelib.reporting.cost_rows import CostRow, read_rows, row_of
from chalicelib.reporting.day_files import FilesOf
from chalicelib.reporting.differences import Difference, differences
from chalicelib.reporting.known_day import KnownDay
from chalicelib.reporting.months.adjustments import add, rendered_lines, rows_of_day
from chalicelib.reporting.months.telling import tell
from chalicelib.reporting.reported_day import (
    ReportedDay,
    costs_key,
    manifest_key,
    price_rows_key,
)
from chalicelib.reporting.restating import ADJUSTED, HeldDay, Outcome
from chalicelib.reporting.store import ReportStore

KEPT_BESIDE: Final[tuple[FilesOf, ...]] = (
    day_files.counts,
    day_files.costs,
    day_files.price_rows,
)
"""What the next rating of the day needs."""


def last_said(store: ReportStore, claim: Claim, day: date) -> HeldDay:
    """Return a day's report as it was last adjusted, else as it stands."""
    adjusted = HeldDay.read(store, claim, day, ADJUSTED)
    return adjusted if adjusted.manifest else HeldDay.read(store, claim, day)


def adjust(said: HeldDay, known: KnownDay) -> Outcome:
    """Keep what is known of a closed day beside it, and add to the adjustments what moved.

    The files come first. If all ends between the two, the next report finds the same difference
    between what is booked and what is known. Whatever was booked, and by whomever, is told last;
    until then the claim is unclean, so that the night knows of a day that was broken off.
    """
    store, claim, day = said.store, said.claim, said.day
    lines = rendered_lines(_found(said, known), known.at.date())
    adjustments = lines.count(b"\n")
    outcome = HeldDay.read(store, claim, day, ADJUSTED).restate(known.remade(KEPT_BESIDE, ADJUSTED))
    claim.clean = False
    add(store, day, lines, claim.hold)
    del lines  # as large as the day, and told from where they were added
    tell(store, claim, known)
    claim.clean = True
    return replace(outcome, adjustments=adjustments)


def booked(store: ReportStore, day: date) -> Iterator[CostRow]:
    """Yield a closed day's rows with those that adjust them, in the order of costs.csv.

    A day that the month was closed without has none, whatever a report of it that died has left.
    """
    there = store.read(manifest_key(day)) is not None
    closed = read_rows(store.chunks(costs_key(day)) if there else ())
    return merge(closed, rows_of_day(store, day), key=lambda row: row.order)


def _found(said: HeldDay, known: KnownDay) -> Iterator[Difference]:
    priced = known.rate(known.book)
    before = _prices_before(said, known, priced)
    counted = priced if before is None else known.rate(before)
    yield from differences(booked(said.store, said.day), map(row_of, counted.costs))
    if counted is not priced:
        yield from differences(map(row_of, counted.costs), map(row_of, priced.costs))


def _prices_before(said: HeldDay, known: KnownDay, priced: ReportedDay) -> PriceBook | None:
    """Return the book by which the day was last rated; None where the prices of now are the same.

    Then nothing is rated twice: a day of 300,000 groups would be in memory twice.
    """
    kept = said.store.read(said.prefix + price_rows_key(said.day)) if said.manifest else None
    if kept is None or kept == price_file.write(priced.prices):
        return None
    return known.book.overridden_by(PriceBook.read(kept, "kept prices"))
