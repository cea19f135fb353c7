"""Packing events, and what a reader sees of them at every moment."""

from random import Random
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stream_world import delta, stream_job

from chalicelib.stream_event import StreamEvent
from chalicelib.streams import chunks
from chalicelib.streams.chunks import MAX_PART, joined, pack, unpack
from chalicelib.streams.kept import KeptAnswers

JOB = stream_job()
ALL = 10**9
SMALL = patch.multiple(chunks, MAX_PACKED=60, MAX_PART=25)
"""Items so small that a few events fill one, and a single one may need several."""

events = st.builds(StreamEvent, st.text(max_size=5), st.binary(max_size=80))
flushes = st.lists(st.lists(events, max_size=6), max_size=6)


class Rows:
    """The rows of one answer in memory, in the order of their keys, as DynamoDB has them."""

    def __init__(self) -> None:
        self.items = {}

    def put(self, item):
        self.items[item["sk"]["S"]] = item

    def between(self, pk, low, high):
        return (self.items[sk] for sk in sorted(self.items) if low <= sk <= high)


def packed(flushed, first=1):
    """The chunks of a stream that was flushed like this."""
    made = []
    for some in flushed:
        made += pack(some, first)
        first += len(some)
    return made


def read(rows, after=0, limit=ALL):
    return KeptAnswers(rows).page("search", "request-1", after, limit)


def kept(made):
    rows = Rows()
    for chunk in made:
        KeptAnswers(rows).put(JOB, chunk)
    return rows


def numbered(flushed):
    return tuple(enumerate((event for some in flushed for event in some), start=1))


@given(flushes)
def test_what_is_read_is_what_was_written_however_it_was_flushed(flushed) -> None:
    with SMALL:
        assert read(kept(packed(flushed))).events == numbered(flushed)


@given(flushes)
def test_a_reader_sees_the_beginning_of_the_answer_at_every_moment(flushed) -> None:
    rows, whole = Rows(), numbered(flushed)
    with SMALL:
        made = packed(flushed)
    seen = [read(rows).events]
    for chunk in made:
        KeptAnswers(rows).put(JOB, chunk)
        seen.append(read(rows).events)
    assert all(each == whole[: len(each)] for each in seen)
    assert [len(each) for each in seen] == sorted(len(each) for each in seen)


@given(flushes, st.integers(0, 40))
def test_whoever_has_read_up_to_an_event_reads_exactly_the_later_ones(flushed, after) -> None:
    with SMALL:
        rows = kept(packed(flushed))
    assert read(rows, after).events == numbered(flushed)[after:]


@given(flushes, st.integers(0, 200))
def test_an_answer_is_paged_without_gaps_or_repeats(flushed, limit) -> None:
    with SMALL:
        rows = kept(packed(flushed))
    found, after, more = [], 0, True
    while more:
        page = read(rows, after, limit)
        found += page.events
        after, more = (page.events[-1][0] if page.events else after), page.more
    assert tuple(found) == numbered(flushed)


@given(flushes, st.data())
def test_a_repeated_write_changes_nothing(flushed, data) -> None:
    with SMALL:
        made = packed(flushed)
    again = data.draw(st.lists(st.sampled_from(made), max_size=4)) if made else []
    assert kept([*made, *again]).items == kept(made).items


@given(flushes, st.data())
def test_no_event_is_shown_after_one_that_is_missing(flushed, data) -> None:
    """So it is while an answer is being forgotten, in no order, and read at the same time."""
    with SMALL:
        rows = kept(packed(flushed))
    for sk in data.draw(st.sets(st.sampled_from(sorted(rows.items)))) if rows.items else ():
        del rows.items[sk]
    found = read(rows).events
    assert found == numbered(flushed)[: len(found)]


def test_a_page_has_at_least_one_event_and_no_more_data_than_asked_for() -> None:
    rows = kept(pack([StreamEvent("chunk", b"x" * 100)] * 5, 1))
    assert [n for n, _ in read(rows, limit=1).events] == [1]
    page = read(rows, limit=250)
    assert ([n for n, _ in page.events], page.more) == ([1, 2], True)
    assert not read(rows, limit=500).more


def test_a_few_seconds_of_an_answer_are_one_chunk() -> None:
    (chunk,) = pack([delta("Hello")] * 400, 1)
    assert (chunk.first, chunk.last, chunk.part, chunk.parts) == (1, 400, 1, 1)


def incompressible(size):
    return StreamEvent("chunk", Random(size).randbytes(size))


def test_every_item_fits_into_the_table() -> None:
    made = pack([incompressible(size) for size in (200_000, 200_000, 900_000, 10)], 1)
    assert all(len(chunk.body) <= MAX_PART for chunk in made)
    assert [number for chunk in joined(made) for number, _ in unpack(chunk)] == [1, 2, 3, 4]


@pytest.fixture
def large():
    """One event in several parts."""
    with SMALL:
        made = pack([incompressible(100)], 1)
    assert len(made) > 2
    return made


def test_an_event_is_shown_once_all_of_its_parts_are_there(large) -> None:
    assert read(kept(large[:-1])).events == ()
    assert read(kept(large)).events == ((1, incompressible(100)),)


def test_an_event_without_one_of_its_parts_is_not_shown(large) -> None:
    assert read(kept([large[0], *large[2:]])).events == ()
    assert read(kept(large[1:])).events == ()


def test_a_reader_of_an_earlier_attempt_goes_on_with_the_later_one() -> None:
    rows = kept([*pack([delta("lost")], 1), *pack([delta("again")], 1_000_001)])
    assert [n for n, _ in read(rows, 1).events] == [1_000_001]
    assert [n for n, _ in read(rows, 1_000_000).events] == [1_000_001]


def test_a_chunk_is_the_same_bytes_each_time() -> None:
    assert pack([delta("Hello")], 7) == pack([delta("Hello")], 7)
    assert pack([], 1) == []
