"""How the command line shows tenants and keys: rows of text, or JSON for other programs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
"""JSON values only: text, None, a list of texts, or texts by their keys."""


def print_json(value: Row | Sequence[Row]) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Print the named columns, aligned, under their names."""
    cells = [list(columns), *([_text(row[name]) for name in columns] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    for line in cells:
        print("  ".join(map(str.ljust, line, widths)).rstrip())


def print_fields(row: Row) -> None:
    """Print one thing, a field a line."""
    width = max(map(len, row))
    for name, value in row.items():
        print(f"{name.ljust(width)}  {_text(value)}")


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        value = [f"{key}={each}" for key, each in value.items()]
    if isinstance(value, list):
        return " ".join(value) or "-"
    return str(value or "-")
