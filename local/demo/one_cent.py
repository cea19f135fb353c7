"""One cent traced: from a call's record, over its price rows, to its line of costs.csv."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from chalicelib.pricing.charges import Charge
from chalicelib.pricing.price import Price
from chalicelib.pricing.price_book import PRICES_CSV
from chalicelib.pricing.price_file import plain
from local.proof.verdicts import Verdict

CENT = Decimal("0.01")
MAX_CHARGES = 3  # lines on the screen


def choose(verdicts: Iterable[Verdict]) -> Verdict:
    """Choose the call that costs most nearly a cent, one of several prices if there is any."""
    listed = [verdict for verdict in verdicts if verdict.list_price]
    telling = [verdict for verdict in listed if len(verdict.charges) == MAX_CHARGES]
    return min(telling or listed, key=lambda verdict: abs(verdict.dollars - CENT))


def trace(verdict: Verdict, costs_csv: str, width: int) -> list[str]:
    """Return its record, a line a price, and the line of costs.csv that its sum is a part of.

    That line is cut to the width.
    """
    call = verdict.call
    if call is None:
        raise ValueError("only a call that the gateway recorded can be traced")
    number, row = _csv_line(costs_csv.splitlines(), call.row)
    sum_and_row = f"= ${plain(verdict.dollars)}, a part of costs.csv line {number}: {row}"
    return [
        f"request {call.request_id}, {call.row[3]}",
        *(_arithmetic(charge) for charge in verdict.charges),
        sum_and_row if len(sum_and_row) <= width else sum_and_row[: width - 1] + "…",
    ]


def _arithmetic(charge: Charge) -> str:
    price, cost = charge.price, charge.cost
    if price is None or cost is None:
        raise ValueError("a call with a list price has no unpriced charge")
    product = f"{charge.quantity:>6,} x {plain(price.usd_per_unit):11} = {plain(cost):13}"
    return f"{charge.unit:21} {product} prices.csv line {_price_line(price)}"


def _price_line(price: Price) -> int:
    key = ",".join(price.key) + ","
    with PRICES_CSV.open(encoding="utf-8") as rows:
        return next(number for number, row in enumerate(rows, 1) if row.startswith(key))


def _csv_line(lines: Sequence[str], row: tuple[str, ...]) -> tuple[int, str]:
    begins = ",".join(row) + ","
    return next((n, line) for n, line in enumerate(lines, 1) if line.startswith(begins))
