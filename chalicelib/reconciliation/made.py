"""Made: what the gateway's records say that it had AWS do, by AWS's own names. Pure.

Joined on the model as it was called: a profile (`us.…`) is a series of its own, an application's
profile goes by its id, custom and imported models by their ARN.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from chalicelib.metering.metered import TOKENS_COUNTED
from chalicelib.metering.usage import NO_USAGE, Usage
from chalicelib.pricing.costs import RowKey
from chalicelib.pricing.count_line import CountLine
from chalicelib.reconciliation.series import METRICS, metric_name

GUARDRAIL: Final = "guardrail/"
"""How a guardrail that is applied by itself is named in place of a model."""
CUT: Final = frozenset({"partial", "none"})
"""Sources of usage whose calls AWS may have counted for more than we know."""
_NOT_CERTAIN: Final = frozenset({"none", "derived", "deferred"})
"""Sources of calls that AWS may not count as invocations: never answered, or asynchronous."""

MOST_OF_A_CALL: Final[Mapping[str, int]] = {
    "input_tokens": 1_000_000,
    "output_tokens": 131_072,
    "cache_read_tokens": 1_000_000,
    "cache_write_tokens": 1_000_000,
    "images": 5,
}
"""What one call can use, and so what each cut answer may explain.

Bedrock's user guide: the longest prompts of its models' cards (Claude's and Nova's 1 M), their
longest answers (128 K), and `numberOfImages` of Nova Canvas and Titan.
"""


@dataclass(frozen=True, slots=True)
class Scope:
    service: str  # bedrock | sagemaker
    name: str  # as CloudWatch's dimension names it


@dataclass(slots=True)
class Made:
    """The sums of one scope. What only counts tokens runs no model, and is in none of them."""

    certain: int = 0  # calls that AWS counted as invocations
    unsure: int = 0  # may be invocations: their answers never came, or they are jobs
    refused: int = 0  # are errors to AWS; its pages do not agree whether invocations as well
    cut: int = 0  # answers that were cut, or never came
    broken: int = 0  # of these, those that had begun: certainly invocations
    orphaned: int = 0  # calls that left no end record: AWS may have run them
    usage: Usage = field(default=NO_USAGE)

    @property
    def units(self) -> Mapping[str, int]:
        """What is compared with counters of tokens and images, by a column of costs.csv."""
        used = self.usage.as_dict() | {
            "cache_write_tokens": self.usage.cache_write_tokens + self.usage.cache_write_1h_tokens
        }
        return {unit: used[unit] for unit in METRICS.values()}

    @property
    def whole(self) -> int:
        """Calls of which the whole answer came: AWS counted what each of them used."""
        return self.certain - self.broken

    def add(self, line: CountLine) -> None:
        self.usage += line.usage
        self.refused += line.n_failed
        if line.variant == TOKENS_COUNTED.variant:
            return
        if line.usage_source in _NOT_CERTAIN:
            self.unsure += line.n_usage
        else:
            self.certain += line.n_usage
        self.cut += line.n_usage if line.usage_source in CUT else 0
        self.broken += line.n_usage if line.usage_source == "partial" else 0


def made(
    lines: Iterable[CountLine], orphans: Mapping[RowKey, int], region: str
) -> dict[Scope, Made]:
    """Add up a day's lines of one region, and the calls that were not ended.

    A guardrail that is applied by itself is counted under names of its own, and left out.
    """
    found: dict[Scope, Made] = {}
    for line in lines:
        if line.region == region and not line.model_id.startswith(GUARDRAIL):
            found.setdefault(scope_of(line), Made()).add(line)
    for (_team, service, model_id), calls in orphans.items():
        if scope := found.get(_scope(service, model_id)):
            scope.orphaned += calls
    return found


def scope_of(line: CountLine) -> Scope:
    return _scope(line.service, line.model_id)


def _scope(service: str, model_id: str) -> Scope:
    return Scope(service, metric_name(model_id))
