"""A day's counts, rated: the bytes of costs.csv and of the price rows that made it. Pure.

The report and its re-rating both come through here, so that the same counts, orphans and prices
make the same bytes. Lines of foreign records are left out of all of it: whoever forges one may name
a real team, but cannot charge it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from chalicelib.pricing import price_file
from chalicelib.pricing.capacity import Resource, shared
from chalicelib.pricing.charges import charges
from chalicelib.pricing.costs import RowKey, rate
from chalicelib.pricing.count_line import CountLine
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting.capacity_files import NOT_SAMPLED, SampledDay
from chalicelib.reporting.cells import KEY_FIELDS, ROW_FIELDS, is_ours
from chalicelib.reporting.csv_writer import write_costs


@dataclass(frozen=True, slots=True)
class Rated:
    costs: bytes  # costs.csv
    price_rows: bytes  # the rows of the price book that decided the costs, as a price file
    unpriced: int  # calls of ours of which something has no cost
    price_book_sha256: str
    capacity_hours_missing: int  # hours of the day of which no sample says what ran
    capacity_unpriced: int  # endpoints and provisioned models of which an hour has no price
    capacity_sha256: str

    @property
    def csv_sha256(self) -> str:
        return hashlib.sha256(self.costs).hexdigest()

    @property
    def price_rows_sha256(self) -> str:
        return hashlib.sha256(self.price_rows).hexdigest()


def rated(
    day: date,
    lines: Sequence[CountLine],
    orphaned: Mapping[RowKey, int],
    book: PriceBook,
    sampled: SampledDay = NOT_SAMPLED,
) -> Rated:
    ours = [line for line in lines if is_ours({name: getattr(line, name) for name in KEY_FIELDS})]
    orphans = {row: calls for row, calls in orphaned.items() if is_ours(_named(row))}
    shares = shared(ours, sampled.capacity, book, day)
    unpriced = 0
    used = set(shares.prices)
    for line in ours:
        charged = charges(line, book, day, shares.resources)
        used.update(charge.price for charge in charged if charge.price)
        resource = Resource(line.service, line.region, line.model_id)
        if any(charge.cost is None for charge in charged) or resource in shares.unpriced:
            unpriced += line.n_usage
    return Rated(
        costs=write_costs(rate(ours, book, day, orphans, shares)),
        price_rows=price_file.write(used),
        unpriced=unpriced,
        price_book_sha256=book.sha256,
        capacity_hours_missing=sampled.capacity.hours_missing,
        capacity_unpriced=len(shares.unpriced),
        capacity_sha256=sampled.sha256,
    )


def _named(row: RowKey) -> dict[str, str]:
    return dict(zip(ROW_FIELDS, row, strict=True))
