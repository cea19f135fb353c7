"""Price files: what is written is what is read, and every bad row is named."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.pricing import price_file
from chalicelib.pricing.price import BASES, TIERS, UNITS, Price, PriceKey
from chalicelib.pricing.price_book import PRICES_CSV, PriceBook
from chalicelib.pricing.price_file import COLUMNS, Fault, Row

HEADER = ",".join(COLUMNS)
ROW = "m,us-east-1,none,on_demand,default,none,input_tokens,0.000001,2026-01-01,,list,2026-11-23"

names = st.from_regex(r"[a-z0-9][a-z0-9.:-]{0,20}", fullmatch=True)
sources = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1)
days = st.dates(date(2024, 1, 1), date(2030, 12, 31))
amounts = st.decimals(0, 999_999, places=15, allow_nan=False)
keys = st.builds(
    PriceKey,
    *[names] * 3,
    st.sampled_from(BASES),
    st.sampled_from(TIERS),
    names,
    st.sampled_from(UNITS),
)
prices = st.builds(
    lambda key, amount, begins, ends, source, checked: Price(
        key, amount, begins, ends and max(begins, ends), source, checked
    ),
    keys,
    amounts,
    days,
    st.none() | days,
    sources,
    days,
)


def read(*lines: str) -> list[Row | Fault]:
    return list(price_file.read("f.csv", "\n".join((HEADER, *lines)).encode()))


@given(prices)
def test_a_price_that_is_written_is_read_as_it_was(price):
    assert list(price_file.read("f.csv", price_file.write([price]))) == [Row("f.csv:2", price)]


@given(st.lists(prices, max_size=5))
def test_the_order_of_the_prices_does_not_change_the_bytes(some):
    unique = {(price.key, price.effective_from): price for price in some}.values()

    assert price_file.write(unique) == price_file.write(reversed(list(unique)))


def test_the_list_prices_are_kept_as_they_would_be_written():
    written = PriceBook.read(price_file.write(PriceBook.load()))

    assert sorted(map(repr, written)) == sorted(map(repr, PriceBook.read(PRICES_CSV)))


def test_every_bad_row_is_named_and_good_ones_are_still_read():
    bad = ROW.replace("input_tokens", "input_token")

    rows = read(bad, ROW, bad)

    assert [row.where for row in rows if isinstance(row, Fault)] == ["f.csv:2", "f.csv:4"]
    assert [row.where for row in rows if isinstance(row, Row)] == ["f.csv:3"]


def test_a_file_that_is_not_utf_8_is_named_with_its_line():
    content = f"{HEADER}\n{ROW}\n{ROW.replace('list', 'Preis für uns')}\n".encode("latin-1")

    assert list(price_file.read("f.csv", content)) == [Fault("f.csv:3", "not UTF-8")]


def test_quotes_that_do_not_close_end_the_reading():
    rows = read(ROW, ROW.replace("list", '"list'))

    assert str(rows[-1]).startswith("f.csv:3: ")


def test_a_source_with_a_comma_is_quoted():
    price = Price(
        PriceKey("m", "us-east-1", "none", "on_demand", "default", "none", "images"),
        Decimal("0.04"),
        date(2026, 1, 1),
        None,
        "contract 7, annex B",
        date(2026, 11, 23),
    )

    assert b'"contract 7, annex B"' in price_file.write([price])


def test_amounts_are_written_without_exponents():
    assert price_file.plain(Decimal("6E-8")) == "0.00000006"
    assert price_file.plain(Decimal("1E+3")) == "1000"
