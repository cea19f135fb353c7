import json

import pytest

from chalicelib.backends.guardrails import prepare_converse, prepare_invoke
from chalicelib.backends.operation import Payload
from chalicelib.errors import BadRequest

GUARDED = {"x-amzn-bedrock-guardrailidentifier": "gr-1", "x-amzn-bedrock-guardrailversion": "1"}
ASKED = b'{"messages":[],"guardrailConfig":{"guardrailIdentifier":"g","guardrailVersion":"1"}}'
ANSWER = b'{"completion":"hi", "amazon-bedrock-trace":{"guardrail":{}},"n":28.0}'


def test_without_a_guardrail_nothing_is_touched() -> None:
    invoke, converse = Payload({"accept": "a/b"}, b"{}"), Payload({}, b'{"messages":[]}')
    assert prepare_invoke(invoke).payload is invoke
    assert prepare_converse(converse).payload is converse
    assert prepare_invoke(invoke).guardrail == ""


def test_the_trace_that_usage_needs_is_asked_for() -> None:
    prepared = prepare_invoke(Payload(GUARDED, b"{}"))
    assert prepared.guardrail == "gr-1"
    assert prepared.payload.headers == {**GUARDED, "x-amzn-bedrock-trace": "ENABLED"}


def test_a_trace_that_was_not_asked_for_is_taken_out_and_nothing_else() -> None:
    prepared = prepare_invoke(Payload(GUARDED, b"{}"))
    assert prepared.restored(ANSWER) == b'{"completion":"hi", "n":28.0}'


@pytest.mark.parametrize("asked", ["ENABLED", "ENABLED_FULL"])
def test_a_trace_that_the_tenant_asked_for_stays(asked) -> None:
    prepared = prepare_invoke(Payload({**GUARDED, "x-amzn-bedrock-trace": asked}, b"{}"))
    assert prepared.payload.headers["x-amzn-bedrock-trace"] == asked
    assert prepared.restored(ANSWER) == ANSWER


def test_converse_asks_for_the_trace_in_its_body_and_leaves_the_rest_as_it_is() -> None:
    prepared = prepare_converse(Payload({}, b' {"a":1.50,' + ASKED[1:]))
    assert prepared.payload.body.startswith(b' {"a":1.50,"messages":[],"guardrailConfig":')
    assert json.loads(prepared.payload.body)["guardrailConfig"]["trace"] == "enabled"


def test_converse_takes_its_trace_out_but_keeps_a_prompt_routers() -> None:
    prepared = prepare_converse(Payload({}, ASKED))
    answer = b'{"output":{},"trace":{"guardrail":{"x":1},"promptRouter":{"id":"m"}}}'
    assert json.loads(prepared.restored(answer)) == {
        "output": {},
        "trace": {"promptRouter": {"id": "m"}},
    }
    assert prepared.restored(b'{"output":{},"trace":{"guardrail":{}}}') == b'{"output":{}}'


def test_converse_with_its_own_trace_is_left_alone() -> None:
    body = ASKED.replace(b'"1"', b'"1","trace":"enabled_full"')
    prepared = prepare_converse(Payload({}, body))
    assert (prepared.payload.body, prepared.guardrail) == (body, "g")


def test_a_guardrail_that_is_hidden_in_an_escape_is_found() -> None:
    prepared = prepare_converse(Payload({}, ASKED.replace(b"Config", b"\\u0043onfig")))
    assert prepared.guardrail == "g"


def test_a_trace_in_a_spelling_that_bedrock_does_not_know_is_asked_for_anew() -> None:
    prepared = prepare_invoke(Payload({**GUARDED, "x-amzn-bedrock-trace": "enabled"}, b"{}"))
    assert prepared.payload.headers["x-amzn-bedrock-trace"] == "ENABLED"


@pytest.mark.parametrize(
    "body",
    [
        b'{"guardrailConfig":1}',
        b'{"guardrailConfig":{}}',
        b'{"guardrailConfig":{"guardrailIdentifier":["g"]}}',
        b'{"guardrailConfig":{"guardrailIdentifier":"g","trace":[]}}',
        b'{"guardrailConfig":{"guardrailIdentifier":"g","trace":{}}}',
        b'{"guardrailConfig":{},"guardrailConfig":{"trace":"enabled"}}',
        b'{"guardrailConfig":',
        b'["guardrailConfig"]',
        b'\xff{"guardrailConfig":{}}',
        b'{"guardrailConfig":' + b"[" * 100_000,
    ],
)
def test_a_guardrail_that_cannot_be_read_is_refused(body) -> None:
    with pytest.raises(BadRequest):
        prepare_converse(Payload({}, body))


@pytest.mark.parametrize("answer", [b"", b"[]", b"\xff", b'{"amazon-bedrock-trace"', b"null"])
def test_an_answer_that_is_no_object_passes_as_it_is(answer) -> None:
    assert prepare_invoke(Payload(GUARDED, b"{}")).restored(answer) == answer
    assert prepare_converse(Payload({}, ASKED)).restored(answer) == answer
