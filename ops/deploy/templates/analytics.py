"""Athena over the reports: tables whose partitions need no upkeep, views, a workgroup, queries.

Nothing of it holds data: what it reads, and what its queries write, lies in the reports bucket.
Source of the tables' properties: Amazon Athena User Guide, "Set up partition projection", "Lazy
Simple SerDe for CSV, TSV, and custom-delimited files" and "Amazon Ion Hive SerDe" (the one that
reads JSON of more than one line). A view is what Athena's own CREATE VIEW leaves in the catalogue.
"""

import json
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any, Final

from chalicelib.pricing.costs import CostLine
from chalicelib.reporting.manifest import Manifest
from ops.deploy.templates.cloudformation import Node, logical_id, ref, resource, sub, template
from ops.deploy.templates.views import MONEY, VIEWS, View

DATABASE: Final = "tollgate_${Stage}"
REPORTS: Final = "s3://tollgate-${Stage}-reports-${AWS::AccountId}"
RESULTS: Final = "queries"
"""The prefix of query results; the bucket forgets them after 30 days."""
FIRST_DAY: Final = "2026-01-01"
MAX_SCANNED_BYTES: Final = 10 * 1024**3
"""What one query may read: 5 US cents' worth, and years of reports."""

RENAMED: Final = {"date": "usage_date", "foreign": "foreign_records"}
"""Columns whose own name is a word of SQL."""
_COST_TYPES: Final[dict[Any, str]] = {int: "bigint", Decimal | None: MONEY}
_MANIFEST_TYPES: Final[dict[Any, str]] = {int: "bigint", str: "string", bool: "boolean"}

QUERIES: Final = {
    "Month to date, by team": "SELECT * FROM month_to_date ORDER BY total_cost DESC",
    "What moved on the newest day": "SELECT * FROM movers ORDER BY abs(moved) DESC LIMIT 50",
    "What has no price": "SELECT * FROM unpriced ORDER BY usage_date DESC, team_id, model_id",
    "Days that are not complete": (
        "SELECT * FROM completeness WHERE NOT complete ORDER BY usage_date DESC"
    ),
    "Days of the last 30 without a report": (
        "SELECT day\nFROM UNNEST(sequence(\n"
        "  date_add('day', -30, current_date), date_add('day', -1, current_date)\n"
        ")) AS days (day)\n"
        "WHERE day NOT IN (SELECT date(dt) FROM manifests)\nORDER BY day"
    ),
    "Every team's models, last month": (
        "SELECT team_id, model_id, sum(invocations) AS invocations, sum(total_cost) AS total_cost\n"
        "FROM costs\n"
        "WHERE date_trunc('month', usage_date)"
        " = date_add('month', -1, date_trunc('month', current_date))\n"
        "GROUP BY 1, 2\nORDER BY total_cost DESC"
    ),
}


def analytics() -> Node:
    views = {logical_id(view.name): _view(view) for view in VIEWS}
    queries = {
        f"Query{number}": _query(name, sql) for number, (name, sql) in enumerate(QUERIES.items(), 1)
    }
    return template(
        "Athena over the daily reports. It holds no data.",
        {
            "Database": _database(),
            "Costs": _table("costs", _cost_columns(), CSV),
            "Manifests": _table("manifests", _manifest_columns(), JSON),
            **views,
            "WorkGroup": _workgroup(),
            **queries,
        },
    )


def _database() -> Node:
    described = {"Name": sub(DATABASE), "Description": "What each team's models cost, by day."}
    properties = {"CatalogId": ref("AWS::AccountId"), "DatabaseInput": described}
    return resource("Glue::Database", properties)


def _cost_columns() -> dict[str, str]:
    """The columns of costs.csv, in its order, which is all that a CSV has."""
    hive = {each.name: _COST_TYPES.get(each.type, "string") for each in fields(CostLine)}
    hive |= {"date": "date", "seconds": "decimal(38,3)"}
    return {RENAMED.get(name, name): kind for name, kind in hive.items()}


def _manifest_columns() -> dict[str, str]:
    """The manifest's plain fields; its lists stay in the file."""
    plain = {each.name: _MANIFEST_TYPES.get(each.type) for each in fields(Manifest)}
    return {
        RENAMED.get(name, name): kind
        for name, kind in plain.items()
        if kind and name not in ("date", "schema")
    }


@dataclass(frozen=True, slots=True)
class FileFormat:
    """How files are read: by which classes, with what settings of theirs and of the table."""

    reader: str
    writer: str
    serde: str
    settings: Node
    table: Node = field(default_factory=dict)

    def descriptor(self) -> Node:
        serde = {"SerializationLibrary": self.serde, "Parameters": self.settings}
        return {"InputFormat": self.reader, "OutputFormat": self.writer, "SerdeInfo": serde}


CSV: Final = FileFormat(
    "org.apache.hadoop.mapred.TextInputFormat",
    "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
    {"field.delim": ",", "serialization.format": ","},
    {"skip.header.line.count": "1"},
)
JSON: Final = FileFormat(
    "com.amazon.ionhiveserde.formats.IonInputFormat",
    "com.amazon.ionhiveserde.formats.IonOutputFormat",
    "com.amazon.ionhiveserde.IonHiveSerDe",
    {"ion.foreign_records.path_extractor": "(foreign)"},
)


def _table(name: str, columns: dict[str, str], stored: FileFormat) -> Node:
    """A table over one prefix of the reports, a partition a day."""
    return _catalogued(
        {
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "PartitionKeys": [{"Name": "dt", "Type": "string"}],
            "Parameters": {
                "EXTERNAL": "TRUE",
                **stored.table,
                "projection.enabled": "true",
                "projection.dt.type": "date",
                "projection.dt.format": "yyyy-MM-dd",
                "projection.dt.range": f"{FIRST_DAY},NOW",
                "projection.dt.interval": "1",
                "projection.dt.interval.unit": "DAYS",
                "storage.location.template": sub(f"{REPORTS}/{name}/date=${{!dt}}/"),
            },
            "StorageDescriptor": {
                "Location": sub(f"{REPORTS}/{name}/"),
                "Columns": _columns(columns),
                **stored.descriptor(),
            },
        }
    )


def _view(view: View) -> Node:
    hive = {name: "string" if kind == "varchar" else kind for name, kind in view.columns.items()}
    described = {
        "originalSql": view.sql,
        "catalog": "awsdatacatalog",
        "schema": DATABASE,
        "columns": [{"name": name, "type": kind} for name, kind in view.columns.items()],
    }
    encoded = {"Fn::Base64": sub(json.dumps(described))}
    return _catalogued(
        {
            "Name": view.name,
            "Description": view.says,
            "TableType": "VIRTUAL_VIEW",
            "Parameters": {"presto_view": "true", "comment": "Presto View"},
            "PartitionKeys": [],
            "StorageDescriptor": {"Columns": _columns(hive), "SerdeInfo": {}},
            "ViewOriginalText": {"Fn::Join": ["", ["/* Presto View: ", encoded, " */"]]},
            "ViewExpandedText": "/* Presto View */",
        }
    )


def _columns(columns: dict[str, str]) -> list[Node]:
    return [{"Name": name, "Type": kind} for name, kind in columns.items()]


def _catalogued(table: Node) -> Node:
    properties = {
        "CatalogId": ref("AWS::AccountId"),
        "DatabaseName": ref("Database"),
        "TableInput": table,
    }
    return resource("Glue::Table", properties)


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
        "Name": sub("tollgate-${Stage}"),
        "Description": "Queries of the daily reports.",
        "RecursiveDeleteOption": True,
        "WorkGroupConfiguration": configuration,
    }
    return resource("Athena::WorkGroup", properties)


def _query(name: str, sql: str) -> Node:
    properties = {
        "Name": name,
        "Database": ref("Database"),
        "WorkGroup": ref("WorkGroup"),
        "QueryString": sql,
    }
    return resource("Athena::NamedQuery", properties)
