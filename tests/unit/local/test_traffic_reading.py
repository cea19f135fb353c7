"""What a client notes of a streamed answer, and the proof's eye on it."""

from dataclasses import replace

import pytest
from two_ledgers import BOOK, CLOCKED, ENDPOINT, METERED, entry, evidence, records

from chalicelib.stream_event import StreamEvent
from local.proof import prove
from local.traffic.reading import CUT, Notes, Read, Unframed

SAID = "The bridge held."
READ = Read("request-1", (SAID,), "done", whole=True)
PART = replace(READ, texts=("The br",), status=CUT, whole=False)


def delta(text):
    return StreamEvent("chunk", b'{"generation":"%s"}' % text.encode())


def noted(*steps):
    notes = Notes("request-1")
    for step in steps:
        step(notes)
    return notes.read()


def test_texts_are_put_together_in_order():
    read = noted(
        lambda notes: notes.event(delta("The "), 1),
        lambda notes: notes.text("bridge held.", 4, events=3),
        lambda notes: notes.end("done", whole=True),
    )

    assert read == READ


def test_a_reader_may_come_when_the_model_was_called_anew():
    assert noted(lambda notes: notes.text("held.", 1_000_003, events=3)).oddities == ()


def test_what_was_read_before_a_restart_is_kept_apart():
    read = noted(
        lambda notes: notes.event(delta("The "), 1),
        lambda notes: notes.restart(1_000_000),
        lambda notes: notes.event(delta("A "), 1_000_001),
    )

    assert (read.texts, read.oddities) == (("The ", "A "), ())


@pytest.mark.parametrize(
    "steps",
    [
        [lambda notes: notes.event(delta("a"), 2)],
        [lambda notes: notes.event(delta("a"), 1), lambda notes: notes.event(delta("a"), 1)],
        [lambda notes: notes.text("a", 1_000_003, events=2)],
        [lambda notes: notes.event(delta("a"), 1), lambda notes: notes.restart(7)],
        [
            lambda notes: notes.end("done", whole=True),
            lambda notes: notes.end("done", whole=True),
        ],
    ],
)
def test_what_is_out_of_order_is_noted(steps):
    assert noted(*steps).oddities


def test_a_containers_lines_are_put_together_again():
    unframed = Unframed()
    events = [*unframed.events("PayloadPart", b'{"a"'), *unframed.events("PayloadPart", b":1}\n{")]

    assert [event.data for event in (*events, *unframed.rest())] == [b'{"a":1}\n', b"{"]


def mismatches(*reads):
    told = {"provider-1": SAID}
    day = evidence([entry()], records({}, METERED), told=told, reads=reads)
    return prove(day, BOOK).mismatches


def test_readers_who_had_the_beginning_and_the_whole_of_an_answer_agree_with_the_model():
    assert mismatches(READ, PART, replace(READ, texts=("The", SAID))) == ()


@pytest.mark.parametrize(
    ("read", "why"),
    [
        (replace(PART, texts=("The dam",)), "had 7 characters that no model wrote so"),
        (replace(READ, texts=(SAID + "!",)), "had 17 characters that no model wrote so"),
        (replace(READ, texts=("The br",)), "had 6 characters as the whole of it"),
        (replace(PART, texts=("T", "he")), "had 2 characters that no model wrote so"),
        (replace(PART, request_id="request-2"), "characters that no model wrote so"),
        (replace(READ, status="", whole=False), "never came to its end"),
        (replace(READ, oddities=("event 3 follows 1",)), "event 3 follows 1"),
    ],
)
def test_a_reader_who_had_anything_else_is_a_mismatch(read, why):
    assert why in " | ".join(mismatches(read))


def test_of_a_container_that_reports_nothing_the_beginning_may_pass_for_the_whole():
    hosted = entry(
        service="sagemaker",
        model="embed",
        base_model="embed",
        billed_usd=None,
        outcome="cut_stream",
        fault="stream_truncated",
    )
    clocked = replace(CLOCKED, provider_request_id="provider-1")
    read = replace(PART, whole=True, status="done")
    told = {"provider-1": SAID}

    day = evidence([hosted], records(ENDPOINT, clocked), told=told, reads=[read])

    assert prove(day, BOOK).mismatches == ()
