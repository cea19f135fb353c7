"""The table `streams` as repeats use it.

| pk                                     | sk         | what                                     |
|----------------------------------------|------------|------------------------------------------|
| `once#<team>#<Idempotency-Key>`        | `key`      | the one call of that key                 |
| `mark#<team>#<key id>#<fingerprint>`   | its holder | a call that took long, while it runs and |
|                                        |            | shortly after                            |

Every write is the same when it is made twice: it is its holder's alone.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from chalicelib.aws_json import AwsApi, AwsFault
from chalicelib.repeats.entry import Entry, KeptAnswer

Item = Mapping[str, Mapping[str, Any]]


class RepeatsTable:
    """Every method raises AwsFault where the table cannot be reached."""

    def __init__(self, dynamodb: AwsApi, name: str, now: Callable[[], datetime]) -> None:
        self._dynamodb = dynamodb
        self._name = name
        self._now = now

    def write(self, entry: Entry) -> bool:
        """Write an entry; False where there is another holder's. One that has expired gives way.

        DynamoDB deletes an item up to days after it has expired.
        """
        return self._did(
            "PutItem",
            Item=_item(entry),
            ConditionExpression=(
                "attribute_not_exists(pk) or holder = :holder or expires_at <= :now"
            ),
            ExpressionAttributeValues={":holder": _text(entry.holder), ":now": self._seconds()},
        )

    def delete(self, entry: Entry) -> None:
        """Delete an entry, as far as it is still its holder's."""
        self._did(
            "DeleteItem",
            Key={"pk": _text(entry.pk), "sk": _text(entry.sk)},
            ConditionExpression="holder = :holder",
            ExpressionAttributeValues={":holder": _text(entry.holder)},
        )

    def find(self, pk: str) -> list[Entry]:
        """Return the entries under a key that have not expired, as they are at this moment."""
        answer = self._call(
            "Query",
            KeyConditionExpression="pk = :pk",
            FilterExpression="expires_at > :now",
            ExpressionAttributeValues={":pk": _text(pk), ":now": self._seconds()},
            ConsistentRead=True,
        )
        return [_entry(item) for item in answer["Items"]]

    def _did(self, operation: str, **request: Any) -> bool:
        try:
            self._call(operation, **request)
        except AwsFault as fault:
            if fault.code != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def _call(self, operation: str, **request: Any) -> dict[str, Any]:
        return self._dynamodb.call(operation, {"TableName": self._name, **request})

    def _seconds(self) -> Mapping[str, str]:
        return _number(int(self._now().timestamp()))


def _item(entry: Entry) -> dict[str, Mapping[str, Any]]:
    item: dict[str, Mapping[str, Any]] = {
        "pk": _text(entry.pk),
        "sk": _text(entry.sk),
        "team_id": _text(entry.team_id),
        "holder": _text(entry.holder),
        "fingerprint": _text(entry.fingerprint),
        "request_id": _text(entry.request_id),
        "state": _text(entry.state),
        "lease_until": _number(entry.lease_until),
        "expires_at": _number(entry.expires_at),
    }
    return item | _answer_item(entry.answer) if entry.answer else item


def _answer_item(answer: KeptAnswer) -> dict[str, Mapping[str, Any]]:
    item: dict[str, Mapping[str, Any]] = {
        "status": _number(answer.status),
        "headers": _text(json.dumps(dict(answer.headers), separators=(",", ":"))),
        "content_type": _text(answer.content_type),
    }
    if answer.body is not None:
        item["body"] = {"B": b64encode(answer.body).decode()}
    return item


def _entry(item: Item) -> Entry:
    return Entry(
        team_id=item["team_id"]["S"],
        pk=item["pk"]["S"],
        sk=item["sk"]["S"],
        holder=item["holder"]["S"],
        fingerprint=item["fingerprint"]["S"],
        request_id=item["request_id"]["S"],
        state=item["state"]["S"],
        lease_until=int(item["lease_until"]["N"]),
        expires_at=int(item["expires_at"]["N"]),
        answer=_answer(item) if "status" in item else None,
    )


def _answer(item: Item) -> KeptAnswer:
    return KeptAnswer(
        int(item["status"]["N"]),
        json.loads(item["headers"]["S"]),
        item["content_type"]["S"],
        b64decode(item["body"]["B"]) if "body" in item else None,
    )


def _text(text: str) -> Mapping[str, str]:
    return {"S": text}


def _number(number: int) -> Mapping[str, str]:
    return {"N": str(number)}
