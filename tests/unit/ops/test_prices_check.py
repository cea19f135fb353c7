"""`prices check`: what is wrong, what is suspicious, what is covered."""

from datetime import date

import pytest

from chalicelib.pricing.price_book import PRICES_CSV
from chalicelib.pricing.price_file import COLUMNS
from chalicelib.settings import Endpoint
from ops.price_check import Coverage, Verdict, check

DAY = date(2026, 11, 23)
IN = (
    "amazon.nova-lite-v1:0,us-east-1,none,on_demand,default,none,input_tokens,0.00000006,"
    "2026-01-01,,list,2026-11-01"
)
OUT = IN.replace("input_tokens,0.00000006", "output_tokens,0.00000024")


def verdict(*rows: str, endpoints: tuple[Endpoint, ...] = (), day: date = DAY) -> Verdict:
    content = "\n".join((",".join(COLUMNS), *rows)).encode()
    return check([("prices.csv", content)], day, endpoints)


def test_a_good_book_has_neither_errors_nor_warnings() -> None:
    found = verdict(IN, OUT)

    assert (found.errors, found.warnings) == ((), ())
    assert (found.rows, found.in_force, found.replaced) == (2, 2, 0)


def test_every_bad_row_is_an_error_by_its_line() -> None:
    found = verdict(IN.replace("input_tokens", "tokens"), IN, OUT, OUT, OUT.replace("list", ""))

    assert [error.split(": ")[0] for error in found.errors] == [
        "prices.csv:2",
        "prices.csv:5",
        "prices.csv:6",
    ]
    assert found.errors[0].endswith("unit 'tokens' is not known")
    assert "a second price on one day" in found.errors[1]
    assert found.errors[2].endswith("source is empty or padded")


@pytest.mark.parametrize(("day", "warned"), [(date(2026, 11, 21), False), (DAY, True)])
def test_a_price_that_ended_and_that_none_follows_is_listed(day: date, warned: bool) -> None:
    ended = [row.replace("2026-01-01,,", "2026-01-01,2026-11-21,") for row in (IN, OUT)]

    found = verdict(*ended, day=day)

    says = "amazon.nova-lite-v1:0: 2 rows ended on 2026-11-21 and no price follows"
    assert (says in found.warnings) is warned


def test_a_price_that_another_one_follows_is_history() -> None:
    ended = IN.replace("2026-01-01,,", "2026-01-01,2026-10-31,")
    since = IN.replace("2026-01-01", "2026-11-01").replace("0.00000006", "0.00000007")

    found = verdict(ended, since, OUT)

    assert (found.warnings, found.replaced, found.in_force) == ((), 1, 2)


@pytest.mark.parametrize(("checked", "warned"), [("2026-08-25", False), ("2026-08-24", True)])
def test_a_price_not_checked_for_more_than_ninety_days_is_listed(
    checked: str, warned: bool
) -> None:
    found = verdict(IN.replace("2026-11-01", checked), OUT)

    says = f"amazon.nova-lite-v1:0: 1 row not checked since {checked}"
    assert (says in found.warnings) is warned


@pytest.mark.parametrize(
    ("rows", "missing"), [((IN,), "output_tokens"), ((OUT,), "input_tokens"), ((IN, OUT), None)]
)
def test_a_text_model_without_input_or_output_is_listed_by_its_class(
    rows: tuple[str, ...], missing: str | None
) -> None:
    says = f"amazon.nova-lite-v1:0 us-east-1 none on_demand default none: no price for {missing}"

    assert verdict(*rows).warnings == ((says,) if missing else ())


def test_a_tier_without_its_output_is_listed_though_another_tier_has_one() -> None:
    (warning,) = verdict(IN, OUT, IN.replace("default", "flex")).warnings

    assert warning == (
        "amazon.nova-lite-v1:0 us-east-1 none on_demand flex none: no price for output_tokens"
    )


def test_an_embedding_model_needs_no_price_for_output() -> None:
    assert verdict(IN.replace("nova-lite-v1", "titan-embed-text-v2")).warnings == ()


def test_an_endpoint_of_the_settings_without_a_price_is_listed() -> None:
    tokens = IN.replace("amazon.nova-lite-v1:0", "chat").replace("on_demand", "endpoint")
    hours = tokens.replace("chat", "ml.g5.xlarge").replace("input_tokens", "instance_hour")
    endpoints = (
        Endpoint("embed", "none", "ml.m5.large"),
        Endpoint("chat", "tgi"),
        Endpoint("vision", "none", "ml.g5.xlarge"),
    )

    found = verdict(
        tokens, tokens.replace("input_tokens", "output_tokens"), hours, endpoints=endpoints
    )

    assert found.warnings == ("embed: an endpoint of SAGEMAKER_ENDPOINTS without a price",)


def test_coverage_says_which_units_of_a_model_have_a_price() -> None:
    image = IN.replace("nova-lite", "nova-canvas").replace("input_tokens", "images")

    assert verdict(OUT, IN, image).coverage == (
        Coverage("amazon.nova-canvas-v1:0", 1, ("images",)),
        Coverage("amazon.nova-lite-v1:0", 2, ("input_tokens", "output_tokens")),
    )


def test_an_override_is_checked_over_the_list() -> None:
    content = "\n".join((",".join(COLUMNS), IN, OUT)).encode()
    cheaper = content.replace(b"0.00000006", b"0.00000005")

    found = check([("prices.csv", content), ("ours.csv", cheaper + b"\nx")], DAY)

    assert found.errors == ("ours.csv:4: 1 cells, not 12",)
    assert (found.rows, found.in_force) == (4, 2)


def test_the_list_that_ships_can_be_trusted() -> None:
    assert check([("prices.csv", PRICES_CSV.read_bytes())], DAY).errors == ()
