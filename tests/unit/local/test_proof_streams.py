"""Streams in the proof: whole, cut, refused in their first frame, and lost with their Lambda."""

from dataclasses import replace

import pytest
from two_ledgers import BOOK, ENDPOINT, METERED, entry, evidence, records

from chalicelib.metering.usage import Usage
from chalicelib.usage_record import Outcome
from local.proof import prove

STREAM = {"operation": "ConverseStream", "streamed": 1}
WHOLE = replace(METERED, usage_source="stream", status_code=200)
CUT = replace(WHOLE, usage=Usage(100, 4), usage_source="partial", error_code="cut_body")
LOST = Outcome("usage", Usage(100), "partial", error_code="interrupted")
NEVER_SENT = replace(LOST, usage=Usage())


def streamed(**fields):
    return entry(**({"operation": "ConverseStream"} | fields))


def cut(fault=None, **fields):
    return streamed(**({"outcome": "cut_stream", "fault": fault} | fields))


def proof(there, outcome, **call):
    entries = [there] if there else []
    return prove(evidence(entries, records(STREAM | call, outcome)), BOOK)


def kind(there, outcome, **call):
    proved = proof(there, outcome, **call)
    assert proved.mismatches == ()
    return proved.verdicts[0].kind


def mismatches(there, outcome, **call):
    proved = proof(there, outcome, **call)
    assert not proved.holds
    return " | ".join(proved.mismatches)


def test_a_stream_that_told_its_counts_is_metered():
    assert kind(streamed(), WHOLE) == "metered"


def test_a_stream_that_the_provider_cut_did_not_end_as_a_whole_one():
    assert "the provider says cut_stream" in mismatches(cut(), WHOLE)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("cut_body", "cut_body"),
        ("stream_cut", "cut_body"),
        ("stream_corrupt", "bad_frame"),
        ("stream_idle", "timeout"),
        ("stream_truncated", "cut_body"),
        ("stream_truncated", "none"),
        ("trickle", "timeout"),
    ],
)
def test_a_cut_stream_is_partial_and_recorded_as_what_cut_it(fault, code):
    assert kind(cut(fault), replace(CUT, error_code=code)) == "partial"


@pytest.mark.parametrize("code", ["none", "timeout", "bad_frame", "gateway_fault"])
def test_a_cut_stream_recorded_as_something_else_is_a_mismatch(code):
    found = mismatches(cut("stream_cut"), replace(CUT, error_code=code))

    assert f"its end is recorded as {code}; the provider says cut_stream" in found


def test_a_stream_that_the_provider_sent_whole_cannot_have_been_cut():
    assert "partial here, answered there" in mismatches(streamed(), CUT)


def test_a_cut_stream_that_counts_more_than_the_provider_is_a_mismatch():
    found = mismatches(cut("stream_cut"), replace(CUT, usage=Usage(100, 11)))

    assert "output_tokens: gateway 11, provider only 10" in found


def test_an_exception_after_output_is_partial_under_its_own_name():
    there = cut("stream_exception", error="modelStreamErrorException")

    assert kind(there, replace(CUT, error_code="ModelStreamErrorException")) == "partial"
    assert "recorded as ThrottlingException" in mismatches(
        there, replace(CUT, error_code="ThrottlingException")
    )


def test_an_exception_before_any_output_is_a_refusal():
    there = streamed(
        outcome="refused", fault="stream_exception", error="x", counts={}, billed_usd="0"
    )
    refused = Outcome("failed", provider_request_id="provider-1", error_code="X", status_code=429)

    assert kind(there, refused) == "refused"


def test_a_stream_whose_counts_were_spoilt_may_be_partial():
    spoilt = replace(CUT, error_code="none", usage=Usage())

    assert kind(streamed(fault="bad_usage"), spoilt) == "partial"


@pytest.mark.parametrize("outcome", ["answered", "cut_stream", "cut_headers", "timeout"])
def test_a_stream_lost_with_its_lambda_is_partial_whatever_the_provider_did(outcome):
    assert kind(streamed(outcome=outcome), LOST) == "partial"


def test_a_stream_lost_with_its_lambda_may_have_been_refused():
    refused = streamed(outcome="refused", counts={}, billed_usd="0")

    assert kind(refused, NEVER_SENT) == "partial"
    assert "input_tokens: gateway 100, provider only 0" in mismatches(refused, LOST)


def test_a_stream_that_was_lost_cannot_be_unknown():
    unknown = replace(LOST, usage=Usage(), usage_source="none")

    assert "recorded as interrupted" in mismatches(streamed(outcome="timeout"), unknown)


def test_a_stream_that_was_lost_before_it_was_sent_needs_no_provider():
    proved = proof(None, NEVER_SENT)

    assert proved.mismatches == ()
    assert "… lost                 1  with their process" in "\n".join(proved.lines())
    assert "$0, not $0; 1 of them before they were sent" in "\n".join(proved.lines())


@pytest.mark.parametrize("outcome", [LOST, CUT, replace(NEVER_SENT, error_code="timeout")])
def test_any_other_stream_without_a_provider_is_a_mismatch(outcome):
    assert "the provider has no such call" in mismatches(None, outcome)


def test_a_gateway_that_broke_is_a_mismatch_even_where_the_counts_are_right():
    broke = replace(CUT, error_code="gateway_fault", usage=Usage())

    assert "the gateway broke" in mismatches(None, replace(broke, provider_request_id="none"))


def test_a_container_that_was_cut_before_it_counted_is_billed_its_time():
    clocked = Outcome(
        "usage",
        Usage(busy_ms=9),
        "clock",
        provider_request_id="provider-1",
        error_code="cut_body",
    )
    there = cut("stream_cut", service="sagemaker", model="embed", base_model="embed")

    assert kind({**there, "billed_usd": None}, clocked, **ENDPOINT) == "clock"


FIRST, SECOND = "2026-11-23T12:00:01.020Z", "2026-11-23T12:00:02.020Z"


def attempts(*ends):
    """Return the records of a request that was called anew, each call a second after the other."""
    return [
        {**record, "time": f"2026-11-23T12:00:0{number}.000Z"}
        for number, end in enumerate(ends, 1)
        for record in records({**STREAM, "call_id": f"call-{number}", "attempt": number}, end)
    ]


def test_of_two_attempts_the_one_that_was_never_sent_takes_no_others_place():
    again = attempts(NEVER_SENT, LOST)

    proved = prove(evidence([cut(time=SECOND)], again), BOOK)

    assert proved.mismatches == ()
    assert [verdict.call.record["attempt"] for verdict in proved.verdicts if verdict.entry] == [2]


def test_a_lost_attempt_is_known_by_when_the_next_began_though_that_has_a_name():
    again = attempts(LOST, replace(WHOLE, provider_request_id="provider-2"))

    proved = prove(
        evidence([cut(time=FIRST), streamed(request_id="provider-2", time=SECOND)], again), BOOK
    )

    assert proved.mismatches == ()
    assert sorted(verdict.kind for verdict in proved.verdicts) == ["metered", "partial"]


def test_a_call_that_was_made_twice_is_a_mismatch():
    twice = [cut(time=FIRST), cut(request_id="provider-2", time=FIRST)]

    proved = prove(evidence(twice, records(STREAM, LOST)), BOOK)

    assert "provider call provider-2: the gateway has no record of it" in proved.mismatches


def test_of_records_sent_again_the_first_counts():
    later = {"time": "2026-11-23T13:00:00.000Z"}
    pair = records(STREAM, WHOLE)
    recovered = [{**record, **later} for record in records(STREAM, LOST)]
    day = evidence([streamed()], pair)
    told = replace(
        day,
        records=[*recovered, *pair],
        manifests=[{**day.manifests[0], "duplicated": 1}],
    )

    assert prove(told, BOOK).mismatches == ()
