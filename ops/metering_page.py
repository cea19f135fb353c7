"""The tables of docs/metering.md that are the code's own: `python -m ops.metering_page`.

They stand between two marks in the page. A test compares, and fails where they differ.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from chalicelib.catalog import FAMILIES
from chalicelib.metering import chunks, converse_stream
from chalicelib.metering.chunk_families import CHUNK_FAMILIES
from chalicelib.metering.meter import METERS, Meter

PAGE: Final = Path(__file__).parents[1] / "docs" / "metering.md"
BEGIN: Final = "<!-- begin: written by python -m ops.metering_page -->"
END: Final = "<!-- end -->"

HEADINGS: Final = (
    "family",
    "ids that begin with",
    "InvokeModel",
    "its stream",
    "Converse",
    "its stream",
    "job",
)
NOT_OFFERED: Final = "–"
CONVERSE: Final = "`body`"
CONVERSE_STREAM: Final = f"`stream`: {converse_stream.WHERE}"


def main() -> None:
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{generated()}{after}", encoding="utf-8")


def generated() -> str:
    """Render what stands between the marks, and the marks."""
    lines = "\n".join(_table(HEADINGS, map(_cells, sorted(METERS))))
    return f"{BEGIN}\n\n{lines}\n\n{END}"


def _cells(name: str) -> list[str]:
    meter = METERS[name]
    offered = {
        "InvokeModel": invoked(meter),
        "InvokeModelWithResponseStream": streamed(name),
        "Converse": CONVERSE,
        "ConverseStream": CONVERSE_STREAM,
        "StartAsyncInvoke": f"`derived` from {meter.request}",
    }
    cells = [cell if op in meter.operations else NOT_OFFERED for op, cell in offered.items()]
    return [f"`{name}`", _prefixes(name), *cells]


def invoked(meter: Meter) -> str:
    """Say where the counts of InvokeModel come from, first to last, each by its source."""
    counted = ["`header`"] if meter.headers else []
    if meter.body:
        counted.append(f"`body`: {meter.body}")
    derived = [f"`derived` from {meter.request}"] if meter.request else []
    return "; ".join([", else ".join(counted), *derived] if counted else derived)


def streamed(name: str) -> str:
    """Say where the counts of InvokeModelWithResponseStream stand, first to last."""
    own = CHUNK_FAMILIES[name].where if name in CHUNK_FAMILIES else ""
    counted = f"`stream`: {chunks.WHERE}" + (f", else {own}" if own else "")
    request = METERS[name].request
    return f"{counted}; `derived` from {request}" if request else counted


def _prefixes(name: str) -> str:
    found = [f"`{prefix}`" for prefix, family in FAMILIES.items() if family == name]
    return ", ".join(found) or "anything else"


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield _row(headings)
    yield _row(["---"] * len(headings))
    yield from map(_row, rows)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
