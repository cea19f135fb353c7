"""A month's costs beside AWS's bill: which cause is found, and which is not claimed."""

from collections.abc import Mapping
from decimal import Decimal

import pytest
from builders import count_line

from chalicelib.metering.usage import Usage
from chalicelib.reconciliation import money
from chalicelib.reconciliation.bill import Bill, BilledGroup
from chalicelib.reconciliation.billed import Key, of_bill, of_line, plain
from chalicelib.reconciliation.causes import Cause
from chalicelib.reconciliation.money import DayCause, Ours, Spent
from chalicelib.reconciliation.row import Row

LITE = "amazon.nova-lite-v1:0"
INPUT = Key(LITE, "input_tokens", frozenset())
FLEX = Key(LITE, "input_tokens", frozenset({"flex"}))
NO_DAYS: Mapping[str, DayCause] = {}
BYPASSED = {LITE: DayCause((Cause.BYPASS,), 3)}


def spent(usd: str, quantity: int, *, unpriced: bool = False) -> Spent:
    return Spent(Decimal(usd), Decimal(quantity), unpriced)


def group(usd: str, thousands: str, inference_type: str = "Input tokens") -> BilledGroup:
    return BilledGroup("Nova Lite", inference_type, Decimal(usd), Decimal(thousands))


def found(
    ours: Mapping[Key, Spent],
    *groups: BilledGroup,
    days: Mapping[str, DayCause] = NO_DAYS,
    tolerance: str = "0",
) -> dict[str, Row]:
    rows = money.rows(Ours(ours, days), Bill(groups, estimated=False), Decimal(tolerance))
    return {row.unit: row for row in rows}


def told(row: Row) -> tuple[str, str]:
    return "+".join(row.causes), row.status


def test_a_bill_that_is_the_same_is_equal() -> None:
    row = found({INPUT: spent("0.6", 10_000_000)}, group("0.6", "10000"))["USD/input_tokens"]
    assert (row.scope, row.status, row.causes) == (LITE, "equal", ())


def test_the_same_usage_at_another_price_is_a_stale_price_and_both_are_told() -> None:
    row = found({INPUT: spent("0.6", 10_000_000)}, group("0.7", "10000"))["USD/input_tokens"]
    assert told(row) == ("stale_price", "difference")
    assert row.hint.startswith("a unit is 0.00000007 by AWS and 0.00000006 by our price row")


def test_a_quantity_that_aws_states_in_millions_is_the_same() -> None:
    row = found({INPUT: spent("0.6", 10_000_000)}, group("0.7", "10"))["USD/input_tokens"]
    assert told(row) == ("stale_price", "difference")


def test_more_usage_is_no_stale_price() -> None:
    row = found({INPUT: spent("0.6", 10_000_000)}, group("0.7", "11000"), days=BYPASSED)
    assert told(row["USD/input_tokens"]) == ("bypass", "difference")
    assert row["USD/input_tokens"].calls == 3


def test_usage_that_was_billed_under_another_tier_is_a_wrong_tier_on_both() -> None:
    ours = {INPUT: spent("0.6", 10_000_000)}
    rows = found(ours, group("0.54", "9000"), group("0.03", "1000", "Input tokens flex"))
    assert told(rows["USD/input_tokens"]) == ("wrong_tier", "difference")
    assert told(rows["USD/input_tokens+flex"]) == ("wrong_tier", "difference")


def test_a_direct_call_of_another_tier_is_no_wrong_tier() -> None:
    ours = {INPUT: spent("0.6", 10_000_000)}
    groups = (group("0.6", "10000"), group("0.03", "1000", "Input tokens flex"))
    rows = found(ours, *groups, days=BYPASSED)
    assert told(rows["USD/input_tokens"]) == ("", "equal")
    assert told(rows["USD/input_tokens+flex"]) == ("bypass", "difference")


def test_a_stale_price_of_one_tier_is_no_wrong_tier() -> None:
    ours = {INPUT: spent("0.6", 10_000_000), FLEX: spent("0.03", 1_000_000)}
    rows = found(ours, group("0.6", "10000"), group("0.04", "1000", "Input tokens flex"))
    assert told(rows["USD/input_tokens"]) == ("", "equal")
    assert told(rows["USD/input_tokens+flex"]) == ("stale_price", "difference")


def test_what_the_days_explain_is_explained_on_the_bill() -> None:
    cut = {LITE: DayCause((Cause.CUT_STREAM,), 1)}
    row = found({INPUT: spent("0.6", 10_000_000)}, group("0.61", "10100"), days=cut)
    assert told(row["USD/input_tokens"]) == ("cut_stream", "explained")


def test_what_no_day_knows_is_unexplained() -> None:
    row = found({INPUT: spent("0.6", 10_000_000)}, group("0.61", "10100"))
    assert told(row["USD/input_tokens"]) == ("unexplained", "difference")


def test_what_has_no_price_here_is_said_so() -> None:
    row = found({INPUT: spent("0", 10_000_000, unpriced=True)}, group("0.6", "10000"))
    assert told(row["USD/input_tokens"]) == ("no_price", "difference")


def test_a_name_on_the_bill_that_nobody_knows_is_a_row_of_its_own() -> None:
    bill = Bill((BilledGroup("Nova Sonic 3", "Speech", Decimal(1), Decimal(1)),), estimated=False)
    (row,) = money.rows(Ours({}, {}), bill, Decimal(0))
    assert (row.scope, row.unit, row.causes) == ("Nova Sonic 3", "USD/speech", ("unknown_name",))


def test_aws_s_own_rounding_is_no_difference_nor_is_what_is_tolerated() -> None:
    ours = {INPUT: spent("0.6000004", 10_000_000)}
    assert found(ours, group("0.6", "10000"))["USD/input_tokens"].status == "tolerated"
    row = found(ours, group("0.606", "10100"), tolerance="0.01")["USD/input_tokens"]
    assert (row.status, row.causes) == ("tolerated", ())


@pytest.mark.parametrize(
    ("text", "unit", "terms"),
    [
        ("Input tokens", "input_tokens", ()),
        ("Output tokens priority", "output_tokens", ("priority",)),
        ("Text output tokens, cross region global", "output_tokens", ("global",)),
        ("Prompt cache read input tokens", "cache_read_tokens", ()),
        ("Prompt cache write input tokens 1 hour", "cache_write_1h_tokens", ()),
        ("Cache write input tokens", "cache_write_tokens", ()),
        ("Input tokens batch", "input_tokens", ("batch",)),
        ("Input tokens long context", "input_tokens", ("long_context",)),
        ("T2I 1024 Standard", "images", ()),
        ("Search units", "queries", ()),
        ("Input video seconds", "input_video_ms", ()),
    ],
)
def test_an_inference_type_is_read_as_a_unit_and_its_terms(text, unit, terms) -> None:
    assert of_bill("Nova Lite", text, {}) == Key(LITE, unit, frozenset(terms))


@pytest.mark.parametrize("text", ["Input tokens ultrafast", "Custom model storage", "", "Speech"])
def test_a_word_that_is_not_known_is_not_passed_over(text) -> None:
    assert of_bill("Nova Lite", text, {}) is None


def test_a_new_models_name_is_found_by_its_id() -> None:
    model = "anthropic.claude-opus-9"
    assert of_bill("Claude Opus 9", "Input tokens", {plain(model): model}) == Key(
        model, "input_tokens", frozenset()
    )
    assert of_bill("Claude Opus", "Input tokens", {plain(model): model}) is None


def test_a_line_is_billed_by_its_geography_tier_and_variant() -> None:
    line = count_line(
        base_model=LITE, geo="global", tier="flex", variant="above_200k", usage=Usage(1)
    )
    assert of_line(line, "input_tokens").word == "input_tokens+flex+global+long_context"
    assert of_line(count_line(base_model=LITE, geo="us"), "input_tokens") == INPUT
