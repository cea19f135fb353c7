"""The CSV files: clean cells, exact numbers, the same bytes for the same lines."""

import csv
import io
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_logs import IDENTITY

from chalicelib.metering.usage import COUNTERS, Usage
from chalicelib.pricing.costs import rate
from chalicelib.pricing.count_line import CountLine
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting.csv_writer import read_counts, write_costs, write_counts

LINE = CountLine(**IDENTITY, n_started=2, n_usage=1, n_failed=1, usage=Usage(input_tokens=30))
PRICES = """\
model,region,geo,basis,tier,variant,unit,usd_per_unit,effective_from,effective_to,source,checked
amazon.nova-lite-v1:0,us-east-1,none,on_demand,default,none,input_tokens,6E-8,2026-01-01,,test,2026-11-01
"""

counts = st.integers(0, 2**53 - 1)
usages = st.builds(Usage, *[counts] * len(COUNTERS))
teams = st.from_regex(r"[a-z][a-z0-9._-]{1,62}", fullmatch=True)


def costs_csv(*lines: CountLine) -> str:
    return write_costs(rate(lines, PriceBook.read(PRICES), date(2026, 11, 23))).decode()


def test_counts_have_a_column_for_everything_that_selects_a_price_and_every_counter() -> None:
    header, row = write_counts([LINE]).decode().splitlines()

    assert header.startswith("team_id,service,region,account,model_id,base_model,family,basis,geo,")
    assert row.startswith("search,bedrock,us-east-1,aws:123456789012,amazon.nova-lite-v1:0,")
    assert row.endswith(",header,2,1,1,30" + ",0" * 17)


def test_lines_end_in_lf_because_athena_keeps_a_carriage_return_in_the_last_cell() -> None:
    content = write_counts([LINE])

    assert b"\r" not in content
    assert content.endswith(b"\n")


def test_the_order_of_the_lines_does_not_change_the_bytes() -> None:
    other = replace(LINE, team_id="alpha")

    assert write_counts([LINE, other]) == write_counts([other, LINE])
    assert costs_csv(LINE, other) == costs_csv(other, LINE)


@given(st.lists(st.builds(replace, st.just(LINE), team_id=teams, usage=usages), max_size=5))
def test_counts_that_are_read_again_are_the_counts_that_were_written(
    lines: list[CountLine],
) -> None:
    assert sorted(read_counts(write_counts(lines)), key=repr) == sorted(lines, key=repr)


def test_equal_cells_of_counts_are_one_object_for_a_day_has_very_many_of_each() -> None:
    other = replace(LINE, team_id="alpha", model_id="".join(("amazon.", "nova-pro-v1:0")))

    one, two = read_counts(write_counts([LINE, other]))

    assert all(getattr(one, name) is getattr(two, name) for name in ("account", "base_model"))


def test_nothing_at_all_is_no_file_of_counts() -> None:
    with pytest.raises(ValueError, match="lacks columns"):
        read_counts(b"")


def test_a_day_can_be_rated_again_from_its_counts_alone_to_the_same_bytes() -> None:
    lines = [LINE, replace(LINE, team_id="alpha", base_model="mystery")]

    assert costs_csv(*read_counts(write_counts(lines))) == costs_csv(*lines)


def test_counts_of_an_older_version_lack_a_counter_and_read_as_zero() -> None:
    rows = list(csv.reader(io.StringIO(write_counts([LINE]).decode())))
    older = "\n".join(",".join(row[:-1]) for row in rows)

    assert read_counts(older.encode()) == [LINE]


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (("images", "pictures"), "unknown columns: pictures"),
        (("team_id", "images"), "lacks columns: team_id"),
        ((",30,", ",3e1,"), "'3e1' as input_tokens"),
        ((",30,", ",,"), "'' as input_tokens"),
    ],
)
def test_counts_that_would_be_misread_are_refused(damage: tuple[str, str], complaint: str) -> None:
    content = write_counts([LINE]).decode().replace(*damage, 1)

    with pytest.raises(ValueError, match=complaint):
        read_counts(content.encode())


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "a,b", 'a"b', "a\nb", "a\rb"])
def test_a_cell_that_is_not_clean_is_never_written(cell: str) -> None:
    with pytest.raises(ValueError, match="cannot stand in a report's cell"):
        write_counts([replace(LINE, variant=cell)])


def test_costs_are_plain_decimals_never_exponents() -> None:
    (row,) = csv.DictReader(io.StringIO(costs_csv(LINE)))

    assert row["input_cost"] == row["total_cost"] == "0.0000018"
    assert (row["output_cost"], row["status"]) == ("0", "PRICED")


def test_unknown_prices_leave_cells_empty_never_zero() -> None:
    unpriced = replace(LINE, base_model="mystery")

    (row,) = csv.DictReader(io.StringIO(costs_csv(unpriced)))

    assert (row["input_cost"], row["total_cost"], row["status"]) == ("", "", "UNPRICED")
    assert row["input_tokens"] == "30"
