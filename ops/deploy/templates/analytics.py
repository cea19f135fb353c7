"""Athena over the reports: tables whose partitions need no upkeep, and a workgroup.

Nothing of it holds data: what it reads, and what queries write, lies in the reports bucket.
"""

from typing import Final

from ops.deploy.templates.catalogue import DATABASE, WORKGROUP, catalogued, columns
from ops.deploy.templates.cloudformation import Node, logical_id, ref, resource, sub, template
from ops.deploy.templates.tables import TABLES, Table

REPORTS: Final = "s3://tollgate-${Stage}-reports-${AWS::AccountId}"
RESULTS: Final = "queries"
"""The prefix of query results; the bucket forgets them after 30 days."""
MAX_SCANNED_BYTES: Final = 10 * 1024**3
"""What one query may read: 5 US cents' worth, and years of reports."""


def analytics() -> Node:
    return template(
        "Athena over the daily reports. It holds no data.",
        {
            "Database": _database(),
            **{logical_id(table.name): _table(table) for table in TABLES},
            "WorkGroup": _workgroup(),
        },
    )


def _database() -> Node:
    described = {"Name": sub(DATABASE), "Description": "What each team's models cost, by day."}
    properties = {"CatalogId": ref("AWS::AccountId"), "DatabaseInput": described}
    return resource("Glue::Database", properties)


def _table(table: Table) -> Node:
    return catalogued(
        {
            "Name": table.name,
            "TableType": "EXTERNAL_TABLE",
            "PartitionKeys": [{"Name": table.of.column, "Type": "string"}],
            "Parameters": {
                "EXTERNAL": "TRUE",
                **table.stored.table,
                **table.of.projection(),
                "storage.location.template": sub(f"{REPORTS}/{table.name}/{table.of.folder}/"),
            },
            "StorageDescriptor": {
                "Location": sub(f"{REPORTS}/{table.name}/"),
                "Columns": columns(table.columns),
                **table.stored.descriptor(),
            },
        },
        ref("Database"),
    )


def _workgroup() -> Node:
    """Whose settings nobody who queries can change: where results go, and how much is read."""
    results = {
        "OutputLocation": sub(f"{REPORTS}/{RESULTS}/"),
        "ExpectedBucketOwner": ref("AWS::AccountId"),
        "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
    }
    configuration = {
        "EnforceWorkGroupConfiguration": True,
        "PublishCloudWatchMetricsEnabled": True,
        "BytesScannedCutoffPerQuery": MAX_SCANNED_BYTES,
        "EngineVersion": {"SelectedEngineVersion": "Athena engine version 3"},
        "ResultConfiguration": results,
    }
    properties = {
        "Name": sub(WORKGROUP),
        "Description": "Queries of the daily reports.",
        "RecursiveDeleteOption": True,
        "WorkGroupConfiguration": configuration,
    }
    return resource("Athena::WorkGroup", properties)
