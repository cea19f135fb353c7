import base64
import json

import pytest

from chalicelib.backends.bedrock import CONVERSE_STREAM, INVOKE_MODEL_WITH_RESPONSE_STREAM
from chalicelib.backends.eventstream import Decoder, Frame, encode, encode_event
from chalicelib.backends.operation import Payload
from chalicelib.backends.streamed import Reading, Step
from chalicelib.stream_event import StreamEvent

GUARDED = {"x-amzn-bedrock-guardrailidentifier": "gr-1", "x-amzn-bedrock-guardrailversion": "1"}
GUARDED_BODY = b'{"messages":[],"guardrailConfig":{"guardrailIdentifier":"g"}}'
METRICS = b'"amazon-bedrock-invocationMetrics":{"inputTokenCount":1}'
TRACE = b'"amazon-bedrock-trace":{"guardrail":{"input":{}}}'


def frame(raw: bytes) -> Frame:
    (found,) = Decoder().feed(raw)
    return found


def chunk(said: bytes, padding: str = "abc") -> Frame:
    encoded = base64.b64encode(said).decode()
    return frame(
        encode_event("chunk", b'{"bytes":"%b","p":"%b"}' % (encoded.encode(), padding.encode()))
    )


def converse(name: str, payload: bytes) -> Frame:
    return frame(encode_event(name, payload))


def invoke_reading(headers: dict[str, str] | None = None) -> Reading:
    payload = Payload(headers or {}, b"{}")
    return INVOKE_MODEL_WITH_RESPONSE_STREAM.prepared(payload).reading()


def converse_reading(body: bytes = b'{"messages":[]}') -> Reading:
    return CONVERSE_STREAM.prepared(Payload({}, body)).reading()


def passed(came: Frame, event: StreamEvent, *, final: bool) -> Step:
    return Step(came.raw, (event,), (event,), final)


def said_in(raw: bytes) -> bytes:
    return base64.b64decode(json.loads(frame(raw).payload)["bytes"])


def test_a_chunk_passes_as_it_came_and_is_what_the_model_said() -> None:
    came = chunk(b'{"type":"content_block_delta"}')
    event = StreamEvent("chunk", b'{"type":"content_block_delta"}')
    assert invoke_reading().frame(came) == passed(came, event, final=False)


@pytest.mark.parametrize("counts", [METRICS, TRACE], ids=["metrics", "trace"])
def test_a_chunk_with_counts_is_final(counts) -> None:
    said = b'{"type":"message_stop",' + counts + b"}"
    came = chunk(said)
    assert invoke_reading().frame(came) == passed(came, StreamEvent("chunk", said), final=True)


@pytest.mark.parametrize(
    "said",
    [
        json.dumps({"text": '"amazon-bedrock-invocationMetrics":{}'}).encode(),
        json.dumps({"text": 'x"amazon-bedrock-invocationMetrics'}).encode(),
        b'{"tool":{"amazon-bedrock-invocationMetrics":{}}}',
        b'{"tool":{"amazon-bedrock-trace":{}}}',
        b'["amazon-bedrock-invocationMetrics"]',
        b'{"amazon-bedrock-invocationMetrics"',
        b'{"amazon-bedrock-guardrailAction":"NONE"}',
    ],
)
def test_what_a_model_writes_does_not_end_its_answer(said) -> None:
    assert not invoke_reading().frame(chunk(said)).final


@pytest.mark.parametrize(
    "payload",
    [
        b'{ "bytes" : "e30=" , "p":"a"}',
        b'{"p":"a","bytes":"e30="}',
        b'{"bytes":"e3\\u0030="}',
        b'{"bytes":"e30=","p":"a"}',
    ],
)
def test_a_chunk_is_read_however_its_json_is_written(payload) -> None:
    step = invoke_reading().frame(frame(encode_event("chunk", payload)))
    assert step.events == (StreamEvent("chunk", b"{}"),)


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("chunk", b'{"bytes":"?"}'),
        ("chunk", b'{"bytes":"e30='),
        ("chunk", b'{"bytes":1}'),
        ("chunk", b"[]"),
        ("chunk", b"\xff"),
        ("novelty", b'{"amazon-bedrock-trace":{}}'),
    ],
)
def test_an_event_that_nobody_knows_passes_as_it_came(name, payload) -> None:
    came = frame(encode_event(name, payload))
    step = invoke_reading(GUARDED).frame(came)
    assert step == passed(came, StreamEvent(name, payload), final=False)


def test_a_trace_that_only_the_gateway_asked_for_is_metered_and_not_shown() -> None:
    said = b'{"completion":"hi", ' + TRACE + b"," + METRICS + b',"n":28.0}'
    rest = b'{"completion":"hi", ' + METRICS + b',"n":28.0}'
    step = invoke_reading(GUARDED).frame(chunk(said))
    assert step.events == (StreamEvent("chunk", said),)
    assert step.shown == (StreamEvent("chunk", rest),)
    assert (said_in(step.raw), step.final) == (rest, True)


def test_taking_out_the_trace_touches_neither_the_headers_nor_the_padding() -> None:
    headers = {":event-type": "chunk", "x": "1", ":message-type": "event"}
    said = b'{"a":1,' + TRACE + b"}"
    payload = b'{"bytes":"%b","p":"abcdefg"}'
    came = frame(encode(headers, payload % base64.b64encode(said)))
    raw = invoke_reading(GUARDED).frame(came).raw
    assert raw == encode(headers, payload % base64.b64encode(b'{"a":1}'))


def test_a_chunk_with_odd_json_keeps_its_padding_too() -> None:
    said = base64.b64encode(b'{"a":1,' + TRACE + b"}").decode()
    came = frame(encode_event("chunk", json.dumps({"p": "abc", "bytes": said}).encode()))
    raw = invoke_reading(GUARDED).frame(came).raw
    assert json.loads(frame(raw).payload) == {"p": "abc", "bytes": "eyJhIjoxfQ=="}


def test_a_chunk_that_holds_the_trace_alone_is_not_sent() -> None:
    step = invoke_reading(GUARDED).frame(chunk(b"{" + TRACE + b"}"))
    assert (step.raw, len(step.events), step.shown) == (b"", 1, ())


def test_a_trace_that_the_tenant_asked_for_is_shown() -> None:
    said = b'{"a":1,' + TRACE + b"}"
    came = chunk(said)
    step = invoke_reading({**GUARDED, "x-amzn-bedrock-trace": "ENABLED"}).frame(came)
    assert step == passed(came, StreamEvent("chunk", said), final=True)


def test_the_trace_that_usage_needs_is_asked_for_in_streams_as_well() -> None:
    invoke = INVOKE_MODEL_WITH_RESPONSE_STREAM.prepared(Payload(GUARDED, b"{}"))
    converse = CONVERSE_STREAM.prepared(Payload({}, GUARDED_BODY))
    assert invoke.payload.headers["x-amzn-bedrock-trace"] == "ENABLED"
    assert json.loads(converse.payload.body)["guardrailConfig"]["trace"] == "enabled"
    assert (invoke.guardrail, converse.guardrail) == ("gr-1", "g")


@pytest.mark.parametrize("name", ["messageStart", "contentBlockDelta", "messageStop", "novelty"])
def test_an_event_of_converse_passes_as_it_came(name) -> None:
    came = converse(name, b'{"p":"abc"}')
    step = converse_reading().frame(came)
    assert step == passed(came, StreamEvent(name, b'{"p":"abc"}'), final=False)


def test_the_metadata_of_converse_is_final() -> None:
    payload = b'{"p":"abc","trace":{"promptRouter":{}},"usage":{"inputTokens":1}}'
    came = converse("metadata", payload)
    step = converse_reading().frame(came)
    assert step == passed(came, StreamEvent("metadata", payload), final=True)


def test_the_trace_of_converse_is_taken_out_of_its_metadata() -> None:
    payload = b'{"metrics":{"latencyMs":9},"trace":{"guardrail":{"x":1}},"usage":{"inputTokens":1}}'
    rest = b'{"metrics":{"latencyMs":9},"usage":{"inputTokens":1}}'
    step = converse_reading(GUARDED_BODY).frame(converse("metadata", payload))
    assert step.events == (StreamEvent("metadata", payload),)
    assert step.shown == (StreamEvent("metadata", rest),)
    assert (step.raw, step.final) == (encode_event("metadata", rest), True)


def test_metadata_without_a_trace_passes_as_it_came() -> None:
    came = converse("metadata", b'{"usage":{}}')
    step = converse_reading(GUARDED_BODY).frame(came)
    assert step == passed(came, StreamEvent("metadata", b'{"usage":{}}'), final=True)


@pytest.mark.parametrize("reading", [invoke_reading(), converse_reading()])
def test_nothing_is_left_at_the_end(reading) -> None:
    assert reading.end() == Step(b"", (), (), final=False)
