"""Group: counts under one key, as a row of an answer carries them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from chalicelib.metering.usage import Usage
from chalicelib.pricing.count_line import CountLine
from chalicelib.reporting.cells import KEY_FIELDS, FieldMissing, Key, key_of
from chalicelib.reporting.insights import IncompleteReport, Row, whole
from chalicelib.usage_record import KIND_COUNTERS, RECORD_COUNTERS

KEYS: Final = ", ".join(KEY_FIELDS)
SUMS: Final = ", ".join(f"sum({name}) as sum_{name}" for name in RECORD_COUNTERS)
"""Aliases of their own, lest a sum and the field that it adds up share a name."""


@dataclass(frozen=True, slots=True)
class Group:
    """The sums of some records that have one key."""

    key: Key
    records: int
    counts: tuple[int, ...]  # in the order of RECORD_COUNTERS

    def plus(self, other: "Group") -> "Group":
        return self._with(other, 1)

    def minus(self, other: "Group") -> "Group":
        return self._with(other, -1)

    def line(self) -> CountLine:
        identity = dict(zip(KEY_FIELDS, self.key.cells, strict=True))
        return count_line(identity, dict(zip(RECORD_COUNTERS, self.counts, strict=True)))

    def _with(self, other: "Group", sign: int) -> "Group":
        counts = zip(self.counts, other.counts, strict=True)
        return Group(
            self.key,
            self.records + sign * other.records,
            tuple(mine + sign * theirs for mine, theirs in counts),
        )


def count_line(identity: Mapping[str, str], counts: Mapping[str, int]) -> CountLine:
    """Make a CountLine of the values of KEY_FIELDS and of counts by name; one left out is 0."""
    return CountLine(
        **identity,
        n_started=counts.get("n_started", 0),
        n_usage=counts.get("n_usage", 0),
        n_failed=counts.get("n_failed", 0),
        usage=Usage.from_counts(counts),
    )


def summed(row: Row) -> Group:
    """Read a row of SUMS and `count(*) as records`, by KEYS."""
    records = whole(row.get("records"))
    if records is None:
        raise IncompleteReport(f"a number of records is {row.get('records')!r}")
    return _group(row, "sum_", records)


def single(row: Row) -> Group:
    """Read a row that is one record's own fields."""
    return _group(row, "", 1)


def _group(row: Row, prefix: str, records: int) -> Group:
    """Read counts exactly, or refuse them.

    A foreign row's counts that cannot be read are 0, so that a forged line can neither stop the
    report nor add to anybody's bill. In a row of ours such a count raises IncompleteReport.
    """
    try:
        key = key_of(row)
    except FieldMissing as missing:
        raise IncompleteReport(f"{records} {missing}") from missing
    counts = [whole(row.get(prefix + name)) for name in RECORD_COUNTERS]
    if not key.foreign:
        _check(row, prefix, records, counts)
    return Group(key, records, tuple(count or 0 for count in counts))


def _check(row: Row, prefix: str, records: int, counts: list[int | None]) -> None:
    for name, count in zip(RECORD_COUNTERS, counts, strict=True):
        if count is None:
            found = row.get(prefix + name)
            raise IncompleteReport(f"{name} of {row['team_id']}, {row['model_id']} is {found!r}")
    kinds = dict(zip(RECORD_COUNTERS, counts, strict=True))
    if sum(kinds[name] or 0 for name in KIND_COUNTERS) != records:
        raise IncompleteReport(
            f"{records} records of {row['team_id']}, {row['model_id']} are not each one of "
            + ", ".join(KIND_COUNTERS)
        )
