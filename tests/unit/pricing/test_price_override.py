"""An operator's override: negotiated prices and new models, over the list, day by day."""

import hashlib
from datetime import date
from decimal import Decimal

from builders import count_line

from chalicelib.metering.usage import Usage
from chalicelib.pricing.costs import rate
from chalicelib.pricing.price import PriceKey
from chalicelib.pricing.price_book import PriceBook
from chalicelib.pricing.price_file import COLUMNS

HEADER = ",".join(COLUMNS)
ROW = "m,us-east-1,none,on_demand,default,none,input_tokens,0.000001,2026-01-01,,list,2026-11-23"
KEY = PriceKey("m", "us-east-1", "none", "on_demand", "default", "none", "input_tokens")
LIST_TEXT = f"{HEADER}\n{ROW}\n"
LIST = PriceBook.read(LIST_TEXT)
LINE = count_line(usage=Usage(input_tokens=1000))


def text(**cells: str) -> str:
    row = dict(zip(COLUMNS, ROW.split(","), strict=True)) | cells
    return f"{HEADER}\n{','.join(row.values())}\n"


def overridden(**cells: str) -> PriceBook:
    return LIST.overridden_by(PriceBook.read(text(**cells)))


def paid(book: PriceBook, *day: int, key: PriceKey = KEY) -> Decimal | None:
    price = book.find(key, date(*day))
    return price and price.usd_per_unit


def test_an_override_replaces_the_list_price_of_its_key():
    assert paid(overridden(usd_per_unit="0.0000009"), 2026, 11, 22) == Decimal("0.0000009")


def test_outside_the_days_of_an_override_the_list_price_stands():
    book = overridden(
        usd_per_unit="0.0000009", effective_from="2026-06-01", effective_to="2026-06-30"
    )

    days = ((2026, 5, 31), (2026, 6, 1), (2026, 6, 30), (2026, 7, 1))
    assert [paid(book, *day) for day in days] == [
        Decimal("0.000001"),
        Decimal("0.0000009"),
        Decimal("0.0000009"),
        Decimal("0.000001"),
    ]


def test_an_override_of_another_key_changes_nothing():
    assert paid(overridden(tier="flex", usd_per_unit="0.5"), 2026, 11, 22) == Decimal("0.000001")


def test_an_override_for_everywhere_replaces_the_list_price_of_every_region():
    book = overridden(region="*", usd_per_unit="0.0000009")

    assert paid(book, 2026, 11, 22) == Decimal("0.0000009")


def test_an_override_for_a_region_replaces_a_list_price_for_everywhere_there_alone():
    everywhere = PriceBook.read(text(region="*"))
    book = everywhere.overridden_by(PriceBook.read(text(usd_per_unit="0.0000009")))

    assert paid(book, 2026, 11, 22) == Decimal("0.0000009")
    assert paid(book, 2026, 11, 22, key=KEY._replace(region="eu-west-1")) == Decimal("0.000001")


def test_a_launch_day_model_is_priced_by_the_override_alone():
    book = overridden(model="new", usd_per_unit="0.000003")

    assert paid(book, 2026, 11, 22, key=KEY._replace(model="new")) == Decimal("0.000003")
    assert paid(book, 2026, 11, 22) == Decimal("0.000001")


def test_the_rows_in_force_are_those_that_a_look_up_finds():
    book = overridden(region="*", usd_per_unit="0.0000009", effective_from="2026-06-01")

    assert [str(price.usd_per_unit) for price in book.in_force(date(2026, 5, 31))] == ["0.000001"]
    assert [str(price.usd_per_unit) for price in book.in_force(date(2026, 6, 1))] == ["9E-7"]


def test_a_bill_that_an_override_does_not_touch_keeps_its_bytes_and_version():
    book = overridden(
        usd_per_unit="0.0000009", effective_from="2026-06-01", effective_to="2026-06-30"
    )
    july = date(2026, 7, 1)

    assert rate([LINE], book, july) == rate([LINE], LIST, july)


def test_the_hash_of_an_overridden_book_covers_both_files():
    override = PriceBook.read(text(usd_per_unit="0.0000009"))
    by_hand = "".join(
        hashlib.sha256(content.encode()).hexdigest() + "\n"
        for content in (LIST_TEXT, text(usd_per_unit="0.0000009"))
    )

    book = LIST.overridden_by(override)

    assert book.sha256 == hashlib.sha256(by_hand.encode()).hexdigest()
    assert book.sha256 not in (LIST.sha256, override.sha256)


def test_the_list_price_stands_beside_the_operator_s_own():
    book = overridden(usd_per_unit="0.0000009")

    listed = book.list_price(KEY, date(2026, 11, 22))
    assert listed == LIST.find(KEY, date(2026, 11, 22))
    assert LIST.list_price(KEY, date(2026, 11, 22)) == listed
    assert book.list_price(KEY._replace(model="own"), date(2026, 11, 22)) is None
