"""docs/focus.md cannot rot: its table has the file's columns, and its example is what they hold."""

import re
from dataclasses import replace
from pathlib import Path

from builders import price_book
from focus_days import NOVA, NOVA_LINE, SINCE, TENANTS, read, reported

from chalicelib.metering.usage import Usage
from chalicelib.pricing.capacity import NOT_SAMPLED
from chalicelib.reporting.focus.columns import (
    COLUMNS,
    CONSTANT,
    OF_DAY,
    OF_ROW,
    OF_SKU,
    OF_TEAM,
)
from chalicelib.reporting.focus.meters import METERS
from chalicelib.reporting.tenant_tree import Tenants

PAGE = (Path(__file__).parents[4] / "docs" / "focus.md").read_text(encoding="utf-8")
TABLE = re.findall(
    r"^\| `(\w+)` \| (all|day|team|SKU price|row) \| (.*?) \| (?:`(.*)`)? *\|$", PAGE, re.M
)
UNITS = re.findall(r"^\| `([a-z0-9_]+)` \| ([^|`]+) \| `([^|`]+)` \| `([^|`]+)` \|$", PAGE, re.M)
ROW = f"{NOVA},us-east-1,us,on_demand,default,none,output_tokens"
BOOK = price_book(f"{ROW},0.00000024,{SINCE}").overridden_by(price_book(f"{ROW},0.0000002,{SINCE}"))
GENOMICS = replace(TENANTS.by_id["genomics"], display_name="Génomique", tags={"stage": "prod"})
(EXAMPLE,) = read(
    reported(
        [replace(NOVA_LINE, team_id="genomics", n_usage=2, usage=Usage(output_tokens=2500))],
        BOOK,
        capacity=NOT_SAMPLED,
        orphaned={},
        tenants=Tenants({**TENANTS.by_id, "genomics": GENOMICS}),
    )
)


def test_the_table_has_the_file_s_columns_in_their_order():
    assert tuple(column for column, *_ in TABLE) == COLUMNS


def test_the_table_says_what_each_cell_is_the_same_for():
    made = {"all": CONSTANT, "day": OF_DAY, "team": OF_TEAM, "SKU price": OF_SKU, "row": OF_ROW}
    said = {word: {column for column, of, *_ in TABLE if of == word} for word in made}
    assert said == {word: set(columns) for word, columns in made.items()}


def test_the_example_is_what_the_code_writes():
    assert {column: cell.replace("\\|", "|") for column, _, _, cell in TABLE} == EXAMPLE


def test_every_unit_of_the_price_book_is_on_the_page_as_it_is_written():
    assert [
        (unit, meter.name, meter.consumed_unit, meter.pricing_unit)
        for unit, meter in METERS.items()
    ] == UNITS
