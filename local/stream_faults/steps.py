"""Which step of which stream a request to AWS is: what it reads, writes down or sends. Pure.

| step      | what                                       | step      | what                        |
|-----------|--------------------------------------------|-----------|-----------------------------|
| `key`     | an Idempotency-Key is taken, or its end    | `kept`    | a chunk of the answer       |
| `queued`  | the job is written, or queued again        | `renewed` | its lease, and the counts   |
| `sent`    | its message                                | `settled` | how its call ended          |
| `opened`  | its call is about to be made               | `ended`   | the call's end record       |
| `started` | the call's first record                    | `emitted` | that all is done            |
| `read`    | anything of it                             | `other`   | it is deleted, taken back … |
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Step = Literal[
    "key",
    "queued",
    "sent",
    "opened",
    "started",
    "kept",
    "renewed",
    "settled",
    "ended",
    "emitted",
    "read",
    "other",
]
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Touch:
    """A stream that a request to AWS is about; of a `key` no request id is known."""

    team: str
    request_id: str
    step: Step


def touches(target: str, payload: Json) -> Iterator[Touch]:
    """Yield the streams that a request is about, by its X-Amz-Target and its JSON."""
    service, _, operation = target.partition(".")
    read = _READERS.get(service.partition("_")[0])
    return read(operation, payload) if read else iter(())


def _of_dynamodb(operation: str, payload: Json) -> Iterator[Touch]:
    key = payload.get("Item") or payload.get("Key") or {}
    values = payload.get("ExpressionAttributeValues", {})
    partition = key.get("pk") or values.get(":pk") or {"S": ""}
    kind, _, rest = partition["S"].partition("#")
    team, _, request_id = rest.partition("#")
    if kind == "once":
        yield Touch(team, "", "key")
    elif kind == "stream":
        yield Touch(team, request_id, _step(operation, key, values))


def _step(operation: str, key: Json, values: Json) -> Step:
    if operation in ("GetItem", "Query"):
        return "read"
    if operation not in ("PutItem", "UpdateItem"):
        return "other"
    if key["sk"]["S"].startswith("event#"):
        return "kept"
    step = key.get("step") or values.get(":step")
    if step:
        return step["S"]
    return "renewed" if ":progress" in values else "other"


def _of_logs(operation: str, payload: Json) -> Iterator[Touch]:
    for event in payload.get("logEvents", ()):
        record = json.loads(event["message"])
        step: Step = "started" if record["tollgate"] == "started" else "ended"
        yield Touch(record["team_id"], record["request_id"], step)


def _of_sqs(operation: str, payload: Json) -> Iterator[Touch]:
    if operation == "SendMessage":
        message = json.loads(payload["MessageBody"])
        yield Touch(message["team_id"], message["request_id"], "sent")


_READERS: Mapping[str, Callable[[str, Json], Iterator[Touch]]] = {
    "AmazonSQS": _of_sqs,
    "DynamoDB": _of_dynamodb,
    "Logs": _of_logs,
}
