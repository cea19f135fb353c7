"""The proof can fail: whatever is changed on either side is found and named."""

import pytest
from two_ledgers import BOOK, METERED, entry, evidence, one_of_each, records, tampered

from local.proof import prove


def mismatches(part, change):
    proof = prove(tampered(one_of_each(), part, change), BOOK)
    assert not proof.holds
    assert proof.lines()[-1].startswith("ledger: MISMATCH")
    return " | ".join(proof.mismatches)


def set_in(index, **fields):
    return lambda part: part[index].update(fields)


def set_counts(index, **counts):
    return lambda part: part[index]["counts"].update(counts)


def without(index):
    return lambda part: part.pop(index)


def again(index, **fields):
    return lambda part: part.append({**part[index], **fields})


def test_one_token_more_in_a_record_is_a_mismatch():
    found = mismatches("records", set_in(1, input_tokens=101))

    assert "input_tokens: gateway 101, provider 100" in found


def test_one_token_more_in_the_providers_ledger_is_a_mismatch():
    found = mismatches("provider", set_counts(0, output_tokens=11))

    assert "output_tokens: gateway 10, provider 11" in found


def test_a_count_that_no_provider_reported_is_a_mismatch():
    found = mismatches("records", set_in(1, images=1))

    assert "images: gateway 1, provider 0" in found


def test_a_price_that_is_off_by_a_pico_dollar_is_a_mismatch():
    found = mismatches("provider", set_in(0, billed_usd="0.000008400001"))

    assert "dollars: gateway 0.0000084" in found


def test_a_call_charged_to_another_team_is_a_mismatch():
    found = mismatches("records", lambda part: [part[i].update(team_id="ads") for i in (0, 1)])

    assert "charged to ads; the key was search's" in found


def test_a_team_that_the_provider_was_told_otherwise_is_a_mismatch():
    assert "the provider was told team ads" in mismatches("provider", set_in(0, team="ads"))


def test_a_call_charged_to_a_team_whose_clients_did_not_make_it_is_a_mismatch():
    found = mismatches("sent", lambda part: part.pop("request-1"))

    assert "search is charged for 1 calls that none of its clients made" in found


def test_a_missing_pair_of_records_is_a_mismatch():
    found = mismatches("records", lambda part: [part.pop(0), part.pop(0)])

    assert "provider call provider-1: the gateway has no record of it" in found


def test_a_missing_end_record_is_a_mismatch_with_the_manifest():
    assert "orphaned is 1, and not 2" in mismatches("records", without(1))


def test_a_missing_record_of_a_beginning_is_a_mismatch():
    assert "no record of its beginning" in mismatches("records", without(0))


def test_a_record_written_twice_that_the_manifest_did_not_see_is_a_mismatch():
    assert "duplicated is 0, and not 1" in mismatches("records", again(1))


def test_one_call_recorded_under_two_ids_is_a_mismatch():
    found = mismatches("records", again(1, call_id="call-6", event_id="call-6-e"))

    assert "the provider has no such call" in found


def test_a_call_that_the_provider_has_not_is_a_mismatch():
    assert "the provider has no such call" in mismatches("provider", without(0))


def test_a_call_that_went_past_the_gateway_is_a_mismatch():
    found = mismatches("provider", again(0, request_id="provider-6", gateway_request=None))

    assert "provider call provider-6: the gateway has no record of it" in found


def test_an_answered_call_recorded_as_refused_is_a_mismatch():
    failed = {"tollgate": "failed", "n_usage": 0, "n_failed": 1}

    assert "refused here, answered there" in mismatches("records", set_in(1, **failed))


def test_an_answered_call_recorded_as_unknown_is_a_mismatch():
    found = mismatches("records", set_in(1, usage_source="none", input_tokens=0, output_tokens=0))

    assert "unknown here, answered there" in found


def test_a_timed_out_call_recorded_as_cut_is_a_mismatch():
    found = mismatches("records", set_in(5, error_code="no_answer"))

    assert "recorded as no_answer; the provider says timeout" in found


def test_a_bedrock_call_metered_by_the_clock_is_a_mismatch():
    found = mismatches("records", set_in(1, usage_source="clock", input_tokens=0, output_tokens=0))

    assert "only an endpoint may be metered by the clock" in found


def test_a_refused_call_that_the_provider_bills_is_a_mismatch():
    found = mismatches("provider", set_in(1, billed_usd="0.01"))

    assert "the provider bills $0.01 for a refused call" in found


def test_counts_on_a_refused_call_are_a_mismatch():
    found = mismatches("records", set_in(3, input_tokens=5))

    assert "input_tokens is 5, though nothing was counted" in found


def test_another_model_than_the_one_recorded_is_a_mismatch():
    found = mismatches("provider", set_in(0, model="us.amazon.nova-pro-v1:0"))

    assert "the provider ran us.amazon.nova-pro-v1:0" in found


def test_a_price_that_only_the_gateway_lists_is_a_mismatch():
    assert "the provider lists no price" in mismatches("provider", set_in(0, billed_usd=None))


def test_a_price_that_only_the_provider_lists_is_a_mismatch():
    unlisted = {"model_id": "amazon.new-v1:0", "base_model": "amazon.new-v1:0", "geo": "none"}
    day = evidence([entry(model="amazon.new-v1:0")], records(unlisted, METERED))

    proof = prove(day, BOOK)

    assert any("the gateway has no price for it" in mismatch for mismatch in proof.mismatches)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("total_cost", "0.000008400001"),
        ("total_cost", ""),
        ("input_tokens", "101"),
        ("invocations", "1"),
        ("status", "PRICED"),
    ],
)
def test_a_cell_of_the_csv_that_is_not_the_providers_sum_is_a_mismatch(column, value):
    found = mismatches("costs", set_in(1, **{column: value}))

    assert f"costs.csv 2026-11-23 search bedrock us.amazon.nova-lite-v1:0: {column} is" in found


def test_a_row_that_is_missing_in_the_csv_is_a_mismatch():
    found = mismatches("costs", without(1))

    assert "costs.csv has no row 2026-11-23 search bedrock us.amazon.nova-lite-v1:0" in found


def test_a_row_of_calls_that_nobody_made_is_a_mismatch():
    assert "of which no call is known" in mismatches("costs", again(1, team_id="ads"))


@pytest.mark.parametrize(
    "number", ["started", "usage", "failed", "orphaned", "unknown", "lost", "unpriced"]
)
def test_a_number_of_the_manifest_that_is_off_by_one_is_a_mismatch(number):
    found = mismatches("manifests", lambda part: part[0].update({number: part[0][number] + 1}))

    assert f"manifest 2026-11-23: {number} is" in found


def test_a_manifest_that_does_not_balance_is_a_mismatch():
    assert "does not balance" in mismatches("manifests", set_in(0, started=6))


def test_a_day_without_a_manifest_is_a_mismatch():
    assert "there is no manifest of 2026-11-23" in mismatches("manifests", without(0))
