"""Costs, as laws that hold whatever the counts are."""

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal, localcontext

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.metering.usage import COUNTERS, Usage
from chalicelib.pricing.charges import charges
from chalicelib.pricing.costs import COST_COLUMNS, rate
from chalicelib.pricing.count_line import CountLine
from chalicelib.pricing.price_book import PriceBook

DAY = date(2026, 11, 22)
BOOK = PriceBook.load()

models = st.sampled_from(
    [
        ("anthropic.claude-haiku-4-5-20251001-v1:0", "us"),
        ("anthropic.claude-haiku-4-5-20251001-v1:0", "global"),
        ("amazon.nova-lite-v1:0", "none"),
        ("cohere.rerank-v3-5:0", "none"),
        ("acme.unknown-v1:0", "none"),
    ]
)
usages = st.builds(Usage, **{name: st.integers(0, 10**9) | st.just(0) for name in COUNTERS})
lines = st.builds(
    lambda model, **fields: CountLine(base_model=model[0], geo=model[1], **fields),
    model=models,
    team_id=st.sampled_from(["team-a", "team-b"]),
    service=st.just("bedrock"),
    region=st.sampled_from(["us-east-1", "eu-west-1"]),
    account=st.just("aws:123456789012"),
    model_id=st.sampled_from(["one", "two"]),
    family=st.just("family"),
    basis=st.sampled_from(["on_demand", "endpoint"]),
    tier=st.sampled_from(["default", "flex"]),
    variant=st.sampled_from(["none", "mixed"]),
    usage_source=st.sampled_from(["header", "body", "partial", "none", "deferred"]),
    n_started=st.integers(0, 9),
    n_usage=st.integers(0, 9),
    usage=usages,
)


def exact_costs(*each):
    with localcontext(prec=80):
        found = [charge for line in each for charge in charges(line, BOOK, DAY)]
        costs = Counter()
        for charge in found:
            costs[charge.unit] += charge.cost or Decimal(0)
        return costs


@given(lines, usages)
def test_a_line_costs_what_its_parts_cost(line, part):
    whole = replace(line, basis="on_demand", usage=line.usage + part)
    parts = (replace(whole, usage=line.usage), replace(whole, usage=part, n_usage=0))

    assert +exact_costs(whole) == +exact_costs(*parts)


@given(st.lists(lines, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_lines_does_not_matter(some, random):
    shuffled = random.sample(some, len(some))

    assert rate(shuffled, BOOK, DAY) == rate(some, BOOK, DAY)


@given(st.lists(lines, max_size=8))
def test_no_cost_is_ever_negative(some):
    cells = [getattr(row, column) for row in rate(some, BOOK, DAY) for column in COST_COLUMNS]

    assert all(cell is None or cell >= 0 for cell in cells)


@given(st.lists(lines, max_size=8))
def test_no_count_is_lost_whatever_has_a_price(some):
    counted = [line for line in some if line.usage_source != "deferred"]

    rows = rate(some, BOOK, DAY)

    assert sum(row.input_tokens for row in rows) == sum(each.usage.input_tokens for each in counted)
    assert sum(row.invocations for row in rows) == sum(each.n_usage for each in counted)


@given(lines)
def test_a_cost_is_its_count_times_its_price_and_nothing_else(line):
    for charge in charges(line, BOOK, DAY):
        if charge.price:
            with localcontext(prec=80):
                assert charge.cost == charge.quantity * charge.price.usd_per_unit
            key = charge.price.key
            of_the_model = (line.base_model, line.geo, line.tier)
            of_a_guardrail = ("guardrails", "none", "default")
            apart = charge.unit.startswith("guardrail_")
            assert (key.model, key.geo, key.tier) == (of_a_guardrail if apart else of_the_model)
            assert key.region in (line.region, "*")
