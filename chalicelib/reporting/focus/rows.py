"""The rows of a day's FOCUS file: one for each team and SKU price, out of a ReportedDay. Pure.

A SKU price is a row of the price book, in the region and account where it was used. What has no
price has no row, since FOCUS knows no unknown cost: it is what the manifest counts as `unpriced`
and `capacity_unpriced`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Final, NamedTuple

from chalicelib.pricing.capacity import Share, largest_remainder
from chalicelib.pricing.charges import Charge, charges
from chalicelib.pricing.costs import ENDS_UNKNOWN
from chalicelib.pricing.count_line import CountLine
from chalicelib.pricing.price import Price, PriceKey
from chalicelib.reporting.cells import is_our_line
from chalicelib.reporting.cost_rows import EXACT
from chalicelib.reporting.focus import resources
from chalicelib.reporting.reported_day import ReportedDay

HOURS_PLACES: Final = 18
"""Of a share of an hour, so that what it costs is known to far less than a cell of costs.csv."""

_UNKNOWN_ACCOUNT: Final = "aws:unknown"  # of hours on a day without any call


class Sku(NamedTuple):
    """A SKU price in use. What it costs is told apart by its first five fields on any one day."""

    key: PriceKey  # of the price in force; its region is `*` where that price is for all
    service: str  # bedrock | sagemaker
    region: str  # that was called
    account: str  # aws:<id>
    used: resources.Used
    price: Price
    listed: Price  # the price that the operator's own stands in place of, else the same one


@dataclass(slots=True)
class FocusRow:
    """What one team used of one SKU price on the day."""

    team_id: str  # or `(idle)`
    sku: Sku
    quantity: Decimal = Decimal(0)  # in the price's own unit
    invocations: int | None = None  # that used it; None of hours, which are no calls
    incomplete: bool = False  # more may have been used than is known

    @property
    def cost(self) -> Decimal:
        """What it costs in US dollars, exact."""
        return EXACT.multiply(self.sku.price.usd_per_unit, self.quantity)

    @property
    def list_cost(self) -> Decimal:
        return EXACT.multiply(self.sku.listed.usd_per_unit, self.quantity)


def focus_rows(reported: ReportedDay) -> Iterator[FocusRow]:
    """Yield a day's rows, sorted by team and SKU price, with one team's in memory at a time."""
    lines: dict[str, list[CountLine]] = {}
    for line in filter(is_our_line, reported.lines):
        lines.setdefault(line.team_id, []).append(line)
    hours: dict[str, list[FocusRow]] = {}
    for row in _hours(reported):
        hours.setdefault(row.team_id, []).append(row)
    for team in sorted(lines.keys() | hours.keys()):
        rows = [*_of_lines(lines.get(team, ()), reported), *hours.get(team, ())]
        yield from sorted(rows, key=lambda row: row.sku[:5])


def _of_lines(lines: Iterable[CountLine], reported: ReportedDay) -> Iterable[FocusRow]:
    """Add up the charges of one team's lines."""
    rows: dict[tuple[str | PriceKey, ...], FocusRow] = {}
    for line in lines:
        for charge in charges(line, reported.book, reported.day, reported.shares.resources):
            if charge.price is None or charge.cost is None:
                continue
            sku = (charge.price.key, line.service, line.region, line.account)
            row = rows.get(sku)
            if row is None:
                row = rows[sku] = FocusRow(line.team_id, _sku(line, charge.price, reported))
            _add(row, line, charge, reported)
    return rows.values()


def _add(row: FocusRow, line: CountLine, charge: Charge, reported: ReportedDay) -> None:
    row.quantity += charge.quantity
    row.invocations = (row.invocations or 0) + line.n_usage
    orphans = reported.orphaned.get((line.team_id, line.service, line.model_id), 0)
    row.incomplete |= line.usage_source in ENDS_UNKNOWN or orphans > 0


def _sku(line: CountLine, price: Price, reported: ReportedDay) -> Sku:
    of_guardrail = price.key.model == "guardrails"
    used = resources.NO_RESOURCE if of_guardrail else resources.of_line(line)
    listed = _listed(price, line.region, reported)
    return Sku(price.key, line.service, line.region, line.account, used, price, listed)


def _listed(price: Price, region: str, reported: ReportedDay) -> Price:
    """Return the list's price of the same key, which need not be for the same regions."""
    return reported.book.list_price(price.key._replace(region=region), reported.day) or price


def _hours(reported: ReportedDay) -> Iterator[FocusRow]:
    account = next((line.account for line in reported.lines if is_our_line(line)), _UNKNOWN_ACCOUNT)
    for _, shares in groupby(reported.shares.shares, key=lambda share: share.resource):
        yield from _hours_of(list(shares), account, reported)


def _hours_of(shares: Sequence[Share], account: str, reported: ReportedDay) -> Iterator[FocusRow]:
    """Yield who bears how much of one resource's hours: at each price, their sum is whole."""
    resource, weights = shares[0].resource, [share.weight for share in shares]
    used = resources.of_hours(resource, account)
    for price, hours in shares[0].hours:
        listed = _listed(price, resource.region, reported)
        sku = Sku(price.key, resource.service, resource.region, account, used, price, listed)
        parts = largest_remainder(hours * 10**HOURS_PLACES, weights)
        for share, part in zip(shares, parts, strict=True):
            borne = Decimal(part).scaleb(-HOURS_PLACES, context=EXACT)
            yield FocusRow(share.team_id, sku, borne, None, share.incomplete)
