"""The writing side of the table `tenants`. The gateway itself may only read it.

Every change is one conditional write or one transaction, so that two operators at once, or one
whose connection breaks, leave no half of a change. Tenants and keys are never deleted: a report of
an earlier day must still find them.
"""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import boto3

from chalicelib.settings import SettingError
from chalicelib.tenants import ApiKey, Tenant
from chalicelib.tenants.items import (
    BLOCKS_PK,
    blocks_attribute,
    blocks_from_item,
    globs_attribute,
    key_from_item,
    key_pk,
    key_to_item,
    tags_attribute,
    team_pk,
    tenant_from_item,
    tenant_to_item,
    time_attribute,
)
from chalicelib.tenants.nouns import BlockList, TenantState


class Refused(Exception):
    """What the operator asked for cannot be done; the message says why, in one line."""


class Directory:
    """Tenants and keys, through a boto3 DynamoDB client. Raises Refused for a refusal."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def tenant(self, team_id: str) -> Tenant:
        item = self._read(team_pk(team_id))
        if item is None:
            raise Refused(f"there is no tenant {team_id}")
        return tenant_from_item(item)

    def tenants(self) -> list[Tenant]:
        """Return every tenant, by team id."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table,
            ConsistentRead=True,
            FilterExpression="begins_with(pk, :team)",
            ExpressionAttributeValues={":team": {"S": team_pk("")}},
        )
        tenants = [tenant_from_item(item) for page in pages for item in page["Items"]]
        return sorted(tenants, key=lambda tenant: tenant.team_id)

    def key(self, key_id: str) -> ApiKey:
        item = self._read(key_pk(key_id))
        if item is None:
            raise Refused(f"there is no key {key_id}")
        return key_from_item(item)

    def keys(self, team_id: str) -> list[ApiKey]:
        """Return a tenant's keys, oldest first, those that have ended too."""
        keys = [self.key(key_id) for key_id in self.tenant(team_id).key_ids]
        return sorted(keys, key=lambda key: (key.created_at, key.key_id))

    def add_tenant(self, tenant: Tenant) -> None:
        """Add a tenant whose parent, if it names one, exists.

        A parent is set here alone, and must exist before its child: so no circle can come about.
        """
        steps = {f"there is a tenant {tenant.team_id} already": self._put(tenant_to_item(tenant))}
        if tenant.parent is not None:
            steps[f"there is no tenant {tenant.parent} to be its parent"] = {
                "ConditionCheck": {
                    "TableName": self._table,
                    "Key": {"pk": {"S": team_pk(tenant.parent)}},
                    "ConditionExpression": "attribute_exists(pk)",
                }
            }
        self._transact(steps)

    def set_allow(self, tenant: Tenant, allow: tuple[str, ...]) -> Tenant:
        """Change a tenant's allow-list, if it is still the one that was read."""
        changed = dataclasses.replace(tenant, allow=allow)
        self._update(
            team_pk(tenant.team_id),
            "SET #allow = :new",
            "#allow = :read",
            {"#allow": "allow"},
            {":new": globs_attribute(allow), ":read": globs_attribute(tenant.allow)},
            refusal=f"the allow-list of {tenant.team_id} was changed meanwhile: try again",
        )
        return changed

    def set_description(self, read: Tenant, changed: Tenant) -> None:
        """Change what reports say of a tenant, if its tags are still those that were read.

        That is its name, its cost centre and its tags.
        """
        self._update(
            team_pk(read.team_id),
            "SET #name = :name, #cost_center = :cost_center, #tags = :tags",
            "attribute_exists(pk) AND (attribute_not_exists(#tags) OR #tags = :read)",
            {"#name": "display_name", "#cost_center": "cost_center", "#tags": "tags"},
            {
                ":name": {"S": changed.display_name},
                ":cost_center": {"S": changed.cost_center},
                ":tags": tags_attribute(changed.tags),
                ":read": tags_attribute(read.tags),
            },
            refusal=f"the tags of {read.team_id} were changed meanwhile: try again",
        )

    def set_state(self, team_id: str, state: TenantState) -> None:
        self._update(
            team_pk(team_id),
            "SET #state = :state",
            "attribute_exists(pk)",
            {"#state": "state"},
            {":state": {"S": state}},
            refusal=f"there is no tenant {team_id}",
        )

    def blocks(self) -> BlockList:
        """Return what is blocked for everyone."""
        return blocks_from_item(self._read(BLOCKS_PK))

    def set_blocks(self, read: BlockList, blocked: BlockList) -> None:
        """Change what is blocked, if it is still what was read."""
        self._update(
            BLOCKS_PK,
            "SET #blocks = :new",
            "attribute_not_exists(pk) OR #blocks = :read",
            {"#blocks": "blocks"},
            {":new": blocks_attribute(blocked), ":read": blocks_attribute(read)},
            refusal="what is blocked was changed meanwhile: try again",
        )

    def add_key(self, key: ApiKey) -> None:
        """Add a key and name it at its tenant, both or neither."""
        self._transact(self._key_steps(key))

    def replace_key(self, old: ApiKey, new: ApiKey, until: datetime) -> None:
        """Add `new` and let `old` end at `until`, both or neither. A key is replaced once."""
        ending = {
            "Update": {
                "TableName": self._table,
                "Key": {"pk": {"S": key_pk(old.key_id)}},
                "UpdateExpression": "SET revoked_at = :until",
                "ConditionExpression": "attribute_exists(pk) AND attribute_not_exists(revoked_at)",
                "ExpressionAttributeValues": {":until": time_attribute(until)},
            }
        }
        refusal = f"the key {old.key_id} was revoked or rotated meanwhile"
        self._transact({refusal: ending, **self._key_steps(new)})

    def revoke_key(self, key_id: str, at: datetime) -> None:
        """End a key at `at`, unless it ends before: an end is brought forward, never put off."""
        self._update(
            key_pk(key_id),
            "SET revoked_at = :at",
            "attribute_exists(pk) AND (attribute_not_exists(revoked_at) OR revoked_at > :at)",
            {},
            {":at": time_attribute(at)},
            refusal=f"the key {key_id} was revoked meanwhile",
        )

    def _key_steps(self, key: ApiKey) -> dict[str, dict[str, Any]]:
        return {
            f"there is a key {key.key_id} already: try again": self._put(key_to_item(key)),
            f"there is no tenant {key.team_id}": {
                "Update": {
                    "TableName": self._table,
                    "Key": {"pk": {"S": team_pk(key.team_id)}},
                    "UpdateExpression": "ADD key_ids :key_id",
                    "ConditionExpression": "attribute_exists(pk)",
                    "ExpressionAttributeValues": {":key_id": {"SS": [key.key_id]}},
                }
            },
        }

    def _put(self, item: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "Put": {
                "TableName": self._table,
                "Item": item,
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }

    def _read(self, pk: str) -> Mapping[str, Any] | None:
        answer = self._client.get_item(
            TableName=self._table, Key={"pk": {"S": pk}}, ConsistentRead=True
        )
        item: Mapping[str, Any] | None = answer.get("Item")
        return item

    def _update(
        self,
        pk: str,
        change: str,
        condition: str,
        names: Mapping[str, str],
        values: Mapping[str, Any],
        *,
        refusal: str,
    ) -> None:
        optional = {"ExpressionAttributeNames": names} if names else {}
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"pk": {"S": pk}},
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
                **optional,
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise Refused(refusal) from error

    def _transact(self, steps: Mapping[str, Mapping[str, Any]]) -> None:
        """Make all steps or none. Each stands under the sentence that says why it is refused."""
        try:
            self._client.transact_write_items(TransactItems=list(steps.values()))
        except self._client.exceptions.TransactionCanceledException as error:
            # The reasons stand in the order of the steps.
            for sentence, reason in zip(steps, error.response["CancellationReasons"], strict=True):
                if reason["Code"] == "ConditionalCheckFailed":
                    raise Refused(sentence) from error
            raise


def open_directory(environ: Mapping[str, str]) -> Directory:
    """Open the table that TENANTS_TABLE names: all that a laptop needs besides credentials.

    Raises SettingError.
    """
    table = environ.get("TENANTS_TABLE", "").strip()
    if not table:
        raise SettingError("TENANTS_TABLE is not set; it names the DynamoDB table of tenants")
    # botocore itself reads AWS_DEFAULT_REGION, not AWS_REGION as other SDKs and Lambda do.
    region = environ.get("AWS_REGION") or None
    return Directory(boto3.client("dynamodb", region_name=region), table)
