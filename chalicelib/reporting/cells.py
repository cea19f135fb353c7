"""What identifies a row of a report, in cells that nothing downstream can misread. Pure.

A cell never needs quotes (Athena's LazySimpleSerDe knows none) and never starts a formula.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from sys import intern
from types import MappingProxyType
from typing import Final, NamedTuple, get_args
from urllib.parse import quote

from chalicelib.pricing.count_line import CountLine
from chalicelib.usage_record import PRICE_FIELDS, UsageSource

KEY_FIELDS: Final[tuple[str, ...]] = ("team_id", *PRICE_FIELDS)
"""What the day's counts are grouped by; together they are a row's key."""

ROW_FIELDS: Final[tuple[str, ...]] = ("team_id", "service", "model_id")
"""What costs.csv adds up by: the fields of a RowKey."""

_TEAM: Final = re.compile(r"[a-z][a-z0-9._-]{1,62}")
_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,2047}")
_FORMS: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {
        **dict.fromkeys(KEY_FIELDS, _PLAIN),
        "team_id": _TEAM,
        "service": re.compile("bedrock|sagemaker"),
        "usage_source": re.compile("|".join(get_args(UsageSource))),
    }
)
"""The form in which our own writer writes each of the fields."""

_SAFE: Final = ":/+"  # besides letters, digits and `_.-~`, which quote() never touches
_STARTS_A_FORMULA: Final = ("+", "-")  # what quote() leaves of `= + - @`, tab and CR


class Key(NamedTuple):
    """A row's cells, in the order of KEY_FIELDS, and whether something else wrote its records."""

    cells: tuple[str, ...]
    foreign: bool


class FieldMissing(ValueError):
    """Records that are ours in all that they carry lack a field that selects their price."""


def key_of(row: Mapping[str, str], columns: Sequence[str] = KEY_FIELDS) -> Key:
    """Read a row's key; `columns` are where its fields stand. One of another form is foreign.

    A foreign row is kept, every cell percent-encoded, and a field that it lacks is an empty cell.
    Raises FieldMissing where a field is missing and nothing else is odd: then our own writer is
    at fault, and no row is a right place for the counts. Equal cells are one object: a day has
    few of each, and very many rows.
    """
    values = tuple(intern(row.get(column, "")) for column in columns)
    missing = [field for field, value in zip(KEY_FIELDS, values, strict=True) if not value]
    odd = any(
        value and not _of_our_form(field, value)
        for field, value in zip(KEY_FIELDS, values, strict=True)
    )
    if missing and not odd:
        raise FieldMissing(f"records without {', '.join(missing)}")
    return Key(tuple(map(clean, values)) if odd else values, odd)


def is_ours(cells: Mapping[str, str]) -> bool:
    """Say whether cells, by the names of their fields, can be of records that we wrote.

    The cells of a foreign key cannot: what made it foreign is not of our form encoded either, and
    neither is an empty cell. So a kept counts.csv tells foreign lines as the logs did.
    """
    return all(_of_our_form(field, cell) for field, cell in cells.items())


def is_our_line(line: CountLine) -> bool:
    """Say the same of a line of counts.csv."""
    return is_ours({name: getattr(line, name) for name in KEY_FIELDS})


@lru_cache(maxsize=4096)
def _of_our_form(field: str, value: str) -> bool:
    return _FORMS[field].fullmatch(value) is not None


def clean(value: str) -> str:
    """Percent-encode what could end a cell, a row, or be run by a spreadsheet; `%` too.

    Two values never become one, and a value stays of our own form, or stays not of it.
    """
    text = quote(value, safe=_SAFE, errors="surrogatepass")
    return f"%{ord(text[0]):02X}{text[1:]}" if text.startswith(_STARTS_A_FORMULA) else text
