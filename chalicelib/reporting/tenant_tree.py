"""Tenants as a day's report knew them: who belongs to whom, and who pays. Their snapshot as CSV.

A day that is reported again keeps what was first said of a tenant: a name, a parent or a cost
centre that is changed later changes no day before it.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Self
from urllib.parse import unquote

from chalicelib.reporting.cells import clean
from chalicelib.reporting.csv_writer import render
from chalicelib.tenants.items import globs_attribute, team_pk, tenant_from_item
from chalicelib.tenants.nouns import Tenant
from chalicelib.usage_record import rfc3339

COLUMNS: Final = (
    *("team_id", "kind", "parent", "display_name", "cost_center", "tags", "created_at"),
)
READ: Final = (*COLUMNS, "state")
"""What is read of an item, besides its key: no allow-list, and nothing of a tenant's keys."""


def tenants_key(day: date) -> str:
    return f"tenants/date={day}/tenants.csv"


@dataclass(frozen=True, slots=True)
class Tenants:
    """All tenants by team id. A tenant here has no allow-list and no keys: a report needs none."""

    by_id: Mapping[str, Tenant]

    @classmethod
    def read_all(cls, client: Any, table: str) -> Self:
        """Read the table `tenants` through a boto3 DynamoDB client.

        Raises ValueError where an item is not a tenant's, and botocore's errors: half of the
        tenants would be a wrong tree.
        """
        names = {f"#{name}": name for name in READ}
        pages = client.get_paginator("scan").paginate(
            TableName=table,
            ConsistentRead=True,
            Select="SPECIFIC_ATTRIBUTES",  # the role may read nothing else
            ProjectionExpression=", ".join(names),
            FilterExpression="begins_with(pk, :team)",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={":team": {"S": team_pk("")}},
        )
        found = (_tenant(item) for page in pages for item in page["Items"])
        return cls({tenant.team_id: tenant for tenant in found})

    @classmethod
    def from_csv(cls, content: bytes) -> Self:
        """Read a snapshot. Raises ValueError where it is not one."""
        header, *rows = csv.reader(content.decode("ascii").splitlines(), strict=True)
        if tuple(header) != COLUMNS:
            raise ValueError(f"the header of a snapshot of tenants is {','.join(header)}")
        found = [_from_cells(dict(zip(COLUMNS, row, strict=True))) for row in rows]
        return cls({tenant.team_id: tenant for tenant in found})

    def to_csv(self) -> bytes:
        """Render the snapshot, sorted by team id, in cells that never need quotes.

        Texts of people are percent-encoded; tags are `key=value` pairs with `&` between them.
        """
        return render(COLUMNS, (_cells(self.by_id[team_id]) for team_id in sorted(self.by_id)))

    def adding(self, others: "Tenants") -> "Tenants":
        """Return these as they are, and besides them those that only `others` have."""
        return Tenants({**others.by_id, **self.by_id})

    def upwards(self, team_id: str) -> Iterator[Tenant]:
        """Yield a tenant and its ancestors, the nearest first, each once though they go round."""
        seen: set[str] = set()
        at: str | None = team_id
        while at is not None and at not in seen and at in self.by_id:
            seen.add(at)
            yield self.by_id[at]
            at = self.by_id[at].parent

    def cost_center(self, team_id: str) -> str:
        """Return a tenant's own cost centre, else its nearest ancestor's, else ""."""
        return next((each.cost_center for each in self.upwards(team_id) if each.cost_center), "")


NO_TENANTS: Final = Tenants({})


def _tenant(item: Mapping[str, Any]) -> Tenant:
    return tenant_from_item({**item, "allow": globs_attribute(())})


def _cells(tenant: Tenant) -> tuple[str, ...]:
    return (
        tenant.team_id,
        tenant.kind,
        tenant.parent or "",
        clean(tenant.display_name),
        tenant.cost_center,
        "&".join(f"{clean(key)}={clean(tenant.tags[key])}" for key in sorted(tenant.tags)),
        rfc3339(tenant.created_at),
    )


def _from_cells(row: Mapping[str, str]) -> Tenant:
    pairs = [pair.partition("=") for pair in row["tags"].split("&") if pair]
    return Tenant(
        team_id=row["team_id"],
        kind=row["kind"],  # type: ignore[arg-type]  # Tenant holds it against the kinds
        created_at=datetime.fromisoformat(row["created_at"]),
        parent=row["parent"] or None,
        display_name=unquote(row["display_name"]),
        cost_center=row["cost_center"],
        tags={unquote(key): unquote(value) for key, _, value in pairs},
    )
