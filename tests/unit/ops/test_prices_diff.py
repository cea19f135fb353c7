"""`prices diff`: what changed between two books, or two reports, and why."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from builders import count_line
from builders import price_book as book
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.metering.usage import Usage
from chalicelib.pricing.costs import rate
from chalicelib.pricing.count_line import CountLine
from chalicelib.pricing.price_book import PriceBook
from chalicelib.pricing.price_file import COLUMNS
from chalicelib.reporting.csv_writer import write_costs
from ops.price_diff import changed_prices, moves, told

DAY = date(2026, 11, 23)
HEADER = ",".join(COLUMNS)
IN = "m.lite-v1:0,us-east-1,us,on_demand,default,none,input_tokens,6E-8,2026-01-01,,list,2026-11-01"
OUT = IN.replace("input_tokens,6E-8", "output_tokens,24E-8")
LINE = count_line(
    model_id="us.m.lite-v1:0",
    base_model="m.lite-v1:0",
    geo="us",
    usage=Usage(input_tokens=30, output_tokens=50),
)


def costs(prices: PriceBook, *lines: CountLine) -> bytes:
    return write_costs(rate(lines, prices, DAY))


LIST = book(IN, OUT)
DEARER = book(IN.replace("6E-8", "7E-8"), OUT)


@given(st.lists(st.sampled_from([IN, OUT, IN.replace("us-east-1", "*")]), unique=True))
def test_equal_books_do_not_differ(rows):
    assert changed_prices(book(*rows), book(*reversed(rows))) == []


def test_a_change_of_price_is_told_as_people_quote_it() -> None:
    (change,) = changed_prices(LIST, DEARER)

    assert str(change) == (
        "m.lite-v1:0 us-east-1 us on_demand default none input_tokens:"
        " 0.06 per 1M tokens from 2026-01-01 -> 0.07 per 1M tokens from 2026-01-01"
    )


def test_rows_added_and_removed_are_told() -> None:
    image = IN.replace("input_tokens,6E-8", "images,0.04")

    told_of = [str(change) for change in changed_prices(LIST, book(OUT, image))]

    assert told_of == [
        "m.lite-v1:0 us-east-1 us on_demand default none images:"
        " no row -> 0.04 per image from 2026-01-01",
        "m.lite-v1:0 us-east-1 us on_demand default none input_tokens:"
        " 0.06 per 1M tokens from 2026-01-01 -> no row",
    ]


def test_a_price_that_ends_and_one_that_follows_are_told() -> None:
    ended = IN.replace("2026-01-01,,", "2026-01-01,2026-11-22,")
    since = IN.replace("6E-8,2026-01-01", "7E-8,2026-11-23")

    ends = [str(change).split(": ")[1] for change in changed_prices(LIST, book(ended, since, OUT))]

    assert ends == [
        "0.06 per 1M tokens from 2026-01-01 -> 0.06 per 1M tokens from 2026-01-01 to 2026-11-22",
        "no row -> 0.07 per 1M tokens from 2026-11-23",
    ]


def test_upkeep_is_no_change() -> None:
    upkept = book(IN.replace("list,2026-11-01", "contract,2026-11-20"), OUT)

    assert changed_prices(LIST, upkept) == []


counts = st.integers(0, 1000)
lines = st.builds(
    replace,
    st.just(LINE),
    team_id=st.sampled_from(["ads", "search"]),
    usage=st.builds(Usage, counts, counts),
)


@given(st.lists(lines, max_size=4))
def test_equal_reports_do_not_differ(some):
    assert moves(costs(LIST, *some), costs(LIST, *some), (LIST, LIST)) == []


@given(st.lists(lines, max_size=3), st.lists(lines, max_size=3))
def test_moves_add_up_to_the_difference_of_the_totals(some, others):
    def total(found: list[CountLine]) -> Decimal:
        return sum((row.total_cost or 0 for row in rate(found, LIST, DAY)), Decimal(0))

    moved = moves(costs(LIST, *some), costs(LIST, *others))

    assert sum((each.moved for each in moved), Decimal(0)) == total(others) - total(some)


def test_a_line_that_moved_names_the_price_row_that_moved_it() -> None:
    (move,) = moves(costs(LIST, LINE), costs(DEARER, LINE), (LIST, DEARER))

    assert str(move).splitlines() == [
        "2026-11-23 search bedrock us.m.lite-v1:0: 0.0000138 -> 0.0000141 (+0.0000003)",
        "    price m.lite-v1:0 us-east-1 us on_demand default none input_tokens:"
        " 0.06 per 1M tokens from 2026-01-01 -> 0.07 per 1M tokens from 2026-01-01",
    ]


def test_a_line_is_not_explained_by_the_price_of_another_model_or_geography() -> None:
    others = ("m.lite-v1", "m.lite-v1:0:x", "lite-v1:0")
    noise = [IN.replace("m.lite-v1:0", other) for other in others]
    noise.append(IN.replace(",us,", ",none,"))
    dearer = book(IN.replace("6E-8", "7E-8"), OUT, *(row.replace("6E-8", "9E-8") for row in noise))

    (move,) = moves(costs(LIST, LINE), costs(dearer, LINE), (book(IN, OUT, *noise), dearer))

    assert len(move.reasons) == 1


def test_a_context_size_in_an_id_is_no_other_model() -> None:
    line = replace(LINE, model_id="us.m.lite-v1:0:200k")

    (move,) = moves(costs(LIST, line), costs(DEARER, line), (LIST, DEARER))

    assert move.reasons[0].startswith("price m.lite-v1:0 ")


def test_without_the_books_a_line_names_the_price_versions() -> None:
    (move,) = moves(costs(LIST, LINE), costs(DEARER, LINE))

    (reason,) = move.reasons
    assert reason.startswith("prices: p")


def test_counts_that_changed_are_the_reason_where_no_price_did() -> None:
    more = replace(LINE, usage=Usage(input_tokens=60, output_tokens=50))

    (move,) = moves(costs(LIST, LINE), costs(LIST, more), (LIST, LIST))

    assert move.reasons == ("count input_tokens: 30 -> 60",)


def test_a_price_that_is_known_at_last_is_told_with_the_status() -> None:
    (move,) = moves(costs(book(), LINE), costs(LIST, LINE), (book(), LIST))

    assert str(move).splitlines()[0].endswith(": no price -> 0.0000138 (+0.0000138)")
    assert move.reasons[-1] == "status: UNPRICED -> PRICED"
    assert len([reason for reason in move.reasons if "no row -> " in reason]) == 2


def test_lines_that_came_and_went_are_told() -> None:
    gone, new = moves(costs(LIST, LINE), costs(LIST, replace(LINE, team_id="zoo")))

    assert (gone.reasons, new.reasons) == (("the line is gone",), ("the line is new",))
    assert (gone.moved, new.moved) == (Decimal("-0.0000138"), Decimal("0.0000138"))


def test_moves_are_summed_up_in_a_line() -> None:
    moved = moves(costs(LIST, LINE), costs(DEARER, LINE))

    assert told(moved) == "1 line, +0.0000003 USD in all"
    assert told([]) == "no lines"


def test_what_is_no_report_is_refused() -> None:
    with pytest.raises(ValueError, match="no costs"):
        moves(b"a,b\n1,2\n", costs(LIST, LINE))
