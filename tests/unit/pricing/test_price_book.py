"""The price book: exact look-ups, effective days, and rows that cannot be trusted."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from chalicelib.pricing.price import PriceKey
from chalicelib.pricing.price_book import PriceBook, PriceBookError, version_of
from chalicelib.pricing.price_file import COLUMNS

HEADER = ",".join(COLUMNS)
ROW = "m,us-east-1,none,on_demand,default,none,input_tokens,0.000001,2026-01-01,,list,2026-11-23"
KEY = PriceKey("m", "us-east-1", "none", "on_demand", "default", "none", "input_tokens")
DAY = date(2026, 11, 22)


def text(*rows: str) -> str:
    return "\n".join((HEADER, *rows)) + "\n"


def row(**cells: str) -> str:
    return ",".join((dict(zip(COLUMNS, ROW.split(","), strict=True)) | cells).values())


def test_an_exact_key_finds_its_price_and_source():
    price = PriceBook.read(text(ROW)).find(KEY, DAY)

    assert price is not None
    assert (price.usd_per_unit, price.source) == (Decimal("0.000001"), "list")


@pytest.mark.parametrize("field", PriceKey._fields)
def test_every_field_of_the_key_must_match(field):
    book = PriceBook.read(text(ROW))

    assert book.find(KEY._replace(**{field: "other"}), DAY) is None


def test_another_regions_price_is_never_used():
    book = PriceBook.read(text(row(region="us-west-2"), row(region="eu-west-1")))

    assert book.find(KEY, DAY) is None


def test_a_price_for_everywhere_is_used_where_a_region_has_none_of_its_own():
    book = PriceBook.read(text(row(region="*"), row(region="eu-west-1", usd_per_unit="0.000002")))

    assert book.find(KEY, DAY).usd_per_unit == Decimal("0.000001")
    assert book.find(KEY._replace(region="eu-west-1"), DAY).usd_per_unit == Decimal("0.000002")


def test_a_model_id_is_never_matched_by_a_part_of_it():
    book = PriceBook.read(text(row(model="m-v1:0")))

    assert book.find(KEY._replace(model="m-v1"), DAY) is None
    assert book.find(KEY._replace(model="us.m-v1:0"), DAY) is None


def test_both_days_of_a_period_count():
    book = PriceBook.read(text(row(effective_from="2026-08-21", effective_to="2026-11-21")))

    in_force = [
        book.find(KEY, date(2026, *day)) is not None
        for day in ((8, 20), (8, 21), (11, 21), (11, 22))
    ]
    assert in_force == [False, True, True, False]


def test_yesterday_is_rated_at_yesterdays_price():
    book = PriceBook.read(
        text(
            row(effective_to="2026-06-30"),
            row(effective_from="2026-07-01", usd_per_unit="0.000002"),
        )
    )

    assert book.find(KEY, date(2026, 6, 30)).usd_per_unit == Decimal("0.000001")
    assert book.find(KEY, date(2026, 7, 1)).usd_per_unit == Decimal("0.000002")


@pytest.mark.parametrize(
    ("cells", "complaint"),
    [
        ({"unit": "input_token"}, "unit 'input_token' is not known"),
        ({"basis": "ondemand"}, "basis 'ondemand' is not known"),
        ({"tier": "batch"}, "tier 'batch' is not known"),
        ({"usd_per_unit": "-0.1"}, "not an amount"),
        ({"usd_per_unit": "NaN"}, "not an amount"),
        ({"usd_per_unit": "1.5.0"}, "not an amount"),
        ({"usd_per_unit": ""}, "usd_per_unit is empty"),
        ({"usd_per_unit": "0.30000000000000004"}, "more than 15 decimal places"),
        ({"usd_per_unit": "3.3000000000000003e-06"}, "more than 15 decimal places"),
        ({"source": ""}, "source is empty"),
        ({"model": " m"}, "model is empty or padded"),
        ({"geo": ""}, "geo is empty"),
        ({"checked": "yesterday"}, "not a date"),
        ({"effective_from": "20260101"}, "not a date"),
        ({"effective_from": "2026-02-30"}, "day"),
        ({"effective_to": "2025-12-31"}, "before effective_from"),
        ({"source": "a,b"}, "13 cells"),
    ],
)
def test_a_row_that_cannot_be_trusted_is_named_by_file_and_line(cells, complaint, tmp_path):
    file = tmp_path / "prices.csv"
    file.write_text(text(row(unit="images"), row(**cells)), encoding="utf-8")

    with pytest.raises(PriceBookError, match=rf"^prices\.csv:3: .*{complaint}"):
        PriceBook.read(file)


def test_an_exponent_is_an_amount_where_it_is_exact():
    book = PriceBook.read(text(row(usd_per_unit="1e-7")))

    assert book.find(KEY, DAY).usd_per_unit == Decimal("0.0000001")


def test_a_key_with_two_prices_on_one_day_is_refused():
    with pytest.raises(PriceBookError, match=r"^text:3: a second price"):
        PriceBook.read(text(ROW, row(effective_from="2026-05-01")))


def test_a_period_that_ends_on_the_day_on_which_the_next_begins_is_refused():
    with pytest.raises(PriceBookError, match="a second price"):
        PriceBook.read(text(row(effective_to="2026-07-01"), row(effective_from="2026-07-01")))


def test_another_header_is_refused():
    with pytest.raises(PriceBookError, match=r"^text:1: the header"):
        PriceBook.read("model,price\nm,1\n")


def test_the_books_hash_is_that_of_the_file(tmp_path: Path):
    file = tmp_path / "prices.csv"
    file.write_bytes(b"x\n")
    file.write_text(text(ROW), encoding="utf-8")

    assert PriceBook.read(file).sha256 == PriceBook.read(text(ROW)).sha256
    assert PriceBook.read(file).sha256 != PriceBook.read(text(ROW, row(unit="images"))).sha256


def test_a_version_depends_on_the_prices_and_not_on_their_order_or_upkeep():
    book = PriceBook.read(text(ROW, row(unit="images", usd_per_unit="0.04")))
    upkept = PriceBook.read(
        text(
            row(unit="images", usd_per_unit="0.040", checked="2027-01-01", source="a better one"),
            row(effective_to="2027-03-31"),
        )
    )
    dearer = PriceBook.read(text(ROW, row(unit="images", usd_per_unit="0.05")))

    assert version_of(book) == version_of(upkept)
    assert version_of(book) != version_of(dearer)
    assert version_of(()) == "none"


def test_a_version_never_reads_as_a_number():
    assert version_of(PriceBook.read(text(ROW)))[0] == "p"
