"""What `stats` computes of many events: a column of values, and of each the number of its group.

docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Stats.html
"""

import operator
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.insights.functions import compare, number, quotient
from local.insights.table import Column


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which group each row is of, and when it happened."""

    groups: list[int]
    count: int
    times: Column


Aggregate = Callable[[Grouping, Column], Column]
"""From a value a row to a value a group; None where there is nothing to compute it of."""


def _sum(grouping: Grouping, values: Column) -> Column:
    totals: list[Any] = [None] * grouping.count
    for group, value in zip(grouping.groups, values, strict=True):
        if value.__class__ is not int and (value := number(value)) is None:
            continue
        held = totals[group]
        totals[group] = value if held is None else held + value
    return totals


def _mean(grouping: Grouping, values: Column) -> Column:
    numbers: Column = [number(value) for value in values]
    means = zip(_sum(grouping, numbers), _count(grouping, numbers), strict=True)
    return [quotient(total, count) for total, count in means]


def _extreme(better: Callable[[Any, Any], bool]) -> Aggregate:
    def aggregate(grouping: Grouping, values: Column) -> Column:
        found: Column = [None] * grouping.count
        for group, value in zip(grouping.groups, values, strict=True):
            if value is not None and (found[group] is None or compare(better, value, found[group])):
                found[group] = value
        return found

    return aggregate


def _count(grouping: Grouping, values: Column) -> Column:
    counts = [0] * grouping.count
    for group, value in zip(grouping.groups, values, strict=True):
        counts[group] += value is not None
    return list(counts)


def _distinct(grouping: Grouping, values: Column) -> Column:
    seen: dict[int, set[str]] = defaultdict(set)
    for group, value in zip(grouping.groups, values, strict=True):
        if value is not None:
            seen[group].add(str(value))
    return [len(seen[group]) for group in range(grouping.count)]


def _at_edge(better: Callable[[Any, Any], bool]) -> Aggregate:
    """Keep the value of the earliest or latest event that has one."""

    def aggregate(grouping: Grouping, values: Column) -> Column:
        found: Column = [None] * grouping.count
        times: Column = [None] * grouping.count
        rows = zip(grouping.groups, values, grouping.times, strict=True)
        for group, value, at in rows:
            if value is not None and (times[group] is None or better(at, times[group])):
                found[group], times[group] = value, at
        return found

    return aggregate


AGGREGATES: dict[str, tuple[int, int, Aggregate]] = {
    # name: (fewest arguments, most, aggregate)
    "sum": (1, 1, _sum),
    "min": (1, 1, _extreme(operator.lt)),
    "max": (1, 1, _extreme(operator.gt)),
    "avg": (1, 1, _mean),
    "count": (0, 1, _count),
    "count_distinct": (1, 1, _distinct),
    "earliest": (1, 1, _at_edge(operator.lt)),
    "latest": (1, 1, _at_edge(operator.ge)),
}
