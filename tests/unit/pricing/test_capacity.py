"""Hours of capacity: what they cost, who bears them, and what is said where hours are missing."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from builders import endpoint_line, price_book

from chalicelib.metering.usage import Usage
from chalicelib.pricing.capacity import (
    IDLE,
    Capacity,
    Resource,
    Sample,
    largest_remainder,
    shared,
)
from chalicelib.pricing.costs import rate

DAY = date(2026, 11, 22)
BOOK = price_book(
    """\
ml.g5.xlarge,us-east-1,none,endpoint,default,none,instance_hour,1.5,2026-01-01,,ours,2026-11-23
ml.g5.xlarge,eu-west-1,none,endpoint,default,none,instance_hour,1.75,2026-01-01,,ours,2026-11-23
ml.thirds,us-east-1,none,endpoint,default,none,instance_hour,0.0000000001,2026-01-01,,ours,2026-11-23
by-token,us-east-1,none,endpoint,default,none,output_tokens,0.000002,2026-01-01,,ours,2026-11-23
once-by-token,us-east-1,none,endpoint,default,none,request,1,2026-01-01,2026-11-21,ours,2026-11-23
nova,us-east-1,none,provisioned,default,no_commit,model_unit_hour,20,2026-01-01,,ours,2026-11-23
nova,*,none,provisioned,default,1mo,model_unit_hour,10,2026-01-01,,ours,2026-11-23
"""
)
CHAT = Resource("sagemaker", "us-east-1", "chat")
G5 = Sample(CHAT, "ml.g5.xlarge", "none", count=1, concurrency=1)
UNITS = Resource(
    "bedrock", "us-east-1", "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/a"
)
NOVA = Sample(UNITS, "nova", "no_commit", count=1, concurrency=1)
HOUR_MS = 3_600_000
LINE = endpoint_line(usage_source="clock", usage=Usage(busy_ms=HOUR_MS))
ON_UNITS = replace(
    LINE, service="bedrock", model_id=UNITS.model_id, base_model="nova", basis="provisioned"
)
BY_TOKEN = replace(LINE, model_id="by-token", base_model="by-token", usage_source="body")


def used(team, hours, line=LINE, **fields):
    return replace(line, team_id=team, usage=Usage(busy_ms=int(hours * HOUR_MS)), **fields)


def day_of(*samples):
    return Capacity(samples, hours_missing=0)


def costs(lines, capacity):
    return {share.team_id: share.cost for share in shared(lines, capacity, BOOK, DAY).shares}


def rows(lines, capacity):
    found = rate(lines, BOOK, DAY, shares=shared(lines, capacity, BOOK, DAY))
    return {row.team_id: row for row in found}


def test_hours_cost_their_number_times_their_price_and_those_nobody_used_are_idle():
    assert costs([], day_of(*[G5] * 24)) == {IDLE: Decimal(36)}


def test_a_team_bears_as_much_as_it_kept_the_capacity_busy():
    day = day_of(*[G5] * 4)

    assert costs([used("ads", 1), used("search", 2)], day) == {
        "ads": Decimal("1.5"),
        "search": Decimal(3),
        IDLE: Decimal("1.5"),
    }


def test_an_instance_that_serves_several_calls_at_once_has_so_much_more_time_to_sell():
    day = day_of(replace(G5, concurrency=4))

    assert costs([used("ads", 1)], day) == {"ads": Decimal("0.375"), IDLE: Decimal("1.125")}


def test_two_instances_have_twice_the_time_of_one():
    day = day_of(replace(G5, count=2))

    assert costs([used("ads", 1)], day) == {"ads": Decimal("1.5"), IDLE: Decimal("1.5")}


def test_more_use_than_there_was_capacity_is_shared_in_proportion_and_nothing_is_idle():
    assert costs([used("ads", 3), used("search", 1)], day_of(G5)) == {
        "ads": Decimal("1.125"),
        "search": Decimal("0.375"),
    }


def test_a_team_s_lines_of_one_endpoint_are_one_share():
    lines = [used("ads", 0.25), used("ads", 0.25, usage_source="body")]

    assert costs(lines, day_of(G5)) == {"ads": Decimal("0.75"), IDLE: Decimal("0.75")}


def test_parts_that_do_not_divide_sum_to_the_whole_to_the_last_digit():
    thirds = replace(G5, sku="ml.thirds")

    found = costs([used(team, 1) for team in ("c", "a", "b")], day_of(thirds))

    assert found == {
        "a": Decimal("0.000000000034"),
        "b": Decimal("0.000000000033"),
        "c": Decimal("0.000000000033"),
    }


def test_the_last_digits_go_to_those_that_lost_most_then_to_the_first():
    assert largest_remainder(10, [1, 1, 1]) == [4, 3, 3]
    assert largest_remainder(5, [3, 3, 1]) == [2, 2, 1]
    assert largest_remainder(0, [3, 1]) == [0, 0]
    assert largest_remainder(7, [0, 1]) == [0, 7]


def test_a_row_has_the_cost_of_its_hours_beside_counts_that_cost_nothing():
    tokens = replace(LINE, usage=Usage(output_tokens=200, busy_ms=HOUR_MS), usage_source="body")

    row = rows([tokens], day_of(G5, G5))["search"]

    assert (row.output_tokens, row.output_cost, row.capacity_cost) == (200, 0, Decimal("1.5"))
    assert (row.total_cost, row.status) == (Decimal("1.5"), "PRICED")
    assert row.price_version.startswith("p")


def test_the_idle_row_has_a_cost_and_no_counts():
    row = rows([], day_of(G5))[IDLE]

    assert (row.service, row.model_id, row.invocations, row.input_tokens) == (
        "sagemaker",
        "chat",
        0,
        0,
    )
    assert (row.capacity_cost, row.total_cost, row.status) == (
        Decimal("1.5"),
        Decimal("1.5"),
        "PRICED",
    )


def test_an_endpoint_that_is_priced_by_its_own_name_is_not_charged_by_the_hour_too():
    line = replace(BY_TOKEN, usage=Usage(output_tokens=10, busy_ms=9))
    day = day_of(replace(G5, resource=CHAT._replace(model_id="by-token")))

    found = rows([line], day)

    assert list(found) == ["search"]
    assert (found["search"].capacity_cost, found["search"].total_cost) == (0, Decimal("0.00002"))


def test_an_own_price_that_has_ended_leaves_the_hours():
    day = day_of(replace(G5, resource=CHAT._replace(model_id="once-by-token")))

    assert costs([], day) == {IDLE: Decimal("1.5")}


def test_an_own_price_in_another_region_leaves_the_hours():
    elsewhere = Resource("sagemaker", "eu-west-1", "by-token")

    assert costs([], day_of(replace(G5, resource=elsewhere))) == {IDLE: Decimal("1.75")}


def test_an_instance_without_a_price_is_unpriced_for_its_users_and_for_nobody_too():
    found = rows([LINE], day_of(*[replace(G5, sku="ml.new.xlarge")] * 2))

    assert {team: row.status for team, row in found.items()} == {
        "search": "UNPRICED",
        IDLE: "UNPRICED",
    }
    assert {row.total_cost for row in found.values()} == {None}


def test_one_of_two_kinds_of_instance_without_a_price_is_partly_priced():
    found = rows([LINE], day_of(G5, replace(G5, sku="ml.new.xlarge")))

    assert {row.status for row in found.values()} == {"PARTLY_PRICED"}
    assert found["search"].capacity_cost + found[IDLE].capacity_cost == Decimal("1.5")


def test_a_day_with_hours_that_were_not_sampled_is_incomplete_and_costs_what_is_known():
    found = rows([LINE], Capacity((G5, G5), hours_missing=22))

    assert {row.status for row in found.values()} == {"INCOMPLETE"}
    assert found["search"].capacity_cost + found[IDLE].capacity_cost == Decimal(3)


def test_missing_hours_say_nothing_of_what_is_not_charged_by_the_hour():
    line = replace(BY_TOKEN, usage=Usage(output_tokens=10, busy_ms=9))

    assert rows([line], Capacity((), hours_missing=24))["search"].status == "PRICED"


def test_an_endpoint_that_no_sample_found_is_unpriced_not_free():
    assert rows([LINE], day_of())["search"].status == "UNPRICED"


def test_model_units_are_priced_by_base_model_and_commitment():
    monthly = replace(NOVA, variant="1mo", count=2)

    assert costs([], day_of(NOVA)) == {IDLE: Decimal(20)}
    assert costs([], day_of(monthly)) == {IDLE: Decimal(20)}
    assert costs([], day_of(replace(NOVA, variant="6mo"))) == {IDLE: None}


def test_model_units_are_shared_by_the_time_that_calls_took():
    found = costs([used("ads", 0.25, ON_UNITS)], day_of(NOVA))

    assert found == {"ads": Decimal(5), IDLE: Decimal(15)}


def test_tokens_on_model_units_are_counted_and_cost_nothing_themselves():
    line = replace(ON_UNITS, usage=Usage(input_tokens=9, output_tokens=7, busy_ms=HOUR_MS))

    row = rows([line], day_of(NOVA))["search"]

    assert (row.input_tokens, row.input_cost, row.output_cost) == (9, 0, 0)
    assert (row.capacity_cost, row.status) == (Decimal(20), "PRICED")


def test_calls_to_model_units_that_no_sample_found_are_unpriced_not_free():
    row = rows([ON_UNITS], day_of())["search"]

    assert (row.capacity_cost, row.total_cost, row.status) == (None, None, "UNPRICED")


def test_on_demand_calls_have_no_part_in_it():
    line = replace(ON_UNITS, basis="on_demand")

    assert costs([line], day_of(NOVA)) == {IDLE: Decimal(20)}


def test_refused_calls_bear_nothing():
    refused = replace(LINE, n_usage=0, n_failed=1, usage=Usage())

    found = rows([refused], day_of(G5))

    assert (found["search"].total_cost, found["search"].status) == (0, "PRICED")
    assert found[IDLE].total_cost == Decimal("1.5")


def test_a_call_that_timed_out_kept_the_endpoint_busy_all_the_same():
    lost = replace(LINE, usage_source="none")

    row = rows([lost], day_of(G5))["search"]

    assert (row.capacity_cost, row.status) == (Decimal("1.5"), "INCOMPLETE")


@pytest.mark.parametrize(
    "fields",
    [{"count": 0}, {"count": -1}, {"concurrency": 0}, {"sku": ""}, {"variant": ""}],
)
def test_a_sample_of_nothing_is_none(fields):
    with pytest.raises(ValueError):
        replace(G5, **fields)


def test_a_sample_is_of_a_service_that_bills_by_the_hour():
    with pytest.raises(ValueError, match="lambda"):
        replace(G5, resource=CHAT._replace(service="lambda"))
