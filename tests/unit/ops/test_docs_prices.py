"""docs/prices.md cannot rot: its files load, its commands run, its columns are the code's."""

import re
import shlex
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from price_lists import offer, product
from test_ops_rerate import LINE, RESTATED

from chalicelib.pricing.charges import charges
from chalicelib.pricing.price_book import PRICES_CSV, PriceBook
from chalicelib.pricing.price_file import COLUMNS
from ops import __main__ as command_line

PAGE = (Path(__file__).parents[3] / "docs" / "prices.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^python -m ops (prices .*)$", PAGE, re.MULTILINE)
CHANGED, OURS = re.findall(r"^```csv\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
DAY = date(2026, 11, 23)


def test_the_page_explains_every_column_in_order():
    section = PAGE.split("## A row")[1].split("\n## ")[0]
    assert tuple(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == COLUMNS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_on_the_page_runs(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    listed = product("USE1-NovaLite-input-tokens", "0.00006", model="Nova Lite")
    files = {
        "prices-override.csv": OURS.encode(),
        "index.json": offer(listed),
        "new.csv": PRICES_CSV.read_bytes(),
        "costs-before.csv": RESTATED.costs_before,
        "costs-after.csv": RESTATED.costs_after,
        "before.csv": RESTATED.price_rows_before,
        "after.csv": RESTATED.price_rows_after,
    }
    for name, content in files.items():
        Path(name).write_bytes(content)

    assert command_line.main(shlex.split(command), {}) == 0
    assert capsys.readouterr().err == ""


def test_the_page_has_commands_of_every_kind():
    assert {command.split()[1] for command in COMMANDS} == {"check", "show", "diff", "import"}


def test_a_price_that_changes_as_the_page_says_rates_each_day_by_its_own():
    line = replace(LINE, base_model="acme.chat-v1:0")
    book = PriceBook.read(CHANGED)

    costs = [charges(line, book, date(2026, *day))[0].cost for day in ((11, 30), (12, 1))]
    assert [f"{cost:f}" for cost in costs] == ["0.00000600", "0.00000500"]


@pytest.mark.parametrize(
    ("model", "geo", "basis", "units"),
    [
        ("amazon.nova-lite-v1:0", "us", "on_demand", {"input_tokens"}),
        ("acme.chat-v2:0", "global", "on_demand", {"input_tokens"}),
        ("support-chat", "none", "endpoint", {"input_tokens"}),
        ("vision", "none", "endpoint", {"request"}),
    ],
)
def test_the_pages_own_prices_price_a_call(model, geo, basis, units):
    book = PriceBook.load().overridden_by(PriceBook.read(OURS))
    line = replace(LINE, base_model=model, model_id=model, geo=geo, basis=basis)

    priced = [charge for charge in charges(line, book, DAY) if charge.price]
    assert {charge.unit for charge in priced} == units
    assert all(charge.price in set(PriceBook.read(OURS)) for charge in priced)
