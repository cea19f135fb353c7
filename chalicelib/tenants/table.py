"""The table `tenants` as the hot path reads it: one consistent GetItem, without a client."""

from chalicelib.aws_json import AwsApi
from chalicelib.tenants.items import Item


class TenantsTable:
    def __init__(self, dynamodb: AwsApi, name: str) -> None:
        self._dynamodb = dynamodb
        self._name = name

    def read_item(self, pk: str) -> Item | None:
        """Read an item by its key, or None where there is none. Raises AwsFault."""
        answer = self._dynamodb.call(
            "GetItem",
            {"TableName": self._name, "Key": {"pk": {"S": pk}}, "ConsistentRead": True},
        )
        return answer.get("Item")
