"""What people ask of the reports: views, and queries that are saved. A stack of its own.

It comes after that of the tables, whose database and workgroup it names. A view is what Athena's
own CREATE VIEW leaves in the catalogue.
"""

import json
from typing import Final

from ops.deploy.templates.catalogue import DATABASE, WORKGROUP, catalogued, columns
from ops.deploy.templates.cloudformation import Node, logical_id, resource, sub, template
from ops.deploy.templates.views import VIEWS, View

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
    "What AWS counted otherwise": (
        "SELECT * FROM reconciliation_open ORDER BY usage_date DESC, layer, scope, unit"
    ),
    "Calls of the last 30 days that are not whole": (
        "SELECT * FROM exceptions\n"
        "WHERE dt >= CAST(date_add('day', -30, current_date) AS varchar)\n"
        "ORDER BY dt DESC, kind, request_id"
    ),
    "Closed months, and what changed since": (
        "SELECT * FROM team_books ORDER BY month DESC, total_cost DESC"
    ),
    "Cost centres, by closed month": (
        "SELECT * FROM cost_center_month ORDER BY month DESC, total_cost DESC"
    ),
    "Every team's models, last month": (
        "SELECT team_id, model_id, sum(invocations) AS invocations, sum(total_cost) AS total_cost\n"
        "FROM costs\n"
        "WHERE date_trunc('month', usage_date)"
        " = date_add('month', -1, date_trunc('month', current_date))\n"
        "GROUP BY 1, 2\nORDER BY total_cost DESC"
    ),
}


def questions() -> Node:
    queries = {
        f"Query{number}": _query(name, sql) for number, (name, sql) in enumerate(QUERIES.items(), 1)
    }
    return template(
        "what is asked of the daily reports. It holds no data.",
        {**{logical_id(view.name): _view(view) for view in VIEWS}, **queries},
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
    return catalogued(
        {
            "Name": view.name,
            "Description": view.says,
            "TableType": "VIRTUAL_VIEW",
            "Parameters": {"presto_view": "true", "comment": "Presto View"},
            "PartitionKeys": [],
            "StorageDescriptor": {"Columns": columns(hive), "SerdeInfo": {}},
            "ViewOriginalText": {"Fn::Join": ["", ["/* Presto View: ", encoded, " */"]]},
            "ViewExpandedText": "/* Presto View */",
        },
        sub(DATABASE),
    )


def _query(name: str, sql: str) -> Node:
    properties = {
        "Name": name,
        "Database": sub(DATABASE),
        "WorkGroup": sub(WORKGROUP),
        "QueryString": sql,
    }
    return resource("Athena::NamedQuery", properties)
