"""A day's counts, rated. Pure.

The report and its re-rating both come through here, so that the same counts, orphans and prices
make the same bytes. Lines of foreign records are left out of all of it: whoever forges one may name
a real team, but cannot charge it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

from chalicelib.pricing.capacity import Resource, Shares, shared
from chalicelib.pricing.charges import charges
from chalicelib.pricing.costs import CostLine, RowKey, cost_lines
from chalicelib.pricing.count_line import CountLine
from chalicelib.pricing.price import Price
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting.capacity_files import NOT_SAMPLED, SampledDay
from chalicelib.reporting.cells import KEY_FIELDS, ROW_FIELDS, is_our_line, is_ours
from chalicelib.reporting.exceptions import ExceptionRow
from chalicelib.reporting.reported_day import ReportedDay
from chalicelib.reporting.tenant_tree import NO_TENANTS, Tenants

Keep = Callable[[Iterable[CostLine]], Sequence[CostLine]]
"""How the rows of a day's costs are held in memory: `list`, or `CostText`."""


def rated(
    day: date,
    lines: Iterable[CountLine],
    orphaned: Mapping[RowKey, int],
    book: PriceBook,
    sampled: SampledDay = NOT_SAMPLED,
    exceptions: Sequence[ExceptionRow] = (),
    tenants: Tenants = NO_TENANTS,
    lost: int = 0,
    keep: Keep = list,
) -> ReportedDay:
    """Rate a day's lines, in any order, at the prices of a book that is in force."""
    ordered = sorted(lines, key=_key)
    ours = [line for line in ordered if is_our_line(line)]
    orphans = {row: calls for row, calls in orphaned.items() if is_ours(_named(row))}
    shares = shared(ours, sampled.capacity, book, day)
    prices, unpriced = _decided_by(ours, shares, book, day)
    return ReportedDay(
        day=day,
        lines=ordered,
        orphaned=orphans,
        exceptions=exceptions,
        book=book,
        sampled=sampled,
        shares=shares,
        costs=keep(cost_lines(ours, book, day, orphans, shares)),
        prices=prices,
        unpriced=unpriced,
        tenants=tenants,
        lost=lost,
    )


def _decided_by(
    lines: Iterable[CountLine], shares: Shares, book: PriceBook, day: date
) -> tuple[Sequence[Price], int]:
    """Return the price rows that decide what lines cost, and how many of their calls lack one."""
    unpriced, used = 0, set(shares.prices)
    without_price = shares.unpriced
    for line in lines:
        charged = charges(line, book, day, shares.resources)
        used.update(charge.price for charge in charged if charge.price)
        resource = Resource(line.service, line.region, line.model_id)
        if any(charge.cost is None for charge in charged) or resource in without_price:
            unpriced += line.n_usage
    return sorted(used, key=lambda price: (price.key, price.effective_from)), unpriced


def _key(line: CountLine) -> tuple[str, ...]:
    return tuple(getattr(line, name) for name in KEY_FIELDS)


def _named(row: RowKey) -> dict[str, str]:
    return dict(zip(ROW_FIELDS, row, strict=True))
