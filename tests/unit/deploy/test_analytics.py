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
from chalicelib.reconciliation import months, row
from chalicelib.reconciliation.statement import Statement
from chalicelib.reporting import exception_files, reported_day, team_adjustments, tree
from chalicelib.reporting.focus import columns as focus
from chalicelib.reporting.focus.corrections import corrections_key
from chalicelib.reporting.focus.export import focus_key
from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.months.adjustments import adjustments_key
from chalicelib.reporting.months.month import Month
from ops.deploy.templates.analytics import analytics
from ops.deploy.templates.questions import QUERIES, questions
from ops.deploy.templates.tables import RENAMED
from ops.deploy.templates.views import VIEWS

TEMPLATE = {**analytics()["Resources"], **questions()["Resources"]}
TABLES = {
    each["Properties"]["TableInput"]["Name"]: each["Properties"]["TableInput"]
    for each in TEMPLATE.values()
    if each["Type"] == "AWS::Glue::Table"
}
OCTOBER = Month(date(2026, 10, 1))
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


def partitions(table: str) -> list[str]:
    return [key["Name"] for key in TABLES[table]["PartitionKeys"]]


def cost_cells(**changed: Any) -> list[Any]:
    values = {each.name: getattr(LINE, each.name) for each in fields(LINE)} | changed
    return [float(v) if isinstance(v, Decimal) else v for v in values.values()]


class Athena:
    """Tables that hold rows, and every view over them."""

    def __init__(self) -> None:
        self._database = sqlite3.connect(":memory:")
        self._database.create_function("date_trunc", 2, lambda _, day: f"{day[:8]}01")
        self._database.create_function(
            "date_add", 3, lambda _, days, day: str(date.fromisoformat(day) + timedelta(days))
        )
        for table in sorted(TABLES.keys() - {view.name for view in VIEWS}):
            names = [*column_names(table), *partitions(table)]
            self._database.execute(f"CREATE TABLE {table} ({', '.join(names)})")
        for view in VIEWS:
            self._database.execute(f"CREATE VIEW {view.name} AS {view.sql}")

    def report(self, day: date, **changed: Any) -> None:
        self._insert("costs", [str(day), *cost_cells(**changed)[1:], str(day)])

    def book(self, month: str, **changed: Any) -> None:
        self._insert("month_costs", [*cost_cells(**changed), month])

    def adjust(self, month: str, adjusted_on: str, **changed: Any) -> None:
        self._insert("adjustments", [adjusted_on, "late", *cost_cells(**changed), month])

    def keep(self, table: str, **cells: Any) -> None:
        """Keep a row of these cells; what is not told is empty."""
        names = [*column_names(table), *partitions(table)]
        self._insert(table, [cells.get(name, "") for name in names])

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


@pytest.mark.parametrize(
    ("table", "in_the_file"),
    [
        ("costs", CSV_COLUMNS),
        ("exceptions", exception_files.COLUMNS),
        ("reconciliation", row.COLUMNS),
        ("money_reconciliation", row.COLUMNS),
        ("focus", [name.lower() for name in focus.COLUMNS]),
        ("month_costs", CSV_COLUMNS),
        ("adjustments", team_adjustments.COLUMNS),
        ("tree", tree.COLUMNS),
    ],
)
def test_a_table_has_the_columns_of_its_file_in_their_order(table: str, in_the_file: Any) -> None:
    assert column_names(table) == [RENAMED.get(name, name) for name in in_the_file]


def test_a_column_of_a_number_is_one() -> None:
    types = {
        f"{table}.{column['Name']}": column["Type"]
        for table in ("reconciliation", "adjustments", "tree", "month_costs")
        for column in TABLES[table]["StorageDescriptor"]["Columns"]
    }
    for name in ("reconciliation.difference", "adjustments.total_cost", "tree.own_total_cost"):
        assert types[name] == "decimal(38,12)"
    for name in ("reconciliation.calls", "tree.depth", "tree.total_images", "month_costs.images"):
        assert types[name] == "bigint"


def test_cells_in_quotes_are_read_as_text_by_a_class_that_knows_quotes() -> None:
    described = TABLES["focus"]["StorageDescriptor"]
    assert described["SerdeInfo"]["SerializationLibrary"].endswith("OpenCSVSerde")
    assert {column["Type"] for column in described["Columns"]} == {"string"}


def test_no_letter_of_a_cell_in_quotes_is_taken_for_an_escape() -> None:
    """A cell of JSON has backslashes, and no tab: that is one of the letters that it escapes."""
    assert TABLES["focus"]["StorageDescriptor"]["SerdeInfo"]["Parameters"]["escapeChar"] == "\t"
    assert "\t" not in json.dumps({"note": "a\tb"})


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


def location(table: str, partition: str, value: str) -> str:
    template = TABLES[table]["Parameters"]["storage.location.template"]["Fn::Sub"]
    written: str = template.replace(f"${{!{partition}}}", value)
    return written.partition("${AWS::AccountId}/")[2]


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("costs", reported_day.costs_key),
        ("manifests", reported_day.manifest_key),
        ("exceptions", exception_files.exceptions_key),
        ("focus", focus_key),
        ("focus", lambda day: corrections_key(day, date(2026, 10, 31))),
        ("reconciliation", lambda day: Statement(f"date={day}", "reconciliation", (), {}).csv_key),
    ],
)
def test_a_day_s_partition_is_where_the_report_is_written(table: str, key: Any) -> None:
    assert key(date(2026, 11, 22)).rpartition("/")[0] + "/" == location(table, "dt", "2026-11-22")


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("month_costs", OCTOBER.costs_key),
        ("adjustments", adjustments_key(date(2026, 10, 30))),
        ("tree", OCTOBER.tree_key),
        ("money_reconciliation", months.statement_of(OCTOBER).csv_key),
    ],
)
def test_a_month_s_partition_is_where_its_books_are_written(table: str, key: str) -> None:
    assert key.rpartition("/")[0] + "/" == location(table, "month", "2026-10")
    assert TABLES[table]["Parameters"]["projection.month.format"] == "yyyy-MM"
    assert TABLES[table]["Parameters"]["projection.month.interval.unit"] == "MONTHS"


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
    there = {"month_to_date", "movers", "unpriced", "completeness", "costs", "exceptions"}
    there |= {"reconciliation_open", "team_books", "cost_center_month"}
    assert there <= asked & set(TABLES)


def test_a_view_names_the_database_that_the_tables_are_in() -> None:
    names = {
        str(each["Properties"]["DatabaseName"])
        for each in questions()["Resources"].values()
        if each["Type"] == "AWS::Glue::Table"
    }
    assert names == {str(TEMPLATE["Database"]["Properties"]["DatabaseInput"]["Name"])}


def test_books_of_a_closed_month_have_what_was_closed_and_what_changed_since(athena) -> None:
    athena.book("2026-10", total_cost=Decimal("1.5"))
    athena.book("2026-10", model_id="another", total_cost=None)
    athena.book("2026-10", team_id="research", total_cost=Decimal(7))
    athena.adjust("2026-10", "2026-11-20", total_cost=Decimal("-0.25"))
    athena.adjust("2026-10", "2026-11-22", total_cost=Decimal("0.5"))
    found = {each["team_id"]: each for each in athena.rows("team_books")}
    assert found["research"]["total_cost"] == 7
    assert found["search"] == {
        "month": "2026-10",
        "team_id": "search",
        "closed_cost": 1.5,
        "adjusted_cost": 0.25,
        "total_cost": 1.75,
        "adjustments": 2,
        "adjusted_on": "2026-11-22",
    }


def test_a_team_that_is_adjusted_alone_is_in_the_books(athena: Athena) -> None:
    athena.adjust("2026-10", "2026-11-20", total_cost=Decimal(3))
    (row,) = athena.rows("team_books")
    assert (row["closed_cost"], row["total_cost"]) == (0, 3)


def test_cost_centres_add_up_what_is_their_own(athena: Athena) -> None:
    for node, own, total in (("research", 1, 4), ("search", 3, 3)):
        sums = {"own_total_cost": own, "total_total_cost": total, "own_not_priced": 0}
        athena.keep("tree", month="2026-10", node=node, cost_center="r-1", **sums)
    (row,) = athena.rows("cost_center_month")
    assert (row["cost_center"], row["total_cost"]) == ("r-1", 4)


def test_only_differences_that_nothing_explains_are_open(athena: Athena) -> None:
    for status in ("equal", "tolerated", "explained", "difference"):
        athena.keep("reconciliation", dt="2026-11-22", scope=status, status=status)
    (row,) = athena.rows("reconciliation_open")
    assert (row["usage_date"], row["scope"]) == ("2026-11-22", "difference")


def test_focus_has_numbers_and_dates_where_its_file_has_text(athena: Athena) -> None:
    athena.keep(
        "focus",
        billedcost="0.0005",
        chargeperiodstart="2026-11-22T00:00:00Z",
        subaccountid="search",
        x_invocations="",
    )
    (row,) = athena.rows("focus_costs")
    assert (row["billedcost"], row["chargeperiodstart"]) == (0.0005, "2026-11-22")
    assert (row["subaccountid"], row["x_invocations"]) == ("search", None)


def test_focus_is_all_there_in_its_view() -> None:
    assert column_names("focus_costs") == [name.lower() for name in focus.COLUMNS]


def test_results_lie_with_the_reports_and_nobody_who_queries_can_have_them_elsewhere() -> None:
    configuration = TEMPLATE["WorkGroup"]["Properties"]["WorkGroupConfiguration"]
    assert configuration["EnforceWorkGroupConfiguration"] is True
    results = configuration["ResultConfiguration"]
    assert results["OutputLocation"]["Fn::Sub"].endswith("-reports-${AWS::AccountId}/queries/")
    assert results["EncryptionConfiguration"] == {"EncryptionOption": "SSE_S3"}
    assert configuration["BytesScannedCutoffPerQuery"] == 10 * 1024**3
