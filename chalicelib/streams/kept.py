"""What is kept of streamed answers in the table `streams`: written as they grow, read in order."""

from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.stream_event import StreamEvent
from chalicelib.streams.chunks import Chunk, follows, joined, unpack
from chalicelib.streams.items import EVENTS_END, chunk_item, chunk_of, event_key, partition
from chalicelib.streams.job import StreamJob
from chalicelib.streams.rows import Rows


@dataclass(frozen=True, slots=True)
class Page:
    """Some of an answer's events, each with its number, in order."""

    events: tuple[tuple[int, StreamEvent], ...]
    more: bool  # there are later ones already


@dataclass(frozen=True, slots=True)
class KeptAnswers:
    """Every method raises AwsFault where the table cannot be reached."""

    rows: Rows

    def put(self, job: StreamJob, chunk: Chunk) -> None:
        """Keep a chunk of a job's answer, until the answer expires."""
        self.rows.put(chunk_item(job, chunk))

    def page(self, team_id: str, request_id: str, after: int, limit_bytes: int) -> Page:
        """Read the events after number `after`, none left out, in order.

        At least one, if there is any; then as many as have `limit_bytes` of data together. Where
        the first new one belongs to a later attempt, earlier ones may have been left out.
        """
        found: list[tuple[int, StreamEvent]] = []
        for chunk in joined(self._chunks(team_id, request_id, after)):
            if not follows(chunk.first, after):
                break
            for number, event in unpack(chunk):
                if number <= after:
                    continue
                limit_bytes -= len(event.data)
                if found and limit_bytes < 0:
                    return Page(tuple(found), more=True)
                found.append((number, event))
                after = number
        return Page(tuple(found), more=False)

    def forget(self, team_id: str, request_id: str) -> None:
        """Delete a job's answer."""
        pk = partition(team_id, request_id)
        self.rows.delete(list(self.rows.between(pk, event_key(0), EVENTS_END, keys_only=True)))

    def _chunks(self, team_id: str, request_id: str, after: int) -> Iterator[Chunk]:
        pk = partition(team_id, request_id)
        return map(chunk_of, self.rows.between(pk, event_key(after + 1), EVENTS_END))
