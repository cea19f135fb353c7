"""Identifiers in a report: ours as they are, anything else percent-encoded and known as foreign."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_logs import IDENTITY

from chalicelib.reporting.cells import KEY_FIELDS, FieldMissing, clean, is_ours, key_of

anything = st.text(st.characters())  # line ends, lone surrogates and all


def test_identifiers_of_our_own_form_stay_as_they_are() -> None:
    key = key_of(IDENTITY)

    assert key.cells == tuple(IDENTITY.values())
    assert not key.foreign


@pytest.mark.parametrize(
    "model_id",
    [
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "chat-endpoint",
        "guardrail/gr1abc",
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12cd34ef56",
    ],
)
def test_model_ids_in_their_normal_form_are_ours(model_id: str) -> None:
    key = key_of({**IDENTITY, "model_id": model_id})

    assert model_id in key.cells
    assert not key.foreign


@pytest.mark.parametrize(
    ("forged", "cell"),
    [
        ("=cmd()|'/C calc'!A0", "%3Dcmd%28%29%7C%27/C%20calc%27%21A0"),
        ("+1+1", "%2B1+1"),
        ("-1", "%2D1"),
        ("@SUM(1)", "%40SUM%281%29"),
        ('a,b"c', "a%2Cb%22c"),
        ("a\nb\r\tc", "a%0Ab%0D%09c"),
        ("(idle)", "%28idle%29"),
        ("équipe", "%C3%A9quipe"),
        ("50%", "50%25"),
    ],
)
def test_a_forged_team_is_percent_encoded_and_foreign(forged: str, cell: str) -> None:
    key = key_of({**IDENTITY, "team_id": forged})

    assert key.cells[0] == cell
    assert key.foreign


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("team_id", "Search"),
        ("team_id", "x"),
        ("service", "openai"),
        ("usage_source", "guess"),
        ("model_id", "a b"),
        ("account", "=1"),
    ],
)
def test_one_field_that_is_not_of_our_form_makes_the_records_foreign(
    field: str, value: str
) -> None:
    assert key_of({**IDENTITY, field: value}).foreign


def test_a_missing_field_of_our_own_records_is_never_passed_over() -> None:
    without_tier = {name: value for name, value in IDENTITY.items() if name != "tier"}

    with pytest.raises(FieldMissing, match="records without tier"):
        key_of(without_tier)


def test_an_empty_field_is_a_missing_one() -> None:
    with pytest.raises(FieldMissing, match="records without region, geo"):
        key_of({**IDENTITY, "region": "", "geo": ""})


def test_a_forged_record_that_lacks_fields_is_foreign_with_empty_cells() -> None:
    key = key_of({"team_id": "=cmd()", "model_id": "m"})

    assert key.cells[:3] == ("%3Dcmd%28%29", "", "")
    assert key.foreign


@given(anything)
def test_no_cell_ever_needs_quotes_or_starts_a_formula(value: str) -> None:
    assert re.fullmatch(r"([A-Za-z0-9._~:/%][A-Za-z0-9._~:/%+-]*)?", clean(value))


@given(anything, anything)
def test_two_values_never_become_one_cell(one: str, other: str) -> None:
    assert (clean(one) == clean(other)) == (one == other)


def test_cells_of_our_own_records_are_ours_when_they_are_read_again() -> None:
    assert is_ours(dict(zip(KEY_FIELDS, key_of(IDENTITY).cells, strict=True)))


@given(st.sampled_from(KEY_FIELDS), st.text(st.characters(), min_size=1))
def test_the_cells_of_records_tell_whether_they_are_foreign_as_the_records_do(
    field: str, value: str
) -> None:
    key = key_of({**IDENTITY, field: value})

    assert is_ours(dict(zip(KEY_FIELDS, key.cells, strict=True))) is not key.foreign


def test_a_cell_that_is_empty_is_not_ours() -> None:
    assert not is_ours({**IDENTITY, "tier": ""})
