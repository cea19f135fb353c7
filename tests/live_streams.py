"""A gateway that streams, and a provider of bytes: for tests of the engine and what it feeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from builders import ACCOUNT, identity, tenants_items
from job_fakes import DynamoDb, Records
from stream_world import new_table
from streamed_answers import event

from chalicelib.admission import Admission, ModelRequest, Plan
from chalicelib.backends.bedrock import CONVERSE_STREAM
from chalicelib.backends.eventstream import encode_event
from chalicelib.backends.operation import Operation, Payload
from chalicelib.ledger import Ledger
from chalicelib.settings import Settings
from chalicelib.stream_event import StreamEvent
from chalicelib.streams.engine import Engine, Running
from chalicelib.streams.intake import Intake, Wishes
from chalicelib.streams.job import StreamJob
from chalicelib.tenants.blocks import Blocks
from chalicelib.transport import Reply, Stream

NOVA = "us.amazon.nova-lite-v1:0"
HEADERS = {"content-type": "application/vnd.amazon.eventstream", "x-amzn-requestid": "aws-1"}
USAGE = {"inputTokens": 5, "outputTokens": 3, "totalTokens": 8}

START = event("messageStart", role="assistant")
DELTAS = tuple(event("contentBlockDelta", delta={"text": text}) for text in ("One ", "two ", "3."))
STOP = event("messageStop", stopReason="end_turn")
METADATA = event("metadata", usage=USAGE, metrics={"latencyMs": 9})
ANSWER = (START, *DELTAS, STOP, METADATA)


def framed(*events: StreamEvent) -> bytes:
    return b"".join(encode_event(each.name, each.data) for each in events)


class ScriptedStream(Stream):
    """Gives these parts, one a read: bytes, None for silence, or an exception to raise."""

    def __init__(self, parts: Sequence[bytes | Exception | None]) -> None:
        self.status, self.headers = 200, HEADERS
        self.parts = list(parts)
        self.closed = False

    def read(self, timeout: float) -> bytes | None:
        part = self.parts.pop(0) if self.parts else b""
        if isinstance(part, Exception):
            raise part
        return part

    def close(self) -> None:
        self.closed = True


@dataclass
class Provider:
    """A transport that answers every call with what is set here, or raises it."""

    opens: Stream | Reply | Exception = field(default_factory=lambda: whole(*ANSWER))
    calls: list[Mapping[str, str]] = field(default_factory=list)

    def open(self, _service: Any, _method: str, path: str, headers: Any, *_: Any, **__: Any) -> Any:
        self.calls.append({"path": path, **headers})
        if isinstance(self.opens, Exception):
            raise self.opens
        return self.opens


def whole(*events: StreamEvent) -> ScriptedStream:
    """A stream that gives each event by itself, to its end."""
    return ScriptedStream([framed(each) for each in events])


class NoQueue:
    """Nothing is sent; `away` is raised where there is one."""

    away: Exception | None = None

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, int]] = []

    def send(self, team_id: str, request_id: str, attempt: int) -> None:
        if self.away:
            raise self.away
        self.sent.append((team_id, request_id, attempt))


class LiveStreams:
    """Everything of the gateway that a stream goes through, over one table."""

    def __init__(self, dynamodb: DynamoDb, clock: Any) -> None:
        settings = Settings(
            region="us-east-1", tenants_table="t", reports_bucket="r", payloads_bucket="p"
        )
        self.dynamodb = dynamodb
        self.records = Records()
        self.provider = Provider()
        self.queue = NoQueue()
        self.large: dict[str, bytes] = {}
        self.table = new_table(dynamodb, clock)
        ledger = Ledger(self.records, stage="local", instance="i", now=clock)
        self.tenants = tenants_items(allow=("us.amazon.*",))
        blocks = Blocks(self.tenants.get, cache_seconds=0)
        self.admission = Admission(settings, self.provider, blocks, now=clock)
        self.intake = Intake(self.table, self.queue, self, ttl_hours=24, now=clock)
        self.engine = Engine(settings, ledger, self.provider, self.table)

    def keep(self, job: StreamJob, body: bytes) -> str:
        """Stand in for the payloads bucket."""
        self.large[job.request_id] = body
        return f"requests/{job.request_id}"

    def request_of(self, job: StreamJob) -> bytes:
        return job.body if job.body is not None else self.large[job.request_id]

    def plan(self, operation: Operation = CONVERSE_STREAM, **fields: Any) -> Plan:
        request = ModelRequest(
            **{
                "request_id": "request-1",
                "model_id": NOVA,
                "payload": Payload({}, b"{}"),
                "operations": {operation.service.signing_name: operation},
                "surface": "invoke",
                "account": ACCOUNT,
                "seconds_left": 900.0,
                **fields,
            }
        )
        return self.admission.admit(identity(allow=("us.amazon.*",)), request)

    def begin(self, wishes: Wishes = Wishes()) -> Running:  # noqa: B008 - frozen
        plan = self.plan()
        return self.engine.begin(self.intake.opened(plan, wishes), plan)

    def job(self, request_id: str = "request-1") -> StreamJob:
        found = self.table.find("search", request_id)
        assert found
        return found

    def kept(self, request_id: str = "request-1") -> list[StreamEvent]:
        page = self.table.answers.page("search", request_id, 0, 1_000_000)
        return [event for _, event in page.events]
