"""Row: one number of ours beside AWS's, and its line of reconciliation.csv. Pure."""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, get_args

from chalicelib.reconciliation.causes import EXPLAINED, Cause, hints, joined
from chalicelib.reporting.cells import clean

Layer = Literal["records", "counters", "money", "teams"]
Status = Literal["equal", "tolerated", "explained", "difference"]

COLUMNS: Final = (
    *("layer", "scope", "unit", "ours", "theirs", "difference", "cause", "hint"),
    *("status", "calls", "carried", "hidden", "hidden_usd"),
)
_FIRST_COLUMNS: Final = COLUMNS[:11]
"""Those of the first version; what was added since stands behind them."""
_BREAKS_A_CELL: Final = re.compile(r'[,"\r\n\x00]|^[=+@\t]|^-(?![0-9.])')


@dataclass(frozen=True, slots=True)
class Hidden:
    """How much of AWS's number others may have used, though another cause explains it."""

    most: int  # of the row's unit
    calls: int  # that may be others'; 0: only midnight, or an hour without a sample, leaves it open
    usd: Decimal | None  # None: no price is known

    @classmethod
    def of(cls, most: int, calls: int, price: Decimal | None) -> "Hidden | None":
        """Price it at the dearest that a call can have cost; None where nothing can hide."""
        return cls(most, calls, None if price is None else price * most) if most else None

    def __str__(self) -> str:
        cost = "at a price that is not known" if self.usd is None else f"/ {plain(self.usd)} USD"
        return f"others could have used up to {self.most} {cost}"


@dataclass(frozen=True, slots=True)
class Row:
    """What one unit of one scope is here and there.

    `unexplained` is what is left of the difference once calls over midnight are taken out: it
    decides the status. `carried` is how much of ours AWS is to count on the next day, None where
    that cannot be known.
    """

    layer: Layer
    scope: str  # a model as called, an endpoint, a team, or what AWS's bill calls them
    unit: str  # calls, a column of costs.csv, or USD
    ours: Decimal
    theirs: Decimal
    causes: tuple[Cause, ...] = ()
    status: Status = "equal"
    calls: int = 0  # how many calls a cause is known to be of
    carried: Decimal | None = Decimal(0)
    hint: str = ""  # in place of the causes' own
    hidden: Hidden | None = None

    @property
    def difference(self) -> Decimal:
        return self.ours - self.theirs

    def cells(self) -> tuple[str, ...]:
        return (
            *(self.layer, clean(self.scope), self.unit),
            *map(plain, (self.ours, self.theirs, self.difference)),
            *(joined(self.causes), self.advice, self.status),
            *(str(self.calls), "" if self.carried is None else plain(self.carried)),
            *_cells(self.hidden),
        )

    @property
    def advice(self) -> str:
        """Say what to do, and what cannot be told."""
        said = (self.hint or hints(self.causes), str(self.hidden) if self.hidden else "")
        return " | ".join(filter(None, said))


def _cells(hidden: Hidden | None) -> tuple[str, str]:
    if hidden is None:
        return "0", "0"
    return str(hidden.most), "" if hidden.usd is None else plain(hidden.usd)


def status_of(
    causes: tuple[Cause, ...], difference: Decimal, allowed: Decimal, *, listed: bool = False
) -> Status:
    """Say what a difference comes to; `allowed` is what may differ.

    `listed`: the day's report has each call of which an end record is missing.
    """
    if not difference and not causes:
        return "equal"
    if abs(difference) <= allowed and difference:
        return "tolerated"
    explained = EXPLAINED | {Cause.MISSING_RECORDS} if listed else EXPLAINED
    return "explained" if explained.issuperset(causes) else "difference"


def write(rows: Iterable[Row]) -> bytes:
    """Render reconciliation.csv: UTF-8, LF, no quotes, sorted by what it is of."""
    order: Sequence[str] = get_args(Layer)
    listed = sorted(rows, key=lambda row: (order.index(row.layer), row.scope, row.unit))
    lines = [COLUMNS, *(row.cells() for row in listed)]
    return "".join(",".join(map(_checked, cells)) + "\n" for cells in lines).encode()


@dataclass(frozen=True, slots=True)
class KeptRow:
    """What a kept reconciliation.csv says of a number."""

    layer: str
    scope: str
    unit: str
    causes: tuple[Cause, ...]
    calls: int
    carried: Decimal | None


def read(content: bytes) -> list[KeptRow]:
    """Read a reconciliation.csv. Raises ValueError where it is none."""
    header, *rows = csv.reader(content.decode().splitlines(), strict=True)
    if tuple(header[: len(_FIRST_COLUMNS)]) != _FIRST_COLUMNS:
        raise ValueError("the header of reconciliation.csv is not known")
    return [_kept(dict(zip(header, row, strict=True))) for row in rows]


def carried(content: bytes) -> dict[tuple[str, str], Decimal | None]:
    """Read what a day's reconciliation.csv carries to the next, by scope and unit."""
    rows = read(content)
    return {(row.scope, row.unit): row.carried for row in rows if row.layer == "counters"}


def _kept(cells: dict[str, str]) -> KeptRow:
    return KeptRow(
        layer=cells["layer"],
        scope=cells["scope"],
        unit=cells["unit"],
        causes=tuple(map(Cause, filter(None, cells["cause"].split("+")))),
        calls=int(cells["calls"]),
        carried=Decimal(cells["carried"]) if cells["carried"] else None,
    )


def plain(number: Decimal) -> str:
    """Render a number without an exponent or trailing zeros."""
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _checked(cell: str) -> str:
    if _BREAKS_A_CELL.search(cell):
        raise ValueError(f"{cell!r} cannot stand in a report's cell")
    return cell
