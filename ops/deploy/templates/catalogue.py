"""What Athena's catalogue holds of a stage: tables and views in one database."""

from collections.abc import Mapping
from typing import Final

from ops.deploy.templates.cloudformation import Node, ref, resource

DATABASE: Final = "tollgate_${Stage}"
WORKGROUP: Final = "tollgate-${Stage}"


def catalogued(table: Node, database: Node) -> Node:
    properties = {
        "CatalogId": ref("AWS::AccountId"),
        "DatabaseName": database,
        "TableInput": table,
    }
    return resource("Glue::Table", properties)


def columns(named: Mapping[str, str]) -> list[Node]:
    return [{"Name": name, "Type": kind} for name, kind in named.items()]
