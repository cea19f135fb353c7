"""What a live reader gets: AWS's own frames, or Server-Sent Events with numbers."""

import json
from collections.abc import Callable, Iterator

import pytest
from job_fakes import Clock, DynamoDb
from live_streams import ANSWER, DELTAS, START, LiveStreams, ScriptedStream, framed

from chalicelib.backends.eventstream import Decoder, encode_exception
from chalicelib.streams import sse
from chalicelib.streams.engine import Running
from chalicelib.streams.live import LiveBody, as_event_stream, as_sse
from chalicelib.transport import Cut

Rendered = Callable[[Running], Iterator[bytes]]


@pytest.fixture
def gateway(shared_dynamodb: DynamoDb) -> LiveStreams:
    shared_dynamodb.away.clear()
    return LiveStreams(shared_dynamodb, Clock())


def body(gateway: LiveStreams, rendered: Rendered, ended: Callable[[], None] = list) -> LiveBody:
    return LiveBody(gateway.begin(), rendered, ended)


def frames(data: bytes) -> list[dict[str, str]]:
    """Server-Sent Events, each as its fields."""
    return [
        dict(line.split(": ", 1) for line in frame.splitlines())
        for frame in data.decode().split("\n\n")
        if frame and not frame.startswith(":")
    ]


def test_an_event_stream_is_the_providers_byte_for_byte(gateway) -> None:
    assert b"".join(body(gateway, as_event_stream)) == framed(*ANSWER)


def test_an_event_stream_that_was_cut_ends_with_an_exception_that_no_sdk_repeats(gateway) -> None:
    gateway.provider.opens = ScriptedStream([framed(START), Cut(timed_out=False)])
    last = Decoder().feed(b"".join(body(gateway, as_event_stream)))[-1]
    assert (last.kind, last.name) == ("exception", "modelStreamErrorException")


def test_the_providers_own_exception_keeps_its_name_and_loses_what_is_about_us(gateway) -> None:
    said = "Denied for arn:aws:iam::123456789012:role/gateway"
    gateway.provider.opens = ScriptedStream(
        [framed(START), encode_exception("validationException", said)]
    )
    last = Decoder().feed(b"".join(body(gateway, as_event_stream)))[-1]
    assert last.name == "validationException"
    assert json.loads(last.payload) == {"message": "Denied for […]"}


def test_server_sent_events_are_numbered_and_end_with_the_usage(gateway) -> None:
    told = frames(b"".join(body(gateway, as_sse)))

    assert [frame["event"] for frame in told] == ["chunk"] * 6 + ["done"]
    assert [frame["id"] for frame in told] == ["1", "2", "3", "4", "5", "6", "6"]
    assert json.loads(told[1]["data"])["contentBlockDelta"]["delta"] == {"text": "One "}
    assert json.loads(told[-1]["data"])["usage"] == {"input_tokens": 5, "output_tokens": 3}


def test_silence_is_a_ping_in_server_sent_events_and_nothing_in_an_event_stream(gateway) -> None:
    parts = [framed(START), None, framed(*ANSWER[1:])]
    gateway.provider.opens = ScriptedStream(parts)
    assert sse.PING in list(body(gateway, as_sse))


def test_server_sent_events_of_a_cut_stream_end_with_an_error_and_no_secret(gateway) -> None:
    gateway.provider.opens = ScriptedStream([framed(START, DELTAS[0]), Cut(timed_out=True)])
    last = frames(b"".join(body(gateway, as_sse)))[-1]

    assert last["event"] == "error"
    assert json.loads(last["data"])["error"]["code"] == "provider_timeout"
    assert json.loads(last["data"])["status"] == "interrupted"


@pytest.mark.parametrize("rendered", [as_event_stream, as_sse])
def test_a_body_that_is_closed_early_reads_its_stream_to_the_end(gateway, rendered) -> None:
    live = body(gateway, rendered)
    next(live)
    live.close()

    assert (gateway.job().state, len(gateway.kept())) == ("done", len(ANSWER))


def test_a_body_that_nobody_ever_read_is_read_to_its_end_when_it_is_closed(gateway) -> None:
    body(gateway, as_sse).close()
    assert gateway.records.kinds == ["started", "usage"]


def test_the_end_is_told_once(gateway) -> None:
    ends: list[str] = []
    live = body(gateway, as_sse, lambda: ends.append("ended"))
    for _ in live:
        pass
    live.close()

    assert ends == ["ended"]
