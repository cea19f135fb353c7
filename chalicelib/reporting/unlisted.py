"""Calls of ids that no price list names: a group a team, but for those whose model answers.

A tenant can make up as many ids as it likes, and AWS refuses each for nothing. A record of such a
call says `counted_as` as long as no answer shows that there is such a model, and is added up under
that. Where one answered on that day, whatever team it answered, all the day's calls of its id are
read once more under their own name and taken out of there: the throttled, the failed and the
orphaned. So the groups of a day are as many as its teams have models, whatever they call.
"""

import re
from collections.abc import Iterable, Set
from dataclasses import replace
from typing import Any, Final, NamedTuple

from chalicelib.reporting.cells import KEY_FIELDS
from chalicelib.reporting.groups import COUNTED_FIELDS, SUMS, Group
from chalicelib.reporting.insights import Row
from chalicelib.reporting.whole_number import whole
from chalicelib.usage_record import UNANSWERED

ANSWERED: Final = (
    "filter unlisted = 1 and not ispresent(counted_as) | stats count(*) as records by model_id"
)
OF_IDS: Final = f"stats count(*) as records, {SUMS} by {', '.join(KEY_FIELDS)}"
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,2047}")  # what may stand in a query's text


def there_are(groups: Iterable[Group]) -> bool:
    return any(group.line.model_id == UNANSWERED for group in groups)


class Answered(NamedTuple):
    model_id: str  # "": no record of ours can have such a one
    records: int


def read_answered(row: Row) -> Answered:
    """Read a row of ANSWERED."""
    model_id = row.get("model_id", "")
    return Answered(model_id if _ID.fullmatch(model_id) else "", whole(row.get("records")) or 0)


def of_ids(listed: str) -> str:
    """Narrow records to those that are counted together, of the ids in a list's text."""
    return f'filter counted_as = "{UNANSWERED}" and model_id in [{listed}]'


def unnamed(group: Group) -> Group:
    """Return a group as the totals have it."""
    together: dict[str, Any] = dict.fromkeys(COUNTED_FIELDS, UNANSWERED)
    return replace(group, line=replace(group.line, **together))


def own_name(row: Row, answered: Set[str]) -> Row:
    """Let a record go by its own name, if its model answered, or else as the totals have it."""
    counted_as = row.get("counted_as")
    if counted_as is None or (counted_as == UNANSWERED and row.get("model_id") in answered):
        return row
    return {**row, **dict.fromkeys(COUNTED_FIELDS, counted_as)}
