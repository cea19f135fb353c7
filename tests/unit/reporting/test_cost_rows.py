"""Rows of costs.csv, read piece by piece: in the columns of this version, or of one before it."""

import pytest

from chalicelib.pricing.costs import CSV_COLUMNS
from chalicelib.reporting.cost_rows import AMOUNTS, CostRow, read_columns, read_rows

ROW = dict.fromkeys(CSV_COLUMNS, "0") | {
    "date": "2026-10-30",
    "team_id": "search",
    "service": "bedrock",
    "model_id": "m",
    "total_cost": "1.5",
    "status": "PRICED",
}


def content(*rows: dict[str, str], lacking: str = "") -> bytes:
    """Render rows as a version did that had no such column yet."""
    names = [name for name in CSV_COLUMNS if name != lacking]
    lines = [names, *([row[name] for name in names] for row in rows)]
    return "".join(",".join(line) + "\n" for line in lines).encode()


def read(file: bytes, size: int = 1 << 20) -> list[CostRow]:
    return list(read_rows(file[at : at + size] for at in range(0, len(file), size)))


@pytest.mark.parametrize("size", [1, 7, 100, 1 << 20])
def test_rows_are_the_same_in_pieces_of_whatever_size(size: int) -> None:
    rows = read(content(ROW, ROW | {"team_id": "ads"}), size)

    assert [row.team_id for row in rows] == ["search", "ads"]
    assert all(row.of("total_cost") == 1.5 and len(row.amounts) == len(AMOUNTS) for row in rows)


def test_a_cost_that_nobody_knows_and_a_column_that_is_not_there_are_nothing() -> None:
    (row,) = read(content(ROW | {"total_cost": ""}, lacking="queries"))

    assert (row.of("total_cost"), row.of("queries")) == (0, 0)


@pytest.mark.parametrize("spoilt", [{"total_cost": "much"}, {"team_id": ""}, {"status": ""}])
def test_what_is_no_row_is_refused(spoilt: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"no row of costs\.csv"):
        read(content(ROW | spoilt))


def test_a_row_that_was_cut_off_is_refused() -> None:
    with pytest.raises(ValueError, match="has not the 22 cells"):
        read(content(ROW)[:-30])


def test_columns_are_found_by_their_names() -> None:
    found = read_columns([content(ROW)], ("total_cost", "team_id", "color"))

    assert list(map(list, found)) == [["1.5", "search", ""]]


def test_of_an_empty_file_there_are_no_rows() -> None:
    assert read(b"") == []
