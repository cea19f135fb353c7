"""`ops report --rerate`: a restatement, and what it says of itself."""

from dataclasses import replace
from datetime import date

import pytest
from builders import count_line
from test_ops_report import ENVIRON, WHOLE

from chalicelib.metering.usage import Usage
from chalicelib.pricing import price_file
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting import daily, rerating
from chalicelib.reporting.csv_writer import write_costs
from chalicelib.reporting.kept_counts import CannotRerate
from chalicelib.reporting.rated import rated
from chalicelib.reporting.rerating import Restatement
from ops import __main__ as command_line

DAY = date(2026, 11, 22)
PRICES = """\
model,region,geo,basis,tier,variant,unit,usd_per_unit,effective_from,effective_to,source,checked
m,us-east-1,none,on_demand,default,none,input_tokens,6E-8,2026-01-01,,test,2026-11-01
"""
LINE = count_line(usage=Usage(input_tokens=100))
BEFORE = rated(DAY, [LINE], {}, PriceBook.read(PRICES))
DEARER = rated(DAY, [LINE], {}, PriceBook.read(PRICES.replace("6E-8", "7E-8")))


def files_of(reported):
    return write_costs(reported.costs), price_file.write(reported.prices)


RESTATED = Restatement(WHOLE, *files_of(BEFORE), *files_of(DEARER))
UNMOVED = Restatement(WHOLE, *files_of(BEFORE), *files_of(BEFORE))


@pytest.fixture
def rerate(monkeypatch, capsys):
    """Run the command with what re-rating gives; return its status, stdout and stderr."""

    def run(restatement):
        monkeypatch.setattr(rerating, "run", lambda day, settings: restatement)
        monkeypatch.delattr(daily, "run")  # it reads the logs
        status = command_line.main(["report", "--date", "2026-11-22", "--rerate"], ENVIRON)
        captured = capsys.readouterr()
        return status, captured.out.splitlines(), captured.err

    return run


def test_a_restatement_says_which_lines_moved_and_which_price_moved_them(rerate):
    status, out, _ = rerate(RESTATED)

    assert status == 0
    assert out[-3:] == [
        "moved     1 line, +0.000001 USD in all",
        "2026-11-22 search bedrock m: 0.000006 -> 0.000007 (+0.000001)",
        "    price m us-east-1 none on_demand default none input_tokens:"
        " 0.06 per 1M tokens from 2026-01-01 -> 0.07 per 1M tokens from 2026-01-01",
    ]


def test_a_re_rating_that_moves_nothing_says_so(rerate):
    assert rerate(UNMOVED)[1][-1] == "moved     no lines"


def test_without_the_rows_of_before_the_versions_of_the_prices_are_told(rerate):
    out = rerate(replace(RESTATED, price_rows_before=b""))[1]

    assert out[-1].startswith("    prices: p")


def test_a_report_that_was_not_there_cannot_be_compared(rerate):
    out = rerate(replace(RESTATED, costs_before=b""))[1]

    assert out[-1] == "moved     there was no costs.csv to compare with"


def test_a_day_that_cannot_be_rated_again_is_an_error_in_one_line(monkeypatch, capsys):
    def run(*_args):
        raise CannotRerate("there is no counts.csv: 2026-11-22 was not reported")

    monkeypatch.setattr(rerating, "run", run)
    assert command_line.main(["report", "--date", "2026-11-22", "--rerate"], ENVIRON) == 1
    assert capsys.readouterr().err == (
        "error: there is no counts.csv: 2026-11-22 was not reported\n"
    )
