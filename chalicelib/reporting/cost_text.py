"""CostText: the rows of a day's costs, held as text, which takes a quarter of their memory.

A closed day that is adjusted is rated twice, at the prices of before and of now, and both are held
until it is written: text is read again faster than a day of 150,000 rows is rated again.
"""

from collections.abc import Iterable, Sequence
from typing import overload

from chalicelib.pricing.costs import CostLine


class CostText(Sequence[CostLine]):
    """Rows that are made of their cells each time that one is asked for."""

    def __init__(self, costs: Iterable[CostLine]) -> None:
        self._lines = [",".join(line.cells()) for line in costs]  # no cell holds a comma

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, at: int) -> CostLine: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[CostLine]: ...
    def __getitem__(self, at: int | slice) -> CostLine | Sequence[CostLine]:
        if isinstance(at, slice):
            return [CostLine.read(line.split(",")) for line in self._lines[at]]
        return CostLine.read(self._lines[at].split(","))
