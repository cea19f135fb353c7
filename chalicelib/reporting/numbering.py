"""The numbering of records by the process that wrote them: a gap in it is a lost record.

Every record of a process has the next `seq`, whatever its day. Copies of one record are taken out
before the numbers are counted.
"""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from chalicelib.reporting.insights import IncompleteReport, Row
from chalicelib.reporting.whole_number import whole

NUMBERED: Final = "filter ispresent(tollgate) and ispresent(instance) and seq >= 0"
EACH_NUMBER: Final = "stats count(*) as copies by instance, seq"
GAPS: Final = (
    f"{EACH_NUMBER} | stats count(*) as seen, sum(copies) as records, min(seq) as lowest,"
    " max(seq) as highest by instance"
)
"""Two `stats`: the first takes copies out, the second adds up what it left."""


class Numbers(NamedTuple):
    """What is seen of one process's numbers: all of them, or one."""

    instance: str
    lowest: int | None  # None: not a number; forged
    highest: int | None
    seen: int
    records: int


def read_numbers(row: Row) -> Numbers:
    """Read a row of GAPS, or of EACH_NUMBER."""
    single = "copies" in row
    seen = 1 if single else whole(row.get("seen"))
    records = whole(row.get("copies" if single else "records"))
    if seen is None or records is None:
        raise IncompleteReport(f"the numbering of a process is {dict(row)}")
    lowest, highest = ("seq", "seq") if single else ("lowest", "highest")
    instance = row.get("instance", "")
    return Numbers(instance, whole(row.get(lowest)), whole(row.get(highest)), seen, records)


def lost(read: Iterable[Numbers]) -> int:
    """Return how many records are missing between others of the same process."""
    once = {(each.instance, each.lowest, each.highest): each for each in read}
    processes: dict[str, Numbers] = {}
    for each in once.values():
        held = processes.get(each.instance)
        processes[each.instance] = _together(held, each) if held else each
    return sum(map(_lost_of, processes.values()))


def _together(one: Numbers, other: Numbers) -> Numbers:
    lowest = _of_both(min, one.lowest, other.lowest)
    highest = _of_both(max, one.highest, other.highest)
    seen, records = one.seen + other.seen, one.records + other.records
    return Numbers(one.instance, lowest, highest, seen, records)


def _of_both(choose: Callable[[int, int], int], one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else choose(one, other)


def _lost_of(process: Numbers) -> int:
    if process.lowest is None or process.highest is None:
        return 1  # forged: what it hides cannot be told from a loss
    return max(process.highest - process.lowest + 1 - process.seen, 0)
