"""What repeats are tested with: the table in moto, a bucket, a clock that only waiting moves."""

import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from botocore.exceptions import ClientError
from builders import ACCOUNT
from job_fakes import NOON, DynamoDb

from chalicelib.errors import TollgateError
from chalicelib.repeats.answers import KeptAnswers
from chalicelib.repeats.hold import Hold
from chalicelib.repeats.repeats import Repeats
from chalicelib.repeats.table import RepeatsTable
from chalicelib.surfaces.answers import Answer
from chalicelib.surfaces.invocation import Invocation

KEY = {"idempotency-key": "order-1"}
BOTO3 = {"amz-sdk-invocation-id": "a1b2", "amz-sdk-request": "attempt=1; max=3"}
BOTO3_AGAIN = {**BOTO3, "amz-sdk-request": "ttl=20261123T120000Z; attempt=2; max=3"}
STAINLESS = {"x-stainless-retry-count": "0"}
STAINLESS_AGAIN = {"x-stainless-retry-count": "1"}


def invocation(
    request_id: str = "request-1",
    *,
    headers: Mapping[str, str] = KEY,
    body: bytes = b'{"prompt":"hello"}',
    query: Mapping[str, list[str]] | None = None,
    seconds_left: float = 900.0,
) -> Invocation:
    return Invocation(
        request_id=request_id,
        query={"model_id": ["us.amazon.nova-lite-v1:0"]} if query is None else query,
        headers={"content-type": "application/json", **headers},
        body=body,
        account=ACCOUNT,
        seconds_left=seconds_left,
    )


def answer(text: str = "hello", request_id: str = "request-1") -> Answer:
    headers = {"x-amzn-bedrock-output-token-count": "7", "x-request-id": request_id}
    return Answer(200, text.encode(), headers)


class Table(DynamoDb):
    """DynamoDB as AwsApi has it, bytes in base64. It counts what it is asked."""

    def __init__(self, client: Any) -> None:
        super().__init__(client)
        self.asked: list[str] = []

    def call(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append(operation)
        return _bytes(super().call(operation, _bytes(payload, b64decode)))

    def clear(self) -> None:
        for item in self.items():
            self.client.delete_item(TableName="streams", Key={k: item[k] for k in ("pk", "sk")})


def _bytes(value: Any, coded: Callable[[Any], Any] = lambda data: b64encode(data).decode()) -> Any:
    """The same JSON, with its bytes coded."""
    if isinstance(value, Mapping):
        return {k: coded(v) if k == "B" else _bytes(v, coded) for k, v in value.items()}
    return [_bytes(each, coded) for each in value] if isinstance(value, list) else value


@dataclass
class Bucket:
    """S3, as far as answers are kept in it."""

    kept: dict[str, bytes] = field(default_factory=dict)
    away: bool = False

    def put_object(self, **request: Any) -> None:
        self._check()
        self.kept[request["Key"]] = request["Body"]

    def get_object(self, **request: Any) -> dict[str, Any]:
        self._check()
        return {"Body": BytesIO(self.kept[request["Key"]])}

    def _check(self) -> None:
        if self.away:
            raise ClientError({"Error": {"Code": "SlowDown"}}, "S3")


class Time:
    """A clock that only waiting moves. While somebody waits, `meanwhile` happens, once."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.pauses: list[float] = []
        self.meanwhile: Callable[[], object] = lambda: None

    def clock(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)

    def wait(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.seconds += seconds
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()


@dataclass
class Model:
    """Makes calls: counts them, and ends each as it is told to."""

    ends: Answer | BaseException = field(default_factory=answer)
    slow: bool = False
    asked: list[Invocation] = field(default_factory=list)
    during: Callable[[], object] = lambda: None

    def __call__(self, asked: Invocation, patience: Any) -> Answer:
        self.asked.append(asked)
        if self.slow and patience:
            patience.exhausted()
        self.during()
        if isinstance(self.ends, BaseException):
            raise self.ends
        return self.ends

    @property
    def calls(self) -> int:
        return len(self.asked)


@dataclass
class Gateway:
    """Repeats over the table, the bucket and the clock."""

    table: Table
    bucket: Bucket
    time: Time

    @property
    def repeats(self) -> Repeats:
        table = RepeatsTable(self.table, "streams", self.time.now)  # type: ignore[arg-type]
        kept = KeptAnswers("payloads", lambda: self.bucket)
        time = self.time
        return Repeats(table, kept, clock=time.clock, wait=time.wait, now=time.now)


def refusal(request: Callable[[], object]) -> TollgateError:
    """What a request is refused with."""
    try:
        request()
    except TollgateError as error:
        return error
    raise AssertionError("it was answered")


@contextmanager
def running(
    request: Callable[[Model], object], ends: Answer | BaseException, *, slow: bool = False
) -> Iterator[Callable[[], None]]:
    """A request whose call runs in another process, so to speak, until it is let end."""
    called, over = threading.Event(), threading.Event()

    def during() -> None:
        called.set()
        over.wait(timeout=30)

    def run() -> None:
        try:
            request(Model(ends, slow=slow, during=during))
        except Exception as error:
            problems.append(error)

    def end() -> None:
        over.set()
        thread.join(timeout=30)

    problems: list[Exception] = []
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert called.wait(timeout=30)
    try:
        yield end
    finally:
        end()
    unexpected = [each for each in problems if each is not ends]
    assert unexpected == []


def held(found: object) -> Hold:
    assert isinstance(found, Hold)
    return found
