"""AWS's own counters of Bedrock, in CloudWatch, beside what was counted here.

They come minutes late, and belong to an account and a model: whoever else calls it is in them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from chalicelib.reconciliation.series import INVOCATIONS, METRICS, Series, read
from ops.verify.counts import Counts

_MARGIN: Final = timedelta(minutes=1)
"""For clocks that differ, and because no page says if a call counts where it began or ended."""

Sums = Mapping[str, int]
"""By name of the metric; one that has no value is not there."""


@dataclass(frozen=True, slots=True)
class Made:
    """What was made of one model: calls that it ran, and what they used."""

    model: str
    calls: int
    counts: Counts

    def expected(self) -> Iterator[tuple[str, int]]:
        yield INVOCATIONS, self.calls
        for metric, name in METRICS.items():
            yield metric, getattr(self.counts, name)


@dataclass(frozen=True, slots=True)
class Compared:
    """A model's counters beside ours. `others` is how many calls more than ours AWS counted."""

    made: Made
    sums: Sums

    @property
    def others(self) -> int:
        return max(self.sums.get(INVOCATIONS, 0) - self.made.calls, 0)

    @property
    def late(self) -> list[str]:
        """Name the counters that are less than what was made."""
        return [each for each, ours in self.made.expected() if self.sums.get(each, 0) < ours]

    @property
    def more(self) -> list[str]:
        """Name those that are more, though nobody else called the model."""
        if self.others:
            return []
        return [each for each, ours in self.made.expected() if self.sums.get(each, 0) > ours]

    @property
    def counts(self) -> Counts:
        return Counts(**{name: self.sums.get(metric, 0) for metric, name in METRICS.items()})

    def told(self) -> str:
        """Say what AWS counted, and where it is another number, what was made."""
        pairs = ((each, self.sums.get(each, 0), ours) for each, ours in self.made.expected())
        return ", ".join(
            f"{each} {aws:,}" + (f" ({ours:,} made)" if aws != ours else "")
            for each, aws, ours in pairs
            if aws or ours
        )


def compared(
    cloudwatch: Any, made: Sequence[Made], began: datetime, ended: datetime
) -> list[Compared]:
    """Ask for the counters of the minutes in which the calls were made."""
    series = {
        each.model: {
            metric: Series.of_model(each.model, metric) for metric in (INVOCATIONS, *METRICS)
        }
        for each in made
    }
    found = read(
        cloudwatch,
        [named for metrics in series.values() for named in metrics.values()],
        _minute(began) - _MARGIN,
        _minute(ended) + 2 * _MARGIN,
        60,
    )
    return [
        Compared(
            each,
            {
                metric: value
                for metric, named in series[each.model].items()
                if (value := sum(found[named].values()))
            },
        )
        for each in made
    ]


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
