"""The calls made, and what three sides keep of them fetched: answers, records, AWS's counters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from chalicelib.reporting.insights import Insights, Patience
from ops.countdown import countdown
from ops.verify import counters, records
from ops.verify.calls import Call
from ops.verify.counters import Compared, Made
from ops.verify.gateway import Answer, Gateway
from ops.verify.patience import Waiting
from ops.verify.records import Recorded

QUERY_SECONDS: Final = 120
_SKEW: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Round:
    """The calls as they were answered, in their order, and between which moments."""

    answers: tuple[tuple[Call, Answer], ...]
    began: datetime
    ended: datetime

    @property
    def request_ids(self) -> list[str]:
        return [each for _, answer in self.answers for each in answer.request_ids]


def make(calls: Sequence[Call], gateway: Gateway) -> Round:
    """Make the calls, one after the other."""
    began = datetime.now(UTC)
    answers = tuple((call, call.made(gateway)) for call in calls)
    return Round(answers, began, datetime.now(UTC))


def recorded(
    made: Round, logs: Any, log_groups: Sequence[str], waiting: Waiting
) -> Mapping[str, Recorded]:
    """Read the records, until every call that was answered has its end or the time is up."""
    insights = Insights(
        logs, log_groups, Patience(countdown(QUERY_SECONDS, waiting.clock), waiting.sleep)
    )
    found: Mapping[str, Recorded] = {}
    answered = [answer.request_ids for _, answer in made.answers if not answer.refusal]
    for _ in waiting.looks():
        window = made.began - _SKEW, made.ended + _SKEW
        found = records.read(insights, made.request_ids, *window)
        if all(records.of_answer(found, each).ended for each in answered):
            break
    return found


def counted(
    made: Round, models: Sequence[Made], cloudwatch: Any, waiting: Waiting
) -> list[Compared]:
    """Ask CloudWatch, until no counter is less than what was made or the time is up."""
    found: list[Compared] = []
    for _ in waiting.looks():
        found = counters.compared(cloudwatch, models, made.began, made.ended)
        if not any(each.late for each in found):
            break
    return found
