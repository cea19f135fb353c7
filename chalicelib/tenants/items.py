"""How tenants and keys lie in the DynamoDB table `tenants`, in DynamoDB's own typed JSON.

Typed JSON (`{"state": {"S": "active"}}`) because the hot path reads it without a client. The one
hash key is `pk`: `team#<team_id>`, `key#<key_id>` or `blocks`, so all reads are by key.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from chalicelib.tenants.nouns import ApiKey, Block, BlockList, Tenant
from chalicelib.usage_record import rfc3339

Attribute = Mapping[str, Any]
Item = Mapping[str, Attribute]

BLOCKS_PK: Final = "blocks"
"""The one item that says what is blocked for everyone."""


def team_pk(team_id: str) -> str:
    return f"team#{team_id}"


def key_pk(key_id: str) -> str:
    return f"key#{key_id}"


def time_attribute(moment: datetime) -> dict[str, str]:
    """Render a moment in UTC, to the millisecond: such texts sort as the moments do."""
    return {"S": rfc3339(moment.astimezone(UTC))}


def globs_attribute(globs: Iterable[str]) -> dict[str, Any]:
    return {"L": [{"S": glob} for glob in globs]}


def tags_attribute(tags: Mapping[str, str]) -> dict[str, Any]:
    return {"M": {key: {"S": value} for key, value in tags.items()}}


def tenant_to_item(tenant: Tenant) -> dict[str, Attribute]:
    item: dict[str, Attribute] = {
        "pk": {"S": team_pk(tenant.team_id)},
        "team_id": {"S": tenant.team_id},
        "kind": {"S": tenant.kind},
        "display_name": {"S": tenant.display_name},
        "allow": globs_attribute(tenant.allow),
        "state": {"S": tenant.state},
        "created_at": time_attribute(tenant.created_at),
    }
    if tenant.parent is not None:
        item["parent"] = {"S": tenant.parent}
    if tenant.key_ids:  # DynamoDB knows no empty set
        item["key_ids"] = {"SS": sorted(tenant.key_ids)}
    if tenant.cost_center:
        item["cost_center"] = {"S": tenant.cost_center}
    if tenant.tags:
        item["tags"] = tags_attribute(tenant.tags)
    return item


def tenant_from_item(item: Item) -> Tenant:
    """Read a tenant. Raises ValueError where the item is not a tenant's."""
    try:
        return Tenant(
            team_id=item["team_id"]["S"],
            kind=item["kind"]["S"],
            created_at=_time(item["created_at"]),
            parent=item["parent"]["S"] if "parent" in item else None,
            display_name=item["display_name"]["S"],
            allow=tuple(glob["S"] for glob in item["allow"]["L"]),
            state=item["state"]["S"],
            key_ids=tuple(sorted(item["key_ids"]["SS"])) if "key_ids" in item else (),
            cost_center=item["cost_center"]["S"] if "cost_center" in item else "",
            tags=_tags(item["tags"]) if "tags" in item else {},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a tenant's item: {error}") from error


def key_to_item(key: ApiKey) -> dict[str, Attribute]:
    item: dict[str, Attribute] = {
        "pk": {"S": key_pk(key.key_id)},
        "key_id": {"S": key.key_id},
        "hash": {"S": key.hash.hex()},
        "team_id": {"S": key.team_id},
        "created_at": time_attribute(key.created_at),
        "label": {"S": key.label},
    }
    if key.expires_at is not None:
        item["expires_at"] = time_attribute(key.expires_at)
    if key.revoked_at is not None:
        item["revoked_at"] = time_attribute(key.revoked_at)
    return item


def key_from_item(item: Item) -> ApiKey:
    """Read a key. Raises ValueError where the item is not a key's."""
    try:
        return ApiKey(
            key_id=item["key_id"]["S"],
            hash=bytes.fromhex(item["hash"]["S"]),
            team_id=item["team_id"]["S"],
            created_at=_time(item["created_at"]),
            expires_at=_time(item["expires_at"]) if "expires_at" in item else None,
            revoked_at=_time(item["revoked_at"]) if "revoked_at" in item else None,
            label=item["label"]["S"],
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a key's item: {error}") from error


def blocks_to_item(blocked: BlockList) -> dict[str, Attribute]:
    return {"pk": {"S": BLOCKS_PK}, "blocks": blocks_attribute(blocked)}


def blocks_attribute(blocked: BlockList) -> dict[str, Any]:
    return {"L": [{"M": _block_attributes(block)} for block in blocked.blocks]}


def blocks_from_item(item: Item | None) -> BlockList:
    """Read the block-list; without an item nothing is blocked. Raises ValueError for another's."""
    if item is None:
        return BlockList()
    try:
        return BlockList(tuple(_block(entry["M"]) for entry in item["blocks"]["L"]))
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a block-list's item: {error}") from error


def _block_attributes(block: Block) -> dict[str, Attribute]:
    return {
        "glob": {"S": block.glob},
        "since": time_attribute(block.since),
        "reason": {"S": block.reason},
    }


def _block(attributes: Item) -> Block:
    return Block(attributes["glob"]["S"], _time(attributes["since"]), attributes["reason"]["S"])


def _tags(attribute: Attribute) -> dict[str, str]:
    return {key: value["S"] for key, value in sorted(attribute["M"].items())}


def _time(attribute: Attribute) -> datetime:
    moment = datetime.fromisoformat(attribute["S"])
    if moment.tzinfo is None:
        raise ValueError(f"{attribute['S']!r} names no time zone")
    return moment
