"""Items of one DynamoDB table: read whole, and changed only where they are as expected."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from chalicelib.aws_json import AwsApi, AwsFault
from chalicelib.streams.items import Item, Value, item_of

MAX_BATCH: Final = 25
"""Requests that one BatchWriteItem takes."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Every method raises AwsFault where the table cannot be reached."""

    dynamodb: AwsApi
    table: str

    def read(self, key: Item) -> Item | None:
        answer = self._call("GetItem", {"Key": key, "ConsistentRead": True})
        return answer.get("Item")

    def put(self, item: Item) -> None:
        self._call("PutItem", {"Item": item})

    def put_new(self, item: Item) -> bool:
        """Write an item; False where there is one of this key."""
        new = {"Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
        return self._if_so("PutItem", new) is not None

    def update(
        self,
        key: Item,
        where: Mapping[str, object],
        put: Mapping[str, object],
        drop: Sequence[str] = (),
    ) -> Item | None:
        """Change attributes of an item where others have these values, and return the item.

        None where they have not, or where there is no such item.
        """
        removed = " REMOVE " + ", ".join(f"#{name}" for name in drop) if drop else ""
        values = {f":{name}": value for name, value in put.items()}
        update = {
            "Key": key,
            "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in put) + removed,
            "ExpressionAttributeNames": {f"#{name}": name for name in {*where, *put, *drop}},
            "ReturnValues": "ALL_NEW",
            **_condition(where, values),
        }
        answer = self._if_so("UpdateItem", update)
        return answer["Attributes"] if answer else None

    def delete(self, keys: Sequence[Item]) -> None:
        for at in range(0, len(keys), MAX_BATCH):
            requests = [{"DeleteRequest": {"Key": key}} for key in keys[at : at + MAX_BATCH]]
            while requests:
                batch = {"RequestItems": {self.table: requests}}
                answer = self.dynamodb.call("BatchWriteItem", batch)
                requests = answer.get("UnprocessedItems", {}).get(self.table, [])

    def delete_where(self, key: Item, where: Mapping[str, object]) -> bool:
        """Delete an item where its attributes have these values; True where there is none, too."""
        names = {f"#{name}": name for name in where}
        condition = _condition(where, {})
        deletion = {"Key": key, "ExpressionAttributeNames": names, **condition}
        return self._if_so("DeleteItem", deletion) is not None or self.read(key) is None

    def between(self, pk: str, low: str, high: str, *, keys_only: bool = False) -> Iterator[Item]:
        """Yield the items of a partition from one sort key to another, as they are just now."""
        query: dict[str, Any] = {
            "KeyConditionExpression": "pk = :pk and sk between :low and :high",
            "ExpressionAttributeValues": item_of(**{":pk": pk, ":low": low, ":high": high}),
            "ConsistentRead": True,
        }
        return self.query(query | {"ProjectionExpression": "pk, sk"} if keys_only else query)

    def query(self, query: Mapping[str, Any]) -> Iterator[Item]:
        """Yield every item of a query, however many pages it has."""
        position: Mapping[str, Any] = {}
        while True:
            answer = self._call("Query", {**query, **position})
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            position = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _if_so(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any] | None:
        """Make a conditional write; None where its condition was not met."""
        try:
            return self._call(operation, payload)
        except AwsFault as fault:
            if fault.code != "ConditionalCheckFailedException":
                raise
            return None

    def _call(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        return self.dynamodb.call(operation, {"TableName": self.table, **payload})


def _condition(where: Mapping[str, object], values: Mapping[str, object]) -> dict[str, Any]:
    required: dict[str, Value] = item_of(**{f":is_{name}": value for name, value in where.items()})
    return {
        "ConditionExpression": " and ".join(f"#{name} = :is_{name}" for name in where),
        "ExpressionAttributeValues": {**item_of(**values), **required},
    }
