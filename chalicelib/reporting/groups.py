"""Group: counts under one key, as a row of an answer carries them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from typing import Final

from chalicelib.metering.usage import COUNTERS, NO_USAGE, Usage
from chalicelib.pricing.count_line import CountLine
from chalicelib.reporting.cells import KEY_FIELDS, FieldMissing, key_of
from chalicelib.reporting.insights import IncompleteReport, Row
from chalicelib.reporting.whole_number import whole
from chalicelib.usage_record import KIND_COUNTERS, RECORD_COUNTERS

COUNTED_FIELDS: Final = ("model_id", "base_model", "family", "geo")
"""The fields of a key in whose place stands `counted_as`, of records that have it."""

KEY_COLUMNS: Final = tuple(
    f"counted_{field}" if field in COUNTED_FIELDS else field for field in KEY_FIELDS
)
COUNTED: Final = "fields " + ", ".join(
    f"coalesce(counted_as, {field}) as counted_{field}" for field in COUNTED_FIELDS
)
KEYS: Final = ", ".join(KEY_COLUMNS)
"""What totals are grouped by, after COUNTED."""

SUMS: Final = ", ".join(f"sum({name}) as sum_{name}" for name in RECORD_COUNTERS)
"""Aliases of their own, lest a sum and the field that it adds up share a name."""

GROUPED: Final = f"{COUNTED} | stats count(*) as records, {SUMS} by {KEYS}"

_SUM_NAMES: Final = tuple(f"sum_{name}" for name in RECORD_COUNTERS)
_MODEL: Final = KEY_FIELDS.index("model_id")
_cells_of = attrgetter(*KEY_FIELDS)


@dataclass(frozen=True, slots=True)
class Group:
    """The sums of some records that have one key. A day has 300,000 of these: they are small."""

    line: CountLine
    records: int
    foreign: bool  # something else than the gateway wrote the records

    @property
    def key(self) -> tuple[str, ...]:
        """Return the cells of KEY_FIELDS; they tell whether the group is foreign, too."""
        cells: tuple[str, ...] = _cells_of(self.line)
        return cells

    def plus(self, other: "Group") -> "Group":
        return self._with(other, 1)

    def minus(self, other: "Group") -> "Group":
        return self._with(other, -1)

    def _with(self, other: "Group", sign: int) -> "Group":
        mine, theirs = self.line, other.line
        usage = (
            getattr(mine.usage, name) + sign * getattr(theirs.usage, name) for name in COUNTERS
        )
        line = replace(
            mine,
            n_started=mine.n_started + sign * theirs.n_started,
            n_usage=mine.n_usage + sign * theirs.n_usage,
            n_failed=mine.n_failed + sign * theirs.n_failed,
            usage=Usage(*usage),
        )
        return Group(line, self.records + sign * other.records, self.foreign)


def merged(groups: Iterable[Group], surplus: Iterable[Group]) -> list[Group]:
    """Add up the groups of one key, take out what was recorded twice, and sort by key."""
    repeats: dict[tuple[str, ...], list[Group]] = {}
    for copy in surplus:
        repeats.setdefault(copy.key, []).append(copy)
    ordered = groupby(sorted(groups, key=attrgetter("key")), attrgetter("key"))
    added = (_added(same, repeats.get(key, ())) for key, same in ordered)
    return [group for group in added if group.records]


def _added(groups: Iterable[Group], copies: Iterable[Group]) -> Group:
    first, *others = groups
    for other in others:
        first = first.plus(other)
    for copy in copies:
        first = first.minus(copy)
    return first


def count_line(identity: Mapping[str, str], counts: Mapping[str, int]) -> CountLine:
    """Make a CountLine of the values of KEY_FIELDS and of counts by name; one left out is 0."""
    return CountLine(
        **identity,
        n_started=counts.get("n_started", 0),
        n_usage=counts.get("n_usage", 0),
        n_failed=counts.get("n_failed", 0),
        usage=Usage.from_counts(counts),
    )


def total(row: Row) -> Group:
    """Read a row of GROUPED."""
    return summed(row, KEY_COLUMNS)


def summed(row: Row, columns: Sequence[str] = KEY_FIELDS) -> Group:
    """Read a row of SUMS and `count(*) as records`, by these columns."""
    records = whole(row.get("records"))
    if records is None:
        raise IncompleteReport(f"a number of records is {row.get('records')!r}")
    return _group(row, columns, _SUM_NAMES, records)


def single(row: Row) -> Group:
    """Read a row that is one record's own fields."""
    return _group(row, KEY_FIELDS, RECORD_COUNTERS, 1)


def _group(row: Row, columns: Sequence[str], names: Sequence[str], records: int) -> Group:
    """Read counts exactly, or refuse them.

    A foreign row's counts that cannot be read are 0, so that a forged line can neither stop the
    report nor add to anybody's bill. In a row of ours such a count raises IncompleteReport.
    """
    try:
        key = key_of(row, columns)
    except FieldMissing as missing:
        raise IncompleteReport(f"{records} {missing}") from missing
    counts = [whole(row.get(name)) for name in names]
    if not key.foreign:
        _check(row, names, records, counts, of=f"{row['team_id']}, {row[columns[_MODEL]]}")
    return Group(_line(key.cells, [count or 0 for count in counts]), records, key.foreign)


def _line(cells: Sequence[str], counts: Sequence[int]) -> CountLine:
    """Make a line of cells by KEY_FIELDS and counts by RECORD_COUNTERS."""
    started, usages, failures, *used = counts
    return CountLine(
        **dict(zip(KEY_FIELDS, cells, strict=True)),
        n_started=started,
        n_usage=usages,
        n_failed=failures,
        usage=Usage(*used) if any(used) else NO_USAGE,
    )


def _check(
    row: Row, names: Sequence[str], records: int, counts: Sequence[int | None], *, of: str
) -> None:
    if None in counts:
        unread = counts.index(None)
        name, found = RECORD_COUNTERS[unread], row.get(names[unread])
        raise IncompleteReport(f"{name} of {of} is {found!r}")
    if sum(count or 0 for count in counts[: len(KIND_COUNTERS)]) != records:
        raise IncompleteReport(
            f"{records} records of {of} are not each one of {', '.join(KIND_COUNTERS)}"
        )
