"""FOCUS says what costs.csv says: every dollar once, at the SKU price that it was charged at."""

from dataclasses import replace
from decimal import Decimal

from builders import endpoint_line, price_book
from focus_days import (
    CAPACITY,
    CLAUDE_LINE,
    EXACT,
    LINES,
    NOVA,
    NOVA_LINE,
    SINCE,
    read,
    reported,
    total,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.metering.usage import Usage
from chalicelib.pricing.capacity import NOT_SAMPLED
from chalicelib.pricing.costs import COST_COLUMNS, CostLine

HALF_A_DIGIT = Decimal("0.5e-12")
FINE = price_book(  # 15 places: each cell of costs.csv is rounded
    f"{NOVA},us-east-1,us,on_demand,default,none,input_tokens,0.000000123456789,{SINCE}",
    f"{NOVA},us-east-1,us,on_demand,default,none,output_tokens,0.000000987654321,{SINCE}",
    f"{CLAUDE_LINE.base_model},*,global,on_demand,default,none,input_tokens,5E-15,{SINCE}",
    f"guardrails,us-east-1,none,on_demand,default,none,guardrail_topic_units,15E-5,{SINCE}",
    f"ml.g5.xlarge,us-east-1,none,endpoint,default,none,instance_hour,1.410000000000001,{SINCE}",
    f"{NOVA},us-east-1,none,provisioned,default,no_commit,model_unit_hour,39.6,{SINCE}",
)

teams = st.sampled_from(["search", "genomics", "physics"])
counts = st.integers(0, 10**9)
on_demand = st.builds(
    lambda line, team, region, calls, source, tokens: replace(
        line,
        team_id=team,
        region=region,
        n_usage=calls,
        usage_source=source,
        usage=Usage(tokens[0], tokens[1], guardrail_topic_units=tokens[2]),
    ),
    st.sampled_from([NOVA_LINE, replace(NOVA_LINE, model_id="arn:profile"), CLAUDE_LINE]),
    teams,
    st.sampled_from(["us-east-1", "us-west-2"]),
    st.integers(0, 3),
    st.sampled_from(["header", "partial", "deferred"]),
    st.tuples(counts, counts, counts),
)
on_capacity = st.builds(
    lambda team, ms: endpoint_line(team_id=team, usage=Usage(busy_ms=ms)),
    teams,
    st.integers(0, 10**8),
)
days = st.lists(on_demand | on_capacity, max_size=12)


def rounded_cells(costs: list[CostLine]) -> int:
    return sum(getattr(line, name) is not None for line in costs for name in COST_COLUMNS)


@given(days)
@settings(max_examples=150)
def test_the_rows_sum_to_costs_csv_within_half_a_digit_a_rounded_cell(lines):
    day = reported(lines, FINE, orphaned={})
    billed = sum((line.total_cost or Decimal(0) for line in day.costs), Decimal(0))
    assert abs(total(read(day)) - billed) <= HALF_A_DIGIT * rounded_cells(day.costs)


@given(days)
@settings(max_examples=50)
def test_each_team_s_rows_sum_to_its_rows_of_costs_csv(lines):
    day = reported(lines, FINE, orphaned={})
    rows = read(day)
    for team in {line.team_id for line in day.costs}:
        costs = [line for line in day.costs if line.team_id == team]
        billed = sum((line.total_cost or Decimal(0) for line in costs), Decimal(0))
        borne = total([row for row in rows if row["SubAccountId"] == team])
        # A share of hours is cut off, then made up for: up to a digit and a half, not half of one.
        assert abs(borne - billed) <= 3 * HALF_A_DIGIT * rounded_cells(costs)


@given(days)
@settings(max_examples=50)
def test_a_cost_is_its_unit_price_times_its_quantity_to_the_last_digit(lines):
    for row in read(reported(lines, FINE, orphaned={})):
        for kind in ("List", "Contracted"):
            price, quantity = Decimal(row[f"{kind}UnitPrice"]), Decimal(row["PricingQuantity"])
            assert Decimal(row[f"{kind}Cost"]) == EXACT.multiply(price, quantity)


@given(days)
@settings(max_examples=50)
def test_a_team_has_one_row_for_each_sku_price_region_and_account(lines):
    keys = [
        tuple(row[name] for name in ("SubAccountId", "SkuPriceId", "RegionId", "BillingAccountId"))
        for row in read(reported(lines, FINE, orphaned={}))
    ]
    assert len(keys) == len(set(keys))


@given(st.permutations(LINES))
@settings(max_examples=10)
def test_the_order_in_which_counts_were_read_does_not_matter(lines):
    assert read(reported(lines)) == read(reported())


def test_tokens_through_two_profiles_of_a_model_are_one_row():
    other = replace(NOVA_LINE, model_id="arn:profile", usage=Usage(input_tokens=5))
    (row,) = read(
        reported([replace(NOVA_LINE, usage=Usage(input_tokens=2)), other], capacity=NOT_SAMPLED)
    )
    assert (row["ConsumedQuantity"], row["x_Invocations"]) == ("7.0", "2")


def test_input_output_and_both_cache_writes_are_rows_of_their_own():
    rows = [row for row in read(reported()) if row["x_Invocations"] == "2"]
    assert {row["SkuMeter"]: (row["ConsumedQuantity"], row["BilledCost"]) for row in rows} == {
        "Input Tokens": ("1.0", "0.000005"),
        "Output Tokens": ("2000000.0", "50.0"),
        "Cache Read Input Tokens": ("30.0", "0.000015"),
        "Cache Write Input Tokens": ("40.0", "0.00025"),
        "Cache Write 1h Input Tokens": ("50.0", "0.0005"),
    }


def test_a_guardrail_is_a_row_beside_the_model_that_named_it():
    (row,) = [row for row in read(reported()) if row["SkuId"].startswith("guardrails|")]
    assert (row["ConsumedQuantity"], row["BilledCost"]) == ("7.0", "0.00105")
    assert (row["ResourceId"], row["ResourceName"], row["ResourceType"]) == ("", "", "")


def test_what_has_no_price_has_no_row_and_is_counted():
    day = reported()
    assert not [row for row in read(day) if "acme.new" in row["SkuId"]]
    assert day.unpriced == 1


def test_hours_of_which_the_instance_has_no_price_have_no_row_and_are_counted():
    day = reported(book=price_book())
    assert read(day) == []
    assert len(day.shares.unpriced) == 2


def test_foreign_records_have_no_row():
    assert {row["SubAccountId"] for row in read(reported())} == {"(idle)", "genomics", "search"}


def test_the_hours_of_a_resource_are_whole_whoever_bears_them():
    rows = read(reported())
    for meter, hours, cost in (("Instance Hours", 1, "1.41"), ("Model Unit Hours", 2, "216")):
        borne = [row for row in rows if row["SkuMeter"] == meter]
        assert total(borne, "PricingQuantity") == hours
        assert total(borne) == Decimal(cost)


def test_what_nobody_used_of_capacity_is_a_row_of_idle():
    idle = [row for row in read(reported()) if row["SubAccountId"] == "(idle)"]
    assert [row["ResourceType"] for row in idle] == ["Provisioned Throughput", "Endpoint"]
    assert {row["x_Invocations"] for row in idle} == {""}


def test_capacity_that_ran_on_a_day_without_a_call_has_an_account_nobody_knows():
    rows = read(reported([], capacity=replace(CAPACITY, samples=CAPACITY.samples[:1])))
    assert [row["BillingAccountId"] for row in rows] == ["aws:unknown"]


def test_an_operator_s_own_price_is_the_contracted_one_beside_the_list_s():
    (row,) = [
        row
        for row in read(reported())
        if row["SkuPriceId"] == f"{NOVA}|us-east-1|us|on_demand|default|none|output_tokens"
    ]
    assert (row["ListUnitPrice"], row["ContractedUnitPrice"]) == ("0.24", "0.2")
    assert (row["ListCost"], row["ContractedCost"]) == ("0.00012024", "0.0001002")
    assert row["BilledCost"] == row["EffectiveCost"] == row["ContractedCost"]


def test_a_price_that_the_list_does_not_have_is_its_own_list_price():
    rows = [row for row in read(reported()) if row["ResourceName"] == "embed"]
    assert [(row["ListUnitPrice"], row["ContractedUnitPrice"]) for row in rows] == [
        ("0.00039166", "0.00039166"),
        ("0.005", "0.005"),
    ]


def test_rows_of_cut_and_of_orphaned_calls_are_incomplete():
    rows = read(reported())
    incomplete = {row["SkuId"] for row in rows if row["x_Status"] == "INCOMPLETE"}
    assert incomplete == {f"{NOVA}|input_tokens", f"{NOVA}|output_tokens", "cohere.rerank|queries"}


def test_hours_are_incomplete_where_an_hour_was_not_sampled():
    rows = read(reported(capacity=replace(CAPACITY, hours_missing=1)))
    found = {row["x_Status"] for row in rows if row["SkuMeter"].endswith("Hours")}
    assert found == {"INCOMPLETE"}
