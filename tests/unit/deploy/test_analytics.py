"""Athena over the reports: tables that fit the files, and views that answer what they say.

The views' SQL runs here in SQLite, which knows the same words but for a few functions of dates.
"""

import base64
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.pricing.costs import CSV_COLUMNS, CostLine
from chalicelib.reporting import reported_day
from chalicelib.reporting.manifest import Manifest
from ops.deploy.templates.analytics import QUERIES, RENAMED, analytics
from ops.deploy.templates.views import VIEWS

TEMPLATE = analytics()["Resources"]
TABLES = {
    each["Properties"]["TableInput"]["Name"]: each["Properties"]["TableInput"]
    for each in TEMPLATE.values()
    if each["Type"] == "AWS::Glue::Table"
}
TODAY = datetime.now(UTC).date()
LINE = CostLine(
    date="",
    team_id="search",
    service="bedrock",
    model_id="amazon.nova-lite-v1:0",
    invocations=2,
    input_tokens=1_000,
    output_tokens=500,
    cache_read_tokens=3_000,
    cache_write_tokens=0,
    images=0,
    seconds="0",
    queries=0,
    input_cost=Decimal("0.00006"),
    output_cost=Decimal("0.00012"),
    cache_cost=Decimal(0),
    image_cost=Decimal(0),
    capacity_cost=Decimal(0),
    other_cost=Decimal(0),
    total_cost=Decimal("0.00018"),
    currency="USD",
    status="PRICED",
    price_version="p000000000000",
)


def column_names(table: str) -> list[str]:
    return [column["Name"] for column in TABLES[table]["StorageDescriptor"]["Columns"]]


class Athena:
    """Tables that hold rows, and every view over them."""

    def __init__(self) -> None:
        self._database = sqlite3.connect(":memory:")
        self._database.create_function("date_trunc", 2, lambda _, day: f"{day[:8]}01")
        self._database.create_function(
            "date_add", 3, lambda _, days, day: str(date.fromisoformat(day) + timedelta(days))
        )
        for table in ("costs", "manifests"):
            self._database.execute(f"CREATE TABLE {table} ({', '.join(column_names(table))}, dt)")
        for view in VIEWS:
            self._database.execute(f"CREATE VIEW {view.name} AS {view.sql}")

    def report(self, day: date, **changed: Any) -> None:
        values = {each.name: getattr(LINE, each.name) for each in fields(LINE)} | changed
        row = [float(v) if isinstance(v, Decimal) else v for v in values.values()]
        self._insert("costs", [str(day), *row[1:], str(day)])

    def _insert(self, table: str, row: list[Any]) -> None:
        self._database.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)

    def manifest(self, day: date, **said: Any) -> None:
        row = [said.get(name, 0) for name in column_names("manifests")]
        self._insert("manifests", [*row, str(day)])

    def rows(self, view: str) -> list[dict[str, Any]]:
        found = self._database.execute(f"SELECT * FROM {view}")
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found]

    def close(self) -> None:
        self._database.close()


@pytest.fixture
def athena() -> Iterator[Athena]:
    made = Athena()
    yield made
    made.close()


def test_the_table_of_costs_has_the_columns_of_the_file_in_its_order() -> None:
    assert column_names("costs") == [RENAMED.get(name, name) for name in CSV_COLUMNS]


def test_money_is_exact_and_counts_are_whole() -> None:
    types = {c["Name"]: c["Type"] for c in TABLES["costs"]["StorageDescriptor"]["Columns"]}
    costs = {kind for name, kind in types.items() if name.endswith("_cost")}
    assert costs == {"decimal(38,12)"}
    assert (types["usage_date"], types["input_tokens"], types["status"]) == (
        *("date", "bigint", "string"),
    )


def test_the_table_of_manifests_names_only_what_a_manifest_says() -> None:
    said = {RENAMED.get(each.name, each.name) for each in fields(Manifest)}
    assert set(column_names("manifests")) <= said


def test_a_renamed_column_is_read_from_its_own_field() -> None:
    serde = TABLES["manifests"]["StorageDescriptor"]["SerdeInfo"]
    assert serde["Parameters"] == {"ion.foreign_records.path_extractor": "(foreign)"}


@pytest.mark.parametrize(
    ("table", "key"), [("costs", reported_day.costs_key), ("manifests", reported_day.manifest_key)]
)
def test_a_day_s_partition_is_where_the_report_is_written(table: str, key: Any) -> None:
    location = TABLES[table]["Parameters"]["storage.location.template"]["Fn::Sub"]
    written = location.replace("${!dt}", "2026-11-22").partition("${AWS::AccountId}/")[2]
    assert key(date(2026, 11, 22)).rpartition("/")[0] + "/" == written


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_comes_to_the_columns_that_are_declared(athena: Athena, view: Any) -> None:
    athena.report(TODAY)
    athena.manifest(TODAY)
    row = (athena.rows(view.name) or [dict.fromkeys(view.columns)])[0]
    assert list(row) == list(view.columns)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_is_kept_as_athena_keeps_its_own(view: Any) -> None:
    before, encoded, after = TABLES[view.name]["ViewOriginalText"]["Fn::Join"][1]
    described = json.loads(encoded["Fn::Base64"]["Fn::Sub"])

    assert (before, after) == ("/* Presto View: ", " */")
    assert described["originalSql"] == view.sql
    assert described["schema"] == "tollgate_${Stage}"
    assert [column["name"] for column in described["columns"]] == column_names(view.name)
    assert "${" not in view.sql  # CloudFormation would fill it in
    assert len(base64.b64encode(json.dumps(described).encode())) < 100_000


def test_a_month_to_date_adds_up_a_team_s_days_and_says_up_to_which(athena: Athena) -> None:
    first = TODAY.replace(day=1)
    athena.report(first)
    athena.report(first - timedelta(1), total_cost=Decimal(9))
    athena.report(first, model_id="other", total_cost=None, status="UNPRICED")
    (row,) = athena.rows("month_to_date")
    assert row == {
        "team_id": "search",
        "invocations": 4,
        "total_cost": 0.00018,
        "rows_not_priced": 1,
        "as_of": str(first),
    }


def test_a_team_s_months_are_apart(athena: Athena) -> None:
    athena.report(date(2026, 10, 31))
    athena.report(date(2026, 11, 1))
    athena.report(date(2026, 11, 2), team_id="research")
    found = {
        (row["month"], row["team_id"]): row["invocations"] for row in athena.rows("team_month")
    }
    assert found == {
        ("2026-10-01", "search"): 2,
        ("2026-11-01", "search"): 2,
        ("2026-11-01", "research"): 2,
    }


def test_what_moved_is_the_newest_day_less_a_day_s_mean_of_the_seven_before(athena: Athena) -> None:
    yesterday = TODAY - timedelta(1)
    for days, cost in ((0, 10), (1, 3), (7, 4), (8, 1_000)):
        athena.report(yesterday - timedelta(days), total_cost=Decimal(cost))
    (row,) = athena.rows("movers")
    assert (row["usage_date"], row["latest_cost"], row["usual_cost"]) == (str(yesterday), 10, 1)
    assert row["moved"] == 9


def test_what_has_no_price_is_listed_whatever_else_is_wrong_with_it(athena: Athena) -> None:
    athena.report(TODAY)
    athena.report(TODAY, model_id="half", status="PARTLY_PRICED")
    athena.report(TODAY, model_id="cut", status="INCOMPLETE", total_cost=None)
    assert {row["model_id"] for row in athena.rows("unpriced")} == {"half", "cut"}


def test_unit_costs_are_of_wholly_priced_rows(athena: Athena) -> None:
    athena.report(TODAY)
    athena.report(TODAY, status="INCOMPLETE", input_tokens=1_000_000)
    (row,) = athena.rows("unit_cost")
    assert row["usd_per_million_input_tokens"] == pytest.approx(0.06)
    assert row["usd_per_million_output_tokens"] == pytest.approx(0.24)
    assert row["cache_hit_share"] == 0.75


def test_a_day_s_report_says_whether_it_is_complete(athena: Athena) -> None:
    athena.manifest(TODAY, complete=False, orphaned=2, foreign_records=1)
    (row,) = athena.rows("completeness")
    assert (row["usage_date"], row["complete"]) == (str(TODAY), 0)
    assert (row["orphaned"], row["foreign_records"]) == (2, 1)


def test_queries_ask_the_views_that_there_are() -> None:
    asked = {
        word for sql in QUERIES.values() for word in sql.replace("(", " ").replace(")", " ").split()
    }
    assert {"month_to_date", "movers", "unpriced", "completeness", "costs"} <= asked & set(TABLES)


def test_results_lie_with_the_reports_and_nobody_who_queries_can_have_them_elsewhere() -> None:
    configuration = TEMPLATE["WorkGroup"]["Properties"]["WorkGroupConfiguration"]
    assert configuration["EnforceWorkGroupConfiguration"] is True
    results = configuration["ResultConfiguration"]
    assert results["OutputLocation"]["Fn::Sub"].endswith("-reports-${AWS::AccountId}/queries/")
    assert results["EncryptionConfiguration"] == {"EncryptionOption": "SSE_S3"}
    assert configuration["BytesScannedCutoffPerQuery"] == 10 * 1024**3
