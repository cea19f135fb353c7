"""A stored answer given again, in the form that the request asks for."""

import json

import pytest
from job_fakes import Clock, DynamoDb
from live_streams import ANSWER, DELTAS, START, LiveStreams, ScriptedStream, framed

from chalicelib.backends.eventstream import Decoder
from chalicelib.errors import OutcomeUnknown, StreamsUnavailable
from chalicelib.stream_event import StreamEvent
from chalicelib.streams.intake import Wishes
from chalicelib.streams.reading import Reader
from chalicelib.streams.replay import Replay
from chalicelib.streams.replay import framed as framed_anew
from chalicelib.transport import Cut

EVENT_STREAM = "application/vnd.amazon.eventstream"


@pytest.fixture
def gateway(shared_dynamodb: DynamoDb) -> LiveStreams:
    shared_dynamodb.away.clear()
    return LiveStreams(shared_dynamodb, Clock())


def replay(gateway: LiveStreams, team_id: str = "search", content_type: str = EVENT_STREAM):
    reader = Reader(gateway.table, wait=lambda _seconds: None)
    return Replay(reader).body(team_id, "request-1", content_type, 60.0)


def test_a_whole_answer_is_given_again_as_its_frames(gateway) -> None:
    gateway.begin().close()
    assert b"".join(replay(gateway)) == framed(*ANSWER)


def test_an_answer_is_given_again_as_server_sent_events(gateway) -> None:
    gateway.begin().close()
    told = b"".join(replay(gateway, content_type="text/event-stream")).decode()
    assert (told.count("event: chunk"), told.count("event: done")) == (len(ANSWER), 1)


def test_an_answer_that_was_cut_ends_as_cut_again(gateway) -> None:
    gateway.provider.opens = ScriptedStream([framed(START, DELTAS[0]), Cut(timed_out=False)])
    gateway.begin().close()

    *events, last = Decoder().feed(b"".join(replay(gateway)))
    assert [event.payload for event in events] == [START.data, DELTAS[0].data]
    assert last.name == "modelStreamErrorException"


@pytest.mark.parametrize("form", [EVENT_STREAM, "text/event-stream"])
def test_an_ended_answer_that_was_not_to_be_kept_is_no_empty_answer(gateway, form) -> None:
    gateway.begin(Wishes(store=False)).close()
    with pytest.raises(OutcomeUnknown, match="not to be kept"):
        replay(gateway, content_type=form)


def test_a_deleted_answer_is_no_empty_answer(gateway) -> None:
    gateway.begin().close()
    gateway.table.delete("search", "request-1")
    with pytest.raises(OutcomeUnknown):
        replay(gateway)


def test_an_answer_whose_end_is_forgotten_while_it_is_joined_is_not_taken_for_whole(
    gateway,
) -> None:
    running = gateway.begin(Wishes(store=False))
    next(running)
    joined = replay(gateway)
    running.close()

    assert Decoder().feed(b"".join(joined))[-1].name == "modelStreamErrorException"


def test_another_teams_answer_is_none(gateway) -> None:
    gateway.begin().close()
    assert replay(gateway, team_id="ads") is None


def test_a_table_that_is_away_is_told_before_anything_is_answered(gateway) -> None:
    gateway.dynamodb.away.add("GetItem")
    with pytest.raises(StreamsUnavailable):
        replay(gateway)


def test_a_chunk_is_framed_as_bedrock_does(gateway) -> None:
    (frame,) = Decoder().feed(framed_anew(StreamEvent("chunk", b'{"outputText":"x"}')))
    assert json.loads(frame.payload) == {"bytes": "eyJvdXRwdXRUZXh0IjoieCJ9"}


def test_a_line_of_a_container_is_framed_as_sagemaker_does(gateway) -> None:
    (frame,) = Decoder().feed(framed_anew(StreamEvent("PayloadPart", b"data: {}\n\n")))
    assert (frame.payload, frame.headers[":content-type"]) == (
        b"data: {}\n\n",
        "application/octet-stream",
    )
