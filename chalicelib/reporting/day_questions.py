"""What is asked of Logs Insights about a day."""

from collections.abc import Callable, Set
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Final

from chalicelib.reporting import numbering, team_slices, unlisted
from chalicelib.reporting.broken_pairs import (
    BROKEN,
    CALLS,
    RECORDS,
    Call,
    Record,
    read_call,
    read_record,
)
from chalicelib.reporting.groups import GROUPED, Group, summed, total
from chalicelib.reporting.insights import Insights, Row, T
from chalicelib.reporting.progress import Progress
from chalicelib.reporting.reading import Question, read_unsliced
from chalicelib.reporting.slices import Prefix, Slice, Span
from chalicelib.reporting.unsure_calls import UNSURE, Unsure, read_unsure

CALLS_END: Final = timedelta(days=1, minutes=30)
"""By then all calls of the day have ended: none lasts longer than a Lambda, 15 minutes."""

TOTALS: Final = "totals"
"""What a manifest calls the queries that between them found every record of its day."""

GAPS: Final = "gaps"
"""What it calls those that found the numbered ones of around its day."""

_HOW_MANY: Final = "stats count(*) as records"
_BY_CALL: Final = Prefix("call_id", depth=3)  # 4,096 slices, before what is left is read in time
_BY_PROCESS: Final = Prefix("instance", depth=3)


@dataclass(frozen=True, slots=True)
class DayQuestions:
    """The questions about a day, over one window of the log."""

    day: date
    start: datetime
    end: datetime

    def totals(self, insights: Insights, progress: Progress) -> Question[Group]:
        """Ask for the sums; the records of a key may be in several slices, and are added up."""

        def plan() -> tuple[str, ...]:
            teams = read_unsliced(insights, progress, self._teams())
            return () if teams is None else team_slices.filters(teams, insights.max_rows // 2)

        return replace(
            self._of_day(TOTALS, GROUPED, total),
            counted=lambda group: group.records,
            plan=plan,
        )

    def pairs(self) -> Question[Call]:
        pairs = self._of_day("broken pairs", BROKEN, read_call)
        return replace(pairs, flat=CALLS, hides_groups=True)

    def gaps(self) -> Question[numbering.Numbers]:
        begun = datetime.combine(self.day, time(), UTC)
        span = Span.of(self.start, min(self.end, begun + CALLS_END))
        return Question(
            GAPS,
            numbering.NUMBERED,
            numbering.GAPS,
            numbering.read_numbers,
            Slice.all_of(span, _BY_PROCESS),
            flat=numbering.EACH_NUMBER,
            counted=lambda numbers: numbers.records,
            hides_groups=True,
        )

    def answered(self) -> Question[unlisted.Answered]:
        """Ask which ids answered that no price list names."""
        found = self._of_day("unlisted models", unlisted.ANSWERED, unlisted.read_answered)
        return replace(found, counted=lambda each: each.records)

    def of_answered(self, listed: str) -> Question[Group]:
        """Ask for the sums, by their own ids, of what the totals have of these under UNANSWERED."""
        found = self._of_day("calls of unlisted models", unlisted.OF_IDS, summed)
        records = f"{found.records} | {unlisted.of_ids(listed)}"
        return replace(found, records=records, counted=lambda group: group.records)

    def records(self, answered: Set[str]) -> Question[Record]:
        """Ask for the records themselves: to be narrowed to those of some calls."""
        read = partial(read_record, answered=answered)
        records = self._of_day("repeated calls", RECORDS, read)
        by_time = replace(records.whole, prefix=None)
        return replace(records, whole=by_time, counted=lambda record: 1)

    def unsure(self) -> Question[Unsure]:
        unsure = self._of_day("partial and unknown calls", UNSURE, read_unsure)
        return replace(unsure, counted=lambda each: each.call.records)

    def how_many(self) -> Question[Row]:
        """Ask how many records there are: only what it matched is of use."""
        return self._of_day("number of records", _HOW_MANY, lambda row: row)

    def how_many_numbered(self) -> Question[Row]:
        """Ask how many records the gaps are told from: those of other days are among them."""
        gaps = self.gaps()
        return Question(
            "number of numbered records", gaps.records, _HOW_MANY, lambda row: row, gaps.whole
        )

    def _teams(self) -> Question[team_slices.TeamGroups]:
        teams = self._of_day("groups of teams", team_slices.GROUPS_OF_TEAMS, team_slices.read_team)
        return replace(teams, counted=lambda team: team.records)

    def _of_day(self, name: str, commands: str, read: Callable[[Row], T]) -> Question[T]:
        """Ask about the day's records. Their own `day` decides, not when they were written."""
        records = f'filter ispresent(tollgate) and day = "{self.day.isoformat()}"'
        whole = Slice.all_of(Span.of(self.start, self.end), _BY_CALL)
        return Question(name, records, commands, read, whole)
