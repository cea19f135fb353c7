"""What the keeper of a stream writes, and when: on a clock that stands still between turns."""

from dataclasses import dataclass, field
from random import Random

import pytest
from stream_world import delta, stream_job

from chalicelib.aws_json import AwsFault
from chalicelib.metering.usage import Usage
from chalicelib.stream_event import StreamEvent
from chalicelib.streams.chunks import MAX_PART, joined, unpack
from chalicelib.streams.job import UnreadableJob
from chalicelib.streams.table import JobGone
from chalicelib.streams.waiting import EVENT_OVERHEAD, Waiting
from chalicelib.streams.writer import FLUSH_BYTES, Writer

JOB = stream_job()
MB = 1024 * 1024
INPUT = Usage(input_tokens=11)


class Table:
    """The table as a keeper sees it. `away`: it fails, and has not done what it was asked."""

    def __init__(self) -> None:
        self.away = self.deleted = self.gone = self.broken = False
        self.chunks = []
        self.renewed = []
        self.leases = []
        self.asked = 0
        self.forgotten = 0
        self.answers = self

    def renew(self, job, lease_until, progress):
        self._ask()
        if self.gone:
            raise JobGone
        self.renewed.append(progress)
        self.leases.append(lease_until)
        return not self.deleted

    def put(self, job, chunk):
        self._ask()
        if self.broken:
            raise RuntimeError("broken")
        self.chunks.append(chunk)

    def forget(self, team_id, request_id):
        self._ask()
        self.forgotten += 1
        self.chunks = []

    def lease_end(self):
        return 1

    def _ask(self):
        self.asked += 1
        if self.away:
            raise AwsFault("ThrottlingException")

    @property
    def flushes(self):
        """How many events each write had."""
        return [chunk.last - chunk.first + 1 for chunk in self.chunks]

    @property
    def events(self):
        return [(n, event) for chunk in joined(self.chunks) for n, event in unpack(chunk)]


@dataclass
class Bell:
    rings: int = 0

    def ring(self) -> None:
        self.rings += 1


@dataclass
class Stream:
    """A running stream and its writer."""

    limit: int = 64 * MB
    now: float = 0.0
    table: Table = field(default_factory=Table)
    bell: Bell = field(default_factory=Bell)

    def __post_init__(self) -> None:
        self.waiting = Waiting(self.bell, self.limit)
        self.writer = Writer(self.table, JOB, self.waiting, lambda: self.now)
        self.rest = self.writer.turn()

    def says(self, *texts, progress=None):
        if progress:
            self.writer.progress = progress
        self.waiting.add([delta(text) for text in texts])

    def runs(self, seconds=0.0):
        self.now += seconds
        self.rest = self.writer.turn()
        return self.rest

    def finishes(self):
        self.writer.finishing = True
        while not self.writer.over:
            self.runs(max(self.rest.seconds, 0.001))

    @property
    def kept(self):
        return self.writer.last_event, self.writer.whole


@pytest.fixture
def stream():
    return Stream()


@pytest.fixture
def table(stream):
    return stream.table


def test_the_first_event_is_there_to_be_read_at_once(stream, table) -> None:
    stream.says("Hello")
    stream.runs()
    assert table.events == [(1, delta("Hello"))]


def test_later_events_are_written_together_after_a_while(stream, table) -> None:
    stream.says("Hello")
    stream.runs()
    for word in ("how", "are", "you"):
        stream.says(word)
        stream.runs(0.1)
    assert table.flushes == [1]
    assert stream.rest.seconds == pytest.approx(0.2)

    stream.runs(stream.rest.seconds)
    assert table.flushes == [1, 3]


def test_an_event_after_a_silence_waits_for_nothing(stream, table) -> None:
    stream.says("Hello")
    stream.runs()
    stream.runs(3.0)
    stream.says("again")
    stream.runs()
    assert table.flushes == [1, 1]


def test_much_at_once_is_written_at_once(stream, table) -> None:
    stream.says("Hello")
    stream.runs()
    stream.waiting.add([StreamEvent("chunk", b"x" * FLUSH_BYTES)])
    stream.runs()
    assert table.flushes == [1, 1]


def test_with_nothing_to_write_there_is_nothing_to_do_but_to_renew_the_lease(stream) -> None:
    assert (stream.rest.seconds, stream.rest.size) == (20.0, 0)


def test_a_lease_is_renewed_every_twenty_seconds(stream, table) -> None:
    for _ in range(6):
        stream.runs(10.0)
    assert len(table.renewed) == 3


def test_what_the_provider_reports_first_is_written_at_once_and_before_the_answer(
    stream, table
) -> None:
    stream.says("Hello", progress=INPUT)
    stream.runs()
    assert table.renewed == [INPUT]
    assert table.events != []

    stream = Stream()
    stream.table.gone = True
    stream.says("Hello", progress=INPUT)
    with pytest.raises(JobGone):
        stream.runs()
    assert stream.table.events == []


def test_what_the_provider_reports_last_is_written_before_the_end_of_the_answer(
    stream, table
) -> None:
    stream.says("Hello", progress=INPUT)
    stream.runs()
    stream.writer.finishing = True
    table.gone = True
    stream.says("bye", progress=Usage(input_tokens=11, output_tokens=3))
    with pytest.raises(JobGone):
        stream.runs()
    assert table.flushes == [1]

    table.gone = False
    stream.finishes()
    assert [progress.output_tokens for progress in table.renewed] == [0, 3]
    assert table.flushes == [1, 1]


def test_a_stream_is_not_over_before_what_it_used_is_on_the_job(stream, table) -> None:
    stream.writer.finishing = True
    stream.writer.progress = INPUT  # while the last turn was taken
    assert (stream.writer.idle, stream.writer.over) == (True, False)
    stream.runs()
    assert (table.renewed, stream.writer.over) == ([INPUT], True)


def test_the_last_report_leaves_a_lease_as_it_is_that_has_not_to_be_renewed(stream, table) -> None:
    stream.writer.finishing = True
    stream.says("bye", progress=INPUT)
    stream.runs(19.0)
    assert table.leases == [JOB.lease_until]

    stream = Stream()
    stream.writer.finishing = True
    stream.says("bye", progress=INPUT)
    stream.runs(21.0)
    assert stream.table.leases == [table.lease_end()]


def test_what_the_provider_reports_all_the_time_is_not_written_all_the_time(stream, table) -> None:
    for tokens in range(1, 101):
        stream.says("word", progress=Usage(output_tokens=tokens))
        stream.runs(0.125)
    assert [progress.output_tokens for progress in table.renewed] == [1, 41, 81]
    assert stream.rest.seconds < 5.0


def test_what_failed_is_written_again_first_and_unchanged(stream, table) -> None:
    table.away = True
    stream.says("Hello")
    stream.runs()
    stream.says("how", "are", "you")
    stream.runs(stream.rest.seconds)
    table.away = False
    stream.runs(stream.rest.seconds)
    stream.finishes()
    assert table.flushes == [1, 3]
    assert table.events == list(enumerate(map(delta, ("Hello", "how", "are", "you")), start=1))
    assert stream.kept == (4, True)


def test_a_table_that_is_away_is_asked_more_and_more_rarely(stream, table) -> None:
    table.away = True
    stream.says("Hello")
    stream.runs()
    pauses = []
    for _ in range(12):
        pauses.append(stream.rest.seconds)
        stream.runs(stream.rest.seconds)
    assert pauses[0] <= 0.05
    assert 1.0 <= pauses[-1] <= 2.0
    assert table.asked == 13


def test_between_two_attempts_more_events_change_nothing(stream, table) -> None:
    table.away = True
    stream.says("Hello")
    stream.runs()
    asked = table.asked
    stream.says("again")
    stream.runs()
    assert table.asked == asked
    assert not stream.waiting.reaches(stream.rest.size)


def test_when_the_stream_has_ended_all_that_waits_is_written(stream, table) -> None:
    stream.says("Hello")
    stream.runs()
    stream.says("how", "are", "you")
    stream.finishes()
    assert stream.kept == (4, True)
    assert table.flushes == [1, 3]


def test_a_stream_without_events_is_kept_whole(stream) -> None:
    stream.finishes()
    assert stream.kept == (0, True)


def test_an_answer_of_two_megabytes_is_kept(stream, table) -> None:
    said = [StreamEvent("chunk", b"%07d" % n * 100) for n in range(3_000)]
    for event in said:
        stream.waiting.add([event])
        stream.runs(0.001)
    stream.finishes()
    assert table.events == list(enumerate(said, start=1))
    assert stream.kept == (3_000, True)


def test_a_deleted_answer_is_forgotten_and_its_lease_is_renewed_all_the_same(stream, table) -> None:
    stream.says("Hello")
    stream.runs()
    table.deleted = True
    stream.says("how")
    stream.runs(20.0)
    stream.says("are", "you")
    stream.runs(20.0)
    assert (table.chunks, len(table.renewed)) == ([], 2)
    stream.finishes()
    assert (table.chunks, stream.writer.whole) == ([], False)


def test_a_deleted_answer_that_could_not_be_forgotten_is_forgotten_later(stream, table) -> None:
    stream.says("Hello")
    stream.runs()
    table.deleted = True
    table.forget = failing_once(table.forget)
    stream.runs(20.0)
    stream.runs(20.0)
    assert (table.chunks, table.forgotten) == ([], 1)


def failing_once(forget):
    failures = iter([AwsFault("ThrottlingException")])

    def call(*given):
        for fault in failures:
            raise fault
        forget(*given)

    return call


def test_beyond_what_memory_holds_the_beginning_is_kept() -> None:
    stream = Stream(limit=3 * (EVENT_OVERHEAD + 100))
    stream.table.away = True
    said = [StreamEvent("chunk", b"%03d" % n + b"x" * 97) for n in range(20)]
    for event in said:
        stream.waiting.add([event])
        stream.runs()
    stream.table.away = False
    stream.finishes()
    assert stream.table.events == list(enumerate(said[:4], start=1))
    assert stream.kept == (4, False)


def test_more_events_than_an_attempt_has_numbers_for_are_not_kept(stream, table) -> None:
    stream.writer.last_event = 999_998
    stream.says("one", "two", "three")
    stream.runs()
    assert [n for n, _ in table.events] == [999_999, 1_000_000]
    assert stream.kept == (1_000_000, False)


def test_the_thread_that_writes_is_woken_only_when_there_is_something_to_do(stream) -> None:
    assert not stream.waiting.reaches(stream.rest.size)
    stream.says("Hello")
    assert stream.bell.rings == 1

    stream.says("how")
    assert stream.bell.rings == 1  # it is awake

    stream.runs()
    assert not stream.waiting.reaches(stream.runs().size)
    stream.says("are")
    assert stream.bell.rings == 2


def test_until_it_is_time_to_write_a_few_events_wake_nobody(stream) -> None:
    stream.says("Hello")
    stream.runs()
    stream.says("how")
    assert not stream.waiting.reaches(stream.runs().size)
    stream.says("are", "you")
    assert stream.bell.rings == 0
    stream.waiting.add([StreamEvent("chunk", b"x" * FLUSH_BYTES)])
    assert stream.bell.rings == 1


def huge(seed: int) -> StreamEvent:
    """An event that is kept in several parts."""
    return StreamEvent("chunk", Random(seed).randbytes(2 * MAX_PART))


def test_an_event_counts_once_its_last_part_is_there(stream, table) -> None:
    stream.waiting.add([huge(1)])
    put = table.put
    written = []

    def one_more(job, chunk):
        table.away = len(written) == 2
        put(job, chunk)
        written.append(chunk.part)

    table.put = one_more
    stream.runs()
    assert (written, stream.kept) == ([1, 2], (0, False))

    table.put, table.away = put, False
    stream.finishes()
    assert stream.kept == (1, True)
    assert table.events == [(1, huge(1))]


def test_after_the_end_of_its_time_no_chunk_is_begun(stream, table) -> None:
    stream.waiting.add([huge(1)])
    put = table.put

    def slow(job, chunk):
        put(job, chunk)
        stream.now += 6.0

    table.put = slow
    stream.writer.ends_at = 10.0
    stream.runs()
    assert [chunk.part for chunk in table.chunks] == [1, 2]
    assert stream.kept == (0, False)


def test_a_writer_that_breaks_goes_on_renewing_the_lease(stream, table, caplog) -> None:
    table.broken = True
    stream.says("Hello")
    stream.runs()
    stream.says("how", "are", "you")
    for _ in range(4):
        stream.runs(20.0)
    assert (len(table.renewed), table.chunks) == (4, [])
    assert caplog.text.count("a stream's keeper broke: request-1") == 1
    stream.finishes()
    assert stream.kept == (0, False)


def test_a_report_that_cannot_be_made_holds_up_no_end(stream, table) -> None:
    def unreadable(*_given):
        raise UnreadableJob

    table.renew = unreadable
    stream.says("Hello", progress=INPUT)
    stream.writer.finishing = True
    stream.runs()
    assert (stream.writer.over, stream.kept) == (True, (0, False))


@pytest.mark.parametrize("why", ["deleted", "broken"])
def test_once_nothing_more_is_kept_what_waits_wakes_nobody(stream, table, why) -> None:
    setattr(table, why, True)
    stream.says("Hello", "how")
    stream.runs(20.0)
    stream.says("are", "you")
    stream.runs(20.0)
    assert not stream.waiting.reaches(stream.rest.size)
    assert stream.rest.seconds > 1.0
