"""What each fault makes of a stream, act by act."""

import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer

from local.simulator import stream_faults
from local.simulator.faults import LAST, STREAM_FAULTS, Fault
from local.simulator.stream_faults import Mark, Pause
from local.simulator.streams import Event

TEXTS = [Event("chunk", f'{{"n":{n}}}'.encode(), tokens=1) for n in range(4)]
COUNTS = Event("chunk", b'{"counts":1}', final=True)
STREAM = [*TEXTS, COUNTS]
HALF = len(TEXTS[0].encode()) // 2


def acts(name: str | None = None, service: str = "bedrock", **params):
    fault = name and Fault(name, {**STREAM_FAULTS.get(name, {}), **params})
    return list(stream_faults.acts(STREAM, fault, service))


def events(sent) -> list[bytes]:
    """The payloads of the whole frames that were sent."""
    return [message.payload for message in messages(sent)]


def messages(sent):
    buffer = EventStreamBuffer()
    buffer.add_data(b"".join(act for act in sent if isinstance(act, bytes)))
    return list(buffer)


def whole(number: int = len(STREAM)) -> list[bytes]:
    return [event.payload for event in STREAM[:number]]


def test_a_whole_stream_is_told_with_its_first_final_event():
    assert acts() == [
        *(event.encode() for event in TEXTS),
        Mark.TOLD,
        COUNTS.encode(),
    ]


def test_a_cut_leaves_half_a_frame_and_closes():
    *sent, half, mark = acts("stream_cut", after=2)

    assert events(sent) == whole(2)
    assert (half, mark) == (TEXTS[2].encode()[:HALF], Mark.CUT)


@pytest.mark.parametrize("name", ["stream_cut", "stream_truncated", "cut_body"])
def test_a_broken_stream_never_tells_its_counts(name):
    sent = acts(name, after=LAST)

    assert Mark.TOLD not in sent
    assert events(sent) == whole(4)


def test_a_truncated_stream_ends_cleanly_between_frames_or_in_one():
    between, within = acts("stream_truncated"), acts("stream_truncated", in_frame=True)

    assert between == [event.encode() for event in TEXTS]
    assert within == [*between, COUNTS.encode()[: len(COUNTS.encode()) // 2]]


def test_an_exception_is_the_last_frame():
    *sent, last = messages(acts("stream_exception", exception="throttlingException", after=3))

    assert [message.payload for message in sent] == whole(3)
    assert last.headers[":exception-type"] == "throttlingException"


@pytest.mark.parametrize(
    ("exception", "in_sagemaker"),
    [
        ("modelStreamErrorException", "ModelStreamError"),
        ("throttlingException", "InternalStreamFailure"),
    ],
)
def test_sagemaker_has_its_own_exceptions(exception, in_sagemaker):
    sent = acts("stream_exception", "sagemaker", exception=exception)

    assert messages(sent)[-1].headers[":exception-type"] == in_sagemaker


def test_an_exception_can_be_one_that_no_model_knows():
    (message,) = messages(acts("stream_exception", after=0, modelled=False))

    assert message.headers[":message-type"] == "error"
    assert message.headers[":error-code"] == "internalServerException"


@pytest.mark.parametrize(
    ("name", "params", "pause"),
    [
        ("stream_idle", {"after": 2, "seconds": 1.5}, Pause(1.5)),
        ("stream_hold", {"after": 2}, Pause()),
        ("first_token", {"ms": 40}, Pause(0.04)),
    ],
)
def test_a_stream_that_waits_goes_on_whole(name, params, pause):
    sent = acts(name, **params)

    assert sent.index(pause) == params.get("after", 0)
    assert events(sent) == whole()
    assert sent[-2] is Mark.TOLD


def test_a_corrupt_frame_is_found_and_is_no_answer():
    sent = acts("stream_corrupt", after=1)

    assert Mark.TOLD not in sent
    assert len(sent) == len(STREAM)
    with pytest.raises(ChecksumMismatch):
        messages(sent)


def test_an_unknown_event_stands_between_the_known_ones():
    sent = messages(acts("stream_unknown_event", after=1))

    assert [message.headers[":event-type"] for message in sent[:3]] == [
        *("chunk", "surpriseEvent", "chunk")
    ]
    assert len(sent) == len(STREAM) + 1


@pytest.mark.parametrize("size", [1, 7, 4_096])
def test_a_split_stream_arrives_in_pieces_of_that_size_and_whole(size):
    sent = acts("stream_split", bytes=size)

    assert max(len(act) for act in sent if isinstance(act, bytes)) <= size
    assert events(sent) == whole()


def test_a_split_sagemaker_part_cuts_through_what_the_container_wrote():
    sent = acts("stream_split", "sagemaker", bytes=3)

    assert {len(payload) for payload in events(sent)} == {3, 1}
    assert b"".join(events(sent)) == b"".join(whole())


def test_a_trickle_waits_before_every_event_and_is_late_with_the_counts():
    sent = acts("trickle", interval_ms=100, seconds=60)

    waits = [act.seconds for act in sent if isinstance(act, Pause)]
    assert waits[:4] == [0.1] * 4
    assert sum(waits) >= 60
    assert events(sent) == whole()


def test_what_came_before_a_fault_is_what_was_written():
    fault = Fault("stream_exception", {"after": 3})

    assert stream_faults.before(STREAM, fault) == TEXTS[:3]
