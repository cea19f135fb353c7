"""CountLine: a day's counts of one team under one set of price-selecting fields."""

from dataclasses import dataclass

from chalicelib.metering.usage import NO_USAGE, Usage


@dataclass(frozen=True, slots=True)
class CountLine:
    """One row of counts.csv: what the report sums out of the records, and what pricing reads."""

    team_id: str
    service: str
    region: str
    account: str
    model_id: str
    base_model: str
    family: str
    basis: str
    geo: str
    tier: str
    variant: str
    usage_source: str
    n_started: int = 0
    n_usage: int = 0
    n_failed: int = 0
    usage: Usage = NO_USAGE
