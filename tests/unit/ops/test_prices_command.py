"""`python -m ops prices`: what it prints, and its exit status."""

from datetime import date
from pathlib import Path

import boto3
import pytest
from builders import count_line
from moto import mock_aws
from price_lists import answer, claude, product

from chalicelib.metering.usage import Usage
from chalicelib.pricing.costs import rate
from chalicelib.pricing.price_book import PriceBook
from chalicelib.pricing.price_file import COLUMNS
from chalicelib.reporting.csv_writer import write_costs
from ops import __main__ as command_line

HEADER = ",".join(COLUMNS)
IN = (
    "amazon.nova-lite-v1:0,us-east-1,none,on_demand,default,none,input_tokens,0.00000006,"
    "2026-01-01,,list,2026-11-01"
)
OUT = IN.replace("input_tokens,0.00000006", "output_tokens,0.00000024")
IMAGE = IN.replace("input_tokens,0.00000006", "images,12.5")


@pytest.fixture
def prices(capsys):
    """Run a command of `prices`; return its exit status, its stdout and its stderr."""

    def run(*argv, **environ):
        status = command_line.main(["prices", *map(str, argv)], environ)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture
def file(tmp_path):
    """Write a price file; return where it lies."""

    def write(name: str, *rows: str) -> Path:
        path = tmp_path / name
        path.write_text("\n".join((HEADER, *rows)) + "\n", encoding="utf-8")
        return path

    return write


def test_a_book_with_an_error_exits_1_and_says_where(prices, file):
    bad = file("new.csv", IN, OUT.replace("output_tokens", "output_token"))

    status, out, err = prices("check", "--prices", bad, "--at", "2026-11-23")

    assert status == 1
    assert f"error: {bad}:3: unit 'output_token' is not known" in out
    assert err == "error: 1 of the rows cannot be trusted\n"


def test_a_book_with_warnings_alone_exits_0_and_lists_them(prices, file):
    status, out, err = prices("check", "--prices", file("p.csv", IN), "--at", "2026-11-23")

    assert (status, err) == (0, "")
    assert "warning: amazon.nova-lite-v1:0 us-east-1 none on_demand default none: no price" in out
    assert out.splitlines()[-1].endswith("1 models, 1 warnings, 0 errors")


def test_the_check_covers_the_endpoints_of_the_settings(prices, file):
    endpoints = '{"chat":{"container":"tgi"}}'

    _, out, _ = prices("check", "--prices", file("p.csv", IN, OUT), SAGEMAKER_ENDPOINTS=endpoints)

    assert "warning: chat: an endpoint of SAGEMAKER_ENDPOINTS without a price" in out


def test_the_list_that_ships_passes(prices):
    assert prices("check", "--at", "2026-11-23")[0] == 0


def test_a_models_prices_are_shown_labelled_and_aligned(prices, file):
    book = file("p.csv", IN, OUT, IMAGE)

    status, out, _ = prices("show", "amazon.nova-lite-v1:0", "--prices", book, "--at", "2026-11-23")

    title, _, *rows = out.splitlines()
    assert (status, title) == (0, "amazon.nova-lite-v1:0 on 2026-11-23, in US dollars")
    assert [row.split("none")[-1].split("2026")[0].rstrip() for row in rows] == [
        "     input_tokens    0.06  1M tokens",
        "     output_tokens   0.24  1M tokens",
        "     images         12.5   image",
    ]


def test_the_operators_own_price_is_shown_where_it_is_in_force(prices, file):
    ours = file("ours.csv", IN.replace("0.00000006,2026-01-01", "0.00000005,2026-11-20"))
    book = file("p.csv", IN)
    options = ("--prices", book, "--override", ours, "--at")

    before = prices("show", "amazon.nova-lite-v1:0", *options, "2026-11-19")[1]
    since = prices("show", "amazon.nova-lite-v1:0", *options, "2026-11-20")[1]

    assert (" 0.06 " in before, " 0.05 " in before) == (True, False)
    assert (" 0.06 " in since, " 0.05 " in since) == (False, True)


def test_a_model_without_a_price_on_the_day_is_an_error_that_says_why(prices, file):
    book = ("--prices", file("p.csv", IN), "--at", "2025-12-31")

    early = prices("show", "amazon.nova-lite-v1:0", *book)
    unknown = prices("show", "us.amazon.nova-lite-v1:0", *book)

    assert early[0] == unknown[0] == 1
    assert "has no price in force on 2025-12-31; its rows begin on 2026-01-01" in early[2]
    assert "a row names the base model, amazon.nova-lite-v1:0, and us as its geo" in unknown[2]


def test_an_endpoint_without_a_price_is_not_told_of_base_models(prices, file):
    status, _, err = prices("show", "chat-tgi", "--prices", file("p.csv", IN))

    assert status == 1
    assert err == (
        "error: chat-tgi has no price; an endpoint without a row is charged by its instances'"
        " hours\n"
    )


def test_two_price_files_are_compared(prices, file):
    before, after = file("a.csv", IN, OUT), file("b.csv", IN.replace("06,", "07,"), OUT)

    status, out, _ = prices("diff", before, after)

    assert status == 0
    assert "0.06 per 1M tokens from 2026-01-01 -> 0.07 per 1M tokens" in out.splitlines()[0]
    assert out.splitlines()[-1] == "1 price rows differ"
    assert prices("diff", before, before)[1] == "no price rows differ\n"


LINE = count_line(
    model_id="amazon.nova-lite-v1:0",
    base_model="amazon.nova-lite-v1:0",
    usage=Usage(input_tokens=30, output_tokens=50),
)


def test_two_reports_are_compared_and_the_moving_price_is_named(prices, file, tmp_path):
    books = file("a.csv", IN, OUT), file("b.csv", IN.replace("06,", "07,"), OUT)
    reports = tmp_path / "before.csv", tmp_path / "after.csv"
    for report, book in zip(reports, books, strict=True):
        report.write_bytes(write_costs(rate([LINE], PriceBook.read(book), date(2026, 11, 23))))

    status, out, _ = prices("diff", *reports, "--prices", *books)

    assert status == 0
    assert out.splitlines() == [
        "2026-11-23 search bedrock amazon.nova-lite-v1:0: 0.0000138 -> 0.0000141 (+0.0000003)",
        "    price amazon.nova-lite-v1:0 us-east-1 none on_demand default none input_tokens:"
        " 0.06 per 1M tokens from 2026-01-01 -> 0.07 per 1M tokens from 2026-01-01",
        "1 line, +0.0000003 USD in all",
    ]


def test_a_book_and_a_report_cannot_be_compared(prices, file, tmp_path):
    report = tmp_path / "costs.csv"
    report.write_bytes(write_costs([]))

    status, _, err = prices("diff", file("a.csv", IN), report)

    assert (status, err) == (
        1,
        "error: A and B are either both price files or both costs.csv\n",
    )


def test_a_file_that_is_not_there_is_an_error_in_one_line(prices, tmp_path):
    status, _, err = prices("diff", tmp_path / "none.csv", tmp_path / "none.csv")

    assert status == 1
    assert err == f"error: {tmp_path}/none.csv cannot be read: No such file or directory\n"


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01"])
def test_a_day_that_is_no_date_is_an_error(prices, day):
    assert prices("check", "--at", day)[::2] == (1, f"error: '{day}' is not a date YYYY-MM-DD\n")


def test_an_import_is_compared_with_the_book_and_written(prices, file, tmp_path):
    listed = tmp_path / "list.json"
    listed.write_bytes(
        answer(
            product("USE1-NovaLite-input-tokens", "0.00006", model="Nova Lite", sku="A"),
            product("USE1-NovaLite-output-tokens", "0.00025", model="Nova Lite", sku="B"),
            claude("InputTokenCount", "3.3", sku="C"),
            product("USE1-NovaLite-input-tokens-batch", "0.00003", model="Nova Lite", sku="D"),
            product("USE1-Nova9-input-tokens", "0.00003", model="Nova 9", sku="E"),
            product("EUC1-NovaLite-input-tokens", "1", model="Nova Lite", region="eu-central-1"),
        )
    )
    made = tmp_path / "new.csv"

    status, out, _ = prices(
        *("import", listed, "--region", "us-east-1"),
        *("--prices", file("p.csv", IN, OUT), "--write", made),
    )

    assert status == 0
    new, differs, same, *left_out, written = out.splitlines()
    assert new.startswith("differs: amazon.nova-lite-v1:0 us-east-1 none on_demand default none")
    assert differs.startswith("new: anthropic.claude-sonnet-4-5-20250929-v1:0 us-east-1")
    assert same == "3 rows, 1 of them as in the book"
    assert left_out == [
        "left out: 1 of batch inference, which the gateway does not call",
        "left out: 1 of other regions",
        "not mapped: E USE1-Nova9-input-tokens: the id of the model 'Nova 9' is not known",
    ]
    assert written == f"3 rows written to {made}: compare with prices diff"
    assert len(PriceBook.read(made)) == 3


def test_a_file_that_is_no_price_list_is_an_error_in_one_line(prices, file):
    status, _, err = prices("import", file("p.csv", IN), "--region", "us-east-1")

    assert status == 1
    assert err.startswith("error: this is no price list of AWS")


def test_a_file_may_lie_in_s3_in_any_of_its_versions(prices, file, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="reports")
        s3.put_bucket_versioning(Bucket="reports", VersioningConfiguration={"Status": "Enabled"})
        older = s3.put_object(
            Bucket="reports", Key="ours.csv", Body=file("a.csv", IN).read_bytes()
        )["VersionId"]
        s3.put_object(Bucket="reports", Key="ours.csv", Body=file("b.csv", OUT).read_bytes())

        _, out, _ = prices(
            "diff", f"s3://reports/ours.csv?versionId={older}", "s3://reports/ours.csv"
        )

    assert out.splitlines()[-1] == "2 price rows differ"
