"""Counted: what AWS counted on a UTC day, and close to its midnights. One look at CloudWatch."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, TypeVar

from chalicelib.reconciliation.made import Scope
from chalicelib.reconciliation.series import (
    BEDROCK,
    ENDPOINT,
    FAILURES,
    INPUT_TOKENS,
    INVOCATIONS,
    METRICS,
    MODEL,
    SAGEMAKER,
    SAMPLES,
    SUM,
    THROTTLES,
    Points,
    Series,
    listed,
    read,
)

Name = TypeVar("Name")
VARIANT: Final = "VariantName"
ONLY_VARIANT: Final = "AllTraffic"  # what the SageMaker SDK calls it
CALLS: Final = "invocations"
ANSWERED: Final = "answered"
ERRORS: Final = "errors"
THROTTLED: Final = "throttled"
UNIT_OF: Final[Mapping[tuple[str, str], str]] = {
    (INVOCATIONS, SUM): CALLS,
    (INPUT_TOKENS, SAMPLES): ANSWERED,
    **{(metric, SUM): ERRORS for metric in FAILURES},
    (THROTTLES, SUM): THROTTLED,
    **{(metric, SUM): unit for metric, unit in METRICS.items()},
}
"""The unit of a metric and its statistic: calls of a kind, or a column of costs.csv."""

KEPT_FINE: Final = timedelta(days=60)
"""CloudWatch keeps periods of 5 minutes for 63 days, and those of an hour for 455."""


@dataclass(frozen=True, slots=True)
class Grain:
    """How finely a day is read. No call lasts longer than a Lambda, 15 minutes."""

    period: int  # seconds
    edge: timedelta  # after midnight, within which calls of the day before end


FINE: Final = Grain(300, timedelta(minutes=15))
COARSE: Final = Grain(3600, timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Counted:
    day: int = 0
    early: int = 0  # of these, soon after the day began: calls of the day before may be in them
    after: int = 0  # soon after it ended: calls of the day may be in them

    def __add__(self, other: "Counted") -> "Counted":
        return Counted(self.day + other.day, self.early + other.early, self.after + other.after)


NOTHING: Final = Counted()


def counted(
    cloudwatch: Any, day: date, now: datetime, made: Collection[Scope], endpoints: Collection[str]
) -> dict[Scope, dict[str, Counted]]:
    """Read the counters of a day by scope and unit: of every model that anybody called.

    Endpoints are those that the gateway serves, or served on that day: others are no model of it.
    """
    of = {
        **_of_models(cloudwatch, made),
        **_of_endpoints(cloudwatch, made, endpoints),
    }
    units = {
        series: (scope, UNIT_OF[series.metric, series.statistic]) for series, scope in of.items()
    }
    found: dict[Scope, dict[str, Counted]] = {}
    for (scope, unit), count in counts_of_day(cloudwatch, day, now, units).items():
        found.setdefault(scope, {})[unit] = count
    return found


def counts_of_day(
    cloudwatch: Any, day: date, now: datetime, named: Mapping[Series, Name]
) -> dict[Name, Counted]:
    """Add a day's counters up by what they are named."""
    grain = FINE if now - _midnight(day) < KEPT_FINE else COARSE
    start, end = _midnight(day), _midnight(day + timedelta(days=1)) + grain.edge
    found: dict[Name, Counted] = {}
    for series, points in read(cloudwatch, list(named), start, end, grain.period).items():
        name = named[series]
        found[name] = found.get(name, NOTHING) + _of_day(points, day, grain.edge)
    return found


def _of_models(cloudwatch: Any, made: Collection[Scope]) -> dict[Series, Scope]:
    names = {scope.name for scope in made if scope.service == "bedrock"}
    for series in listed(cloudwatch, BEDROCK, INVOCATIONS):
        if [name for name, _ in series.dimensions] == [MODEL]:
            names.add(series.dimensions[0][1])
    return {
        Series.of_model(name, metric, statistic): Scope("bedrock", name)
        for name in sorted(names)
        for metric, statistic in UNIT_OF
    }


def _of_endpoints(
    cloudwatch: Any, made: Collection[Scope], endpoints: Collection[str]
) -> dict[Series, Scope]:
    """A call of an endpoint is counted under its variant: all of them together are the endpoint."""
    served = {*endpoints, *(scope.name for scope in made if scope.service == "sagemaker")}
    found: dict[Series, Scope] = {}
    for series in listed(cloudwatch, SAGEMAKER, INVOCATIONS) if served else ():
        named = dict(series.dimensions)
        if named.keys() == {ENDPOINT, VARIANT} and named[ENDPOINT] in served:
            found[series] = Scope("sagemaker", named[ENDPOINT])
    for name in sorted(served - {scope.name for scope in found.values()}):
        dimensions = ((ENDPOINT, name), (VARIANT, ONLY_VARIANT))
        found[Series(SAGEMAKER, dimensions, INVOCATIONS)] = Scope("sagemaker", name)
    return found


def _of_day(points: Points, day: date, edge: timedelta) -> Counted:
    start, end = _midnight(day), _midnight(day + timedelta(days=1))
    return Counted(
        day=sum(value for at, value in points.items() if start <= at < end),
        early=sum(value for at, value in points.items() if start <= at < start + edge),
        after=sum(value for at, value in points.items() if at >= end),
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
