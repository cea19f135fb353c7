"""What the proof says of an honest day: what each call is, a line each."""

from dataclasses import replace

from two_ledgers import (
    BOOK,
    ENDPOINT,
    METERED,
    REFUSED,
    entry,
    evidence,
    one_of_each,
    records,
    tampered,
)

from chalicelib.metering.usage import Usage
from chalicelib.usage_record import Outcome
from local.proof import prove

NO_ANSWER = Outcome("usage", error_code="no_answer")
CUT = {"outcome": "cut_headers", "fault": "cut_headers"}


def holds(*sides, **fields):
    proof = prove(evidence(*sides, **fields), BOOK)
    assert proof.mismatches == ()
    return proof


def kinds(proof):
    return sorted(verdict.kind for verdict in proof.verdicts)


def test_an_honest_day_ends_with_the_two_ledgers_being_one():
    proof = prove(one_of_each(), BOOK)

    assert proof.mismatches == ()
    assert proof.holds
    assert proof.lines()[-1] == (
        "ledger: gateway = provider   5 calls, 110 tokens, 0 images, $0.0000084"
    )


def test_every_kind_of_call_has_its_line():
    lines = [" ".join(line.split()) for line in prove(one_of_each(), BOOK).lines()]

    assert lines[:5] == [
        "metered 1 counts and dollars equal, call by call: $0.0000084",
        "clock 1 containers that report nothing: 0.250 s by our clock",
        "refused 1 recorded failed; the provider bills $0",
        "unknown 1 cut, timed out or spoilt on both sides; $0.0000084 there",
        "orphaned 1 no end; $0.0000084 there: request-5",
    ]


def test_calls_without_an_answer_are_matched_by_the_gateways_request_and_their_order():
    cut = entry(request_id="provider-8", **CUT)
    again = entry(request_id="provider-9")
    second = {"call_id": "call-2", "attempt": 2}

    proof = holds(
        [cut, again],
        records({}, NO_ANSWER)
        + records(second, replace(METERED, provider_request_id="provider-9")),
    )

    assert kinds(proof) == ["metered", "unknown"]


def test_a_call_that_was_never_sent_needs_no_provider():
    proof = holds([], records({}, Outcome("failed", error_code="not_sent")))

    assert kinds(proof) == ["not_sent"]


def test_an_orphan_that_died_before_it_was_sent_needs_no_provider():
    assert kinds(holds([], records())) == ["orphaned"]


def test_a_killed_call_whose_client_was_told_nothing_is_its_teams():
    proof = holds([entry()], records(), sent={}, unanswered=("search",))

    assert kinds(proof) == ["orphaned"]


def test_a_cut_body_is_metered_where_the_headers_had_counted():
    cut = replace(METERED, error_code="cut_body")

    assert kinds(holds([entry(outcome="cut_body")], records({}, cut))) == ["metered"]


def test_a_cut_body_is_unknown_where_nothing_had_counted():
    cut = replace(METERED, usage=Usage(), usage_source="none", error_code="cut_body")

    assert kinds(holds([entry(outcome="cut_body")], records({}, cut))) == ["unknown"]


def test_an_answer_with_spoilt_counts_may_be_unknown():
    unknown = replace(METERED, usage=Usage(), usage_source="none")

    assert kinds(holds([entry(fault="bad_usage")], records({}, unknown))) == ["unknown"]


def test_a_call_that_neither_side_prices_is_compared_by_its_counts():
    unlisted = {"model_id": "amazon.new-v1:0", "base_model": "amazon.new-v1:0", "geo": "none"}
    honest = evidence([entry(model="amazon.new-v1:0", billed_usd=None)], records(unlisted, METERED))
    said = tampered(honest, "manifests", lambda part: part[0].update(unpriced=1))

    proof = prove(said, BOOK)

    assert proof.mismatches == ()
    assert "without a price" in proof.lines()[1]


def test_an_endpoints_call_is_compared_by_its_counts_for_its_price_is_the_operators():
    counted = Outcome("usage", Usage(100, 10, busy_ms=40), "body", provider_request_id="provider-1")
    hosted = entry(service="sagemaker", model="embed", base_model="embed", billed_usd=None)

    assert kinds(holds([hosted], records(ENDPOINT, counted))) == ["metered"]


def test_a_record_that_was_sent_again_counts_once_and_is_told():
    pair = records({}, METERED)
    day = replace(evidence([entry()], pair), records=[*pair, pair[1]])
    told = tampered(day, "manifests", lambda part: part[0].update(duplicated=1))

    assert prove(told, BOOK).mismatches == ()


def test_a_run_over_midnight_is_proved_with_both_days_reports():
    later = {"call_id": "call-2", "request_id": "request-2", "day": "2026-11-24"}
    refused = entry(
        request_id="provider-2", gateway_request="request-2", outcome="refused", billed_usd="0"
    )
    refused["counts"] = {}
    first = evidence([entry()], records({}, METERED))
    second = evidence([refused], records(later, REFUSED))
    both = replace(
        first,
        provider=[*first.provider, *second.provider],
        records=[*first.records, *second.records],
        sent={**first.sent, **second.sent},
        costs=[*first.costs, *({**row, "date": "2026-11-24"} for row in second.costs)],
        manifests=[*first.manifests, {**second.manifests[0], "date": "2026-11-24"}],
    )

    assert prove(both, BOOK).mismatches == ()


def test_many_mismatches_are_shown_in_part_and_counted_in_full():
    ids = [f"stray-{number}" for number in range(30)]
    strays = [entry(request_id=name, gateway_request=None) for name in ids]

    lines = prove(evidence([entry(), *strays], records({}, METERED)), BOOK).lines()

    assert lines[-1] == "ledger: MISMATCH   30 differences"
    assert lines[-2] == "and 10 more"
