"""Shared capacity, as laws that hold whatever was used and whatever ran."""

from dataclasses import replace
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction

from builders import price_book
from hypothesis import given
from hypothesis import strategies as st

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
from chalicelib.pricing.count_line import CountLine

DAY = date(2026, 11, 22)
BOOK = price_book(
    """\
ml.g5.xlarge,us-east-1,none,endpoint,default,none,instance_hour,1.408,2026-01-01,,ours,2026-11-23
ml.tiny,us-east-1,none,endpoint,default,none,instance_hour,0.000000000000007,2026-01-01,,ours,2026-11-23
"""
)
PRICES = {"ml.g5.xlarge": Fraction("1.408"), "ml.tiny": Fraction(7, 10**15)}
LAST_DIGIT = Decimal("1e-12")
MOST_BUSY_MS = 24 * 9 * 8 * 3_600_000 * 3

samples = st.builds(
    Sample,
    resource=st.sampled_from([Resource("sagemaker", "us-east-1", name) for name in ("a", "b")]),
    sku=st.sampled_from(list(PRICES)),
    variant=st.just("none"),
    count=st.integers(1, 9),
    concurrency=st.integers(1, 8),
)
days = st.lists(samples, max_size=24).map(lambda some: Capacity(tuple(some), 0))
lines = st.builds(
    lambda model_id, **fields: CountLine(model_id=model_id, base_model=model_id, **fields),
    model_id=st.sampled_from(["a", "b"]),
    team_id=st.sampled_from(["ads", "maps", "search", "a-team"]),
    service=st.just("sagemaker"),
    region=st.just("us-east-1"),
    account=st.just("aws:123456789012"),
    family=st.just("sagemaker_none"),
    basis=st.just("endpoint"),
    geo=st.just("none"),
    tier=st.just("default"),
    variant=st.just("none"),
    usage_source=st.just("clock"),
    n_usage=st.integers(0, 3),
    usage=st.builds(Usage, busy_ms=st.integers(0, MOST_BUSY_MS) | st.just(0)),
)


def borne(some, day):
    return shared(some, day, BOOK, DAY).shares


def exact(day, resource):
    found = [sample for sample in day.samples if sample.resource == resource]
    return sum((PRICES[sample.sku] * sample.count for sample in found), Fraction(0))


def longer(line, times):
    return replace(line, usage=Usage(busy_ms=line.usage.busy_ms * times))


@given(st.lists(lines, max_size=12), days)
def test_the_parts_sum_to_the_whole_rounded_once(some, day):
    shares = borne(some, day)

    for resource in {sample.resource for sample in day.samples}:
        with localcontext(prec=80):
            parts = sum(share.cost for share in shares if share.resource == resource)
        assert parts == Decimal(round(exact(day, resource) * 10**12)).scaleb(-12)


@given(st.lists(lines, max_size=12), days)
def test_the_rows_of_costs_csv_sum_to_the_same_whole(some, day):
    shares = shared(some, day, BOOK, DAY)

    table = rate(some, BOOK, DAY, shares=shares)

    with localcontext(prec=80):
        assert sum(row.capacity_cost or 0 for row in table) == sum(s.cost for s in shares.shares)


@given(st.lists(lines, max_size=12), days, st.randoms(use_true_random=False))
def test_neither_the_order_of_lines_nor_of_hours_matters(some, day, random):
    shuffled = random.sample(some, len(some))
    hours = replace(day, samples=tuple(random.sample(day.samples, len(day.samples))))

    assert borne(shuffled, hours) == borne(some, day)


@given(st.lists(lines, max_size=12), days)
def test_no_share_is_negative_nor_the_idle_one(some, day):
    assert all(share.cost >= 0 for share in borne(some, day))


@given(st.lists(lines, max_size=12), days)
def test_every_team_that_used_an_hour_has_a_share_and_only_one(some, day):
    names = [(share.resource, share.team_id) for share in borne(some, day)]

    sampled = {sample.resource.model_id for sample in day.samples}
    users = {(x.model_id, x.team_id) for x in some if x.n_usage and x.model_id in sampled}
    assert len(names) == len(set(names))
    assert {(r.model_id, team) for r, team in names if team != IDLE} == users


@given(st.lists(lines, max_size=12), days, st.integers(2, 9))
def test_use_that_grows_as_the_capacity_does_leaves_every_share(some, day, times):
    wider = [replace(each, concurrency=each.concurrency * times) for each in day.samples]

    grown = borne([longer(line, times) for line in some], replace(day, samples=tuple(wider)))

    assert [share.cost for share in grown] == [share.cost for share in borne(some, day)]


@given(st.lists(lines, min_size=1, max_size=12), days, st.integers(2, 9))
def test_once_nothing_is_idle_more_use_by_all_leaves_every_share(some, day, times):
    full = [replace(x, n_usage=1, usage=Usage(busy_ms=x.usage.busy_ms + 10**12)) for x in some]

    grown = borne([longer(line, times) for line in full], day)

    assert [(x.team_id, x.cost) for x in grown] == [(x.team_id, x.cost) for x in borne(full, day)]


@given(st.lists(lines, max_size=12), days)
def test_a_call_moved_from_one_team_to_another_moves_no_one_else_by_more_than_a_digit(some, day):
    moved = [replace(x, team_id="maps") if x.team_id == "ads" else x for x in some]

    before = {(s.resource, s.team_id): s.cost for s in borne(some, day)}
    after = {(s.resource, s.team_id): s.cost for s in borne(moved, day)}

    others = [key for key in before if key[1] not in ("ads", "maps")]
    assert all(abs(before[key] - after[key]) <= LAST_DIGIT for key in others)


@given(st.integers(0, 10**18), st.lists(st.integers(0, 10**12), min_size=1, max_size=9))
def test_a_part_is_less_than_one_away_from_its_exact_value(whole, weights):
    weights = [*weights, 1]

    parts = largest_remainder(whole, weights)

    assert sum(parts) == whole
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(whole * weight, sum(weights))) < 1
