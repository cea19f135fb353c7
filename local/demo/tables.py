"""costs.csv as a person reads it: the dearest lines, aligned, and what each team owes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

SHOWN = 3
MODEL_WIDTH = 28
Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    width: int  # negative: to the left
    of: tuple[str, ...]  # the columns of costs.csv that it adds up, or the one that it shows


_COLUMNS = (
    Column("team", -9, ("team_id",)),
    Column("model", -MODEL_WIDTH, ("model_id",)),
    Column("calls", 5, ("invocations",)),
    Column("in", 7, ("input_tokens",)),
    Column("out", 6, ("output_tokens",)),
    Column("cached", 7, ("cache_read_tokens", "cache_write_tokens")),
    Column("img", 4, ("images",)),
    Column("sec", 4, ("seconds",)),
)


def dearest(rows: Sequence[Row]) -> list[str]:
    """Return the heading and the dearest lines."""
    heading = [_fit(column.title, column.width) for column in _COLUMNS]
    first = " ".join([*heading, "US dollars", "status"])
    return [first, *map(_line, sorted(rows, key=_cost, reverse=True)[:SHOWN])]


def by_team(rows: Sequence[Row]) -> str:
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        totals[row["team_id"]] += _cost(row)
    return "  ".join(f"{team} {usd(total)}" for team, total in sorted(totals.items()))


def usd(amount: Decimal) -> str:
    """Render dollars for people; the exact figure is in the file."""
    return f"${amount:,.4f}"


def shortened(model_id: str) -> str:
    """Leave out what all ARNs begin with, and the end of what is too long."""
    model_id = model_id.rpartition(":")[2] if model_id.startswith("arn:") else model_id
    return model_id if len(model_id) <= MODEL_WIDTH else model_id[: MODEL_WIDTH - 1] + "…"


def _line(row: Row) -> str:
    cells = [_fit(_cell(column, row), column.width) for column in _COLUMNS]
    return " ".join([*cells, f"{_cost(row):>10,.6f}", row["status"]])


def _cell(column: Column, row: Row) -> str:
    if column.width < 0:
        return shortened(row[column.of[0]])
    return f"{sum(Decimal(row[name]) for name in column.of):,.0f}"


def _fit(text: str, width: int) -> str:
    return text.ljust(-width) if width < 0 else text.rjust(width)


def _cost(row: Row) -> Decimal:
    return Decimal(row["total_cost"] or 0)
