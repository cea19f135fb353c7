"""Costs: what is billed, where it is written, and what is said of the rest."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from chalicelib.metering.usage import Usage
from chalicelib.pricing.charges import COLUMN_OF, charges
from chalicelib.pricing.costs import CSV_COLUMNS, rate
from chalicelib.pricing.count_line import CountLine
from chalicelib.pricing.price import UNITS
from chalicelib.pricing.price_book import PriceBook
from chalicelib.pricing.price_file import COLUMNS

DAY = date(2026, 11, 22)
BOOK = PriceBook.read(
    ",".join(COLUMNS)
    + """
claude,us-east-1,us,on_demand,default,none,input_tokens,0.0000011,2026-01-01,,list,2026-11-23
claude,us-east-1,us,on_demand,default,none,output_tokens,0.0000055,2026-01-01,,list,2026-11-23
claude,us-east-1,us,on_demand,default,none,cache_read_tokens,0.00000011,2026-01-01,,list,2026-11-23
claude,us-east-1,us,on_demand,default,none,cache_write_tokens,0.000001375,2026-01-01,,list,2026-11-23
claude,us-east-1,us,on_demand,default,none,cache_write_1h_tokens,0.0000022,2026-01-01,,list,2026-11-23
claude,us-east-1,us,on_demand,default,above_200k,input_tokens,0.0000022,2026-01-01,,list,2026-11-23
claude,us-east-1,us,on_demand,flex,none,input_tokens,0.0000005,2026-01-01,,list,2026-11-23
claude,us-east-1,global,on_demand,default,none,input_tokens,0.000001,2026-01-01,,list,2026-11-23
canvas,us-east-1,none,on_demand,default,le1024/standard,images,0.04,2026-01-01,,list,2026-11-23
rerank,us-east-1,none,on_demand,default,none,queries,0.002,2026-01-01,,list,2026-11-23
reel,us-east-1,none,on_demand,default,none,video_ms,0.00008,2026-01-01,,list,2026-11-23
toll,us-east-1,none,on_demand,default,none,input_tokens,0.000001,2026-01-01,,list,2026-11-23
toll,us-east-1,none,on_demand,default,none,request,0.01,2026-01-01,,list,2026-11-23
tiny,us-east-1,none,on_demand,default,none,input_tokens,0.0000000000005,2026-01-01,,list,2026-11-23
chat,us-east-1,none,endpoint,default,none,input_tokens,0,2026-01-01,,ours,2026-11-23
chat,us-east-1,none,endpoint,default,none,output_tokens,0.000002,2026-01-01,,ours,2026-11-23
embed,us-east-1,none,endpoint,default,none,busy_ms,0.0000004,2026-01-01,,ours,2026-11-23
vision,us-east-1,none,endpoint,default,none,request,0.005,2026-01-01,,ours,2026-11-23
"""
)
CLAUDE = CountLine(
    team_id="team-a",
    service="bedrock",
    region="us-east-1",
    account="aws:123456789012",
    model_id="us.claude",
    base_model="claude",
    family="anthropic",
    basis="on_demand",
    geo="us",
    tier="default",
    variant="none",
    usage_source="header",
    n_started=1,
    n_usage=1,
    usage=Usage(input_tokens=1000, output_tokens=200),
)


def bedrock(model, **fields):
    return replace(CLAUDE, model_id=model, base_model=model, **({"geo": "none"} | fields))


def endpoint(name, **fields):
    return bedrock(name, service="sagemaker", basis="endpoint", family="sagemaker", **fields)


def book_of(row):
    return PriceBook.read(f"{','.join(COLUMNS)}\n{row},2026-01-01,,ours,2026-11-23\n")


def only(lines, orphaned=None):
    (row,) = rate(lines, BOOK, DAY, orphaned or {})
    return row


def test_tokens_cost_their_count_times_their_price():
    row = only([CLAUDE])

    assert (row.input_cost, row.output_cost) == (Decimal("0.0011"), Decimal("0.0011"))
    assert row.total_cost == Decimal("0.0022")
    assert row.status == "PRICED"


def test_a_charge_shows_its_count_its_price_row_and_its_arithmetic():
    (first, _) = charges(CLAUDE, BOOK, DAY)

    assert (first.unit, first.quantity, first.column) == ("input_tokens", 1000, "input_cost")
    assert first.price.usd_per_unit == Decimal("0.0000011")
    assert first.cost == Decimal("0.0011")


def test_cache_reads_and_both_kinds_of_cache_write_each_have_their_own_price():
    usage = Usage(cache_read_tokens=10**6, cache_write_tokens=10**6, cache_write_1h_tokens=10**6)

    row = only([replace(CLAUDE, usage=usage)])

    assert row.cache_cost == Decimal("0.11") + Decimal("1.375") + Decimal("2.2")
    assert (row.cache_read_tokens, row.cache_write_tokens) == (10**6, 2 * 10**6)


def test_geography_is_part_of_the_price():
    everywhere = replace(CLAUDE, geo="global", usage=Usage(input_tokens=10**6))

    assert only([everywhere]).input_cost == Decimal(1)
    assert only([replace(everywhere, geo="us")]).input_cost == Decimal("1.1")
    assert only([replace(everywhere, geo="eu")]).status == "UNPRICED"


def test_another_regions_price_is_not_used():
    row = only([replace(CLAUDE, region="eu-west-1")])

    assert (row.status, row.input_cost, row.total_cost) == ("UNPRICED", None, None)


def test_a_tier_has_its_own_price_and_no_multiplier():
    tokens = Usage(input_tokens=10**6)

    assert only([replace(CLAUDE, tier="flex", usage=tokens)]).input_cost == Decimal("0.5")
    assert only([replace(CLAUDE, tier="priority", usage=tokens)]).status == "UNPRICED"


def test_a_long_prompt_is_priced_as_one_throughout():
    row = only([replace(CLAUDE, variant="above_200k", usage=Usage(input_tokens=250_000))])

    assert row.input_cost == Decimal("0.55")


def test_every_image_made_is_charged_at_its_class():
    row = only([bedrock("canvas", variant="le1024/standard", usage=Usage(images=3))])

    assert (row.images, row.image_cost, row.invocations) == (3, Decimal("0.12"), 1)


def test_images_of_mixed_class_are_unpriced_and_counted():
    row = only([bedrock("canvas", variant="mixed", usage=Usage(images=3))])

    assert (row.images, row.image_cost, row.total_cost, row.status) == (3, None, None, "UNPRICED")


def test_queries_are_another_cost():
    assert only([bedrock("rerank", usage=Usage(queries=4))]).other_cost == Decimal("0.008")


def test_a_request_price_comes_on_top_for_each_call():
    row = only([bedrock("toll", n_usage=3, usage=Usage(input_tokens=1000))])

    assert (row.input_cost, row.other_cost) == (Decimal("0.001"), Decimal("0.03"))


def test_the_time_that_a_bedrock_call_took_is_not_billed():
    row = only([replace(CLAUDE, usage=Usage(input_tokens=1000, busy_ms=900))])

    assert (row.status, row.capacity_cost) == ("PRICED", Decimal(0))


def test_media_is_reported_in_exact_seconds_without_the_time_it_took():
    usage = Usage(video_ms=6000, input_video_ms=500, input_audio_ms=1, busy_ms=9)

    assert only([bedrock("reel", usage=usage)]).seconds == "6.501"


@pytest.mark.parametrize(
    ("name", "column", "cost"),
    [
        ("chat", "output_cost", "0.0004"),
        ("embed", "capacity_cost", "0.0002"),
        ("vision", "other_cost", "0.01"),
    ],
)
def test_an_endpoint_is_charged_by_the_units_that_its_rows_name(name, column, cost):
    usage = Usage(input_tokens=50, output_tokens=200, busy_ms=500)

    row = only([endpoint(name, n_usage=2, usage=usage)])

    assert (row.status, getattr(row, column), row.total_cost) == (
        "PRICED",
        Decimal(cost),
        Decimal(cost),
    )


def test_tokens_of_a_kind_that_has_no_row_are_not_free_where_another_kind_has_one():
    row = only([endpoint("chat", usage=Usage(output_tokens=200, cache_read_tokens=7))])

    assert (row.status, row.cache_cost, row.total_cost) == (
        "PARTLY_PRICED",
        None,
        Decimal("0.0004"),
    )


def test_an_endpoint_without_rows_is_unpriced():
    row = only([endpoint("new", usage=Usage(output_tokens=200, busy_ms=500))])

    assert (row.status, row.output_tokens, row.total_cost) == ("UNPRICED", 200, None)


def test_an_endpoint_priced_by_tokens_that_reports_none_is_unpriced_not_free():
    row = only([endpoint("chat", usage_source="clock", usage=Usage(busy_ms=500))])

    assert (row.status, row.output_cost, row.total_cost) == ("UNPRICED", None, None)


def test_a_call_on_provisioned_throughput_costs_nothing_for_its_hours_do():
    row = only([bedrock("claude", basis="provisioned", geo="us")])
    assert (row.input_tokens, row.total_cost, row.status) == (1000, Decimal(0), "PRICED")


def test_tokens_on_provisioned_throughput_are_not_billed_whatever_rows_there_are():
    book = book_of("claude,us-east-1,none,provisioned,default,none,input_tokens,1")
    assert charges(bedrock("claude", basis="provisioned"), book, DAY) == ()


@pytest.mark.parametrize("basis", ["imported", "marketplace"])
def test_capacity_that_is_its_own_model_is_unpriced_until_the_operator_says_a_price(basis):
    row = only([bedrock("arn:aws:bedrock:us-east-1:1:imported-model/a", basis=basis)])
    assert (row.input_tokens, row.total_cost, row.status) == (1000, None, "UNPRICED")


@pytest.mark.parametrize("basis", ["imported", "marketplace"])
def test_capacity_is_charged_by_the_units_that_the_operators_rows_name(basis):
    arn = "arn:aws:bedrock:us-east-1:123456789012:imported-model/abc123def456"
    book = book_of(f"{arn},us-east-1,none,{basis},default,none,request,0.005")
    (row,) = rate([bedrock(arn, basis=basis, n_usage=3)], book, DAY)
    assert (row.total_cost, row.status) == (Decimal("0.015"), "PRICED")


GUARDRAILS = "guardrails,us-east-1,none,on_demand,default,none"


@pytest.mark.parametrize("basis", ["provisioned", "imported"])
def test_a_guardrail_is_billed_on_capacity_too_and_prices_nothing_else(basis):
    book = book_of(f"{GUARDRAILS},guardrail_pii_units,0.0001")
    line = bedrock("llama", basis=basis, usage=Usage(input_tokens=9, guardrail_pii_units=2))
    billed = {charge.unit: charge.cost for charge in charges(line, book, DAY)}
    assert billed["guardrail_pii_units"] == Decimal("0.0002")
    assert billed.get("input_tokens") is None


@pytest.mark.parametrize(
    "served",
    [{}, {"geo": "eu"}, {"tier": "flex"}, {"variant": "above_200k+optimized"}],
    ids=str,
)
def test_a_guardrail_has_its_own_price_whatever_the_model_it_went_with(served):
    book = book_of(f"{GUARDRAILS},guardrail_topic_units,0.00015")
    line = replace(CLAUDE, usage=Usage(guardrail_topic_units=3), **served)
    (charge,) = charges(line, book, DAY)
    assert (charge.cost, charge.column) == (Decimal("0.00045"), "other_cost")


def test_a_guardrail_is_never_priced_by_a_row_of_the_model():
    book = book_of("claude,us-east-1,us,on_demand,default,none,guardrail_topic_units,9")
    (charge,) = charges(replace(CLAUDE, usage=Usage(guardrail_topic_units=3)), book, DAY)
    assert charge.price is None


def test_a_guardrail_by_itself_is_priced_in_the_region_that_was_called():
    book = book_of(f"{GUARDRAILS},guardrail_topic_units,0.00015")
    alone = bedrock("guardrails", usage=Usage(guardrail_topic_units=3))
    assert charges(alone, book, DAY)[0].cost == Decimal("0.00045")
    assert charges(replace(alone, region="eu-west-1"), book, DAY)[0].cost is None


def test_an_unknown_model_keeps_its_counts_beside_empty_cells():
    row = only([bedrock("acme.new-v1:0")])

    assert (row.input_tokens, row.output_tokens, row.invocations) == (1000, 200, 1)
    assert (row.input_cost, row.output_cost, row.total_cost) == (None, None, None)
    assert (row.status, row.price_version) == ("UNPRICED", "none")


def test_a_cell_of_which_nothing_was_used_is_0_and_not_empty():
    row = only([bedrock("acme.new-v1:0")])

    assert (row.cache_cost, row.image_cost, row.other_cost) == (0, 0, 0)


def test_what_has_a_price_is_charged_beside_what_has_none():
    row = only([replace(CLAUDE, usage=Usage(input_tokens=1000, images=2))])

    assert (row.input_cost, row.image_cost, row.total_cost) == (
        Decimal("0.0011"),
        None,
        Decimal("0.0011"),
    )
    assert row.status == "PARTLY_PRICED"


def test_a_cell_holds_its_priced_part_where_another_part_has_no_price():
    row = only([CLAUDE, replace(CLAUDE, tier="priority")])

    assert (row.input_tokens, row.input_cost) == (2000, Decimal("0.0011"))
    assert row.status == "PARTLY_PRICED"


def test_failed_calls_cost_nothing_and_are_priced():
    row = only(
        [bedrock("acme.new-v1:0", n_usage=0, n_failed=3, usage_source="none", usage=Usage())]
    )

    assert (row.status, row.total_cost, row.invocations) == ("PRICED", Decimal(0), 0)


@pytest.mark.parametrize("source", ["partial", "none"])
def test_a_call_whose_use_is_not_wholly_known_makes_its_row_incomplete(source):
    row = only([CLAUDE, replace(CLAUDE, usage_source=source, usage=Usage(input_tokens=10))])

    assert (row.status, row.input_tokens, row.input_cost) == (
        "INCOMPLETE",
        1010,
        Decimal("0.001111"),
    )


def test_incomplete_is_worse_than_unpriced():
    assert only([bedrock("acme.new-v1:0", usage_source="partial")]).status == "INCOMPLETE"


def test_an_orphaned_call_makes_its_row_incomplete():
    orphaned = {("team-a", "bedrock", "us.claude"): 1}

    assert only([CLAUDE], orphaned).status == "INCOMPLETE"


def test_an_orphaned_call_has_a_row_of_its_own_where_nothing_else_was_called():
    row = only([], {("team-z", "bedrock", "us.claude"): 1})

    assert (row.team_id, row.invocations, row.total_cost, row.status) == (
        "team-z",
        0,
        Decimal(0),
        "INCOMPLETE",
    )


def test_a_deferred_call_counts_nothing_until_it_is_settled():
    row = only([replace(CLAUDE, usage_source="deferred", usage=Usage(video_ms=6000))])

    assert (row.invocations, row.seconds, row.total_cost, row.status) == (0, "0", 0, "PRICED")


def test_lines_of_one_team_service_and_model_make_one_row():
    row = only(
        [CLAUDE, replace(CLAUDE, variant="above_200k"), replace(CLAUDE, usage_source="body")]
    )

    assert (row.invocations, row.input_tokens) == (3, 3000)


def test_rows_are_sorted_by_team_and_model():
    lines = [
        replace(CLAUDE, team_id="team-b"),
        bedrock("zebra"),
        endpoint("chat"),
        CLAUDE,
    ]

    rows = rate(lines, BOOK, DAY)

    assert [(row.team_id, row.model_id) for row in rows] == [
        ("team-a", "chat"),
        ("team-a", "us.claude"),
        ("team-a", "zebra"),
        ("team-b", "us.claude"),
    ]


def test_a_cell_is_rounded_once_half_even_to_12_places():
    one = bedrock("tiny", usage=Usage(input_tokens=1))

    assert only([one]).input_cost == Decimal(0)
    assert only([one, one, one]).input_cost == Decimal("0.000000000002")


def test_a_total_is_the_sum_of_the_written_cells():
    usage = Usage(input_tokens=7, output_tokens=13, cache_read_tokens=29)

    row = only([replace(CLAUDE, usage=usage)])

    assert row.total_cost == row.input_cost + row.output_cost + row.cache_cost


def test_a_price_version_names_the_rows_that_were_used():
    once, twice = only([CLAUDE]), only([CLAUDE, CLAUDE])
    other = only([replace(CLAUDE, usage=Usage(input_tokens=1))])

    assert once.price_version == twice.price_version
    assert once.price_version != other.price_version


def test_a_row_renders_as_plain_decimals_in_column_order():
    row = only([replace(CLAUDE, usage=Usage(input_tokens=1, images=1))])

    assert dict(zip(CSV_COLUMNS, row.cells(), strict=True)) == {
        "date": "2026-11-22",
        "team_id": "team-a",
        "service": "bedrock",
        "model_id": "us.claude",
        "invocations": "1",
        "input_tokens": "1",
        "output_tokens": "0",
        "cache_read_tokens": "0",
        "cache_write_tokens": "0",
        "images": "1",
        "seconds": "0",
        "queries": "0",
        "input_cost": "0.0000011",
        "output_cost": "0",
        "cache_cost": "0",
        "image_cost": "",
        "capacity_cost": "0",
        "other_cost": "0",
        "total_cost": "0.0000011",
        "currency": "USD",
        "status": "PARTLY_PRICED",
        "price_version": row.price_version,
    }


def test_a_large_cost_renders_without_an_exponent():
    row = only([replace(CLAUDE, usage=Usage(input_tokens=10**12))])

    assert row.cells()[CSV_COLUMNS.index("input_cost")] == "1100000"


def test_every_unit_of_the_price_book_has_its_column():
    assert set(COLUMN_OF) == set(UNITS)
