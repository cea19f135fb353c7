"""Load: requests a second, and what they come to on each service. Pure.

Concurrency = requests a second × seconds of each (AWS Lambda developer guide, "Understanding Lambda
function scaling"). What a request writes and reads is counted out of the gateway's own code; a test
holds these numbers to it.
"""

from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from typing import Final

from chalicelib.streams.writer import FLUSH_SECONDS, RENEW_SECONDS

DAY_SECONDS: Final = 86_400
RECORDS: Final = 2
"""Usage records of a call, each acknowledged by a PutLogEvents of its own."""
RECORD_BYTES: Final = 1_250
"""Of one record, and 26 that Logs adds ("PutLogEvents")."""
OWN_SECONDS: Final = Decimal("0.05")
"""What the gateway adds to a call on AWS: two acknowledged records. An assumption, not measured."""
INTAKE_SECONDS: Final = Decimal("0.05")
"""What queuing a stream takes: two writes and a message. An assumption, not measured."""
POLL_SECONDS: Final = 20
"""Of one long poll of GET /responses/{id}."""
LOOKS_A_SECOND: Final = 1
"""How often a long poll looks into the table, once it has waited for a few seconds."""
UNITS_OF_A_LOOK: Final = 2
"""Read units: the job, and the chunks that are new."""
JOB_UNITS: Final = {"live": 10, "queued": 14}
"""Write units of a stream's job from its intake to its end, index, request and last report of its
usage included."""
CHUNK_TOKENS: Final = 100
"""Of which a chunk fits into one write unit, compressed (docs/streaming.md, "What it costs")."""
RENEWAL_UNITS: Final = 4
"""Write units of a renewed lease: the job's two kilobytes, and its entry in the index moved."""
LEASE_INDEX_UNITS: Final = {"live": 2, "queued": 4}
"""Of those, in the index by_lease, besides two for each renewal."""
SQS_REQUESTS: Final = 3
"""Of a queued stream: sent, received, deleted."""
LOOK_UP_READS: Final = 2
"""Of a key that a process has not looked up within KEY_CACHE_SECONDS."""
KEY_CACHE_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Load:
    """Requests for model calls at the peak. What is neither live nor queued is answered whole.

    Raises ValueError for what cannot be.
    """

    requests: Decimal  # a second
    latency: Decimal  # seconds until the model has written its last token
    input_tokens: int
    output_tokens: int
    live_share: Decimal = Decimal(0)  # streamed on the tenant's own connection
    queued_share: Decimal = Decimal(0)  # and read with long polls
    keys: int = 10  # that are used at a time
    busy: Decimal = Decimal(1)  # the average of a day over its peak

    def __post_init__(self) -> None:
        if not (self.requests > 0 and self.latency > 0 and self.keys > 0):
            raise ValueError("requests a second, latency and keys are more than 0")
        if min(self.live_share, self.queued_share) < 0 or self.live_share + self.queued_share > 1:
            raise ValueError("the shares of live and queued streams are 0 to 1, together as well")
        if not 0 < self.busy <= 1:
            raise ValueError("--busy is more than 0 and at most 1")

    @property
    def live(self) -> Decimal:
        return self.requests * self.live_share

    @property
    def queued(self) -> Decimal:
        return self.requests * self.queued_share

    @property
    def called(self) -> Decimal:
        """Model calls that the API's function makes itself, a second."""
        return self.requests - self.queued

    @property
    def api_requests(self) -> Decimal:
        """HTTP requests a second, the long polls of queued answers included."""
        return self.requests + self.queued * ceil(self.latency / POLL_SECONDS)

    @property
    def api_busy(self) -> Decimal:
        """Processes of the API's function that are busy: calling, taking in, waiting in a poll."""
        waiting = INTAKE_SECONDS + self.latency
        return self.called * (self.latency + OWN_SECONDS) + self.queued * waiting

    @property
    def workers_busy(self) -> Decimal:
        return self.queued * (self.latency + OWN_SECONDS)

    @property
    def processes(self) -> Decimal:
        return self.api_busy + self.workers_busy

    @property
    def record_writes(self) -> Decimal:
        """PutLogEvents a second."""
        return self.requests * RECORDS

    @property
    def records_a_day(self) -> Decimal:
        return self.record_writes * DAY_SECONDS * self.busy

    @property
    def tokens_a_minute(self) -> Decimal:
        return self.requests * 60 * (self.input_tokens + self.output_tokens)

    @property
    def tenant_reads(self) -> Decimal:
        """Read units a second of the table of tenants.

        A process asks once in KEY_CACHE_SECONDS for the blocks and for each key that it saw; it
        sees no more keys than it has calls. A queued stream's team is read before it is begun.
        """
        calls_of_a_process = max(Decimal(KEY_CACHE_SECONDS) / self.latency, Decimal(1))
        keys = min(Decimal(self.keys), calls_of_a_process)
        asked = self.processes * (1 + LOOK_UP_READS * keys) / KEY_CACHE_SECONDS
        return min(asked, (1 + LOOK_UP_READS) * self.requests) + self.queued

    @property
    def block_reads(self) -> Decimal:
        """Reads a second of the one item that says what is blocked."""
        return min(self.processes / KEY_CACHE_SECONDS, self.requests)

    @property
    def stream_reads(self) -> Decimal:
        """Read units a second of the table of streams: long polls, and workers."""
        looks = self.latency * LOOKS_A_SECOND * UNITS_OF_A_LOOK
        return self.queued * (looks + UNITS_OF_A_LOOK)

    @property
    def stream_writes(self) -> Decimal:
        """Write units a second of the table of streams and its index."""
        flushes = self.latency / Decimal(str(FLUSH_SECONDS)) + 1
        chunks = max(flushes, Decimal(self.output_tokens) / CHUNK_TOKENS)
        kept = chunks + self._renewals * RENEWAL_UNITS
        return self.live * (kept + JOB_UNITS["live"]) + self.queued * (kept + JOB_UNITS["queued"])

    @property
    def lease_writes(self) -> Decimal:
        """Write units a second of the index by_lease."""
        renewed = 2 * self._renewals
        live, queued = LEASE_INDEX_UNITS["live"], LEASE_INDEX_UNITS["queued"]
        return self.live * (live + renewed) + self.queued * (queued + renewed)

    @property
    def messages(self) -> Decimal:
        """Requests of SQS a second."""
        return self.queued * SQS_REQUESTS

    @property
    def _renewals(self) -> Decimal:
        return self.latency / Decimal(str(RENEW_SECONDS))
