"""DynamoDB in memory, answering at once: as much of it as one stream's job and answer use.

It counts the write units that the same writes would be charged on demand: a unit for each begun
KB of an item, and for an index one where an entry is put and one where it is taken away. Sources:
DynamoDB Developer Guide, "Read/write capacity mode" and "Item sizes and formats".
"""

import base64
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

INDEXED = "lease_until"
"""What has an item in the index `by_lease`; its entries are keys only, less than a KB."""


class MemoryTable:
    """Takes the place of `AwsApi`; conditions are not looked at, for here all are met."""

    def __init__(self, items: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """Take what is there before, by hash key alone."""
        self._items: dict[tuple[str, str], dict[str, Any]] = {
            (pk, ""): dict(item) for pk, item in (items or {}).items()
        }
        self.units: Counter[str] = Counter()  # by what an item is: `job`, `event`

    def call(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = getattr(self, f"_{operation}", _nothing)(payload)
        return answer

    def _GetItem(self, payload: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        item = self._items.get(_key(payload["Key"]))
        return {"Item": item} if item else {}

    def _PutItem(self, payload: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        self._put(payload["Item"])
        return {}

    def _UpdateItem(self, payload: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        """Understand `SET #name = :name, … REMOVE #name, …`."""
        values = payload.get("ExpressionAttributeValues", {})
        put, _, drop = payload["UpdateExpression"].partition(" REMOVE ")
        changed = {name: values[f":{name}"] for name in re.findall(r"#(\w+) = ", put)}
        dropped = set(re.findall(r"#(\w+)", drop))
        before = self._items.get(_key(payload["Key"]), payload["Key"])
        item = {n: value for n, value in {**before, **changed}.items() if n not in dropped}
        self._put(item)
        return {"Attributes": item}

    def _put(self, item: dict[str, Any]) -> None:
        before = self._items.get(_key(item), {})
        self._items[_key(item)] = item
        units = -(-max(_size(before), _size(item)) // 1024)
        if before.get(INDEXED) != item.get(INDEXED):
            units += (INDEXED in before) + (INDEXED in item)
        self.units[_key(item)[1].partition("#")[0]] += units


def _nothing(_payload: Mapping[str, Any]) -> dict[str, Any]:
    return {}


def _key(item: Mapping[str, Any]) -> tuple[str, str]:
    return item["pk"]["S"], item.get("sk", {"S": ""})["S"]


def _size(item: Mapping[str, Any]) -> int:
    return sum(len(name.encode()) + sum(_sizes(value)) for name, value in item.items())


def _sizes(value: Mapping[str, Any]) -> Iterator[int]:
    for kind, plain in value.items():
        if kind == "S":
            yield len(plain.encode())
        elif kind == "B":
            yield len(base64.b64decode(plain))
        elif kind == "N":
            yield len(plain) // 2 + 1
        else:
            yield 1
