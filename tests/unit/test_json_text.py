import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.json_text import Ambiguous, hides_ascii, names, parsed


@pytest.mark.parametrize(
    "body",
    [rb'{"guardrail\u0043onfig": 1}', '{"guardrailConfig": 1}'.encode("utf-16")],
    ids=["escaped", "UTF-16"],
)
def test_a_word_that_is_spelled_otherwise_is_a_disguise_and_is_found(body: bytes) -> None:
    assert hides_ascii(body)
    assert names(body, b"guardrailConfig")
    assert not names(body, b"guardrailOther")


def test_a_letter_beyond_ascii_is_no_disguise() -> None:
    assert not hides_ascii(rb'{"text": "\u00e4\u2026"}')


def test_a_word_cannot_be_hidden_behind_its_own_key() -> None:
    assert names(rb'{"ttl":"\u0031h","ttl":"5m"}', b'"1h"')


def test_what_cannot_be_read_may_name_anything() -> None:
    assert names(rb'{"\u0061', b"inputImage")


@pytest.mark.parametrize(
    "body", [b'{"steps":150,"steps":30}', b'[{"a":{"b":1,"b":1}}]', rb'{"steps":1,"\u0073teps":1}']
)
def test_a_key_that_is_there_twice_is_ambiguous(body: bytes) -> None:
    with pytest.raises(Ambiguous):
        parsed(body)


@given(st.dictionaries(st.text(), st.dictionaries(st.text(), st.integers())))
def test_any_other_object_is_what_a_parser_finds(content: dict[str, dict[str, int]]) -> None:
    assert parsed(json.dumps(content).encode()) == content


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="JSON"):
        parsed(body)
