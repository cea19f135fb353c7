"""The tables over the reports: a prefix each, whose columns are those of the files below it.

Sources: Amazon Athena User Guide, "Set up partition projection", "Lazy Simple SerDe for CSV, TSV,
and custom-delimited files", "Open CSV SerDe" (the one that reads quotes, and has no numbers) and
"Amazon Ion Hive SerDe" (the one that reads JSON of more than one line).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any, Final

from chalicelib.pricing.costs import CostLine
from chalicelib.reconciliation import row as reconciliation
from chalicelib.reporting import tree
from chalicelib.reporting.exceptions import ExceptionRow
from chalicelib.reporting.focus.columns import COLUMNS as FOCUS_COLUMNS
from chalicelib.reporting.manifest import Manifest
from ops.deploy.templates.cloudformation import Node
from ops.deploy.templates.views import MONEY

RENAMED: Final = {"date": "usage_date", "foreign": "foreign_records", "time": "recorded_at"}
"""Columns whose own name is a word of SQL."""
_SECONDS: Final = "decimal(38,3)"
_COST_TYPES: Final[dict[Any, str]] = {int: "bigint", Decimal | None: MONEY}
_SUM_TYPES: Final[dict[Any, str]] = {int: "bigint", Decimal: MONEY}
_MANIFEST_TYPES: Final[dict[Any, str]] = {int: "bigint", str: "string", bool: "boolean"}
_NUMBERS: Final = ("ours", "theirs", "difference", "carried", "hidden", "hidden_usd")


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


_LINES: Final = (
    "org.apache.hadoop.mapred.TextInputFormat",
    "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
)
_HEADER: Final[Node] = {"skip.header.line.count": "1"}
CSV: Final = FileFormat(
    *_LINES,
    "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
    {"field.delim": ",", "serialization.format": ","},
    _HEADER,
)
QUOTED_CSV: Final = FileFormat(
    *_LINES,
    "org.apache.hadoop.hive.serde2.OpenCSVSerde",
    {"separatorChar": ",", "quoteChar": '"', "escapeChar": "\t"},  # a backslash is a letter here
    _HEADER,
)
JSON: Final = FileFormat(
    "com.amazon.ionhiveserde.formats.IonInputFormat",
    "com.amazon.ionhiveserde.formats.IonOutputFormat",
    "com.amazon.ionhiveserde.IonHiveSerDe",
    {"ion.foreign_records.path_extractor": "(foreign)"},
)


@dataclass(frozen=True, slots=True)
class Partition:
    """What a partition is of, and how its files' folder is called."""

    column: str
    folder: str
    form: str
    first: str
    unit: str

    def projection(self) -> Node:
        about = f"projection.{self.column}"
        return {
            "projection.enabled": "true",
            f"{about}.type": "date",
            f"{about}.format": self.form,
            f"{about}.range": f"{self.first},NOW",
            f"{about}.interval": "1",
            f"{about}.interval.unit": self.unit,
        }


DAY: Final = Partition("dt", "date=${!dt}", "yyyy-MM-dd", "2026-01-01", "DAYS")
MONTH: Final = Partition("month", "month=${!month}", "yyyy-MM", "2026-01", "MONTHS")


@dataclass(frozen=True, slots=True)
class Table:
    """A table; its name is the prefix of its files."""

    name: str
    columns: Mapping[str, str]
    of: Partition = DAY
    stored: FileFormat = CSV


def _named(hive: Mapping[str, str]) -> dict[str, str]:
    return {RENAMED.get(name, name): kind for name, kind in hive.items()}


def _costs() -> dict[str, str]:
    """The columns of costs.csv, in its order, which is all that a CSV has."""
    hive = {each.name: _COST_TYPES.get(each.type, "string") for each in fields(CostLine)}
    return _named({**hive, "date": "date", "seconds": _SECONDS})


def _manifests() -> dict[str, str]:
    """The manifest's plain fields; its lists stay in the file."""
    plain = {each.name: _MANIFEST_TYPES.get(each.type) for each in fields(Manifest)}
    kept = {name: kind for name, kind in plain.items() if kind and name not in ("date", "schema")}
    return _named(kept)


def _tree() -> dict[str, str]:
    sums = {each.name: _SUM_TYPES[each.type] for each in fields(tree.Sums)} | {"seconds": _SECONDS}
    hive = {f"{whose}_{name}": kind for whose in ("own", "total") for name, kind in sums.items()}
    return {name: hive.get(name, "string") for name in tree.COLUMNS} | {"depth": "bigint"}


def _reconciliation() -> dict[str, str]:
    numbers = {**dict.fromkeys(_NUMBERS, MONEY), "calls": "bigint"}
    return {name: numbers.get(name, "string") for name in reconciliation.COLUMNS}


TABLES: Final = (
    Table("costs", _costs()),
    Table("manifests", _manifests(), stored=JSON),
    Table("exceptions", _named({each.name: "string" for each in fields(ExceptionRow)})),
    Table("reconciliation", _reconciliation()),
    Table("focus", {name.lower(): "string" for name in FOCUS_COLUMNS}, stored=QUOTED_CSV),
    Table("month_costs", _costs(), MONTH),
    Table("adjustments", {"adjusted_on": "date", "reason": "string", **_costs()}, MONTH),
    Table("tree", _tree(), MONTH),
    Table("money_reconciliation", _reconciliation(), MONTH),
)
