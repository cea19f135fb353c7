"""Jobs, look-ups, guardrails, capacity and what only the provider counts: proved, and tampered."""

from dataclasses import replace

import pytest
from two_ledgers import (
    BOOK,
    JOB,
    METERED,
    a_day_of_capacity,
    a_guarded_call,
    a_job,
    a_long_document,
    entry,
    evidence,
    records,
    tampered,
)

from chalicelib.metering.usage import Usage
from local.proof import prove


def kinds(honest):
    proof = prove(honest, BOOK)
    assert proof.mismatches == ()
    return sorted(verdict.kind for verdict in proof.verdicts)


def mismatches(honest, part, change):
    proof = prove(tampered(honest, part, change), BOOK)
    assert not proof.holds
    return " | ".join(proof.mismatches)


def set_in(index, **fields):
    return lambda part: part[index].update(fields)


def test_a_job_is_begun_for_nothing_and_metered_when_it_is_settled():
    proof = prove(a_job(), BOOK)

    assert kinds(a_job()) == ["deferred", "look_up", "metered"]
    assert proof.lines()[-1].endswith("2 calls, 0 tokens, 0 images, $0.48")
    assert "1 jobs by ARN, 0 guardrail units, 6 s of media" in proof.lines()[1]
    assert "1 jobs begun, 1 look-ups: $0" in proof.lines()[2]


def test_a_job_that_was_never_settled_is_a_mismatch():
    found = mismatches(a_job(), "records", lambda part: [part.pop(), part.pop()])

    assert f"provider call {JOB}: the gateway has no record of it" in found


def test_a_job_that_was_settled_twice_is_a_mismatch():
    twice = {"call_id": "call-3"}
    again = lambda part: part.extend([{**part[2], **twice}, {**part[3], **twice}])  # noqa: E731

    assert "the provider has no such call" in mismatches(a_job(), "records", again)


def test_another_length_of_video_is_a_mismatch():
    found = mismatches(a_job(), "records", set_in(3, video_ms=12_000))

    assert "video_ms: gateway 12000, provider 6000" in found


def test_counts_on_a_job_that_was_only_begun_are_a_mismatch():
    found = mismatches(a_job(), "records", set_in(1, video_ms=6_000))

    assert "video_ms is 6000, though nothing was counted" in found


def test_a_start_that_the_provider_bills_is_a_mismatch():
    found = mismatches(a_job(), "provider", set_in(0, billed_usd="0.48"))

    assert "the provider bills $0.48 for a job before it ended" in found


def test_a_look_up_that_the_provider_bills_is_a_mismatch():
    found = mismatches(a_job(), "provider", set_in(1, billed_usd="0.01"))

    assert "the provider bills $0.01 for a look-up" in found


def test_counting_tokens_is_recorded_and_costs_nothing():
    counted = records({"operation": "CountTokens"}, replace(METERED, usage=Usage()))
    free = entry(operation="CountTokens", counts={}, billed_usd="0")

    assert kinds(evidence([free], counted)) == ["look_up"]


def test_counting_tokens_without_a_record_is_a_mismatch():
    free = entry(request_id="provider-2", operation="CountTokens", counts={}, billed_usd="0")
    day = evidence([entry(), free], records({}, METERED))

    assert prove(day, BOOK).mismatches == (
        "provider call provider-2: the gateway has no record of it",
    )


def test_tokens_on_a_count_that_is_free_are_a_mismatch():
    free = entry(operation="CountTokens", counts={}, billed_usd="0")
    day = evidence([free], records({"operation": "CountTokens"}, METERED))

    assert any("though nothing was counted" in why for why in prove(day, BOOK).mismatches)


def test_a_guardrails_units_are_compared_and_billed_beside_the_tokens():
    assert kinds(a_guarded_call()) == ["metered"]
    assert "2 guardrail units" in prove(a_guarded_call(), BOOK).lines()[1]


def test_one_unit_of_a_guardrail_more_is_a_mismatch():
    found = mismatches(a_guarded_call(), "records", set_in(1, guardrail_topic_units=3))

    assert "guardrail_topic_units: gateway 3, provider 2" in found
    assert "dollars: gateway" in found


def test_what_the_provider_alone_counts_is_shown_apart():
    assert kinds(a_long_document()) == ["derived"]
    assert (
        "more than a request tells: $0.001, not $0.002" in prove(a_long_document(), BOOK).lines()[1]
    )


@pytest.mark.parametrize(
    ("part", "index", "fields", "why"),
    [
        ("provider", 0, {"fault": None}, "queries: gateway 1, provider 2"),
        ("provider", 0, {"counts": {"queries": 2, "images": 1}}, "images: gateway 0, provider 1"),
        ("provider", 0, {"counts": {"queries": 0}}, "queries: gateway 1, provider 0"),
        ("records", 1, {"usage_source": "body"}, "queries: gateway 1, provider 2"),
        ("costs", 0, {"queries": "2"}, "queries is 2, and by the provider 1"),
        ("manifests", 0, {"derived": 0}, "derived is 0, and not 1"),
    ],
)
def test_only_what_nobody_else_can_count_may_differ(part, index, fields, why):
    assert why in mismatches(a_long_document(), part, set_in(index, **fields))


def test_seconds_that_are_not_the_providers_are_a_mismatch():
    assert "seconds is 7, and by the provider 6000 ms" in mismatches(
        a_job(), "costs", set_in(0, seconds="7")
    )


def test_calls_on_provisioned_throughput_cost_nothing_and_its_hours_are_shared():
    honest = a_day_of_capacity()

    assert kinds(honest) == ["metered", "metered"]
    assert [row["team_id"] for row in honest.costs] == ["(idle)", "ads", "search"]
    assert "1  resources by the hour: $12 = the shares" in prove(honest, BOOK).lines()[-2]


@pytest.mark.parametrize(
    ("row", "cell", "value"),
    [
        (0, "capacity_cost", "11"),
        (2, "capacity_cost", "0"),
        (2, "total_cost", "1"),
        (1, "input_tokens", "0"),
    ],
)
def test_a_share_of_the_hours_that_is_not_due_is_a_mismatch(row, cell, value):
    assert mismatches(a_day_of_capacity(), "costs", set_in(row, **{cell: value}))


def test_an_idle_row_that_is_missing_is_a_mismatch():
    found = mismatches(a_day_of_capacity(), "costs", lambda part: part.pop(0))

    assert "(idle) bears $0 of" in found


def test_an_idle_row_of_what_was_not_sampled_is_a_mismatch():
    assert "of which no call is known" in mismatches(
        a_day_of_capacity(), "samples", lambda part: part.clear()
    )


def test_an_hour_that_was_not_billed_is_a_mismatch():
    found = mismatches(a_day_of_capacity(), "samples", lambda part: part.append(part[0]))

    assert "cost $12.5, and not what is shared of them" in found


def test_a_call_on_provisioned_throughput_that_the_provider_bills_is_a_mismatch():
    found = mismatches(a_day_of_capacity(), "provider", set_in(0, billed_usd="0.01"))

    assert "dollars: gateway 0, provider 0.01" in found
